"""The bar over the views: layout, brightness, slab, overlays, measuring, and what is done with the tool."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from ui.icon_set import set_icon
from ui.views.dialogs import edit_note
from ui.views.legend import Legend
from ui.views.mr_layer import MODES
from ui.views.slice_input import MEASURES

SLABS = {"Thin slice": 0.0, "Brightest of 2 mm": 2.0, "Brightest of 5 mm": 5.0, "Brightest of 10 mm": 10.0}


class ViewBar(QWidget):
    """Belongs to a planning screen, which it asks to do what its buttons say."""

    def __init__(self, screen: Any) -> None:
        super().__init__()
        from ui.views.planning_screen import LAYOUTS

        self.screen, self.presenter = screen, screen.presenter
        p = self.presenter
        self.setProperty("role", "viewbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(36)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(2)
        self.layout_button = self._menu(row, "grid", "Six views", "Arrange the views")
        for kind, words in LAYOUTS.items():
            self.layout_button.menu().addAction(words, lambda k=kind: screen.set_layout(k))
        self.window_button = self._menu(
            row, "half", next(iter(screen.looks)), "Brightness of the slices (W, or right-drag)"
        )
        for name in screen.looks:
            self.window_button.menu().addAction(name, lambda n=name: screen.set_preset(n))
        self.slab_button = self._menu(row, "slab", "Slab", "Show the brightest of a slab")
        for name, thick in SLABS.items():
            self.slab_button.menu().addAction(name, lambda t=thick: self._set_slab(t))
        layers = self._menu(row, "layers", "Overlays", "What lies over the images")
        layers.menu().addAction("Plan and outlines\tO", lambda: p.set_overlays(not p.overlays))
        layers.menu().addAction("Crosshair\tX", screen.toggle_crosshair)
        self.mr_actions = {
            mode: layers.menu().addAction(words, lambda m=mode: p.show_mr(m)) for mode, words in MODES.items()
        }
        layers.menu().aboutToShow.connect(self._tell_mr)
        measure = self._menu(row, "ruler", "Measure", "Length, angle or Cobb angle, saved with the case (M)")
        for kind, words in MEASURES.items():
            measure.menu().addAction(words, lambda k=kind: p.start_measuring(k))
        self.tool_button = self._menu(row, "lock", "Tool", "Lock, compare, annotate")
        menu = self.tool_button.menu()
        self.lock_action = menu.addAction("Lock\tK", p.toggle_lock)
        menu.addAction("Keep as candidate B\tShift+C", p.keep_candidate)
        self.swap_action = menu.addAction("Swap candidates A and B\tC", p.swap_candidate)
        menu.addAction("Note…\tN", self.edit_note)
        row.addStretch(1)
        self.legend = Legend(p)
        row.addWidget(self.legend)

    def _menu(self, row: QHBoxLayout, picture: str, words: str, tip: str) -> QToolButton:
        button = QToolButton()
        set_icon(button, picture)
        button.setText(f" {words}")
        button.setToolTip(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(QMenu(button))
        row.addWidget(button)
        return button

    def set_room(self, width_px: int) -> None:
        """The legend and words beside the icons, as far as there is room for them in this language."""
        beside, alone = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        for discs, legend, words in ((1, 1, 1), (0, 1, 1), (0, 0, 1), (0, 0, 0)):
            self.legend.set_room(bool(discs))
            self.legend.setVisible(bool(legend))
            for button in self.findChildren(QToolButton):
                button.setToolButtonStyle(beside if words else alone)
            self.layout().invalidate()
            self.layout().activate()
            if self.layout().sizeHint().width() <= width_px:
                break

    def _set_slab(self, thick_mm: float) -> None:
        self.presenter.slab_mm = thick_mm
        self.slab_button.setText(f" Slab {thick_mm:.0f}\u202fmm" if thick_mm else " Slab")
        self.presenter.look_changed.emit()

    def _tell_mr(self) -> None:
        """Offer the MR over the CT where one is there."""
        layer = self.presenter.mr_layer
        for mode, action in self.mr_actions.items():
            action.setVisible(layer is not None)
            action.setCheckable(True)
            action.setChecked(layer is not None and layer.mode == mode)

    def edit_note(self) -> None:
        """Write a note to the selected trajectory."""
        p = self.presenter
        if p.place is None:
            p.told.emit("A note waits for a planned trajectory.")
        else:
            self.dialog = edit_note(self, f"Note to {p.title()}", p.note(), p.set_note)

    def refresh(self) -> None:
        """Say what is locked and whether there is a second candidate."""
        p = self.presenter
        plan, place = p.session.plan, p.place
        locked = bool(plan and place and place in plan.notebook.locked)
        other = bool(plan and place and plan.notebook.candidate(place))
        self.tool_button.setEnabled(place is not None)
        self.lock_action.setText("Unlock\tK" if locked else "Lock\tK")
        self.swap_action.setEnabled(other)
        words = ", ".join(
            w for w, on in (("locked", locked), ("A of 2", other), ("note", bool(p.note()))) if on
        )
        self.tool_button.setText(f" Tool: {words}" if words else " Tool")
