"""The room after an event: deterministic, and the only place where the room changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from imaging.fluoro.technique import Dose
from planner.practice.dose import pulse_dose
from planner.practice.hand import (
    DOCKED_MM,
    PUSH_ENERGY_PER_MM,
    TAP_ENERGY,
    advance_mm,
    bone_contact_mm,
    bone_depth_mm,
    driven,
    pointed,
)
from planner.practice.room import (
    FIELDS_MM,
    LARGEST_ORBIT_DEG,
    LARGEST_SHIFT_MM,
    LARGEST_TILT_DEG,
    PULSE_RATES,
    CArmSetting,
    Event,
    Hand,
    LesionRun,
    RoomState,
)
from planner.practice.scenario import Scenario
from planner.practice.tool import angles_from_direction, direction_from_angles, introducer_tip, tool_axis
from planner.trajectory.target import as_point

LARGEST_AIM_DEG = 70.0
LONGEST_PUSH_MM = 1.0
LONGEST_INSERTION_MM = 180.0
CURVE_STEP_DEG = 5.0
_Data = Mapping[str, Any]
_doses: WeakKeyDictionary[Scenario, dict[CArmSetting, Dose]] = WeakKeyDictionary()


def dose_at(scenario: Scenario, carm: CArmSetting) -> Dose:
    """Dose of one pulse, remembered by setting."""
    mine = _doses.setdefault(scenario, {})
    if carm not in mine:
        mine[carm] = pulse_dose(scenario, carm)
    return mine[carm]


def pulses_due(state: RoomState, now_s: float) -> int:
    """How many pulses the present counting holds by ``now_s``: the first comes with the pedal."""
    since = state.exposure.on_since_s
    if since is None:
        return 0
    rate = state.carm.rate
    return 1 if rate == 0 else 1 + math.floor((now_s - since) * rate + 1e-6)


def elapse(scenario: Scenario, state: RoomState, now_s: float) -> RoomState:
    """The room at ``now_s`` when nothing was done since: time and, with the beam on, pulses and dose."""
    now_s = max(now_s, state.time_s)
    if not state.beam_on:
        return replace(state, time_s=now_s)
    e = state.exposure
    new = pulses_due(state, now_s) - e.on_pulses
    dose = dose_at(scenario, state.carm)
    e = replace(
        e,
        pulses=e.pulses + new,
        on_pulses=e.on_pulses + new,
        beam_s=e.beam_s + (now_s - state.time_s if state.carm.rate else 0.0),
        kerma_mgy=e.kerma_mgy + new * dose.air_kerma_mgy,
        dap_gycm2=e.dap_gycm2 + new * dose.dap_gy_cm2,
    )
    return replace(state, time_s=now_s, exposure=e)


def apply(scenario: Scenario, state: RoomState, event: Event) -> RoomState:
    """The room after ``event``. What cannot be done leaves the room as it is, with the reason in words."""
    state = replace(elapse(scenario, state, event.time_s), refusal="")
    if state.ended:
        return replace(state, refusal="The session has ended.")
    if state.paused_since_s is not None and event.kind not in ("resume", "end"):
        return replace(state, refusal="Paused. Go on first.")
    return _ACTS[event.kind](scenario, state, event.data)


def _refuse(state: RoomState, why: str) -> RoomState:
    return replace(state, refusal=why)


def _carm(_scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    known = {f.name for f in fields(CArmSetting)}
    if set(data) - known:
        return _refuse(state, "The C-arm has no such setting.")
    setting = replace(state.carm, **data)
    shifts = (setting.height_mm, setting.along_mm, setting.across_mm)
    if abs(setting.orbit_deg) > LARGEST_ORBIT_DEG or abs(setting.tilt_deg) > LARGEST_TILT_DEG:
        return _refuse(
            state, f"The C-arm turns to {LARGEST_ORBIT_DEG:.0f}° and tilts to {LARGEST_TILT_DEG:.0f}°."
        )
    if max(map(abs, shifts)) > LARGEST_SHIFT_MM:
        return _refuse(state, f"The table moves {LARGEST_SHIFT_MM:.0f} mm each way.")
    if setting.pulses_per_s not in PULSE_RATES or setting.field_mm not in FIELDS_MM:
        return _refuse(state, "The C-arm has no such field or pulse rate.")
    if not (0.25 <= setting.iris <= 1 and 40 <= setting.kv <= 120 and 0.2 <= setting.ma <= 20):
        return _refuse(state, "That is beyond what the tube or the shutter can do.")
    changed = replace(state, carm=setting)
    if state.beam_on and setting.rate != state.carm.rate:
        e = replace(state.exposure, on_since_s=state.time_s, on_pulses=0)
        return elapse(_scenario, replace(changed, exposure=e), state.time_s)
    return changed


def _pedal_down(scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    if state.beam_on:
        return state
    e = replace(state.exposure, presses=state.exposure.presses + 1, on_since_s=state.time_s, on_pulses=0)
    return elapse(scenario, replace(state, exposure=e), state.time_s)


def _pedal_up(_scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    return replace(state, exposure=replace(state.exposure, on_since_s=None, on_pulses=0))


def _store(_scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    if not state.exposure.pulses:
        return _refuse(state, "There is no picture to keep yet.")
    stored = list(state.stored)
    stored[int(data["slot"])] = state.exposure.pulses - 1
    return replace(state, stored=(stored[0], stored[1]))


def _heating(state: RoomState) -> str:
    if state.lesion is not None and state.lesion.running(state.time_s):
        return "The probe is heating. Stop the lesion first."
    return ""


def _skin(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    if bone_depth_mm(scenario, state.hand) > DOCKED_MM or state.hand.lumen != "trocar":
        return _refuse(state, "The tool is in bone. Withdraw it before you choose another entry.")
    direction = np.asarray(data["direction_lps"], float)
    direction = direction / np.linalg.norm(direction)
    hand = Hand(as_point(data["point_lps_mm"]), as_point(direction), bevel_deg=state.hand.bevel_deg)
    return replace(state, hand=hand)


def _aim(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    hand = state.hand
    if hand.skin_lps_mm is None:
        return _refuse(state, "Choose the skin entry first.")
    if hand.lumen != "trocar":
        return _refuse(state, "Put the trocar back before you turn the introducer.")
    depth = bone_depth_mm(scenario, hand)
    if depth > DOCKED_MM:
        return _refuse(state, f"The tip is {depth:.0f} mm in bone and does not turn. Withdraw to redirect.")
    if "direction_lps" in data:
        new = np.asarray(data["direction_lps"], float)
    else:
        medial, cranial = angles_from_direction(scenario.side, hand.direction_lps)
        medial, cranial = medial + data.get("medial_deg", 0.0), cranial + data.get("cranial_deg", 0.0)
        if abs(medial) > LARGEST_AIM_DEG or abs(cranial) > LARGEST_AIM_DEG:
            return _refuse(state, f"The tool leans {LARGEST_AIM_DEG:.0f}° at most.")
        new = np.array(direction_from_angles(scenario.side, medial, cranial))
    # In soft tissue the skin holds the shaft; docked, the bone holds the tip.
    pivot = hand.inserted_mm if depth > 0 else 0.0
    return replace(state, hand=pointed(hand, pivot, new))


def _advance(scenario: Scenario, state: RoomState, energy: float, most_mm: float) -> RoomState:
    hand = state.hand
    if hand.skin_lps_mm is None:
        return _refuse(state, "Choose the skin entry first.")
    if hand.lumen == "probe":
        return _refuse(state, "The probe goes only as far as the channel. Take the stylet to go on.")
    direction = np.array(hand.direction_lps)
    if hand.lumen == "stylet":
        axis = tool_axis(hand, scenario.side, scenario.device)[0]
        direction = (axis[-1] - axis[-2]) / np.linalg.norm(axis[-1] - axis[-2])
        room = scenario.device.max_straight_tip_mm - hand.tip_mm
        if room <= 1e-6:
            return _refuse(
                state, f"The channel ends {scenario.device.max_straight_tip_mm:.0f} mm past the curve."
            )
        way = advance_mm(scenario, axis[-1], direction, energy, min(most_mm, room))
        return replace(state, hand=replace(hand, tip_mm=hand.tip_mm + way))
    room = LONGEST_INSERTION_MM - hand.inserted_mm
    if room <= 0:
        return _refuse(state, "The introducer is in to its hub.")
    way = advance_mm(scenario, introducer_tip(hand), direction, energy, min(most_mm, room))
    return replace(state, hand=driven(scenario, hand, way))


def _tap(scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    why = _heating(state)
    return _refuse(state, why) if why else _advance(scenario, state, TAP_ENERGY, 8.0)


def _push(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    why = _heating(state)
    if why:
        return _refuse(state, why)
    mm = float(np.clip(data.get("mm", 0.5), 0.0, LONGEST_PUSH_MM))
    return _advance(scenario, state, PUSH_ENERGY_PER_MM * mm * 1.6, mm)


def _withdraw(_scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    why = _heating(state)
    if why:
        return _refuse(state, why)
    hand, mm = state.hand, float(data.get("mm", 2.0))
    if hand.lumen == "probe":
        return replace(state, hand=replace(hand, lumen="stylet"))
    if hand.lumen == "stylet":
        if hand.tip_mm > 0:
            return replace(state, hand=replace(hand, tip_mm=max(0.0, hand.tip_mm - mm)))
        if hand.turn_deg > 0:
            return replace(state, hand=replace(hand, turn_deg=max(0.0, hand.turn_deg - CURVE_STEP_DEG)))
        return replace(state, hand=replace(hand, lumen="trocar"))
    if hand.inserted_mm <= 0:
        return _refuse(state, "The tool is out.")
    return replace(state, hand=replace(hand, inserted_mm=max(0.0, hand.inserted_mm - mm)))


def _redirect(scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    why = _heating(state)
    if why:
        return _refuse(state, why)
    contact = bone_contact_mm(scenario, state.hand)
    if contact is None:
        return _refuse(state, "The tip is not in bone: turn it as it is.")
    hand = replace(state.hand, inserted_mm=max(0.0, contact - 0.5), lumen="trocar", turn_deg=0.0, tip_mm=0.0)
    return replace(state, hand=hand)


def _bevel(_scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    if state.hand.lumen != "trocar":
        return _refuse(state, "The trocar is out, so there is no bevel to turn.")
    value = data.get("bevel_deg")
    return replace(state, hand=replace(state.hand, bevel_deg=None if value is None else float(value) % 360.0))


def _exchange(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    why = _heating(state)
    if why:
        return _refuse(state, why)
    hand, wanted = state.hand, data["lumen"]
    if hand.skin_lps_mm is None or hand.inserted_mm <= 0:
        return _refuse(state, "The introducer is not in the patient.")
    if wanted == "trocar" and (hand.turn_deg > 0 or hand.tip_mm > 0):
        return _refuse(state, "The stylet is out of the introducer. Withdraw it first.")
    if wanted == "probe" and hand.turn_deg <= 0 and hand.tip_mm <= 0:
        return _refuse(state, "There is no channel for the probe yet. Make it with the stylet.")
    if wanted == "stylet" and bone_depth_mm(scenario, hand) <= 0:
        return _refuse(state, "Stylet waits: the tip is not in bone.")
    return replace(state, hand=replace(hand, lumen=wanted))


def _roll(_scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    if state.hand.turn_deg > 0 or state.hand.tip_mm > 0:
        return _refuse(state, "The curve is out and cannot turn in the bone. Withdraw the stylet first.")
    roll = (float(data["roll_deg"]) + 180.0) % 360.0 - 180.0
    return replace(state, hand=replace(state.hand, roll_deg=roll))


def _curve(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    why = _heating(state)
    if why:
        return _refuse(state, why)
    hand, device = state.hand, scenario.device
    if device.bend_radius_mm is None:
        return _refuse(state, f"{device.name} is straight: go on with the channel.")
    if hand.lumen != "stylet":
        return _refuse(state, "Put the stylet in first.")
    if hand.tip_mm > 0:
        return _refuse(state, "The straight channel is begun. Withdraw it before you turn further.")
    turn = hand.turn_deg + float(data.get("turn_deg", CURVE_STEP_DEG))
    if turn > device.max_turn_deg + 1e-6:
        return _refuse(state, f"The stylet turns {device.max_turn_deg:.0f}° at most.")
    return replace(state, hand=replace(hand, turn_deg=max(0.0, turn)))


def _channel(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    if state.hand.lumen != "stylet":
        return _refuse(state, "Put the stylet in first.")
    return _push(scenario, state, data)


def _lesion_start(_scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    if state.hand.lumen != "probe":
        return _refuse(state, "Lesion waits: the probe is not in the channel.")
    if _heating(state):
        return _refuse(state, "The lesion runs.")
    run = LesionRun(state.time_s, float(data["minutes"]), float(data.get("speed", 60.0)))
    return replace(state, lesion=run)


def _lesion_stop(_scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    if state.lesion is None or not state.lesion.running(state.time_s):
        return _refuse(state, "No lesion runs.")
    return replace(state, lesion=replace(state.lesion, stop_s=state.time_s))


def _pause(_scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    if state.beam_on:
        return _refuse(state, "Let the pedal go before you pause.")
    why = _heating(state)
    return _refuse(state, why) if why else replace(state, paused_since_s=state.time_s)


def _resume(_scenario: Scenario, state: RoomState, _data: _Data) -> RoomState:
    if state.paused_since_s is None:
        return state
    spent = state.time_s - state.paused_since_s
    return replace(state, paused_s=state.paused_s + spent, paused_since_s=None)


def _end(scenario: Scenario, state: RoomState, data: _Data) -> RoomState:
    open_room = _resume(scenario, _pedal_up(scenario, state, data), data)
    return replace(open_room, ended=True)


_ACTS: dict[str, Callable[[Scenario, RoomState, _Data], RoomState]] = {
    "carm": _carm,
    "pedal_down": _pedal_down,
    "pedal_up": _pedal_up,
    "store": _store,
    "skin": _skin,
    "aim": _aim,
    "tap": _tap,
    "push": _push,
    "withdraw": _withdraw,
    "redirect": _redirect,
    "bevel": _bevel,
    "exchange": _exchange,
    "roll": _roll,
    "curve": _curve,
    "channel": _channel,
    "lesion_start": _lesion_start,
    "lesion_stop": _lesion_stop,
    "pause": _pause,
    "resume": _resume,
    "end": _end,
}
