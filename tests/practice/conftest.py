"""Practice bodies for the tests: the phantom's lower levels at 1.5 mm, built once."""

from __future__ import annotations

import pytest

from imaging.labels import SACRUM
from planner.practice.phantoms import build, phantom_spec
from planner.practice.scenario import Scenario

SMALL = {"cropped": True, "spacing_mm": 1.5, "slice_mm": 1.5, "levels": [23, 24, SACRUM]}


@pytest.fixture(scope="session")
def bodies(tmp_path_factory):
    """Where built bodies are kept."""
    return tmp_path_factory.mktemp("bodies")


@pytest.fixture(scope="session")
def l4_left(bodies) -> Scenario:
    return build(phantom_spec("plain", 23, "left", **SMALL), cache=bodies)


@pytest.fixture(scope="session")
def l5_left(bodies, l4_left) -> Scenario:
    return build(phantom_spec("plain", 24, "left", **SMALL), cache=bodies)
