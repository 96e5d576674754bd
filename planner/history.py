"""Undo and redo as a list of immutable plans: going back swaps the value, nothing is ever inverted."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from planner.domain.passport import Edit
from planner.domain.plan import Plan


@dataclass(frozen=True)
class _Entry:
    label: str
    plan: Plan
    merge_key: Hashable | None


class PlanHistory:
    """Plans in the order they were made, with a cursor on the present one.

    ``limit`` is the number of steps that can be undone; the oldest fall off.
    """

    def __init__(self, plan: Plan, limit: int = 200) -> None:
        self._entries = [_Entry("", plan, None)]
        self._at = 0
        self._limit = limit
        self._saved: Plan | None = plan
        self._may_merge = False

    @property
    def plan(self) -> Plan:
        """The present plan."""
        return self._entries[self._at].plan

    def commit(self, label: str, plan: Plan, merge_key: Hashable | None = None) -> bool:
        """Make ``plan`` the present one under ``label`` ("Move tip of L4 left"); False if nothing changed.

        Commits that follow each other with one ``merge_key`` become one step. What was undone is dropped.
        """
        if plan == self.plan:
            return False
        present = self._entries[self._at]
        del self._entries[self._at + 1 :]
        merges = self._may_merge and merge_key is not None and merge_key == present.merge_key
        edits = present.plan.edits[:-1] if merges else present.plan.edits
        now = datetime.now(UTC).isoformat(timespec="seconds")
        plan = replace(plan, edits=(*edits, Edit(now, label)))
        if merges:
            self._entries[self._at] = _Entry(label, plan, merge_key)
        else:
            self._entries.append(_Entry(label, plan, merge_key))
            surplus = len(self._entries) - self._limit - 1
            if surplus > 0:
                del self._entries[:surplus]
            self._at = len(self._entries) - 1
        self._may_merge = True
        return True

    @property
    def undo_label(self) -> str | None:
        """What undo would take back, or None."""
        return self._entries[self._at].label if self._at else None

    @property
    def redo_label(self) -> str | None:
        """What redo would do again, or None."""
        return self._entries[self._at + 1].label if self._at + 1 < len(self._entries) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of all steps, oldest first, those undone included."""
        return tuple(entry.label for entry in self._entries[1:])

    @property
    def position(self) -> int:
        """How many of ``labels`` are done."""
        return self._at

    def undo(self) -> Plan:
        """Go one step back and return the present plan; nothing happens at the beginning."""
        self._at = max(0, self._at - 1)
        self._may_merge = False
        return self.plan

    def redo(self) -> Plan:
        """Go one step forward and return the present plan; nothing happens at the end."""
        self._at = min(len(self._entries) - 1, self._at + 1)
        self._may_merge = False
        return self.plan

    def amend(self, plan: Plan) -> None:
        """Replace the present plan without a step of its own."""
        entry = self._entries[self._at]
        self._entries[self._at] = _Entry(entry.label, plan, entry.merge_key)

    def mark_saved(self) -> None:
        """Remember that the present plan is the one on disk."""
        self._saved = self.plan
        self._may_merge = False

    def mark_unsaved(self) -> None:
        """Remember that no plan is on disk."""
        self._saved = None

    @property
    def is_clean(self) -> bool:
        """Whether the present plan equals the saved one."""
        return self._saved is not None and (self._saved is self.plan or self._saved == self.plan)
