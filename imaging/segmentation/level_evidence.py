"""What the image shows that tells one vertebra from the next: ribs, and processes fused to the sacrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.labels import Side
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

RIB_LATERAL_MM = 55.0
RIB_OVER_PROCESS = 1.15
BONE_HU = 150.0
FUSED_HU = 180.0
_NEAR_MM, _FAR_MM, _STEP_MM = 24.0, 70.0, 1.5
# Ribs, transverse processes: some 4 cm2 across at most; the iliac crest and a bright kidney are more.
_LARGEST_SECTION_MM2 = 450.0


@dataclass(frozen=True)
class Reach:
    """How far to the side a bone was followed from beside a body, and how far the image shows there; mm.

    A bone that ends within the image is seen to the end.
    """

    bone_mm: float
    seen_mm: float


@dataclass(frozen=True)
class Beside:
    """What lies beside one body, left and right.

    Attributes:
        left, right: reach of the transverse process or rib.
        fused: the sides on which the process is one bone with the sacrum below.
    """

    left: Reach
    right: Reach
    fused: tuple[Side, ...] = ()

    @property
    def bone_mm(self) -> float:
        """The lesser reach of the two sides."""
        return min(self.left.bone_mm, self.right.bone_mm)

    @property
    def ribs(self) -> Literal["none", "one", "both", "unseen"]:
        """Whether bone reaches beyond ``RIB_LATERAL_MM``; unseen where the image ends before that."""
        far = [r.bone_mm >= RIB_LATERAL_MM for r in (self.left, self.right)]
        seen = [r.seen_mm >= RIB_LATERAL_MM for r in (self.left, self.right)]
        if all(far):
            return "both"
        if not all(seen):
            return "unseen"
        return "one" if any(far) else "none"


def _reach(iso: IsoVolume, body: BodyModel, sign: int) -> Reach:
    """Follow the bone that leaves the body's side outwards, plane by plane, as long as it stays slender."""
    lateral = np.arange(_NEAR_MM, _FAR_MM + 0.1, _STEP_MM)
    p, s = np.arange(-30, 48.1, _STEP_MM), np.arange(-45, 22.1, _STEP_MM)
    grid = np.stack(np.meshgrid(lateral * sign, p, s, indexing="ij"), -1)
    hu = iso.sample(body.frame.to_lps(grid))
    room = np.ix_((p > -10) & (p < 40), (s > -25) & (s < 16))
    seen = [bool((plane[room] > -990).mean() > 0.9) for plane in hu]
    last = len(seen) if all(seen) else int(np.argmin(seen))
    seen_mm = _NEAR_MM + _STEP_MM * (last - 1)
    bone = hu > BONE_HU
    bone |= ndi.binary_closing(bone)
    start = np.zeros_like(bone[0])
    place = np.ix_((p > -10) & (p < 26), (s > -8) & (s < 16))
    start[place] = bone[0][place]
    region, reach, missed, beyond = start, 0.0, 0, True
    for n, plane in enumerate(bone):
        near = ndi.binary_dilation(region, iterations=2)
        now = start if n == 0 else plane & near
        area = float(now.sum()) * _STEP_MM**2
        if area < 4:
            missed += 1
            beyond &= bool(near.any() and (hu[n][near] > -990).all())
            if missed > 2:
                # Seen to end, although the image does not show all of the room that a rib may take.
                seen_mm = _FAR_MM if beyond else seen_mm
                break
            continue
        if area > _LARGEST_SECTION_MM2:
            break
        region, reach, missed, beyond = now, float(lateral[n]), 0, True
    return Reach(reach, seen_mm)


def _fused(iso: IsoVolume, body: BodyModel, sign: int) -> bool:
    """Whether bone runs without a gap from the transverse process down to the ala beside the disc below."""
    lateral = np.arange(30, 43, 2.0) * sign
    p, s = np.arange(-14, 20.1, 1.5), np.arange(-40, 8.1, 1.5)
    grid = np.stack(np.meshgrid(lateral, p, s, indexing="ij"), -1)
    hu = iso.sample(body.frame.to_lps(grid))
    if (hu > -990).mean() < 0.8:
        return False
    brightest = ndi.uniform_filter(hu, (0, 3, 2)).max(1)
    darkest = brightest[:, (s > -30) & (s < 2)].min(1)
    return bool(np.median(darkest) > FUSED_HU)


def beside_bodies(iso: IsoVolume, bodies: list[BodyModel], sacrum_seen: bool) -> list[Beside]:
    """Evidence for each body, foot to head; fusion is looked for above the sacrum only."""
    out = []
    for n, body in enumerate(bodies):
        fused: list[Side] = []
        if n == 0 and sacrum_seen:
            fused = [side for side, sign in (("left", 1), ("right", -1)) if _fused(iso, body, sign)]  # type: ignore[misc]
        out.append(Beside(_reach(iso, body, 1), _reach(iso, body, -1), tuple(fused)))
    return out


def chest_alone(beside: list[Beside]) -> int | None:
    """Index of the lowest body with ribs, where none without is seen at all; None else.

    As with ``lowest_ribbed``, pairs must begin at the highest body and go down without a gap. Below them a
    single rib counts, which the image's end may cut.
    """
    lowest = _foot_of_pairs(beside)
    others = [b.ribs for b in beside[:lowest]]
    if lowest == len(beside) or "none" in others or "both" in others:
        return None
    far = [max(b.left.bone_mm, b.right.bone_mm) >= RIB_LATERAL_MM for b in beside]
    while lowest > 0 and far[lowest - 1]:
        lowest -= 1
    return lowest


def lowest_ribbed(beside: list[Beside]) -> int | None:
    """Index of the lowest body with a pair of ribs, where one without is seen below it; None else.

    Ribs must begin at the highest body and go down without a gap, or it is something else that was followed.
    """
    n = _foot_of_pairs(beside)
    if n == len(beside) or n == 0 or beside[n - 1].ribs == "unseen":
        return None
    longer = beside[n].bone_mm >= RIB_OVER_PROCESS * beside[n - 1].bone_mm
    return n if longer else None


def _foot_of_pairs(beside: list[Beside]) -> int:
    """Index of the lowest body with a pair of ribs, from the highest down without a gap; else the count."""
    n = len(beside)
    while n > 0 and beside[n - 1].ribs == "both":
        n -= 1
    return n
