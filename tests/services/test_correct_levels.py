"""A person's corrections: one undo step, the plan follows, approvals do not survive a new name."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from plan_fakes import anatomy, level
from plan_fakes import plan as fake_plan

from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM
from imaging.progress import NULL_PROGRESS
from imaging.segmentation.quality import VertebraQuality
from imaging.segmentation.result import Counting, LevelEvidence, SpineSegmentation
from imaging.volume import LabelVolume
from planner.domain.candidate import CandidateSheet
from planner.domain.fusion import FusedLevel, Fusion
from planner.domain.modic import ModicFinding
from planner.domain.notebook import Measurement, Notebook
from planner.services.carry_over import carried_over
from planner.services.correct_levels import (
    _measured_again,
    name_levels_by_person,
    rename_levels,
    vertebra_at,
)
from planner.services.fusion import COUNT_DIFFERS
from planner.services.revisions import Revisions
from planner.session import PlanningSession

L3, L4, L5, L6 = 22, 23, 24, 25


@pytest.fixture
def found() -> SpineSegmentation:
    grid = VolumeGrid.from_parts((60, 20, 20), (0.0, 0.0, 0.0), (2.0, 2.0, 2.0))
    labels = np.zeros(grid.shape_kji, np.uint8)
    for verse, k in ((L3, 46), (L4, 32), (L5, 18), (SACRUM, 4)):
        labels[k : k + 10, 5:15, 5:15] = verse
    levels = tuple(anatomy(v) for v in (L3, L4, L5))
    evidence = LevelEvidence("sacrum", 0.5, (Counting("ribs", 1),))
    stop = Finding("stop", "level_count_unconfirmed", "Confirm.")
    return SpineSegmentation(LabelVolume(grid, labels), LabelVolume(grid, labels), levels, (stop,), evidence)


def _approved():
    plan = fake_plan(confirmed=False)
    own = replace(level(L4), findings=(Finding("caution", "quality_fracture", "L4 may be fractured."),))
    own = replace(own, trajectories=tuple(replace(t, state="approved") for t in own.trajectories))
    return replace(plan, levels=(own,))


def test_a_click_finds_the_vertebra_or_the_nearest_within_six_millimetres(found):
    assert vertebra_at(found, (20.0, 20.0, 74.0)) == L4
    assert vertebra_at(found, (33.0, 20.0, 74.0)) == L4
    with pytest.raises(PlannerError, match="no vertebra"):
        vertebra_at(found, (38.0, 38.0, 74.0))
    with pytest.raises(PlannerError, match="no vertebra"):
        vertebra_at(found, (-500.0, 0.0, 0.0))


def test_naming_it_rightly_confirms_and_changes_no_label(found):
    named, plan, step = name_levels_by_person(found, fake_plan(confirmed=False), (20.0, 20.0, 74.0), "L4")
    assert named is found
    assert plan.levels_confirmed
    assert step == "Confirm levels"
    assert all(x.confidence == 1.0 for x in plan.levels)


def test_naming_it_otherwise_renames_all_and_withdraws_approvals(found):
    named, plan, step = name_levels_by_person(found, _approved(), (20.0, 20.0, 74.0), "L5")
    assert set(np.unique(named.vertebrae.labels)) == {0, L4, L5, L6, SACRUM}
    assert [a.verse for a in named.levels] == [L4, L5, L6]
    assert named.evidence.used == "person"
    assert [x.verse for x in plan.levels] == [L5]
    assert {t.state for t in plan.levels[0].trajectories} == {"draft"}
    assert plan.levels[0].findings[0].text == "L5 may be fractured."
    assert plan.levels_confirmed
    assert "levels_renamed" in {f.code for f in plan.findings}
    assert "L4 becomes L5" in step


def _read_on_mr(plan, modality, fused):
    read = tuple(ModicFinding(verse, "superior", "0", ("T1",)) for verse in (L4, SACRUM))
    level = FusedLevel(L4, L4, tuple(np.eye(4).ravel()), 0.5, True, (1.0, 2.0, 3.0))
    fusion = Fusion("1", "2", "3", "T2", level.ct_from_mr, (level,)) if fused else None
    return replace(plan, source=replace(plan.source, modality=modality), modic=read, fusion=fusion)


@pytest.mark.parametrize(("modality", "fused"), [("MR", False), ("CT", True)])
def test_what_was_read_on_the_mr_goes_with_its_vertebra(found, modality, fused):
    plan = rename_levels(found, _read_on_mr(_approved(), modality, fused), 1)[1]
    assert [f.verse for f in plan.modic] == [L5, SACRUM]
    if fused:
        (level,) = plan.fusion.levels
        assert (level.verse, level.mr_verse, plan.fusion.shift) == (L5, L4, 1)
        assert "L5 of the CT is L4 there" in next(f.text for f in plan.findings if f.code == COUNT_DIFFERS)


def test_an_mr_counted_by_itself_beside_a_ct_keeps_its_own_names(found):
    plan = rename_levels(found, _read_on_mr(_approved(), "CT", False), 1)[1]
    assert [f.verse for f in plan.modic] == [L4, SACRUM]


@pytest.mark.parametrize(("modality", "fused"), [("MR", False), ("CT", True), ("CT", False)])
def test_what_a_person_recorded_outlives_an_imported_map_and_goes_with_its_vertebra(found, modality, fused):
    old = _read_on_mr(_approved(), modality, fused)
    ruler = Measurement("length", ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)))
    old = replace(old, notebook=Notebook((ruler,), ((L4, "left", "scar"),), ((L4, "left"),)))
    old = replace(old, candidate=CandidateSheet(pain_months=9))
    apart = tuple(
        replace(a, body=replace(a.body, centre_lps_mm=np.array([0.0, 0.0, -35.0 * n])))
        for n, a in enumerate(found.levels)
    )
    now = replace(found, levels=tuple(replace(a, verse=a.verse + 1) for a in apart))
    plan = carried_over(old, replace(found, levels=apart), fake_plan(), now)
    assert plan.notebook == Notebook((ruler,), ((L5, "left", "scar"),))
    assert plan.candidate == old.candidate
    alone = modality == "CT" and not fused
    assert [f.verse for f in plan.modic] == [L4 if alone else L5, SACRUM]
    if fused:
        assert ([f.verse for f in plan.fusion.levels], plan.fusion.shift) == ([L5], 1)


def test_the_sacrum_cannot_be_named_a_lumbar_vertebra(found):
    with pytest.raises(PlannerError, match="cannot be named L5"):
        name_levels_by_person(found, fake_plan(), (20.0, 20.0, 16.0), "L5")


def test_renaming_beyond_l6_is_refused(found):
    with pytest.raises(PlannerError, match="L6"):
        rename_levels(found, fake_plan(), 2)


def test_undo_takes_labels_and_names_back_together(found):
    session = PlanningSession()
    session._case = object()  # type: ignore[assignment]
    session.set_segmentation(found)
    session.begin_plan(_approved())
    told = []
    session.segmentation_changed.connect(lambda _old, new: told.append(new))
    before = found.vertebrae.labels.copy()
    session.revise(*_step(found, session.plan))
    assert set(np.unique(session.segmentation.vertebrae.labels)) == {0, L4, L5, L6, SACRUM}
    assert session.plan.levels[0].verse == L5
    assert session.history.undo_label.startswith("Rename levels")
    session.undo()
    np.testing.assert_array_equal(session.segmentation.vertebrae.labels, before)
    assert session.plan.levels[0].verse == L4
    session.redo()
    assert set(np.unique(session.segmentation.vertebrae.labels)) == {0, L4, L5, L6, SACRUM}
    assert len(told) == 3


def _step(found, plan):
    named, changed, step = rename_levels(found, plan, 1)
    return step, named, changed


def test_revisions_keep_a_block_and_give_the_whole_back(found):
    kept = Revisions(found)
    labels = found.vertebrae.labels.copy()
    labels[32, 5, 5] = 0
    changed = replace(found, vertebrae=replace(found.vertebrae, labels=labels))
    sha = kept.keep(changed)
    assert kept._kept[sha].where == (slice(32, 33), slice(5, 6), slice(5, 6))
    np.testing.assert_array_equal(kept.get(sha).vertebrae.labels, labels)
    assert kept.get("nothing") is None


@pytest.mark.parametrize("code", ["quality_joint_unseen", "quality_body_unseen"])
def test_an_edit_does_not_settle_what_the_image_does_not_show(found, monkeypatch, code):
    unseen = Finding("caution", code, "No gap shows in the joint of L5.")
    weak = Finding("caution", "quality_weak_cortex", "The cortex is faint.")
    told = tuple(replace(a, findings=(unseen, weak)) if a.verse == L5 else a for a in found.levels)
    found = replace(found, levels=told)
    plain = tuple(replace(a, findings=()) for a in told)
    monkeypatch.setattr("imaging.segmentation.anatomy.measure_anatomy", lambda *_: plain)
    monkeypatch.setattr(
        "imaging.segmentation.quality.quality_records",
        lambda *_: {v: VertebraQuality(v, 5e4) for v in (L3, L4, L5)},
    )
    levels = _measured_again(
        SimpleNamespace(volume=None), found, found.vertebrae, found.structures, {L5}, NULL_PROGRESS
    )
    assert next(a for a in levels if a.verse == L5).findings == (unseen,)
