"""The right panel: what binds in words, and no figure that loses a digit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from imaging.findings import Finding
from planner.domain.bands import MR_INTERVAL, judged_clearances
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import ProfilePoint
from tests.services.plan_fakes import trajectory
from ui.presenters.wording import binding_sentence, demanded
from ui.settings.preferences import evidence_words
from ui.theme import apply_theme, ui_font
from ui.views.detail_panel import ClearanceLine

pytestmark = pytest.mark.gui


def _tool(least: ProfilePoint, grade: str = "A", **clearances):
    t = trajectory("left")
    far = {"electrode_to_canal": 14.0, "lesion_to_canal": 12.0, **clearances}
    return replace(t, profile=(least,), gertzbein_robbins=grade, clearance_mm=replace(t.clearance_mm, **far))


def test_the_narrowest_point_of_a_pedicle_is_said_with_what_its_wall_needs():
    t = _tool(ProfilePoint(11.0, 2.31, "medial"), medial=2.31)
    assert binding_sentence(t, DEFAULT_LIMITS) == (
        "good",
        "2.3\u202fmm at the narrowest point",
        ", needs 2.3 mm (2 and 0.3 for the segmented edge); medial, 11.0\u202fmm after docking. Grade A.",
    )


def test_an_endplate_that_binds_is_what_is_said():
    t = _tool(ProfilePoint(36.7, 1.34, "superior"), endplates=1.35)
    assert binding_sentence(t, DEFAULT_LIMITS) == (
        "caution",
        "Endplates 1.4\u202fmm",
        ", needs 3.3 mm (3 and 0.3 for the segmented edge). "
        "1.3\u202fmm at the narrowest point, superior, 36.7\u202fmm after docking. Grade A.",
    )


@pytest.mark.parametrize(
    ("least", "grade", "counted"),
    [(-1.8, "C", True), (-1.8, "B", False), (0.1, "B", True), (0.5, "A", False)],
)
def test_a_grade_that_counts_more_than_the_measured_breach_says_so(least, grade, counted):
    said = binding_sentence(_tool(ProfilePoint(9.0, least, "lateral"), grade), DEFAULT_LIMITS)[2]
    assert said.endswith(f"Grade {grade}{', counting what the segmented edge needs' if counted else ''}.")


def test_a_grade_from_mr_alone_is_said_to_be_a_models():
    t = _tool(ProfilePoint(9.0, 2.5, "lateral"))
    said = binding_sentence(replace(t, findings=(Finding("caution", MR_INTERVAL, ""),)), DEFAULT_LIMITS)[2]
    assert said.endswith("Grade A of a model fitted to the MR, not of this pedicle.")


def test_the_tool_to_the_canal_is_listed_with_its_reserve():
    t = _tool(ProfilePoint(9.0, 3.0, "medial"), canal=0.1)
    row = next(c for c in demanded(t, DEFAULT_LIMITS) if c.name == "Tool to canal")
    assert (row.needed_mm, row.band) == (0.3, "stop")
    bare = replace(DEFAULT_LIMITS, cortex_reserve_mm=0.0)
    assert "Tool to canal" not in {c.name for c in demanded(t, bare)}
    entered = _tool(ProfilePoint(9.0, 3.0, "medial"), canal=-0.2)
    assert "Tool to canal" in {c.name for c in demanded(entered, bare)}


@pytest.mark.parametrize("width", [236, 250, 279, 280, 316, 420])
def test_no_figure_of_a_clearance_is_cut_or_painted_over(width, qapp, qtbot, monkeypatch):
    apply_theme(qapp, "dark")
    placed: list[tuple[QRectF, str, bool]] = []

    def note(painter, rect, flags, text):
        room = QFontMetricsF(painter.font()).horizontalAdvance(text)
        right = int(flags) & 0x2
        left = rect.right() - room if right else rect.left()
        placed.append((QRectF(left, 0, room, 25), text, room <= rect.width() or bool(int(flags) & 0x4000)))

    monkeypatch.setattr(QPainter, "drawText", note)
    t = _tool(ProfilePoint(9.0, 3.0, "medial"), electrode_to_canal=10.2996, lesion_to_canal=10.299)
    for row in judged_clearances(t, DEFAULT_LIMITS):
        placed.clear()
        line = ClearanceLine(row)
        qtbot.addWidget(line)
        line.resize(width, 25)
        line.grab()
        name, needs, value = placed
        assert all(whole for _, _, whole in placed), placed
        assert name[0].right() <= value[0].left(), placed
        assert value[0].right() <= needs[0].left(), placed
        assert needs[0].right() <= width


def test_the_font_of_the_panel_is_the_one_measured(qapp):
    apply_theme(qapp, "dark")
    assert QFontMetricsF(ui_font(13, QFont.Weight.DemiBold)).horizontalAdvance("10.29\u202fmm") > 55


def test_a_calculated_number_does_not_name_a_source():
    assert evidence_words("[C]") == "Calculated for this program."
