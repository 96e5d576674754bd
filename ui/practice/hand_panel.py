"""The hand: what it feels, and what it can do with the tool as it is."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from planner.practice.hand import bone_contact_mm, tissue_name
from planner.practice.room import RoomState
from planner.practice.tool import angles_from_direction
from ui.practice.driver import RoomDriver
from ui.practice.parts import KeyButton
from ui.theme import NARROW, side_colour, tokens, ui_font
from ui.widgets import label, section

ROLL_STEP_DEG = 15.0
AIMS = ("leftward", "rightward", "cranial", "caudal")


class Dial(QWidget):
    """Which way the curve or the bevel points, seen along the tool: M is the midline, H the head."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(84, 84)
        self.angle: float | None = None
        self.side = "left"
        self.word = ""
        self.setAccessibleName("Direction of the curve")

    def show_angle(self, angle: float | None, side: str, word: str) -> None:
        """Degrees from medial to cranial, None for no direction."""
        if (angle, side, word) != (self.angle, self.side, self.word):
            self.angle, self.side, self.word = angle, side, word
            self.setToolTip(word)
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            c = QPointF(self.width() / 2, self.height() / 2)
            p.setPen(QPen(QColor(t.border), 1.2))
            p.drawEllipse(c, 26, 26)
            # Seen from behind, the midline is to the right of a left tool.
            sign = 1.0 if self.side == "left" else -1.0
            p.setFont(ui_font(11, QFont.Weight.DemiBold))
            p.setPen(QColor(t.text2))
            for letter, x, y in (("M", sign, 0.0), ("H", 0.0, -1.0)):
                box = QRectF(c.x() + 35 * x - 8, c.y() + 35 * y - 8, 16, 16)
                p.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)
            p.setBrush(QColor(t.text3))
            p.setPen(Qt.PenStyle.NoPen)
            p.drawEllipse(c, 3, 3)
            if self.angle is not None:
                a = np.deg2rad(self.angle)
                tip = QPointF(c.x() + sign * 24 * np.cos(a), c.y() - 24 * np.sin(a))
                p.setPen(QPen(side_colour(self.side), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                p.drawLine(c, tip)


class HandPanel(QWidget):
    """Rows of buttons that change with what is in the introducer; arrows as the AP picture shows them."""

    entry_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self.driver: RoomDriver | None = None
        self.speed = 60.0
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(section("The hand"))
        self.depth = label("", "title")
        self.feel = label("", "small2", wrap=True)
        self.feel.setMinimumWidth(120)
        left.addWidget(self.depth)
        left.addWidget(self.feel)
        left.addStretch(1)
        row.addLayout(left, 2)
        self.dial = Dial()
        row.addWidget(self.dial)
        buttons = QVBoxLayout()
        buttons.setSpacing(6)
        one, two = QHBoxLayout(), QHBoxLayout()
        self.buttons: dict[str, KeyButton] = {}
        for line, entries in (
            (
                one,
                (
                    ("entry", "Skin entry", "E"),
                    ("tap", "Tap", "T"),
                    ("push", "Push", "↑"),
                    ("withdraw", "Withdraw", "↓"),
                    ("stylet", "Stylet", "S"),
                    ("probe", "Probe", "P"),
                    ("heat15", "Heat 15 min", "L"),
                ),
            ),
            (
                two,
                (
                    ("leftward", "Lateral", "←"),
                    ("rightward", "Medial", "→"),
                    ("cranial", "Cranial", "⇧↑"),
                    ("caudal", "Caudal", "⇧↓"),
                    ("bevel", "Bevel 45°", "B"),
                    ("redirect", "Redirect", "R"),
                    ("heat7", "Heat 7 min", "⇧L"),
                ),
            ),
        ):
            line.setSpacing(6)
            for name, word, key in entries:
                self.buttons[name] = KeyButton(word, key, lambda n=name: self.press(n))
                line.addWidget(self.buttons[name], 1)
            buttons.addLayout(line)
        row.addLayout(buttons, 6)

    def attach(self, driver: RoomDriver) -> None:
        """Another session."""
        self.driver = driver
        driver.changed.connect(self.refresh)
        driver.ticked.connect(self.tick)
        self.refresh()

    def press(self, name: str, fine: bool = False) -> None:
        """One act of the hand; arrows aim the introducer, and roll the stylet before it is turned."""
        d = self.driver
        if d is None:
            return
        hand = d.state.hand
        if name == "entry":
            self.entry_wanted.emit()
        elif name == "tap":
            d.act("tap")
        elif name == "push":
            d.act("channel" if hand.lumen == "stylet" else "push", mm=0.5)
        elif name == "withdraw":
            d.act("withdraw", mm=1.0 if hand.lumen == "stylet" else 2.0)
        elif name in AIMS:
            self._aim(name, 0.2 if fine else 1.0)
        elif name == "bevel":
            d.act("bevel", bevel_deg=0.0 if hand.bevel_deg is None else hand.bevel_deg + 45.0)
        elif name == "diamond":
            d.act("bevel", bevel_deg=None)
        elif name == "redirect":
            d.act("redirect")
        elif name == "stylet":
            if hand.lumen == "trocar":
                d.act("exchange", lumen="stylet")
            elif hand.lumen == "stylet":
                d.act("curve", turn_deg=5.0)
            else:
                d.act("exchange", lumen="stylet")
        elif name == "probe":
            d.act("exchange", lumen="probe")
        elif name in ("heat15", "heat7"):
            lesion = d.state.lesion
            if lesion is not None and lesion.running(d.session.now_s):
                d.act("lesion_stop")
            else:
                d.act("lesion_start", minutes=15.0 if name == "heat15" else 7.0, speed=self.speed)

    def _aim(self, name: str, step: float) -> None:
        d = self.driver
        assert d is not None
        hand = d.state.hand
        left = d.session.scenario.side == "left"
        if name in ("cranial", "caudal"):
            d.act("aim", medial_deg=0.0, cranial_deg=step if name == "cranial" else -step)
            return
        # Arrows go as the AP picture and the dial show them: the patient's left is on the left.
        towards_midline = (name == "rightward") == left
        if hand.lumen == "stylet":
            turn = ROLL_STEP_DEG if (name == "leftward") == left else -ROLL_STEP_DEG
            d.act("roll", roll_deg=hand.roll_deg + turn)
        else:
            d.act("aim", medial_deg=step if towards_midline else -step, cranial_deg=0.0)

    def refresh(self) -> None:
        """What can be done now, and why not."""
        d = self.driver
        if d is None:
            return
        state, b = d.state, self.buttons
        hand, side = state.hand, d.session.scenario.side
        trocar, stylet, probe = (hand.lumen == n for n in ("trocar", "stylet", "probe"))
        none = "" if hand.skin_lps_mm is not None else "Waits for the skin entry."
        b["tap"].allow(none or ("The probe does not go on by itself." if probe else ""))
        b["push"].allow(none or ("The probe does not go on by itself." if probe else ""))
        b["withdraw"].allow(none)
        for name in AIMS:
            b[name].allow(none or ("" if trocar or stylet else "Waits: the probe is in."))
        b["leftward"].set_word("Roll ⟲" if stylet else "Lateral" if side == "left" else "Medial")
        b["rightward"].set_word("Roll ⟳" if stylet else "Medial" if side == "left" else "Lateral")
        for name in ("cranial", "caudal"):
            b[name].setVisible(not stylet)
        b["bevel"].allow(none or ("" if trocar else "The trocar is out."))
        b["redirect"].allow(none or ("" if trocar else "Take the stylet or probe out first."))
        b["stylet"].set_word("Stylet in" if trocar else "Turn in 5°" if stylet else "Stylet in")
        b["stylet"].allow(none)
        b["probe"].allow("" if stylet else "Waits for a channel." if trocar else "The probe is in.")
        b["entry"].allow("" if trocar else "Take the stylet or probe out first.")
        b["push"].set_word("Channel" if stylet else "Push")
        for name in ("heat15", "heat7"):
            b[name].allow("" if probe else "Lesion waits: the probe is not in the channel.")
        if stylet or probe:
            self.dial.show_angle(hand.roll_deg, side, f"The curve points {_way(hand.roll_deg)}")
        elif hand.bevel_deg is not None:
            self.dial.show_angle(hand.bevel_deg, side, f"The bevel steers {_way(hand.bevel_deg)}")
        else:
            self.dial.show_angle(None, side, "Diamond tip: goes straight")
        self.tick(d.session.present())

    def tick(self, state: RoomState) -> None:
        """Depth, what is felt, and the lesion's clock."""
        d = self.driver
        if d is None:
            return
        hand, scenario = state.hand, d.session.scenario
        lesion = state.lesion
        heating = lesion is not None and lesion.running(state.time_s)
        self.buttons["heat15"].set_word("Stop" if heating else "Heat 15 min")
        self.buttons["heat7"].setVisible(not heating)
        if lesion is not None and (heating or hand.lumen == "probe"):
            done = lesion.done_minutes(state.time_s)
            self.depth.setText(f"{done:.1f} of {lesion.minutes:.0f}{NARROW}min")
            self.feel.setText(
                f"85 °C, time runs {lesion.speed:.0f} times as fast" if heating else "The lesion has ended."
            )
            return
        if hand.skin_lps_mm is None:
            self.depth.setText("–")
            self.feel.setText("Choose the skin entry: E, then point at the picture or at the back.")
            return
        if hand.lumen == "trocar":
            contact = bone_contact_mm(scenario, hand)
            deep = hand.inserted_mm - contact if contact is not None else hand.inserted_mm
            medial, cranial = angles_from_direction(scenario.side, hand.direction_lps)
            where = "after docking, in" if contact is not None else "past the skin, in"
            self.depth.setText(f"{deep:.1f}{NARROW}mm")
            tissue = tissue_name(scenario, hand)
            place = "on the skin" if hand.inserted_mm <= 0 else f"{where} {tissue}"
            aim = f"{abs(medial):.0f}° {'medial' if medial >= 0 else 'lateral'}, "
            aim += f"{abs(cranial):.0f}° {'cranial' if cranial >= 0 else 'caudal'}"
            self.feel.setText(f"{place}\naim {aim}")
        else:
            self.depth.setText(f"{hand.turn_deg:.0f}° + {hand.tip_mm:.1f}{NARROW}mm")
            self.feel.setText(
                f"{'stylet' if hand.lumen == 'stylet' else 'probe'}: turn and straight channel\n"
                f"curve points {_way(hand.roll_deg)}"
            )


def _way(degrees: float) -> str:
    words = (
        "medial", "medial and cranial", "cranial", "lateral and cranial", "lateral", "lateral and caudal",
        "caudal", "medial and caudal",
    )  # fmt: skip
    return words[int(((degrees % 360) + 22.5) // 45) % 8]
