"""A user's own profile and limits: read whole, or refused with everything that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from imaging.errors import PlannerError
from planner.devices.catalogue import device_by_id, read_devices
from planner.devices.profile_file import parse_profile, profile_document
from planner.domain.limits import DEFAULT_LIMITS, LIMIT_SPECS, changed_limits
from planner.services.propose_plan import device_asked, limit_findings
from planner.storage.limits_file import limits_from, read_limits


def own_profile() -> dict:
    return {**profile_document(device_by_id("curved-8g")), "id": "mine", "name": "My curved tool"}


def test_a_profile_goes_there_and_back() -> None:
    own = parse_profile("mine.json", json.dumps(own_profile()))
    assert replace(own, id="curved-8g", name="Curved 8G, J-stylet") == device_by_id("curved-8g")


def test_everything_wrong_with_a_profile_is_said_in_one_sentence(tmp_path: Path) -> None:
    bad = own_profile() | {"outer_diameter_mm": "fat", "max_turn_deg": 400, "colour": "red", "lesions": []}
    del bad["evidence"]["introducer_length_mm"]
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(bad))
    with pytest.raises(PlannerError) as caught:
        read_devices(file)
    text = caught.value.text
    assert caught.value.code == "device_profile_broken"
    for part in (
        "outer_diameter_mm is 'fat', a number from 1 to 8 mm is needed",
        "max_turn_deg is 400",
        "'colour' is not a field",
        "lesions must be a list",
        "evidence is missing for introducer_length_mm",
    ):
        assert part in text


def test_a_tool_that_does_not_fit_through_its_introducer_is_refused() -> None:
    with pytest.raises(PlannerError, match="does not fit through the introducer"):
        parse_profile("x.json", json.dumps(own_profile() | {"stylet_diameter_mm": 4.5}))


def test_a_folder_of_profiles_and_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(own_profile()))
    assert [d.id for d in read_devices(tmp_path)] == ["mine"]
    assert device_asked(str(tmp_path / "a.json"), None)[0].id == "mine"
    (tmp_path / "b.json").write_text(json.dumps(own_profile() | {"id": "straight-8g"}))
    with pytest.raises(PlannerError, match="taken by the planner itself"):
        read_devices(tmp_path)


def test_access_and_instrument_belong_together() -> None:
    assert device_asked(None, "bipedicular")[0].kind == "pair"
    assert device_asked("bipedicular-10g", None)[1] == "bipedicular"
    with pytest.raises(PlannerError, match="one tool"):
        device_asked("curved-8g", "bipedicular")


def test_limits_are_read_and_what_changed_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    file.write_text('{"endplate_mm": 4, "draws": 4000}')
    limits = read_limits(file)
    assert (limits.endplate_mm, limits.draws) == (4, 4000)
    assert {s.name for s, _, _ in changed_limits(limits)} == {"endplate_mm", "draws"}
    said = [f.text for f in limit_findings(limits)]
    assert "Limit changed: Tool to endplate is 4 mm, the default is 3 mm." in said
    assert not limit_findings(DEFAULT_LIMITS)


@pytest.mark.parametrize("name", ["electrode_to_canal_stop_mm", "lesion_to_canal_stop_mm"])
def test_a_hard_stop_can_be_stricter_but_not_looser(name: str) -> None:
    value = getattr(DEFAULT_LIMITS, name)
    assert getattr(limits_from({name: value + 1}), name) == value + 1
    with pytest.raises(PlannerError, match="hard stop and no setting lifts it"):
        limits_from({name: value - 0.5})


def test_every_limit_can_be_set_and_defaults_lie_in_their_range() -> None:
    assert {s.name for s in LIMIT_SPECS} == set(vars(DEFAULT_LIMITS))
    for spec in LIMIT_SPECS:
        assert spec.low <= getattr(DEFAULT_LIMITS, spec.name) <= spec.high, spec.name
    with pytest.raises(PlannerError, match="'entplate_mm' is not a limit"):
        limits_from({"entplate_mm": 3})
