"""What to change next time: at most three sentences, the costliest first."""

from __future__ import annotations

from planner.practice.judge import Judge
from planner.practice.result import NOTHING_ENTERED, Gate, Part
from planner.practice.truth import ToolTruth


def clock_words(time_s: float) -> str:
    """06:12"""
    return f"{int(time_s) // 60:02d}:{int(time_s) % 60:02d}"


def advice(
    judge: Judge,
    gates: tuple[Gate, ...],
    parts: tuple[Part, ...],
    used: ToolTruth | None,
) -> list[str]:
    """At most three sentences, the costliest first."""
    said: list[str] = []
    spec = judge.scenario.spec
    for gate in gates:
        if gate.passed:
            continue
        if gate.key == "level":
            said.append(
                f"The task was {spec.task}, but the tool entered no vertebra. Tap it into the pedicle."
                if gate.value == NOTHING_ENTERED
                else f"The task was {spec.task}; the tool was in {gate.value}. Count from the sacrum again."
            )
        elif gate.key == "breach":
            worst = max(judge.samples, key=lambda s: s.truth.breach_mm)
            said.append(
                f"The tool went {worst.truth.breach_mm:.1f} mm through the wall at "
                f"{clock_words(worst.time_s)}. "
                "Start further lateral and keep to the ring on AP until the lateral shows the wall passed."
            )
        else:
            said.append(f"The electrode lay {gate.value} from the canal. Go further forward before you heat.")
    if not gates[0].passed:
        return said
    lost = sorted(parts, key=lambda p: p.points - p.of)
    for part in lost:
        if part.of - part.points < 0.15 * part.of or len(said) >= 3:
            break
        if part.key == "clearance" and any(g.key == "breach" and not g.passed for g in gates):
            continue
        sentence = _sentence(part, judge, used)
        if sentence and sentence not in said:
            said.append(sentence)
    return said[:3]


def _sentence(part: Part, judge: Judge, used: ToolTruth | None) -> str:
    if part.key == "target_error":
        if used is None:
            return (
                "The target was not reached. Go through the wall, turn the stylet and channel to the midline."
            )
        left, posterior, superior = used.error_axes_mm
        name, way = max(
            (
                ("left" if left > 0 else "right", abs(left)),
                ("behind" if posterior > 0 else "in front", abs(posterior)),
                ("above" if superior > 0 else "below", abs(superior)),
            ),
            key=lambda pair: pair[1],
        )
        where = {"left": "to the left of", "right": "to the right of", "behind": "behind",
                 "in front": "in front of", "above": "above", "below": "below"}[name]  # fmt: skip
        return f"The electrode's middle stopped {way:.1f} mm {where} the target."
    if part.key == "coverage":
        if judge.lesion_hand is None:
            return "No lesion was made. Put the probe in and heat."
        return f"The lesion covers {part.value:.0f} % of the target."
    if part.key == "clearance":
        known = [s for s in judge.samples if s.truth.clearance_mm is not None]
        if not known:
            return "The tool was not driven through the pedicle."
        worst = min(known, key=lambda s: s.truth.clearance_mm or 0.0)
        least, when = worst.truth.clearance_mm or 0.0, clock_words(worst.time_s)
        if least < 0:
            return f"The tool left the bone by {-least:.1f} mm towards {worst.truth.toward} at {when}."
        return f"You came within {least:.1f} mm of the {worst.truth.toward} wall at {when}."
    if part.key == "views":
        if part.value is None:
            return "AP and lateral were not both taken with the tool in. Always look at the pair."
        return f"The views were {part.value:.1f}° off true AP or lateral. Square the endplates first."
    if part.key == "rules" and judge.breaks:
        first = judge.breaks[0]
        return f"At {clock_words(first.time_s)}: {first.text}"
    if part.key == "redirections":
        return f"The tool was redirected {judge.redirections} times. Take more care of the docking point."
    if part.key in ("shots", "beam", "kerma"):
        return "Use fewer and shorter looks: one AP and one lateral a step, collimated."
    return "It took long: keep the C-arm's two places ready."
