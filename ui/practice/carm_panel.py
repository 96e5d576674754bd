"""The right side of the room: C-arm, table, beam, dose and pedal."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from planner.practice.dose import PULSE_S
from planner.practice.positions import preset
from planner.practice.reduce import dose_at
from planner.practice.room import FIELDS_MM, PULSE_RATES, CArmSetting, RoomState
from planner.practice.scenario import Scenario
from ui.practice.carm_view import BackView, CArmView, orbit_words, tilt_words
from ui.practice.driver import RoomDriver
from ui.practice.parts import KeyButton, Readout, Stepper, headed
from ui.theme import MINUS, NARROW
from ui.widgets import hairline, label

MODES = ("pulsed", "single", "cine")


def signed_mm(value: float) -> str:
    """``+ 20 mm``"""
    sign = "" if abs(value) < 0.05 else ("+" if value > 0 else MINUS) + NARROW
    return f"{sign}{abs(value):.0f}{NARROW}mm"


def time_words(seconds: float) -> str:
    """``0:38``"""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class CArmPanel(QWidget):
    """Every step is an event of the room; nothing is kept here."""

    pedal = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "rightpanel")
        self.driver: RoomDriver | None = None
        self.scenario: Scenario | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        inner = QWidget()
        inner.setProperty("role", "clear")
        box = QVBoxLayout(inner)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        whole, arm = headed("C-arm", 4)
        self.view = CArmView()
        arm.addWidget(self.view)
        keys = QHBoxLayout()
        keys.setSpacing(6)
        self.presets: dict[str, KeyButton] = {}
        for name, word, key in (
            ("ap", "AP", "F2"),
            ("lateral", "Lateral", "F3"),
            ("oblique", "Oblique", "F4"),
        ):
            button = KeyButton(word, key, lambda n=name: self.go(n), 34)
            self.presets[name] = button
            keys.addWidget(button, 1)
        arm.addLayout(keys)
        self.steppers: dict[str, Stepper] = {}
        for key, name in (
            ("orbit_deg", "Orbit"),
            ("tilt_deg", "Tilt"),
            ("height_mm", "Table height"),
            ("along_mm", "Table along"),
            ("across_mm", "Table across"),
            ("field_mm", "Field"),
            ("iris", "Collimator"),
            ("mode", "Beam"),
            ("pulses_per_s", "Pulses"),
            ("kv", "Voltage"),
            ("ma", "Current"),
        ):
            made = Stepper(name)
            made.stepped.connect(lambda by, k=key: self.step(k, by))
            self.steppers[key] = made
            arm.addWidget(made)
        row = QHBoxLayout()
        self.exposure = label("", "text2")
        self.manual = QPushButton("By hand")
        self.manual.setCheckable(True)
        self.manual.setProperty("role", "small")
        self.manual.setToolTip("Set kV and mA by hand instead of the automatic control")
        self.manual.clicked.connect(self._set_manual)
        row.addWidget(self.exposure, 1)
        row.addWidget(self.manual)
        arm.addLayout(row)
        box.addWidget(whole)
        box.addWidget(hairline())
        whole, skin = headed("Skin of the back", 4)
        self.back = BackView()
        skin.addWidget(self.back, 1)
        box.addWidget(whole, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        outer.addWidget(area, 1)
        outer.addWidget(hairline())
        whole, dose = headed("Dose so far", 4)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        self.readouts = {n: Readout(n) for n in ("Shots", "Beam time", "Air kerma", "Dose area")}
        for n, readout in enumerate(self.readouts.values()):
            grid.addWidget(readout, n // 2, n % 2)
        dose.addLayout(grid)
        outer.addWidget(whole)
        outer.addWidget(hairline())
        foot = QWidget()
        room = QVBoxLayout(foot)
        room.setContentsMargins(12, 10, 12, 10)
        self.hold = KeyButton("Hold to image", "Space", lambda: None, 48)
        self.hold.setProperty("role", "primary")
        self.hold.pressed.connect(lambda: self.pedal.emit(True))
        self.hold.released.connect(lambda: self.pedal.emit(False))
        room.addWidget(self.hold)
        outer.addWidget(foot)

    def attach(self, driver: RoomDriver) -> None:
        """Another session."""
        self.driver, self.scenario = driver, driver.session.scenario
        driver.changed.connect(self.refresh)
        driver.ticked.connect(self.tick)
        self.refresh()
        self.tick(driver.session.present())

    @property
    def carm(self) -> CArmSetting:
        """As it stands."""
        return self.driver.state.carm if self.driver is not None else CArmSetting()

    def go(self, view: Any) -> None:
        """To a preset."""
        if self.driver is not None and self.scenario is not None:
            self.driver.act("carm", **preset(self.scenario, self.driver.session.log.grade, view))

    def step(self, key: str, by: int) -> None:
        """One step of a setting."""
        if self.driver is None:
            return
        c = self.carm
        value: Any
        if key in ("orbit_deg", "tilt_deg"):
            value = round(getattr(c, key) + by, 1)
        elif key.endswith("_mm") and key != "field_mm":
            value = round(getattr(c, key) + 5.0 * by, 1)
        elif key == "field_mm":
            value = FIELDS_MM[min(len(FIELDS_MM) - 1, max(0, FIELDS_MM.index(c.field_mm) - by))]
        elif key == "iris":
            value = round(min(1.0, max(0.25, c.iris + 0.125 * by)), 3)
        elif key == "mode":
            value = MODES[(MODES.index(c.mode) + by) % len(MODES)]
        elif key == "pulses_per_s":
            at = PULSE_RATES.index(c.pulses_per_s) + by
            value = PULSE_RATES[min(len(PULSE_RATES) - 1, max(0, at))]
        elif key == "kv":
            value = float(min(120, max(40, c.kv + 2 * by)))
        else:
            value = round(min(20.0, max(0.2, c.ma + 0.2 * by)), 1)
        if value != getattr(c, key):
            self.driver.act("carm", **{key: value})

    def _set_manual(self, on: bool) -> None:
        if self.driver is None or self.scenario is None:
            return
        dose = dose_at(self.scenario, self.carm)
        changes: dict[str, Any] = {"automatic": not on}
        if on:
            changes |= {"kv": float(round(dose.kv)), "ma": round(dose.mas / PULSE_S, 1)}
        self.driver.act("carm", **changes)

    def refresh(self) -> None:
        """Show the setting."""
        c = self.carm
        words = {
            "orbit_deg": orbit_words(c.orbit_deg),
            "tilt_deg": tilt_words(c.tilt_deg),
            "height_mm": signed_mm(c.height_mm),
            "along_mm": signed_mm(c.along_mm),
            "across_mm": signed_mm(c.across_mm),
            "field_mm": f"{c.field_mm / 10:.0f}{NARROW}cm",
            "iris": "open" if c.iris >= 1 else f"{100 * c.iris:.0f}{NARROW}%",
            "mode": {"pulsed": "pulsed", "single": "one shot", "cine": "cine, 15/s"}[c.mode],
            "pulses_per_s": f"{c.pulses_per_s} per s",
            "kv": f"{c.kv:.0f}{NARROW}kV",
            "ma": f"{c.ma:.1f}{NARROW}mA",
        }
        for key, text in words.items():
            self.steppers[key].show_value(text)
        for key in ("kv", "ma"):
            self.steppers[key].setVisible(not c.automatic)
        self.steppers["pulses_per_s"].setEnabled(c.mode == "pulsed")
        self.manual.setChecked(not c.automatic)
        self._marks()

    def _marks(self) -> None:
        if self.scenario is None or self.driver is None:
            return
        projection = self.scenario.projection(self.carm)
        place = self.scenario.skin_under(projection, (255.5, 255.5))
        skin = self.driver.state.hand.skin_lps_mm
        self.back.show_marks(
            None if place is None else (place[0], place[2]), None if skin is None else (skin[0], skin[2])
        )

    def tick(self, state: RoomState) -> None:
        """Live numbers."""
        if self.scenario is None:
            return
        e = state.exposure
        self.view.show_carm(state.carm, state.beam_on)
        dose = dose_at(self.scenario, state.carm)
        how = "Automatic" if state.carm.automatic else "By hand"
        self.exposure.setText(f"{how}: {dose.kv:.0f}{NARROW}kV, {dose.mas / PULSE_S:.1f}{NARROW}mA")
        self.readouts["Shots"].show_value(str(e.presses))
        self.readouts["Beam time"].show_value(f"{time_words(e.beam_s)}{NARROW}min")
        self.readouts["Air kerma"].show_value(f"{e.kerma_mgy:.2f}{NARROW}mGy")
        self.readouts["Dose area"].show_value(f"{e.dap_gycm2:.3f}{NARROW}Gy{NARROW}cm²")
        self.hold.set_word("Beam on, let go to stop" if state.beam_on else "Hold to image")
