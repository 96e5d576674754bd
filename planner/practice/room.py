"""The practice room as values: C-arm, hand, exposure and lesion, and the events that change them.

Everything a learner does is an ``Event``; the room after it follows from the room before it and the event
alone (``planner.practice.reduce.apply``), so that a log of events is the whole session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from planner.domain.plan import Point

Mode = Literal["pulsed", "single", "cine"]
Lumen = Literal["trocar", "stylet", "probe"]
Grade = Literal["guided", "free", "examination"]
EventKind = Literal[
    "carm",
    "pedal_down",
    "pedal_up",
    "store",
    "skin",
    "aim",
    "tap",
    "push",
    "withdraw",
    "redirect",
    "bevel",
    "exchange",
    "roll",
    "curve",
    "channel",
    "lesion_start",
    "lesion_stop",
    "pause",
    "resume",
    "end",
]
PULSE_RATES = (1, 2, 4, 8, 15)
CINE_RATE = 15
FIELDS_MM = (298.0, 230.0, 150.0)
LARGEST_ORBIT_DEG, LARGEST_TILT_DEG = 110.0, 45.0
LARGEST_SHIFT_MM = 250.0


@dataclass(frozen=True)
class Event:
    """Something done in the room, ``time_s`` after its start (rounded to a millisecond)."""

    time_s: float
    kind: EventKind
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class CArmSetting:
    """Where the C-arm and the table stand and how the beam is made.

    Attributes:
        orbit_deg: detector from straight above the prone patient's back, + towards the patient's left.
        tilt_deg: + cephalad.
        height_mm, along_mm, across_mm: table from its start: + up, + headwards, + to the patient's left.
        field_mm: detector field (magnification); iris: open share of its radius.
        mode: pulsed while the pedal is down, one shot a press, or cine.
        pulses_per_s: one of PULSE_RATES in pulsed mode.
        automatic: whether kV and mA follow the patient's thickness; else ``kv`` and ``ma`` hold.
    """

    orbit_deg: float = 0.0
    tilt_deg: float = 0.0
    height_mm: float = 0.0
    along_mm: float = 0.0
    across_mm: float = 0.0
    field_mm: float = FIELDS_MM[0]
    iris: float = 1.0
    mode: Mode = "pulsed"
    pulses_per_s: int = 4
    automatic: bool = True
    kv: float = 80.0
    ma: float = 3.0

    @property
    def primary_deg(self) -> float:
        """DICOM Positioner Primary Angle, -180..180."""
        return (180.0 - self.orbit_deg + 180.0) % 360.0 - 180.0

    @property
    def rate(self) -> float:
        """Pulses a second while the pedal is down; 0 where a press gives one picture."""
        return {"pulsed": float(self.pulses_per_s), "cine": float(CINE_RATE), "single": 0.0}[self.mode]


@dataclass(frozen=True)
class Hand:
    """The tool in the hand.

    Attributes:
        skin_lps_mm: where the shaft passes the skin; None before an entry is chosen.
        direction_lps: unit vector in which the introducer advances.
        inserted_mm: introducer tip past the skin.
        bevel_deg: way the bevelled tip turns the tool, about its axis, 0 medial and 90 cranial; None with
            the diamond tip, which goes straight.
        lumen: what is in the introducer.
        roll_deg: direction of the stylet's curve, 0 medial and 90 cranial.
        turn_deg: how far the curve is out; tip_mm: straight channel beyond it.
    """

    skin_lps_mm: Point | None = None
    direction_lps: Point = (0.0, -1.0, 0.0)
    inserted_mm: float = 0.0
    bevel_deg: float | None = None
    lumen: Lumen = "trocar"
    roll_deg: float = 0.0
    turn_deg: float = 0.0
    tip_mm: float = 0.0


@dataclass(frozen=True)
class Exposure:
    """What the beam has cost, and the press that is on.

    Attributes:
        presses: of the pedal; pulses: pictures made.
        beam_s: pedal-on time; kerma_mgy: at the reference point; dap_gycm2: dose area product.
        on_since_s: start of the present counting, None with the beam off; on_pulses: made since then.
    """

    presses: int = 0
    pulses: int = 0
    beam_s: float = 0.0
    kerma_mgy: float = 0.0
    dap_gycm2: float = 0.0
    on_since_s: float | None = None
    on_pulses: int = 0


@dataclass(frozen=True)
class LesionRun:
    """A lesion being made or made: simulated minutes wanted, and how fast they pass."""

    start_s: float
    minutes: float
    speed: float
    stop_s: float | None = None

    def done_minutes(self, now_s: float) -> float:
        """Simulated minutes at full temperature by ``now_s``."""
        end = now_s if self.stop_s is None else min(now_s, self.stop_s)
        return min(self.minutes, max(0.0, end - self.start_s) * self.speed / 60.0)

    def running(self, now_s: float) -> bool:
        """Whether the generator heats."""
        return self.stop_s is None and self.done_minutes(now_s) < self.minutes - 1e-9


@dataclass(frozen=True)
class RoomState:
    """Everything that can be seen or felt in the room; ``refusal`` says why the last act did nothing."""

    time_s: float = 0.0
    carm: CArmSetting = CArmSetting()
    hand: Hand = Hand()
    exposure: Exposure = Exposure()
    lesion: LesionRun | None = None
    stored: tuple[int | None, int | None] = (None, None)
    paused_s: float = 0.0
    paused_since_s: float | None = None
    ended: bool = False
    refusal: str = ""

    @property
    def beam_on(self) -> bool:
        """Whether the pedal is down."""
        return self.exposure.on_since_s is not None

    @property
    def worked_s(self) -> float:
        """Time in the room without the pauses."""
        now = self.time_s if self.paused_since_s is None else self.paused_since_s
        return now - self.paused_s
