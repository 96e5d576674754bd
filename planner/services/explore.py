"""What a person looks at while choosing: the map of entries and what a tool reaches from its entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.labels import Side
from imaging.segmentation.result import SpineSegmentation
from planner.domain.limits import Limits
from planner.domain.plan import Plan
from planner.services.open_case import Case
from planner.services.propose_plan import device_of
from planner.services.vertebra_fields import fields_of
from planner.trajectory.entry_map import EntryMap, entry_map
from planner.trajectory.reach import ReachSurface, reach_surface

# Good, caution, stop and no bone, as in the app's bands; the last is dark grey.
COLOURS = np.array([[69, 199, 154], [246, 196, 69], [242, 107, 78], [38, 42, 47]], np.uint8)


def entry_map_of(case: Case, found: SpineSegmentation, plan: Plan, verse: int, side: Side) -> EntryMap:
    """Margins for every entry round the planned one; PlannerError ``not_planned``."""
    _, trajectory = plan.planned(verse, side)
    device = device_of(plan, trajectory.device)
    return entry_map(fields_of(found, verse, case.volume), device, trajectory.parameters, plan.limits)


def entry_map_image(chart: EntryMap, limits: Limits) -> NDArray[np.uint8]:
    """(N, N, 3) colours of an entry map: good from what a medial or inferior wall needs, stop a breach."""
    margin = np.nan_to_num(chart.margin_mm, nan=-np.inf)
    good, breach = limits.needed_mm(limits.medial_inferior_mm), limits.needed_mm(0.0)
    index = np.where(margin >= good, 0, np.where(margin >= breach, 1, 2))
    return COLOURS[np.where(np.isfinite(chart.margin_mm), index, 3)]


def reach_of(case: Case, found: SpineSegmentation, plan: Plan, verse: int, side: Side) -> ReachSurface:
    """The surface a tool reaches from its entry, its introducer as planned; PlannerError ``not_planned``."""
    level, trajectory = plan.planned(verse, side)
    if level.target is None:
        raise PlannerError("not_planned", "This level has no target.")
    device = device_of(plan, trajectory.device)
    return reach_surface(fields_of(found, verse, case.volume), device, trajectory.parameters, level.target)
