"""Counting the levels: a person clicks a vertebra in an image and takes its name upon them."""

from __future__ import annotations

from imaging.errors import PlannerError
from planner.domain.plan import Point
from planner.services.correct_levels import vertebra_at


class Counting:
    """Mixed into the presenter of a case."""

    def point_at(self, point: Point) -> None:
        """A click in a slice: remember the vertebra under it while the names are not confirmed."""
        plan, found = self.session.plan, self.session.segmentation
        if plan is None or found is None or plan.levels_confirmed:
            return
        try:
            verse = vertebra_at(found, (float(point[0]), float(point[1]), float(point[2])))
        except PlannerError:
            return
        self._pointed = (found, verse)
        self.pointed_changed.emit()

    @property
    def pointed(self) -> int | None:
        """VerSe number of the vertebra that was clicked last; None after the labels have changed."""
        found, verse = self._pointed
        return verse if found is not None and found is self.session.segmentation else None

    def confirm_levels(self) -> None:
        """A person has clicked a vertebra and said its name: all names are confirmed."""
        if self.pointed is None and not self.session.read_only:
            self.told.emit("Confirm waits for a click on a vertebra in a slice.")
            return
        self._guard(self.session.confirm_levels)
