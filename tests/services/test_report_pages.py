"""Pages of the report say what the app says, and nothing runs over anything."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from plan_fakes import anatomy, plan, segmentation, trajectory
from reportlab.pdfgen.canvas import Canvas

from imaging.findings import Finding
from planner.domain.bands import judged_least
from planner.domain.plan import ProfilePoint, ScreeningItem
from planner.domain.tool_plane import plane_words
from planner.report.contents import RIGHT, Patient, Report
from planner.report.overview_page import overview_page
from planner.report.patient import patient_page, patient_steps
from planner.report.screening_page import screening_page, value_words
from planner.report.slices import tool_plane
from planner.report.words import mm, printable
from planner.services.procedure import with_procedure
from ui.views import planes


class Page(Canvas):
    """Remembers every line of words: (left, right, baseline, words)."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO())
        self.said: list[tuple[float, float, float, str]] = []

    def drawString(self, x, y, text, *rest, **more):
        self.said.append((x, x + self.stringWidth(text, self._fontname, self._fontsize), y, text))
        super().drawString(x, y, text, *rest, **more)

    def drawRightString(self, x, y, text, *rest, **more):
        self.said.append((x - self.stringWidth(text, self._fontname, self._fontsize), x, y, text))
        super().drawRightString(x, y, text, *rest, **more)

    @property
    def words(self) -> str:
        return "\n".join(text for *_, text in self.said)


ITEM = ScreeningItem("wedge", "Wedge", -7.5, "°", "good", "ok", None, (0.0, 0.0, 0.0), 12)


def test_the_patient_page_names_every_level_and_side_of_the_procedure():
    page, whole = Page(), with_procedure(plan())
    assert [f"{verse}{side}" for verse, side in patient_steps(whole)] == [
        f"{step.verse}{step.side}" for step in whole.procedure.steps
    ]
    patient_page(page, "SPECIMEN, Anna", whole, None)
    for step in whole.procedure.steps:
        assert f"{'L3' if step.verse == 22 else 'L4'} from the {step.side}" in page.words


@pytest.mark.parametrize("worked_out", [True, False])
def test_the_patient_page_takes_the_approved_side_although_the_other_has_more_room(worked_out):
    base = with_procedure(plan()) if worked_out else plan()
    other = "right" if not worked_out or base.procedure.steps[0].side == "left" else "left"
    whole = base.with_trajectory(22, replace(base.level(22).trajectory(other), state="approved"))
    assert patient_steps(whole) == ((22, other), (23, "left"))
    page = Page()
    patient_page(page, "SPECIMEN, Anna", whole, None)
    assert f"L3 from the {other}, L4 from the left" in page.words


def test_the_screening_page_leaves_the_head_free_and_sets_pairs_on_one_line():
    whole = plan()
    one = replace(whole.levels[0], screening=(ITEM,) * 13)
    levels = tuple(replace(one, verse=verse) for verse in (21, 22, 23, 24, 25))
    page = Page()
    screening_page(page, replace(whole, levels=levels))
    heads = {text: y for _, _, y, text in page.said if text in ("L2", "L3", "L4", "L5", "S1", "L6")}
    assert len(heads) == 5
    assert len(set(heads.values())) == 3, "two by two"
    assert max(right for _, right, y, _ in page.said if y > 765) < RIGHT - 190
    assert value_words(ITEM) == "\u22127.5°"


def test_the_overview_gives_the_least_clearance_that_the_app_gives():
    found = Finding("stop", "x", "L4 left: the image ends at the pedicle.")
    whole = plan()
    whole = whole.with_level(replace(whole.levels[1], findings=(found,)))
    first = whole.levels[0].trajectories[0]
    profile = (*first.profile, ProfilePoint(10.0, 2.44, "superior"), ProfilePoint(12.0, 3.0, "medial"))
    whole = whole.with_trajectory(whole.levels[0].verse, replace(first, profile=profile))
    patient = Patient("SPECIMEN^Anna", "1", "", "F", "20250115", "CT", "series 2")
    page = Page()
    overview_page(page, Report(whole, segmentation(), patient, {}, {}, whole.limits, ""), 1)
    least = judged_least(whole.levels[0].trajectories[0], whole.limits)
    assert least.name == "superior"
    assert printable(f"{mm(*least.shown)}, {least.name}") in page.words
    assert "L4 left: the image ends at the pedicle." in page.words
    assert "L4: L4 left" not in page.words


@pytest.mark.parametrize("bend", [(0.0, -1.0, 0.0), (0.0, -0.2, -1.0)])
def test_print_and_screen_cut_the_axial_picture_alike(bend):
    """A bend that leaves the axial plane by more than 40 degrees is not cut along; both say so."""
    body = anatomy(22)
    t = trajectory("left")
    t = replace(t, parameters=replace(t.parameters, bend_lps=bend))
    printed = tool_plane(t, body, (720, 600), 96.0)
    shown = planes.axial(t.parameters.entry_lps_mm, body, t)
    normal = np.cross(printed.right_lps, printed.down_lps)
    assert abs(normal @ shown.normal) == pytest.approx(1.0, abs=1e-9)
    assert printed.right_lps == pytest.approx(shown.right, abs=1e-9), "patient's left on the left"
    assert printed.down_lps == pytest.approx(shown.down, abs=1e-9)
    assert planes.axial_words(t, body) == plane_words(t, body.body.superior)
    assert plane_words(t, body.body.superior) == (
        "in the tool's plane" if bend[2] == 0 else "through entry and tip"
    )
