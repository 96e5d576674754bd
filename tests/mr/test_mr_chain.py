"""A chain of bodies steps over one whose block is missing, within the chain alone, and tells which it is."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.labels import NAME_FROM_VERSE
from imaging.mr.anatomy import mr_vertebra
from imaging.mr.blocks import BlockOutline
from imaging.mr.chain import best_chain
from imaging.mr.column import Column
from imaging.mr.model_arch import pedicle_models
from imaging.mr.spine import name_bodies
from imaging.mr.surface import BodySurface, box_radius, reframed
from planner.domain.doubt import needs_a_look


def _column(*missing: int) -> list[BlockOutline]:
    return [BlockOutline(2.0 * n, 34.0 * n, 0.0, 27.0, 34.0, 4.0, 1.0) for n in range(8) if n not in missing]


def test_a_missing_body_is_stepped_over() -> None:
    chain, _ = best_chain(_column(3))
    assert [b.z_mm for b in chain] == pytest.approx([34.0 * n for n in range(8)])
    assert chain[3].y_mm == pytest.approx(6.0)
    assert [b.seen for b in chain] == [n != 3 for n in range(8)]


@pytest.mark.parametrize("missing", [(1,), (6,), (3, 4)])
def test_neither_at_an_end_nor_two_at_once(missing: tuple[int, ...]) -> None:
    chain, _ = best_chain(_column(*missing))
    assert len({round(b.z_mm) for b in chain} & {34 * n for n in missing}) == 0


@pytest.mark.parametrize("places", [(0, 68), (0, 60, 120), (0, 68, 136, 204)])
def test_steps_over_missing_bodies_alone_are_no_chain(places: tuple[int, ...]) -> None:
    """Blocks of which no two are neighbours: one of them is handed back, too few for a spine."""
    chain, worth = best_chain([BlockOutline(0.0, z, 0.0, 27.0, 34.0, 4.0, 1.0) for z in places])
    assert len(chain) == 1
    assert worth == 0.0


def _bodies(unseen: int | None) -> tuple[BodySurface, ...]:
    size = np.array([45.0, 33.0, 27.0])
    return tuple(
        BodySurface(
            np.array([0.0, 0.0, 34.0 * n]), np.eye(3), size, box_radius(size, 4.0), 4.0, seen=n != unseen
        )
        for n in range(5)
    )


@pytest.mark.parametrize("anchor", [None, (24, np.array([0.0, 0.0, 34.0]))])
def test_a_body_stepped_over_is_told_with_the_count(
    anchor: tuple[int, np.ndarray] | None,
) -> None:
    clear = name_bodies(Column(_bodies(None), 0, 0.0), anchor)
    named, confidence, findings, _ = name_bodies(Column(_bodies(3), 0, 0.0), anchor)
    assert [f.code for f in findings] == ["level_count_unconfirmed"]
    assert "L3 was not seen" in findings[0].text
    assert not any("not seen" in f.text for f in clear[2])
    assert confidence[22] < clear[1][22]
    told = {n.verse: mr_vertebra(n.body, n.verse, 0.9, pedicle_models(n.body, n.verse)) for n in named}
    doubts = {v: [f.code for f in a.findings if needs_a_look(f)] for v, a in told.items()}
    assert doubts == {v: ["quality_body_unseen"] if v == 22 else [] for v in (26, 24, 23, 22, 21)}


def _at(n: int) -> np.ndarray:
    return np.array([0.0, 0.0, 34.0 * n])


@pytest.mark.parametrize(
    ("number", "place", "by_sacrum", "numbers"),
    [
        (24, 0, "S1", [24, 23, 22, 21, 20]),
        (23, 1, "L5", [24, 23, 22, 21, 20]),
        (25, 0, "S1", [25, 24, 23, 22, 21]),
        (25, 1, "L5", [26, 25, 24, 23, 22]),
        (26, 1, "L5", [26, 24, 23, 22]),
    ],
)
def test_a_point_against_a_sacrum_that_is_seen_is_asked_about_with_both_names(
    number: int, place: int, by_sacrum: str, numbers: list[int]
) -> None:
    named, confidence, findings, evidence = name_bodies(Column(_bodies(None), 0, 0.0), (number, _at(place)))
    assert [n.verse for n in named] == numbers
    assert [(f.severity, f.code) for f in findings] == [("stop", "level_count_unconfirmed")]
    told = f"is {NAME_FROM_VERSE[number]}, counted up from the sacrum it is {by_sacrum}."
    assert told in findings[0].text
    assert evidence.used == "anchor"
    assert max(confidence.values()) == pytest.approx(0.6)


@pytest.mark.parametrize(("number", "place"), [(26, 0), (24, 1), (22, 3)])
def test_a_point_that_agrees_with_the_sacrum_settles_the_names(number: int, place: int) -> None:
    _, _, findings, evidence = name_bodies(Column(_bodies(None), 0, 0.0), (number, _at(place)))
    assert (findings, evidence.confidence) == ([], 0.98)


@pytest.mark.parametrize(
    ("column", "point"), [(Column(_bodies(None), 0, 0.0), 2), (Column(_bodies(None), None, 0.0), 1)]
)
def test_a_point_that_makes_s1_of_what_does_not_look_like_it_is_asked_about(
    column: Column, point: int
) -> None:
    named, confidence, findings, _ = name_bodies(column, (24, _at(point)))
    assert next(n for n in named if n.verse == 24).body.centre_lps_mm[2] == 34.0 * point
    assert named[0].verse == 26
    assert [f.code for f in findings] == ["level_count_unconfirmed"]
    assert ("sixth lumbar" if column.sacral is None else "from the sacrum it is L4") in findings[0].text
    assert confidence[24] < 0.7


def test_a_body_stays_unseen_when_its_frame_is_turned() -> None:
    assert [reframed(b).seen for b in _bodies(2)] == [True, True, False, True, True]
