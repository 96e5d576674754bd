"""Milliseconds a picture: our projector, and RTK's Joseph and plastimatch where they are installed.

Volume 512x512x300 of 0.7x0.7x1.0 mm (and any DICOM folder given), detector 512x512 on 384 mm, SID 1000 mm,
SOD 600 mm, one geometry for all. `python -m benchmarks.peers` installs the peers first. Run:

    python -m benchmarks.fluoro [DICOM_FOLDER ...] [--scaling PLOT.png] [--threads 2]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.attenuation import mu_from_hu
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings, exposed_picture
from imaging.fluoro.projector import Projector
from imaging.fluoro.rows import patient_mask
from imaging.fluoro.tools import Tool, nitinol, tools_line_integral, with_handle
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

POSES = {
    "AP": (180.0, 0.0),
    "oblique 30/15": (150.0, 15.0),
    "lateral": (90.0, 0.0),
    "45": (135.0, 0.0),
}
CARM = CArm("bench", 1000.0, 600.0, 512, 512, 384 / 512)
Row = tuple[float, float]


def synthetic_volume(shape: tuple[int, int, int] = (300, 512, 512)) -> Volume:
    """A body of ellipses with smooth bone-like texture, in HU, 358 mm wide and 300 mm high at any shape."""
    rng = np.random.default_rng(1)
    n_k, n_j, n_i = shape
    k, j, i = np.ogrid[-1 : 1 : n_k * 1j, -1 : 1 : n_j * 1j, -1 : 1 : n_i * 1j]
    hu = np.where((i / 0.95) ** 2 + (j / 0.65) ** 2 < 1, 40.0, -1000.0) + 0 * k
    bone = (i / 0.15) ** 2 + ((j - 0.15) / 0.12) ** 2 + 0 * k < 1 + 0.15 * np.sin(40 * k)
    hu[bone] = 300 + 150 * rng.standard_normal(int(bone.sum()))
    spacing = (358.4 / n_i, 358.4 / n_j, 300.0 / n_k if n_k <= 300 else 1.0)
    origin = [-s * (n - 1) / 2 for s, n in zip(spacing, (n_i, n_j, n_k), strict=True)]
    return Volume(VolumeGrid.from_parts(shape, origin, spacing), hu.astype(np.int16))


def best(call: Callable[[], Any], repeats: int) -> Row:
    """(wall ms, CPU ms) at best of several calls after one to warm up: others share the machine."""
    call()
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return 1000 * min(walls), 1000 * min(cpus)


class Rtk:
    """RTK's Joseph projector on one volume, if itk-rtk is installed."""

    def __init__(self, volume: Volume, threads: int) -> None:
        import itk
        from itk import RTK

        self.itk, self.rtk = itk, RTK
        itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(threads)
        self.kind = itk.Image[itk.F, 3]
        self.volume, self.values = volume, mu_from_hu(volume.values)
        self.mu = itk.image_from_array(self.values)
        self.mu.SetSpacing([float(x) for x in volume.grid.spacing_ijk_mm])

    def measure(self, projection: Projection, repeats: int = 3) -> tuple[Row, NDArray[np.float32]]:
        """(times, (rows, columns) line integrals) at exactly our pose; untimed without ``repeats``.

        RTK's own gantry stands at its angle 0, source on +z, and the volume is turned into that frame.
        """
        itk, carm, grid = self.itk, projection.carm, self.volume.grid
        turn = np.stack([projection.u_lps, projection.v_lps, -projection.d_lps])
        centre = projection.source_lps_mm + projection.d_lps * carm.sod_mm
        self.mu.SetDirection(np.ascontiguousarray(turn @ grid.direction_lps))
        self.mu.SetOrigin([float(x) for x in turn @ (grid.origin_lps_mm - centre)])
        geometry = self.rtk.ThreeDCircularProjectionGeometry.New()
        geometry.AddProjection(carm.sod_mm, carm.sid_mm, 0.0)
        blank = self.rtk.ConstantImageSource[self.kind].New(
            Size=[carm.columns, carm.rows, 1],
            Spacing=[carm.pixel_mm, carm.pixel_mm, 1.0],
            Origin=[-carm.pixel_mm * (carm.columns - 1) / 2, -carm.pixel_mm * (carm.rows - 1) / 2, 0.0],
        )
        joseph = self.rtk.JosephForwardProjectionImageFilter[self.kind, self.kind].New(Geometry=geometry)
        joseph.InPlaceOff()
        joseph.SetInput(0, blank.GetOutput())
        joseph.SetInput(1, self.mu)

        def run() -> None:
            joseph.Modified()
            joseph.Update()

        if repeats:
            times = best(run, repeats)
        else:
            times = (0.0, 0.0)
            run()
        return times, np.array(itk.array_from_image(joseph.GetOutput())[0])


def framed(volume: Volume) -> Volume:
    """The volume with one voxel of air round it.

    RTK ends a volume at the centre of its last slice, ours fades out to its face and beyond, half a voxel on.
    Where tissue reaches the last slice both differ by that alone; in air they have nothing to differ about.
    """
    grid = volume.grid
    shape = tuple(n + 2 for n in grid.shape_kji)
    matrix = np.array(grid.lps_from_ijk)
    matrix[:3, 3] = grid.lps_from_indices([-1, -1, -1])
    return Volume(VolumeGrid(shape, matrix), np.pad(volume.values, 1, constant_values=-1000))


def plastimatch_ms(volume: Volume) -> float | None:
    """Wall ms a picture of plastimatch's exact DRR, from the difference of runs of 4 pictures and 1."""
    if shutil.which("plastimatch") is None:
        return None
    import SimpleITK as sitk

    from imaging.sitk_bridge import image_from_volume

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "volume.mha"
        sitk.WriteImage(image_from_volume(volume), str(path))

        def run(angles: int) -> float:
            start = time.perf_counter()
            subprocess.run(
                ["plastimatch", "drr", "-a", str(angles), "-N", "5", "--sad", "600", "--sid", "1000",
                 "-r", "512 512", "-z", "384 384", "-i", "exact", "-O", f"{folder}/drr", str(path)],
                check=True, capture_output=True,
            )  # fmt: skip
            return time.perf_counter() - start

        return 1000 * (run(4) - run(1)) / 3


def compare(name: str, volume: Volume, threads: int) -> None:
    """Our times, the peers' and how far the pictures differ, at every pose."""
    print(f"{name}: {'x'.join(str(n) for n in volume.values.shape[::-1])} voxels, {threads} threads")
    projector, hull = Projector(volume), Projector(volume, keep=patient_mask(volume))
    air = framed(volume)
    in_air = Projector(air)
    try:
        rtk: Rtk | None = Rtk(volume, threads)
        rtk_in_air = Rtk(air, threads)
    except ImportError:
        rtk = None
    centre = volume.grid.centre_lps_mm
    for pose, (primary, secondary) in POSES.items():
        projection = Projection.of(CARM, CArmPose(primary, secondary, centre))
        wall, cpu = best(lambda p=projection: projector.line_integrals(p), 12)  # type: ignore[misc]
        cropped, _ = best(lambda p=projection: hull.line_integrals(p), 12)  # type: ignore[misc]
        ours = projector.line_integrals(projection)
        line = f"  {pose:14} ours {wall:6.1f} ms (cpu {cpu:6.1f}), patient only {cropped:6.1f} ms"
        if rtk is not None:
            (their_wall, their_cpu), theirs = rtk.measure(projection)
            off = 100 * np.percentile(np.abs(ours - theirs), 99.9) / theirs.max()
            theirs = rtk_in_air.measure(projection, 0)[1]
            alike = np.percentile(np.abs(in_air.line_integrals(projection) - theirs), 99.9)
            alike *= 100 / theirs.max()
            line += (
                f"; RTK {their_wall:7.1f} ms (cpu {their_cpu:7.1f}): {their_wall / wall:5.1f}x wall,"
                f" {their_cpu / cpu:5.1f}x cpu, p99.9 {off:.3f} % of the maximum, framed in air {alike:.3f} %"
            )
        print(line, flush=True)
    other = plastimatch_ms(volume)
    print(f"  plastimatch exact, AP: {other:.0f} ms" if other else "  plastimatch is not installed")


SHAPES = [(128, 128, 128), (256, 256, 256), (300, 512, 512), (600, 512, 512)]


def scaling(plot: Path | None) -> None:
    """Times by size and threads as a table, RTK's beside them, and as plots where matplotlib is installed."""
    most = numba.config.NUMBA_NUM_THREADS
    table: dict[str, list[float]] = {}
    print("scaling, AP, ms wall a picture (cpu)")
    for shape in SHAPES:
        volume = synthetic_volume(shape)
        projector, projection = Projector(volume), Projection.of(CARM, CArmPose(180.0, 0.0))
        line = f"  {'x'.join(str(n) for n in shape[::-1]):12}"
        for threads in range(1, most + 1):
            numba.set_num_threads(threads)
            wall, cpu = best(lambda q=projector, p=projection: q.line_integrals(p), 12)  # type: ignore[misc]
            table.setdefault(f"ours, {threads} threads", []).append(wall)
            line += f"  {threads} threads {wall:6.1f} ({cpu:6.1f})"
            try:
                (theirs, _), _ = Rtk(volume, threads).measure(projection, 2)
            except ImportError:
                continue
            table.setdefault(f"RTK, {threads} threads", []).append(theirs)
            line += f", RTK {theirs:7.1f}"
        print(line, flush=True)
    numba.set_num_threads(most)
    if plot is not None:
        draw_scaling(table, most, plot)


def draw_scaling(table: dict[str, list[float]], most: int, plot: Path) -> None:
    """Left: times over voxels. Right: how many times faster all threads are than one."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("no plot: matplotlib is not installed")
        return
    voxels = [np.prod(s) / 1e6 for s in SHAPES]
    figure, (times, gain) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, ms in table.items():
        times.loglog(voxels, ms, "o-" if name.startswith("ours") else "s--", label=name)
    times.set(xlabel="million voxels", ylabel="ms a picture, AP, 512 x 512")
    times.grid(True, which="both", alpha=0.3)
    times.legend(fontsize=8)
    for who in ("ours", "RTK"):
        one, all_ = table.get(f"{who}, 1 threads"), table.get(f"{who}, {most} threads")
        if one and all_:
            style = "o-" if who == "ours" else "s--"
            gain.semilogx(voxels, [a / b for a, b in zip(one, all_, strict=True)], style, label=who)
    gain.set(
        xlabel="million voxels", ylabel=f"times faster on {most} threads than on one", ylim=(0, most + 0.2)
    )
    gain.grid(True, which="both", alpha=0.3)
    gain.legend(fontsize=8)
    figure.savefig(plot, dpi=90, bbox_inches="tight")


def pipeline(volume: Volume) -> None:
    """Tool, picture and a moving C-arm with the clinical look."""
    engine = FluoroEngine(volume)
    start = time.perf_counter()
    engine.take(CArmPose(180.0, 0.0), carm=CARM)
    print(f"first picture after the volume is there: {time.perf_counter() - start:.2f} s")
    turn = np.deg2rad(np.linspace(0, 60, 30))
    arc = np.stack([60 - 12 * (1 - np.cos(turn)), 120 - 12 * np.sin(turn), 20 + 0 * turn], 1)
    path, widths = with_handle(np.concatenate([[[60.0, 160.0, 20.0]], arc]), np.full(31, 4.2), 150.0)
    tools = [Tool(path, widths, bore_diameter_mm=3.0, tip="bevel"), nitinol(arc, 2.4)]
    projection = Projection.of(CARM, CArmPose(150.0, 5.0))
    wall, cpu = best(lambda: tools_line_integral(projection, tools), 15)
    print(f"tools {wall:.1f} ms (cpu {cpu:.1f})")
    body, metal = engine.shadow(projection)[0], tools_line_integral(projection, tools)
    wall, cpu = best(lambda: exposed_picture(body, metal, projection, PictureSettings()), 15)
    print(f"clinical picture from line integrals {wall:.1f} ms (cpu {cpu:.1f})")
    count = 0

    def move() -> None:
        nonlocal count
        count += 1
        engine.take(CArmPose(150.0 + 0.25 * count, 3.0), PictureSettings(seed=count), tools, CARM)

    wall, cpu = best(move, 30)
    rate = 1000 / wall
    print(f"clinical picture, C-arm moving: {wall:.1f} ms (cpu {cpu:.1f}), {rate:.0f} a second")


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--scaling", type=Path)
    parser.add_argument("--threads", type=int, default=numba.config.NUMBA_NUM_THREADS)
    options = parser.parse_args(arguments)
    numba.set_num_threads(options.threads)
    volume = synthetic_volume()
    pipeline(volume)
    compare("synthetic", volume, options.threads)
    for folder in options.folders:
        from planner.services.open_case import open_case

        compare(folder.parent.name, open_case(folder).volume, options.threads)
    if options.scaling:
        scaling(options.scaling)


if __name__ == "__main__":
    main()
