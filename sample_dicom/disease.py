"""What age, disease and surgery add to a vertebra: spurs at the rims, gas in a disc, screws."""

from __future__ import annotations

import numpy as np

from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM
from sample_dicom.arch import PedicleShape
from sample_dicom.body import BodyShape
from sample_dicom.canvas import F32, Primitive, ellipse_distance, rod
from sample_dicom.frames import Frame
from sample_dicom.parameters import LevelShape, PhantomParameters

SCREW_RADIUS_MM = 3.0
SCREW_HEAD_RADIUS_MM = 6.0


def osteophytes(shape: LevelShape, b: BodyShape, parameters: PhantomParameters) -> list[Primitive]:
    """Claws at the front and sides of a lumbar body's rims, where the seed puts them."""
    if parameters.osteophyte_mm <= 0 or shape.verse == SACRUM:
        return []
    random = np.random.default_rng([parameters.seed, 9, shape.verse])
    half, front = b.half_width_mm + 2.0, b.depth_mm / 2 + 1.0
    out = []
    for end in (1.0, -1.0):
        for degrees in (-70.0, -35.0, 0.0, 35.0, 70.0):
            reach = parameters.osteophyte_mm * float(random.uniform(0.0, 1.0))
            if reach < 1.5:
                continue
            a = np.deg2rad(degrees + float(random.uniform(-10, 10)))
            way = np.array([np.sin(a), -np.cos(a), 0.0])
            rim = np.array([half * np.sin(a), -front * np.cos(a), end * (b.rim_mm / 2 - 3.0)])
            tip = rim + way * reach + np.array([0, 0, end * (1.0 + 0.25 * reach)])
            out.append(rod(rim - way * 3.0, tip, 3.2, 1.8, (1.6, 1.6, 0.9)))
    return out


def vacuum(b: BodyShape, shape: LevelShape) -> Primitive:
    """A flat cleft of gas in the front two thirds of a disc, in the disc's frame."""
    half, deep = 0.55 * b.half_width_mm, 0.30 * b.depth_mm
    thick = min(1.6, 0.3 * shape.disc_below_mm)

    def distance(u: F32, v: F32, w: F32) -> F32:
        side = ellipse_distance(u, v + np.float32(2.0), half, deep)
        return np.asarray(np.maximum(side, np.abs(w) - thick), np.float32)

    return Primitive.of(distance, (-half, -deep - 3, -thick), (half, deep, thick))


def screw(p: PedicleShape) -> Primitive:
    """A polyaxial screw along the pedicle's axis into the body, with its head on the lamina."""
    radius = min(SCREW_RADIUS_MM, 0.38 * p.width_mm)
    shaft = rod(p.centre - p.axis * 13.0, p.centre + p.axis * 28.0, radius)
    head = rod(p.centre - p.axis * 20.0, p.centre - p.axis * 14.0, SCREW_HEAD_RADIUS_MM)

    def distance(u: F32, v: F32, w: F32) -> F32:
        return np.asarray(np.minimum(shaft.distance(u, v, w), head.distance(u, v, w)), np.float32)

    return Primitive(distance, np.minimum(shaft.low, head.low), np.maximum(shaft.high, head.high))


def streaks(hu: F32, grid: VolumeGrid, screws: list[tuple[Frame, Primitive]]) -> None:
    """Dark bands between and bright rays around metal in each axial slice, as beam hardening leaves."""
    if not screws:
        return
    rows, columns = hu.shape[1:]
    sx, sy, sz = (float(v) for v in grid.spacing_ijk_mm)
    x = (np.arange(columns) * sx)[None, :]
    y = (np.arange(rows) * sy)[:, None]
    metal = hu > 4000
    for k in np.flatnonzero(metal.any((1, 2))):
        at = np.argwhere(metal[k])
        strength = min(1.0, len(at) * sx * sy / 80.0)
        middle = at.mean(0) * (sy, sx)
        far = np.hypot(at[:, 0] * sy - middle[0], at[:, 1] * sx - middle[1]).max()
        ys, xs = y - middle[0], x - middle[1]
        angle, r = np.arctan2(ys, xs), np.hypot(ys, xs)
        band = -220.0 * np.exp(-((ys / 5.0) ** 2)) * (np.abs(xs) < far + 25)
        rays = 90.0 * np.cos(angle * 14 + 0.7 * k * sz) * np.exp(-r / 45.0) * np.clip(r / 10.0, 0, 1)
        hu[k] += ((band + rays) * strength * ~metal[k]).astype(np.float32)
