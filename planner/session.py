"""The one mutable object of a session: the case, what was found in it, the plan's history, the selection."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.segmentation.result import SpineSegmentation
from planner.domain.plan import Plan, State
from planner.history import PlanHistory
from planner.services.acknowledge import acknowledge
from planner.services.annotate import kept_now, require_unlocked
from planner.services.approval import (
    approval_blockers,
    approval_sentence,
    confirm_levels,
    withdraw_changed,
    without_new_approvals,
)
from planner.services.procedure import with_procedure
from planner.services.revisions import Revisions
from planner.signal import Signal

if TYPE_CHECKING:
    from planner.services.open_case import Case


@dataclass(frozen=True)
class Selection:
    """The one selected thing, the same in all views."""

    verse: int | None = None
    side: Side | None = None


class PlanningSession:
    """State of one session; only one thread may change it.

    Each signal gives ``(old, new)`` and is silent when nothing changed. ``plan_changed`` tells the plan to be
    shown: the preview while something is dragged, the committed plan otherwise.
    """

    def __init__(self) -> None:
        self._case: Case | None = None
        self._segmentation: SpineSegmentation | None = None
        self._history: PlanHistory | None = None
        self._selection = Selection()
        self._preview: Plan | None = None
        self._revisions: Revisions | None = None
        self.case_changed: Signal[Case | None] = Signal()
        self.segmentation_changed: Signal[SpineSegmentation | None] = Signal()
        self.plan_changed: Signal[Plan | None] = Signal()
        self.selection_changed: Signal[Selection] = Signal()
        self.clean_changed: Signal[bool] = Signal()
        self.read_only = ""

    @property
    def case(self) -> Case | None:
        """The open case."""
        return self._case

    @property
    def segmentation(self) -> SpineSegmentation | None:
        """What was found in the case's image."""
        return self._segmentation

    @property
    def history(self) -> PlanHistory | None:
        """The plan's history; None before the first plan."""
        return self._history

    @property
    def plan(self) -> Plan | None:
        """The committed plan."""
        return self._history.plan if self._history else None

    @property
    def shown_plan(self) -> Plan | None:
        """The preview if something is being dragged, else the committed plan."""
        return self._preview or self.plan

    @property
    def selection(self) -> Selection:
        """The selected level and side."""
        return self._selection

    @property
    def is_clean(self) -> bool:
        """Whether nothing is unsaved."""
        return self._history is None or self._history.is_clean

    def open_case(self, case: Case | None, read_only: str = "") -> None:
        """Change to another case; segmentation, plan and selection of the last one are dropped.

        ``read_only`` is the sentence that says why nothing may be changed in it; empty when it may.
        """
        if case is self._case:
            return
        self.read_only = read_only
        self.set_segmentation(None)
        old, self._case = self._case, case
        self.case_changed.emit(old, case)

    def set_segmentation(self, segmentation: SpineSegmentation | None) -> None:
        """Take a segmentation of the open case; a plan made on another one is dropped."""
        if segmentation is self._segmentation:
            return
        self._swap_history(None)
        self.select(None, None)
        self._revisions = None
        old, self._segmentation = self._segmentation, segmentation
        self.segmentation_changed.emit(old, segmentation)

    def begin_plan(self, plan: Plan, saved: bool = False) -> None:
        """Start a history with ``plan``; it counts as unsaved unless it was read from a file."""
        history = PlanHistory(plan)
        if not saved:
            history.mark_unsaved()
        self._swap_history(history)

    def _swap_history(self, history: PlanHistory | None) -> None:
        old, clean = self.shown_plan, self.is_clean
        self._history, self._preview = history, None
        self.plan_changed.emit(old, self.shown_plan)
        self.clean_changed.emit(clean, self.is_clean)

    def _present(self) -> PlanHistory:
        if self._history is None:
            raise PlannerError("no_plan", "There is no plan yet. Open a case and plan it first.")
        return self._history

    def preview(self, plan: Plan | None) -> None:
        """Show a plan that is not committed (while dragging); None ends it."""
        old, self._preview = self.shown_plan, plan
        self.plan_changed.emit(old, self.shown_plan)

    def commit(self, label: str, plan: Plan, merge_key: Hashable | None = None) -> None:
        """Make ``plan`` the present one; a trajectory that differs from the last loses its approval.

        Raises:
            PlannerError: read_only, or locked where a locked trajectory would change.
        """
        history = self._present()
        if self.read_only:
            raise PlannerError("read_only", self.read_only)
        require_unlocked(history.plan, plan)
        old, clean = self.shown_plan, self.is_clean
        history.commit(label, _followed(withdraw_changed(history.plan, plan)), merge_key)
        self._preview = None
        self.plan_changed.emit(old, self.shown_plan)
        self.clean_changed.emit(clean, self.is_clean)

    def revise(self, label: str, segmentation: SpineSegmentation, plan: Plan) -> None:
        """Change the segmentation and the plan that stands on it in one step, which undo takes back whole.

        Raises:
            PlannerError: read_only, no_plan.
        """
        history = self._present()
        if self.read_only:
            raise PlannerError("read_only", self.read_only)
        if self._segmentation is None:
            raise PlannerError("no_plan", "There is no segmentation yet. Open a case and plan it first.")
        if self._revisions is None:
            self._revisions = Revisions(self._segmentation)
        plan = replace(plan, segmentation_sha256=self._revisions.keep(segmentation))
        old, clean, before = self.shown_plan, self.is_clean, self._segmentation
        self._segmentation = segmentation
        history.commit(label, _followed(withdraw_changed(history.plan, plan)))
        self._preview = None
        self._tell_revised(before, old, clean)

    def _tell_revised(self, before: SpineSegmentation | None, old: Plan | None, clean: bool) -> None:
        verse, side = self._same_place(before), self._selection.side
        if verse is None:
            side = None
        if before is not self._segmentation:
            self.segmentation_changed.emit(before, self._segmentation)
        self.plan_changed.emit(old, self.shown_plan)
        if before is not self._segmentation:
            self.select(verse, side)
        self.clean_changed.emit(clean, self.is_clean)

    def _same_place(self, before: SpineSegmentation | None) -> int | None:
        """The planned level that now lies where the selected one lay: names may have changed."""
        verse, now = self._selection.verse, self._segmentation
        old = before.level(verse) if before is not None and verse is not None else None
        if verse is None or now is None or self.plan is None or old is None:
            return verse
        place = old.body.centre_lps_mm
        near = [
            (float(((a.body.centre_lps_mm - place) ** 2).sum()), a.verse)
            for a in now.levels
            if self.plan.level(a.verse) is not None
        ]
        least, found = min(near, default=(400.0, verse))
        return found if least < 400.0 else None

    def _segmentation_of(self, plan: Plan) -> SpineSegmentation | None:
        """The segmentation that a plan of this history stands on."""
        kept = self._revisions.get(plan.segmentation_sha256) if self._revisions else None
        return kept or self._segmentation

    def undo(self) -> None:
        """Take the last step back."""
        self._step(-1)

    def redo(self) -> None:
        """Do the step that was undone last again."""
        self._step(1)

    def _step(self, direction: int) -> None:
        history = self._present()
        old, clean = self.shown_plan, self.is_clean
        present = history.plan
        stepped = history.undo() if direction < 0 else history.redo()
        history.amend(_followed(without_new_approvals(present, stepped)))
        self._preview = None
        before = self._segmentation
        if present.segmentation_sha256 != stepped.segmentation_sha256:
            self._segmentation = self._segmentation_of(stepped)
        self._tell_revised(before, old, clean)

    def select(self, verse: int | None, side: Side | None) -> None:
        """Select a level and side in all views."""
        old, self._selection = self._selection, Selection(verse, side)
        self.selection_changed.emit(old, self._selection)

    def mark_saved(self) -> None:
        """Tell that the present plan is on disk now."""
        clean = self.is_clean
        self._present().mark_saved()
        self.clean_changed.emit(clean, self.is_clean)

    def confirm_levels(self) -> None:
        """Record that a person has confirmed the names of the levels."""
        self.commit("Confirm the level count", confirm_levels(self._present().plan))

    def acknowledge(self, verse: int, code: str, who: str = "") -> None:
        """Record that a person has looked at a doubt (VerSe number, 0 for the whole case)."""
        name = NAME_FROM_VERSE.get(verse, "the case")
        self.commit(f"Look at a doubt of {name}", acknowledge(self._present().plan, verse, code, who))

    def why_not_approvable(self, verse: int, side: Side) -> str:
        """The sentence beside the Approve button; empty when it may be pressed."""
        return approval_sentence(self._present().plan, verse, side)

    def approve(self, verse: int, side: Side) -> None:
        """Approve a trajectory; PlannerError ``approval_blocked`` with the reason where it may not be."""
        plan = self._present().plan
        if approval_blockers(plan, verse, side):
            raise PlannerError("approval_blocked", approval_sentence(plan, verse, side))
        self._set_state(verse, side, "Approve", "approved")

    def review(self, verse: int, side: Side) -> None:
        """Mark a trajectory as reviewed: a person has looked at it and at its findings."""
        self._set_state(verse, side, "Mark as reviewed", "reviewed")

    def withdraw(self, verse: int, side: Side) -> None:
        """Take the approval of a trajectory back."""
        self._set_state(verse, side, "Withdraw approval of", "draft")

    def _set_state(self, verse: int, side: Side, verb: str, state: State) -> None:
        plan = self._present().plan
        level, trajectory = plan.planned(verse, side)
        changed = replace(trajectory, state=state, withdrawn="")
        after = plan.with_trajectory(verse, changed)
        if state == "approved":
            after = replace(after, notebook=after.notebook.with_approved(kept_now(verse, changed)))
        self.commit(f"{verb} {level.name} {side}", after)


def _followed(plan: Plan) -> Plan:
    """The plan with a procedure, where it has one, that goes by the present states of its sides."""
    return plan if plan.procedure is None else with_procedure(plan)
