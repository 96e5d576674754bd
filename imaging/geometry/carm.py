"""C-arm geometry: one projection for picture, overlay, tool and measurement.

Angles follow DICOM PS3.3 C.8.7.5: primary + towards the patient's left (0 = detector in front of the
chest), secondary + cranial. The unit vector from source to detector is
d = (sin p cos s, -cos p cos s, sin s) in patient LPS. A prone patient over an under-table tube has p = 180.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a C-arm turns from a vertical beam, in degrees, for a prone patient.

    Attributes:
        left_deg, right_deg: the detector towards the patient's left or right (90 is lateral).
        cephalad_deg, caudad_deg: the detector towards head or feet.
    """

    left_deg: float = 110.0
    right_deg: float = 40.0
    cephalad_deg: float = 45.0
    caudad_deg: float = 45.0

    def holds(self, oblique_deg: float, tilt_deg: float) -> bool:
        """Whether an oblique (left +) and tilt (cephalad +) lie within reach."""
        return (
            -self.right_deg - 1e-6 <= oblique_deg <= self.left_deg + 1e-6
            and -self.caudad_deg - 1e-6 <= tilt_deg <= self.cephalad_deg + 1e-6
        )


@dataclass(frozen=True, slots=True)
class CArm:
    """Source, detector and their distances.

    Attributes:
        name: of the profile.
        sid_mm: source to image distance.
        sod_mm: source to isocentre distance.
        columns, rows: detector pixels.
        pixel_mm: detector pixel pitch, square pixels.
        reach: how far the C turns.
    """

    name: str = "mobile flat panel"
    sid_mm: float = 1020.0
    sod_mm: float = 530.0
    columns: int = 768
    rows: int = 768
    pixel_mm: float = 298.0 / 768
    reach: Reach = field(default_factory=lambda: Reach())

    def resized(self, size_px: int) -> CArm:
        """The same field on ``size_px`` x ``size_px`` pixels."""
        side_mm = self.columns * self.pixel_mm
        return replace(self, columns=size_px, rows=size_px, pixel_mm=side_mm / size_px)

    def magnified(self, factor: float) -> CArm:
        """The detector's inner part on as many pixels: ``factor`` 1.5 shows two thirds of the field."""
        return replace(self, pixel_mm=self.pixel_mm / factor)

    @property
    def magnification(self) -> float:
        """Of what lies at the isocentre."""
        return self.sid_mm / self.sod_mm


@dataclass(frozen=True, eq=False)
class CArmPose:
    """DICOM positioner angles in degrees, the isocentre in LPS mm, and how the picture is turned.

    Attributes:
        primary_deg, secondary_deg: DICOM positioner angles.
        isocentre_lps_mm: (3,), where the table has brought the patient.
        rotation_deg: of the picture about its middle, + clockwise.
        flipped: left and right of the picture exchanged, before the rotation.
    """

    primary_deg: float
    secondary_deg: float
    isocentre_lps_mm: Array = field(default_factory=lambda: np.zeros(3))
    rotation_deg: float = 0.0
    flipped: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "isocentre_lps_mm", np.array(self.isocentre_lps_mm, dtype=np.float64))


def direction_lps(primary_deg: float, secondary_deg: float) -> Array:
    """(3,) unit vector from source to detector."""
    p, s = np.deg2rad([primary_deg, secondary_deg])
    return np.array([np.sin(p) * np.cos(s), -np.cos(p) * np.cos(s), np.sin(s)])


def angles_from_direction(direction: ArrayLike) -> tuple[float, float]:
    """(primary, secondary) degrees of a source-to-detector vector."""
    d = np.asarray(direction, float) / np.linalg.norm(direction)
    return float(np.rad2deg(np.arctan2(d[0], -d[1]))), float(np.rad2deg(np.arcsin(np.clip(d[2], -1, 1))))


@dataclass(frozen=True, eq=False)
class Projection:
    """Perspective projection of one C-arm pose.

    The picture's v axis points to the patient's feet. Its u axis runs as one sees the patient when
    looking from the detector's side towards the source, so in a prone AP (p = 180, detector behind the
    back) the patient's left is on the left of the picture. Pixel (column 0, row 0) has its centre at
    uv = (0, 0).

    Attributes:
        source_lps_mm: (3,) focal spot.
        u_lps, v_lps, d_lps: (3,) unit vectors along columns, along rows and from source to detector.
        detector_centre_lps_mm: (3,).
    """

    carm: CArm
    pose: CArmPose
    source_lps_mm: Array
    detector_centre_lps_mm: Array
    u_lps: Array
    v_lps: Array
    d_lps: Array

    @classmethod
    def of(cls, carm: CArm, pose: CArmPose) -> Projection:
        """Projection of a C-arm at a pose."""
        p, s = np.deg2rad([pose.primary_deg, pose.secondary_deg])
        d = direction_lps(pose.primary_deg, pose.secondary_deg)
        cranial = np.array([-np.sin(p) * np.sin(s), np.cos(p) * np.sin(s), np.cos(s)])
        v = -cranial
        # Looking from the detector along -d with cranial up, the viewer's right is (-d) x cranial.
        u = np.cross(-d, cranial)
        if pose.flipped:
            u = -u
        if pose.rotation_deg:
            # Turning the picture clockwise turns the detector's axes the other way under it.
            c, r = np.cos(np.deg2rad(pose.rotation_deg)), np.sin(np.deg2rad(pose.rotation_deg))
            u, v = c * u - r * v, r * u + c * v
        iso = np.asarray(pose.isocentre_lps_mm, float)
        source = iso - d * carm.sod_mm
        return cls(carm, pose, source, source + d * carm.sid_mm, u, v, d)

    @cached_property
    def uv_from_lps(self) -> Array:
        """(3, 4) matrix: homogeneous LPS mm to homogeneous pixel (u, v)."""
        c = self.carm
        k = np.array(
            [
                [c.sid_mm / c.pixel_mm, 0, (c.columns - 1) / 2],
                [0, c.sid_mm / c.pixel_mm, (c.rows - 1) / 2],
                [0, 0, 1],
            ]
        )
        r = np.stack([self.u_lps, self.v_lps, self.d_lps])
        return k @ np.c_[r, -r @ self.source_lps_mm]

    def project(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to (..., 2) pixel (u, v)."""
        points = np.asarray(points_lps_mm, float)
        m = self.uv_from_lps
        h = points @ m[:, :3].T + m[:, 3]
        return np.asarray(h[..., :2] / h[..., 2:])

    def detector_points(self, uv_px: ArrayLike) -> Array:
        """(..., 2) pixels to (..., 3) LPS mm on the detector plane."""
        c = self.carm
        uv = np.asarray(uv_px, float)
        mm = (uv - [(c.columns - 1) / 2, (c.rows - 1) / 2]) * c.pixel_mm
        return np.asarray(self.detector_centre_lps_mm + mm[..., :1] * self.u_lps + mm[..., 1:] * self.v_lps)


def oblique_and_tilt(primary_deg: float, secondary_deg: float) -> tuple[float, float]:
    """(oblique, tilt) of a prone patient in degrees: oblique 0 is AP, 90 left lateral, right is negative."""
    return (180 - primary_deg + 180) % 360 - 180, secondary_deg


def angles_from_oblique(oblique_deg: float, tilt_deg: float) -> tuple[float, float]:
    """DICOM (primary, secondary) degrees of an oblique (left +) and tilt (cephalad +), prone."""
    return (180 - oblique_deg + 180) % 360 - 180, tilt_deg


def pose_words(primary_deg: float, secondary_deg: float) -> str:
    """The clinic's words for a prone patient: 'left oblique 22°, cephalad 8°'.

    The detector behind the back (p = 180) is AP; turned to the patient's left is left oblique, and within 15°
    of square left lateral with its degrees from AP.
    """
    p = (primary_deg + 180) % 360 - 180
    if abs(abs(p) - 90) < 0.5:
        first = f"{'left' if p > 0 else 'right'} lateral"
    else:
        oblique = 180 - abs(p)
        side = "left" if p > 0 else "right"
        if abs(oblique) < 0.5:
            first = "AP"
        elif abs(p) < 0.5:
            first = "AP, detector in front"
        else:
            first = f"{side} {'lateral' if 75 <= oblique <= 105 else 'oblique'} {oblique:.0f}°"
    if abs(secondary_deg) < 0.5:
        return first
    return f"{first}, {'cephalad' if secondary_deg > 0 else 'caudad'} {abs(secondary_deg):.0f}°"
