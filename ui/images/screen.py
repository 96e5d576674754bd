"""MR findings: Modic changes endplate by endplate at one key each, and the candidate sheet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE
from planner.domain.candidate import QUESTIONS, CandidateSheet
from planner.domain.modic import ENDPLATES, KEYS, ModicFinding, can_type, endplate_name, proposed_levels
from planner.services.modic import with_candidate, with_modic
from planner.session import PlanningSession

_SEQUENCES = ("T1", "T2", "STIR")
_ANSWERS = ("not known", "no", "yes")
_NOT_KNOWN = "not known"


class MrFindingsScreen(QWidget):
    """The endplates of L1 to S1, and what is asked of a candidate. Every change can be undone."""

    def __init__(self, session: PlanningSession) -> None:
        super().__init__()
        self._session = session
        columns = QHBoxLayout(self)
        columns.setContentsMargins(24, 20, 24, 20)
        columns.setSpacing(40)
        columns.addLayout(self._modic_side(), 3)
        columns.addLayout(self._sheet_side(), 2)
        self.shown()

    def _modic_side(self) -> QVBoxLayout:
        side = QVBoxLayout()
        side.addWidget(_title("Modic changes"))
        keys = ", ".join(f"{key} = {'none' if kind == '0' else kind}" for key, kind in KEYS.items())
        side.addWidget(
            _words(f"Choose a row and press a key: {keys}, N = cannot be typed, Delete = take back.")
        )
        row = QHBoxLayout()
        row.addWidget(QLabel("Sequences looked at"))
        self._sequences = {name: QCheckBox(name) for name in _SEQUENCES}
        for box in self._sequences.values():
            box.toggled.connect(self._tell)
            row.addWidget(box)
        row.addWidget(QLabel("Reader"))
        self._reader = QLineEdit()
        self._reader.setMaximumWidth(160)
        row.addWidget(self._reader)
        row.addStretch()
        side.addLayout(row)
        self._table = QTableWidget(len(ENDPLATES), 4)
        self._table.setHorizontalHeaderLabels(["Endplate", "Type", "Sequences", "Reader"])
        self._table.verticalHeader().hide()
        self._table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.installEventFilter(self)
        side.addWidget(self._table, 1)
        self._message = _words("")
        side.addWidget(self._message)
        return side

    def _sheet_side(self) -> QVBoxLayout:
        side = QVBoxLayout()
        side.addWidget(_title("Candidate sheet"))
        form = QFormLayout()
        form.setVerticalSpacing(6)
        self._answers: dict[str, QComboBox] = {}
        for key, question, _ in QUESTIONS:
            box = QComboBox()
            box.addItems(list(_ANSWERS))
            box.currentTextChanged.connect(lambda _text: self._enter_sheet())
            self._answers[key] = box
            form.addRow(QLabel(question), box)
        self._pain, self._care = _months(), _months()
        for words, spin in (("Months of pain", self._pain), ("Months of conservative care", self._care)):
            spin.valueChanged.connect(lambda _value: self._enter_sheet())
            form.addRow(QLabel(words), spin)
        side.addLayout(form)
        self._against = _words("")
        side.addWidget(self._against)
        side.addStretch()
        return side

    def shown(self) -> None:
        """Fill everything from the plan."""
        plan = self._session.plan
        if plan is None:
            return
        entered = {(f.verse, f.face): f for f in plan.modic}
        for row, place in enumerate(ENDPLATES):
            f = entered.get(place)
            kind = (
                ""
                if f is None
                else "cannot be typed"
                if f.kind is None
                else "none"
                if f.kind == "0"
                else f.kind
            )
            cells = (endplate_name(place), kind, ", ".join(f.sequences) if f else "", f.reader if f else "")
            for column, words in enumerate(cells):
                self._table.setItem(row, column, QTableWidgetItem(words))
        if self._table.currentRow() < 0:
            self._table.setCurrentCell(0, 1)
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
        self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys on the table enter a finding."""
        if watched is self._table and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.text() in KEYS:
                self._enter(KEYS[event.text()])
                return True
            if event.text().lower() == "n":
                self._enter(None)
                return True
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self._take_back()
                return True
        return super().eventFilter(watched, event)

    def _looked_at(self) -> tuple[str, ...]:
        return tuple(name for name, box in self._sequences.items() if box.isChecked())

    def _enter(self, kind: str | None) -> None:
        plan, row = self._session.plan, self._table.currentRow()
        if plan is None or row < 0:
            return
        verse, face = ENDPLATES[row]
        try:
            finding = ModicFinding(
                verse, face, kind, self._looked_at(),  # type: ignore[arg-type]
                reader=self._reader.text().strip(), date=date.today().isoformat(),
            )  # fmt: skip
            changed = with_modic(plan, finding)
        except (ValueError, PlannerError):
            self._message.setText("A type needs T1 and T2 or STIR. Tick the sequences you look at first.")
            return
        self._session.commit(f"Modic at {finding.name}", changed)
        self.shown()
        self._table.setCurrentCell(min(row + 1, len(ENDPLATES) - 1), 1)

    def _take_back(self) -> None:
        plan, row = self._session.plan, self._table.currentRow()
        if plan is None or row < 0:
            return
        rest = tuple(f for f in plan.modic if (f.verse, f.face) != ENDPLATES[row])
        self._session.commit(
            f"Modic at {endplate_name(ENDPLATES[row])} taken back", replace(plan, modic=rest)
        )
        self.shown()

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

    def _tell(self) -> None:
        plan = self._session.plan
        levels = proposed_levels(plan.modic) if plan else ()
        words = ""
        if not can_type(self._looked_at()):
            words = "A type needs T1 and T2 or STIR: tick the sequences you look at. "
        if levels:
            names = ", ".join(NAME_FROM_VERSE[v] for v in levels)
            words += f"Vertebrae of the affected segments: {names}. No statement on response to treatment."
        self._message.setText(words)


def _title(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setPixelSize(18)
    font.setBold(True)
    label.setFont(font)
    return label


def _words(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def _months() -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(-1, 1199)
    spin.setDecimals(0)
    spin.setSpecialValueText(_NOT_KNOWN)
    spin.setKeyboardTracking(False)
    return spin
