"""Label numbers: VerSe's for vertebrae, the project's own for structures within them."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

SACRUM = 26
VERSE_FROM_NAME: dict[str, int] = {
    **{f"C{i}": i for i in range(1, 8)},
    **{f"T{i}": i + 7 for i in range(1, 13)},
    **{f"L{i}": i + 19 for i in range(1, 7)},
    "S1": SACRUM,
    "T13": 28,
}
NAME_FROM_VERSE: dict[int, str] = {number: name for name, number in VERSE_FROM_NAME.items()}


class Structure(IntEnum):
    """Values of structures.nii.gz; discs are found on MR alone, and belong to no vertebra."""

    BODY = 1
    POSTERIOR_ELEMENTS = 2
    RIGHT_PEDICLE = 3
    LEFT_PEDICLE = 4
    CANAL = 5
    SACRUM_REST = 6
    DISC = 7


PEDICLE_OF_SIDE: dict[Side, Structure] = {"left": Structure.LEFT_PEDICLE, "right": Structure.RIGHT_PEDICLE}
