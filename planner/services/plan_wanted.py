"""Plan the wanted levels of what was found, as one piece of work that may run apart."""

from __future__ import annotations

import numpy as np

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE, SIDES
from imaging.progress import Progress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.limits import Limits
from planner.domain.plan import Plan
from planner.services import propose_plan
from planner.services.open_case import Case
from planner.services.vertebra_fields import Kept, kept_fields


def plan_with_fields(
    case: Case, found: SpineSegmentation, wanted: tuple[int, ...], limits: Limits, progress: Progress
) -> tuple[Plan, Kept]:
    """The plan of the wanted levels, and the distance fields that were prepared on the way."""
    return plan_wanted(case, found, wanted, limits, progress), kept_fields(found)


def plan_wanted(
    case: Case, found: SpineSegmentation, wanted: tuple[int, ...], limits: Limits, progress: Progress
) -> Plan:
    """Plan the wanted levels on both sides, as far as they are in the image.

    Raises:
        PlannerError: nothing_to_plan where none of them is.
    """
    present = {int(v) for v in np.unique(found.vertebrae.labels)}
    here = [v for v in wanted if v in present]
    if not here:
        names = ", ".join(NAME_FROM_VERSE[v] for v in sorted(present) if v in NAME_FROM_VERSE)
        asked = ", ".join(NAME_FROM_VERSE[v] for v in wanted)
        raise PlannerError(
            "nothing_to_plan",
            f"{asked}: none of these levels was found in the images (found: {names or 'none'}). Open images "
            "that show them, or change the levels to plan in Settings.",
        )
    device = propose_plan.device_named(None)
    return propose_plan.propose_plan(case, found, here, SIDES, device, progress, limits)
