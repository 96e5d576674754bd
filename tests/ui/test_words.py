"""Every word on the screen can be translated: in an accented English no plain word is left, none is cut."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QWidget

from planner.devices.catalogue import load_devices
from ui.words.catalogue import Catalogue
from ui.words.extract import all_sentences, sentences_of
from ui.words.seam import Seam

pytestmark = pytest.mark.gui
# Doubled vowels make the words a third longer, as German ones are.
ACCENTS = str.maketrans(
    {a: 2 * b if a.islower() and a != "y" else b for a, b in zip("aeiouyAEIOU", "áéíóúýÁÉÍÓÚ", strict=True)}
)
# Names, units and signs of the trade are data: they stay as they are in every language.
DATA = re.compile(
    r"\b(DICOM|DICOMDIR|STIR|Inter|Slicer|Weasis|Modic|PDF|CSV|JSON|NIfTI|LPS|plan\.json|report\.pdf|SPECIMEN"
    r"|vertebrae\.nii\.gz|structures\.nii\.gz|Ctrl|Shift|Alt|Return|PgUp|PgDown|Esc|BVN|Planner)\b"
)
PLAIN = re.compile(r"[A-Za-z]*[aeiou][A-Za-z]*")


def pseudo(text: str) -> str:
    return "{}".join(part.translate(ACCENTS) for part in text.split("{}"))


@pytest.fixture
def seam():
    made_up = sentences_of(Path(__file__).with_name("made_up_case.py").read_text(encoding="utf-8"))
    made = Seam(Catalogue({s: pseudo(s) for s in {*all_sentences(), *made_up}}))
    made.install()
    yield made
    made.remove()


def test_sentences_are_read_from_source_with_their_gaps():
    source = 'def f(x):\n    """Not this."""\n    tell(f"{x} is not so: {x!r} mm.", "Save as", "a_key")\n'
    assert sentences_of(source) == {"{} is not so: {} mm.", "Save as"}


def test_a_catalogue_knows_whole_sentences_templates_and_parts():
    words = Catalogue(
        {"Undo: {}": "Zurück: {}", "Move tip, {} {}": "Spitze {} {}", "left": "links", "Wait.": "Halt."}
    )
    assert words.tr("Undo: Move tip, L4 left") == "Zurück: Spitze L4 links"
    assert words.tr(" left, L5") == " links, L5"
    assert words.tr("Wait. Unknown words.") == "Halt. Unknown words."
    assert words.tr("<b>left</b> 12.3 mm") == "<b>links</b> 12.3 mm"


def test_qt_gets_the_other_language_and_the_program_reads_english(seam, qtbot):
    label, box = QLabel("Save the case"), QComboBox()
    qtbot.addWidget(label)
    qtbot.addWidget(box)
    box.addItem("left")
    shown = seam.plain["QLabel", "text"]
    assert shown(label) == "Sáávéé théé cááséé"
    assert label.text() == "Save the case"
    assert box.currentText() == "left"
    seam.remove()
    label.setText("Save the case")
    assert label.text() == "Save the case"


def _untranslated(text: str, own: set[str]) -> list[str]:
    bare = DATA.sub("", re.sub(r"<[^>]*>|&\w+;", " ", text))
    for word in own:
        bare = bare.replace(word, "")
    return [w for w in PLAIN.findall(bare) if len(w) > 2]


def test_no_plain_word_is_left_on_any_screen(seam, services, qtbot, qapp, tmp_path):
    from made_up_case import FakeSeries

    from ui.main_window import MainWindow
    from ui.theme import apply_theme

    apply_theme(qapp, "dark")
    painted: set[str] = set()
    draw = seam.plain["QPainter", "drawText"]

    def note(*args):
        shown = tuple(seam.tr(a) if isinstance(a, str) else a for a in args)
        painted.update(a for a in shown if isinstance(a, str))
        return draw(*shown)

    from PySide6.QtGui import QPainter

    QPainter.drawText = note
    window = MainWindow(services, tmp_path / "recovery")
    qtbot.addWidget(window, before_close_func=lambda w: setattr(w, "_leaving", True))
    window.resize(1920, 1080)
    window.show()
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: window.session.plan is not None, timeout=60000)
    qtbot.waitUntil(lambda: len(window.presenter.xrays) == 2, timeout=60000)
    patient = window.presenter.patient
    lines = (patient.name, patient.patient_id, patient.image, *(d.name for d in load_devices()))
    own = {w for line in lines for w in re.findall(r"\w+", line)}
    left: set[str] = set()
    cut: set[str] = set()

    def look(place: str, top: QWidget) -> None:
        for widget in top.findChildren(QWidget):
            kind = next((k for k in (QLabel, QAbstractButton) if isinstance(widget, k)), None)
            if not widget.isVisible() or kind is None:
                continue
            text = seam.plain[kind.__name__, "text"](widget)
            left.update(f"{place}: {word} in {text!r}" for word in _untranslated(text, own))
            narrow = widget.sizeHint().width() > widget.width() + 1
            may_shrink = isinstance(widget, QLabel) and (type(widget) is not QLabel or widget.wordWrap())
            if text and narrow and not may_shrink:
                cut.add(f"{place}: {text!r}")

    for width in (1920, 1366):
        window.resize(width, 1080 if width == 1920 else 768)
        for key in window.bar.steps | {"settings": None}:
            window.go(key)
            qtbot.wait(100 if width == 1920 else 30)
            window.grab()
            look(f"{key} at {width}", window)
    practice = window.host.widget("practice")
    practice.show_progress()
    window.go("practice")
    window.grab()
    look("progress", practice)
    window.go("trajectories")
    window.bar.help.click()
    look("help", window.help_dialog)
    window.help_dialog.close()
    window.screen._ask_edit("Edit L4 left? Its approval will be withdrawn.")
    look("question", window.screen.question)
    window.screen.question.close()
    for text in painted:
        for word in _untranslated(text, own):
            left.add(f"painted: {word} in {text!r}")
    assert not left, "\n".join(sorted(left))
    assert not cut, "\n".join(sorted(cut))
