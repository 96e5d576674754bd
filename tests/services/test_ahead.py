"""What a plan's arrival wants is loaded before it arrives."""

from __future__ import annotations

import pytest

from imaging.fluoro import compiled
from imaging.geometry.trilinear import march, trilinear
from imaging.progress import NULL_PROGRESS, CallbackProgress, TaskCancelledError
from planner.services import ahead
from planner.storage.plan_json import validator


def test_kernels_and_schema_are_loaded(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(compiled, "is_compiled", lambda: True)
    monkeypatch.setattr(compiled, "compile_shadow", lambda: asked.append("shadow"))
    monkeypatch.setattr(compiled, "compile_monitor", lambda: asked.append("monitor"))
    ahead.load_ahead(NULL_PROGRESS)
    assert asked == ["shadow", "monitor"]
    assert trilinear.signatures
    assert march.signatures
    assert validator() is validator()


def test_waiting_for_the_compiler_can_be_cancelled(monkeypatch):
    monkeypatch.setattr(compiled, "is_compiled", lambda: False)
    told: list[float] = []
    progress = CallbackProgress(lambda fraction, _: told.append(fraction), lambda: len(told) > 4)
    with pytest.raises(TaskCancelledError):
        ahead.load_ahead(progress)
