"""Values of the command line's flags, checked; every mistake becomes one sentence."""

from __future__ import annotations

import argparse
from typing import NoReturn

from imaging.errors import PlannerError
from imaging.labels import SIDES, VERSE_FROM_NAME, Side
from planner.domain.plan import Point, ViewName

DEFAULT_LEVELS = "L3,L4,L5,S1"
VIEWS: dict[str, ViewName] = {"ap": "ap", "lateral": "lateral", "oblique": "oblique", "en-face": "en_face"}


class Parser(argparse.ArgumentParser):
    """An argument parser that raises PlannerError ``bad_call`` instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise the message."""
        hint = f"See '{self.prog} --help'."
        raise PlannerError("bad_call", f"{message[:1].upper()}{message[1:]}. {hint}")


def level_number(name: str) -> int:
    """VerSe number of a level's name such as L4."""
    number = VERSE_FROM_NAME.get(name.strip().upper())
    if number is None or number < 8:
        raise PlannerError("bad_level", f"'{name}' is not a level: use T1 to T13, L1 to L6 or S1.")
    return number


def level_numbers(text: str) -> tuple[int, ...]:
    """VerSe numbers of a list such as ``L3,L4``, each once."""
    return tuple(dict.fromkeys(level_number(name) for name in text.split(",")))


def side_names(text: str) -> tuple[Side, ...]:
    """Sides of a list such as ``left,right``, in that order."""
    asked = {name.strip().lower() for name in text.split(",")}
    wrong = sorted(asked - set(SIDES))
    if wrong:
        raise PlannerError("bad_side", f"'{wrong[0]}' is not a side: use left, right or left,right.")
    return tuple(side for side in SIDES if side in asked)


def anchor_point(text: str) -> tuple[int, Point]:
    """(VerSe number, LPS mm) of ``L4=X,Y,Z``."""
    name, _, place = text.partition("=")
    try:
        x, y, z = (float(v) for v in place.split(","))
    except ValueError as error:
        raise PlannerError("bad_anchor", f"'{text}' is not an anchor: use L4=X,Y,Z in LPS mm.") from error
    return level_number(name), (x, y, z)
