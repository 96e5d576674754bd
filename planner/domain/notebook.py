"""What a person adds to a plan beside its trajectories: measurements, notes, locks, a second candidate.

Part of the plan, so that it is saved with the case and can be undone; nothing here touches an approval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from imaging.labels import Side

if TYPE_CHECKING:
    from planner.domain.plan import Trajectory

Point = tuple[float, float, float]
Kind = Literal["length", "angle", "cobb"]
Place = tuple[int, Side]


@dataclass(frozen=True)
class Measurement:
    """Points in patient LPS mm: two of a length, three of an angle (vertex second), four of a Cobb angle."""

    kind: Kind
    points_lps_mm: tuple[Point, ...]


@dataclass(frozen=True)
class Kept:
    """A trajectory put aside for a level and side: candidate B, or the version that was approved last."""

    verse: int
    trajectory: Trajectory
    when: str = ""
    who: str = ""

    @property
    def place(self) -> Place:
        """Level and side."""
        return self.verse, self.trajectory.side


@dataclass(frozen=True)
class Notebook:
    """``notes`` are (level, side, text); at most one candidate and one approved version of each place."""

    measurements: tuple[Measurement, ...] = ()
    notes: tuple[tuple[int, Side, str], ...] = ()
    locked: tuple[Place, ...] = ()
    candidates: tuple[Kept, ...] = ()
    approved: tuple[Kept, ...] = ()

    def note(self, place: Place) -> str:
        """The note of a level and side."""
        return next((text for verse, side, text in self.notes if (verse, side) == place), "")

    def with_note(self, place: Place, text: str) -> Notebook:
        """With another note; an empty one is removed."""
        rest = tuple(n for n in self.notes if (n[0], n[1]) != place)
        return replace(self, notes=(*rest, (*place, text.strip())) if text.strip() else rest)

    def with_lock(self, place: Place, on: bool) -> Notebook:
        """With a level and side locked or unlocked."""
        rest = tuple(p for p in self.locked if p != place)
        return replace(self, locked=(*rest, place) if on else rest)

    def candidate(self, place: Place) -> Trajectory | None:
        """The candidate that is not shown."""
        return next((k.trajectory for k in self.candidates if k.place == place), None)

    def with_candidate(self, place: Place, trajectory: Trajectory | None) -> Notebook:
        """With another second candidate."""
        rest = tuple(k for k in self.candidates if k.place != place)
        return replace(self, candidates=rest if trajectory is None else (*rest, Kept(place[0], trajectory)))

    def last_approved(self, place: Place) -> Kept | None:
        """The version that was approved last."""
        return next((k for k in self.approved if k.place == place), None)

    def with_approved(self, kept: Kept) -> Notebook:
        """With another version approved last."""
        return replace(self, approved=(*(k for k in self.approved if k.place != kept.place), kept))


EMPTY = Notebook()
