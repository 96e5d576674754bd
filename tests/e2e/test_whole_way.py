"""From a folder to an exported plan with mouse and keyboard only, with a kill -9 on the way.

The window is real, on a display of its own; xdotool is the hand. The levels to plan are set to L4 and L5.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from the_hand import IN_L4, Hand, settings_for

from planner.storage.case_file import read_case_file

pytestmark = [
    pytest.mark.real,
    pytest.mark.gui,
    pytest.mark.skipif(
        shutil.which("Xvfb") is None or shutil.which("xdotool") is None,
        reason="Xvfb and xdotool are not installed",
    ),
]


@pytest.fixture
def hand(tmp_path: Path):
    made = Hand(tmp_path)
    settings_for(tmp_path)
    try:
        yield made
    finally:
        made.close()


TOOL = "window.presenter.trajectory"


def cyan(picture: np.ndarray) -> int:
    r, g, b = (picture[..., k].astype(int) for k in range(3))
    return int(((b > 150) & (g > 130) & (r < 0.65 * b)).sum())


@pytest.mark.timeout(2400)
def test_from_a_folder_to_an_export_with_a_kill_on_the_way(hand: Hand, real_data: Path, tmp_path: Path):
    hand.start(str(real_data / "ct_verse005" / "dicom"))
    hand.press("Plan this case")
    hand.wait("window.session.plan is not None and len(window.presenter.xrays) == 2")
    hand.take_focus()
    plan = hand.ask("[(l.name, [t.side for t in l.trajectories]) for l in window.session.plan.levels]")
    assert plan == [["L4", ["left", "right"]], ["L5", ["left", "right"]]]
    assert cyan(hand.picture()) > 2000, "the left tool is drawn"

    before = hand.ask(f"{TOOL}.tip_lps_mm")
    at = hand.ask(f"pixel(window.screen.axial, {TOOL}.tip_lps_mm)")
    three_mm = round(3 * hand.ask("window.screen.axial.px_per_mm()"))
    hand.x("mousemove", *at, "mousedown", 1)
    for step in (0.4, 0.8, 1.0):
        hand.x("mousemove", at[0] - round(three_mm * step), at[1])
        time.sleep(0.05)
    hand.x("mouseup", 1)
    hand.wait("window.session.history.undo_label == 'Move tip, L4 left'")
    moved = np.array(hand.ask(f"{TOOL}.tip_lps_mm")) - before
    assert 2.0 < np.linalg.norm(moved) < 4.0
    assert moved[0] > 1.5, "to the left of the picture is to the patient's left"
    hand.x("key", "ctrl+z")
    hand.wait(f"np.allclose({TOOL}.tip_lps_mm, {before}) or None")

    hand.take_focus()
    hand.click(hand.ask(IN_L4))
    hand.press("This is L4: confirm")
    hand.wait("window.session.plan.levels_confirmed")
    approve(hand)

    hand.take_focus()
    hand.x("key", "ctrl+s")
    case = tmp_path / "anna.bvncase"
    hand.answer_file_dialog(case)
    hand.wait("window.session.is_clean and window.case_file is not None")
    state = "[t.state for l in window.session.plan.levels for t in l.trajectories]"
    states = hand.ask(state)
    assert "approved" in states
    assert [t.state for lv in read_case_file(case).plan.levels for t in lv.trajectories] == states

    hand.take_focus()
    hand.click(hand.ask("middle(window.screen.sagittal)"))
    hand.x("key", "k")
    hand.wait("window.session.history.undo_label.startswith('Lock ')")
    hand.wait("window._kept_plan is window.session.plan and not window.tasks.is_busy('keep')")
    hand.kill()

    hand.start()
    hand.press("Open it")
    hand.wait("window.session.plan is not None")
    assert hand.ask(state) == states
    assert hand.ask("len(window.session.plan.notebook.locked)") == 1

    hand.take_focus()
    hand.x("key", "ctrl+e")
    out = tmp_path / "out"
    out.mkdir()
    hand.answer_file_dialog(out)
    hand.wait("window.status.told.text().startswith('Exported')")
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    exported = json.loads((out / "plan.json").read_text("utf-8"))
    got = [t["state"] for level in exported["levels"] for t in level["trajectories"]]
    assert got == states
    shot = np.asarray(Image.open(out / "fluoro" / "L4-left-ap.png"))
    assert shot.std() > 20
    assert hand.clicks <= 24


PLACES = "[(l.verse, t.side) for l in window.session.plan.levels for t in l.trajectories]"
FREE = f"[p for p in {PLACES} if not window.session.why_not_approvable(*p)]"


def approve(hand: Hand) -> None:
    """Approve the first trajectory that may be; doubts that wait for a look are looked at on Levels first."""
    if not hand.ask(FREE):
        hand.click(hand.ask("middle(window.bar.steps['levels'])"))
        for _ in range(8):
            try:
                hand.press_within("I have looked", 5.0)
            except AssertionError:
                break
        hand.click(hand.ask("middle(window.bar.steps['trajectories'])"))
    verse, side = hand.wait(FREE, 20.0)[0]
    row = f"next(r for r in window.screen.levels.rows if (r.verse, r.side) == ({verse}, {side!r}))"
    hand.click(hand.ask(f"middle({row})"))
    hand.click(
        hand.wait(
            "middle(window.screen.details.approve) if window.screen.details.approve.isEnabled() else None"
        )
    )
    hand.wait(f"{TOOL}.state == 'approved'")
