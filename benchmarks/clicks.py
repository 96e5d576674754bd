"""Clicks and seconds from a folder to an approved plan of two levels with its report.

`python benchmarks/clicks.py DICOM_FOLDER`: drives the real window on a display of its own (Xvfb, xdotool).
Counted are clicks; turning the wheel and typing a path are not. Machine time is what the user waits for the
program. The levels to plan (L4, L5) are the user's setting. A person must look at everything before
approving; this script only presses what such a person presses.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from the_hand import IN_L4, Hand, settings_for

OPEN = "[t for l in window.session.plan.levels for t in l.trajectories if t.state != 'approved']"
REVIEW = "window.host.widget('review')"


def main(folder: Path) -> None:
    """Drive and print."""
    home = Path(tempfile.mkdtemp())
    out = home / "out"
    out.mkdir()
    settings_for(home)
    hand = Hand(home)
    waits: list[tuple[str, float, float]] = []

    def waiting(what: str, until: str) -> None:
        start, cpu = time.monotonic(), hand.cpu_s()
        hand.wait(until, 1800)
        waits.append((what, time.monotonic() - start, hand.cpu_s() - cpu))
        print(f"{what:<44} {waits[-1][1]:6.1f} s   {hand.clicks} clicks so far", flush=True)

    try:
        hand.start()
        hand.wait("window is not None and window.isVisible()")
        hand.take_focus()
        hand.press("Open folder…")
        hand.type_path(folder)
        hand.press("Choose")
        waiting("the folder is listed", "window.browser.plan_button.isEnabled()")
        hand.press("Plan this case")
        waiting(
            "vertebrae found, L4 and L5 planned, X-rays taken",
            "window.session.plan is not None and len(window.presenter.xrays) == 2",
        )
        hand.click(hand.wait(IN_L4))
        hand.press("This is L4: confirm")
        hand.wait("window.session.plan.levels_confirmed")
        hand.click(hand.ask("middle(window.bar.steps['review'])"))
        hand.wait(f"{REVIEW} is not None")
        while hand.ask(f"{REVIEW}.waiting is not None and {REVIEW}.waiting.looked != []"):
            count = hand.ask(f"len({REVIEW}.waiting.looked)")
            hand.press("I have looked")
            hand.wait(f"{REVIEW}.waiting is None or len({REVIEW}.waiting.looked) < {count}")
        hand.x("mousemove", *hand.ask(f"middle({REVIEW})"), "click", "--repeat", 60, "--delay", 5, 5)
        for name in ("L4", "L5"):
            before = hand.ask(f"len({OPEN})")
            hand.press_within(f"Approve {name} left and right", 30)
            hand.wait(f"len({OPEN}) < {before}")
        left = hand.ask(f"len({OPEN})")
        hand.press("Export…")
        hand.type_path(out)
        hand.press("Choose")
        waiting("report, X-rays and files written", "window.status.told.text().startswith('Exported')")
        report = (out / "report.pdf").stat().st_size
        print(f"{hand.clicks} clicks; {sum(w[1] for w in waits):.1f} s of machine time, ", end="")
        print(f"{sum(w[2] for w in waits):.1f} s of processor time; ", end="")
        print(f"{4 - left} of 4 trajectories approved; report {report / 1e6:.1f} MB")
    finally:
        hand.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
