"""A chain of bodies steps over one whose block is missing, within the chain alone."""

from __future__ import annotations

import pytest

from imaging.mr.blocks import BlockOutline
from imaging.mr.chain import best_chain


def _column(*missing: int) -> list[BlockOutline]:
    return [BlockOutline(2.0 * n, 34.0 * n, 0.0, 27.0, 34.0, 4.0, 1.0) for n in range(8) if n not in missing]


def test_a_missing_body_is_stepped_over() -> None:
    chain, _ = best_chain(_column(3))
    assert [b.z_mm for b in chain] == pytest.approx([34.0 * n for n in range(8)])
    assert chain[3].y_mm == pytest.approx(6.0)


@pytest.mark.parametrize("missing", [(1,), (6,), (3, 4)])
def test_neither_at_an_end_nor_two_at_once(missing: tuple[int, ...]) -> None:
    chain, _ = best_chain(_column(*missing))
    assert len({round(b.z_mm) for b in chain} & {34 * n for n in missing}) == 0
