"""What a clearance measured on MR alone is worth: an interval, and a risk that includes it."""

from __future__ import annotations

from dataclasses import replace
from math import erf, sqrt

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.mr.anatomy import seen_code
from imaging.mr.model_arch import clearance_sd_mm
from imaging.volume import Volume
from planner.domain.bands import MR_INTERVAL
from planner.domain.limits import Limits
from planner.domain.plan import Clearances, LevelPlan, Trajectory

# Standard deviations on either side: in twelve calibration phantoms (seeds 0 to 3, 300 to 307 of
# benchmarks/mr_intervals.py) every clearance of a tool lies inside at once in 95 % of the tools.
COVER = 2.2
WALLS = ("medial", "lateral", "superior", "inferior")
_SEEN = "the pedicle was seen, its direction is a model"
_MODELLED = "the pedicle's cortex was not seen, its size is a model"
NAMES = (*WALLS, "canal", "electrode_to_canal", "lesion_to_canal", "anterior", "endplates")


def intervals_mm(clearances: Clearances, slice_mm: float, verse: int) -> dict[str, tuple[float, float]]:
    """Interval (COVER standard deviations) of each clearance that was measured, by its name."""
    sd = clearance_sd_mm(slice_mm, verse)
    out = {}
    for name in NAMES:
        value = getattr(clearances, name)
        if value is not None:
            out[name] = (value - COVER * sd[name], value + COVER * sd[name])
    return out


def with_intervals(
    trajectory: Trajectory, volume: Volume, anatomy: VertebraAnatomy, limits: Limits
) -> Trajectory:
    """A trajectory measured on MR, with its intervals in a caution and its risk of a breach raised.

    A pedicle that was seen is said so; its intervals are as wide, for nothing but phantoms tells how well.
    """
    verse = anatomy.verse
    seen = any(f.code == seen_code(trajectory.side) for f in anatomy.findings)
    slice_mm = float(volume.grid.spacing_ijk_mm.max())
    spans = intervals_mm(trajectory.clearance_mm, slice_mm, verse)
    sd = clearance_sd_mm(slice_mm, verse)
    safe = 1.0 - trajectory.breach_probability
    for name in WALLS:
        value = getattr(trajectory.clearance_mm, name)
        if value is not None:
            safe *= 0.5 * (1 + erf((value - limits.needed_mm(0.0)) / sd[name] / sqrt(2)))
    walls = [f"{name} {_span(*spans[name])}" for name in WALLS if name in spans]
    low = min((spans[name][0] for name in WALLS if name in spans), default=None)
    text = (
        f"From MR: {_SEEN if seen else _MODELLED}. Clearances may lie anywhere within {', '.join(walls)} mm "
        "(widths from few phantoms, not from people). A CT settles them."
    )
    finding = Finding("caution", MR_INTERVAL, text, low, limits.needed_mm(0.0), "mm")
    risk = 1.0 - safe
    forgiveness = trajectory.forgiveness
    if forgiveness is not None:
        forgiveness = replace(forgiveness, breach=max(forgiveness.breach, risk))
    rest = tuple(f for f in trajectory.findings if f.code != MR_INTERVAL)
    return replace(trajectory, findings=(*rest, finding), breach_probability=risk, forgiveness=forgiveness)


def level_with_intervals(
    level: LevelPlan, volume: Volume, anatomy: VertebraAnatomy, limits: Limits
) -> LevelPlan:
    """A level planned on MR with what its clearances are worth; a level planned on CT as it is."""
    if volume.modality != "MR":
        return level
    return replace(
        level, trajectories=tuple(with_intervals(t, volume, anatomy, limits) for t in level.trajectories)
    )


def _span(low_mm: float, high_mm: float) -> str:
    return f"{low_mm:z.1f} to {high_mm:z.1f}".replace("-", "\u2212")
