"""Modic changes endplate by endplate at one key each, on linked T1, T2 and STIR, with a suggestion beside."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imaging.errors import PlannerError
from imaging.findings import NAMING_CODES
from imaging.labels import NAME_FROM_VERSE
from imaging.progress import Progress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.fusion import Fusion
from planner.domain.modic import (
    ENDPLATES,
    KEYS,
    ModicFinding,
    can_type,
    endplate_name,
    proposed_levels,
)
from planner.domain.plan import Plan
from planner.services.modic import ModicStudy, named_by_case, seen_from_ct, study_of, with_modic
from planner.session import PlanningSession
from ui.images.modic_fields import ModicFields
from ui.images.modic_pictures import SEQUENCES, ModicPictures
from ui.tasks import TaskRunner
from ui.theme import tokens
from ui.widgets import StatusMark, label

CHANNEL = "modic"
_HEADS = ("Endplate", "Type", "Height", "Area", "Defect", "Suggested")


class ModicPage(QWidget):
    """The endplates of L1 to S1. Every change can be undone; nothing measured is entered by itself."""

    def __init__(self, session: PlanningSession, tasks: TaskRunner) -> None:
        super().__init__()
        self._session, self._tasks = session, tasks
        self.study: ModicStudy | None = None
        self._own: ModicStudy | None = None
        self._named_after: tuple[Fusion | None, SpineSegmentation | None] = (None, None)
        self._asked = False
        self._named: dict[str, str] = {}
        self._link = session.plan_changed.connect(lambda _old, _new: self._fill())
        columns = QHBoxLayout(self)
        columns.setContentsMargins(12, 4, 2, 8)
        columns.setSpacing(12)
        left = QWidget()
        left.setMaximumWidth(520)
        left.setLayout(self._entry_side())
        columns.addWidget(left, 4)
        self.pictures = ModicPictures(lambda: tasks.cancel(CHANNEL))
        self.pictures.named.connect(self._name)
        columns.addWidget(self.pictures, 6)
        self._fill()

    def _entry_side(self) -> QVBoxLayout:
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(8)
        keys = ", ".join(f"{key} = {kind}" for key, kind in KEYS.items() if len(kind) > 1)
        words = (
            f"Choose an endplate and press a key: 0 for none, 1 to 3 for the type, {keys}, "
            "N = cannot be typed, Delete = take back. H, A, D, C change height, area, defect, confidence."
        )
        side.addWidget(label(words, "text2", wrap=True))
        row = QHBoxLayout()
        row.addWidget(label("Looked at"))
        self._sequences = {name: QCheckBox(name) for name in SEQUENCES}
        for box in self._sequences.values():
            box.toggled.connect(self._tell)
            box.setMinimumWidth(box.sizeHint().width() + 8)
            row.addWidget(box)
        row.addStretch(1)
        side.addLayout(row)
        who = QHBoxLayout()
        who.addWidget(label("Reader"))
        self._reader = QLineEdit()
        self._reader.setObjectName("reader")
        who.addWidget(self._reader, 1)
        side.addLayout(who)
        self._doubt = DoubtCard()
        side.addWidget(self._doubt)
        self._table = QTableWidget(len(ENDPLATES), len(_HEADS))
        self._table.setHorizontalHeaderLabels(list(_HEADS))
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(28)
        self._table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setAccessibleName("Endplates")
        head = self._table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self._table.installEventFilter(self)
        self._table.currentCellChanged.connect(lambda *_: self._choose())
        self._table.setMaximumHeight(28 * len(ENDPLATES) + 48)
        side.addWidget(self._table, 100)
        self._fields = ModicFields()
        self._fields.changed.connect(self._enter_fields)
        side.addWidget(self._fields)
        self._message = label("", "", wrap=True)
        # A wrapped label asks for one line only where the page is low.
        self._message.setMinimumHeight(2 * self._message.fontMetrics().lineSpacing() + 2)
        side.addWidget(self._message)
        side.addStretch(1)
        return side

    def shown(self) -> None:
        """Read the MR of the case's folder once."""
        self._fill()
        self._table.setFocus()
        if self.study is None and not self._asked:
            self.read()

    def shutdown(self) -> None:
        """The case closes."""
        self._link()
        self._tasks.cancel(CHANNEL)

    def read(self) -> None:
        """Read the MR of the case's folder and measure beside each endplate."""
        case: Any = self._session.case
        folder = getattr(case, "folder", None)
        if folder is None:
            return
        self._asked = True
        named = dict(self._named)

        def work(progress: Progress) -> ModicStudy:
            return study_of(folder, progress, named, case)

        def done(study: ModicStudy) -> None:
            busy.hide()
            self.take(study)

        def failed(error: Exception, _details: str) -> None:
            busy.hide()
            words = error.text if isinstance(error, PlannerError) else f"{type(error).__name__}: {error}"
            self.pictures.tell(words)

        busy = self.pictures.busy
        busy.begin("Reading the MR")
        self._tasks.start(CHANNEL, work, done, failed, busy.report, busy.hide)

    def take(self, study: ModicStudy) -> None:
        """Show an MR study that was read; the sequences at hand are ticked."""
        self._own = self.study = study
        self._named_after = (None, None)
        for name, box in self._sequences.items():
            box.setChecked(name in study.images)
        self.pictures.set_study(study)
        self._fill()

    def _name(self, uid: str, sequence: str) -> None:
        if sequence in SEQUENCES:
            self._named[uid] = sequence
            self.read()

    def _fill(self) -> None:
        """Fill the table from the plan."""
        plan = self._session.plan
        if plan is None:
            return
        self._name_by_ct(plan)
        entered = {(f.verse, f.face): f for f in plan.modic}
        for row, place in enumerate(ENDPLATES):
            f = entered.get(place)
            kind = "" if f is None else _kind(f.kind)
            suggestion = self.study.suggestions.get(place) if self.study is not None else None
            cells = (
                endplate_name(place),
                kind,
                (f.height_share or "") if f else "",
                (f.area_share or "") if f else "",
                "" if f is None or f.defect is None else "yes" if f.defect else "no",
                "" if suggestion is None or suggestion.kind is None else _kind(suggestion.kind),
            )
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                if column == len(_HEADS) - 1:
                    item.setForeground(self.palette().placeholderText())
                self._table.setItem(row, column, item)
        if self._table.currentRow() < 0:
            self._table.setCurrentCell(0, 1)
        self._choose()

    def _name_by_ct(self, plan: Plan) -> None:
        """Endplates and names are the plan's: of an MR case, and of a CT that the MR lies on."""
        found = self._session.segmentation
        if self._own is None:
            self._doubt.hide()
            return
        case = self._session.case
        if (plan.fusion, found) != self._named_after:
            self._named_after = (plan.fusion, found)
            self.study = self._own
            if found is not None and plan.fusion is not None:
                self.study = seen_from_ct(self._own, plan.fusion, found) or self._own
            elif found is not None and case is not None:
                self.study = named_by_case(self._own, case, found) or self._own
        by_itself = self.study is self._own
        stops = [f.text for f in self._own.segmentation.findings if f.severity == "stop"] if by_itself else []
        if by_itself and case is not None and case.volume.modality == "CT":
            if found is not None and found.evidence.used == "person":
                stops.append("A person named the levels on the CT; the MR counts by itself here.")
            if stops:
                stops.append("Lay the MR on the CT to take the CT's names.")
        elif not by_itself and plan.fusion is None and not plan.levels_confirmed:
            stops += [f.text for f in plan.findings if f.code in NAMING_CODES]
        self._doubt.tell(" ".join(stops))

    def _entered(self) -> ModicFinding | None:
        plan, row = self._session.plan, self._table.currentRow()
        if plan is None or row < 0:
            return None
        return next((f for f in plan.modic if (f.verse, f.face) == ENDPLATES[row]), None)

    def _choose(self) -> None:
        """Show the chosen endplate in the pictures and its fields."""
        row = self._table.currentRow()
        if row < 0:
            return
        f, place = self._entered(), ENDPLATES[row]
        self._fields.show_finding(f)
        self.pictures.look(self.study, place)
        suggestion = self.study.suggestions.get(place) if self.study is not None else None
        if self.study is not None:
            if suggestion is None:
                words = "This vertebra was not found on the MR."
            elif suggestion.kind is None:
                words = suggestion.why
            else:
                words = f"Measured: {suggestion.why}. Suggests {_kind(suggestion.kind)}; you enter the type."
            self.pictures.tell(f"{endplate_name(place)}. {words}")
        self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys on the table enter a finding."""
        if watched is self._table and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            text = event.text().lower()
            if text in KEYS:
                self._enter(KEYS[text])
                return True
            if text == "n":
                self._enter(None)
                return True
            if self._fields.has_key(text):
                if self._entered() is None:
                    self._message.setText("Height, area, defect and confidence wait for a type.")
                else:
                    self._fields.step(text)
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
        old = self._entered()
        field_t = self.study.field_strength_t if self.study is not None else None
        try:
            finding = replace(
                old or ModicFinding(verse, face, None, ()),
                kind=kind,  # type: ignore[arg-type]
                sequences=self._looked_at(),
                reader=self._reader.text().strip(),
                date=date.today().isoformat(),
                field_strength_t=field_t,
            )
            changed = with_modic(plan, finding)
        except (ValueError, PlannerError):
            self._message.setText("A type needs T1 and T2 or STIR. Tick the sequences you look at first.")
            return
        self._commit(f"Modic at {finding.name}", changed)
        if kind in (None, "0"):
            self._table.setCurrentCell(min(row + 1, len(ENDPLATES) - 1), 1)

    def _enter_fields(self) -> None:
        plan, old = self._session.plan, self._entered()
        if plan is None or old is None:
            return
        finding = self._fields.laid_into(old)
        if finding != old:
            self._commit(f"Modic at {finding.name}", with_modic(plan, finding))

    def _take_back(self) -> None:
        plan, row = self._session.plan, self._table.currentRow()
        if plan is None or self._entered() is None:
            return
        rest = tuple(f for f in plan.modic if (f.verse, f.face) != ENDPLATES[row])
        self._commit(f"Modic at {endplate_name(ENDPLATES[row])} taken back", replace(plan, modic=rest))

    def _commit(self, words: str, plan: Any) -> None:
        try:
            self._session.commit(words, plan)
        except PlannerError as error:
            self._message.setText(error.text)

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


class DoubtCard(QFrame):
    """A doubt in words; hidden where there is none."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 8, 10, 8)
        row.setSpacing(8)
        row.addWidget(StatusMark("doubt", 16), 0, Qt.AlignmentFlag.AlignTop)
        self._words = label("", "", wrap=True)
        row.addWidget(self._words, 1)
        self.hide()

    def tell(self, words: str) -> None:
        """Show these words."""
        self.setStyleSheet(f"DoubtCard{{background:{tokens().doubt_bg};border-radius:6px}}")
        self._words.setText(words)
        self.setVisible(bool(words))


def _kind(kind: str | None) -> str:
    return "not typed" if kind is None else "none" if kind == "0" else f"type {kind}"
