"""The window: step bar, patient banner, the screens, status bar."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from imaging.dicom.inputs import is_archive, is_directory_file
from planner.session import PlanningSession
from ui.chrome import Banner, StatusBar
from ui.error_dialog import ErrorDialog, show_error
from ui.guiding import Guiding
from ui.icon_set import follow_theme
from ui.keeping import Keeping
from ui.opening import Opening
from ui.presenters.case_presenter import CasePresenter
from ui.presenters.recent_cases import recent_cases
from ui.presenters.services import Services
from ui.saving import Saving
from ui.screens.catalogue import in_order
from ui.screens.host import ScreenHost
from ui.screens.registry import WindowContext, call
from ui.settings.preferences import preference
from ui.settings.shortcuts import bind
from ui.step_bar import StepBar
from ui.tasks import TaskRunner
from ui.theme import apply_theme, tokens
from ui.views.browser import Browser
from ui.views.dialogs import ask_unfinished, ask_unsaved
from ui.views.series_list import BusyBar

KEEPING_S = 3.0


class MainWindow(Opening, Saving, Keeping, Guiding, QMainWindow):
    """One window, one session. Closing it cancels what runs and waits at most three seconds."""

    series_seen = Signal(object)

    def __init__(self, services: Services, recovery_root: Path | None = None) -> None:
        super().__init__()
        self.services = services
        self.tasks = TaskRunner(self)
        self.session = PlanningSession()
        self.presenter: CasePresenter | None = None
        self.case_file: Path | None = None
        self.dialog: ErrorDialog | None = None
        self._leaving = False
        self.setWindowTitle("BVN Planner")
        self.setMinimumSize(960, 540)
        self.setAcceptDrops(True)
        self.bar = StepBar(in_order())
        self.banner = Banner()
        self.busy = BusyBar()
        self.busy.cancel.connect(self._cancel_work)
        self.stack = QStackedWidget()
        self.host = ScreenHost(self.stack, in_order())
        self.browser = self._make_browser()
        self.status = StatusBar()
        whole = QWidget()
        whole.setProperty("role", "bg")
        whole.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for part in (self.bar, self.banner, self.busy):
            box.addWidget(part)
        box.addWidget(self.stack, 1)
        box.addWidget(self.status)
        self.setCentralWidget(whole)
        self._add_actions()
        self._before_settings = "cases"
        self._start_keeping(recovery_root)
        self.preferences_changed("views/orientation")
        self.browser.show_recent(self._recent())
        self.browser.show_cases(recent_cases())
        self._show_state()

    def _make_browser(self) -> Browser:
        browser = Browser()
        browser.open_folder.connect(self.choose_folder)
        browser.open_image_file.connect(self.choose_image_file)
        browser.open_sample.connect(self.open_sample)
        browser.open_case_file.connect(self.choose_case_file)
        browser.recent.connect(self.open_folder)
        browser.recent_case.connect(self.open_case_file)
        browser.plan_series.connect(self.plan_series)
        browser.cancelled.connect(self._cancel_work)
        self.series_seen.connect(browser.show_seen)
        browser.preview_wanted.connect(self._preview)
        self.stack.addWidget(browser)
        return browser

    def _add_actions(self) -> None:
        for name, slot in (
            ("open", self.choose_folder),
            ("save", self.save),
            ("save_as", self.save_as),
            ("export", self.export),
            ("quit", self.close),
            ("help", self.show_help),
            ("settings", lambda: self.go("settings")),
            ("next_group", lambda: self._next_group(1)),
            ("last_group", lambda: self._next_group(-1)),
            ("orientation", self.ask_orientation),
        ):
            bind(self, name, slot)
        self.undo_action, self.redo_action = QAction(self), QAction(self)
        self.undo_action.triggered.connect(lambda: self._step(0))
        self.redo_action.triggered.connect(lambda: self._step(1))
        bind(self, "undo", self.undo_action.trigger)
        bind(self, "redo", self.redo_action.trigger)
        self.bar.undo.clicked.connect(self.undo_action.trigger)
        self.bar.redo.clicked.connect(self.redo_action.trigger)
        self.bar.save.clicked.connect(self.save)
        self.bar.help.clicked.connect(self.show_help)
        self.bar.theme.clicked.connect(
            lambda: self._set_theme("light" if tokens().name == "dark" else "dark")
        )
        self.bar.entered.connect(self.go)
        for number, key in enumerate(self.bar.order(), start=1):
            made = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            made.activated.connect(lambda k=key: self.go(k))

    def _step(self, which: int) -> None:
        """Undo (0) or redo (1): what the screen in front has in hand first, then the plan."""
        own = self.host.own_steps()[which]
        actor = self.stack.currentWidget() if own else self.presenter
        if actor is not None:
            call(actor, ("undo", "redo")[which])

    @property
    def screen(self) -> Any:
        """The planning screen of the open case, or None."""
        return self.host.widget("trajectories")

    def context(self) -> WindowContext:
        """What screens may use of this window."""
        return WindowContext(
            self.session,
            self.services,
            self.tasks,
            self.presenter,
            self._tell,
            self._fail,
            self.go,
            self._show_state,
            self,
        )

    def go(self, key: str) -> None:
        """Bring a screen to the front; a sentence says why where it cannot be entered yet.

        Settings asked for once more gives way to the screen before it.
        """
        current = self.host.current()
        if key == "settings" == current:
            key = self._before_settings
        elif key == "settings":
            self._before_settings = current
        self.status.pointer.setText("")
        self.status.told.setText("")  # it was about the screen before
        reason = "" if key == "cases" else self.host.screens[key].why_disabled(self.session)
        if reason:
            self._tell(f"{reason}.")
        elif key == "cases":
            self.stack.setCurrentWidget(self.browser)
        else:
            self.host.show(key, self.context())
        self._show_state()

    def _show_state(self) -> None:
        current = self.host.current()
        in_case = self.presenter is not None and current not in ("cases", "practice")
        # A practice room names its own body: another patient's name over it would mix the two up.
        self.banner.setVisible(self.presenter is not None and current != "practice")
        self.bar.show_state(self.session, current)
        plan, history = self.session.plan, self.session.history
        own_undo, own_redo = self.host.own_steps()
        undo = own_undo or (history.undo_label if history else None)
        redo = own_redo or (history.redo_label if history else None)
        bar = self.bar
        bar.undo.setText(f"Undo: {undo}" if undo and self.width() > 1700 else "Undo")
        bar.undo.setToolTip(f"Undo: {undo} (Ctrl+Z)" if undo else "Nothing to undo")
        bar.redo.setToolTip(f"Redo: {redo} (Ctrl+Shift+Z)" if redo else "Nothing to redo")
        for widget, on in (
            (bar.undo, undo),
            (bar.redo, redo),
            (self.undo_action, undo),
            (self.redo_action, redo),
        ):
            widget.setEnabled(bool(on))
        for widget in (bar.undo, bar.redo, bar.save):
            widget.setVisible(in_case)
        bar.save.setEnabled(plan is not None)
        self._show_saved()
        bar.set_room(self.width())
        name = f"{self.presenter.patient.name} – " if self.presenter and current != "practice" else ""
        self.setWindowTitle(f"{name}BVN Planner[*]")

    def _set_theme(self, name: str) -> None:
        preference("appearance/theme").set(name)
        apply_theme(QApplication.instance(), name)
        self.host.restyle()
        for widget in self.findChildren(QWidget):
            follow_theme(widget)
            widget.update()
        self._show_state()

    def resizeEvent(self, event: Any) -> None:
        narrow = self.width() < 1500
        self.bar.setFixedHeight(40 if narrow else 44)
        self.banner.setFixedHeight(30 if narrow else 34)
        self.status.setFixedHeight(24 if narrow else 26)
        self.banner.set_narrow(narrow)
        super().resizeEvent(event)
        self._show_state()

    def _tell(self, text: str) -> None:
        self.status.tell(text)

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
            whole = first.is_dir() or is_archive(first) or is_directory_file(first)
            self.open_folder(first if whole else first.parent)

    def _unless_unsaved(self, text: str, go: Any, closing: bool = False) -> None:
        """Go on at once, or once the user has said what becomes of work that this would lose."""
        held = self.host.unfinished(closing)
        if held:
            self.question = ask_unfinished(self, held, lambda: self._unless_plan_unsaved(text, go))
        else:
            self._unless_plan_unsaved(text, go)

    def _unless_plan_unsaved(self, text: str, go: Any) -> None:
        if not self.would_lose():
            go()
            return
        self.question = ask_unsaved(self, text, self.save, go)

    def end_now(self) -> None:
        """Close without a question, as the system asks; what is not saved is offered at the next start."""
        self._end_by(time.monotonic() + KEEPING_S)

    def _end_by(self, latest_s: float) -> None:
        if self.tasks.is_busy("keep") and time.monotonic() < latest_s:
            QTimer.singleShot(20, self, lambda: self._end_by(latest_s))
            return
        if not self.session.is_clean:
            self.keeper = None
        self._leaving = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._leaving and (self.would_lose() or self.host.unfinished(closing=True)):
            event.ignore()

            def leave() -> None:
                self._leaving = True
                self.close()

            self._unless_unsaved("Closing now would lose them.", leave, closing=True)
            return
        self.host.shutdown()
        self._end_case()
        self.tasks.shutdown(3.0)
        self.services.close()
        QSettings().setValue("window/geometry", self.saveGeometry())
        QSettings().setValue("window/maximized", self.isMaximized())
        event.accept()
