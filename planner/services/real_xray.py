"""Real X-ray pictures beside a case: XA, RF, DX or CR DICOM with the angles and distances they carry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.fluoro.register import Registration, neighbours, register_vertebra
from imaging.fluoro.register_field import VertebraTemplate, XrayView
from imaging.geometry.carm import CArm, CArmPose, Projection, pose_words
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from planner.report.words import patient_name
from planner.services.open_case import Case

KINDS = ("XA", "RF", "DX", "CR", "OT")
_TOWARDS = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "H": (0, 0, 1), "F": (0, 0, -1)}
_SID_MM, _SOD_MM = 1000.0, 600.0


@dataclass(frozen=True, eq=False)
class RealXray:
    """A picture as it was taken.

    Attributes:
        path: the file.
        pixels: (rows, columns) float32, as shown: large is bright.
        angles_deg: DICOM primary and secondary angle, None where the file has none.
        sid_mm, sod_mm, pixel_mm: of the C-arm; typical values where the file has none (see ``assumed``).
        assumed: what was not in the file, in words.
        patient, date, kind: for the frame's header.
        simulated: whether the file says so.
        rightwards_lps: (3,) where the file says the picture's right points in the patient; None where it
            says nothing. Follows ``mirror``.
    """

    path: Path
    pixels: NDArray[np.float32]
    angles_deg: tuple[float, float] | None
    sid_mm: float
    sod_mm: float
    pixel_mm: float
    assumed: tuple[str, ...]
    patient: str
    date: str
    kind: str
    simulated: bool = False
    rightwards_lps: tuple[float, float, float] | None = None

    def projection(self, centre_lps_mm: NDArray[np.float64]) -> Projection:
        """With the isocentre at a point of the patient; the angles must be known."""
        if self.angles_deg is None:
            raise PlannerError("no_angles", "This picture does not say its angles: enter them first.")
        rows, columns = self.pixels.shape
        carm = CArm("real", self.sid_mm, self.sod_mm, columns, rows, self.pixel_mm)
        return Projection.of(carm, CArmPose(*self.angles_deg, np.asarray(centre_lps_mm, float)))

    def with_angles(self, primary_deg: float, secondary_deg: float) -> RealXray:
        """The same picture with angles told by a person, mirrored where these and the file ask for it."""
        told = replace(self, angles_deg=(primary_deg, secondary_deg))
        return told.mirror() if told.lies_right is False else told

    @property
    def lies_right(self) -> bool | None:
        """Whether left is where a simulated picture has it; None where the file does not tell."""
        if self.angles_deg is None or self.rightwards_lps is None:
            return None
        towards = np.asarray(self.rightwards_lps)
        along = float(self.projection(np.zeros(3)).u_lps @ towards / np.linalg.norm(towards))
        return None if abs(along) < 0.3 else along > 0

    def mirror(self) -> RealXray:
        """The picture with left and right exchanged."""
        x = self.rightwards_lps
        turned = None if x is None else (-x[0], -x[1], -x[2])
        pixels = np.ascontiguousarray(self.pixels[:, ::-1])
        return replace(self, pixels=pixels, rightwards_lps=turned)

    @property
    def words(self) -> str:
        """Its angles in the clinic's words."""
        return "angles unknown" if self.angles_deg is None else pose_words(*self.angles_deg)


def open_real_xray(path: Path, case: Case) -> RealXray:
    """Read a picture of the case's own patient; of a run the middle frame.

    It is turned as a simulated picture lies, head up and left and right as seen from the detector, where the
    file tells how it lies.

    Raises:
        PlannerError: not_an_xray, other_patient, turned.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        ds = pydicom.dcmread(path)
        modality = str(ds.get("Modality", ""))
        pixels = _grey(ds)
    except (
        InvalidDicomError,
        OSError,
        AttributeError,
        NotImplementedError,
        ValueError,
        RuntimeError,
    ) as error:
        raise PlannerError("not_an_xray", f"{path.name} cannot be read as an X-ray picture.") from error
    if modality not in KINDS:
        raise PlannerError(
            "not_an_xray", f"{path.name} is {modality or 'of unknown kind'}, not an XA, RF, DX or CR X-ray."
        )
    _require_same_patient(ds, case)
    assumed: list[str] = []
    angles = None
    if ds.get("PositionerPrimaryAngle") is not None and ds.get("PositionerSecondaryAngle") is not None:
        angles = (float(ds.PositionerPrimaryAngle), float(ds.PositionerSecondaryAngle))
    sid = float(ds.get("DistanceSourceToDetector") or 0)
    sod = float(ds.get("DistanceSourceToPatient") or 0)
    if sid <= 0:
        sid = _SID_MM
        assumed.append(f"source to image {sid:.0f} mm")
    if not 0 < sod < sid:
        sod = sid * _SOD_MM / _SID_MM
        assumed.append(f"source to patient {sod:.0f} mm")
    spacing = ds.get("ImagerPixelSpacing") or ds.get("PixelSpacing")
    pixel = float(spacing[0]) if spacing else 300.0 / pixels.shape[1]
    if not spacing:
        assumed.append(f"detector pixel {pixel:.2f} mm")
    across, down = _orientation(ds, path)
    if down is not None and down[2] > 0:
        pixels = np.ascontiguousarray(pixels[::-1])
    if across is None:
        assumed.append("left and right")
    told = " ".join([str(ds.get("ImageComments", "")), str(ds.get("SeriesDescription", ""))])
    picture = RealXray(
        path,
        pixels,
        angles,
        sid,
        sod,
        pixel,
        tuple(assumed),
        patient_name(str(ds.get("PatientName", ""))),
        str(ds.get("AcquisitionDate") or ds.get("ContentDate") or ds.get("StudyDate") or ""),
        modality,
        "SIMULATED" in told,
        across,
    )
    return picture.mirror() if picture.lies_right is False else picture


_Vector = tuple[float, float, float]


def _orientation(ds: Any, path: Path) -> tuple[_Vector | None, _Vector | None]:
    """Where the picture's right and its lower edge point in the patient, LPS, by its Patient Orientation."""
    letters = [str(x).strip().upper() for x in ds.get("PatientOrientation") or ()]
    if len(letters) != 2 or not all(x and set(x) <= set(_TOWARDS) for x in letters):
        return None, None
    if letters[0][0] in "HF" or letters[1][0] not in "HF":
        raise PlannerError(
            "turned", f"{path.name} lies on its side, as its Patient Orientation says. Turn it upright first."
        )
    # Of LA the first letter weighs most.
    across, down = (
        np.sum([np.array(_TOWARDS[x], float) / 2**n for n, x in enumerate(one)], axis=0) for one in letters
    )
    return _vector(across), _vector(down)


def _vector(values: NDArray[np.float64]) -> _Vector:
    return float(values[0]), float(values[1]), float(values[2])


def _grey(ds: Any) -> NDArray[np.float32]:
    frames = np.asarray(ds.pixel_array)
    if int(ds.get("NumberOfFrames") or 1) > 1:
        frames = frames[len(frames) // 2]
    pixels = frames.astype(np.float32)
    if pixels.ndim == 3:
        pixels = pixels.mean(-1)
    if pixels.ndim != 2 or min(pixels.shape) < 64:
        raise ValueError("no picture")
    return -pixels if str(ds.get("PhotometricInterpretation")) == "MONOCHROME1" else pixels


def _require_same_patient(ds: Any, case: Case) -> None:
    """Both identifier and name must agree as far as both sides have them."""
    series = case.series
    pairs = (
        (str(ds.get("PatientID", "")).strip(), str(series.patient_id).strip()),
        (_plain_name(str(ds.get("PatientName", ""))), _plain_name(str(series.patient_name))),
        (str(ds.get("PatientBirthDate", "")).strip(), str(series.patient_birth_date).strip()),
    )
    known = [(a, b) for a, b in pairs if a and b]
    if any(a != b for a, b in known):
        theirs = patient_name(str(ds.get("PatientName", "")))
        mine = patient_name(str(series.patient_name))
        raise PlannerError(
            "other_patient", f"These X-rays belong to {theirs}. This case is {mine}. They stay apart."
        )
    if not known:
        raise PlannerError(
            "other_patient", "The X-ray does not say whose it is, so it cannot be laid beside this case."
        )


def _plain_name(name: str) -> str:
    return "^".join(part.strip() for part in name.split("=")[0].split("^") if part.strip()).casefold()


def fit_level(
    case: Case,
    found: SpineSegmentation,
    verse: int,
    pictures: tuple[RealXray, RealXray],
    isocentre_lps_mm: NDArray[np.float64],
    start: NDArray[np.float64] | None = None,
    bone_dark: bool = True,
    progress: Progress = NULL_PROGRESS,
) -> Registration:
    """Where one vertebra stands in two real pictures taken about one isocentre without moving the patient.

    Raises:
        PlannerError: no_angles, needs_two_views, views_too_close, not_in_picture, not_found, no_neighbours.
    """
    template = VertebraTemplate(case.volume, found.vertebrae, verse)
    rivals = neighbours(case.volume, found.vertebrae, verse)
    if not rivals:
        raise PlannerError(
            "no_neighbours",
            "No vertebra above or below is labelled, so a fit could not tell this level from the next.",
        )
    views = [XrayView(p.pixels, p.projection(isocentre_lps_mm), bone_dark) for p in pictures]
    return register_vertebra(template, views, start, progress, rivals)
