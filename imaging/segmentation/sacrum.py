"""The sacrum: S1's body below the lowest disc, and the bone that hangs on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.segmentation.arch import Block, bone_threshold
from imaging.segmentation.bodies import BodyModel, build_body
from imaging.segmentation.discs import Disc
from imaging.segmentation.facets import FacetPlane
from imaging.segmentation.frames import frame_between
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_TILT_DEG = 30.0
MIN_STEP_DEG = 12.0
S1_HEIGHT_MM = 30.0


def is_lumbosacral(discs: list[Disc], lowest: int = 0) -> bool:
    """Whether the lowest disc is tilted as only L5/S1 is: 30 degrees and 12 more than the next one up."""
    if len(discs) < lowest + 2 or discs[lowest].virtual:
        return False
    tilt, following = discs[lowest].tilt_deg, discs[lowest + 1].tilt_deg
    return tilt >= MIN_TILT_DEG and tilt - following >= MIN_STEP_DEG


def sacral_body(iso: IsoVolume, discs: list[Disc]) -> BodyModel | None:
    """S1's body, if the lowest disc is L5/S1."""
    if not is_lumbosacral(discs):
        return None
    top = discs[0]
    left = np.cross(top.normal_lps, [0.0, -1.0, 0.0])
    left /= np.linalg.norm(left)
    # S1/S2 leans some 20 degrees further than the endplate of S1.
    a = np.deg2rad(16.0)
    forward = np.cross(left, top.normal_lps)
    forward *= -np.sign(forward[1]) or 1.0
    normal = top.normal_lps * np.cos(a) + forward * np.sin(a)
    direction = top.normal_lps * np.cos(a / 2) + forward * np.sin(a / 2)
    bottom = Disc(top.s_mm - S1_HEIGHT_MM, top.centre_lps_mm - direction * S1_HEIGHT_MM, normal, 3.0, 0.0, True)
    return build_body(iso, frame_between(iso, bottom, top))


def sacral_mask(
    iso: IsoVolume, block: Block, body: BodyModel, joints: tuple[FacetPlane, FacetPlane] | None, others: Mask
) -> Mask:
    """Bone of the sacrum in the block: connected to S1's body, within the wings, before the L5 joints."""
    del iso
    lat, p, s = np.moveaxis(block.local, -1, 0)
    inside = block.depth <= 0
    wing = np.clip(50.0 + 0.25 * np.minimum(s, 0) - 0.15 * np.maximum(p, 0), 20, 55)
    top = body.frame.disc_plane(True)
    above = s > top[0] + top[1] * lat + top[2] * p + np.where(p > 2, 10.0, 1.0)
    room = (np.abs(lat) < wing) & ~above & (p < 42) & ~others & (p > -38)
    bone = ndi.gaussian_filter(block.hu, 0.7) > bone_threshold(body)
    bone = ndi.binary_closing(bone, iterations=2) & room
    bone[(np.abs(lat) < 6) & (p > 1) & (p < 12) & (block.hu < 130)] = False
    if joints is not None:
        for plane in joints:
            d, near = plane.ahead(block.local)
            bone &= ~(near & (d < 0))
            t = (block.local - plane.centre) @ plane.along
            bone &= ~((t > -8) & (d < -1) & (s > plane.centre[2] - 8))
    bone |= inside
    bone = ndi.binary_opening(bone, iterations=1) | inside
    parts, _ = ndi.label(bone)
    keep = np.unique(parts[inside])
    return np.asarray(np.isin(parts, keep[keep > 0]))


