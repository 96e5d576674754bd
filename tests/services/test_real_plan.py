"""From real images to a plan and its edits; slow, so one level only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imaging.errors import PlannerError
from imaging.segmentation.result import SpineSegmentation
from planner.domain.plan import Plan
from planner.services.edit_plan import change_target, change_trajectory, plan_again
from planner.services.import_segmentation import import_segmentation
from planner.services.open_case import Case, open_case
from planner.services.propose_plan import device_named, propose_plan
from planner.services.segment_case import segment_case
from planner.services.vertebra_fields import fields_of
from planner.storage.plan_json import plan_from_text, plan_to_text
from planner.trajectory.fields import prepare_fields

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ct_verse005"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="the real images are not beside this checkout"),
]
L4, T12 = 23, 19


@pytest.fixture(scope="module")
def planned() -> tuple[Case, SpineSegmentation, Plan]:
    case = open_case(DATA / "dicom")
    found = segment_case(case)
    return case, found, propose_plan(case, found, [L4, T12], ["left", "right"], device_named(None))


def test_plan_is_complete_and_readable(planned: tuple[Case, SpineSegmentation, Plan]) -> None:
    _, found, plan = planned
    assert [level.name for level in plan.levels] == ["T12", "L4"]
    assert {r.side for r in plan.levels[0].refused} == {"left", "right"}
    assert all("T12" in r.reason for r in plan.levels[0].refused)
    assert not plan.levels_confirmed
    assert "level_count_unconfirmed" in {f.code for f in plan.findings if f.severity == "stop"}
    assert plan_from_text(plan_to_text(plan, found)) == plan
    for t in plan.levels[1].trajectories:
        steps = np.linalg.norm(np.diff(np.array(t.path_lps_mm), axis=0), axis=1)
        assert steps.max() <= 0.5 + 1e-9
        assert len(t.outer_diameter_mm) == len(t.path_lps_mm)
        assert [name for name, _, _ in t.carm] == ["ap", "lateral", "oblique", "en_face"]
        body = found.level(L4)
        assert body is not None
        side = (np.array(t.bone_entry_lps_mm) - body.body.centre_lps_mm) @ body.body.left
        assert (side > 3) == (t.side == "left")


def test_edits_measure_again_and_the_same_parameters_change_nothing(
    planned: tuple[Case, SpineSegmentation, Plan],
) -> None:
    case, found, plan = planned
    t = plan.levels[1].trajectories[0]
    kept = fields_of(found, L4, case.volume)
    assert kept is fields_of(found, L4, case.volume)
    anatomy = found.level(L4)
    assert anatomy is not None
    # Edits, the map of entries and the heat stand on the plan's own distances, which follow the CT's edge.
    own = prepare_fields(anatomy, found.vertebrae, found.structures, volume=case.volume)
    assert np.array_equal(kept.bone_mm, own.bone_mm)
    assert change_trajectory(case, found, plan, L4, t.side, t.parameters) == plan
    longer = replace(t.parameters, straight_mm=t.parameters.straight_mm + 60)
    worse = change_trajectory(case, found, plan, L4, t.side, longer).levels[1].trajectory(t.side)
    assert worse is not None
    assert any(f.severity == "stop" for f in worse.findings)
    quick = change_trajectory(case, found, plan, L4, t.side, longer, quick=True).levels[1].trajectory(t.side)
    assert quick is not None
    assert quick.clearance_mm == worse.clearance_mm
    with pytest.raises(PlannerError, match="not planned"):
        change_trajectory(case, found, plan, T12, "left", t.parameters)


def test_a_moved_target_changes_coverage_not_the_tool(planned: tuple[Case, SpineSegmentation, Plan]) -> None:
    case, found, plan = planned
    target = plan.levels[1].target
    assert target is not None
    x, y, z = target.centre_lps_mm
    moved = change_target(case, found, plan, L4, (x, y, z + 8.0)).levels[1]
    for before, after in zip(plan.levels[1].trajectories, moved.trajectories, strict=True):
        assert after.path_lps_mm == before.path_lps_mm
        assert after.lesion.target_coverage < before.lesion.target_coverage


def test_planning_one_side_again_keeps_the_other(planned: tuple[Case, SpineSegmentation, Plan]) -> None:
    case, found, plan = planned
    again = plan_again(case, found, plan, L4, ["left"], device_named("straight-11g")).levels[1]
    assert again.trajectory("right") == plan.levels[1].trajectory("right")
    left = again.trajectory("left")
    assert left is None or left.device == "straight-11g"
    assert left is not None or any(r.side == "left" for r in again.refused)


def test_a_label_map_of_other_images_is_refused(planned: tuple[Case, SpineSegmentation, Plan]) -> None:
    case = planned[0]
    with pytest.raises(PlannerError, match="does not lie over"):
        import_segmentation(case, DATA.parent / "ct_torso_3mm" / "truth.nii.gz")
    with pytest.raises(PlannerError, match="no label map"):
        import_segmentation(case, DATA / "none.nii.gz")
