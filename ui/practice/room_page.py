"""The practice room: monitors in the middle, steps left, C-arm right, the hand below, everything on keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from planner.practice.advice import clock_words
from planner.practice.room import RoomState
from planner.practice.scenario import Scenario
from ui.icon_set import icon
from ui.practice.carm_panel import CArmPanel
from ui.practice.driver import RoomDriver, Shown
from ui.practice.hand_panel import HandPanel
from ui.practice.monitor import Monitor, ago, view_word
from ui.practice.steps_panel import Expected, StepsPanel
from ui.widgets import SideChip, label

DEG_PER_PX = 0.12
RELEASE_MS = 45
_HAND_KEYS = {
    Qt.Key.Key_T: "tap",
    Qt.Key.Key_Up: "push",
    Qt.Key.Key_Down: "withdraw",
    Qt.Key.Key_Left: "leftward",
    Qt.Key.Key_Right: "rightward",
    Qt.Key.Key_S: "stylet",
    Qt.Key.Key_P: "probe",
    Qt.Key.Key_R: "redirect",
    Qt.Key.Key_L: "heat15",
    Qt.Key.Key_B: "bevel",
}
_SHIFT_KEYS = {
    Qt.Key.Key_Up: "cranial",
    Qt.Key.Key_Down: "caudal",
    Qt.Key.Key_L: "heat7",
    Qt.Key.Key_B: "diamond",
}
_ALT_KEYS = {
    Qt.Key.Key_Left: ("orbit_deg", 1),
    Qt.Key.Key_Right: ("orbit_deg", -1),
    Qt.Key.Key_Up: ("tilt_deg", 1),
    Qt.Key.Key_Down: ("tilt_deg", -1),
}
_VIEW_KEYS = {Qt.Key.Key_F2: "ap", Qt.Key.Key_F3: "lateral", Qt.Key.Key_F4: "oblique"}


class RoomPage(QWidget):
    """One session from its first picture to ``ended``."""

    ended = Signal()
    told = Signal(str)

    def __init__(self, pedal_key: int = Qt.Key.Key_Space) -> None:
        super().__init__()
        self.pedal_key = pedal_key
        self.driver: RoomDriver | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._make_head())
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.steps = StepsPanel()
        row.addWidget(self.steps)
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        self.live = Monitor("No picture yet. Hold the pedal: Space.")
        self.live.picture.pointed.connect(self._pointed)
        self.live.picture.dragged.connect(self._dragged)
        self.live.picture.opened.connect(self._swap_size)
        self.references = [
            Monitor("Reference 1. Key 1 keeps the picture here.", "1"),
            Monitor("Reference 2. Key 2 keeps the picture here.", "2"),
        ]
        self.split = QSplitter(Qt.Orientation.Horizontal)
        pair = QSplitter(Qt.Orientation.Vertical)
        for n, reference in enumerate(self.references):
            pair.addWidget(reference)
            reference.picture.opened.connect(self._swap_size)
            reference.say(f"Reference {n + 1}", "")
        self.split.addWidget(self.live)
        self.split.addWidget(pair)
        self.split.setSizes([620, 380])
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        middle.addWidget(self.split, 1)
        self.hand = HandPanel()
        self.hand.entry_wanted.connect(self._choose_entry)
        middle.addWidget(self.hand)
        row.addLayout(middle, 1)
        self.carm = CArmPanel()
        self.carm.pedal.connect(self.pedal)
        self.carm.back.chosen.connect(self._skin_chosen)
        row.addWidget(self.carm)
        box.addLayout(row, 1)
        self._kept: list[Shown | None] = [None, None]
        self._pointing = False
        self._foot_off = QTimer(self)
        self._foot_off.setSingleShot(True)
        self._foot_off.setInterval(RELEASE_MS)
        self._foot_off.timeout.connect(lambda: self.pedal(False))

    def _make_head(self) -> QWidget:
        head = QWidget()
        head.setProperty("role", "banner")
        head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head.setFixedHeight(42)
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(10)
        tag = label("Practice", "plate")
        tag.setFixedHeight(24)
        self.chip = SideChip("left", 22)
        self.task = label("", "group")
        self.facts = label("", "text2")
        self.plate = label("Patient's left is on the left", "plate")
        self.plate.setFixedHeight(24)
        self.clock = label("00:00", "group")
        self.clock.setAccessibleName("Time in the room")
        self.pause = QPushButton("Pause")
        self.pause.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.pause.clicked.connect(self._pause)
        self.end = QPushButton("End and score")
        self.end.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.end.clicked.connect(self.finish)
        for widget in (tag, self.chip, self.task, self.facts):
            row.addWidget(widget)
        row.addStretch(1)
        watch = label()
        watch.setPixmap(icon("clock").pixmap(18, 18))
        for widget in (self.plate, watch, self.clock, self.pause, self.end):
            row.addWidget(widget)
        return head

    def enter(self, driver: RoomDriver, expected: Expected, back, patient: str = "") -> None:  # type: ignore[no-untyped-def]
        """Begin a session."""
        self.driver = driver
        scenario, log = driver.session.scenario, driver.session.log
        self.chip.set_side(scenario.side)
        self.task.setText(scenario.spec.task)
        parts = (patient, scenario.spec.title, log.learner or "Anonymous")
        self.facts.setText("    ".join(part for part in parts if part))
        self._kept = [None, None]
        self._set_pointing(False)
        self.live.picture.show_pixels(None)
        self.live.say("Live", "")
        self.live.beam = True
        self.live.set_beam(False)
        for n, reference in enumerate(self.references):
            reference.picture.show_pixels(None)
            reference.say(f"Reference {n + 1}", "")
        self.carm.back.show_scenario(scenario, back)
        for panel in (self.carm, self.hand):
            panel.attach(driver)
        self.steps.attach(driver, expected)
        driver.picture.connect(self._picture)
        driver.ticked.connect(self._tick)
        driver.changed.connect(self._changed)
        driver.refused.connect(self.told)
        for child in self.findChildren(QWidget):
            child.removeEventFilter(self)
            child.installEventFilter(self)
        self.setFocus()

    @property
    def scenario(self) -> Scenario:
        """Of the session."""
        assert self.driver is not None
        return self.driver.session.scenario

    def pedal(self, down: bool) -> None:
        """The foot."""
        if self.driver is not None:
            self.driver.pedal(down)

    def finish(self) -> None:
        """End the session and go to the debriefing."""
        if self.driver is not None and not self.driver.state.ended:
            self.driver.pedal(False)
            self.driver.act("end")
            self.ended.emit()

    def _pause(self) -> None:
        if self.driver is not None:
            self.driver.act("pause" if self.driver.state.paused_since_s is None else "resume")
            self.setFocus()

    def _picture(self, shown: Shown) -> None:
        self.live.picture.show_pixels(shown.pixels)
        self._tick(self.driver.session.present() if self.driver is not None else RoomState())

    def _changed(self) -> None:
        if self.driver is None:
            return
        self.pause.setText("Pause" if self.driver.state.paused_since_s is None else "Go on")
        held = self.driver.held
        if held is not None and abs(held.carm.orbit_deg - self.driver.state.carm.orbit_deg) > 30:
            # As on a two-monitor C-arm: the view that is left stays on its own reference.
            word = view_word(held.carm)
            if word in ("AP", "Lateral"):
                self.keep(0 if word == "AP" else 1, held)

    def keep(self, slot: int, shown: Shown | None = None) -> None:
        """Keep the held picture as a reference."""
        if self.driver is None:
            return
        shown = shown or self.driver.held
        if shown is None:
            self.told.emit("There is no picture to keep yet.")
            return
        if self._kept[slot] is not None and self._kept[slot].pulse == shown.pulse:  # type: ignore[union-attr]
            return
        self._kept[slot] = shown
        self.references[slot].picture.show_pixels(shown.pixels)
        self.driver.act("store", slot=slot)

    def _tick(self, state: RoomState) -> None:
        if self.driver is None:
            return
        self.clock.setText(clock_words(state.worked_s))
        self.live.set_beam(state.beam_on)
        held = self.driver.held
        if held is not None:
            note = "live" if state.beam_on else f"last image held, {ago(state.time_s - held.time_s)}"
            self.live.say(view_word(held.carm), note)
        for n, kept in enumerate(self._kept):
            if kept is not None:
                note = f"{view_word(kept.carm)}, shot {kept.shot}, {ago(state.time_s - kept.time_s)}"
                self.references[n].say("Reference", note)

    def _set_pointing(self, on: bool) -> None:
        self._pointing = on
        picture = self.live.picture
        picture.can_point = on
        picture.prompt = "Click where the needle shall point: it enters the skin along the beam" if on else ""
        picture.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        picture.update()

    def _choose_entry(self) -> None:
        if self.driver is None:
            return
        if self.driver.held is None:
            self.told.emit("Take a picture first, or click on the back.")
            return
        self._set_pointing(not self._pointing)

    def _pointed(self, u: float, v: float) -> None:
        if self.driver is None or self.driver.held is None:
            return
        size = self.driver.maker.size_px
        projection = self.scenario.projection(self.driver.held.carm, size)
        point = self.scenario.skin_under(projection, (u, v))
        if point is None:
            self.told.emit("There is no skin of the back under that point.")
            return
        beam = projection.detector_points((u, v)) - projection.source_lps_mm
        self._skin(point, -beam)

    def _skin_chosen(self, point) -> None:  # type: ignore[no-untyped-def]
        if self.driver is None:
            return
        d = self.scenario.projection(self.driver.state.carm).d_lps
        # From the side the beam gives no sensible way in: straight down then.
        straight = -d if d[1] > 0.5 else (0.0, -1.0, 0.0)
        self._skin(tuple(point), straight)

    def _skin(self, point, direction) -> None:  # type: ignore[no-untyped-def]
        assert self.driver is not None
        if self.driver.act(
            "skin", point_lps_mm=[float(x) for x in point], direction_lps=[float(x) for x in direction]
        ):
            self._set_pointing(False)
            self.told.emit("The needle is on the skin, along the beam. Take a picture, then aim and tap.")
        self.setFocus()

    def _dragged(self, dx: float, dy: float) -> None:
        """Free hand: the tip follows the drag as the AP picture shows it."""
        d = self.driver
        if d is None or d.state.hand.lumen != "trocar" or d.held is None:
            return
        sideways = dx if self.scenario.side == "left" else -dx
        if view_word(d.held.carm) == "Lateral":
            sideways = 0.0
        d.act("aim", medial_deg=round(sideways * DEG_PER_PX, 3), cranial_deg=round(-dy * DEG_PER_PX, 3))

    def _swap_size(self) -> None:
        large = self.split.sizes()[0] > self.split.sizes()[1]
        total = sum(self.split.sizes())
        self.split.setSizes(
            [int(total * 0.4), int(total * 0.6)] if large else [int(total * 0.62), int(total * 0.38)]
        )

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Keys of the room work whatever has the focus."""
        if event.type() == QEvent.Type.KeyPress:
            return self.key(event, True)  # type: ignore[arg-type]
        if event.type() == QEvent.Type.KeyRelease:
            return self.key(event, False)  # type: ignore[arg-type]
        return False

    def key(self, event: QKeyEvent, down: bool) -> bool:
        """Do what a key means here; False where it means nothing."""
        if self.driver is None or not self.isVisible():
            return False
        key, mods = Qt.Key(event.key()), event.modifiers()
        if key == self.pedal_key:
            # Key repeat can look like short releases: the foot is off only when it stays off.
            if down:
                self._foot_off.stop()
                self.pedal(True)
            else:
                self._foot_off.start()
            return True
        if not down or mods & Qt.KeyboardModifier.ControlModifier:
            return False
        shift = bool(mods & Qt.KeyboardModifier.ShiftModifier)
        if mods & Qt.KeyboardModifier.AltModifier:
            if key in _ALT_KEYS:
                self.carm.step(*_ALT_KEYS[key])
                return True
            return False
        if key in _VIEW_KEYS:
            self.carm.go(_VIEW_KEYS[key])
        elif shift and key in _SHIFT_KEYS:
            self.hand.press(_SHIFT_KEYS[key])
        elif key in _HAND_KEYS:
            self.hand.press(_HAND_KEYS[key], fine=shift)
        elif key == Qt.Key.Key_E:
            self._choose_entry()
        elif key in (Qt.Key.Key_1, Qt.Key.Key_2):
            self.keep(0 if key == Qt.Key.Key_1 else 1)
        elif key == Qt.Key.Key_Escape and self._pointing:
            self._set_pointing(False)
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.key(event, True):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self.key(event, False):
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        # Whoever leaves the window takes the foot off the pedal.
        if QApplication.focusWidget() is None:
            self.pedal(False)
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.pedal(False)
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow = self.width() < 1500
        self.steps.setFixedWidth(212 if narrow else 280)
        self.carm.setFixedWidth(276 if narrow else 336)
        self.plate.setVisible(self.width() > 1250)
        super().resizeEvent(event)
