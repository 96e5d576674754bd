"""Line integrals of a CT volume for one projection."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.attenuation import mu_from_hu, relative_mu_table, water_mu_per_mm
from imaging.fluoro.joseph import joseph_sums
from imaging.fluoro.shear_warp import accumulate_slices, intermediate_for, warp_to_detector
from imaging.fluoro.vector_rows import CAN_PERMUTE
from imaging.geometry.carm import Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
_STEPS_PER_WATER = 4000.0

# numba's fallback threading layer aborts the process when two threads enter parallel code at once.
KERNEL_LOCK = threading.Lock()


@dataclass(frozen=True, eq=False)
class RayFan:
    """A projection in voxel indices (i, j, k): focal spot, pixel (0, 0) and the steps of one pixel."""

    source: Array
    corner: Array
    column: Array
    row: Array

    @classmethod
    def of(cls, projection: Projection, grid: VolumeGrid) -> RayFan:
        """The rays of ``projection`` through ``grid``."""
        to_index = grid.ijk_from_lps[:3, :3]
        pitch = projection.carm.pixel_mm
        return cls(
            grid.indices_from_lps(projection.source_lps_mm),
            grid.indices_from_lps(projection.detector_points(np.zeros(2))),
            to_index @ projection.u_lps * pitch,
            to_index @ projection.v_lps * pitch,
        )


class Projector:
    """Line integrals of attenuation through one CT volume, of any orientation.

    One picture is computed at a time: calls from several threads wait for each other.
    """

    def __init__(self, volume: Volume, energy_kev: float = 60.0) -> None:
        self.volume = volume
        self.energy_kev = energy_kev

    def line_integrals(self, projection: Projection) -> Picture:
        """(rows, columns) float32 integrals of mu along the rays, no unit; 0 beside the volume."""
        fan, carm, grid = RayFan.of(projection, self.volume.grid), projection.carm, self.volume.grid
        size = np.array(grid.shape_kji[::-1])
        plan = intermediate_for(fan.source, fan.corner, fan.column, fan.row, size, carm.rows, carm.columns)
        if plan is None:
            return self.reference_line_integrals(projection)
        w, b, a = plan.axes
        with KERNEL_LOCK:
            flat = self._rows_along_j if w == 0 else self._rows_along_i
            # Both copies are [k][i or j][padded row].
            stride_row = int(size[a]) + 3
            stride_k = stride_row * int(size[0] if w == 0 else size[1])
            stride_w, stride_b = (stride_k, stride_row) if w == 2 else (stride_row, stride_k)
            sums = accumulate_slices(
                flat, size[w], size[b], size[a], stride_w, stride_b,
                fan.source[w], fan.source[b], fan.source[a], plan.plane, *plan.start, *plan.step, *plan.size,
                -(-plan.size[1] // (2 * numba.get_num_threads())), CAN_PERMUTE,
            )  # fmt: skip
            picture = warp_to_detector(
                sums, w, b, a, plan.plane, *plan.start, *plan.step,
                fan.source, fan.corner, fan.column, fan.row, np.ascontiguousarray(grid.lps_from_ijk[:3, :3]),
                water_mu_per_mm(self.energy_kev) / _STEPS_PER_WATER, carm.rows, carm.columns,
            )  # fmt: skip
        return np.asarray(picture, np.float32)

    def reference_line_integrals(self, projection: Projection) -> Picture:
        """The same, ray by ray after Joseph: slower, and what the fast path is tested against."""
        fan = RayFan.of(projection, self.volume.grid)
        linear = np.ascontiguousarray(self.volume.grid.lps_from_ijk[:3, :3])
        carm = projection.carm
        with KERNEL_LOCK:
            sums = joseph_sums(
                self._mu, fan.source, fan.corner, fan.column, fan.row, linear, carm.rows, carm.columns
            )
        return np.asarray(sums, np.float32)

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
        return np.asarray(sums + missing * water_mu_per_mm(self.energy_kev), np.float32)

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
    def _rows_along_i(self) -> NDArray[np.int16]:
        """Flat [k, j, 1 + i + 2] attenuation in water / 4000, rows framed by zeros, 32 zeros more."""
        return self._padded(self.volume.values)

    @cached_property
    def _rows_along_j(self) -> NDArray[np.int16]:
        """Flat [k, i, 1 + j + 2], the same for rays along i."""
        return self._padded(self.volume.values.transpose(0, 2, 1))

    def _padded(self, values: NDArray[np.int16]) -> NDArray[np.int16]:
        table = relative_mu_table(self.energy_kev, _STEPS_PER_WATER)
        shape = (*values.shape[:2], values.shape[2] + 3)
        flat = np.zeros(int(np.prod(shape)) + 32, np.int16)
        rows = flat[:-32].reshape(shape)
        for k, plane in enumerate(values):
            rows[k, :, 1:-2] = table[plane.astype(np.int32) + 32768]
        return flat

    @cached_property
    def _mu(self) -> NDArray[np.float32]:
        return mu_from_hu(self.volume.values, self.energy_kev)
