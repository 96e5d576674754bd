"""A display of its own, the app on it, and a hand: xdotool moves the pointer and presses the keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageGrab

ROOT = Path(__file__).resolve().parents[2]
# A screen pixel in the front of the selected vertebra's body in the sagittal slice, where no handle lies.
IN_L4 = (
    "(lambda b: pixel(window.screen.sagittal, b.centre_lps_mm - 0.4 * b.depth_mm * b.posterior))"
    "(window.presenter.anatomy.body)"
)


def settings_for(home: Path, levels: str = "L4, L5") -> None:
    """Settings of a user who has seen the tour and plans these levels."""
    config = home / "XDG_CONFIG_HOME" / "bvn-planner"
    config.mkdir(parents=True)
    (config / "bvn-planner.conf").write_text(f'[plan]\nlevels="{levels}"\n\n[tour]\nseen=true\n')


class Hand:
    """The display, the app on it, and a hand."""

    def __init__(self, home: Path) -> None:
        self.home = home
        read, write = os.pipe()
        self.screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x900x24"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as told:
            self.display = f":{told.readline().strip()}"
        self.app: subprocess.Popen[str] | None = None
        self.clicks = 0

    def start(self, *arguments: str) -> None:
        env = {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            env[name] = str(self.home / name)
        env["HOME"] = str(self.home)
        self.app = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("driven_app.py")), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.home / "app.log").open("a"),
            text=True,
            env=env,
        )

    def ask(self, question: str) -> Any:
        assert self.app is not None
        assert self.app.stdin is not None
        assert self.app.stdout is not None
        self.app.stdin.write(question + "\n")
        self.app.stdin.flush()
        return json.loads(self.app.stdout.readline())

    def wait(self, question: str, seconds: float = 900.0) -> Any:
        end = time.monotonic() + seconds
        said: Any = None
        while time.monotonic() < end:
            said = self.ask(question)
            if said and not (isinstance(said, dict) and "error" in said):
                return said
            time.sleep(0.15)
        raise AssertionError(f"waited in vain for {question}: {said}")

    def x(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], env={**os.environ, "DISPLAY": self.display}, check=True)

    def click(self, at: list[int]) -> None:
        self.clicks += 1
        self.x("mousemove", *at, "click", 1)

    def take_focus(self) -> None:
        """Give the window the keyboard: there is no window manager to do it."""
        self.x("windowfocus", "--sync", self.ask("int(window.winId())"))

    def press(self, word: str) -> None:
        self.press_within(word, 900.0)

    def press_within(self, word: str, seconds: float) -> None:
        self.click(self.wait(f"button({word!r})", seconds))

    def type_path(self, path: Path) -> None:
        """Type a path into the dialog that is open; its field has the keyboard already."""
        self.wait("file_field()")
        self.x("key", "ctrl+a")
        self.x("type", "--delay", "2", str(path))
        time.sleep(0.5)
        self.x("key", "Tab")  # closes what the field proposes, which would take the next click
        time.sleep(0.3)

    def cpu_s(self) -> float:
        """Processor time of the app and of the processes it has ended, in seconds."""
        assert self.app is not None
        words = Path(f"/proc/{self.app.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(w) for w in words[11:15]) / os.sysconf("SC_CLK_TCK")

    def answer_file_dialog(self, path: Path) -> None:
        self.click(self.wait("file_field()"))
        self.x("key", "ctrl+a")
        self.x("type", "--delay", "2", str(path))
        self.x("key", "Return")
        time.sleep(0.3)
        if self.ask("file_field()"):
            self.x("key", "Return")

    def picture(self) -> np.ndarray:
        return np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))

    def kill(self) -> None:
        assert self.app is not None
        self.app.kill()
        self.app.wait()

    def close(self) -> None:
        if self.app is not None and self.app.poll() is None:
            self.app.kill()
        self.screen.terminate()
        self.screen.wait()
