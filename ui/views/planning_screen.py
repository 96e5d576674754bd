"""The planning screen: levels, six linked views, the selected trajectory, the depth strip."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.settings.shortcuts import bind
from ui.views import planes
from ui.views.depth_strip import DepthStrip
from ui.views.detail_panel import DetailPanel
from ui.views.dialogs import ask_edit
from ui.views.frame import ViewFrame
from ui.views.level_panel import LevelPanel
from ui.views.own_window import OwnWindow
from ui.views.samplers import Samplers
from ui.views.slice_view import SliceView
from ui.views.view3d import View3D
from ui.views.view_bar import ViewBar
from ui.views.xray_view import XrayPane

CT_LOOKS = {"Bone": (1800.0, 400.0), "Soft tissue": (400.0, 50.0), "Wide": (3000.0, 500.0)}
LOW_PX = 530  # three small views above one another would lose their feet, and SIMULATED with them
LAYOUTS = {
    "six": "Six views",
    "four": "One and three",
    "slices": "Three slices",
    "pair": "AP and lateral",
}


def looks_of(presenter: CasePresenter) -> dict[str, tuple[float, float]]:
    """Windows of brightness by name: of a CT in HU, of an MR about the one it opens with."""
    if presenter.volume.modality == "CT":
        return CT_LOOKS
    window, level = presenter.window_level
    return {"Full": (window, level), "Steep": (window / 2, level), "Wide": (2 * window, level)}


class PlanningScreen(QWidget):
    """One case. ``shutdown`` must be called before the window goes."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.looks = looks_of(presenter)
        self.samplers = Samplers(presenter)
        self.axial = SliceView("axial", presenter, self.samplers)
        self.sagittal = SliceView("sagittal", presenter, self.samplers)
        self.third = SliceView("tool", presenter, self.samplers)
        self.view3d = View3D(presenter, self.samplers)
        self.ap = XrayPane("ap", presenter)
        self.lateral = XrayPane("lateral", presenter)
        self.frames = [
            ViewFrame("Axial", self.axial),
            ViewFrame("Sagittal", self.sagittal),
            ViewFrame("Down the tool", self.third),
            ViewFrame("3D", self.view3d),
            ViewFrame("X-ray AP", self.ap),
            ViewFrame("X-ray lateral", self.lateral),
        ]
        self.large: int | None = None
        self.apart: dict[int, OwnWindow] = {}
        self._narrow: bool | None = None
        self._low = False
        self.levels, self.details, self.strip = (
            LevelPanel(presenter),
            DetailPanel(presenter),
            DepthStrip(presenter),
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.levels)
        middle = QVBoxLayout()
        middle.setSpacing(0)
        self.bar = ViewBar(self)
        middle.addWidget(self.bar)
        holder = QWidget()
        holder.setObjectName("views")
        holder.setStyleSheet("#views{background:black}")
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        middle.addWidget(holder, 1)
        middle.addWidget(self.strip)
        row.addLayout(middle, 1)
        row.addWidget(self.details)
        self._wire_frames()
        self._add_keys()
        presenter.edit_asked.connect(self._ask_edit)
        presenter.selection_changed.connect(self._notes)
        presenter.plan_changed.connect(self._notes)
        presenter.depth_changed.connect(self._notes)
        self._notes()
        self._arrange()

    def _wire_frames(self) -> None:
        for index, frame in enumerate(self.frames):
            frame.enlarge.connect(lambda i=index: self.toggle_large(i))
            frame.own_window.connect(lambda i=index: self.toggle_apart(i))
            frame.apart.show()
        self._swap = self.frames[2].insert_button(
            "Coronal", "Show the coronal slice instead of the one across the tool"
        )
        self._swap.setCheckable(True)
        self._swap.toggled.connect(self._set_coronal)
        whole = self.frames[3].insert_button(
            "Whole", "Show the whole spine from behind instead of the cut vertebra"
        )
        whole.setCheckable(True)
        whole.toggled.connect(self._set_whole)
        self.ray = self.frames[3].insert_button(
            "Volume", "Show the images by their brightness, without the labels"
        )
        self.ray.setCheckable(True)
        self.ray.toggled.connect(self.view3d.set_volume)
        glass = self.frames[3].insert_button("Glass", "See through the bone")
        glass.setCheckable(True)
        glass.toggled.connect(self.view3d.set_glass)

    def _set_coronal(self, on: bool) -> None:
        self.third.set_kind("coronal" if on else "tool")
        self._notes()

    def _set_whole(self, on: bool) -> None:
        self.view3d.set_cut(not on)
        self._notes()

    def toggle_crosshair(self) -> None:
        """Show or hide the crosshair."""
        self.presenter.crosshair = not self.presenter.crosshair
        self.presenter.look_changed.emit()

    def set_preset(self, name: str) -> None:
        """Choose a window of brightness."""
        self.bar.window_button.setText(f" {name}")
        self.presenter.set_window(*self.looks[name])

    def next_preset(self) -> None:
        """The next window of brightness."""
        names = list(self.looks)
        now = self.bar.window_button.text().strip()
        self.set_preset(names[(names.index(now) + 1) % len(names)] if now in names else names[0])

    def set_layout(self, kind: str) -> None:
        """Six equal views or one large and three."""
        self._forced = kind
        self.large = None
        self._arrange()

    _forced: str | None = None

    def toggle_large(self, index: int) -> None:
        """One view alone, or all again; one in its own window comes back."""
        if index in self.apart:
            self.toggle_apart(index)
            return
        self.large = None if self.large == index else index
        self._arrange()
        self.frames[index].view.setFocus()

    def toggle_apart(self, index: int) -> None:
        """Show a view in a window of its own, or take it back."""
        if index in self.apart:
            self.apart[index].close()
            return
        frame = self.frames[index]
        window = OwnWindow(frame, self.presenter, self)
        self.apart[index] = window
        frame.apart.setToolTip("Take this view back into the main window")
        window.given_back.connect(lambda: self._take_back(index))
        self._bind_keys(window)
        bind(window, "undo", self.presenter.undo)
        bind(window, "redo", self.presenter.redo)
        if self.large == index:
            self.large = None
        self._arrange()
        window.show()
        window.activateWindow()

    def _take_back(self, index: int) -> None:
        window = self.apart.pop(index)
        self.frames[index].apart.setToolTip("Show this view in a window of its own")
        self._arrange()
        window.deleteLater()

    def _kind(self) -> str:
        return self._forced or ("four" if self.width() < 1500 else "six")

    def _arrange(self) -> None:
        while self._grid.count():
            self._grid.takeAt(0)
        for i in range(4):
            self._grid.setColumnStretch(i, 0)
            self._grid.setRowStretch(i, 0)
        here = [i for i in range(len(self.frames)) if i not in self.apart]
        for index in here:
            self.frames[index].hide()
        if self.large is not None:
            places = {self.large: (0, 0, 1, 1)}
            columns, rows = {0: 1}, {0: 1}
        elif self._kind() == "six":
            across = 3 if len(here) > 4 else 2
            places = {i: (n // across, n % across, 1, 1) for n, i in enumerate(here)}
            columns, rows = dict.fromkeys(range(across), 1), {0: 1, 1: 1}
        elif self._kind() == "slices":
            places = {i: (0, i, 1, 1) for i in range(3)}
            columns, rows = {0: 1, 1: 1, 2: 1}, {0: 1}
        elif self._kind() == "pair":
            places = {4: (0, 0, 1, 1), 5: (0, 1, 1, 1)}
            columns, rows = {0: 1, 1: 1}, {0: 1}
        else:
            wanted = (0, 4, 5, 1, 2, 3) if self._low else (0, 1, 4, 5, 2, 3)
            small = 2 if self._low else 3
            first, *rest = [i for i in wanted if i in here][: small + 1] or [0]
            places = {first: (0, 0, small, 1), **{i: (n, 1, 1, 1) for n, i in enumerate(rest)}}
            columns, rows = {0: 155, 1: 100}, dict.fromkeys(range(small), 1)
        for index, place in places.items():
            if index in self.apart:
                continue
            self._grid.addWidget(self.frames[index], *place)
            self.frames[index].show()
        for column, stretch in columns.items():
            self._grid.setColumnStretch(column, stretch)
        for line, stretch in rows.items():
            self._grid.setRowStretch(line, stretch)
        words = "One view" if self.large is not None else LAYOUTS[self._kind()]
        self.bar.layout_button.setText(f" {words}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow, low = self.width() < 1500, self.height() < LOW_PX
        if (narrow, low) != (self._narrow, self._low):
            self._narrow, self._low = narrow, low
            self.levels.setFixedWidth(212 if narrow else 280)
            self.details.setFixedWidth(264 if narrow else 336)
            self.strip.setFixedHeight(104 if narrow else 118)
            self._arrange()
        self.bar.set_room(self.width() - self.levels.width() - self.details.width())
        super().resizeEvent(event)

    def _notes(self) -> None:
        p = self.presenter
        level = p.level.name if p.level else ""
        cut = p.trajectory is not None
        self.frames[0].note.setText(
            planes.axial_words(p.trajectory, p.anatomy) if p.trajectory is not None else level
        )
        self.frames[1].note.setText(f"through the crosshair, {level}" if level else "")
        coronal = self._swap.isChecked()
        self.frames[2].title.setText("Coronal" if coronal or not cut else "Down the tool")
        self.frames[2].note.setText(
            "from behind" if coronal or not cut else f"at {p.pedicle_depth():.1f}\u202fmm"
        )
        self.frames[3].note.setText("cut, from the feet" if self.view3d.cut and cut else "from behind")
        self.frames[4].note.setText(f"true AP of {level}" if level and cut else "")
        self.frames[5].note.setText(f"true lateral of {level}" if level and cut else "")
        self.bar.legend.refresh()
        self.bar.refresh()

    def _add_keys(self) -> None:
        p = self.presenter
        actions: dict[str, Callable[[], object]] = {
            "checkpoint_back": lambda: p.step_checkpoint(-1),
            "checkpoint_on": lambda: p.step_checkpoint(1),
            "depth_back": lambda: p.set_depth(p.depth_mm - 0.5),
            "depth_on": lambda: p.set_depth(p.depth_mm + 0.5),
            "level_up": lambda: p.step_level(-1),
            "level_down": lambda: p.step_level(1),
            "side_left": lambda: p.level and p.select(p.level.verse, "left"),
            "side_right": lambda: p.level and p.select(p.level.verse, "right"),
            "overlays": lambda: p.set_overlays(not p.overlays),
            "crosshair": self.toggle_crosshair,
            "window": self.next_preset,
            "lock": p.toggle_lock,
            "swap": p.swap_candidate,
            "keep": p.keep_candidate,
            "measure": lambda: p.start_measuring("length"),
            "note": self.bar.edit_note,
            "cancel": self._escape,
            "enlarge": self._enlarge_focused,
        }
        for number in range(6):
            actions[f"view{number + 1}"] = lambda i=number: self._focus_view(i)
        self._actions = actions
        self._bind_keys(self)

    def _bind_keys(self, place: QWidget) -> None:
        for name, action in self._actions.items():
            bind(place, name, action, within=True)

    def groups(self) -> list[QWidget]:
        """Groups of controls that F6 goes along."""
        return [self.levels, self.bar, *(f for f in self.frames if f.isVisible()), self.strip, self.details]

    def _focus_view(self, index: int) -> None:
        if index in self.apart:
            self.apart[index].activateWindow()
        elif not self.frames[index].isVisible():
            self.toggle_large(index)
        self.frames[index].view.setFocus()

    def _ask_edit(self, words: str) -> None:
        self.question = ask_edit(self, words, self.presenter.allow_edit)

    def _escape(self) -> None:
        if self.presenter.dragging:
            self.presenter.cancel_drag()
        elif self.presenter.measuring:
            self.presenter.start_measuring(None)
        elif self.large is not None:
            self.toggle_large(self.large)

    def _enlarge_focused(self) -> None:
        for index, frame in enumerate(self.frames):
            if frame.view.hasFocus():
                self.toggle_large(index)
                return

    def restyle(self) -> None:
        """Redraw what holds colours of the theme."""
        self.levels._shape = None
        self.levels.refresh()
        self.details.refresh()

    def shutdown(self) -> None:
        """Free the graphics context; close the windows of views."""
        for index in list(self.apart):
            self.apart[index].close()
        for channel in ("surface", "volume"):
            self.presenter.tasks.cancel(channel)
        self.view3d.shutdown()
