"""Angles of the four views of a vertebra, and how good a view is.

Everything follows from the vertebra's own axes and endplates, never from tables by level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.carm import (
    CArmPose,
    Projection,
    Reach,
    angles_from_direction,
    angles_from_oblique,
    oblique_and_tilt,
)
from imaging.labels import Side

Array = NDArray[np.float64]
ViewName = Literal["ap", "lateral", "oblique", "en_face"]
ViewAngles = tuple[tuple[ViewName, float, float], ...]
OBLIQUE_DEG = 28.0


def endplate_normal(anatomy: VertebraAnatomy) -> Array:
    """(3,) unit vector, upwards: the mean of both endplates' normals."""
    body = anatomy.body
    up = _unit(body.superior_endplate[1]) - _unit(body.inferior_endplate[1])
    if np.linalg.norm(up) < 1e-6 or up @ body.superior <= 0:
        up = body.superior
    return _unit(up)


def true_ap_direction(anatomy: VertebraAnatomy) -> Array:
    """(3,) source-to-detector vector, prone: the body's posterior axis, square to the endplates."""
    up = endplate_normal(anatomy)
    return _unit(anatomy.body.posterior - (anatomy.body.posterior @ up) * up)


def true_lateral_direction(anatomy: VertebraAnatomy) -> Array:
    """(3,) source-to-detector vector with the detector on the patient's left, square to AP and endplates."""
    sideways = np.cross(true_ap_direction(anatomy), endplate_normal(anatomy))
    return _unit(sideways if sideways @ anatomy.body.left > 0 else -sideways)


def oblique_direction(anatomy: VertebraAnatomy, side: Side, oblique_deg: float = OBLIQUE_DEG) -> Array:
    """(3,) AP turned to ``side`` about the endplates' normal: the pedicle is the dog's eye."""
    angle = np.deg2rad(oblique_deg)
    sideways = true_lateral_direction(anatomy) * (1 if side == "left" else -1)
    return np.asarray(np.cos(angle) * true_ap_direction(anatomy) + np.sin(angle) * sideways)


def view_angles(anatomy: VertebraAnatomy, direction_lps: ArrayLike, side: Side) -> ViewAngles:
    """Names and DICOM angles (primary, secondary; prone patient) of ap, lateral, oblique and en_face.

    Args:
        anatomy: of the vertebra.
        direction_lps: (3,) direction in which the tool advances; the en-face beam runs against it.
        side: of the tool.
    """
    directions: dict[ViewName, Array] = {
        "ap": true_ap_direction(anatomy),
        "lateral": true_lateral_direction(anatomy),
        "oblique": oblique_direction(anatomy, side),
        "en_face": -_unit(direction_lps),
    }
    return tuple((name, *angles_from_direction(d)) for name, d in directions.items())


def pose_for(centre: VertebraAnatomy | ArrayLike, angles: tuple[float, float]) -> CArmPose:
    """Pose at ``angles`` (primary, secondary), isocentre at a body's centre or a point in LPS mm."""
    point = centre.body.centre_lps_mm if isinstance(centre, VertebraAnatomy) else centre
    return CArmPose(angles[0], angles[1], np.asarray(point, float))


def view_isocentre(anatomy: VertebraAnatomy, view: ViewName, target_lps_mm: ArrayLike) -> Array:
    """(3,) where to centre: the target, but in a lateral view midway between both pedicles.

    Off the central ray the nearer pedicle is magnified more than the farther one, so that they cannot lie on
    each other; on it they do.
    """
    if view == "lateral" and set(anatomy.pedicles) >= {"left", "right"}:
        return np.mean([p.isthmus_centre_lps_mm for p in anatomy.pedicles.values()], axis=0)
    return np.asarray(target_lps_mm, float)


def within_reach(angles: tuple[float, float], reach: Reach) -> tuple[float, float]:
    """DICOM angles of the nearest pose that the C-arm reaches, prone."""
    oblique, tilt = oblique_and_tilt(*angles)
    return angles_from_oblique(
        float(np.clip(oblique, -reach.right_deg, reach.left_deg)),
        float(np.clip(tilt, -reach.caudad_deg, reach.cephalad_deg)),
    )


@dataclass(frozen=True)
class ViewQuality:
    """How far a view is from square; ``None`` is not measurable.

    Attributes:
        tilt_deg: between the beam and the plane midway between both endplates.
        superior_tilt_deg, inferior_tilt_deg: between the beam and each endplate's plane; 0 shows a line.
        rotation_deg: angle between the beam and the nearer of the body's sagittal and coronal planes.
        pedicle_asymmetry_mm: left minus right distance of the pedicles' centres from the midline in the
            picture, in mm at the isocentre (AP).
        spinous_offset_mm: spinous tip from the middle between both pedicles, in mm at the isocentre (AP).
        pedicle_separation_mm: distance between both pedicles' shadows, in mm at the isocentre (lateral: 0).
    """

    tilt_deg: float
    superior_tilt_deg: float
    inferior_tilt_deg: float
    rotation_deg: float
    pedicle_asymmetry_mm: float | None
    spinous_offset_mm: float | None
    pedicle_separation_mm: float | None


def view_quality(anatomy: VertebraAnatomy, projection: Projection) -> ViewQuality:
    """All measures of one view."""
    body, d = anatomy.body, projection.d_lps
    return ViewQuality(
        endplate_tilt_deg(endplate_normal(anatomy), d),
        endplate_tilt_deg(body.superior_endplate[1], d),
        endplate_tilt_deg(body.inferior_endplate[1], d),
        rotation_deg(anatomy, projection),
        pedicle_asymmetry_mm(anatomy, projection),
        spinous_offset_mm(anatomy, projection),
        pedicle_separation_mm(anatomy, projection),
    )


def endplate_tilt_deg(normal_lps: ArrayLike, beam_lps: ArrayLike) -> float:
    """Degrees between the beam and an endplate's plane; 0 when the endplate is seen as one line."""
    return float(np.rad2deg(np.arcsin(np.clip(abs(_unit(normal_lps) @ _unit(beam_lps)), 0, 1))))


def rotation_deg(anatomy: VertebraAnatomy, projection: Projection) -> float:
    """Degrees, 0..45, by which the beam is turned about the body's axis from AP or lateral."""
    across = abs(projection.d_lps @ anatomy.body.left)
    along = abs(projection.d_lps @ anatomy.body.posterior)
    return float(np.rad2deg(np.arctan2(min(across, along), max(across, along))))


def pedicle_asymmetry_mm(anatomy: VertebraAnatomy, projection: Projection) -> float | None:
    """Left minus right distance of the pedicles from the midline in the picture, mm at the isocentre."""
    if set(anatomy.pedicles) < {"left", "right"}:
        return None
    left = _picture_mm(projection, anatomy.pedicles["left"].isthmus_centre_lps_mm)
    right = _picture_mm(projection, anatomy.pedicles["right"].isthmus_centre_lps_mm)
    middle = _picture_mm(projection, anatomy.body.centre_lps_mm)
    across = _across(projection, anatomy)
    return float(abs((left - middle) @ across) - abs((right - middle) @ across))


def spinous_offset_mm(anatomy: VertebraAnatomy, projection: Projection) -> float | None:
    """Spinous tip from the middle between the pedicles, mm at the isocentre; left is positive."""
    if anatomy.spinous_tip_lps_mm is None or set(anatomy.pedicles) < {"left", "right"}:
        return None
    left = _picture_mm(projection, anatomy.pedicles["left"].isthmus_centre_lps_mm)
    right = _picture_mm(projection, anatomy.pedicles["right"].isthmus_centre_lps_mm)
    tip = _picture_mm(projection, anatomy.spinous_tip_lps_mm)
    return float((tip - (left + right) / 2) @ _across(projection, anatomy))


def pedicle_separation_mm(anatomy: VertebraAnatomy, projection: Projection) -> float | None:
    """Distance between both pedicles' centres in the picture, mm at the isocentre."""
    if set(anatomy.pedicles) < {"left", "right"}:
        return None
    left = _picture_mm(projection, anatomy.pedicles["left"].isthmus_centre_lps_mm)
    right = _picture_mm(projection, anatomy.pedicles["right"].isthmus_centre_lps_mm)
    return float(np.linalg.norm(left - right))


def beam_to_tool_deg(projection: Projection, direction_lps: ArrayLike) -> float:
    """Degrees between the beam's axis and the tool's; 0 is exactly down the tool."""
    return float(np.rad2deg(np.arccos(np.clip(abs(projection.d_lps @ _unit(direction_lps)), 0, 1))))


def _across(projection: Projection, anatomy: VertebraAnatomy) -> Array:
    """(2,) unit vector in the picture towards the body's left."""
    left = anatomy.body.left
    return _unit([left @ projection.u_lps, left @ projection.v_lps])


def _picture_mm(projection: Projection, point_lps_mm: ArrayLike) -> Array:
    """(2,) place in the picture in mm at the isocentre's magnification."""
    carm = projection.carm
    return np.asarray(projection.project(point_lps_mm) * carm.pixel_mm * carm.sod_mm / carm.sid_mm)


def _unit(vector: ArrayLike) -> Array:
    v = np.asarray(vector, float)
    return np.asarray(v / np.linalg.norm(v))
