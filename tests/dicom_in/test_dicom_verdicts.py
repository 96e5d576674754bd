"""What is told apart, what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_dicom import MR, positions, slice_dataset, write, write_series

from imaging.dicom.checks import is_bone_kernel
from imaging.dicom.load import load_series
from imaging.dicom.scan import choose_best, scan_folder
from imaging.errors import PlannerError
from planner.services.open_case import open_case


def only(folder: Path):
    (series,) = scan_folder(folder).series
    return series


def codes(series) -> list[str]:
    return [reason.code for reason in series.reasons]


def test_missing_slices_are_counted_and_placed(tmp_path: Path) -> None:
    places = positions(count=30)
    write_series(tmp_path, places[:14] + places[18:])
    series = only(tmp_path)
    assert series.verdict == "unusable"
    assert series.reasons[0].text == (
        "4 of 30 slices are missing between 38 and 50 mm. "
        "Distances across the gap would be wrong, so this series cannot be planned."
    )
    with pytest.raises(PlannerError, match="4 of 30 slices") as caught:
        load_series(series)
    assert caught.value.code == "series_unusable"


def test_uneven_spacing_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, [p + np.array([0, 0, 0.8 * (n % 2)]) for n, p in enumerate(positions())])
    assert codes(only(tmp_path))[0] == "uneven_spacing"


def test_sideways_scatter_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, [p + np.array([6.0 * (n % 2), 0, 0]) for n, p in enumerate(positions())])
    assert "shifted_slices" in codes(only(tmp_path))


def test_a_localizer_under_the_same_uid_comes_apart(tmp_path: Path) -> None:
    write_series(tmp_path, positions())
    scout = slice_dataset(
        np.array([-20.0, 0, 60]), (0, 1, 0, 0, 0, -1), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    write(scout, tmp_path / "scout.dcm")
    best, other = scan_folder(tmp_path).series
    assert (best.verdict, best.slices, best.part) == ("best", 20, 1)
    assert (other.verdict, other.reasons[0].code) == ("unusable", "localizer")
    assert best.key == "1.2.5#1"
    assert open_case(tmp_path, "1.2.5").series.summary.key == best.key
    assert load_series(best).volume.values.shape == (20, 44, 48)


def test_mixed_orientations_come_apart(tmp_path: Path) -> None:
    sagittal = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
    write_series(tmp_path / "a", positions())
    write_series(tmp_path / "b", positions(orientation=sagittal, start=(0, 0, 40)), orientation=sagittal)
    series = scan_folder(tmp_path).series
    assert {s.orientation for s in series} == {"axial", "sagittal"}
    assert all("several_volumes" in codes(s) and s.slices == 20 for s in series)


def test_the_same_file_twice_is_one_slice(tmp_path: Path) -> None:
    paths = write_series(tmp_path, positions())
    (tmp_path / "copy").write_bytes(paths[3].read_bytes())
    series = only(tmp_path)
    assert (series.verdict, series.slices, codes(series)) == ("best", 20, ["copies_left_out"])


def test_two_different_slices_at_one_place_conflict(tmp_path: Path) -> None:
    write_series(tmp_path, positions())
    odd = slice_dataset(positions()[3], intercept=-100.0)
    odd.RescaleIntercept = 0
    write(odd, tmp_path / "odd.dcm")
    series = only(tmp_path)
    assert series.verdict == "unusable"
    assert series.reasons[0].text.startswith("2 of 21 slices share a place with others that differ")


@pytest.mark.parametrize(
    ("modality", "labels"),
    [
        ("MR", [{"EchoNumbers": 1, "EchoTime": 10}, {"EchoNumbers": 2, "EchoTime": 90}]),
        ("CT", [{"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}]),
        ("CT", [{"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}]),
    ],
)
def test_volumes_at_one_place_are_told_apart(
    tmp_path: Path, modality: str, labels: list[dict[str, int]]
) -> None:
    for n, label in enumerate(labels):
        kind = {"sop_class": MR} if modality == "MR" else {}
        write_series(tmp_path / str(n), positions(), modality=modality, slope=n + 1.0, **kind, **label)
    series = scan_folder(tmp_path).series
    assert [s.slices for s in series] == [20, 20]
    assert all(s.plannable and "told_apart" in codes(s) for s in series)
    assert load_series(series[0]).volume.grid.same_as(load_series(series[1]).volume.grid)


def test_thick_slices_are_a_caution_in_the_agreed_words(tmp_path: Path) -> None:
    write_series(tmp_path, positions(step=3.0))
    series = only(tmp_path)
    assert series.verdict == "limited"
    assert series.reasons[0].text == (
        "Slices are 3.0 mm apart. Pedicle walls cannot be measured to 1 mm. "
        "Good for practice, too coarse to approve."
    )


def test_large_pixels_few_slices_small_extent(tmp_path: Path) -> None:
    write_series(tmp_path / "a", positions(), pixel=1.5, series_uid="1.1")
    write_series(tmp_path / "b", positions(count=9, step=6.0), series_uid="1.2")
    write_series(tmp_path / "c", positions(count=12, step=1.0), series_uid="1.3")
    by_uid = {s.series_instance_uid: s for s in scan_folder(tmp_path).series}
    assert (by_uid["1.1"].verdict, codes(by_uid["1.1"])) == ("limited", ["large_pixels"])
    assert (by_uid["1.2"].verdict, codes(by_uid["1.2"])) == ("unusable", ["few_slices"])
    assert (by_uid["1.3"].verdict, codes(by_uid["1.3"])) == ("unusable", ["small_extent"])


def test_colour_other_modality_and_no_geometry(tmp_path: Path) -> None:
    for n, place in enumerate(positions()):
        colour = slice_dataset(place, series_uid="1.1")
        colour.SamplesPerPixel, colour.PhotometricInterpretation, colour.PlanarConfiguration = 3, "RGB", 0
        colour.PixelData = colour.PixelData * 3
        write(colour, tmp_path / "rgb" / f"{n}.dcm")
        bare = slice_dataset(place, series_uid="1.2")
        del bare.ImagePositionPatient
        write(bare, tmp_path / "bare" / f"{n}.dcm")
    write(slice_dataset(positions()[0], series_uid="1.3", modality="DX"), tmp_path / "xray.dcm")
    by_uid = {s.series_instance_uid: s for s in scan_folder(tmp_path).series}
    assert codes(by_uid["1.1"]) == ["colour"]
    assert codes(by_uid["1.2"]) == ["no_geometry"]
    assert by_uid["1.3"].verdict == "reference"
    with pytest.raises(PlannerError) as caught:
        choose_best(list(by_uid.values()))
    assert caught.value.code == "no_usable_series"
    assert "None of the 3 series can be planned" in caught.value.text


def test_the_thin_bone_ct_is_best(tmp_path: Path) -> None:
    write_series(
        tmp_path / "soft", positions(count=50, step=1.0), series_uid="1.1", ConvolutionKernel="Br38f"
    )
    write_series(
        tmp_path / "bone", positions(count=50, step=1.0), series_uid="1.2", ConvolutionKernel=["Br64f", "3"]
    )
    write_series(tmp_path / "thick", positions(step=3.0), series_uid="1.3", ConvolutionKernel="Br64f")
    write_series(
        tmp_path / "mr", positions(count=60, step=1.0), series_uid="1.4", modality="MR", sop_class=MR
    )
    found = scan_folder(tmp_path).series
    best, why = choose_best(found)
    assert best.series_instance_uid == "1.2"
    assert [s.verdict for s in found] == ["best", "usable", "limited", "limited"]
    assert "best of 4 usable series" in why
    assert "bone kernel" in why
    case = open_case(tmp_path)
    assert case.source.series_instance_uid == "1.2"
    assert case.why_chosen == why
    assert open_case(tmp_path, "1.3").source.series_instance_uid == "1.3"
    with pytest.raises(PlannerError, match=r"no series 9\.9") as caught:
        open_case(tmp_path, "9.9")
    assert caught.value.code == "unknown_series"


def test_two_patients_in_a_folder_are_told(tmp_path: Path) -> None:
    write_series(tmp_path / "a", positions(), series_uid="1.1")
    write_series(tmp_path / "b", positions(), series_uid="1.2", PatientID="P2", PatientName="Specimen^Bert")
    assert [s.verdict for s in scan_folder(tmp_path).series] == ["best", "best"]
    assert open_case(tmp_path).findings[0].code == "several_patients"


@pytest.mark.parametrize(
    ("kernel", "description", "bone"),
    [
        ("B60s", "", True),
        ("Br64f 3", "", True),
        ("B30s", "", False),
        ("Br38f 3", "", False),
        ("BONEPLUS", "", True),
        ("STANDARD", "", False),
        ("FC30", "", True),
        ("", "Spine bone 0.6", True),
        ("", "", False),
    ],
)
def test_bone_kernels(kernel: str, description: str, bone: bool) -> None:
    assert is_bone_kernel(kernel, description) is bone
