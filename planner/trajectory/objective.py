"""What makes one cannula better than another, for many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.grid import VolumeGrid
from imaging.labels import Side
from imaging.segmentation.anatomy_local import Field, sample
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Access, Target
from planner.trajectory.candidates import Candidates
from planner.trajectory.clearance import WORDS, word_axes
from planner.trajectory.extrapedicular import entry_cost
from planner.trajectory.fields import VertebraFields
from planner.trajectory.target import endplate_heights_many
from planner.trajectory.way import blocked_samples, carm_excess_deg

Array = NDArray[np.float64]
STRAIGHT_SAMPLES = 40
CURVE_SAMPLES = 22
BACK_MM = 34.0
DOCKING_RESERVE_MM = 1.0
STOP_RESERVE_MM = 0.3
ENTRY_BEHIND_MM = 8.0
WINDOW_RESERVE = 0.01
HEIGHT_WANTED = 0.10
LATERAL_WANTED_MM = 3.5


@dataclass(frozen=True, eq=False)
class Task:
    """What one side's search is about."""

    fields: VertebraFields
    anatomy: VertebraAnatomy
    target: Target
    side: Side
    device: DeviceProfile
    limits: Limits
    access: Access = "transpedicular"


class Objective:
    """Least weighted clearance of candidates: margins wanted at each wall are subtracted first.

    ``tight`` puts the bare clearance before all margins, for a pedicle that hardly holds the tool.
    """

    def __init__(self, task: Task, tight: bool = False) -> None:
        self.task, self.tight = task, tight
        self.fields, self.anatomy, self.target = task.fields, task.anatomy, task.target
        self.side, self.device, self.limits = task.side, task.device, task.limits
        self.margin_field = self._margins()
        self.grid: VolumeGrid = task.fields.grid

    def _margins(self) -> Field:
        """Bone distance less what is needed towards the nearest wall."""
        bone = self.fields.bone_mm
        up, _, left = np.gradient(bone, self.fields.step_mm)
        # The gradient points into bone: beside a medial wall the distance grows to lateral.
        toward_medial = np.clip(left if self.side == "left" else -left, 0, 1)
        toward_inferior = np.clip(up, 0, 1)
        weight = np.clip(toward_medial**2 + toward_inferior**2, 0, 1)
        low, high = self.limits.lateral_superior_mm, self.limits.medial_inferior_mm
        wanted = low + (high - low) * weight + self.limits.cortex_reserve_mm
        return np.asarray(bone - wanted, dtype=np.float32)

    def entries(self, c: Candidates) -> Array:
        """(N, 3) LPS mm where each line's last stretch of bone before the bend begins."""
        return np.asarray(c.point + self._entry_at(c)[:, None] * c.direction)

    def _entry_at(self, c: Candidates) -> Array:
        """(N,) place of the bone entry along the line; nan where the line re-enters bone behind it."""
        t = np.arange(-BACK_MM, 0.01, 0.6)
        value = self.fields.bone(c.point[:, None] + t[None, :, None] * c.direction[:, None])
        inside = value > 0
        first = np.argmax(inside, axis=1)
        solid = (np.cumsum(inside[:, ::-1], axis=1) == np.arange(1, len(t) + 1)).sum(1)
        own_first = len(t) - solid
        good = inside[:, -1] & (first == own_first) & (first > 0)
        a = np.take_along_axis(value, np.maximum(first - 1, 0)[:, None], 1)[:, 0]
        b = np.take_along_axis(value, first[:, None], 1)[:, 0]
        part = np.clip(-a / np.maximum(b - a, 1e-6), 0, 1)
        return np.where(good, t[np.maximum(first - 1, 0)] + 0.6 * part, np.nan)

    def curve_points(self, c: Candidates, fractions: Array) -> Array:
        """(N, M, 3) points of arc and tip at fractions of their length."""
        radius = self.device.bend_radius_mm or 1.0
        length = radius * c.turn + c.tip
        return self.past_bend(c, fractions[None] * length[:, None])

    def past_bend(self, c: Candidates, along: Array) -> Array:
        """(N, M, 3) points at ``along`` (N, M) mm past the bend's start; negative is on the straight part."""
        radius = self.device.bend_radius_mm or 1.0
        turn = c.turn[:, None]
        positive = np.maximum(along, 0.0)
        angle = np.minimum(positive / radius, turn)
        rest = np.maximum(positive - radius * turn, 0.0)
        forward = radius * np.sin(angle) + rest * np.cos(turn) + np.minimum(along, 0.0)
        sideways = radius * (1 - np.cos(angle)) + rest * np.sin(turn)
        start = c.point + c.bend_at[:, None] * c.direction
        return np.asarray(
            start[:, None] + forward[..., None] * c.direction[:, None] + sideways[..., None] * c.bend[:, None]
        )

    def straight_points(self, c: Candidates, entry_at: Array) -> Array:
        """(N, M, 3) points from past docking to the bend's start."""
        first = np.nan_to_num(entry_at) + self.limits.docking_mm - DOCKING_RESERVE_MM
        part = np.linspace(0, 1, STRAIGHT_SAMPLES)
        t = first[:, None] + part[None] * np.maximum(c.bend_at - first, 0.1)[:, None]
        return np.asarray(c.point[:, None] + t[..., None] * c.direction[:, None])

    def values(self, c: Candidates) -> Array:
        """(N,) the greater the better; -inf where impossible."""
        device, limits, fields = self.device, self.limits, self.fields
        entry_at = self._entry_at(c)
        entry = c.point + np.nan_to_num(entry_at)[:, None] * c.direction
        radius, channel = device.outer_diameter_mm / 2, device.channel_diameter_mm / 2
        straight = self.straight_points(c, entry_at)
        margin = sample(self.margin_field, self.grid, straight) - radius
        curve = self.curve_points(c, np.linspace(0, 1, CURVE_SAMPLES))
        in_body = fields.bone(curve) - channel - limits.medial_inferior_mm - limits.cortex_reserve_mm
        in_body[:, 6:] -= limits.endplate_mm - limits.medial_inferior_mm
        length = (device.bend_radius_mm or 1.0) * c.turn + c.tip
        front = length - device.electrode_to_tip_mm
        electrode = self.past_bend(c, front[:, None] + np.linspace(-device.electrode_length_mm, 0, 7)[None])
        canal = fields.canal(electrode).min(1) - channel
        passing = fields.canal(straight[:, ::3]).min(1) - radius - limits.medial_inferior_mm
        middle, tip = electrode[:, 3], self.past_bend(c, length[:, None])[:, 0]
        miss = np.linalg.norm(middle - np.asarray(self.target.centre_lps_mm), axis=1)
        value = np.minimum(np.minimum(margin.min(1), in_body.min(1)), passing)
        # Beyond the wanted margins more clearance is worth less than a truer target.
        value = np.where(value > 1.0, 1.0 + 0.35 * (value - 1.0), value)
        stop = limits.electrode_to_canal_stop_mm + limits.cortex_reserve_mm + STOP_RESERVE_MM
        value -= 2.0 * np.maximum(stop - canal, 0.0)
        if self.tight:
            bare = np.minimum(fields.bone(straight).min(1) - radius, fields.bone(curve).min(1) - channel)
            value += 4.0 * np.minimum(bare - limits.cortex_reserve_mm, limits.lateral_superior_mm)
        value -= 0.25 * miss + 0.5 * np.maximum(miss - 1.5, 0.0) + 2.0 * np.maximum(miss - 3.5, 0.0)
        value -= self._tip_cost(tip)
        value -= 0.004 * np.rad2deg(c.turn)
        value -= 3.0 * np.maximum(limits.bend_past_wall_mm + 0.2 - self._past_wall(c), 0.0) * (c.turn > 0)
        value -= 0.3 * carm_excess_deg(c.direction, limits)
        value -= self._neighbour_cost(c, entry)
        if self.task.access == "extrapedicular":
            value -= 5.0 * entry_cost(fields, self.anatomy.pedicles[self.side], self.side, entry)
        else:
            value += 0.03 * self._superolateral(entry)
            # Transpedicular: the entry lies behind the isthmus, not beside it.
            isthmus = self.anatomy.pedicles[self.side].isthmus_centre_lps_mm
            value -= 0.6 * np.maximum(ENTRY_BEHIND_MM - (entry - isthmus) @ fields.axes_lps[1], 0.0)
        far = (c.bend_at - entry_at) < 3.0
        return np.where(np.isfinite(entry_at) & ~far, value, -np.inf)

    def _neighbour_cost(self, c: Candidates, entry: Array) -> Array:
        """(N,) for a way too close to another vertebra, the facet joint's other partner included."""
        back = np.arange(-3.0, 31.0, 3.0)
        way = entry[:, None] - back[None, :, None] * c.direction[:, None]
        gap = self.fields.neighbour(way).min(1) - self.device.outer_diameter_mm / 2
        return np.asarray(0.5 * np.clip(self.limits.neighbour_mm - gap, 0.0, 4.0))

    def _tip_cost(self, tip: Array) -> Array:
        body, target = self.anatomy.body, self.target
        depth = ((body.posterior_wall_lps_mm - tip) @ body.posterior) / body.depth_mm
        lateral = np.abs((tip - np.asarray(target.centre_lps_mm)) @ body.left)
        down, up = endplate_heights_many(body, tip)
        height = np.abs(down / np.maximum(down + up, 1e-6) - target.height_fraction)
        low, high = target.depth_low + WINDOW_RESERVE, target.depth_high - WINDOW_RESERVE
        outside = np.maximum(low - depth, 0) + np.maximum(depth - high, 0)
        tall = np.maximum(height - min(HEIGHT_WANTED, target.height_tolerance), 0)
        wide = np.maximum(lateral - min(LATERAL_WANTED_MM, target.lateral_tolerance_mm), 0)
        return np.asarray(40 * outside + 40 * tall + 1.5 * wide)

    def _past_wall(self, c: Candidates) -> Array:
        """(N,) how far (mm) the bend begins past the place where the axis enters the body."""
        t = np.arange(-4.0, 0.01, 0.5)
        start = c.point + c.bend_at[:, None] * c.direction
        inside = self.fields.body(start[:, None] + t[None, :, None] * c.direction[:, None]) > 0.3
        run = (np.cumsum(inside[:, ::-1], axis=1) == np.arange(1, len(t) + 1)).sum(1)
        return np.asarray((run - 1) * 0.5)

    def _superolateral(self, entry: Array) -> Array:
        """(N,) mm, at most 6, that the entry lies lateral and above the isthmus."""
        pedicle = self.anatomy.pedicles[self.side]
        local = (entry - pedicle.isthmus_centre_lps_mm) @ self.fields.axes_lps.T
        lateral = local[:, 0] if self.side == "left" else -local[:, 0]
        return np.asarray(np.clip(lateral, -6, 6) + np.clip(local[:, 2], -6, 6))

    def least_clearance(self, c: Candidates) -> tuple[float, str]:
        """Least surface clearance past docking of the first candidate, and the word of the nearest wall."""
        straight = self.straight_points(c, self._entry_at(c))[0]
        curve = self.curve_points(c, np.linspace(0, 1, CURVE_SAMPLES))[0]
        points = np.concatenate([straight, curve])
        radii = np.r_[
            np.full(len(straight), self.device.outer_diameter_mm / 2),
            np.full(len(curve), self.device.channel_diameter_mm / 2),
        ]
        clear = self.fields.bone(points) - radii
        worst = int(np.argmin(clear))
        words = self.fields.outward(points[worst : worst + 1]) @ word_axes(self.fields, self.side).T
        return float(clear[worst]), WORDS[int(np.argmax(words[0]))]

    def blocked(self, c: Candidates) -> NDArray[np.int_]:
        """(N,) how many places of each candidate's way from the skin lie in other bone."""
        return blocked_samples(self.fields, self.entries(c), c.direction, self.task.access)
