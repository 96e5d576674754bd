"""Planning anew, the entry map, the reach and the heating of the selected tool, and the level's target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imaging.errors import PlannerError
from imaging.progress import Progress
from planner.domain.plan import Access, Choice, Plan, Point, Target


class Exploring:
    """Mixed into the presenter of a case. Long work runs on a channel of its own and can be cancelled."""

    def devices(self) -> list[tuple[str, str]]:
        """(id, name) of the instruments known, the plan's own included."""
        plan = self.session.plan
        return self.services.devices(plan)

    def plan_again(self, device_id: str, access: Access, choice: Choice) -> None:
        """Search the selected side anew with another instrument, access or choice."""
        level, segmentation, case = self.level, self.segmentation, self.session.case
        plan = self.session.plan
        if level is None or plan is None or segmentation is None:
            return
        if not self._may_change():
            return
        verse, side, title = level.verse, self.side, self.title()

        def work(progress: Progress) -> Plan:
            return self.services.plan_again(
                case, segmentation, plan, verse, side, device_id, access, choice, progress
            )

        def done(fresh: Plan) -> None:
            if self.session.plan is not plan:
                self.told.emit("The plan changed meanwhile, so the new search was dropped. Plan again.")
                return
            self._guard(lambda: self.session.commit(f"Plan {title} again", fresh))

        self._long(f"Planning {title} again", work, done)

    def solve_heat(self) -> None:
        """Solve the bioheat equation round the selected electrode."""
        case, level, segmentation, plan = self.session.case, self.level, self.segmentation, self.session.plan
        if level is None or plan is None or segmentation is None or self.trajectory is None:
            return
        verse, side, title = level.verse, self.side, self.title()

        def work(progress: Progress) -> Plan:
            return self.services.heat(case, segmentation, plan, verse, side, progress)

        def done(fresh: Plan) -> None:
            if self.session.plan is plan:
                self._guard(lambda: self.session.commit(f"Solve heating, {title}", fresh))

        self._long(f"Heating of {title}", work, done)

    def request_map(self) -> None:
        """Work out the entry map of the selected tool; ``map_changed`` tells when it is there."""
        case, level, segmentation, plan = self.session.case, self.level, self.segmentation, self.plan
        if level is None or plan is None or segmentation is None or self.trajectory is None:
            return
        verse, side = level.verse, self.side

        def work(_progress: Progress) -> Any:
            return self.services.entry_map(case, segmentation, plan, verse, side)

        def done(result: Any) -> None:
            if self.level is not None and (self.level.verse, self.side) == (verse, side):
                self.entry_map = result
                self.map_changed.emit()

        self.tasks.calm("map", work, done, lambda *_: None)

    def show_reach(self, shown: bool) -> None:
        """Show in 3D what the selected tool reaches from its entry, or hide it."""
        self.reach_shown = shown
        self.reach = None
        self.reach_changed.emit()
        case, level, segmentation, plan = self.session.case, self.level, self.segmentation, self.plan
        if not shown or level is None or plan is None or segmentation is None or self.trajectory is None:
            return
        verse, side = level.verse, self.side

        def work(_progress: Progress) -> Any:
            return self.services.reach(case, segmentation, plan, verse, side)

        def done(result: Any) -> None:
            if self.reach_shown and self.level is not None and (self.level.verse, self.side) == (verse, side):
                self.reach = result
                self.reach_changed.emit()

        self.tasks.latest("reach", work, done, lambda *_: None)

    def move_target(self, point_lps_mm: Point, final: bool) -> None:
        """Move the selected level's target; its tools are measured against it."""
        self._change_target(
            lambda case, found, plan, verse: self.services.target_moved(
                case, found, plan, verse, point_lps_mm, not final
            ),
            "Move target",
            final,
        )

    def set_target(self, target: Target) -> None:
        """Change numbers of the selected level's target."""
        self._change_target(
            lambda case, found, plan, verse: self.services.target_changed(case, found, plan, verse, target),
            "Change target",
            True,
        )

    def _change_target(self, change: Callable[..., Plan], what: str, final: bool) -> None:
        level, segmentation, case = self.level, self.segmentation, self.session.case
        plan = self.session.plan
        if level is None or plan is None or segmentation is None or (final and not self._may_change()):
            return
        verse, name = level.verse, level.name

        def work(_progress: Progress) -> Plan:
            return change(case, segmentation, plan, verse)

        def done(fresh: Plan) -> None:
            if self.session.plan is not plan:
                return
            if final:
                self._guard(lambda: self.session.commit(f"{what}, {name}", fresh))
            else:
                self.session.preview(fresh)

        self.tasks.latest("edit", work, done, self._why)

    def _may_change(self) -> bool:
        if self.session.read_only:
            self.told.emit(self.session.read_only)
            return False
        return True

    def _long(self, title: str, work: Callable[[Progress], Any], done: Callable[[Any], None]) -> None:
        """Run seconds of work with its progress shown and a way out."""
        self.working.emit(title, 0.0)

        def ended(result: Any) -> None:
            self.working.emit("", 1.0)
            done(result)

        def failed(error: Exception, details: str) -> None:
            self.working.emit("", 1.0)
            self._why(error, details)

        self.tasks.start(
            "explore",
            work,
            ended,
            failed,
            lambda fraction, text: self.working.emit(text or title, fraction),
            lambda: self.working.emit("", 1.0),
        )

    def cancel_work(self) -> None:
        """Stop the search or the heating that runs."""
        self.tasks.cancel("explore")
        self.working.emit("", 1.0)

    def _why(self, error: Exception, details: str) -> None:
        self.session.preview(None)
        if isinstance(error, PlannerError):
            self.told.emit(error.text)
        else:
            self.failed.emit("The change could not be worked out", error, details)
