"""Search for the cannula that keeps the greatest least clearance, or forgives most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import Access, Choice, Refusal, Target, TrajectoryParameters
from planner.trajectory.candidates import Candidates, curve_table, curved_candidates, straight_candidates
from planner.trajectory.extrapedicular import extrapedicular_candidates
from planner.trajectory.fields import VertebraFields
from planner.trajectory.forgiveness import simulate
from planner.trajectory.objective import Objective, Task
from planner.trajectory.refusals import (
    breach_refusal,
    not_measurable_refusal,
    not_reached_refusal,
    width_refusal,
)
from planner.trajectory.target import as_point

Array = NDArray[np.float64]
ROUNDS = ((1.0, 260), (0.5, 220), (0.25, 200))
SHIFTS_MM = (0.0, 1.0, 2.0, 3.0)
WIDE_MM = ((-1.0, 0.0), (0.0, -3.0), (0.0, 3.0), (2.0, -3.0), (2.0, 3.0), (4.0, -2.0), (4.0, 2.0))
STARTS = 6
FORGIVING_TRIALS = 12
FORGIVING_DRAWS = 1024
FORGIVING_MM = 0.5
WORTH_OF_MISS = 0.5


def plan_side(
    fields: VertebraFields,
    anatomy: VertebraAnatomy,
    target: Target,
    side: Side,
    device: DeviceProfile,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = NULL_PROGRESS,
    access: Access = "transpedicular",
    choice: Choice = "most central",
) -> TrajectoryParameters | Refusal:
    """The best cannula of one side, or why there is none. Deterministic; well under a second.

    Lines through the isthmus (or, on request, beside the pedicle) are tried with all convergences and tilts;
    for each the bend that brings the electrode's middle to the target follows from the curve's kinematics;
    the best are refined by small changes with a fixed seed. Where none keeps out of cortex, a wider search
    with other places in the target follows before it is refused.
    """
    name = anatomy.name
    pedicle = anatomy.pedicles.get(side)
    if pedicle is None:
        return not_measurable_refusal(anatomy, side)
    objective = Objective(Task(fields, anatomy, target, side, device, limits, access))
    narrow_mm = limits.needed_mm(limits.lateral_superior_mm)
    progress.step(0.1, f"{name} {side}: trying entries and directions")
    best = _best(objective, [(s, 0.0) for s in SHIFTS_MM])
    if best is None or objective.least_clearance(best)[0] < narrow_mm:
        progress.step(0.5, f"{name} {side}: searching wider")
        objective = Objective(objective.task, tight=True)
        other = _best(objective, list(WIDE_MM))
        if best is not None:
            best = _refine(objective, best)
        best = _better(objective, best, other)
    if best is None:
        narrow = width_refusal(name, side, pedicle, device, limits, None)
        return narrow or not_reached_refusal(fields, name, side, device, pedicle, target, access)
    least, toward = objective.least_clearance(best)
    if access != "extrapedicular" and least < narrow_mm:
        narrow = width_refusal(name, side, pedicle, device, limits, least)
        if narrow is not None:
            return narrow
    if least < limits.needed_mm(0.0):
        return breach_refusal(name, side, device, limits, least, toward)
    if choice == "most forgiving":
        progress.step(0.8, f"{name} {side}: comparing what each forgives")
        best = _most_forgiving(objective, best)
    progress.step(1.0, f"{name} {side}: planned")
    return _parameters(objective, best)


def _better(objective: Objective, a: Candidates | None, b: Candidates | None) -> Candidates | None:
    if a is None or b is None:
        return a if b is None else b
    return b if float(objective.values(b)[0]) > float(objective.values(a)[0]) else a


def _best(objective: Objective, shifts: list[tuple[float, float]]) -> Candidates | None:
    start = _first(objective, shifts)
    return None if start is None else _refine(objective, start)


def _first(objective: Objective, shifts: list[tuple[float, float]]) -> Candidates | None:
    """The best few candidates of the coarse search, best first; shifts are mm forward and to the left."""
    task = objective.task
    fields, device, side = task.fields, task.device, task.side
    pedicle = task.anatomy.pedicles[side]
    table = curve_table(device) if device.bend_radius_mm is not None else None
    left, posterior, _ = fields.axes_lps
    pools = []
    for forward, lateral in shifts:
        aim = np.asarray(task.target.centre_lps_mm) - forward * posterior + lateral * left
        if task.access == "extrapedicular":
            pools.append(extrapedicular_candidates(fields, side, device, aim))
            continue
        if table is not None:
            pools.append(curved_candidates(fields, pedicle, side, device, aim, table))
        pools.append(straight_candidates(fields, pedicle, side, device, aim))
    pool = Candidates.join([p for p in pools if p is not None and len(p)])
    if pool is None:
        return None
    value = objective.values(pool)
    order = np.argsort(-value, kind="stable")
    order = order[np.isfinite(value[order])]
    if not len(order):
        return None
    # Those with a way from the skin free of other bone come first, the least blocked where none is free.
    head = order[:150]
    blocked = objective.blocked(pool.take(head))
    chosen = head[blocked == 0] if (blocked == 0).any() else head[np.argsort(blocked, kind="stable")]
    return pool.take(chosen[:STARTS])


def _refine(objective: Objective, start: Candidates) -> Candidates:
    """Random small changes with a fixed seed, keeping the best and the electrode near the target."""
    rng = np.random.default_rng(7)
    best = start.take(np.array([int(np.argmax(objective.values(start)))]))
    best_value = float(objective.values(best)[0])
    allowed = int(objective.blocked(best)[0])
    for scale, count in ROUNDS:
        for base in (best, *(start.take(np.array([i])) for i in range(len(start)) if scale == 1.0)):
            trial = base.perturbed(rng, scale, count, objective.device)
            values = objective.values(trial)
            for index in np.argsort(-values, kind="stable")[:5]:
                if not values[index] > best_value:
                    break
                one = trial.take(np.array([index]))
                if int(objective.blocked(one)[0]) > allowed:
                    continue
                best, best_value = one, float(values[index])
                break
    return best


def _most_forgiving(objective: Objective, best: Candidates) -> Candidates:
    """Among the best and small changes of it, the one with the least probability of a breach or a miss."""
    task = objective.task
    quick = replace(task.limits, draws=FORGIVING_DRAWS)
    rng = np.random.default_rng(11)
    floor, _ = objective.least_clearance(best)
    kept = task.limits.needed_mm(FORGIVING_MM)
    allowed = int(objective.blocked(best)[0])

    def risk(one: Candidates) -> float:
        f = simulate(
            task.fields, task.anatomy.body, task.target, task.side, task.device,
            _parameters(objective, one), quick,
        )  # fmt: skip
        return f.breach + WORTH_OF_MISS * f.missed_target

    chosen, chosen_risk = best, risk(best)
    for scale in (1.0, 0.5):
        trial = chosen.perturbed(rng, scale, 8 * FORGIVING_TRIALS, task.device)
        values = objective.values(trial)
        for index in np.argsort(-values, kind="stable")[:FORGIVING_TRIALS]:
            one = trial.take(np.array([index]))
            if not np.isfinite(values[index]) or objective.least_clearance(one)[0] < min(floor, kept):
                continue
            value = risk(one)
            if value < chosen_risk and int(objective.blocked(one)[0]) <= allowed:
                chosen, chosen_risk = one, value
    return chosen


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
