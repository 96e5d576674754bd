"""How much hand a Modic entry takes: a whole case entered in the real page by real key and mouse events.

usage: modic_entry.py STUDY [PICTURE.png]

STUDY is the folder that `bvn-planner sample` writes.

Every endplate from L1's lower to S1's upper is answered as it is in truth: "none" by one key, a change
by its type, height, area, defect and confidence. The pace is stated, not measured: 0.28 s a key, 1.1 s a
pointing and 1.35 s for making up one's mind before each endplate and field (Card, Moran and Newell 1980, an
average typist), and --look seconds at the pictures of each endplate. The program's own time is measured.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTableWidget

from planner.domain.modic import ENDPLATES, endplate_name
from planner.domain.plan import Plan, Source
from planner.services.modic import study_of
from planner.session import PlanningSession
from sample_dicom.magnetic import MODIC_TYPES
from ui.images.modic_page import ModicPage
from ui.tasks import TaskRunner

KEY_S, POINT_S, MIND_S = 0.28, 1.1, 1.35
READER = "reader one"


def main() -> None:
    """Enter the case and print keys, clicks and seconds."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("study", type=Path)
    ask.add_argument("picture", type=Path, nargs="?")
    ask.add_argument("--look", type=float, default=3.0)
    options = ask.parse_args()
    app = QApplication([])
    study = study_of(options.study)
    session = PlanningSession()
    session.begin_plan(Plan(Source("1", "2", "3", "MR", "0"), (), ()))
    page = ModicPage(session, TaskRunner())
    page.resize(1366, 620)
    page.show()
    page.take(study)
    table: Any = page.findChild(QTableWidget)
    keys = clicks = minds = 0
    start = time.perf_counter()

    def press(key: str) -> None:
        nonlocal keys
        keys += 1
        QTest.keyClick(table, Qt.Key.Key_Down if key == "down" else key)  # type: ignore[call-overload]

    reader: Any = page.findChild(QLineEdit, "reader")
    QTest.mouseClick(reader, Qt.MouseButton.LeftButton)
    QTest.keyClicks(reader, READER)
    table.setCurrentCell(0, 1)
    first = table.visualRect(table.model().index(0, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=first)
    keys, clicks, minds = keys + len(READER), clicks + 2, minds + 1
    for row, place in enumerate(ENDPLATES):
        if table.currentRow() != row:
            press("down")
        kind = str(MODIC_TYPES.get(place, 0))
        minds += 1
        press(kind[0])
        if kind != "0":
            minds += 4
            for key in "hhaadcc":
                press(key)
    own = time.perf_counter() - start
    if options.picture is not None:
        page.grab().save(str(options.picture))
    plan = session.plan
    entered = plan.modic if plan is not None else ()
    if len(entered) != len(ENDPLATES):
        raise SystemExit(f"{len(entered)} of {len(ENDPLATES)} endplates entered")
    for f in entered:
        name = endplate_name((f.verse, f.face))
        print(f"{name:10} {f.kind}  {f.height_share or '-'}  {f.area_share or '-'}")
    changed = sum(f.kind != "0" for f in entered)
    look = options.look * len(ENDPLATES)
    hand = keys * KEY_S + clicks * POINT_S + minds * MIND_S
    print(f"{len(entered)} endplates, {changed} changed: {keys} keys, {clicks} clicks")
    print(f"hand and mind {hand:.0f} s, pictures {look:.0f} s, the program {own:.1f} s")
    print(f"together {hand + look + own:.0f} s")
    app.quit()


if __name__ == "__main__":
    main()
