"""Nothing lost: every change is kept at once, saved into the case's file soon, and offered after a crash."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QTimer

from planner.domain.plan import Plan
from planner.services.stored_case import lock_case
from planner.storage.lock import WriteLock
from planner.storage.recovery import Keeper, Left, default_root, forget, left_behind
from ui.error_dialog import sentence_of
from ui.views.dialogs import offer_recovery

AUTOSAVE_MS = 3000


class Keeping:
    """Mixed into the window."""

    def _start_keeping(self, root: Path | None) -> None:
        self.recovery_root = root or default_root()
        self.keeper: Keeper | None = None
        self.lock: WriteLock | None = None
        self._kept_plan: Plan | None = None
        self._kept_at: datetime | None = None
        self._saved_at = 0.0
        self._keep_failure = ""
        self._saving = False
        self._forget_then: Left | None = None
        self._is_recovered = False
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(AUTOSAVE_MS)
        self._autosave.timeout.connect(self._autosave_now)
        self._ticking = QTimer(self)
        self._ticking.setInterval(1000)
        self._ticking.timeout.connect(self._show_saved)
        self._ticking.start()
        self.session.plan_changed.connect(lambda _old, _new: self._keep())

    def begin(self, path: Path | None) -> None:
        """Open what was asked for, or show the tour, once what a killed session left was offered."""

        def asked() -> None:
            if path is None:
                QTimer.singleShot(400, self, self.offer_tour)
            else:
                (self.open_case_file if path.suffix == ".bvncase" else self.open_folder)(path)

        told = "" if path is None else f"“{path.name}” was not opened, since the recovered case was."
        self.offer_left_behind(asked, told)

    def offer_left_behind(self, otherwise: Callable[[], None] = lambda: None, told: str = "") -> None:
        """Offer what a session that was killed has left.

        ``otherwise`` goes on where there is nothing or it is not opened, ``told`` is said where it is.
        """
        left = left_behind(self.recovery_root)
        if not left:
            otherwise()
            return
        self.recovery = offer_recovery(
            self, left[0], lambda: self.recover(left[0], told), lambda: forget(left[0]), otherwise
        )

    def recover(self, left: Left, told: str = "") -> None:
        """Open what a session that was killed has left, and say ``told``."""
        self._open_stored(left.base, left.case_file, left.plan, left, told=told)

    def _begin_case(self, case_file: Path | None, lock: WriteLock | None) -> None:
        self.case_file, self.lock = case_file, lock
        patient = self.presenter.patient.name if self.presenter else ""
        self.keeper = Keeper(self.recovery_root, patient)
        self._kept_plan = self._kept_at = None
        self._keep_failure = ""
        self._forget_then = None
        self._is_recovered = False

    def _end_case(self) -> None:
        self._autosave.stop()
        if self.keeper is not None:
            self.keeper.close()
        if self.lock is not None:
            self.lock.release()
        self.keeper = self.lock = self.case_file = None

    def _keep(self) -> None:
        """Keep the committed plan beside the settings, off the window's thread."""
        session, keeper = self.session, self.keeper
        plan, found, case = session.plan, session.segmentation, session.case
        if keeper is None or plan is None or found is None or plan is self._kept_plan or session.read_only:
            return
        self._kept_plan = plan
        label = (session.history.undo_label or "") if session.history else ""
        folder, case_file = getattr(case, "folder", Path()), self.case_file

        def done(at: datetime) -> None:
            self._kept_at, self._keep_failure = at, ""
            if self._forget_then is not None:
                forget(self._forget_then)
                self._forget_then = None
            self._show_saved()

        def failed(error: Exception, _details: str) -> None:
            self._kept_plan, self._keep_failure = None, sentence_of(error)
            self._show_saved()

        self.tasks.latest(
            "keep", lambda _progress: keeper.keep(folder, found, plan, label, case_file), done, failed
        )
        if self.case_file is not None and not session.is_clean:
            self._autosave.start()
        self._show_saved()

    def _autosave_now(self) -> None:
        if self.case_file is not None and not self.session.is_clean and not self.session.read_only:
            self._save_to(self.case_file, quiet=True)

    def would_lose(self) -> bool:
        """Whether closing the case now would lose what its user did, here or before a crash."""
        history = self.session.history
        done = history is not None and (history.position > 0 or self._is_recovered)
        return done and not self.session.is_clean

    def _saved_now(self) -> None:
        self._saved_at, self._keep_failure = time.monotonic(), ""
        if self.session.is_clean:
            self._is_recovered = False
            if self.keeper is not None:
                self.keeper.saved()
        self._show_saved()

    def _take_lock(self, path: Path) -> str:
        """Lock a new case file for writing; returns why it may not be written."""
        if self.lock is not None and path == self.case_file:
            return ""
        lock, reason = lock_case(path)
        if lock is not None:
            if self.lock is not None:
                self.lock.release()
            self.lock = lock
        return reason

    def saved_words(self) -> tuple[str, str]:
        """What the step bar says about saving, and the whole of it for the pointer."""
        if self.session.plan is None:
            return "", ""
        if self.session.read_only:
            return "Read only", self.session.read_only
        if self._keep_failure:
            return "Not saved", self._keep_failure
        if self._saving:
            return "Saving", ""
        if self.session.is_clean:
            ago = time.monotonic() - self._saved_at
            return f"Saved {_ago(ago)}", str(self.case_file or "")
        if self.case_file is None:
            words = "Every change is kept for recovery. Save puts the case into a file of yours."
            return "Not saved yet", words
        return "Saving soon", f"Every change is kept; {self.case_file.name} is written in a moment."

    def _show_saved(self) -> None:
        words, whole = self.saved_words()
        self.bar.say_saved(words, urgent=self._keep_failure != "")
        self.bar.saved.setToolTip(whole)
        unkept = self.session.plan is not None and self._keep_failure != ""
        self.setWindowModified(unkept)


def _ago(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, seconds):.0f}\u202fs ago"
    if seconds < 3600:
        return f"{seconds / 60:.0f}\u202fmin ago"
    return f"{seconds / 3600:.0f}\u202fh ago"
