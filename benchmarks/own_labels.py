"""Plans from the product's own labels of a phantom, judged on the phantom's exact shape.

usage: own_labels.py [SEED ...]    default 7, the bundled sample's spine (L3 to S1 are planned)

A row per measured level (target and isthmus against the truth) and a row per route (claimed and true
clearance past the docking length; the walls of the pedicle by direction; the grade on the exact bone).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.labels import NAME_FROM_VERSE, SACRUM, SIDES, Side
from imaging.segmentation.anatomy import measure_anatomy
from imaging.segmentation.result import SpineLabels
from imaging.segmentation.spine import label_spine
from planner.devices.catalogue import device_by_id
from planner.domain.bands import gertzbein_robbins
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import Refusal
from planner.trajectory.clearance import WORDS, wall_clearances
from planner.trajectory.fields import VertebraFields, prepare_fields
from planner.trajectory.path import build_path
from planner.trajectory.search import plan_side
from planner.trajectory.target import default_target
from sample_dicom.exact import ExactBone, exact_bone
from sample_dicom.phantom import Phantom, PhantomParameters, build_phantom

Array = NDArray[np.float64]
PLANNED = (22, 23, 24, SACRUM)
DEVICE = device_by_id("curved-8g")
PEDICLE_MM = (-1.0, 9.0)
"""Behind the posterior wall, where the walls are compared by direction."""


@dataclass(frozen=True)
class Route:
    """One planned side: clearances in mm, past the docking length, claimed as a plan states them and on the
    exact bone."""

    name: str
    side: Side
    claimed_mm: float
    true_mm: float
    grade: str
    walls_claimed: dict[str, float | None]
    walls_true: dict[str, float | None]


class _Exact:
    """The exact bone in place of the fields that the planner made from labels."""

    def __init__(self, fields: VertebraFields, exact: ExactBone) -> None:
        self.axes_lps = fields.axes_lps
        self.bone_mm, self.grid = exact.bone_mm, exact.grid
        self._exact = exact

    def bone(self, points_lps_mm: ArrayLike) -> Array:
        """Distance to bone's surface, positive inside."""
        return self._exact.bone(points_lps_mm)

    def outward(self, points_lps_mm: Array) -> Array:
        """(N, 3) direction to the nearest surface from inside."""
        steps = [self.bone(points_lps_mm + d) - self.bone(points_lps_mm - d) for d in 0.5 * np.eye(3)]
        slope = -np.stack(steps, -1)
        return np.asarray(slope / np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-9))


def measured(phantom: Phantom, labels: SpineLabels) -> dict[int, VertebraAnatomy]:
    """Anatomy measured on the labels, by level."""
    found = measure_anatomy(labels.vertebrae, labels.structures, phantom.volume, labels.confidence)
    return {anatomy.verse: anatomy for anatomy in found}


def routes(
    phantom: Phantom,
    labels: SpineLabels,
    anatomy: dict[int, VertebraAnatomy],
    levels: tuple[int, ...] = PLANNED,
) -> Iterator[Route | Refusal]:
    """Plan both sides of each level from the labels and judge them on the exact bone."""
    for verse in levels:
        own = anatomy[verse]
        fields = prepare_fields(own, labels.vertebrae, labels.structures, volume=phantom.volume)
        exact = exact_bone(phantom.parameters, verse)
        for side in SIDES:
            found = plan_side(fields, own, default_target(own), side, DEVICE)
            if isinstance(found, Refusal):
                yield found
                continue
            points, diameters, _ = build_path(found, DEVICE)
            along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
            use = along >= DEFAULT_LIMITS.docking_mm
            claimed = float((fields.bone(points) - diameters / 2)[use].min())
            true = float((exact.bone(points) - diameters / 2)[use].min())
            behind = (points - own.body.posterior_wall_lps_mm) @ own.body.posterior
            zone = use & (behind > PEDICLE_MM[0]) & (behind < PEDICLE_MM[1])
            walls = (
                wall_clearances(fields, side, points, diameters, zone),
                wall_clearances(_Exact(fields, exact), side, points, diameters, zone),  # type: ignore[arg-type]
            )
            yield Route(own.name, side, claimed, true, gertzbein_robbins(max(0.0, -true)), *walls)


def off_truth(anatomy: VertebraAnatomy, phantom: Phantom) -> tuple[float, dict[Side, float]]:
    """(mm from the true target, mm from the true isthmus by side)."""
    truth = phantom.truth[anatomy.verse]
    target = np.asarray(default_target(anatomy).centre_lps_mm) - truth.target_lps_mm
    isthmus = {
        side: float(np.linalg.norm(p.isthmus_centre_lps_mm - truth.pedicles[side].isthmus_centre_lps_mm))
        for side, p in anatomy.pedicles.items()
    }
    return float(np.linalg.norm(target)), isthmus


def _number(value: float | None) -> str:
    return "   -" if value is None else f"{value:4.1f}"


def main() -> None:
    """Print the tables."""
    for seed in [int(a) for a in sys.argv[1:]] or [7]:
        phantom = build_phantom(PhantomParameters(seed=seed, field_mm=(150.0, 150.0), marker="back"))
        labels = label_spine(phantom.volume)
        anatomy = measured(phantom, labels)
        print(f"seed {seed}")
        for verse, own in anatomy.items():
            if verse in phantom.truth:
                target, isthmus = off_truth(own, phantom)
                sides = "  ".join(f"{side} {mm:.2f}" for side, mm in isthmus.items())
                print(f"  {NAME_FROM_VERSE[verse]:4} target {target:.2f}  isthmus {sides}")
        for route in routes(phantom, labels, anatomy):
            if isinstance(route, Refusal):
                print(f"  refused: {route.reason}")
                continue
            by_wall = "  ".join(
                f"{word} {_number(route.walls_claimed[word])} / {_number(route.walls_true[word])}"
                for word in WORDS[:4]
            )
            print(
                f"  {route.name} {route.side:5} claimed {route.claimed_mm:.2f} true {route.true_mm:.2f} "
                f"grade {route.grade}  claimed / true: {by_wall}"
            )


if __name__ == "__main__":
    main()
