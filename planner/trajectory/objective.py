"""What makes one cannula better than another, for many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.grid import VolumeGrid
from imaging.labels import Side
from imaging.segmentation.anatomy_local import Field, sample
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Target
from planner.trajectory.candidates import Candidates
from planner.trajectory.clearance import WORDS, word_axes
from planner.trajectory.fields import VertebraFields
from planner.trajectory.target import endplate_heights, place_in_body

Array = NDArray[np.float64]
STRAIGHT_SAMPLES = 40
CURVE_SAMPLES = 22
BACK_MM = 34.0
DOCKING_RESERVE_MM = 1.0
ENTRY_BEHIND_MM = 8.0
TIP_DEPTH = (0.31, 0.49)
TIP_HEIGHT = (0.40, 0.60)
TIP_LATERAL_MM = 3.5


class Objective:
    """Least weighted clearance of candidates: margins wanted at each wall are subtracted first."""

    def __init__(
        self,
        fields: VertebraFields,
        anatomy: VertebraAnatomy,
        target: Target,
        side: Side,
        device: DeviceProfile,
        limits: Limits,
    ) -> None:
        self.fields, self.anatomy, self.target = fields, anatomy, target
        self.side, self.device, self.limits = side, device, limits
        self.margin_field = self._margins()
        self.grid: VolumeGrid = fields.grid

    def _margins(self) -> Field:
        """Bone distance less the margin wanted towards the nearest wall."""
        bone = self.fields.bone_mm
        step = self.fields.step_mm
        up, _, left = np.gradient(bone, step)
        # The gradient points into bone: beside a medial wall the distance grows to lateral.
        toward_medial = np.clip(left if self.side == "left" else -left, 0, 1)
        toward_inferior = np.clip(up, 0, 1)
        weight = np.clip(toward_medial**2 + toward_inferior**2, 0, 1)
        low, high = self.limits.lateral_superior_mm, self.limits.medial_inferior_mm
        return np.asarray(bone - (low + (high - low) * weight), dtype=np.float32)

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
        straight = self.straight_points(c, entry_at)
        margin = sample(self.margin_field, self.grid, straight) - device.outer_diameter_mm / 2
        curve = self.curve_points(c, np.linspace(0, 1, CURVE_SAMPLES))
        in_body = fields.bone(curve) - device.stylet_diameter_mm / 2 - limits.medial_inferior_mm
        in_body[:, 6:] -= limits.endplate_mm - limits.medial_inferior_mm
        length = (device.bend_radius_mm or 1.0) * c.turn + c.tip
        back = np.linspace(-device.electrode_length_mm, 0, 7)
        electrode = self.past_bend(c, length[:, None] + back[None])
        canal = fields.canal(electrode).min(1) - device.stylet_diameter_mm / 2
        middle, tip = electrode[:, 3], electrode[:, -1]
        miss = np.linalg.norm(middle - np.asarray(self.target.centre_lps_mm), axis=1)
        value = np.minimum(margin.min(1), in_body.min(1))
        # Beyond the wanted margins more clearance is worth less than a truer target.
        value = np.where(value > 1.0, 1.0 + 0.35 * (value - 1.0), value)
        value -= 2.0 * np.maximum(limits.electrode_to_canal_stop_mm + 0.3 - canal, 0.0)
        value -= 0.25 * miss + 0.5 * np.maximum(miss - 1.5, 0.0) + 2.0 * np.maximum(miss - 3.5, 0.0)
        value -= self._tip_cost(tip)
        value -= 0.004 * np.rad2deg(c.turn)
        value -= 3.0 * np.maximum(limits.bend_past_wall_mm + 0.2 - self._past_wall(c), 0.0) * (c.turn > 0)
        value += 0.03 * self._superolateral(c, entry_at)
        # Transpedicular: the entry lies behind the isthmus, not beside it.
        isthmus = self.anatomy.pedicles[self.side].isthmus_centre_lps_mm
        entry = c.point + np.nan_to_num(entry_at)[:, None] * c.direction
        value -= 0.6 * np.maximum(ENTRY_BEHIND_MM - (entry - isthmus) @ self.fields.axes_lps[1], 0.0)
        far = (c.bend_at - entry_at) < 3.0
        return np.where(np.isfinite(entry_at) & ~far, value, -np.inf)

    def _tip_cost(self, tip: Array) -> Array:
        body = self.anatomy.body
        depth = ((body.posterior_wall_lps_mm - tip) @ body.posterior) / body.depth_mm
        lateral = np.abs((tip - body.posterior_wall_lps_mm) @ body.left)
        down, up = endplate_heights(body, self.target.centre_lps_mm)
        height = place_in_body(body, self.target.centre_lps_mm)[1] + (
            (tip - np.asarray(self.target.centre_lps_mm)) @ body.superior
        ) / (down + up)
        outside = np.maximum(TIP_DEPTH[0] - depth, 0) + np.maximum(depth - TIP_DEPTH[1], 0)
        tall = np.maximum(TIP_HEIGHT[0] - height, 0) + np.maximum(height - TIP_HEIGHT[1], 0)
        return np.asarray(40 * outside + 40 * tall + 1.5 * np.maximum(lateral - TIP_LATERAL_MM, 0))

    def _past_wall(self, c: Candidates) -> Array:
        """(N,) how far (mm) the bend begins past the place where the axis enters the body."""
        t = np.arange(-4.0, 0.01, 0.5)
        start = c.point + c.bend_at[:, None] * c.direction
        inside = self.fields.body(start[:, None] + t[None, :, None] * c.direction[:, None]) > 0.3
        run = (np.cumsum(inside[:, ::-1], axis=1) == np.arange(1, len(t) + 1)).sum(1)
        return np.asarray((run - 1) * 0.5)

    def _superolateral(self, c: Candidates, entry_at: Array) -> Array:
        """(N,) mm, at most 6, that the entry lies lateral and above the isthmus."""
        pedicle = self.anatomy.pedicles[self.side]
        entry = c.point + np.nan_to_num(entry_at)[:, None] * c.direction
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
            np.full(len(curve), self.device.stylet_diameter_mm / 2),
        ]
        clear = self.fields.bone(points) - radii
        worst = int(np.argmin(clear))
        words = self.fields.outward(points[worst : worst + 1]) @ word_axes(self.fields, self.side).T
        return float(clear[worst]), WORDS[int(np.argmax(words[0]))]

    def blocked(self, c: Candidates) -> bool:
        """Whether another vertebra lies on the first candidate's way from the skin."""
        way = self.entries(c)[0] - np.arange(2.0, 45.0, 1.5)[:, None] * c.direction[0]
        return bool(self.fields.other_bone(way).any())
