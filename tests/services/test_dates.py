"""Dates are read in the same words everywhere."""

from __future__ import annotations

from datetime import datetime

import pytest

from planner.domain.dates import date_words, moment_words


@pytest.mark.parametrize(
    ("raw", "words"),
    [("20261118", "18 Nov 2026"), ("2026.05.03", "3 May 2026"), ("20261399", "20261399"), ("", "")],
)
def test_a_dicom_date_in_words(raw, words):
    assert date_words(raw) == words


def test_a_moment_by_the_clock_of_this_place():
    assert moment_words("2026-11-18T09:05:07") == "18 Nov 2026 09:05"
    assert moment_words(datetime(2026, 11, 18, 9, 5, 7), seconds=True) == "18 Nov 2026 09:05:07"
    here = datetime.fromisoformat("2026-11-18T09:05:07Z").astimezone()
    assert moment_words("2026-11-18T09:05:07Z") == f"{here.day} {here:%b %Y %H:%M}"
    assert moment_words("earlier") == "earlier"
