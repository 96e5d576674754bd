"""What a plan's arrival wants is loaded before it arrives."""

from __future__ import annotations

import pytest

from imaging.geometry.trilinear import march, trilinear
from imaging.progress import NULL_PROGRESS, CallbackProgress, TaskCancelledError
from planner.services import ahead
from planner.storage.plan_json import validator


def test_distances_and_schema_are_loaded():
    ahead.load_ahead(NULL_PROGRESS)
    assert trilinear.signatures
    assert march.signatures
    assert validator() is validator()


def test_loading_can_be_cancelled_between_the_two(monkeypatch):
    loaded: list[bool] = []
    monkeypatch.setattr(ahead, "_load_distances", lambda: loaded.append(True))
    told: list[float] = []
    progress = CallbackProgress(lambda fraction, _: told.append(fraction), lambda: bool(told))
    with pytest.raises(TaskCancelledError):
        ahead.load_ahead(progress)
    assert not loaded
