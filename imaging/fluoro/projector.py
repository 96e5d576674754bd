"""Line integrals of a CT volume for one projection."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.attenuation import Part, part_table, water_mu_per_mm
from imaging.fluoro.card import Card, CardVolume
from imaging.fluoro.joseph import joseph_sums
from imaging.fluoro.rows import CoarseMask, attenuation_rows, slice_boxes
from imaging.fluoro.shear_warp import intermediate_for, warp_to_detector
from imaging.fluoro.slice_sums import CAN_SHUFFLE, MOST, accumulate_slices
from imaging.fluoro.threads import over_rows
from imaging.geometry.carm import Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
_STEPS_PER_WATER = 1000.0


@dataclass(frozen=True, eq=False)
class RayFan:
    """A projection in voxel indices (i, j, k): focal spot, pixel (0, 0) and the steps of one pixel."""

    source: Array
    corner: Array
    column: Array
    row: Array

    @classmethod
    def of(
        cls, projection: Projection, grid: VolumeGrid, first_px: tuple[float, float] = (0, 0), step: float = 1
    ) -> RayFan:
        """The rays of ``projection`` through ``grid`` from pixel ``first_px``, in steps of ``step``."""
        to_index = grid.ijk_from_lps[:3, :3]
        pitch = projection.carm.pixel_mm * step
        return cls(
            grid.indices_from_lps(projection.source_lps_mm),
            grid.indices_from_lps(projection.detector_points(np.array(first_px, float))),
            to_index @ projection.u_lps * pitch,
            to_index @ projection.v_lps * pitch,
        )


class Projector:
    """Line integrals of attenuation through one CT volume, of any orientation."""

    def __init__(
        self, volume: Volume, energy_kev: float = 60.0, keep: CoarseMask | None = None, part: Part = "all"
    ) -> None:
        """Of the whole volume, or with ``keep`` (see patient_mask) of what lies in that mask alone.

        With ``part`` "water" or "bone" (see part_table) integrals are in mm instead of at ``energy_kev``.
        """
        self.volume = volume
        self.energy_kev = energy_kev
        self.keep = keep
        self.part = part
        self.card: CardVolume | None = None
        self._unit = 1.0 if part != "all" else water_mu_per_mm(energy_kev)

    def line_integrals(self, projection: Projection) -> Picture:
        """(rows, columns) float32 integrals of mu along the rays, no unit; 0 beside the volume."""
        fan, carm, grid = RayFan.of(projection, self.volume.grid), projection.carm, self.volume.grid
        picture = self.fan_integrals(fan, carm.rows, carm.columns, grid)
        return self.reference_line_integrals(projection) if picture is None else picture

    def fan_integrals(self, fan: RayFan, rows: int, columns: int, grid: VolumeGrid) -> Picture | None:
        """The same for any fan of rays, voxels placed by ``grid``; None with the source among them.

        On the graphics card where ``card`` is set.
        """
        loaded = self.card
        if loaded is not None:
            try:
                return self._on_card(loaded, fan, rows, columns, grid)
            except Exception:  # a driver that was reset: the processor goes on from here
                self.card = None
        size = np.array(grid.shape_kji[::-1])
        plan = intermediate_for(fan.source, fan.corner, fan.column, fan.row, size, rows, columns)
        if plan is None:
            return None
        w, b, a = plan.axes
        flat, boxes = self._rows_along_j if w == 0 else self._rows_along_i
        # Both copies are [k][i or j][padded row].
        stride_row = int(size[a]) + 3
        stride_k = stride_row * int(size[0] if w == 0 else size[1])
        stride_w, stride_b = (stride_k, stride_row) if w == 2 else (stride_row, stride_k)
        sums = np.zeros(plan.size[::-1], np.int32)
        over_rows(
            accumulate_slices, plan.size[1], sums.reshape(-1), flat, boxes[w], size[w], size[b], size[a],
            stride_w, stride_b, fan.source[w], fan.source[b], fan.source[a], plan.plane,
            *plan.start, *plan.step, plan.size[0], CAN_SHUFFLE,
        )  # fmt: skip
        picture = np.zeros((rows, columns), np.float32)
        over_rows(
            warp_to_detector, rows, picture, sums, plan.square, w, b, a, plan.plane,
            *plan.start, *plan.step, fan.source, fan.corner, fan.column, fan.row,
            np.ascontiguousarray(grid.lps_from_ijk[:3, :3].T @ grid.lps_from_ijk[:3, :3]),
            self._unit / _STEPS_PER_WATER,
        )  # fmt: skip
        return picture

    def loaded(self, card: Card) -> CardVolume | None:
        """The volume in a card's memory, to be set as ``card`` or tried; None if it does not take it."""
        try:
            return CardVolume(card, self._rows_along_i[0], self.volume.grid.shape_kji)
        except Exception:  # drivers fail in many ways, and the processor does as well
            return None

    def card_line_integrals(self, loaded: CardVolume, projection: Projection) -> Picture:
        """``line_integrals`` on a card that is not trusted yet."""
        fan, carm, grid = RayFan.of(projection, self.volume.grid), projection.carm, self.volume.grid
        return self._on_card(loaded, fan, carm.rows, carm.columns, grid)

    def _on_card(self, loaded: CardVolume, fan: RayFan, rows: int, columns: int, grid: VolumeGrid) -> Picture:
        rays = (fan.source, fan.corner, fan.column, fan.row)
        return loaded.fan_integrals(
            rays, rows, columns, grid.lps_from_ijk[:3, :3], self._unit / _STEPS_PER_WATER
        )

    def reference_line_integrals(self, projection: Projection) -> Picture:
        """The same, ray by ray after Joseph: slower, and what the fast path is tested against."""
        fan = RayFan.of(projection, self.volume.grid)
        linear = np.ascontiguousarray(self.volume.grid.lps_from_ijk[:3, :3])
        picture = np.zeros((projection.carm.rows, projection.carm.columns), np.float32)
        over_rows(
            joseph_sums, len(picture), picture, self._mu, fan.source, fan.corner, fan.column, fan.row, linear
        )
        return picture

    def filled_line_integrals(self, projection: Projection) -> Picture:
        """Line integrals for looking at: tissue that a cropped volume lacks is made up by water.

        Of a volume cropped inside the body (``is_cropped``) each ray that crosses a fair part of it is
        lengthened by water to the longest path in the picture, so that the crop's edges and corners do not
        shine. Rays that miss the volume stay 0. Other volumes are returned as they are.
        """
        sums = self.line_integrals(projection)
        if not self.is_cropped:
            return sums
        inside_mm = self._path_lengths(projection)
        longest = float(np.percentile(inside_mm, 98))
        missing = np.where(inside_mm > 0.12 * longest, np.maximum(longest - inside_mm, 0), 0)
        return np.asarray(sums + missing * (0 if self.part == "bone" else self._unit), np.float32)

    @cached_property
    def is_cropped(self) -> bool:
        """Whether the volume ends within the body at two or more of its sides (top and bottom apart)."""
        values, grid = self.volume.values, self.volume.grid
        ends = 0
        for axis in range(3):
            if abs(grid.direction_lps[2, 2 - axis]) < 0.7:
                for end in (0, -1):
                    face = values.take(end, axis=axis)
                    ends += int(np.mean(face > -300) > 0.5)
        return ends >= 2

    def _path_lengths(self, projection: Projection) -> Array:
        """(rows, columns) length in mm of each ray within the grid's outermost voxel faces."""
        fan, carm = RayFan.of(projection, self.volume.grid), projection.carm
        v, u = np.mgrid[: carm.rows, : carm.columns]
        ray = fan.corner - fan.source + u[..., None] * fan.column + v[..., None] * fan.row
        ray = np.where(np.abs(ray) < 1e-9, 1e-9, ray)
        size = np.array(self.volume.grid.shape_kji[::-1])
        one, two = (-0.5 - fan.source) / ray, (size - 0.5 - fan.source) / ray
        enter = np.minimum(one, two).max(-1)
        leave = np.maximum(one, two).min(-1)
        length = np.linalg.norm(ray @ self.volume.grid.lps_from_ijk[:3, :3].T, axis=-1)
        return np.asarray(np.clip(leave - np.maximum(enter, 0), 0, None) * length)

    @cached_property
    def _rows_along_i(self) -> tuple[NDArray[np.int16], dict[int, NDArray[np.int64]]]:
        """Flat [k, j, 1 + i + 2] attenuation in water / 1000, and boxes of slices square to j and k.

        Rows are framed by zeros and 32 zeros follow.
        """
        return self._padded(False)

    @cached_property
    def _rows_along_j(self) -> tuple[NDArray[np.int16], dict[int, NDArray[np.int64]]]:
        """Flat [k, i, 1 + j + 2], the same for rays along i."""
        return self._padded(True)

    def _padded(self, transposed: bool) -> tuple[NDArray[np.int16], dict[int, NDArray[np.int64]]]:
        table = np.minimum(part_table(self.part, self.energy_kev, _STEPS_PER_WATER), MOST)
        flat, extent = attenuation_rows(self.volume.values, table, self.keep, transposed)
        return flat, {0 if transposed else 1: slice_boxes(extent, 1), 2: slice_boxes(extent, 0)}

    @cached_property
    def _mu(self) -> NDArray[np.float32]:
        table = part_table(self.part, self.energy_kev, _STEPS_PER_WATER).astype(np.float32)
        mu = table[self.volume.values.astype(np.int32) + 32768] * np.float32(self._unit / _STEPS_PER_WATER)
        if self.keep is not None:
            mu[~self.keep.full(self.volume.grid.shape_kji)] = 0
        return mu
