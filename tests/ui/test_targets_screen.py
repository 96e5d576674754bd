"""The Targets screen and the right panel's new parts, on a made-up case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_up_case import FakeServices, made_plan, made_volume
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QPushButton

from planner.domain.plan import Forgiveness, ScreeningItem
from planner.session import PlanningSession
from ui.presenters.case_presenter import CasePresenter
from ui.targets.screen import TargetsScreen
from ui.tasks import TaskRunner
from ui.views.detail_panel import DetailPanel

pytestmark = pytest.mark.gui


@pytest.fixture
def presenter(qtbot):
    services = FakeServices()
    session = PlanningSession()
    session.open_case(services.open_series(None, None))
    session.set_segmentation(made_volume()[1])
    plan = made_plan()
    item = ScreeningItem("x", "Cancellous bone", None, "HU", "unknown", "Not measurable: there is no CT.")
    level = replace(plan.levels[0], screening=(item,))
    session.begin_plan(plan.with_level(level))
    tasks = TaskRunner()
    result = CasePresenter(session, services, tasks)
    result.select_first()
    yield result
    result.close()
    tasks.shutdown()


def test_a_number_of_the_target_becomes_one_undo_step(presenter, qtbot):
    screen = TargetsScreen(presenter)
    qtbot.addWidget(screen)
    screen.show()
    spins = {s.accessibleName(): s for s in screen.panel.findChildren(QDoubleSpinBox)}
    spins["Window ends at"].setValue(45.0)
    qtbot.waitUntil(lambda: presenter.level.target.depth_high == pytest.approx(0.45))
    assert presenter.session.history.labels[-1] == f"Change target, {presenter.level.name}"
    presenter.undo()
    assert presenter.level.target.depth_high == pytest.approx(0.50)


def test_the_screening_sheet_says_what_is_not_measurable(presenter, qtbot):
    screen = TargetsScreen(presenter)
    qtbot.addWidget(screen)
    from PySide6.QtWidgets import QLabel

    words = [w.text() for w in screen.panel.findChildren(QLabel)]
    assert "–" in words
    assert "Not measurable: there is no CT." in words


def test_plan_again_waits_for_a_pair_and_commits_with_a_name(presenter, qtbot):
    panel = DetailPanel(presenter)
    qtbot.addWidget(panel)
    combos = {c.accessibleName(): c for c in panel.findChildren(QComboBox)}
    button = next(b for b in panel.findChildren(QPushButton) if b.text().startswith("Plan "))
    combos["Access"].setCurrentIndex(combos["Access"].findData("bipedicular"))
    assert not button.isEnabled()
    combos["Instrument"].setCurrentIndex(combos["Instrument"].findData("bipedicular-10g"))
    assert button.isEnabled()
    button.click()
    qtbot.waitUntil(lambda: presenter.trajectory.device == "bipedicular-10g")
    assert presenter.session.history.labels[-1] == f"Plan {presenter.title()} again"


def test_heating_and_review(presenter, qtbot):
    panel = DetailPanel(presenter)
    qtbot.addWidget(panel)
    presenter.solve_heat()
    qtbot.waitUntil(lambda: presenter.trajectory.heat is not None)
    panel.review.click()
    assert presenter.trajectory.state == "reviewed"


def test_the_map_of_entries_is_fetched_for_the_selected_tool(presenter, qtbot):
    level, t = presenter.level, presenter.trajectory
    told = replace(t, forgiveness=Forgiveness(2000, 0.01, 0.0, 0.0, 0.0, 0.02, 6.0))
    presenter.session.commit("Measure", presenter.session.plan.with_trajectory(level.verse, told))
    panel = DetailPanel(presenter)
    qtbot.addWidget(panel)
    qtbot.waitUntil(lambda: presenter.entry_map is not None)
    assert presenter.entry_map.margin_mm.shape == (49, 49)
    presenter.show_reach(True)
    qtbot.waitUntil(lambda: presenter.reach is not None)
    assert np.asarray(presenter.reach.triangles).shape == (1, 3)
