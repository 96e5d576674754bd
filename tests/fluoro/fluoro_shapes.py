"""Shapes with exact answers for the fluoroscopy tests."""

import numpy as np

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

SMALL = CArm().resized(96)


def turn(axis: int, degrees: float) -> np.ndarray:
    """(3, 3) right-handed rotation about a coordinate axis."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    out = np.eye(3)
    out[a, a] = out[b, b] = c
    out[a, b], out[b, a] = -s, s
    return out


def grid_about(centre, shape_kji, spacing, direction=None) -> VolumeGrid:
    """Grid whose middle is ``centre``."""
    direction = np.eye(3) if direction is None else direction
    half = (np.array(shape_kji[::-1]) - 1) / 2 * spacing
    return VolumeGrid.from_parts(shape_kji, np.asarray(centre) - direction @ half, spacing, direction)


def ellipsoid_volume(grid: VolumeGrid, centre, radii, sub: int = 3, peak_hu: float = 0.0) -> Volume:
    """Water (or ``peak_hu``) ellipsoid in air, partial voxels by their filled share."""
    k, j, i = (np.arange(n, dtype=float) for n in grid.shape_kji)
    share = np.zeros(grid.shape_kji)
    shifts = (np.arange(sub) + 0.5) / sub - 0.5
    for a in shifts:
        for b in shifts:
            for c in shifts:
                ijk = np.stack(np.meshgrid(i + a, j + b, k + c, indexing="ij"), -1).transpose(2, 1, 0, 3)
                share += (((grid.lps_from_indices(ijk) - centre) / radii) ** 2).sum(-1) <= 1
    return Volume(grid, np.rint(share / sub**3 * (1000 + peak_hu) - 1000).astype(np.int16))


def pixel_rays(projection: Projection) -> np.ndarray:
    """(rows, columns, 3) unit vectors from the source through each pixel."""
    v, u = np.mgrid[: projection.carm.rows, : projection.carm.columns]
    rays = projection.detector_points(np.stack([u, v], -1)) - projection.source_lps_mm
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def ellipsoid_chords(projection: Projection, centre, radii) -> np.ndarray:
    """(rows, columns) mm inside an axis-parallel ellipsoid."""
    ray, start = pixel_rays(projection) / radii, (projection.source_lps_mm - centre) / radii
    a, b, c = (ray**2).sum(-1), ray @ start, start @ start - 1
    return 2 * np.sqrt(np.maximum(b * b - a * c, 0)) / a


def box_chords(projection: Projection, low, high) -> np.ndarray:
    """(rows, columns) mm inside an axis-parallel box."""
    ray = pixel_rays(projection)
    ray = np.where(abs(ray) < 1e-12, 1e-12, ray)
    one, two = (low - projection.source_lps_mm) / ray, (high - projection.source_lps_mm) / ray
    return np.maximum(np.maximum(one, two).min(-1) - np.minimum(one, two).max(-1), 0)


def view(primary: float, secondary: float, centre=(0, 0, 0), carm: CArm = SMALL) -> Projection:
    """Projection at angles round a point."""
    return Projection.of(carm, CArmPose(primary, secondary, np.asarray(centre, float)))


def vertebra(rotation: np.ndarray | None = None, centre=(3.0, -40.0, 90.0)) -> VertebraAnatomy:
    """A symmetric L4 whose frame is turned by ``rotation``."""
    r = np.eye(3) if rotation is None else rotation
    c = np.asarray(centre, float)

    def at(*offset: float) -> np.ndarray:
        return c + r @ np.array(offset, float)

    up = r @ [0.0, 0.0, 1.0]
    body = BodyGeometry(
        c, r.T.copy(), 48.0, 34.0, 27.0, at(0, 17, 0), at(0, -17, 0),
        np.stack([at(0, 0, 13.5), up]), np.stack([at(0, 0, -13.5), -up]),
    )  # fmt: skip
    pedicles = {
        side: PedicleGeometry(
            at(sign * 14, 22, 5), r @ [-sign * 0.25, -np.sqrt(1 - 0.0625), 0], 10.0, 14.0, 110.0
        )
        for side, sign in (("left", 1), ("right", -1))
    }
    return VertebraAnatomy(23, 0.9, body, pedicles, spinous_tip_lps_mm=at(0, 60, -8))
