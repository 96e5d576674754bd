"""The candidate sheet: what is asked, each answered yes, no or not known; it gives no verdict."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from planner.domain.candidate import QUESTIONS, CandidateSheet
from planner.services.modic import with_candidate
from planner.session import PlanningSession
from ui.widgets import label

_ANSWERS = ("not known", "no", "yes")
_NOT_KNOWN = "not known"


class CandidatePage(QWidget):
    """Every change is one step that undo takes back."""

    def __init__(self, session: PlanningSession) -> None:
        super().__init__()
        self._session = session
        outer = QHBoxLayout(self)
        outer.setContentsMargins(32, 20, 32, 20)
        side = QVBoxLayout()
        side.setSpacing(12)
        side.addWidget(label("Candidate sheet", "title"))
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(24)
        self._answers: dict[str, QComboBox] = {}
        for key, question, _ in QUESTIONS:
            box = QComboBox()
            box.addItems(list(_ANSWERS))
            box.currentTextChanged.connect(lambda _text: self._enter_sheet())
            self._answers[key] = box
            form.addRow(label(question), box)
        self._pain, self._care = _months(), _months()
        for words, spin in (("Months of pain", self._pain), ("Months of conservative care", self._care)):
            spin.valueChanged.connect(lambda _value: self._enter_sheet())
            form.addRow(label(words), spin)
        side.addLayout(form)
        self._against = label("", "", wrap=True)
        side.addWidget(self._against)
        side.addStretch()
        outer.addLayout(side, 3)
        outer.addStretch(1)
        self.shown()

    def shown(self) -> None:
        """Fill everything from the plan."""
        plan = self._session.plan
        if plan is None:
            return
        sheet = plan.candidate
        for key, box in self._answers.items():
            with QSignalBlocker(box):
                box.setCurrentText(sheet.answer(key))
        for spin, months in ((self._pain, sheet.pain_months), (self._care, sheet.conservative_months)):
            with QSignalBlocker(spin):
                spin.setValue(-1 if months is None else months)
        against = " ".join(sheet.against()) or "nothing in the answers given."
        unknown = f"Not known: {len(sheet.open_questions())}. This sheet gives no verdict."
        self._against.setText(f"Speaks against: {against}\n{unknown}")

    def _enter_sheet(self) -> None:
        plan = self._session.plan
        if plan is None:
            return
        answers = tuple(
            (k, b.currentText()) for k, b in self._answers.items() if b.currentText() != _NOT_KNOWN
        )
        months = [None if s.value() < 0 else s.value() for s in (self._pain, self._care)]
        sheet = CandidateSheet(answers, months[0], months[1])  # type: ignore[arg-type]
        self._session.commit("Candidate sheet", with_candidate(plan, sheet), "candidate")
        self.shown()


def _months() -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(-1, 1199)
    spin.setDecimals(0)
    spin.setSpecialValueText(_NOT_KNOWN)
    spin.setKeyboardTracking(False)
    spin.lineEdit().setTextMargins(6, 0, 0, 0)  # in line with the choices above
    return spin
