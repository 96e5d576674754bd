"""The app as a user starts it, with eyes for the test: it answers where things are, and does nothing itself.

Each line on stdin is an expression in terms of ``window`` and ``app``; the answer is one line of JSON.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton, QWidget


class Eyes(QObject):
    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self.answer)

    def answer(self, question: str) -> None:
        from ui.main_window import MainWindow

        window = next((w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)), None)
        try:
            names = {"window": window, "middle": middle, "button": button, "pixel": pixel, "np": np}
            names |= {"file_field": file_field}
            said = eval(question, names)
        except Exception as error:
            said = {"error": repr(error)}
        sys.stdout.write(json.dumps(said, default=str) + "\n")
        sys.stdout.flush()


def middle(widget: QWidget) -> list[int]:
    """Screen pixel of a widget's middle."""
    at = widget.mapToGlobal(QPoint(widget.width() // 2, widget.height() // 2))
    return [at.x(), at.y()]


def button(text: str) -> list[int] | None:
    """Screen pixel of the middle of the visible, enabled button with these words."""
    for widget in QApplication.allWidgets():
        if isinstance(widget, QPushButton) and _words(widget) == text and widget.isVisible():
            return middle(widget) if widget.isEnabled() else None
    return None


def _words(button: QPushButton) -> str:
    return button.text().replace("&", "").strip()


def pixel(view: QWidget, point_lps_mm: tuple[float, ...]) -> list[int]:
    """Screen pixel of a point in a slice view."""
    x, y = view.to_px(np.array(point_lps_mm, float))[:2]
    at = view.mapToGlobal(QPoint(round(x), round(y)))
    return [at.x(), at.y()]


def file_field() -> list[int] | None:
    """Screen pixel of the name field of the file dialog that is open."""
    for dialog in QApplication.topLevelWidgets():
        if isinstance(dialog, QFileDialog) and dialog.isVisible():
            return middle(dialog.findChild(QLineEdit))
    return None


def listen(eyes: Eyes) -> None:
    for line in sys.stdin:
        eyes.asked.emit(line.strip())


if __name__ == "__main__":
    from ui import app

    QApplication(["bvn-planner"])
    watching = Eyes()
    threading.Thread(target=listen, args=(watching,), daemon=True).start()
    sys.exit(app.run(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
