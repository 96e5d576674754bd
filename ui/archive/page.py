"""The archive page: which archive, what is in it, fetch, send."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imaging.errors import PlannerError
from imaging.progress import Progress, SubProgress
from planner.network.dimse import Found
from planner.network.settings import Archive, archives, remove_archive
from planner.services import archive as service
from ui.archive.setup_dialog import SetupDialog
from ui.error_dialog import sentence_of
from ui.presenters.browser_rows import date_words, person_name
from ui.screens.registry import WindowContext
from ui.views.series_list import BusyBar
from ui.widgets import label, section

_COLUMNS = ("Patient", "ID", "Date", "Kind", "Description", "Images")


class ArchivePage(QWidget):
    """Query, fetch and send; off until an archive is set up."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        self.dialog: SetupDialog | None = None
        self.found: list[Found] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(32, 24, 32, 24)
        box.setSpacing(12)
        box.addWidget(label("Archive", "title"))
        box.addLayout(self._make_choice())
        self.state = label("", "text2", wrap=True)
        box.addWidget(self.state)
        box.addWidget(section("Look for studies"))
        box.addLayout(self._make_search())
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(34)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate((220, 140, 110, 80, 0, 80)):
            if width:
                self.table.setColumnWidth(column, width)
        self.table.itemSelectionChanged.connect(self._show_state)
        self.table.itemDoubleClicked.connect(lambda _item: self.open_study())
        box.addWidget(self.table, 1)
        self.busy = BusyBar()
        self.busy.cancel.connect(lambda: context.tasks.cancel("archive"))
        box.addWidget(self.busy)
        box.addLayout(self._make_actions())
        self.note = label("", "small2", wrap=True)
        box.addWidget(self.note)
        self.refresh()

    def _make_choice(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.choice = QComboBox()
        self.choice.setMinimumWidth(220)
        self.choice.currentIndexChanged.connect(lambda _n: self._show_state())
        self.add = QPushButton("Add archive…")
        self.add.clicked.connect(lambda: self._set_up(None))
        self.change = QPushButton("Change…")
        self.change.clicked.connect(lambda: self._set_up(self.archive))
        self.remove = QPushButton("Remove")
        self.remove.clicked.connect(self._remove)
        self.test = QPushButton("Test connection")
        self.test.clicked.connect(self.echo)
        for widget in (self.choice, self.add, self.change, self.remove, self.test):
            row.addWidget(widget)
        row.addStretch(1)
        return row

    def _make_search(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.patient_name, self.patient_id, self.date = QLineEdit(), QLineEdit(), QLineEdit()
        hints = ((self.patient_name, "Name, e.g. SPECIMEN*"), (self.patient_id, "Patient ID"))
        for field, hint in (*hints, (self.date, "Date, e.g. 20261101-20261130")):
            field.setPlaceholderText(hint)
            field.returnPressed.connect(self.find)
            row.addWidget(field)
        self.find_button = QPushButton("Find studies")
        self.find_button.setProperty("role", "primary")
        self.find_button.clicked.connect(self.find)
        row.addWidget(self.find_button)
        return row

    def _make_actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.open_button = QPushButton("Show its series")
        self.open_button.clicked.connect(self.open_study)
        self.fetch_button = QPushButton("Fetch and open…")
        self.fetch_button.clicked.connect(self.choose_and_fetch)
        self.send_button = QPushButton("Send this plan")
        self.send_button.clicked.connect(self.send_plan)
        row.addWidget(self.open_button)
        row.addWidget(self.fetch_button)
        row.addStretch(1)
        row.addWidget(self.send_button)
        return row

    @property
    def archive(self) -> Archive | None:
        """The chosen archive."""
        return self.choice.currentData()

    @property
    def chosen(self) -> Found | None:
        """The chosen row."""
        row = self.table.currentRow()
        return self.found[row] if 0 <= row < len(self.found) and self.table.selectedItems() else None

    def shown(self) -> None:
        """Read the settings anew."""
        self.refresh()

    def refresh(self, name: str = "") -> None:
        """List the archives that are set up, choosing the one named."""
        wanted = name or (self.archive.name if self.archive else "")
        try:
            known, problem = archives(), ""
        except PlannerError as error:
            known, problem = (), error.text
        self.choice.blockSignals(True)
        self.choice.clear()
        for archive in known:
            self.choice.addItem(archive.name, archive)
        self.choice.setCurrentIndex(max(0, self.choice.findText(wanted)))
        self.choice.blockSignals(False)
        self._show_state()
        if problem:
            self.state.setText(problem)

    def _show_state(self) -> None:
        archive, chosen = self.archive, self.chosen
        if archive is None:
            self.state.setText("No archive is set up, so the network is off. Add one to begin.")
        else:
            title = f"{archive.ae_title} at {archive.host}:{archive.port}"
            secured = "TLS" if archive.tls else "not encrypted"
            dicom = f"{title}, {secured}" if archive.host else ""
            self.state.setText("; ".join(x for x in (dicom, archive.web_url) if x))
        waits = "" if archive else "waits for an archive"
        plan = self.context.session.plan
        self._allow(self.change, waits)
        self._allow(self.remove, waits)
        self._allow(self.test, waits)
        self._allow(self.find_button, waits)
        study = chosen is not None and not chosen.series_uid
        self._allow(self.open_button, waits or ("" if study else "waits for a study to be chosen"))
        self._allow(
            self.fetch_button, waits or ("" if chosen else "waits for a study or series to be chosen")
        )
        self._allow(self.send_button, waits or ("" if plan else "waits for a plan"))
        why = self.send_button.toolTip() or self.fetch_button.toolTip()
        self.note.setText(f"{why}." if why else "")

    def _allow(self, button: QPushButton, waits: str) -> None:
        button.setEnabled(not waits)
        button.setToolTip(f"{button.text().rstrip('…')} {waits}" if waits else "")

    def _set_up(self, archive: Archive | None) -> None:
        self.dialog = SetupDialog(self, archive, self.refresh)
        self.dialog.open()

    def _remove(self) -> None:
        if self.archive is not None:
            remove_archive(self.archive.name)
            self._list([])
            self.refresh()

    def _run(self, what: str, work: Any, done: Any) -> None:
        self.busy.begin(what)

        def finished(result: Any) -> None:
            self.busy.hide()
            done(result)

        def failed(error: Exception, details: str) -> None:
            self.busy.hide()
            self.note.setText(sentence_of(error))
            if not isinstance(error, PlannerError):
                self.context.fail("The archive could not be used", error, details)

        self.context.tasks.start("archive", work, finished, failed, self.busy.report, self.busy.hide)

    def echo(self) -> None:
        """Ask whether the archive answers."""
        archive = self.archive
        if archive is None:
            return
        from planner.network import dimse, web

        def work(_progress: Progress) -> None:
            if archive.host:
                dimse.echo(archive)
            else:
                web.find(archive, patient_id="bvn-planner-echo")

        self._run(f"Calling {archive.name}", work, lambda _r: self.note.setText(f"{archive.name} answers."))

    def find(self) -> None:
        """Look for studies."""
        archive = self.archive
        if archive is None:
            return
        facts = (
            self.patient_id.text().strip(),
            self.patient_name.text().strip(),
            "",
            self.date.text().strip(),
        )
        self._run(f"Asking {archive.name}", lambda _p: service.find(archive, *facts), self._list)

    def open_study(self) -> None:
        """List the series of the chosen study."""
        archive, chosen = self.archive, self.chosen
        if archive is None or chosen is None or chosen.series_uid:
            return

        def done(series: Any) -> None:
            keep = chosen
            self._list([_of(s, keep) for s in series])

        work = lambda _p: service.find(archive, study_uid=chosen.study_uid)  # noqa: E731
        self._run(f"Asking {archive.name}", work, done)

    def _list(self, found: Any) -> None:
        self.found = list(found)
        self.table.setRowCount(len(self.found))
        for n, f in enumerate(self.found):
            values = (person_name(f.patient_name), f.patient_id, date_words(f.study_date))
            for column, text in enumerate((*values, f.modality, f.description, f.images)):
                self.table.setItem(n, column, QTableWidgetItem(text))
        if self.found:
            self.table.selectRow(0)
        self._show_state()
        count = len(self.found)
        kind = "series" if count and self.found[0].series_uid else "study" if count == 1 else "studies"
        self.note.setText(f"{count} {kind} found.")

    def choose_and_fetch(self) -> None:
        """Ask for a folder and fetch into it."""
        folder = QFileDialog.getExistingDirectory(self, "Fetch into a new or empty folder", str(Path.home()))
        if folder:
            self.fetch(Path(folder))

    def fetch(self, folder: Path) -> None:
        """Fetch the chosen study or series and open it."""
        archive, chosen = self.archive, self.chosen
        if archive is None or chosen is None:
            return

        def work(progress: Progress) -> int:
            return service.fetch(archive, chosen.study_uid, chosen.series_uid, folder, None, progress)

        def done(count: int) -> None:
            self.note.setText(f"{count} files fetched.")
            self.context.window.open_folder(folder)

        self._run(f"Fetching from {archive.name}", work, done)

    def send_plan(self) -> None:
        """Write the plan's DICOM objects and send them."""
        archive, session = self.archive, self.context.session
        case, found, plan = session.case, session.segmentation, session.plan
        if archive is None or case is None or found is None or plan is None:
            return

        def work(progress: Progress) -> int:
            with tempfile.TemporaryDirectory() as scratch:
                out = Path(scratch) / "plan"
                self.context.services.export(out, case, found, plan, SubProgress(progress, 0.0, 0.7))
                return service.send(archive, [out / "dicom"], None, SubProgress(progress, 0.7, 1.0))

        self._run(
            f"Sending to {archive.name}",
            work,
            lambda count: self.note.setText(f"{count} objects were sent to {archive.name}."),
        )


def _of(series: Found, study: Found) -> Found:
    """A series with its study's patient and date, which archives leave out at this level."""
    return Found(
        series.study_uid,
        series.series_uid,
        study.patient_id,
        study.patient_name,
        study.study_date,
        series.modality,
        series.description,
        series.images,
    )
