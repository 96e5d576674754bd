"""The report's page of screening sheets."""

from __future__ import annotations

from dataclasses import replace

from plan_fakes import plan
from reportlab.pdfgen.canvas import Canvas

from planner.domain.plan import ScreeningItem
from planner.report.screening_page import has_screening, screening_page, value_words
from planner.services.procedure import with_procedure
from planner.storage.plan_json import plan_from_dict, plan_to_dict, validate

ITEMS = (
    ScreeningItem("a", "Pedicle width, left", 9.44, "mm", "good", "ok", 6.19, (1.0, 2.0, 3.0), 41),
    ScreeningItem("b", "Cancellous bone", None, "HU", "unknown", "Not measurable: there is no CT."),
)


def test_values_are_rounded_for_their_unit_and_never_invented() -> None:
    assert value_words(ITEMS[0]) == "9.4 mm"
    assert value_words(ITEMS[1]) == "not measurable"


def test_the_page_names_every_line_and_every_step(tmp_path) -> None:
    whole = plan()
    levels = tuple(replace(level, screening=ITEMS) for level in whole.levels)
    whole = with_procedure(replace(whole, levels=levels))
    assert has_screening(whole)
    said: list[str] = []

    class Listening(Canvas):
        def drawString(self, x, y, text, *rest, **more):
            said.append(text)
            super().drawString(x, y, text, *rest, **more)

        def drawRightString(self, x, y, text, *rest, **more):
            said.append(text)
            super().drawRightString(x, y, text, *rest, **more)

    canvas = Listening(str(tmp_path / "page.pdf"))
    screening_page(canvas, whole)
    canvas.showPage()
    canvas.save()
    words = " ".join(said)
    assert words.count("Pedicle width, left") == len(levels)
    assert "41" in words
    assert "not measurable" in words
    assert whole.procedure is not None
    for number in range(1, len(whole.procedure.steps) + 1):
        assert f"{number}. " in words


def test_a_screening_sheet_is_written_and_read() -> None:
    whole = plan()
    whole = replace(whole, levels=tuple(replace(x, screening=ITEMS) for x in whole.levels))
    document = plan_to_dict(whole)
    validate(document)
    assert plan_from_dict(document).levels[0].screening == ITEMS
