"""The candidate sheet: what is asked, and what in the answers speaks against; never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Answer = Literal["yes", "no", "not known"]
# Key, question, the answer that speaks against (labels of the devices, clinical.md 1 [F:1,2,3]).
QUESTIONS: tuple[tuple[str, str, Answer], ...] = (
    ("chronic_low_back_pain", "Is low back pain the main complaint?", "no"),
    ("modic_1_or_2", "Does MR show Modic type 1 or 2 changes between L3 and S1?", "no"),
    ("pregnancy", "Pregnant, or may be?", "yes"),
    ("infection", "Infection, systemic or at the site?", "yes"),
    ("bleeding", "Bleeding disorder or anticoagulants?", "yes"),
    ("implanted_electronics", "Pacemaker, defibrillator or other implanted electronics?", "yes"),
    ("fracture", "Fracture of a vertebra to be treated?", "yes"),
    ("tumour", "Tumour in or near the spine?", "yes"),
    ("immature_skeleton", "Skeleton not yet mature?", "yes"),
)
LEAST_MONTHS = 6.0


@dataclass(frozen=True)
class CandidateSheet:
    """Answers by question; months are None where not known."""

    answers: tuple[tuple[str, Answer], ...] = ()
    pain_months: float | None = None
    conservative_months: float | None = None

    def __post_init__(self) -> None:
        known = {key for key, _, _ in QUESTIONS}
        if any(key not in known or a not in ("yes", "no", "not known") for key, a in self.answers):
            raise ValueError("an unknown question or answer")
        if any(m is not None and not 0 <= m < 1200 for m in (self.pain_months, self.conservative_months)):
            raise ValueError("months must lie in 0..1200")

    def answer(self, key: str) -> Answer:
        """The answer to a question; not known until it is given."""
        return dict(self.answers).get(key, "not known")

    def against(self) -> tuple[str, ...]:
        """What in the answers speaks against, in sentences."""
        out = [
            f"{q} {self.answer(key).capitalize()}." for key, q, bad in QUESTIONS if self.answer(key) == bad
        ]
        for words, months in (("Pain", self.pain_months), ("Conservative care", self.conservative_months)):
            if months is not None and months < LEAST_MONTHS:
                out.append(f"{words} for {months:g} months; the label asks for at least {LEAST_MONTHS:g}.")
        return tuple(out)

    def open_questions(self) -> tuple[str, ...]:
        """What is not known yet."""
        out = [q for key, q, _ in QUESTIONS if self.answer(key) == "not known"]
        if self.pain_months is None:
            out.append("Months of pain?")
        if self.conservative_months is None:
            out.append("Months of conservative care?")
        return tuple(out)


NO_ANSWERS = CandidateSheet()
