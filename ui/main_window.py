"""The window: step bar, patient banner, browser or case, status bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QFont, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from planner.session import PlanningSession
from planner.version import app_version
from ui.error_dialog import ErrorDialog, show_error
from ui.opening import Opening
from ui.presenters.case_presenter import CasePresenter
from ui.presenters.services import Services
from ui.saving import Saving
from ui.tasks import TaskRunner
from ui.theme import apply_theme, tokens, ui_font
from ui.views.browser import Browser
from ui.views.dialogs import ask_unsaved
from ui.views.planning_screen import PlanningScreen
from ui.views.series_list import BusyBar
from ui.widgets import Brand, icon, label, status_pixmap

ORIENTATION = "Prone, from behind: patient's left is on the left in every view"
CAVEAT = "A planning and training aid, not a certified device."


class MainWindow(Opening, Saving, QMainWindow):
    """One window, one session. Closing it cancels what runs and waits at most three seconds."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.tasks = TaskRunner(self)
        self.session = PlanningSession()
        self.presenter: CasePresenter | None = None
        self.screen: PlanningScreen | None = None
        self.case_file: Path | None = None
        self.dialog: ErrorDialog | None = None
        self._leaving = False
        self.setWindowTitle("BVN Planner")
        self.setMinimumSize(1100, 640)
        self.setAcceptDrops(True)
        whole = QWidget()
        whole.setProperty("role", "bg")
        whole.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._make_step_bar())
        box.addWidget(self._make_banner())
        self.busy = BusyBar()
        self.busy.cancel.connect(self._cancel_work)
        box.addWidget(self.busy)
        self.stack = QStackedWidget()
        self.browser = Browser()
        self.browser.open_folder.connect(self.choose_folder)
        self.browser.open_sample.connect(self.open_sample)
        self.browser.open_case_file.connect(self.choose_case_file)
        self.browser.recent.connect(self.open_folder)
        self.browser.plan_series.connect(self.plan_series)
        self.browser.cancelled.connect(self._cancel_work)
        self.browser.preview_wanted.connect(self._preview)
        self.stack.addWidget(self.browser)
        box.addWidget(self.stack, 1)
        box.addWidget(self._make_status())
        self.setCentralWidget(whole)
        self._add_actions()
        self.browser.show_recent(self._recent())
        self._show_state()

    def _make_step_bar(self) -> QWidget:
        bar = QWidget()
        bar.setProperty("role", "stepbar")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar.setFixedHeight(44)
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(4)
        row.addWidget(Brand(22))
        row.addSpacing(4)
        row.addWidget(label("BVN Planner", "brand"))
        row.addSpacing(16)
        self.steps: dict[str, QPushButton] = {}
        for name in ("Cases", "Images", "Levels", "Trajectories", "Export"):
            button = QPushButton(name)
            button.setProperty("role", "step")
            button.setCheckable(True)
            button.setFont(ui_font(13, QFont.Weight.Medium))
            button.clicked.connect(lambda _=False, n=name: self._go(n))
            self.steps[name] = button
            row.addWidget(button)
        row.addStretch(1)
        self.undo_button = QToolButton()
        self.undo_button.setIcon(icon("undo"))
        self.undo_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.redo_button = QToolButton()
        self.redo_button.setIcon(icon("redo"))
        self.saved = label("", "small2")
        self.save_button = QPushButton(" Save")
        self.save_button.setIcon(icon("save"))
        self.save_button.setProperty("role", "small")
        self.theme_button = QToolButton()
        self.theme_button.setIcon(icon("sun"))
        self.theme_button.setToolTip("Change between the dark and the light theme")
        self.theme_button.setAccessibleName("Theme")
        self.theme_button.clicked.connect(self._swap_theme)
        for widget in (self.undo_button, self.redo_button, self.saved, self.save_button, self.theme_button):
            row.addWidget(widget)
        return bar

    def _make_banner(self) -> QWidget:
        self.banner = QWidget()
        self.banner.setProperty("role", "banner")
        self.banner.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.banner.setFixedHeight(34)
        row = QHBoxLayout(self.banner)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(16)
        self.patient = label("", "strong")
        self.facts = label("", "text2")
        row.addWidget(self.patient)
        row.addWidget(self.facts)
        row.addStretch(1)
        self.orientation = label(ORIENTATION, "plate")
        self.caveat = label(CAVEAT, "plate2")
        for plate in (self.orientation, self.caveat):
            plate.setFixedHeight(24)
        row.addWidget(self.orientation)
        row.addWidget(self.caveat)
        return self.banner

    def _make_status(self) -> QWidget:
        bar = QWidget()
        bar.setProperty("role", "status")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bar.setFixedHeight(26)
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 0, 12, 0)
        self.pointer = label("", "small2")
        self.told = label("", "strong")
        self.finished = label("", "small2")
        row.addWidget(self.pointer)
        row.addStretch(1)
        row.addWidget(self.told)
        row.addSpacing(16)
        row.addWidget(self.finished)
        return bar

    def _add_actions(self) -> None:
        def action(key: str, slot: Any) -> QAction:
            made = QAction(self)
            made.setShortcut(QKeySequence(key))
            made.triggered.connect(slot)
            self.addAction(made)
            return made

        action("Ctrl+O", self.choose_folder)
        action("Ctrl+S", self.save)
        action("Ctrl+Shift+S", self.save_as)
        action("Ctrl+E", self.export)
        action("Ctrl+Q", self.close)
        self.undo_action = action("Ctrl+Z", lambda: self.presenter and self.presenter.undo())
        self.redo_action = action("Ctrl+Shift+Z", lambda: self.presenter and self.presenter.redo())
        self.undo_button.clicked.connect(self.undo_action.trigger)
        self.redo_button.clicked.connect(self.redo_action.trigger)
        self.save_button.clicked.connect(self.save)

    def _go(self, name: str) -> None:
        if name == "Cases":
            self.stack.setCurrentWidget(self.browser)
        elif name == "Export":
            self.export()
        elif self.screen is not None:
            self.stack.setCurrentWidget(self.screen)
            if name == "Images":
                self.screen.set_layout("six")
            elif name == "Levels":
                self.screen.frames[1].view.setFocus()
        self._show_state()

    def _show_state(self) -> None:
        on_case = self.screen is not None and self.stack.currentWidget() is self.screen
        self.banner.setVisible(on_case)
        plan = self.session.plan
        for name, button in self.steps.items():
            button.setEnabled(name == "Cases" or self.screen is not None)
            button.setChecked((name == "Cases" and not on_case) or (name == "Trajectories" and on_case))
            button.setToolTip("" if button.isEnabled() else f"{name} waits for an open case")
        from PySide6.QtGui import QIcon

        marks = {"Images": "good" if self.presenter else "", "Levels": "", "Trajectories": ""}
        if plan is not None:
            marks["Levels"] = "good" if plan.levels_confirmed else "doubt"
        for name, mark in marks.items():
            self.steps[name].setIcon(QIcon(status_pixmap(mark)) if mark else QIcon())
            self.steps[name].setText(f" {name}" if mark else name)
            self.steps[name].setIconSize(QSize(14, 14))
        self.steps["Export"].setEnabled(plan is not None)
        self.steps["Export"].setToolTip("" if plan else "Export waits for a plan")
        history = self.session.history
        undo = history.undo_label if history else None
        redo = history.redo_label if history else None
        self.undo_button.setText(f"Undo: {undo}" if undo and self.width() > 1500 else "Undo")
        self.undo_button.setToolTip(f"Undo: {undo} (Ctrl+Z)" if undo else "Nothing to undo")
        self.redo_button.setToolTip(f"Redo: {redo} (Ctrl+Shift+Z)" if redo else "Nothing to redo")
        for widget, on in (
            (self.undo_button, undo),
            (self.redo_button, redo),
            (self.undo_action, undo),
            (self.redo_action, redo),
        ):
            widget.setEnabled(bool(on))
        for widget in (self.undo_button, self.redo_button, self.save_button, self.saved):
            widget.setVisible(on_case)
        self.save_button.setEnabled(plan is not None)
        self.saved.setText("" if plan is None else "Saved" if self.session.is_clean else "Not saved yet")
        self.setWindowTitle(
            f"{self.presenter.patient.name} – BVN Planner" if self.presenter else "BVN Planner"
        )

    def _swap_theme(self) -> None:
        name = "light" if tokens().name == "dark" else "dark"
        QSettings().setValue("appearance/theme", name)
        apply_theme(QApplication.instance(), name)
        for button, picture in (
            (self.undo_button, "undo"),
            (self.redo_button, "redo"),
            (self.save_button, "save"),
            (self.theme_button, "sun"),
        ):
            button.setIcon(icon(picture))
        if self.screen is not None:
            self.screen.levels._shape = None
            self.screen.levels.refresh()
            self.screen.details.refresh()
        for widget in self.findChildren(QWidget):
            widget.update()
        self._show_state()

    def resizeEvent(self, event: Any) -> None:
        narrow = self.width() < 1500
        self.orientation.setText("Patient's left is on the left" if narrow else ORIENTATION)
        self.orientation.setToolTip(ORIENTATION)
        super().resizeEvent(event)
        self._show_state()

    def _tell(self, text: str) -> None:
        self.told.setText(text)
        self.told.setToolTip(text)
        QTimer.singleShot(12000, self.told, lambda: self.told.text() == text and self.told.setText(""))

    def _fail(self, title: str, error: object, details: str) -> None:
        if isinstance(error, BaseException):
            self.dialog = show_error(self, title, error, details)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return
        event.acceptProposedAction()
        first = paths[0]
        if first.suffix == ".bvncase":
            self.open_case_file(first)
        else:
            self.open_folder(first if first.is_dir() else first.parent)

    def _unless_unsaved(self, text: str, go: Any) -> None:
        history = self.session.history
        touched = history is not None and not self.session.is_clean and history.position > 0
        if not touched:
            go()
            return
        self.question = ask_unsaved(self, text, self.save, go)

    def closeEvent(self, event: QCloseEvent) -> None:
        history = self.session.history
        touched = history is not None and not self.session.is_clean and history.position > 0
        if touched and not self._leaving:
            event.ignore()

            def leave() -> None:
                self._leaving = True
                self.close()

            self.question = ask_unsaved(self, "Closing now would lose them.", self.save, leave)
            return
        if self.screen is not None:
            self.screen.shutdown()
        self.tasks.shutdown(3.0)
        QSettings().setValue("window/geometry", self.saveGeometry())
        event.accept()

    @property
    def version(self) -> str:
        """Version of the program."""
        return app_version()
