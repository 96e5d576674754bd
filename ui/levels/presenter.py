"""What the Levels screen shows and does. The services decide; this keeps what is being painted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM
from imaging.progress import Progress, SubProgress
from imaging.segmentation.edit.label_edit import LabelEdit
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import LabelVolume
from planner.domain.plan import Plan, Point
from planner.services import correct_levels
from planner.services.acknowledge import WHOLE_CASE, doubts, seen_when
from planner.services.carry_over import carried_over
from planner.services.import_segmentation import import_segmentation
from ui.screens.registry import WindowContext

Tool = Literal["name", "move", "paint", "erase"]
Array = NDArray[np.float64]
PAINTED_FIRST = "Apply or discard it first"


class LevelsPresenter(QObject):
    """State of the screen: the clicked vertebra, the tool in hand, the edit that is not yet applied."""

    changed = Signal()
    cursor_changed = Signal()
    labels_changed = Signal()
    asked_numbering = Signal(Path, list)
    busy = Signal(str)

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        self.session = context.session
        self.volume = context.services.volume_of(self.session.case)
        self.tool: Tool = "name"
        self.radius_mm = 3.0
        self.edit: LabelEdit | None = None
        self.chosen: int | None = None
        self._pointed: tuple[SpineSegmentation | None, int | None] = (None, None)
        self.cursor_lps_mm: Array = self.volume.grid.centre_lps_mm.copy()
        self.working = ""
        self._links = [
            self.session.plan_changed.connect(lambda _old, _new: self.changed.emit()),
            self.session.segmentation_changed.connect(lambda _old, _new: self._on_segmentation()),
        ]
        order = self.levels
        if order:
            self.choose(order[len(order) // 2].verse)

    def close(self) -> None:
        """Let go of the session."""
        for unlink in self._links:
            unlink()
        self._links = []
        self.context.tasks.cancel("levels")

    @property
    def found(self) -> SpineSegmentation | None:
        """The committed segmentation."""
        return self.session.segmentation

    @property
    def plan(self) -> Plan | None:
        """The committed plan."""
        return self.session.plan

    @property
    def levels(self) -> tuple[VertebraAnatomy, ...]:
        """What was measured, top to bottom."""
        return self.found.levels if self.found else ()

    def labels(self) -> LabelVolume | None:
        """The label map to show: as painted so far."""
        if self.edit is not None:
            return LabelVolume(self.edit.grid, self.edit.vertebrae.view())
        return self.found.vertebrae if self.found else None

    @property
    def unapplied(self) -> str:
        """Names of the vertebrae that were painted and are not in the plan yet; empty when none."""
        return ", ".join(NAME_FROM_VERSE[v] for v in sorted(self.edit.changed)) if self.edit else ""

    def choose(self, verse: int) -> None:
        """Select a vertebra and go to its middle."""
        anatomy = self.found.level(verse) if self.found else None
        self.chosen = verse
        if anatomy is not None:
            self.cursor_lps_mm = anatomy.body.centre_lps_mm.copy()
        self.changed.emit()
        self.cursor_changed.emit()

    def point_at(self, verse: int) -> None:
        """A person has clicked a vertebra in an image."""
        self.chosen, self._pointed = verse, (self.found, verse)
        self.changed.emit()

    @property
    def is_pointed(self) -> bool:
        """Whether the selected vertebra was clicked in an image, as confirming its name asks."""
        found, verse = self._pointed
        return found is not None and found is self.found and verse == self.chosen

    def set_cursor(self, point: Array) -> None:
        """Move the cross of all views."""
        self.cursor_lps_mm = point
        self.cursor_changed.emit()

    def set_tool(self, tool: Tool) -> None:
        """Take another tool in hand."""
        self.tool = tool
        self.changed.emit()

    def set_radius(self, radius_mm: float) -> None:
        """Size of the brush."""
        self.radius_mm = min(15.0, max(1.0, radius_mm))
        self.changed.emit()

    def other_names(self, verse: int) -> str:
        """Names of a vertebra when counted otherwise: "from the sacrum L5"."""
        if self.found is None or verse == SACRUM or (self.plan and self.plan.levels_confirmed):
            return ""
        words = []
        for other in self.found.evidence.others:
            name = NAME_FROM_VERSE.get(verse + other.shift) if verse + other.shift != 26 else "S1"
            words.append(f"from the {other.source} {name}")
        return ", ".join(words)

    def evidence_words(self) -> str:
        """What the names stand on, in one sentence, and how sure the chosen one's is."""
        if self.found is None:
            return ""
        if self.plan and self.plan.levels_confirmed and self.found.evidence.used != "sacrum and ribs":
            return "A person has confirmed the names."
        e = self.found.evidence
        words = {
            "sacrum and ribs": "Counted up from the sacrum and down from the last ribs",
            "sacrum": "Counted up from the sacrum",
            "ribs": "Counted down from the last ribs",
            "anchor": "Counted from the point that was given",
            "label map": "Named by the imported label map",
            "person": "Named by a person",
            "none": "Guessed: neither sacrum nor ribs are in the image",
        }[e.used]
        chosen = self.found.level(self.chosen) if self.chosen is not None else None
        sure = e.confidence if chosen is None else chosen.confidence
        return f"{words}, {100 * sure:.0f}\u202f% sure."

    def naming_doubts(self) -> list[Finding]:
        """Findings about names that wait for a person."""
        plan = self.plan
        if plan is None or plan.levels_confirmed:
            return []
        from imaging.findings import NAMING_CODES

        return [f for f in plan.findings if f.code in NAMING_CODES]

    def doubts_of(self, verse: int) -> list[tuple[int, Finding, str]]:
        """(level or whole case, finding, when it was looked at or "") of a vertebra."""
        if self.plan is None:
            return []
        found = list(doubts(self.plan, verse))
        anatomy = self.found.level(verse) if self.found else None
        if self.plan.level(verse) is None and anatomy is not None:
            from planner.domain.doubt import needs_a_look

            found += [(verse, f) for f in anatomy.findings if needs_a_look(f)]
        out = []
        for where, finding in found:
            seen = seen_when(self.plan, where, finding.code)
            out.append((where, finding, seen.when if seen else ""))
        return out

    def name_shown(self, anatomy: VertebraAnatomy) -> str:
        """Name of the vertebra to which the middle of a body belongs, as painted so far."""
        verse = anatomy.verse
        if self.edit is not None:
            i, j, k = np.rint(self.edit.grid.indices_from_lps(anatomy.body.centre_lps_mm)).astype(int)
            verse = int(self.edit.vertebrae[k, j, i]) or verse
        return NAME_FROM_VERSE.get(verse, NAME_FROM_VERSE[anatomy.verse])

    def is_doubtful(self, verse: int) -> bool:
        """Whether a vertebra has a doubt nobody has looked at."""
        return any(where != WHOLE_CASE and not when for where, _, when in self.doubts_of(verse))

    def look(self, where: int, code: str) -> None:
        """A person has looked at a doubt."""
        self._guard(lambda: self.session.acknowledge(where, code))

    def name_chosen(self, name: str) -> None:
        """The clicked vertebra is this one: confirm, or rename all."""
        found, plan = self.found, self.plan
        if found is None or plan is None or self.chosen is None or self._waits_for_edit():
            return
        self.drop_edit()
        anatomy = found.level(self.chosen)
        place = anatomy.body.centre_lps_mm if anatomy is not None else self.cursor_lps_mm

        def do() -> None:
            named, changed, step = correct_levels.name_levels_by_person(found, plan, _point(place), name)
            self.session.revise(step, named, changed)
            self.context.tell(f"{step}.")

        self._guard(do)
        at = self.found.levels if self.found else ()
        now = min(at, key=lambda a: float(np.linalg.norm(a.body.centre_lps_mm - place)), default=None)
        if now is not None:
            self.choose(now.verse)

    def move_centre(self, point: Array) -> None:
        """Find the chosen vertebra anew round a body centre."""
        case, found, verse = self.session.case, self.found, self.chosen
        if case is None or found is None or verse is None or self._waits_for_edit():
            return
        self.drop_edit()
        name = NAME_FROM_VERSE[verse]

        def find(progress: Progress) -> LabelEdit:
            return correct_levels.resegment_level(case, found, verse, _point(point), progress)

        self._correct(f"Find {name} anew", f"Finding {name} anew", find)

    def stroke(self, points: list[Array]) -> None:
        """Paint or erase along points; not applied to the plan yet."""
        if self.chosen is None or not self._begin_edit():
            return
        assert self.edit is not None
        act = self.edit.paint if self.tool == "paint" else self.edit.erase
        self._edited(act(np.array(points), self.radius_mm, self.chosen))

    def smooth(self) -> None:
        """Smooth the chosen vertebra."""
        if self.chosen is not None and self._begin_edit() and self.edit is not None:
            edit, verse = self.edit, self.chosen
            self._guard(lambda: self._edited(edit.smooth(verse)))

    def merge(self, into: int) -> None:
        """Give the chosen vertebra to its neighbour."""
        if self.chosen is not None and self._begin_edit() and self.edit is not None:
            edit, verse = self.edit, self.chosen
            self._guard(lambda: self._edited(edit.merge(verse, into)))
            self.choose(into)

    def split(self, other: int, lower: bool) -> None:
        """Give what of the chosen vertebra lies beyond the cross to a neighbour."""
        if self.chosen is None or self.found is None or not self._begin_edit() or self.edit is None:
            return
        edit, verse = self.edit, self.chosen
        anatomy = self.found.level(verse)
        up = anatomy.body.superior if anatomy is not None else np.array([0.0, 0.0, 1.0])
        normal = -up if lower else up
        self._guard(lambda: self._edited(edit.split(verse, self.cursor_lps_mm, normal, other)))

    def undo_stroke(self) -> None:
        """Take the last stroke back."""
        if self.edit is not None and not self.working:
            self._edited(self.edit.undo())

    def redo_stroke(self) -> None:
        """Do the stroke that was taken back again."""
        if self.edit is not None and not self.working:
            self._edited(self.edit.redo())

    def drop_edit(self) -> None:
        """Forget what was painted and not applied."""
        if self.edit is not None:
            self.edit = None
            self.labels_changed.emit()
            self.changed.emit()
            self.context.refresh()

    def apply_edit(self) -> None:
        """Measure what was painted; the plan follows."""
        edit = self.edit
        if edit is not None:
            self._correct(edit.undo_name or "Correct labels", "Measuring what was changed", lambda _: edit)

    def _correct(self, step: str, words: str, make: Callable[[Progress], LabelEdit]) -> None:
        """Measure an edit and put it into the plan; again where the plan has changed meanwhile."""
        case, found, plan = self.session.case, self.found, self.plan
        if case is None or found is None or plan is None:
            return
        made: list[LabelEdit] = []

        def work(progress: Progress) -> Any:
            made.append(make(SubProgress(progress, 0.0, 0.5)))
            rest = SubProgress(progress, 0.5, 1.0)
            return correct_levels.apply_edit(case, found, plan, made[0], rest)

        def done(result: Any) -> None:
            if self.found is found and self.plan is not plan:
                self._correct(step, words, lambda _: made[0])
            else:
                self._commit(step, result, found)

        self._run(words, work, done)

    def import_file(self, path: Path, numbering: str | None = None) -> None:
        """Take the vertebrae of somebody's label map and plan on them."""
        case, found = self.session.case, self.found
        if case is None or found is None or self._waits_for_edit():
            return
        services = self.context.services

        def work(progress: Progress) -> Any:
            taken = import_segmentation(case, path, None, SubProgress(progress, 0.0, 0.5), numbering)
            return taken, services.propose(case, taken, SubProgress(progress, 0.5, 1.0))

        def failed(error: Exception, details: str) -> None:
            if isinstance(error, PlannerError) and error.code == "numbering_unclear" and numbering is None:
                from imaging.segmentation.numbering import NUMBERINGS

                self.asked_numbering.emit(path, [n.name for n in NUMBERINGS])
                return
            self.context.fail("The label map is not taken", error, details)

        def done(result: tuple[SpineSegmentation, Plan]) -> None:
            taken, fresh = result
            plan = carried_over(self.plan, found, fresh, taken) if self.plan is not None else fresh
            self._commit(f"Import {path.name}", (taken, plan), found)

        self._run(f"Reading {path.name}", work, done, failed)

    def _commit(self, step: str, result: tuple[SpineSegmentation, Plan], base: SpineSegmentation) -> None:
        if self.found is not base:
            self.context.tell("The segmentation has changed meanwhile, so this was not kept.")
            return
        self.edit = None
        self._guard(lambda: self.session.revise(step, *result))
        self.labels_changed.emit()

    def _run(
        self,
        words: str,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception, str], None] | None = None,
    ) -> None:
        self._set_working(words)

        def finished(result: Any) -> None:
            self._set_working("")
            done(result)

        def stopped(error: Exception, details: str) -> None:
            self._set_working("")
            (failed or (lambda e, d: self.context.fail("The correction could not be made", e, d)))(
                error, details
            )

        self.context.tasks.start(
            "levels",
            work,
            finished,
            stopped,
            lambda fraction, text: self.busy.emit(f"{text} ({100 * fraction:.0f}\u202f%)"),
            lambda: self._set_working(""),
        )

    def cancel(self) -> None:
        """Stop what is being worked on."""
        self.context.tasks.cancel("levels")
        self._set_working("")

    def _set_working(self, words: str) -> None:
        self.working = words
        self.busy.emit(words)
        self.changed.emit()

    def _waits_for_edit(self) -> bool:
        """Whether something painted is in hand that another correction would drop; says so."""
        if self.unapplied:
            self.context.tell(f"What was painted on {self.unapplied} is not applied. {PAINTED_FIRST}.")
        return bool(self.unapplied)

    def _begin_edit(self) -> bool:
        if self.session.read_only:
            self.context.tell(self.session.read_only)
            return False
        if self.edit is None and self.found is not None:
            self.edit = LabelEdit(self.found.vertebrae, self.found.structures)
        return self.edit is not None

    def _edited(self, changed: bool) -> None:
        if changed:
            self.labels_changed.emit()
        self.changed.emit()
        self.context.refresh()

    def _on_segmentation(self) -> None:
        if self.unapplied:
            self.context.tell(f"What was painted on {self.unapplied} lay on other labels and is gone.")
        self.edit = None
        self.labels_changed.emit()
        self.changed.emit()

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except PlannerError as error:
            self.context.tell(error.text)
        self.context.refresh()


def _point(values: Array) -> Point:
    return float(values[0]), float(values[1]), float(values[2])
