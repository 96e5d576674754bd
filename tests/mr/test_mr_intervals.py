"""A clearance measured on MR is an interval, and its risk includes what was not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.geometry.grid import VolumeGrid
from imaging.mr.model_arch import clearance_sd_mm
from imaging.volume import Volume
from planner.domain.bands import judged_clearances, judged_wall
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import ProfilePoint
from planner.services.approval import approval_blockers
from planner.services.mr_intervals import intervals_mm, with_intervals
from tests.services.plan_fakes import anatomy, plan, trajectory


def _volume(slice_mm: float) -> Volume:
    grid = VolumeGrid.from_parts((4, 4, 4), (0, 0, 0), (1.0, 1.0, slice_mm))
    return Volume(grid, np.zeros((4, 4, 4), np.int16), "MR")


def _level(*findings: Finding) -> VertebraAnatomy:
    return replace(anatomy(23), findings=findings)


def test_intervals_hold_the_value_and_widen_with_the_slices() -> None:
    clear = trajectory("left").clearance_mm
    thin, thick = intervals_mm(clear, 1.0, 23), intervals_mm(clear, 4.0, 23)
    assert thin.keys() == thick.keys()
    assert thick["medial"][0] < thin["medial"][0] < clear.medial < thin["medial"][1] < thick["medial"][1]


def test_never_green_and_the_risk_grows() -> None:
    before = replace(trajectory("left"), breach_probability=0.0, findings=())
    after = with_intervals(before, _volume(4.0), _level(), DEFAULT_LIMITS)
    assert [f.severity for f in after.findings if f.code == "mr_interval"] == ["caution"]
    assert after.breach_probability > 0.02
    again = with_intervals(after, _volume(4.0), _level(), DEFAULT_LIMITS)
    assert sum(f.code == "mr_interval" for f in again.findings) == 1


def test_the_caution_says_whether_this_sides_pedicle_was_seen() -> None:
    level = _level(Finding("info", "pedicle_seen_left", "seen"))
    texts = {
        side: with_intervals(trajectory(side), _volume(1.0), level, DEFAULT_LIMITS).findings[-1].text
        for side in ("left", "right")
    }
    assert "the pedicle was seen" in texts["left"]
    assert "was not seen" in texts["right"]


def test_spread_follows_the_slices_and_is_widest_at_s1() -> None:
    thin, thick, sacral = clearance_sd_mm(1.0, 23), clearance_sd_mm(5.0, 23), clearance_sd_mm(1.0, 26)
    assert all(thick[name] > thin[name] for name in thin)
    assert sacral["medial"] > 1.5 * thin["medial"] > 3.0


def test_no_wall_that_was_not_seen_is_shown_as_good() -> None:
    on_ct = trajectory("left")
    on_mr = with_intervals(on_ct, _volume(4.0), _level(), DEFAULT_LIMITS)
    assert judged_wall(on_ct, ProfilePoint(9.0, 9.0, "medial"), DEFAULT_LIMITS).band == "good"
    assert judged_wall(on_mr, ProfilePoint(9.0, 9.0, "medial"), DEFAULT_LIMITS).band == "caution"
    assert all(row.band != "good" for row in judged_clearances(on_mr, DEFAULT_LIMITS))


def test_a_tool_that_may_be_through_a_wall_waits_for_a_ct() -> None:
    """An interval that reaches below zero may be a breach: no approval, and the text has a true minus."""
    unseen = with_intervals(trajectory("left"), _volume(4.0), _level(), DEFAULT_LIMITS)
    low = min(f.value for f in unseen.findings if f.code == "mr_interval" and f.value is not None)
    assert low < 0
    assert f"\u2212{-low:.1f} to" in unseen.findings[-1].text
    whole = plan().with_trajectory(23, unseen)
    (blocker,) = approval_blockers(whole, 23, "left")
    assert blocker.startswith(f"Plan on a CT: for all that MR shows, the tool may be {-low:.1f} mm through")
    sure = replace(unseen.findings[-1], value=0.4)
    assert approval_blockers(whole.with_trajectory(23, replace(unseen, findings=(sure,))), 23, "left") == ()
