"""How a report is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Paper = Literal["A4", "Letter"]


@dataclass(frozen=True)
class Printing:
    """Paper, and whether a page for the patient is added."""

    paper: Paper = "A4"
    patient_page: bool = False


DEFAULT_PRINTING = Printing()
