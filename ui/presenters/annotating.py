"""Measurements, notes, locks and second candidates: what a person adds to the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Side
from planner.domain.notebook import Kind, Measurement
from planner.services.annotate import keep_candidate, measured_value, swap_candidate, with_notebook

NEEDED: dict[Kind, tuple[int, str]] = {
    "length": (2, "two points"),
    "angle": (3, "three points, the corner second"),
    "cobb": (4, "two points on each of two endplates"),
}


class Annotating:
    """Mixed into the presenter of a case."""

    def start_measuring(self, kind: Kind | None) -> None:
        """Take the next clicks in a slice as the points of a measurement; None ends it."""
        if kind is not None and self.session.plan is None:
            self.told.emit("Measure waits for a plan, with which it is saved.")
            return
        self.measuring, self.marks = kind, []
        if kind is not None:
            self.told.emit(f"Click {NEEDED[kind][1]} in a slice. Esc ends it.")
        self.look_changed.emit()

    def mark_point(self, point_lps_mm: NDArray[np.float64]) -> None:
        """One more point of the measurement; kept with the plan when it is complete."""
        plan, kind = self.session.plan, self.measuring
        if kind is None or plan is None:
            return
        self.marks.append((float(point_lps_mm[0]), float(point_lps_mm[1]), float(point_lps_mm[2])))
        if len(self.marks) == NEEDED[kind][0]:
            made = Measurement(kind, tuple(self.marks))
            book = replace(plan.notebook, measurements=(*plan.notebook.measurements, made))
            self.measuring, self.marks = None, []
            words = measurement_words(made)
            self._guard(lambda: self.session.commit(f"Measure {words}", with_notebook(plan, book)))
        self.look_changed.emit()

    def remove_measurement(self, made: Measurement) -> None:
        """Remove a measurement."""
        plan = self.session.plan
        if plan is not None:
            book = plan.notebook
            rest = tuple(m for m in book.measurements if m is not made)
            changed = with_notebook(plan, replace(book, measurements=rest))
            self._guard(lambda: self.session.commit(f"Remove {measurement_words(made)}", changed))

    @property
    def place(self) -> tuple[int, Side] | None:
        """The selected level and side, where it is planned."""
        return (self.level.verse, self.side) if self.level and self.trajectory else None

    def toggle_lock(self) -> None:
        """Lock the selected tool, or unlock it."""
        plan, place = self.session.plan, self.place
        if plan is not None and place is not None:
            locked = place in plan.notebook.locked
            changed = with_notebook(plan, plan.notebook.with_lock(place, not locked))
            verb = "Unlock" if locked else "Lock"
            self._guard(lambda: self.session.commit(f"{verb} {self.title()}", changed))

    def keep_candidate(self) -> None:
        """Put a copy of the selected tool aside as candidate B."""
        plan, place = self.session.plan, self.place
        if plan is not None and place is not None:
            self._guard(
                lambda: self.session.commit(f"Keep candidate B, {self.title()}", keep_candidate(plan, place))
            )

    def swap_candidate(self) -> None:
        """Show the other candidate of the selected tool."""
        plan, place = self.session.plan, self.place
        if plan is None or place is None or not self.begin_edit():
            return
        self._guard(
            lambda: self.session.commit(f"Swap candidates, {self.title()}", swap_candidate(plan, place))
        )

    def note(self) -> str:
        """The note of the selected tool."""
        plan, place = self.session.plan, self.place
        return plan.notebook.note(place) if plan and place else ""

    def set_note(self, text: str) -> None:
        """Write a note to the selected tool."""
        plan, place = self.session.plan, self.place
        if plan is not None and place is not None:
            changed = with_notebook(plan, plan.notebook.with_note(place, text))
            self._guard(lambda: self.session.commit(f"Note, {self.title()}", changed))


def measurement_words(m: Measurement) -> str:
    """``length 12.3 mm``, ``angle 34.0°`` or ``Cobb 12.0°``."""
    value = measured_value(m)
    if m.kind == "length":
        return f"length {value:.1f}\u202fmm"
    return f"{'angle' if m.kind == 'angle' else 'Cobb'} {value:.1f}°"
