"""Corrections of the levels by a person: names, one level found anew, painted labels; the plan follows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.findings import NAMING_CODES, Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM, VERSE_FROM_NAME
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.edit.label_edit import LabelEdit
from imaging.segmentation.result import Counting, LevelEvidence, SpineSegmentation
from imaging.volume import LabelVolume
from planner.domain.notebook import Notebook
from planner.domain.plan import LevelPlan, Plan, Point
from planner.services.approval import confirm_levels
from planner.services.edit_plan import measure_again
from planner.services.import_segmentation import shifted
from planner.services.open_case import Case
from planner.services.procedure import with_procedure
from planner.services.vertebra_fields import segmentation_sha256

LEVELS_RENAMED = "levels_renamed"
_OF_THE_IMAGE = frozenset({"quality_joint_unseen", "quality_body_unseen"})
_NAME = re.compile(r"\b([TL])(\d{1,2})\b")


def vertebra_at(found: SpineSegmentation, point: Point) -> int:
    """VerSe number of the vertebra at, or within 6 mm of, a point.

    Raises:
        PlannerError: no_vertebra_here.
    """
    labels = found.vertebrae
    ijk = labels.grid.indices_from_lps(np.array(point))
    reach = np.maximum(1, np.ceil(6.0 / labels.grid.spacing_ijk_mm)).astype(int)
    low = np.maximum(0, np.rint(ijk).astype(int) - reach)
    high = np.rint(ijk).astype(int) + reach + 1
    block = labels.labels[low[2] : max(0, high[2]), low[1] : max(0, high[1]), low[0] : max(0, high[0])]
    at = np.argwhere(block)
    if len(at) == 0:
        raise PlannerError(
            "no_vertebra_here", "There is no vertebra at this point. Click into a vertebral body."
        )
    places = (at[:, ::-1] + low - ijk) * labels.grid.spacing_ijk_mm
    nearest = int(np.argmin((places**2).sum(1)))
    if float(np.linalg.norm(places[nearest])) > 6.0:
        raise PlannerError(
            "no_vertebra_here", "There is no vertebra at this point. Click into a vertebral body."
        )
    return int(block[tuple(at[nearest])])


def name_levels_by_person(
    found: SpineSegmentation, plan: Plan, point: Point, name: str
) -> tuple[SpineSegmentation, Plan, str]:
    """A person clicked a vertebra and named it: the rest follow, the names count as confirmed.

    Args:
        found, plan: present state.
        point: clicked, LPS mm.
        name: what the vertebra there is, "L4".

    Returns:
        Segmentation and plan (those given where the names held), and the undo step's name.

    Raises:
        PlannerError: no_vertebra_here, bad_name.
    """
    here = vertebra_at(found, point)
    verse = VERSE_FROM_NAME.get(name)
    if verse is None or (verse == SACRUM) != (here == SACRUM):
        said = NAME_FROM_VERSE.get(here, "another bone")
        raise PlannerError("bad_name", f"The bone that was clicked is {said}. It cannot be named {name}.")
    if verse == here:
        confirmed = confirm_levels(plan)
        levels = tuple(replace(level, confidence=1.0) for level in confirmed.levels)
        return found, replace(confirmed, levels=levels), "Confirm levels"
    return rename_levels(found, plan, verse - here, here)


def rename_levels(
    found: SpineSegmentation, plan: Plan, shift: int, said_of: int | None = None
) -> tuple[SpineSegmentation, Plan, str]:
    """Every vertebra but the sacrum is named ``shift`` levels lower; plans move with their vertebra.

    Approvals do not survive it: what was planned for one level now stands under another name. ``said_of`` is
    the vertebra that the person named.

    Raises:
        PlannerError: bad_anchor where that leads beyond T1 or L6.
    """
    vertebrae = shifted(found.vertebrae, shift)
    one = said_of or next((a.verse for a in found.levels if a.verse != SACRUM), 24)
    step = f"{NAME_FROM_VERSE[one]} becomes {NAME_FROM_VERSE[_moved(one, shift)]}"
    warning = Finding(
        "caution",
        LEVELS_RENAMED,
        f"A person renamed the levels: {step}, and all others with it. Earlier reports, pictures and marks "
        "carry the old names.",
    )
    kept = tuple(f for f in _settled(found.findings) if f.code != LEVELS_RENAMED)
    levels = tuple(
        a if a.verse == SACRUM else replace(
            a, verse=_moved(a.verse, shift), confidence=1.0,
            findings=tuple(_renamed_finding(f, shift) for f in a.findings),
        )
        for a in found.levels
    )  # fmt: skip
    named = SpineSegmentation(
        vertebrae, found.structures, levels, (*kept, warning),
        LevelEvidence("person", 1.0, tuple(_other_ways(found.evidence, shift))),
    )  # fmt: skip
    confirmed = confirm_levels(plan)
    findings = tuple(f for f in confirmed.findings if f.code != LEVELS_RENAMED)
    changed = replace(
        confirmed,
        levels=tuple(_renamed_level(level, shift) for level in confirmed.levels),
        findings=(*(_renamed_finding(f, shift) for f in findings), warning),
        seen=tuple(
            s if s.verse in (0, SACRUM) else replace(s, verse=_moved(s.verse, shift)) for s in plan.seen
        ),
        notebook=_renamed_notebook(plan, shift),
        segmentation_sha256=segmentation_sha256(named),
        procedure=None,
    )
    return named, _with_mr_renamed(changed, shift), f"Rename levels: {step}"


def _with_mr_renamed(plan: Plan, shift: int) -> Plan:
    """What was read on the MR goes with its vertebra, unless the MR was counted by itself beside a CT."""
    if plan.source.modality != "MR" and plan.fusion is None:
        return plan
    plan = replace(plan, modic=tuple(replace(f, verse=_moved(f.verse, shift)) for f in plan.modic))
    if plan.fusion is None:
        return plan
    from planner.services.fusion import with_fusion

    levels = tuple(replace(f, verse=_moved(f.verse, shift)) for f in plan.fusion.levels)
    return with_fusion(plan, replace(plan.fusion, levels=levels, shift=plan.fusion.shift + shift))


def _other_ways(evidence: LevelEvidence, shift: int) -> list[Counting]:
    return [replace(c, shift=c.shift - shift) for c in evidence.others if c.shift != shift]


def _settled(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.code not in NAMING_CODES)


def _moved(verse: int, shift: int) -> int:
    return verse if verse == SACRUM else verse + shift


def _renamed_text(text: str, shift: int) -> str:
    def other(match: re.Match[str]) -> str:
        verse = VERSE_FROM_NAME.get(match.group(0))
        return NAME_FROM_VERSE.get(_moved(verse, shift), match.group(0)) if verse else match.group(0)

    return _NAME.sub(other, text)


def _renamed_finding(finding: Finding, shift: int) -> Finding:
    return replace(finding, text=_renamed_text(finding.text, shift))


def _renamed_level(level: LevelPlan, shift: int) -> LevelPlan:
    if level.verse == SACRUM:
        return replace(level, confidence=1.0)
    return replace(
        level,
        verse=_moved(level.verse, shift),
        confidence=1.0,
        findings=tuple(_renamed_finding(f, shift) for f in level.findings),
        refused=tuple(replace(r, reason=_renamed_text(r.reason, shift)) for r in level.refused),
        trajectories=tuple(
            replace(
                t,
                state="draft",
                findings=tuple(_renamed_finding(f, shift) for f in t.findings),
                withdrawn="" if t.state == "draft" else "Approval withdrawn: the levels were renamed.",
            )
            for t in level.trajectories
        ),
    )


def _renamed_notebook(plan: Plan, shift: int) -> Notebook:
    book = plan.notebook
    return replace(
        book,
        notes=tuple((_moved(v, shift), side, text) for v, side, text in book.notes),
        locked=tuple((_moved(v, shift), side) for v, side in book.locked),
        candidates=tuple(replace(k, verse=_moved(k.verse, shift)) for k in book.candidates),
        approved=(),
    )


def resegment_level(
    case: Case, found: SpineSegmentation, verse: int, centre: Point, progress: Progress = NULL_PROGRESS
) -> LabelEdit:
    """An edit in which one vertebra was found anew round a body centre that a person put.

    Raises:
        PlannerError: no_vertebra, not_ct.
    """
    from imaging.segmentation.edit.one_level import find_one_level

    anatomy = found.level(verse)
    if anatomy is None:
        raise PlannerError("no_vertebra", f"{NAME_FROM_VERSE[verse]} was not found, so it cannot be moved.")
    where, mask, parts = find_one_level(case.volume, found.levels, verse, np.array(centre), progress)
    edit = LabelEdit(found.vertebrae, found.structures)
    edit.replace_vertebra(verse, where, mask, parts, f"Find {anatomy.name} anew")
    return edit


def apply_edit(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    edit: LabelEdit,
    progress: Progress = NULL_PROGRESS,
) -> tuple[SpineSegmentation, Plan]:
    """Segmentation and plan after an edit: what was touched is measured anew, its tools stay where they are.

    A level that no longer is in the map is refused in the plan.
    """
    vertebrae, structures = edit.result()
    changed = set(edit.changed)
    progress.step(0.0, "Measuring what was changed")
    levels = _measured_again(case, found, vertebrae, structures, changed, SubProgress(progress, 0.0, 0.5))
    sure = {a.verse: a.confidence for a in found.levels}
    levels = tuple(replace(a, confidence=sure.get(a.verse, found.evidence.confidence)) for a in levels)
    named = replace(found, vertebrae=vertebrae, structures=structures, levels=levels)
    followed = _followed(case, named, plan, changed, SubProgress(progress, 0.5, 1.0))
    for level in followed.levels:
        anatomy = named.level(level.verse)
        if level.verse in changed and anatomy is not None:
            followed = followed.with_level(replace(level, findings=anatomy.findings))
    seen = tuple(s for s in followed.seen if s.verse not in changed)
    return named, replace(followed, seen=seen)


def _followed(
    case: Case, named: SpineSegmentation, plan: Plan, changed: set[int], progress: Progress
) -> Plan:
    """The plan with the changed vertebrae's tools, and their neighbours', measured on the new labels."""
    order = [a.verse for a in named.levels]
    near = set(changed)
    for verse in changed & set(order):
        at = order.index(verse)
        near |= set(order[max(0, at - 1) : at + 2])
    part = replace(plan, levels=tuple(level for level in plan.levels if level.verse in near))
    again = measure_again(case, named, part, None, progress)
    fresh = {level.verse: level for level in again.levels}
    levels = tuple(fresh.get(level.verse, level) for level in plan.levels)
    return with_procedure(replace(again, levels=levels))


def _measured_again(
    case: Case,
    found: SpineSegmentation,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    changed: set[int],
    progress: Progress,
) -> tuple[VertebraAnatomy, ...]:
    from imaging.segmentation.anatomy import measure_anatomy
    from imaging.segmentation.quality import quality_findings, quality_records

    order = [a.verse for a in found.levels]
    near = set(changed)
    for verse in changed & set(order):
        at = order.index(verse)
        near |= set(order[max(0, at - 1) : at + 2])
    only = replace(vertebrae, labels=np.where(np.isin(vertebrae.labels, sorted(near)), vertebrae.labels, 0))
    fresh = {a.verse: a for a in measure_anatomy(only, structures, case.volume, {}, progress)}
    levels = [a for a in found.levels if a.verse not in changed]
    levels += [fresh[v] for v in changed if v in fresh]
    levels.sort(key=lambda a: -float(a.body.centre_lps_mm[2]))
    records = quality_records(tuple(levels), vertebrae, structures, case.volume)
    # Whether a joint or body shows is the image's doing, not the labels': an edit does not settle it.
    kept = {a.verse: [f for f in a.findings if f.code in _OF_THE_IMAGE] for a in found.levels}
    return tuple(
        replace(a, findings=(*a.findings, *quality_findings(records[a.verse]), *kept.get(a.verse, [])))
        if a.verse in changed
        else a
        for a in levels
    )
