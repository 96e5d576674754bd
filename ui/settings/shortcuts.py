"""Every key of the app by name, with its default; a user may change each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Command:
    """One thing that a key does."""

    name: str
    group: str
    words: str
    default: str


COMMANDS: tuple[Command, ...] = (
    Command("open", "Everywhere", "Open a folder of images", "Ctrl+O"),
    Command("save", "Everywhere", "Save", "Ctrl+S"),
    Command("save_as", "Everywhere", "Save as", "Ctrl+Shift+S"),
    Command("export", "Everywhere", "Export", "Ctrl+E"),
    Command("quit", "Everywhere", "Close the window", "Ctrl+Q"),
    Command("undo", "Everywhere", "Undo", "Ctrl+Z"),
    Command("redo", "Everywhere", "Redo", "Ctrl+Shift+Z"),
    Command("help", "Everywhere", "Help on what is in front", "F1"),
    Command("settings", "Everywhere", "Settings", "Ctrl+,"),
    Command("next_group", "Everywhere", "Next group of controls", "F6"),
    Command("last_group", "Everywhere", "Previous group of controls", "Shift+F6"),
    Command("orientation", "Everywhere", "Orientation convention of the slices", "V"),
    Command("checkpoint_back", "Trajectories", "Previous checkpoint", "["),
    Command("checkpoint_on", "Trajectories", "Next checkpoint", "]"),
    Command("depth_back", "Trajectories", "0.5 mm back along the tool", ","),
    Command("depth_on", "Trajectories", "0.5 mm on along the tool", "."),
    Command("level_up", "Trajectories", "Level up", "PgUp"),
    Command("level_down", "Trajectories", "Level down", "PgDown"),
    Command("side_left", "Trajectories", "Left side", "L"),
    Command("side_right", "Trajectories", "Right side", "R"),
    Command("overlays", "Trajectories", "Overlays on or off", "O"),
    Command("crosshair", "Trajectories", "Crosshair on or off", "X"),
    Command("window", "Trajectories", "Next brightness", "W"),
    Command("measure", "Trajectories", "Measure a length", "M"),
    Command("lock", "Trajectories", "Lock or unlock the tool", "K"),
    Command("swap", "Trajectories", "Swap candidates A and B", "C"),
    Command("keep", "Trajectories", "Keep as candidate B", "Shift+C"),
    Command("note", "Trajectories", "Note to the trajectory", "N"),
    Command("cancel", "Trajectories", "Cancel the drag or tool and put all back", "Esc"),
    Command("enlarge", "Trajectories", "Enlarge the view, or back", "Return"),
    *(Command(f"view{n}", "Trajectories", f"View {n}", str(n)) for n in range(1, 7)),
)
FIXED = (
    ("Slices", "Move the tip 0.5 mm (with Shift 0.1)", "Arrows"),
    ("Slices", "Move the entry 0.5 mm", "Alt+Arrows"),
    ("Slices", "Tilt the tool 0.5° about its entry", "Ctrl+Arrows"),
    ("3D", "Turn", "Arrows"),
    ("Steps", "Enter a step", "Ctrl+1 to Ctrl+9"),
)


def command(name: str) -> Command:
    """The command of a name."""
    return next(c for c in COMMANDS if c.name == name)


def key_of(name: str) -> str:
    """The key that is set for a command."""
    return str(QSettings().value(f"keys/{name}", command(name).default))


def clash(name: str, key: str) -> str:
    """Why a key cannot be taken: what it does already; empty when it is free."""
    group = command(name).group
    for other in COMMANDS:
        same_place = other.group == group or "Everywhere" in (other.group, group)
        if other.name != name and same_place and key and key_of(other.name).lower() == key.lower():
            return f"{key} already means: {other.words}."
    return ""


def set_key(name: str, key: str) -> None:
    """Keep a key; the default is not kept. Shortcuts that are bound already change at once."""
    if key == command(name).default:
        QSettings().remove(f"keys/{name}")
    else:
        QSettings().setValue(f"keys/{name}", key)
    for shortcut in list(_bound.get(name, [])):
        try:
            shortcut.setKey(QKeySequence(key))
        except RuntimeError:  # its window is gone
            _bound[name].remove(shortcut)


_bound: dict[str, list[QShortcut]] = {}


def bind(parent: QWidget, name: str, slot: Callable[[], object], within: bool = False) -> QShortcut:
    """Have a command's key call ``slot``; ``within``: only while the focus is inside ``parent``."""
    made = QShortcut(QKeySequence(key_of(name)), parent)
    if within:
        made.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    made.activated.connect(lambda: slot())
    alive = _bound.setdefault(name, [])
    alive.append(made)
    made.destroyed.connect(lambda: made in alive and alive.remove(made))
    return made
