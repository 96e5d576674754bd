"""Odd series made on purpose, one function each: what breaks readers, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from small_dicom import AXIAL, MR, positions, slice_dataset, write, write_series

TILT = np.deg2rad(14)
TILTED = (1.0, 0.0, 0.0, 0.0, float(np.cos(TILT)), float(-np.sin(TILT)))
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
TABLE = [np.array([-20.0, -10.0, 5.0 + 2.5 * n]) for n in range(24)]


@dataclass(frozen=True)
class Odd:
    """One oddity: how it is written, the verdict it must get, the code that must be among the reasons.

    ``exact`` says that every voxel must hold the value written at its place (within ``within`` HU); verdict
    and code are those of the series with most slices.
    """

    what: str
    make: Callable[[Path], None]
    verdict: str
    code: str = ""
    exact: bool = True
    within: float = 1.0
    fill: bool = False
    parts: int = 1


def _plain(**keywords: object) -> Callable[[Path], None]:
    return lambda folder: (write_series(folder, positions(), **keywords), None)[1]


def _syntax(uid: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for path in write_series(folder, positions()):
            ds = dcmread(path)
            if uid in (ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
                ds.file_meta.TransferSyntaxUID = uid
                ds.save_as(path, implicit_vr=uid == ImplicitVRLittleEndian, little_endian=True)
                continue
            options = {"j2k_psnr": [90]} if uid == JPEG2000 else {}
            ds.compress(uid, generate_instance_uid=False, **options)
            ds.save_as(path)

    return make


def _edited(change: Callable[[object, int], None], **keywords: object) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for n, place in enumerate(positions()):
            ds = slice_dataset(place, InstanceNumber=n + 1, **keywords)
            change(ds, n)
            write(ds, folder / f"{n}.dcm")

    return make


def _big_endian(folder: Path) -> None:
    for n, place in enumerate(positions()):
        ds = slice_dataset(place, InstanceNumber=n + 1)
        ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
        ds.save_as(folder / f"{n}.dcm", implicit_vr=False, little_endian=False, enforce_file_format=True)


def _drop(*names: str) -> Callable[[object, int], None]:
    def change(ds: object, _n: int) -> None:
        for name in names:
            delattr(ds, name)

    return change


def _set(**values: object) -> Callable[[object, int], None]:
    def change(ds: object, n: int) -> None:
        for name, value in values.items():
            setattr(ds, name, value(n) if callable(value) else value)

    return change


def _tilted(folder: Path) -> None:
    write_series(folder, TABLE, orientation=TILTED)


def _gap(wide: int) -> Callable[[Path], None]:
    places = positions(count=40, step=1.0)
    return lambda folder: (write_series(folder, places[:20] + places[20 + wide :]), None)[1]


def _uneven(folder: Path) -> None:
    write_series(folder, [p + np.array([0, 0, 0.8 * (n % 2)]) for n, p in enumerate(positions())])


def _two_spacings(folder: Path) -> None:
    fine = positions(count=20, step=1.0)
    coarse = positions(count=20, step=3.0, start=(-20.0, -10.0, 27.0))
    write_series(folder, fine + coarse)


def _localizer(folder: Path) -> None:
    write_series(folder, positions())
    scout = slice_dataset(np.array([-20.0, 0, 60]), SAGITTAL, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write(scout, folder / "scout.dcm")


def _mixed(folder: Path) -> None:
    write_series(folder / "a", positions(count=24))
    write_series(folder / "b", positions(orientation=SAGITTAL, start=(0, 0, 40)), orientation=SAGITTAL)


def _two_times(folder: Path) -> None:
    for n in (1, 2):
        write_series(folder / str(n), positions(), AcquisitionNumber=n, slope=float(n))


def _copies(folder: Path) -> None:
    paths = write_series(folder, positions())
    (folder / "copy").write_bytes(paths[3].read_bytes())


def _conflict(folder: Path) -> None:
    write_series(folder, positions())
    other = slice_dataset(positions()[3], intercept=-100.0)
    other.RescaleIntercept = 0
    write(other, folder / "other.dcm")


def _frames_differ(folder: Path) -> None:
    write_series(folder / "a", positions(count=24))
    write_series(folder / "b", positions(start=(-20, -10, 80)), FrameOfReferenceUID="1.2.99")


def _patients_differ(folder: Path) -> None:
    write_series(folder / "a", positions(count=24))
    write_series(folder / "b", positions(start=(-20, -10, 80)), PatientID="P2", StudyInstanceUID="1.2.98")


def _bare(folder: Path) -> None:
    for path in write_series(folder, positions()):
        ds = dcmread(path)
        del ds.file_meta
        ds.preamble = None
        ds.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)


def _private(ds: object, n: int) -> None:
    block = ds.private_block(0x0019, "SOMEONE ELSE", create=True)
    block.add_new(0x01, "UN", b"\x00\xff" * 40)
    block.add_new(0x02, "OB", bytes(range(256)))


def _wrong_vr(folder: Path) -> None:
    """Rows as SS, instance number as US, positions as UN: all explicit, all wrong."""
    for n, place in enumerate(positions()):
        path = write(slice_dataset(place, InstanceNumber=n + 1), folder / f"{n}.dcm")
        data = path.read_bytes()
        for tag, old, new in ((b"\x28\x00\x10\x00", b"US", b"SS"), (b"\x28\x00\x11\x00", b"US", b"SS")):
            data = data.replace(tag + old, tag + new)
        data = data.replace(b"\x20\x00\x37\x00DS", b"\x20\x00\x37\x00LO")
        data = data.replace(b"\x28\x00\x30\x00DS", b"\x28\x00\x30\x00SH")
        path.write_bytes(data)


def _charset(name: object, patient: bytes) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for n, place in enumerate(positions()):
            ds = slice_dataset(place, InstanceNumber=n + 1)
            ds.PatientName = "X" * len(patient)
            path = write(ds, folder / f"{n}.dcm")
            data = path.read_bytes().replace(b"X" * len(patient), patient)
            # SpecificCharacterSet comes first in the data set, right after the file meta group.
            text = name if isinstance(name, bytes) else str(name).encode()
            text += b" " * (len(text) % 2)
            tag = b"\x08\x00\x05\x00CS" + len(text).to_bytes(2, "little") + text
            at = data.index(b"\x08\x00\x08\x00CS")
            path.write_bytes(data[:at] + tag + data[at:])

    return make


def _slopes(folder: Path) -> None:
    for n, place in enumerate(positions()):
        write(slice_dataset(place, slope=1.0 + 0.25 * (n % 3), intercept=-1024.0 + n), folder / f"{n}.dcm")


def _padded(folder: Path) -> None:
    for n, place in enumerate(positions()):
        ds = slice_dataset(place, PixelPaddingValue=-2000)
        pixels = ds.pixel_array.copy()
        pixels[0, 0] = -2000
        ds.PixelData = pixels.tobytes()
        write(ds, folder / f"{n}.dcm")


def _lost_rescale(ds: object, n: int) -> None:
    if n % 4 == 0:
        del ds.RescaleSlope
        del ds.RescaleIntercept


THICK = {"SliceThickness": 5.0}
ODD = [
    Odd("gantry tilt of 14°", _tilted, "limited", "gantry_tilt", within=2),
    Odd("gantry tilt in the tag only", _plain(GantryDetectorTilt=12.0), "limited", "tilt_contradicts"),
    Odd("3 of 40 slices missing, not agreed", _gap(3), "unusable", "missing_slices", exact=False),
    Odd("3 of 40 slices missing, agreed to fill", _gap(3), "unusable", "missing_slices", fill=True),
    Odd("9 of 40 slices missing", _gap(9), "unusable", "missing_slices", exact=False),
    Odd("distances alternate", _uneven, "unusable", "uneven_spacing", exact=False),
    Odd("1 mm, then 3 mm apart", _two_spacings, "unusable", "uneven_spacing", exact=False),
    Odd("two volumes at one place", _two_times, "best", "told_apart", parts=2),
    Odd("one file twice", _copies, "best", "copies_left_out"),
    Odd("two different slices at one place", _conflict, "unusable", "conflicting_slices", exact=False),
    Odd("a localizer under the same UID", _localizer, "best", "several_volumes", parts=2),
    Odd("axial and sagittal under one UID", _mixed, "best", "several_volumes", parts=2),
    Odd("overlapping slices", _plain(**THICK), "limited", "overlapping_slices"),
    Odd("two frames of reference", _frames_differ, "best", "several_volumes", parts=2),
    Odd("two patients under one UID", _patients_differ, "limited", "mixed_patients", parts=2),
    Odd("implicit little endian", _syntax(ImplicitVRLittleEndian), "best"),
    Odd("explicit big endian", _big_endian, "best"),
    Odd("deflated", _syntax(DeflatedExplicitVRLittleEndian), "best"),
    Odd("RLE", _syntax(RLELossless), "best"),
    Odd("JPEG 2000 lossless", _syntax(JPEG2000Lossless), "best"),
    Odd("JPEG 2000 lossy (90 dB)", _syntax(JPEG2000), "best", "lossy", within=20),
    Odd("JPEG-LS lossless", _syntax(JPEGLSLossless), "best"),
    Odd("no preamble, no file meta", _bare, "best"),
    Odd("private tags", _edited(_private), "best"),
    Odd("wrong VRs", _wrong_vr, "best"),
    Odd(
        "Japanese name",
        _charset(rb"\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"),
        "best",
    ),
    Odd("a character set that does not exist", _charset("KLINGON 1", b"Gr\xfc\xdfe^"), "best"),
    Odd("UTF-8 name", _charset("ISO_IR 192", "Ärztin^Zoë".encode()), "best"),
    Odd("no PatientPosition", _plain(), "best"),
    Odd(
        "PatientPosition differs by slice",
        _edited(_set(PatientPosition=lambda n: "HFS" if n < 9 else "FFP")),
        "limited",
        "patient_position_contradicts",
    ),
    Odd("no FrameOfReference", _edited(_drop("FrameOfReferenceUID")), "best", "no_frame_of_reference"),
    Odd("no series UID", _edited(_drop("SeriesInstanceUID")), "best", "no_series_uid"),
    Odd("wrong SpacingBetweenSlices", _plain(SpacingBetweenSlices=9.0), "best", "spacing_contradicts"),
    Odd("no pixel spacing", _edited(_drop("PixelSpacing")), "unusable", "no_pixel_size", exact=False),
    Odd("pixel spacing of 0", _edited(_set(PixelSpacing=[0, 0])), "unusable", "no_pixel_size", exact=False),
    Odd("no positions", _edited(_drop("ImagePositionPatient")), "unusable", "no_geometry", exact=False),
    Odd(
        "rows and columns not at right angles",
        _edited(_set(ImageOrientationPatient=[1, 0, 0, 0.6, 0.8, 0])),
        "unusable",
        "bad_orientation",
        exact=False,
    ),
    Odd("a slope of its own for each slice", _slopes, "best"),
    Odd(
        "rescale lost on some slices", _edited(_lost_rescale), "unusable", "rescale_contradicts", exact=False
    ),
    Odd("rescale slope 0", _edited(_set(RescaleSlope=0)), "unusable", "bad_rescale", exact=False),
    Odd("iodine map, not HU", _plain(RescaleType="MGML"), "unusable", "not_hu", exact=False),
    Odd("padding below air", _padded, "best", exact=False),
    Odd("calls itself MR, is CT", _plain(modality="MR"), "unusable", "modality_contradicts", exact=False),
    Odd("MR", _plain(modality="MR", sop_class=MR), "limited", "mr_only"),
    Odd("X-ray", _plain(modality="DX"), "reference", "not_ct_or_mr", exact=False),
    Odd("prone, rows from bottom", _plain(orientation=(-1.0, 0, 0, 0, -1.0, 0)), "best"),
]
assert AXIAL == (1, 0, 0, 0, 1, 0)
