"""What a user or a site may set, each with its default; kept in the settings file of the account."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QSettings

from imaging.errors import PlannerError
from imaging.labels import VERSE_FROM_NAME
from planner.domain.limits import DEFAULT_LIMITS, LIMIT_SPECS, Limits, LimitSpec, limit_problem
from planner.report.printing import Printing
from planner.storage.limits_file import limits_from
from ui.words.catalogue import languages


@dataclass(frozen=True)
class Preference:
    """One line of the settings: where it is kept, in words, its default, its choices (none: free text).

    ``problem`` says what is wrong with a text; empty when nothing is.
    """

    key: str
    group: str
    words: str
    default: str
    choices: tuple[str, ...] = ()
    note: str = ""
    problem: Callable[[str], str] = lambda _text: ""

    def value(self) -> str:
        """What is set, or the default."""
        return str(QSettings().value(self.key, self.default))

    def set(self, text: str) -> None:
        """Keep a value; the default is not kept."""
        if text == self.default:
            QSettings().remove(self.key)
        else:
            QSettings().setValue(self.key, text)

    @property
    def changed(self) -> bool:
        """Whether it differs from its default."""
        return self.value() != self.default


def _levels_problem(text: str) -> str:
    names = [n.strip().upper() for n in text.split(",") if n.strip()]
    wrong = [n for n in names if n not in VERSE_FROM_NAME]
    if not names:
        return "Name at least one level, such as L4, L5."
    return f"{wrong[0]} is not a vertebra." if wrong else ""


PRONE = "Prone, from behind: patient's left on the left"
RADIOLOGICAL = "Radiological: patient's right on the left"
Act = Literal["window", "pan", "zoom"]
OURS = "Right brightness, middle shift"
# What a drag with the right, the middle, and the right button with Shift does.
MOUSE: dict[str, tuple[Act, Act, Act]] = {
    OURS: ("window", "pan", "zoom"),
    "Like Slicer: right zoom, middle shift, Shift+right brightness": ("zoom", "pan", "window"),
    "Like Weasis: right zoom, middle brightness, Shift+right shift": ("zoom", "window", "pan"),
}
GENERAL: tuple[Preference, ...] = (
    Preference("appearance/theme", "Appearance", "Theme", "dark", ("dark", "light")),
    Preference(
        "appearance/language",
        "Appearance",
        "Language",
        "English",
        languages(),
        "Translations are files of your own; docs/app.md says how to make one. It holds from the next start.",
    ),
    Preference(
        "views/orientation",
        "Orientation and views",
        "Axial and coronal slices",
        PRONE,
        (PRONE, RADIOLOGICAL),
        "3D and X-rays stay as the patient lies. The banner says which holds.",
    ),
    Preference(
        "mouse/preset",
        "Mouse",
        "Buttons in slices",
        OURS,
        tuple(MOUSE),
        "Left always grasps the tool or puts the crosshair. Ctrl+wheel zooms at the pointer in all of them.",
    ),
    Preference(
        "plan/levels",
        "Planning",
        "Levels to plan",
        "L3, L4, L5, S1",
        note="Planned on both sides when a series is opened.",
        problem=_levels_problem,
    ),
    Preference("report/paper", "Report", "Paper", "A4", ("A4", "Letter")),
    Preference("report/patient_page", "Report", "Page for the patient", "no", ("no", "yes")),
)


def evidence_words(tag: str) -> str:
    """What a number stands on, in words; ``tag`` is [P] or names a source as [F:18] does."""
    if tag == "[P]":
        return "A proposal, for a physician to confirm."
    if tag.startswith("[P]"):
        return f"A proposal, {tag.removeprefix('[P]').strip()}, for a physician to confirm."
    return "Calculated for this program." if tag == "[C]" else f"From source {tag}."


def _limit(spec: LimitSpec) -> Preference:
    def problem(text: str) -> str:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            return "A number is needed."
        return limit_problem(spec, number) or ""

    unit = f" ({spec.unit})" if spec.unit not in ("", "1") else ""
    note = evidence_words(spec.evidence)
    if spec.locked:
        note += f" A hard stop: no setting lifts it below {spec.low:g} {spec.unit}."
    default = f"{getattr(DEFAULT_LIMITS, spec.name):g}"
    return Preference(f"limits/{spec.name}", "Limits", f"{spec.words}{unit}", default, (), note, problem)


LIMITS: tuple[Preference, ...] = tuple(_limit(spec) for spec in LIMIT_SPECS)
ALL: tuple[Preference, ...] = (*GENERAL, *LIMITS)


def preference(key: str) -> Preference:
    """The preference of a key."""
    return next(p for p in ALL if p.key == key)


def limits() -> Limits:
    """The limits that are set; the defaults where what is set cannot be used."""
    changed: dict[str, Any] = {
        p.key.removeprefix("limits/"): json.loads(p.value().replace(",", "."))
        for p in LIMITS
        if p.changed and not p.problem(p.value())
    }
    try:
        return limits_from(changed, "the settings")
    except PlannerError:
        return DEFAULT_LIMITS


def levels() -> list[int]:
    """VerSe numbers of the levels to plan."""
    p = preference("plan/levels")
    text = p.default if p.problem(p.value()) else p.value()
    return [VERSE_FROM_NAME[n.strip().upper()] for n in text.split(",") if n.strip()]


def printing() -> Printing:
    """How reports are printed."""
    paper = "Letter" if preference("report/paper").value() == "Letter" else "A4"
    return Printing(paper, preference("report/patient_page").value() == "yes")


def mouse_acts() -> tuple[Act, Act, Act]:
    """What a drag in a slice does: with right, with middle, with Shift and right."""
    return MOUSE.get(preference("mouse/preset").value(), MOUSE[OURS])


def radiological() -> bool:
    """Whether slices follow the radiological convention."""
    return preference("views/orientation").value() == RADIOLOGICAL
