"""Modic changes are entered at one key each, refused without the sequences, and can be undone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("PySide6")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from planner.domain.plan import Plan, Source
from planner.session import PlanningSession
from ui.images.candidate_page import CandidatePage
from ui.images.modic_page import ModicPage
from ui.tasks import TaskRunner
from ui.views.series_list import BusyBar


@pytest.fixture
def session(qapp: object) -> PlanningSession:
    session = PlanningSession()
    session.begin_plan(Plan(Source("1", "2", "3", "CT", "0"), (), ()))
    return session


def _press(screen: ModicPage, key: Qt.Key) -> None:
    QTest.keyClick(screen._table, key)


def test_a_type_needs_its_sequences(session: PlanningSession) -> None:
    screen = ModicPage(session, TaskRunner())
    _press(screen, Qt.Key.Key_1)
    assert session.plan is not None
    assert session.plan.modic == ()
    assert "T1 and T2 or STIR" in screen._message.text()


def test_one_key_enters_and_moves_on_and_is_undone(session: PlanningSession) -> None:
    screen = ModicPage(session, TaskRunner())
    for name in ("T1", "STIR"):
        screen._sequences[name].setChecked(True)
    _press(screen, Qt.Key.Key_1)
    _press(screen, Qt.Key.Key_H)
    _press(screen, Qt.Key.Key_D)
    _press(screen, Qt.Key.Key_Down)
    _press(screen, Qt.Key.Key_2)
    assert session.plan is not None
    assert [f.kind for f in session.plan.modic] == ["1", "2"]
    assert [f.name for f in session.plan.modic] == ["L1 lower", "L2 upper"]
    assert "L1, L2" in screen._message.text()
    assert (session.plan.modic[0].height_share, session.plan.modic[0].defect) == ("<25", False)
    session.undo()
    assert [f.kind for f in session.plan.modic] == ["1"]


def test_candidate_sheet_says_what_speaks_against(session: PlanningSession) -> None:
    screen = CandidatePage(session)
    screen._answers["pregnancy"].setCurrentText("yes")
    screen._pain.setValue(3)
    assert session.plan is not None
    assert session.plan.candidate.pain_months == 3
    assert "Pregnant" in screen._against.text()


def test_no_sequence_is_said_to_be_missing_while_the_mr_is_still_read(session: PlanningSession) -> None:
    screen = ModicPage(session, TaskRunner())
    views = screen.pictures._views
    assert [view.missing for view in views.values()] == ["", "", ""]
    screen.pictures.set_study(SimpleNamespace(images={}, unknown=()))  # type: ignore[arg-type]
    assert views["STIR"].missing == "No STIR in this case's folder"


def test_a_panel_keeps_its_width_whatever_it_waits_for(qapp: object) -> None:
    bar = BusyBar(stacked=True)
    bar.begin("Laying T1 TSE sagittal, a series with a long name, on the CT")
    quiet = bar.minimumSizeHint().width()
    bar.report(0.36, "Counting the levels of the magnetic resonance images")
    assert bar.minimumSizeHint().width() == quiet < 240 - 24
