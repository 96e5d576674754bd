"""Edit and save a case in a process of its own, kill it at some moment, and see what is left."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from plan_fakes import moved, plan, segmentation

from planner.session import PlanningSession
from planner.storage.case_file import read_case_file, write_case_file
from planner.storage.recovery import Keeper, left_behind


@dataclass(frozen=True)
class Outcome:
    """What was left: whether all is readable, and how old the newest edit is that was lost (0: none)."""

    readable: bool
    edits: int
    lost_s: float


def _edit_for_ever(folder: Path, tell: int) -> None:
    session = PlanningSession()
    session.set_segmentation(segmentation())
    session.begin_plan(plan())
    keeper, case_file, number = Keeper(folder / "recovery", "SPECIMEN"), folder / "a.bvncase", 0
    found = session.segmentation
    assert found is not None
    while True:
        number += 1
        session.commit(f"Move tip {number}", moved(session.plan, float(number)))
        os.write(tell, f"{number} {time.time()}\n".encode())
        keeper.keep(folder, found, session.plan, f"Move tip {number}", case_file)
        if number % 7 == 0:
            write_case_file(case_file, folder, session.plan, found)
        if number % 23 == 0:
            session.set_segmentation(found := segmentation())
            session.begin_plan(plan())


def kill_once(folder: Path, after_s: float) -> Outcome:
    """Run until ``after_s`` after the first edit and kill; what came back is compared with what was done."""
    folder.mkdir()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            _edit_for_ever(folder, write)
        finally:
            os._exit(1)
    os.close(write)
    text = os.read(read, 1 << 16)  # the first edit is done
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    killed = time.time()
    os.waitpid(child, 0)
    while part := os.read(read, 1 << 16):
        text += part
    os.close(read)
    done = [(int(n), float(at)) for n, at in (line.split() for line in text.decode().splitlines())]
    case_file = folder / "a.bvncase"
    if case_file.exists():
        read_case_file(case_file)
    left = left_behind(folder / "recovery")
    kept = int(left[0].label.split()[-1]) if left else 0
    if left:
        read_case_file(left[0].base)
    lost = [killed - at for number, at in done if number > kept]
    return Outcome(True, len(done), max(lost, default=0.0))
