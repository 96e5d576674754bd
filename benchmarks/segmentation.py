"""Time, overlap and surfaces of the vertebra labelling on test cases and on the phantom.

usage: segmentation.py DATA_DIR [CASE ...]    CASE/dicom or CASE/ct.nii.gz, beside CASE/truth.nii.gz
       segmentation.py --phantom [SEED ...]   against the phantom's exact truth

Distances (mean / 95th percentile) are in mm: of the whole surface, and of the ring of pedicles (1 mm before
the posterior wall to 22 mm behind it, 8 to 24 mm off the midline). A vertebra cut by the image is left out.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.labels import NAME_FROM_VERSE, SACRUM, SIDES, VERSE_FROM_NAME, Structure
from imaging.segmentation.anatomy import measure_anatomy
from imaging.segmentation.anatomy_local import box_grid, distance_image, frame_grid, level_set_of, widen
from imaging.segmentation.result import SpineLabels
from imaging.segmentation.spine import label_spine
from imaging.segmentation.split import structures_from_vertebrae
from imaging.sitk_bridge import grid_from_image, image_from_volume
from imaging.volume import LabelVolume, Volume
from planner.trajectory.target import default_target
from sample_dicom.phantom import PhantomParameters, build_phantom

CASES = ("ct_verse005", "ct_verse006", "ct_torso_3mm", "ct_thorax_full", "ct_l3_crop")
STEP_MM = 0.7
L3 = VERSE_FROM_NAME["L3"]
ARCH_PARTS, BODY_PARTS = range(41, 49), (49, 50)
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


class StageTimes:
    """Adds up the seconds between reports by what was being done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.longest = (0.0, "")
        self._last: tuple[str, float] = ("start", time.perf_counter())

    def step(self, fraction: float, text: str) -> None:
        """Book the time since the last report."""
        del fraction
        now = time.perf_counter()
        spent = now - self._last[1]
        self.seconds[self._last[0]] = self.seconds.get(self._last[0], 0.0) + spent
        self.longest = max(self.longest, (spent, self._last[0]))
        self._last = (text, now)


def read_case(folder: Path) -> tuple[Volume, LabelVolume]:
    """A CT and its true labels on the same grid."""
    if (folder / "dicom").is_dir():
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "dicom")))
        image = reader.Execute()
    else:
        image = sitk.Cast(sitk.DICOMOrient(sitk.ReadImage(str(folder / "ct.nii.gz")), "LPS"), sitk.sitkInt16)
    volume = Volume(grid_from_image(image), sitk.GetArrayFromImage(image))
    truth = sitk.ReadImage(str(folder / "truth.nii.gz"))
    on_source = sitk.Resample(truth, image_from_volume(volume), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return volume, LabelVolume(volume.grid, sitk.GetArrayFromImage(on_source).astype(np.uint8))


def anchor_for(folder: Path, truth: LabelVolume) -> tuple[int, Array] | None:
    """For a crop of one vertebra nothing but a person can tell its name: a point in the truth's body."""
    if folder.name != "ct_l3_crop":
        return None
    depth = ndi.distance_transform_edt(truth.labels == 22, sampling=truth.grid.spacing_ijk_mm[::-1])
    kji = np.unravel_index(int(depth.argmax()), depth.shape)
    return 22, truth.grid.lps_from_indices(np.array(kji[::-1], float))


def _shell(mask: Mask) -> Mask:
    return np.asarray(mask & ~ndi.binary_erosion(mask))


def _surface(mine: Mask, true: Mask, where: Mask) -> tuple[float, float]:
    """(mean, 95th percentile) of the distances between two surfaces, both ways."""
    a, b = _shell(mine), _shell(true)
    if not (a & where).any() or not (b & where).any():
        return float("nan"), float("nan")
    d = np.concatenate(
        [
            ndi.distance_transform_edt(~b)[a & where] * STEP_MM,
            ndi.distance_transform_edt(~a)[b & where] * STEP_MM,
        ]
    )
    return float(d.mean()), float(np.percentile(d, 95))


def compare(found: LabelVolume, truth: LabelVolume, anatomy: VertebraAnatomy) -> str:
    """One row: Dice, surface distance, distance in the ring of pedicles; ``anatomy`` is the truth's."""
    number, body = anatomy.verse, anatomy.body
    mine, true = found.labels == number, truth.labels == number
    dice = 2 * (mine & true).sum() / max(1, mine.sum() + true.sum())
    places = ndi.find_objects((mine | true).astype(np.uint8))[0]
    box = widen(places, truth.labels.shape, 6)
    low, high = box_grid(truth.grid, box).bounds_lps_mm
    grid = frame_grid(low, np.eye(3), (0, 0, 0), high - low, STEP_MM)
    on = [
        level_set_of(distance_image(mask[box], box_grid(truth.grid, box)), grid, 0.5) > 0
        for mask in (mine, true)
    ]
    everywhere = np.ones_like(on[0])
    k, j, i = np.indices(on[0].shape)
    local = (grid.lps_from_indices(np.stack([i, j, k], -1)) - body.posterior_wall_lps_mm) @ body.axes_lps.T
    lateral, behind = np.abs(local[..., 0]), local[..., 1]
    ring = (behind > -1) & (behind < 22) & (lateral > 8) & (lateral < 24)
    whole, pedicle = _surface(on[0], on[1], everywhere), _surface(on[0], on[1], ring)
    text = f"    {anatomy.name:4} dice {dice:.3f}  surface {whole[0]:.2f} / {whole[1]:.1f}"
    return text if number == SACRUM else f"{text}  pedicle ring {pedicle[0]:.2f} / {pedicle[1]:.1f}"


def parts_row(folder: Path, found: SpineLabels, volume: Volume) -> str | None:
    """Dice of L3's body and of its arch with the pedicles, where the truth names parts (TPTBox numbers)."""
    path = folder / "truth_subregions.nii.gz"
    if not path.exists():
        return None
    read = [
        sitk.GetArrayFromImage(
            sitk.Resample(
                sitk.ReadImage(str(file)),
                image_from_volume(volume),
                sitk.Transform(),
                sitk.sitkNearestNeighbor,
            )
        )
        for file in (path, folder / "truth.nii.gz")
    ]
    part, own = read[0], read[1] == L3
    mine, body = found.vertebrae.labels == L3, found.structures.labels == Structure.BODY

    def dice(one: Mask, two: Mask) -> float:
        return float(2 * (one & two).sum() / max(1, one.sum() + two.sum()))

    bodies = dice(mine & body, own & np.isin(part, BODY_PARTS))
    arches = dice(mine & ~body, own & np.isin(part, list(ARCH_PARTS)))
    return f"    L3 body alone {bodies:.3f}, arch with pedicles alone {arches:.3f}"


def report(found: LabelVolume, truth: LabelVolume) -> None:
    """A row for each whole vertebra of the truth that was looked for."""
    wanted = [int(v) for v in np.unique(found.labels) if v in NAME_FROM_VERSE]
    only = LabelVolume(truth.grid, np.where(np.isin(truth.labels, wanted), truth.labels, 0).astype(np.uint8))
    for anatomy in measure_anatomy(only, structures_from_vertebrae(only), None, {}):
        if not any(f.code == "vertebra_cut" for f in anatomy.findings):
            print(compare(found, truth, anatomy))


def timed(name: str, volume: Volume, anchor: tuple[int, Array] | None = None):  # type: ignore[no-untyped-def]
    """Label a volume and print where the time went."""
    times, start = StageTimes(), time.perf_counter()
    found = label_spine(volume, anchor=anchor, progress=times)
    times.step(1.0, "end")
    longest, stage = times.longest
    print(f"{name}: {time.perf_counter() - start:.1f} s, longest silence {longest:.2f} s ({stage})")
    for text, seconds in sorted(times.seconds.items(), key=lambda item: -item[1]):
        print(f"    {seconds:6.2f} s  {text}")
    return found


def against_phantom(seed: int) -> None:
    """Overlap, isthmus, target and foramen against what is exactly true."""
    phantom = build_phantom(PhantomParameters(seed=seed))
    labels = timed(f"phantom {seed}", phantom.volume)
    report(labels.vertebrae, phantom.vertebrae)
    for got in measure_anatomy(labels.vertebrae, labels.structures, phantom.volume, {}):
        true = phantom.truth.get(got.verse)
        if true is None:
            continue
        off = float(np.linalg.norm(np.asarray(default_target(got).centre_lps_mm) - true.target_lps_mm))
        row = f"    {got.name:4} target {off:.2f}"
        for side in SIDES:
            if side not in got.pedicles:
                row += f"  {side} none"
                continue
            mine, exact = got.pedicles[side], true.pedicles[side]
            shift = mine.isthmus_centre_lps_mm - exact.isthmus_centre_lps_mm
            along = float(shift @ exact.axis_lps)
            across = float(np.linalg.norm(shift - along * exact.axis_lps))
            wide, tall = mine.width_mm - exact.width_mm, mine.height_mm - exact.height_mm
            row += f"  {side} along {along:+.1f} across {across:.1f} width {wide:+.1f} height {tall:+.1f}"
        if got.foramen is not None:
            mouth = float(np.linalg.norm(got.foramen.mouth_lps_mm - true.foramen.mouth_lps_mm))
            row += f"  foramen {mouth:.1f} depth {got.foramen.depth_mm - true.foramen.depth_mm:+.1f}"
        print(row)


def main() -> None:
    """Run the cases and print a table."""
    if sys.argv[1] == "--phantom":
        for seed in sys.argv[2:] or ["7"]:
            against_phantom(int(seed))
        return
    for case in sys.argv[2:] or CASES:
        folder = Path(sys.argv[1]) / case
        volume, truth = read_case(folder)
        labels = timed(case, volume, anchor_for(folder, truth))
        report(labels.vertebrae, truth)
        parts = parts_row(folder, labels, volume)
        if parts is not None:
            print(parts)


if __name__ == "__main__":
    main()
