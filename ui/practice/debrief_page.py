"""The debriefing: truth uncovered, replay on a time line, gates, parts and what to change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from imaging.geometry.carm import pose_words
from planner.domain.dates import moment_words
from planner.practice.advice import clock_words
from planner.practice.debrief import Debrief, ShotTaken, done_trajectory
from planner.practice.learning import to_csv
from planner.practice.log import write_log
from planner.practice.pdf import session_pdf
from planner.practice.pictures import PictureMaker
from planner.practice.store import Attempt
from planner.storage.atomic import whole_file
from ui.practice.monitor import Picture
from ui.practice.score_panel import ScorePanel
from ui.practice.timeline import Timeline
from ui.practice.truth_views import Truth3D, TruthSlice
from ui.views.frame import ViewFrame
from ui.widgets import SideChip, label

SPEEDS = (1, 4, 16)


class DebriefPage(QWidget):
    """One finished session."""

    again = Signal()
    another = Signal()
    progress_wanted = Signal()
    told = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.data: Debrief | None = None
        self.maker: PictureMaker | None = None
        self.attempts: list[Attempt] = []
        self.time_s = 0.0
        self._pictures: dict[int, NDArray[np.uint8]] = {}
        self._done_key: object = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._make_head())
        row = QHBoxLayout()
        row.setSpacing(0)
        left = QVBoxLayout()
        left.setSpacing(0)
        views = QHBoxLayout()
        views.setSpacing(2)
        self.solid, self.slice = Truth3D(), TruthSlice()
        self.shot = Picture("No picture was taken.")
        self.frames = [
            ViewFrame("3D, uncovered", self.solid),
            ViewFrame("Axial", self.slice),
            ViewFrame("Shot", self.shot),
        ]
        self.frames[0].note.setText("cut open at the planned plane")
        self.frames[1].note.setText("in the planned plane")
        for frame in self.frames:
            frame.enlarge.connect(lambda f=frame: self._enlarge(f))
            views.addWidget(frame, 1)
        left.addLayout(views, 1)
        left.addWidget(self._make_player())
        self.timeline = Timeline()
        self.timeline.moved.connect(self.go)
        left.addWidget(self.timeline)
        row.addLayout(left, 1)
        self.panel = ScorePanel()
        row.addWidget(self.panel)
        box.addLayout(row, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(40)
        self._timer.timeout.connect(self._play_on)

    def _make_head(self) -> QWidget:
        head = QWidget()
        head.setProperty("role", "banner")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head.setFixedHeight(42)
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(10)
        self.chip = SideChip("left", 22)
        self.task = label("", "group")
        self.facts = label("", "text2")
        tag = label("Debrief", "plate")
        tag.setFixedHeight(24)
        row.addWidget(tag)
        for widget in (self.chip, self.task, self.facts):
            row.addWidget(widget)
        row.addStretch(1)
        buttons: tuple[tuple[str, Callable[[], None]], ...] = (
            ("Progress", self.progress_wanted.emit),
            ("Save PDF…", self.save_pdf),
            ("Save CSV…", self.save_csv),
            ("Save log…", self.save_log),
            ("Other task", self.another.emit),
            ("Try again", self.again.emit),
        )
        for word, act in buttons:
            button = QPushButton(word)
            button.clicked.connect(lambda _=False, a=act: a())
            row.addWidget(button)
        return head

    def _make_player(self) -> QWidget:
        bar = QWidget()
        bar.setProperty("role", "strip")
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 6, 12, 4)
        row.setSpacing(8)
        self.back = QPushButton("Shot before")
        self.play = QPushButton("Play")
        self.forth = QPushButton("Shot after")
        self.speed = QPushButton("4 x")
        self.speed.setToolTip("Speed of the replay")
        self.now = label("", "group")
        self.back.clicked.connect(lambda: self.step_shot(-1))
        self.forth.clicked.connect(lambda: self.step_shot(1))
        self.play.clicked.connect(self.toggle_play)
        self.speed.clicked.connect(self._next_speed)
        for button in (self.back, self.play, self.forth, self.speed):
            button.setProperty("role", "small")
            row.addWidget(button)
        row.addWidget(self.now)
        row.addWidget(label("← → shot by shot", "small2"))
        row.addStretch(1)
        self.summary = label("", "small2")
        row.addWidget(self.summary)
        self._speed = 4
        return bar

    def show_session(
        self, data: Debrief, surfaces, maker: PictureMaker, attempts: list[Attempt], id: str
    ) -> None:  # type: ignore[no-untyped-def]
        """Uncover a session."""
        self.data, self.maker, self.attempts = data, maker, attempts
        self._pictures, self._done_key = {}, None
        scenario = data.scenario
        self.chip.set_side(scenario.side)
        self.task.setText(scenario.spec.task)
        who = data.log.learner or "Anonymous"
        day = moment_words(data.log.started)
        self.facts.setText(f"{scenario.spec.title}    {who}, {data.log.grade}, {day}")
        self.solid.show_scenario(scenario, surfaces)
        self.slice.show_scenario(scenario)
        self.timeline.show_session(data)
        level = scenario.spec.task.split()[0]
        self.panel.show_score(data.score, attempts, level, id)
        breaks = len(data.score.breaks)
        self.summary.setText(
            "no rule broken" if not breaks else f"{breaks} rule{'s' if breaks > 1 else ''} broken"
        )
        self.go(data.judge.samples[-1].time_s if data.judge.samples else data.length_s)
        self.setFocus()

    def go(self, time_s: float) -> None:
        """Show the session at a time."""
        if self.data is None:
            return
        self.time_s = float(np.clip(time_s, 0.0, self.data.length_s))
        self.timeline.set_time(self.time_s)
        self.now.setText(f"{clock_words(self.time_s)} / {clock_words(self.data.length_s)}")
        room = self.data.room_at(self.time_s)
        key = (room.hand, room.lesion is not None)
        if key != self._done_key:
            self._done_key = key
            done = done_trajectory(self.data.scenario, room.hand)
            self.solid.show_tool(done)
            self.slice.show_tool(done, room.lesion is not None)
        self._show_shot(self.data.shot_at(self.time_s))

    def _show_shot(self, shot: ShotTaken | None) -> None:
        if shot is None or self.data is None:
            self.shot.show_pixels(None)
            self.frames[2].title.setText("Shot")
            self.frames[2].note.setText("")
            return
        self.shot.show_pixels(self.picture(shot))
        carm = shot.room.carm
        view = shot.view
        off = f", {view.off_deg:.1f}° off true" if view is not None and view.kind != "oblique" else ""
        self.frames[2].title.setText(f"Shot {shot.number}")
        self.frames[2].note.setText(f"{pose_words(carm.primary_deg, carm.tilt_deg)}{off}")

    def picture(self, shot: ShotTaken) -> NDArray[np.uint8]:
        """A shot's picture, made again from the log."""
        assert self.data is not None
        assert self.maker is not None
        if shot.pulse not in self._pictures:
            room = shot.room
            self._pictures[shot.pulse] = self.maker.take(room.carm, room.hand, shot.pulse, self.data.log.seed)
        return self._pictures[shot.pulse]

    def step_shot(self, by: int) -> None:
        """To the next or last shot."""
        if self.data is None or not self.data.shots:
            return
        now = self.data.shot_at(self.time_s)
        at = self.data.shots.index(now) if now is not None else 0
        at = min(len(self.data.shots) - 1, max(0, at + by))
        self.go(self.data.shots[at].time_s)

    def toggle_play(self) -> None:
        """Play or stop."""
        if self.data is None:
            return
        if self._timer.isActive():
            self._timer.stop()
        else:
            if self.time_s >= self.data.length_s - 0.1:
                self.go(0.0)
            self._timer.start()
        self.play.setText("Stop" if self._timer.isActive() else "Play")

    def _play_on(self) -> None:
        if self.data is None or self.time_s >= self.data.length_s - 1e-6:
            self._timer.stop()
            self.play.setText("Play")
            return
        self.go(self.time_s + 0.04 * self._speed)

    def _next_speed(self) -> None:
        self._speed = SPEEDS[(SPEEDS.index(self._speed) + 1) % len(SPEEDS)]
        self.speed.setText(f"{self._speed} x")

    def _enlarge(self, frame: ViewFrame) -> None:
        alone = all(f.isHidden() for f in self.frames if f is not frame)
        for other in self.frames:
            other.setVisible(alone or other is frame)

    def _save(self, title: str, name: str, kinds: str, write: Callable[[Path], None]) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, title, name, kinds)
        if chosen:
            write(Path(chosen))
            self.told.emit(f"Saved {Path(chosen).name}")

    def save_pdf(self) -> None:
        """The session on one page."""
        data = self.data
        if data is None:
            return
        chosen = [s for s in data.shots if s.view is not None and s.view.kind != "oblique"][-4:]
        pictures = [(f"Shot {s.number}", self.picture(s)) for s in chosen]

        def write(path: Path) -> None:
            with whole_file(path) as temporary:
                temporary.write_bytes(session_pdf(data.log, data.score, pictures))

        self._save(
            "Save the debriefing",
            f"practice-{data.log.spec.task.replace(' ', '-')}.pdf",
            "PDF (*.pdf)",
            write,
        )

    def save_csv(self) -> None:
        """This learner's attempts at this task."""

        def write(path: Path) -> None:
            with whole_file(path) as temporary:
                temporary.write_text(to_csv(self.attempts), encoding="utf-8")

        self._save("Save the attempts", "practice.csv", "CSV (*.csv)", write)

    def save_log(self) -> None:
        """The log, from which the score can be computed again."""
        data = self.data
        if data is not None:
            self._save(
                "Save the log", "session.bvnlog", "Logs (*.bvnlog)", lambda path: write_log(path, data.log)
            )

    def shutdown(self) -> None:
        """Stop the replay and the 3D view."""
        self._timer.stop()
        self.solid.shutdown()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.step_shot(1 if key == Qt.Key.Key_Right else -1)
        elif key == Qt.Key.Key_Space:
            self.toggle_play()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.panel.setFixedWidth(330 if self.width() < 1500 else 366)
        super().resizeEvent(event)
