"""What a person recorded, carried over to a plan that was made anew on other labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.labels import SACRUM
from imaging.segmentation.result import SpineSegmentation
from planner.domain.fusion import Fusion
from planner.domain.plan import Plan

SAME_BODY_MM = 15.0


def carried_over(old: Plan, before: SpineSegmentation, plan: Plan, now: SpineSegmentation) -> Plan:
    """``plan`` with the notes, measurements, MR findings, MR and candidate sheet of ``old``.

    Each goes with its vertebra, whatever that is called now. Locks, second candidates and approvals are of
    tools that are no longer there.
    """
    names = _names_now(before, now)
    notes = tuple((names.get(verse, verse), side, text) for verse, side, text in old.notebook.notes)
    notebook = replace(plan.notebook, notes=notes, measurements=old.notebook.measurements)
    carried = replace(plan, notebook=notebook, candidate=old.candidate, modic=old.modic)
    if old.source.modality != "MR" and old.fusion is None:
        return carried  # the MR is counted by itself
    modic = tuple(replace(f, verse=names.get(f.verse, f.verse)) for f in old.modic)
    carried = replace(carried, modic=modic)
    if old.fusion is None:
        return carried
    from planner.services.fusion import with_fusion

    return with_fusion(carried, _fusion_now(old.fusion, names))


def _fusion_now(fusion: Fusion, names: dict[int, int]) -> Fusion:
    levels = tuple(replace(f, verse=names[f.verse]) for f in fusion.levels if f.verse in names)
    shifts = {b - a for a, b in names.items() if SACRUM not in (a, b)}
    shift = shifts.pop() if len(shifts) == 1 else 0
    return replace(fusion, levels=levels, shift=fusion.shift + shift)


def _names_now(before: SpineSegmentation, now: SpineSegmentation) -> dict[int, int]:
    """VerSe number now of each vertebra that was there before, by its body's place."""
    found = {}
    for old in before.levels:
        away = [
            (float(np.linalg.norm(a.body.centre_lps_mm - old.body.centre_lps_mm)), a.verse)
            for a in now.levels
        ]
        nearest = min(away, default=(np.inf, 0))
        if nearest[0] < SAME_BODY_MM:
            found[old.verse] = nearest[1]
    return found
