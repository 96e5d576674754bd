"""The notebook's part of plan.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planner.domain.notebook import Kept, Measurement, Notebook
from planner.domain.plan import Trajectory

Json = dict[str, Any]


def notebook_to_dict(notebook: Notebook, trajectory: Callable[[Trajectory], Json]) -> Json:
    """The document of a notebook; ``trajectory`` writes one trajectory."""

    def kept(values: tuple[Kept, ...]) -> list[Json]:
        return [
            {"verse": k.verse, "when": k.when, "who": k.who, "trajectory": trajectory(k.trajectory)}
            for k in values
        ]

    return {
        "measurements": [
            {"kind": m.kind, "points_lps_mm": [[float(v) for v in p] for p in m.points_lps_mm]}
            for m in notebook.measurements
        ],
        "notes": [{"verse": v, "side": side, "text": text} for v, side, text in notebook.notes],
        "locked": [{"verse": v, "side": side} for v, side in notebook.locked],
        "candidates": kept(notebook.candidates),
        "approved": kept(notebook.approved),
    }


def notebook_from_dict(document: Json | None, trajectory: Callable[[Json], Trajectory]) -> Notebook:
    """The inverse; an empty notebook of a document without one."""
    if document is None:
        return Notebook()

    def kept(values: list[Json]) -> tuple[Kept, ...]:
        return tuple(Kept(d["verse"], trajectory(d["trajectory"]), d["when"], d["who"]) for d in values)

    return Notebook(
        measurements=tuple(
            Measurement(m["kind"], tuple((float(x), float(y), float(z)) for x, y, z in m["points_lps_mm"]))
            for m in document["measurements"]
        ),
        notes=tuple((n["verse"], n["side"], n["text"]) for n in document["notes"]),
        locked=tuple((n["verse"], n["side"]) for n in document["locked"]),
        candidates=kept(document["candidates"]),
        approved=kept(document["approved"]),
    )
