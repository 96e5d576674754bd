"""Milliseconds a picture: the shear-warp projector, Joseph ray by ray, and RTK's where it is installed.

Volume 512x512x300 of 0.7x0.7x1.0 mm, detector 512x512 on 384 mm, SID 1000 mm, SOD 600 mm.
Run: python -m benchmarks.fluoro
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from imaging.fluoro.picture import PictureSettings, render_picture
from imaging.fluoro.projector import Projector
from imaging.fluoro.tools import tool_line_integral
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

POSES = {"AP": (180.0, 0.0), "true AP": (176.0, 6.0), "oblique": (150.0, 15.0), "lateral": (90.0, 0.0)}


def synthetic_volume() -> Volume:
    """A body of ellipses with smooth bone-like texture, in HU."""
    rng = np.random.default_rng(1)
    k, j, i = np.ogrid[-1:1:300j, -1:1:512j, -1:1:512j]
    hu = np.where((i / 0.95) ** 2 + (j / 0.65) ** 2 < 1, 40.0, -1000.0) + 0 * k
    bone = (i / 0.15) ** 2 + ((j - 0.15) / 0.12) ** 2 + 0 * k < 1 + 0.15 * np.sin(40 * k)
    hu[bone] = 300 + 150 * rng.standard_normal(int(bone.sum()))
    grid = VolumeGrid.from_parts((300, 512, 512), (-179, -179, -150), (0.7, 0.7, 1.0))
    return Volume(grid, hu.astype(np.int16))


def best_ms(call: Callable[[], Any], repeats: int) -> float:
    """Least time of several calls after one to warm up."""
    call()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return 1000 * min(times)


def rtk_ms(volume: Volume, projection: Projection) -> float | None:
    """RTK's Joseph on the same volume at a comparable circular geometry, if itk-rtk is installed."""
    try:
        import itk
        from itk import RTK
    except ImportError:
        return None
    from imaging.fluoro.attenuation import mu_from_hu

    kind = itk.Image[itk.F, 3]
    mu = itk.image_from_array(mu_from_hu(volume.values))
    mu.SetSpacing([float(x) for x in volume.grid.spacing_ijk_mm])
    mu.SetOrigin([float(x) for x in volume.grid.origin_lps_mm])
    carm = projection.carm
    geometry = RTK.ThreeDCircularProjectionGeometry.New()
    # RTK turns about y; the angle does not matter for time as long as it covers the volume alike.
    geometry.AddProjection(carm.sod_mm, carm.sid_mm, projection.pose.primary_deg)
    blank = RTK.ConstantImageSource[kind].New(
        Size=[carm.columns, carm.rows, 1],
        Spacing=[carm.pixel_mm, carm.pixel_mm, 1.0],
        Origin=[-carm.pixel_mm * (carm.columns - 1) / 2, -carm.pixel_mm * (carm.rows - 1) / 2, 0.0],
    )
    filter_ = RTK.JosephForwardProjectionImageFilter[kind, kind].New(Geometry=geometry)
    filter_.InPlaceOff()
    filter_.SetInput(0, blank.GetOutput())
    filter_.SetInput(1, mu)

    def run() -> None:
        filter_.Modified()
        filter_.Update()

    return best_ms(run, 3)


def main() -> None:
    """Print the table."""
    volume = synthetic_volume()
    projector = Projector(volume)
    carm = CArm("bench", 1000.0, 600.0, 512, 512, 384 / 512)
    print(f"{numba.get_num_threads()} threads, layer ", end="")
    for name, (primary, secondary) in POSES.items():
        projection = Projection.of(carm, CArmPose(primary, secondary))
        fast = best_ms(lambda p=projection: projector.line_integrals(p), 8)  # type: ignore[misc]
        slow = best_ms(lambda p=projection: projector.reference_line_integrals(p), 2)  # type: ignore[misc]
        if name == "AP":
            print(numba.threading_layer())
        one, two = projector.line_integrals(projection), projector.reference_line_integrals(projection)
        difference = 100 * np.percentile(abs(one - two), 99.9) / two.max()
        rtk = rtk_ms(volume, projection)
        ratio = f"RTK {rtk:.0f} ms, {rtk / fast:.1f}x" if rtk else "RTK not installed"
        print(
            f"{name:8} shear-warp {fast:6.1f} ms   Joseph {slow:6.1f} ms, {slow / fast:4.1f}x"
            f"   p99.9 {difference:.3f} %   {ratio}"
        )
    path = np.linspace([60, 120, 20], [0, 0, 0], 120)
    tool = best_ms(lambda: tool_line_integral(projection, path, np.full(120, 4.2)), 10)
    metal = tool_line_integral(projection, path, np.full(120, 4.2))
    sums = projector.line_integrals(projection)
    picture = best_ms(lambda: render_picture(sums, metal, projection, PictureSettings()), 5)
    print(f"tool {tool:.1f} ms, picture from line integrals {picture:.1f} ms")


if __name__ == "__main__":
    main()
