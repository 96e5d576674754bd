"""The sacrum: S1's body below the lowest disc, and the bone that hangs on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import Tick, nothing
from imaging.segmentation.arch import Block, bone_threshold, march
from imaging.segmentation.bodies import BodyModel, build_body
from imaging.segmentation.discs import Disc
from imaging.segmentation.facets import FacetJoint
from imaging.segmentation.frames import frame_between
from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# (least tilt, least step to the next disc up): the flatter the back, the clearer the step must be.
LUMBOSACRAL_TILT_DEG = ((30.0, 12.0), (24.0, 16.0))
# Or the lowest disc leans so much, and the lowest three on average: L4/L5, L3/L4 and L2/L3 lean by some 14, 3
# and -4 degrees, a disc down by some 36, 14 and 3.
STEEP_DEG, STEEP_MEAN_DEG = 34.0, 26.0
MIN_WINGED_TILT_DEG = 12.0
WING_HU = 90.0
S1_HEIGHT_MM, S1_LEAN_DEG = 30.0, 16.0
"""S1/S2 below the middle of L5/S1, and how much further it leans than S1's endplate."""
REMNANT_HU = 40.0
SACRAL_REACH_MM = 170.0
# S1's foramina: below its pedicles; lateral, behind the wall, above mid height in mm.
FORAMEN_MM = ((8.0, 31.0), (-26.0, 15.0), (-20.0, -2.0))
FORAMEN_BALL_MM = 2.0
# Grooves behind the wings: lateral, behind the wall, above mid height in mm.
GROOVE_MM = ((24.0, 46.0), (6.0, 30.0), (-12.0, 12.0))
GROOVE_BALL_MM = 1.5
CANAL_REACH_MM = ((17.0, 16.0), (-16.0, 12.0))


def wing_fraction(iso: IsoVolume, disc: Disc) -> float:
    """How much of the room beside the body below a disc, where the sacrum has its wings, is bone (0..1).

    The lesser of the two sides; a lumbar vertebra has only its transverse processes there.
    """
    up = disc.normal_lps
    left = np.cross([0.0, 1.0, 0.0], up)
    left /= np.linalg.norm(left)
    back = np.cross(up, left)
    sides = []
    for side in (-1, 1):
        lateral = np.arange(24, 41, 2.0) * side
        p, s = np.arange(8, 27, 2.0), np.arange(-26, -5, 2.0)
        a, b, c = np.meshgrid(lateral, p, s, indexing="ij")
        hu = iso.sample(disc.centre_lps_mm + a[..., None] * left + b[..., None] * back + c[..., None] * up)
        known = hu > NO_IMAGE_HU
        bone = ndi.uniform_filter(hu, 3) > WING_HU
        sides.append(float(bone[known].mean()) if known.mean() > 0.5 else 0.0)
    return min(sides)


def is_lumbosacral(iso: IsoVolume, discs: list[Disc]) -> bool:
    """Whether the lowest disc is L5/S1: tilted, and much more than the next, or with wings below."""
    if len(discs) < 2 or discs[0].virtual:
        return False
    tilt, following = discs[0].tilt_deg, discs[1].tilt_deg
    if any(tilt >= least and tilt - following >= step for least, step in LUMBOSACRAL_TILT_DEG):
        return True
    lowest = [disc.tilt_deg for disc in discs[:3]]
    if len(lowest) == 3 and tilt >= STEEP_DEG and np.mean(lowest) >= STEEP_MEAN_DEG:
        return True
    wings = wing_fraction(iso, discs[0])
    processes = wing_fraction(iso, discs[1])
    return tilt >= MIN_WINGED_TILT_DEG and (wings > 0.7 or wings > max(0.45, 1.5 * processes))


def sacral_body(iso: IsoVolume, discs: list[Disc]) -> BodyModel | None:
    """S1's body, if the lowest disc is L5/S1."""
    if not is_lumbosacral(iso, discs):
        return None
    top = discs[0]
    left = np.cross(top.normal_lps, [0.0, -1.0, 0.0])
    left /= np.linalg.norm(left)
    forward = np.cross(left, top.normal_lps)
    forward *= -np.sign(forward[1]) or 1.0
    height, lean = _remnant(iso, top.centre_lps_mm, top.normal_lps, forward, left)
    a = np.deg2rad(lean)
    normal = top.normal_lps * np.cos(a) + forward * np.sin(a)
    direction = top.normal_lps * np.cos(a / 2) + forward * np.sin(a / 2)
    bottom = Disc(top.s_mm - height, top.centre_lps_mm - direction * height, normal, 3.0, 0.0, True)
    return build_body(iso, frame_between(iso, bottom, top, frame_between(iso, top, discs[1])))


def _remnant(iso: IsoVolume, centre: Array, up: Array, forward: Array, left: Array) -> tuple[float, float]:
    """(mm below the disc over S1, lean in degrees) of the remnant of the disc between S1 and S2: the plane
    near where it is expected that stands out most, as a dark disc or a bright scar; else that place."""
    lateral, ahead = np.meshgrid(np.arange(-9, 10, 3.0), np.arange(-7, 10, 2.0), indexing="ij")
    beside = np.array([-4.0, -3.0, 0.0, 3.0, 4.0])
    best = (REMNANT_HU, S1_HEIGHT_MM, S1_LEAN_DEG)
    for lean in np.arange(-8.0, 29.0, 4.0):
        a, half = np.deg2rad(lean), np.deg2rad(lean / 2)
        normal = up * np.cos(a) + forward * np.sin(a)
        along = forward * np.cos(a) - up * np.sin(a)
        way = up * np.cos(half) + forward * np.sin(half)
        for height in np.arange(24.0, 37.0, 1.0):
            plane = centre - way * height + lateral[..., None] * left + ahead[..., None] * along
            hu = iso.sample(plane + beside[:, None, None, None] * normal).mean((1, 2))
            over, under = hu[:2].mean(), hu[3:].mean()
            contrast = max(min(over, under) - hu[2], hu[2] - max(over, under))
            cost = ((height - S1_HEIGHT_MM) / 3.0) ** 2 + ((lean - S1_LEAN_DEG) / 10.0) ** 2
            best = max(best, (float(contrast) - 8.0 * cost, float(height), float(lean)))
    return best[1], best[2]


def sacral_arrival(
    block: Block,
    body: BodyModel,
    joints: tuple[FacetJoint, FacetJoint],
    others: Mask,
    canal: Mask,
    tick: Tick = nothing,
) -> tuple[Array, Mask]:
    """(geodesic distance in mm from S1's body through the sacrum, infinite where it cannot be; its canal
    and S1's foramina).

    The room is anatomy's: wings half a hand wide that taper to the coccyx and, behind, to the sacroiliac
    joints; nothing behind the joints with L5.

    Args:
        canal: the tube between S1's body and its lamina.
    """
    lat, p, s = np.moveaxis(block.local, -1, 0)
    inside = block.depth <= 0
    wing = 55.0 + 0.3 * np.minimum(s + 15, 0) - 0.5 * np.maximum(p - 8, 0)
    a, b, c = body.frame.disc_plane(True)
    # Over the wings, beside the articular processes, hang L5's transverse processes.
    over = s > a + b * lat + c * p + np.where((p > 2) & (np.abs(lat) < 30), 12.0, 0.0)
    room = (np.abs(lat) < np.maximum(wing, 18.0)) & ~over & (p < 42) & (p > -46) & ~others
    tick()
    calm = ndi.gaussian_filter(block.hu, 0.9)
    threshold = bone_threshold(body)
    half = np.clip(13.0 + 0.1 * s, 6.0, 13.0)
    canal = (canal & (calm < threshold)) | (
        (np.abs(lat) < half) & (p > 1) & (p < 13) & (block.hu < threshold - 30)
    )
    canal = (canal | _connected((block.hu < threshold - 30) & ~inside, canal, block.local)) & ~inside
    shell = (calm > threshold - 80) & room
    tick()
    void = canal | _foramina(block.local, ~shell & ~inside, canal)
    tick()
    bone = _filled(shell) & room & ~void
    tick()
    bone &= ~_grooves(block.local, shell, bone)
    for plane in joints:
        tick()
        d, near = plane.ahead(block.local)
        bone &= ~(near & (d < 0))
        # Behind and between the joints hang L5's inferior processes.
        rel = block.local - plane.centre
        bone &= ~((rel @ plane.along > -8) & (d < -1) & (rel[..., 2] > -7))
    bone[inside] = True
    speed = np.where(bone, np.where((calm > threshold) | inside, 1.0, 0.5), 0.0)
    return march(speed, inside & (p > -8), SACRAL_REACH_MM, tick=tick), void


def _connected(dark: Mask, canal: Mask, local: Array) -> Mask:
    """What is dark and goes on from the canal within the room between S1's body, pedicles and lamina."""
    size, p, s = np.abs(local[..., 0]), local[..., 1], local[..., 2]
    (out, back), (low, high) = CANAL_REACH_MM
    parts, _ = ndi.label(dark & (size < out) & (p > 0) & (p < back) & (s > low) & (s < high))
    met = np.unique(parts[canal])
    return np.isin(parts, met[met > 0])


def _foramina(local: Array, dark: Mask, canal: Mask) -> Mask:
    """Where a ball of 2 mm radius can go from the canal through what is dark, at the place of S1's foramina.

    Marrow may be as dark, but lies behind cortex.
    """
    size, p, s = np.abs(local[..., 0]), local[..., 1], local[..., 2]
    (_, out), (front, back), (low, high) = FORAMEN_MM
    room = (size < out) & (p > front) & (p < back) & (s > low) & (s < high)
    wide = (ndi.distance_transform_edt(dark & room) > FORAMEN_BALL_MM) & room
    parts, _ = ndi.label(wide)
    open_ = np.unique(parts[wide & canal])
    reached = np.isin(parts, open_[open_ > 0])
    near = ndi.distance_transform_edt(~reached) <= FORAMEN_BALL_MM
    return np.asarray(near & dark & (size > FORAMEN_MM[0][0]))


def _grooves(local: Array, shell: Mask, bone: Mask) -> Mask:
    """What was filled behind the wings beside the articular processes though a ball of 1.5 mm radius comes in
    from behind: a tool through the wing docks there."""
    size, p, s = np.abs(local[..., 0]), local[..., 1], local[..., 2]
    (out, far), (front, back), (low, high) = GROOVE_MM
    place = (size > out) & (size < far) & (p > front) & (p < back) & (s > low) & (s < high)
    wide = (ndi.distance_transform_edt(~shell) > GROOVE_BALL_MM) & place
    parts, _ = ndi.label(wide)
    outside = np.unique(parts[wide & ~bone])
    reached = np.isin(parts, outside[outside > 0])
    near = ndi.distance_transform_edt(~reached) <= GROOVE_BALL_MM
    return np.asarray(near & ~shell & place)


def _filled(shell: Mask) -> Mask:
    """Cortex with the marrow it holds: an aged sacrum's is as dark as fat, so gaps of up to 8 mm are closed
    and what is then enclosed in an axial slice is filled."""
    wide = ndi.distance_transform_edt(~np.pad(shell, 5)) <= 4.0
    closed = (ndi.distance_transform_edt(wide) > 4.0)[5:-5, 5:-5, 5:-5] | shell
    for sheet in closed:
        sheet[:] = ndi.binary_fill_holes(sheet)
    return np.asarray(closed)
