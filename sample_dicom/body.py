"""Lumbar vertebral bodies, their discs, canal and basivertebral foramen, in the body's own frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.labels import SACRUM
from sample_dicom.canvas import F32, Primitive, ellipse_distance, smooth_max
from sample_dicom.frames import rim_height_mm
from sample_dicom.parameters import LevelShape

SIDE_WAIST_MM = 2.8
FRONT_WAIST_MM = 2.0
WALL_WAIST_MM = 0.9
DISH_MM = 1.9
FORAMEN_DEPTH_FRACTION = 0.19


@dataclass(frozen=True, slots=True)
class BodyShape:
    """Exact sizes of a body in its frame: the zero surface of ``body`` passes through them.

    Attributes:
        half_width_mm: at mid height.
        depth_mm: midline, mid height; the walls lie at v = -depth/2 and +depth/2.
        height_mm: between the dished endplates at the centre.
        rim_mm: height at the rim, mid depth; wedge: anterior minus posterior height over the depth.
        front_taper: how much the anterior wall recedes per mm downwards (S1 only).
    """

    half_width_mm: float
    depth_mm: float
    height_mm: float
    rim_mm: float
    wedge: float
    concavity_mm: float
    front_taper: float
    side_taper: float


def body_shape(shape: LevelShape) -> BodyShape:
    """Body of a level."""
    rim = rim_height_mm(shape)
    sacral = shape.verse == SACRUM
    taper = 0.30 if sacral else 0.0
    waist = 0.0 if sacral else FRONT_WAIST_MM + WALL_WAIST_MM
    return BodyShape(
        half_width_mm=shape.width_mm / 2 - (5.0 if sacral else SIDE_WAIST_MM),
        depth_mm=shape.depth_mm - waist - taper * rim / 2,
        height_mm=rim - (DISH_MM if sacral else 2 * DISH_MM),
        rim_mm=rim,
        wedge=0.0 if sacral else (shape.anterior_height_mm - shape.posterior_height_mm) / shape.depth_mm,
        concavity_mm=shape.wall_concavity_mm,
        front_taper=taper,
        side_taper=0.38 if sacral else 0.0,
    )


def body(b: BodyShape) -> Primitive:
    """The closed body (foramen filled)."""
    sacral = b.front_taper > 0
    v0 = 0.06 * b.depth_mm
    waist = (0.0, 0.0, 0.0) if sacral else (SIDE_WAIST_MM, FRONT_WAIST_MM, WALL_WAIST_MM)
    # An S1 endplate is dished, its lower end is fused: centre the height on the midpoint of both.
    drop = DISH_MM / 2 if sacral else 0.0

    def distance(u: F32, v: F32, w: F32) -> F32:
        rim = np.minimum(np.abs(w) * np.float32(2 / b.rim_mm), 1.25)
        rim = rim * rim
        half = b.half_width_mm + waist[0] * rim + b.side_taper * w
        front = b.depth_mm / 2 + waist[1] * rim + b.front_taper * w + v0
        wall = b.depth_mm / 2 + waist[2] * rim + b.concavity_mm * np.minimum((u / half) ** 2, 1.3)
        vv = v - np.float32(v0)
        semi = np.where(vv < 0, front, np.float32(1.35 * (b.depth_mm / 2 - v0)))
        side = smooth_max(ellipse_distance(u, vv, half, semi, 2.4), np.asarray(v - wall, np.float32), 4.0)
        dish = DISH_MM * np.clip(1 - (u / half) ** 2 - (v / (b.depth_mm / 2)) ** 2, 0, 1)
        top = b.rim_mm / 2 - v * np.float32(b.wedge / 2) - dish
        bottom = b.rim_mm / 2 - v * np.float32(b.wedge / 2) - (0.0 if sacral else dish)
        ends = np.maximum(w - top - drop, -w - bottom + drop)
        return smooth_max(side, np.asarray(ends, np.float32), 2.0)

    a = b.half_width_mm + 3 + b.side_taper * b.rim_mm / 2
    d = b.depth_mm / 2 + 3 + b.front_taper * b.rim_mm / 2
    h = b.rim_mm / 2 + abs(b.wedge) * d / 2 + 1
    return Primitive.of(distance, (-a, -d, -h), (a, d + 1, h))


def disc(lower: BodyShape, upper: BodyShape, height_mm: float) -> Primitive:
    """Disc in a frame centred between two bodies; bone painted over it trims its ends."""
    half = min(lower.half_width_mm + lower.side_taper * lower.rim_mm / 2, upper.half_width_mm) + 2.0
    depth = min(lower.depth_mm + lower.front_taper * lower.rim_mm / 2, upper.depth_mm) + 1.5
    concavity = (lower.concavity_mm + upper.concavity_mm) / 2
    tall = height_mm / 2 + 5.0

    def distance(u: F32, v: F32, w: F32) -> F32:
        wall = v - depth / 2 - concavity * np.minimum((u / half) ** 2, 1.3)
        side = smooth_max(
            ellipse_distance(u, v - 1.5, half, depth * 0.56, 2.4), np.asarray(wall, np.float32), 4
        )
        return np.asarray(np.maximum(side, np.abs(w) - tall), np.float32)

    return Primitive.of(distance, (-half, -depth, -tall), (half, depth, tall))


def canal(shape: LevelShape, b: BodyShape, low_w: float, high_w: float, inset_mm: float = 0.0) -> Primitive:
    """Vertebral canal from low_w to high_w: rounded triangle behind the posterior wall."""
    half = shape.canal_width_mm / 2 - 0.4 - inset_mm
    deep = shape.canal_depth_mm / 2 - inset_mm
    centre = b.depth_mm / 2 + shape.canal_depth_mm / 2

    def distance(u: F32, v: F32, w: F32) -> F32:
        vv = v - np.float32(centre)
        narrowing = 1 - 0.018 * np.maximum(vv, 0)
        round_wall = ellipse_distance(u, vv, half * narrowing, deep, 2.5)
        front = b.depth_mm / 2 + inset_mm + b.concavity_mm * np.minimum((u / b.half_width_mm) ** 2, 1.0) - v
        side = np.maximum(round_wall, front)
        return np.asarray(np.maximum(side, np.maximum(w - high_w, low_w - w)), np.float32)

    return Primitive.of(
        distance, (-half - 1, b.depth_mm / 2 - 3, low_w), (half + 1, centre + deep + 1, high_w)
    )


def foramen_mouth_local(shape: LevelShape, b: BodyShape) -> np.ndarray:
    """(3,) where the foramen's axis meets the closed posterior wall, local mm."""
    w = (shape.foramen_height - 0.5) * b.height_mm
    waist = 0.0 if b.front_taper > 0 else WALL_WAIST_MM * (2 * w / b.rim_mm) ** 2
    return np.array([0.0, b.depth_mm / 2 + waist, w])


def foramen(shape: LevelShape, b: BodyShape) -> Primitive:
    """Midline cleft that opens on the posterior wall: a cone, flat from above, and its two vein channels."""
    mouth = foramen_mouth_local(shape, b)
    depth = FORAMEN_DEPTH_FRACTION * b.depth_mm

    def distance(u: F32, v: F32, w: F32) -> F32:
        into = mouth[1] - v
        open_ = np.clip(1 - into / depth, 0.02, 1.0)
        cone = ellipse_distance(u, w - np.float32(mouth[2]), 1.2 + 3.4 * open_, 0.9 + 1.9 * open_)
        cone = np.maximum(cone, into - np.float32(depth + 0.5))
        run = np.abs(np.abs(u) - np.clip(into - depth, 0, None) * 0.75)
        vein = np.sqrt(run * run + (w - np.float32(mouth[2])) ** 2) - 0.9
        vein = np.maximum(vein, np.maximum(into - np.float32(depth + 8), 0.3 * depth - into))
        return np.asarray(np.maximum(np.minimum(cone, vein), -into - 3), np.float32)

    return Primitive.of(distance, (-9, mouth[1] - depth - 9, mouth[2] - 4), (9, mouth[1] + 3, mouth[2] + 4))
