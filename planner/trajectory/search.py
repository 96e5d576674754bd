"""Search for the cannula that keeps the greatest least clearance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import PedicleGeometry, VertebraAnatomy
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import Refusal, Target, TrajectoryParameters
from planner.trajectory.candidates import Candidates, curve_table, curved_candidates, straight_candidates
from planner.trajectory.fields import VertebraFields
from planner.trajectory.objective import Objective
from planner.trajectory.refusals import breach_refusal, not_reached_refusal, width_refusal
from planner.trajectory.target import as_point

Array = NDArray[np.float64]
ROUNDS = ((1.0, 260), (0.5, 220), (0.25, 200))
SHIFTS_MM = (0.0, 1.0, 2.0, 3.0)


@dataclass(frozen=True, eq=False)
class _Context:
    fields: VertebraFields
    anatomy: VertebraAnatomy
    pedicle: PedicleGeometry
    target: Target
    side: Side
    device: DeviceProfile
    limits: Limits


def plan_side(
    fields: VertebraFields,
    anatomy: VertebraAnatomy,
    target: Target,
    side: Side,
    device: DeviceProfile,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = NULL_PROGRESS,
) -> TrajectoryParameters | Refusal:
    """The best cannula of one side, or why there is none. Deterministic; about a second.

    Lines through the isthmus are tried with all convergences and tilts; for each the bend that brings the
    electrode's middle to the target follows from the curve's kinematics; the best are refined by small
    changes with a fixed seed.
    """
    name = anatomy.name
    pedicle = anatomy.pedicles.get(side)
    if pedicle is None:
        text = next(
            (f.text for f in anatomy.findings if f.code.endswith(f"_{side}") and f.severity == "stop"), ""
        )
        reason = text.split(": ", 1)[-1] or "the pedicle cannot be measured."
        return Refusal(side, "pedicle_not_measurable", f"{name} {side} is not planned: {reason}")
    too_narrow = width_refusal(name, side, pedicle, device, limits)
    if too_narrow is not None:
        return too_narrow
    context = _Context(fields, anatomy, pedicle, target, side, device, limits)
    objective = Objective(fields, anatomy, target, side, device, limits)
    progress.step(0.1, f"{name} {side}: trying entries and directions")
    start = _first(context, objective)
    if start is None:
        return not_reached_refusal(name, side, device, pedicle, target)
    progress.step(0.6, f"{name} {side}: refining")
    best = _refine(context, objective, start)
    progress.step(1.0, f"{name} {side}: planned")
    least, toward = objective.least_clearance(best)
    if least < 0:
        return breach_refusal(name, side, device, least, toward)
    return _parameters(objective, best)


def _first(context: _Context, objective: Objective) -> Candidates | None:
    """The best few candidates of the coarse search, best first."""
    pools = []
    forward = -context.fields.axes_lps[1]
    for shift in SHIFTS_MM:
        aim = np.asarray(context.target.centre_lps_mm) + shift * forward
        if context.device.bend_radius_mm is not None:
            table = curve_table(context.device)
            pools.append(
                curved_candidates(context.fields, context.pedicle, context.side, context.device, aim, table)
            )
        pools.append(straight_candidates(context.fields, context.pedicle, context.side, context.device, aim))
    pool = Candidates.join([p for p in pools if p is not None and len(p)])
    if pool is None:
        return None
    value = objective.values(pool)
    order = np.argsort(-value, kind="stable")
    order = order[np.isfinite(value[order])]
    if not len(order):
        return None
    return pool.take(_free_first(context.fields, objective, pool, order))


def _free_first(
    fields: VertebraFields, objective: Objective, pool: Candidates, order: NDArray[np.int_]
) -> NDArray[np.int_]:
    """Six best candidates whose way from the skin is free of other bone; the best at all where none is."""
    head = order[:150]
    entries = objective.entries(pool.take(head))
    back = np.arange(2.0, 45.0, 1.5)
    ways = entries[:, None] - back[None, :, None] * pool.direction[head][:, None]
    blocked = fields.other_bone(ways).sum(1)
    free = head[blocked == 0]
    return free[:6] if len(free) else head[np.argsort(blocked, kind="stable")][:6]


def _refine(context: _Context, objective: Objective, start: Candidates) -> Candidates:
    """Random small changes with a fixed seed, keeping the best and the electrode near the target."""
    rng = np.random.default_rng(7)
    pool = start
    best = pool.take(np.array([int(np.argmax(objective.values(pool)))]))
    best_value = float(objective.values(best)[0])
    for scale, count in ROUNDS:
        for base in (best, *(pool.take(np.array([i])) for i in range(len(pool)) if scale == 1.0)):
            trial = base.perturbed(rng, scale, count, context.device)
            values = objective.values(trial)
            for index in np.argsort(-values, kind="stable")[:5]:
                if not values[index] > best_value:
                    break
                one = trial.take(np.array([index]))
                if objective.blocked(one):
                    continue
                best, best_value = one, float(values[index])
                break
    return best


def _parameters(objective: Objective, best: Candidates) -> TrajectoryParameters:
    entry = objective.entries(best)[0]
    straight = float((best.point[0] - entry) @ best.direction[0] + best.bend_at[0])
    return TrajectoryParameters(
        as_point(entry),
        as_point(best.direction[0]),
        straight,
        as_point(best.bend[0]),
        float(np.rad2deg(best.turn[0])),
        float(best.tip[0]),
    )
