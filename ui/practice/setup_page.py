"""Before the room: on what body, which task, how much help, and who."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from imaging.labels import NAME_FROM_VERSE, SACRUM, Side
from planner.domain.plan import Plan
from planner.practice.phantoms import BODIES, COARSE, body_note, body_title, phantom_spec, random_spec
from planner.practice.room import Grade
from planner.practice.scenario import ScenarioSpec
from planner.practice.store import ANONYMOUS
from ui.widgets import hairline, label, section

SPEEDS = (1, 60, 300, 900)
Origin = Literal["phantom", "case", "pack"]
GRADES: tuple[tuple[Grade, str, str], ...] = (
    ("guided", "Guided", "The next step, the view to expect and square views on a key"),
    ("free", "Free", "The steps are listed; positions and way are yours"),
    ("examination", "Examination", "No help and no plan"),
)


@dataclass(frozen=True)
class Wish:
    """What shall be practised: a bundled body's spec, a trajectory of the open case, or a pack's file."""

    origin: Origin
    spec: ScenarioSpec | None
    verse: int
    side: Side
    pack: Path | None
    grade: Grade
    learner: str
    speed: float


class SetupPage(QWidget):
    """One choice a line; the button says what begins."""

    begin = Signal(object)
    progress_wanted = Signal()
    export_pack = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.plan: Plan | None = None
        self._pack: Path | None = None
        self._number = 1
        outer = QHBoxLayout(self)
        outer.setContentsMargins(32, 28, 32, 28)
        box = QVBoxLayout()
        box.setSpacing(10)
        box.addWidget(label("Practice with X-ray alone", "title"))
        words = "Place the tool as in the room. Where it truly is stays hidden until the debriefing."
        box.addWidget(label(words, "text2", wrap=True))
        box.addSpacing(8)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(10)
        grid.setColumnMinimumWidth(0, 110)
        grid.setColumnStretch(1, 1)
        self.body = QComboBox()
        self.body.setAccessibleName("Body")
        self.body.setMinimumHeight(34)
        self.note = label("", "small2", wrap=True)
        grid.addWidget(section("Body"), 0, 0)
        grid.addWidget(self.body, 0, 1)
        grid.addWidget(self.note, 1, 1)
        self.level = QComboBox()
        self.level.setAccessibleName("Level")
        self.level.setMinimumHeight(34)
        self.side = QComboBox()
        self.side.setAccessibleName("Side")
        self.side.setMinimumHeight(34)
        self.side.addItem("left", "left")
        self.side.addItem("right", "right")
        task = QHBoxLayout()
        task.setSpacing(8)
        task.addWidget(self.level, 1)
        task.addWidget(self.side, 1)
        grid.addWidget(section("Task"), 2, 0)
        grid.addLayout(task, 2, 1)
        grid.addWidget(section("Help"), 3, 0, Qt.AlignmentFlag.AlignTop)
        grades = QVBoxLayout()
        grades.setSpacing(4)
        self.grades = QButtonGroup(self)
        for n, (grade, word, text) in enumerate(GRADES):
            button = QRadioButton(f"{word}: {text}")
            button.setProperty("grade", grade)
            button.setMinimumHeight(28)
            button.setChecked(n == 0)
            self.grades.addButton(button, n)
            grades.addWidget(button)
        grid.addLayout(grades, 3, 1)
        self.learner = QComboBox()
        self.learner.setEditable(True)
        self.learner.setAccessibleName("Learner")
        self.learner.setMinimumHeight(34)
        grid.addWidget(section("Learner"), 4, 0)
        grid.addWidget(self.learner, 4, 1)
        grid.addWidget(label("Empty is anonymous. Names stay on this computer.", "small2"), 5, 1)
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed of the lesion")
        self.speed.setMinimumHeight(34)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed} times as fast", float(speed))
        self.speed.setCurrentIndex(1)
        self.coarse = QCheckBox("Coarse body: ready in seconds, pictures less fine")
        self.coarse.setMinimumHeight(28)
        grid.addWidget(section("Lesion"), 6, 0)
        grid.addWidget(self.speed, 6, 1)
        grid.addWidget(self.coarse, 7, 1)
        box.addLayout(grid)
        box.addSpacing(6)
        row = QHBoxLayout()
        self.start = QPushButton("Enter the room")
        self.start.setProperty("role", "primary")
        self.start.setMinimumHeight(44)
        self.start.clicked.connect(self._begin)
        self.pack_button = QPushButton("Save as case pack…")
        self.pack_button.setToolTip("One file with this body and task and nothing of the patient")
        self.pack_button.clicked.connect(lambda: self.export_pack.emit(self.wish()))
        self.progress = QPushButton("Progress of learners")
        self.progress.clicked.connect(self.progress_wanted)
        row.addWidget(self.start)
        row.addWidget(self.pack_button)
        row.addWidget(self.progress)
        row.addStretch(1)
        box.addLayout(row)
        box.addWidget(hairline())
        box.addWidget(section("Keys"))
        keys = (
            "Space pedal    F2 AP    F3 lateral    F4 oblique    Alt+arrows orbit, tilt    1 2 keep\n"
            "E skin entry    ← → ⇧↑ ⇧↓ aim (⇧← ⇧→ finely)    T tap    ↑ push    ↓ withdraw\n"
            "B bevel, ⇧B diamond tip    S stylet in, then turn    P probe    L heat 15 min, ⇧L 7 min    "
            "R redirect"
        )
        text = label(keys, "small2", wrap=True)
        box.addWidget(text)
        box.addStretch(1)
        column = QWidget()
        column.setLayout(box)
        column.setMaximumWidth(820)
        box.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(column, 1)
        outer.addStretch(0)
        self.body.currentIndexChanged.connect(self._body_changed)
        self.level.currentIndexChanged.connect(self._level_changed)

    def refresh(self, plan: Plan | None, learners: list[str]) -> None:
        """Offer the bundled bodies, the open case where it is planned, a body by chance, and packs."""
        self.plan = plan
        before = self.body.currentData()
        self.body.blockSignals(True)
        self.body.clear()
        for name in BODIES:
            self.body.addItem(body_title(name), name)
        self.body.addItem("By chance", "random")
        if plan is not None and any(level.trajectories for level in plan.levels):
            self.body.addItem("The open case", "case")
        self.body.addItem("A case pack…", "pack")
        self.body.setCurrentIndex(max(0, self.body.findData(before)))
        self.body.blockSignals(False)
        name = self.learner.currentText() or str(QSettings().value("practice/learner", ""))
        self.learner.clear()
        self.learner.addItem("")
        self.learner.addItems([n for n in learners if n != ANONYMOUS])
        self.learner.setCurrentText(name)
        self._body_changed()

    def _body_changed(self) -> None:
        choice = self.body.currentData()
        before = self.level.currentData()
        self.level.blockSignals(True)
        self.level.clear()
        verses: tuple[int, ...] = ()
        note = ""
        if choice in BODIES:
            verses = BODIES[choice]
            note = body_note(choice)
        elif choice == "case" and self.plan is not None:
            verses = tuple(level.verse for level in self.plan.levels if level.trajectories)
            note = "Planned trajectories of the open case. The truth is its own segmentation."
        elif choice == "random":
            note = "Another body, level and side each time."
        elif choice == "pack":
            if self._pack is None:
                self._choose_pack()
            note = f"{self._pack}" if self._pack is not None else "Choose a case pack."
        for verse in verses:
            self.level.addItem(NAME_FROM_VERSE[verse], verse)
        self.level.setCurrentIndex(max(0, self.level.findData(before if before is not None else 23)))
        self.level.blockSignals(False)
        self.level.setEnabled(bool(verses))
        self.side.setEnabled(bool(verses))
        self.note.setText(note)
        self._level_changed()

    def _level_changed(self) -> None:
        word = f"{self.level.currentText()} {self.side.currentText()}" if self.level.count() else "the task"
        self.pack_button.setEnabled(self.body.currentData() in (*BODIES, "case"))
        self.start.setText("Enter the room")
        self.start.setAccessibleName(f"Enter the room, {word}")
        waits = self.body.currentData() == "pack" and self._pack is None
        self.start.setEnabled(not waits)
        self.start.setToolTip("Waits for a case pack" if waits else "")

    def _choose_pack(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a case pack", "", "Case packs (*.bvnpack)")
        self._pack = Path(name) if name else None

    def wish(self) -> Wish:
        """What is chosen."""
        choice = self.body.currentData()
        verse = int(self.level.currentData() or SACRUM)
        side: Side = self.side.currentData()
        spec = None
        changes = COARSE if self.coarse.isChecked() else {}
        origin: Origin = "phantom"
        if choice == "random":
            self._number = int(QSettings().value("practice/chance", 0)) + 1
            QSettings().setValue("practice/chance", self._number)
            spec = random_spec(self._number, **changes)
        elif choice in BODIES:
            spec = phantom_spec(choice, verse, side, **changes)
        else:
            origin = choice
        learner = self.learner.currentText().strip()
        QSettings().setValue("practice/learner", learner)
        grade: Grade = self.grades.checkedButton().property("grade")
        return Wish(origin, spec, verse, side, self._pack, grade, learner, self.speed.currentData())

    def _begin(self) -> None:
        self.begin.emit(self.wish())
