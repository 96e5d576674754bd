"""The screening sheet: what speaks for and against treating a level, each line with its slice.

It never declares a patient eligible; bands are proposals [P] unless tagged.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.labels import SACRUM, SIDES, Structure
from imaging.segmentation.anatomy_local import axis_mm, box_grid, frame_grid, level_set
from imaging.volume import LabelVolume, Volume
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Point, ScreeningItem, Target
from planner.trajectory.screening_hu import cancellous, hardware
from planner.trajectory.target import as_point

Array = NDArray[np.float64]
Verdict = Literal["good", "caution", "stop", "unknown"]
# Genant's grades begin at 20 to 25 % loss of height [K+].
HEIGHT_LOSS_CAUTION = 0.20
HEIGHT_LOSS_STOP = 0.40
DEFECT_MM = 3.0
PLATE_STEP_MM = 1.5
# Lumbar bodies, Panjabi's means less and plus about four standard deviations [K~].
BODY_WIDTH_MM = (32.0, 66.0)
BODY_DEPTH_MM = (24.0, 48.0)
BODY_HEIGHT_MM = (18.0, 40.0)


def screening_sheet(
    anatomy: VertebraAnatomy,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    volume: Volume | None,
    target: Target,
    device: DeviceProfile,
    limits: Limits,
    anatomies: tuple[VertebraAnatomy, ...] = (),
) -> tuple[ScreeningItem, ...]:
    """All lines of one level; a line that cannot be measured says so and why."""
    sheet = _Sheet(volume if volume is not None else None, vertebrae)
    _pedicles(sheet, anatomy, device, limits)
    _body_size(sheet, anatomy)
    cancellous(sheet.add, anatomy, vertebrae, structures, volume)
    _fracture(sheet, anatomy, anatomies)
    hardware(sheet.add, anatomy, volume)
    _endplates(sheet, anatomy, vertebrae, structures)
    _canal(sheet, structures, target)
    return tuple(sheet.items)


class _Sheet:
    def __init__(self, volume: Volume | None, vertebrae: LabelVolume) -> None:
        self.grid = volume.grid if volume is not None else vertebrae.grid
        self.items: list[ScreeningItem] = []

    def add(
        self,
        code: str,
        name: str,
        value: float | None,
        unit: str,
        verdict: Verdict,
        text: str,
        limit: float | None = None,
        at_lps_mm: Array | None = None,
    ) -> None:
        """One line; the slice is the source's own, counted from 1."""
        place: Point | None = None
        number = None
        if at_lps_mm is not None:
            place = as_point(at_lps_mm)
            k = round(float(self.grid.indices_from_lps(at_lps_mm)[2]))
            number = k + 1 if 0 <= k < self.grid.shape_kji[0] else None
        shown = None if value is None else float(value)
        self.items.append(ScreeningItem(code, name, shown, unit, verdict, text, limit, place, number))

    def unknown(self, code: str, name: str, unit: str, why: str, limit: float | None = None) -> None:
        """One line that cannot be measured, with its reason."""
        self.add(code, name, None, unit, "unknown", why, limit)


def _pedicles(sheet: _Sheet, anatomy: VertebraAnatomy, device: DeviceProfile, limits: Limits) -> None:
    margin = limits.lateral_superior_mm
    needed = device.outer_diameter_mm + 2 * margin
    for side in SIDES:
        pedicle = anatomy.pedicles.get(side)
        for word in ("width", "height"):
            name = f"Pedicle {word}, {side}"
            if pedicle is None:
                sheet.unknown(
                    f"pedicle_{word}_{side}", name, "mm", "Not measurable: no pedicle was found.", needed
                )
                continue
            value = pedicle.width_mm if word == "width" else pedicle.height_mm
            room = value - needed
            verdict: Verdict = "good" if room >= 2 * margin else "caution" if room >= 0 else "stop"
            text = f"{device.gauge} with {margin:g} mm a side needs {needed:.1f} mm."
            sheet.add(f"pedicle_{word}_{side}", name, value, "mm", verdict, text, needed,
                      pedicle.isthmus_centre_lps_mm)  # fmt: skip


def _body_size(sheet: _Sheet, anatomy: VertebraAnatomy) -> None:
    body = anatomy.body
    for word, value, (low, high) in (
        ("width", body.width_mm, BODY_WIDTH_MM),
        ("depth", body.depth_mm, BODY_DEPTH_MM),
        ("height", body.height_mm, BODY_HEIGHT_MM),
    ):
        inside = low <= value <= high
        text = f"Adult lumbar bodies: {low:.0f} to {high:.0f} mm."
        sheet.add(f"body_{word}", f"Body {word}", value, "mm", "good" if inside else "caution", text, None,
                  body.centre_lps_mm)  # fmt: skip


def _fracture(sheet: _Sheet, anatomy: VertebraAnatomy, anatomies: tuple[VertebraAnatomy, ...]) -> None:
    """Loss of height against the neighbours, and the wedge between the endplates."""
    body = anatomy.body
    if anatomy.verse == SACRUM:
        sheet.unknown("height_loss", "Loss of height", "%", "Not measurable for S1.")
        return
    near = [a for a in anatomies if a.verse != SACRUM and 0 < abs(a.verse - anatomy.verse) <= 2]
    if near:
        usual = float(np.median([a.body.height_mm for a in near]))
        loss = max(0.0, 1 - body.height_mm / usual)
        verdict: Verdict = (
            "good" if loss < HEIGHT_LOSS_CAUTION else "caution" if loss < HEIGHT_LOSS_STOP else "stop"
        )
        text = f"Beside it {usual:.1f} mm; from {100 * HEIGHT_LOSS_CAUTION:.0f} % on a fracture is likely."
        sheet.add("height_loss", "Loss of height", 100 * loss, "%", verdict, text, 100 * HEIGHT_LOSS_CAUTION,
                  body.centre_lps_mm)  # fmt: skip
    else:
        sheet.unknown("height_loss", "Loss of height", "%", "Not measurable: no whole vertebra beside it.")
    up, down = body.superior_endplate[1], -body.inferior_endplate[1]
    ahead = -body.posterior
    wedge = float(np.rad2deg(np.arcsin(np.clip(up @ ahead, -1, 1)) - np.arcsin(np.clip(down @ ahead, -1, 1))))
    front_loss = max(0.0, np.deg2rad(wedge) * body.depth_mm / (body.height_mm + 1e-6))
    verdict = "good" if front_loss < HEIGHT_LOSS_CAUTION else "caution"
    text = (
        "Front lower than the back; from about 15° on a wedge fracture is likely."
        if wedge > 0
        else "Front higher than the back."
    )
    sheet.add("wedge", "Wedge", wedge, "°", verdict, text, 15.0, body.anterior_wall_lps_mm)


def _endplates(
    sheet: _Sheet, anatomy: VertebraAnatomy, vertebrae: LabelVolume, structures: LabelVolume
) -> None:
    """Deepest place of each endplate under its fitted plane: Schmorl's nodes and defects."""
    body = anatomy.body
    plates = ("upper",) if anatomy.verse == SACRUM else ("upper", "lower")
    low = np.array([-body.width_mm / 2, -body.depth_mm / 2, -body.height_mm / 2 - 6])
    grid = frame_grid(body.centre_lps_mm, body.axes_lps, low, -low, PLATE_STEP_MM)
    own = (vertebrae.labels == anatomy.verse) & (structures.labels == Structure.BODY)
    voxels = np.argwhere(own)
    low_kji, high_kji = np.maximum(voxels.min(0) - 3, 0), np.minimum(voxels.max(0) + 4, own.shape)
    box = (
        slice(low_kji[0], high_kji[0]), slice(low_kji[1], high_kji[1]), slice(low_kji[2], high_kji[2])
    )  # fmt: skip
    level = level_set(own[box], box_grid(vertebrae.grid, box), grid, 0.8) > 0
    lefts, posts, ups = axis_mm(grid, body.centre_lps_mm)
    core = (
        (lefts[None, :] / (0.36 * body.width_mm)) ** 2 + (posts[:, None] / (0.36 * body.depth_mm)) ** 2
    ) < 1
    thick = level.sum(0) > 0.4 * body.height_mm / PLATE_STEP_MM
    for word in plates:
        top = (
            level.shape[0] - 1 - np.argmax(level[::-1], axis=0)
            if word == "upper"
            else np.argmax(level, axis=0)
        )
        height = ups[top]
        use = core & thick
        if use.sum() < 20:
            sheet.unknown(
                f"endplate_{word}",
                f"{word.capitalize()} endplate dip",
                "mm",
                "Not measurable: the endplate is not whole.",
                DEFECT_MM,
            )
            continue
        a = np.stack([np.ones(int(use.sum())), *(x[use] for x in np.meshgrid(lefts, posts))], 1)
        flat, *_ = np.linalg.lstsq(a, height[use], rcond=None)
        dip = (a @ flat - height[use]) * (1.0 if word == "upper" else -1.0)
        worst = int(np.argmax(dip))
        value = float(np.percentile(dip, 98))
        rows, columns = np.nonzero(use)
        at = (
            body.centre_lps_mm
            + np.array([lefts[columns[worst]], posts[rows[worst]], height[use][worst]]) @ body.axes_lps
        )
        verdict: Verdict = "good" if value < DEFECT_MM else "caution"
        text = f"Under the fitted plane; from {DEFECT_MM:g} mm on look for a defect or a Schmorl's node."
        sheet.add(
            f"endplate_{word}",
            f"{word.capitalize()} endplate dip",
            value,
            "mm",
            verdict,
            text,
            DEFECT_MM,
            at,
        )


def _canal(sheet: _Sheet, structures: LabelVolume, target: Target) -> None:
    """From the target's point to the nearest voxel of the canal."""
    grid = structures.grid
    ijk = grid.indices_from_lps(np.asarray(target.centre_lps_mm))
    reach = np.ceil(40 / grid.spacing_ijk_mm).astype(int)
    size = np.array(grid.shape_kji[::-1])
    low = np.clip(np.floor(ijk).astype(int) - reach, 0, size)
    high = np.clip(np.ceil(ijk).astype(int) + reach, low, size)
    part = structures.labels[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    at = np.argwhere(part == Structure.CANAL)[:, ::-1] + low
    if not len(at):
        sheet.unknown(
            "target_to_canal", "Target to canal", "mm", "Not measurable: no canal is labelled here."
        )
        return
    points = grid.lps_from_indices(at)
    distance = np.linalg.norm(points - np.asarray(target.centre_lps_mm), axis=1)
    value = float(distance.min())
    verdict: Verdict = "good" if value >= 10 + target.radius_mm / 2 else "caution" if value >= 10 else "stop"
    sheet.add("target_to_canal", "Target to canal", value, "mm", verdict, "The electrode keeps 10 mm away.",
              10.0, points[int(np.argmin(distance))])  # fmt: skip
