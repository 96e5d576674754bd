"""The case browser: open a folder, see every series with its verdict and reason, plan one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from imaging.dicom.series import SeenSeries
from ui.icon_set import set_icon
from ui.presenters.browser_rows import SeriesRow, person_name, rows_of
from ui.presenters.recent_cases import RecentCase
from ui.theme import tokens
from ui.views.preview import Preview
from ui.views.series_list import BusyBar, ColumnHead, SeriesLine
from ui.widgets import StatusMark, hairline, label, mm, section, status_pixmap


class Browser(QWidget):
    """Left: ways in. Middle: what was found. Right: what the chosen series allows."""

    open_folder = Signal()
    open_sample = Signal()
    open_case_file = Signal()
    recent = Signal(object)
    recent_case = Signal(object)
    plan_series = Signal(object)
    open_image_file = Signal()
    cancelled = Signal()
    preview_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[SeriesLine] = []
        self._heads: list[tuple[QWidget, list[SeriesLine]]] = []
        self.chosen: SeriesRow | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.left = self._make_left()
        row.addWidget(self.left)
        row.addWidget(self._make_middle(), 1)
        self.right = self._make_right()
        row.addWidget(self.right)
        self.show_empty()

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow = self.width() < 1280
        self.left.setFixedWidth(212 if narrow else 272)
        self.right.setFixedWidth(264 if narrow else 340)
        self.preview.setFixedHeight(200 if self.height() < 560 else 300)
        super().resizeEvent(event)

    def _make_left(self) -> QWidget:
        panel = QWidget()
        panel.setProperty("role", "leftpanel")
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(panel)
        box.setContentsMargins(12, 12, 12, 12)
        box.setSpacing(8)
        self.open_button = QPushButton(" Open folder…")
        set_icon(self.open_button, "folder")
        self.open_button.setToolTip("Ctrl+O")
        self.open_button.clicked.connect(self.open_folder)
        box.addWidget(self.open_button)
        box.addWidget(label("or drop a folder or zip anywhere on this window", "small2", wrap=True))
        self.file_button = QPushButton(" Open a zip or DICOMDIR…")
        set_icon(self.file_button, "folder")
        self.file_button.clicked.connect(self.open_image_file)
        box.addWidget(self.file_button)
        self.sample_button = QPushButton(" Open the sample")
        set_icon(self.sample_button, "spine")
        self.sample_button.clicked.connect(self.open_sample)
        box.addWidget(self.sample_button)
        case = QPushButton(" Open a saved case…")
        set_icon(case, "save")
        case.clicked.connect(self.open_case_file)
        box.addWidget(case)
        box.addSpacing(8)
        self._cases_head = section("Recent cases")
        box.addWidget(self._cases_head)
        self._cases_box = QVBoxLayout()
        self._cases_box.setSpacing(2)
        box.addLayout(self._cases_box)
        self._recent_head = section("Recent folders")
        box.addWidget(self._recent_head)
        self._recent_box = QVBoxLayout()
        self._recent_box.setSpacing(2)
        box.addLayout(self._recent_box)
        box.addStretch(1)
        box.addWidget(hairline())
        box.addWidget(
            label(
                "Images are only read, never changed. Nothing leaves this computer unless you send it.",
                "small2",
                wrap=True,
            )
        )
        return panel

    def show_cases(self, cases: list[RecentCase]) -> None:
        """List the cases saved last, each with its state."""
        while self._cases_box.count():
            item = self._cases_box.takeAt(0)
            if item.widget():
                item.widget().deleteLater()
        self._cases_head.setVisible(bool(cases))
        for case in cases[:5]:
            button = QPushButton(f"{case.patient}\n{case.levels}\n{case.words}")
            button.setProperty("role", "flat")
            button.setIcon(QIcon(status_pixmap(case.mark)))
            button.setStyleSheet("text-align:left;padding:6px")
            button.setToolTip(str(case.path))
            button.clicked.connect(lambda _=False, c=case: self.recent_case.emit(c.path))
            self._cases_box.addWidget(button)

    def show_recent(self, folders: list[Path]) -> None:
        """List the folders opened last."""
        while self._recent_box.count():
            item = self._recent_box.takeAt(0)
            if item.widget():
                item.widget().deleteLater()
        self._recent_head.setVisible(bool(folders))
        for folder in folders[:6]:
            button = QPushButton(f" {folder_words(folder)}")
            button.setProperty("role", "flat")
            set_icon(button, "clock")
            button.setStyleSheet("text-align:left")
            button.setToolTip(str(folder))
            button.clicked.connect(lambda _=False, f=folder: self.recent.emit(f))
            self._recent_box.addWidget(button)

    def _make_middle(self) -> QWidget:
        panel = QWidget()
        panel.setProperty("role", "bg")
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(panel)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 14, 16, 12)
        self.title = label("Cases", "group")
        self.summary = label("", "small2")
        head.addWidget(self.title)
        head.addStretch(1)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search patient or series")
        self.search.setAccessibleName("Search patient or series")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(220)
        self.search.textChanged.connect(self._filter)
        self.search.hide()
        head.addWidget(self.search)
        head.addSpacing(12)
        head.addWidget(self.summary)
        box.addLayout(head)
        box.addWidget(hairline())
        self.busy = BusyBar()
        self.busy.cancel.connect(self.cancelled)
        box.addWidget(self.busy)
        self.columns = ColumnHead()
        box.addWidget(self.columns)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box.addWidget(self._scroll, 1)
        return panel

    def _make_right(self) -> QWidget:
        panel = QWidget()
        panel.setProperty("role", "rightpanel")
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._right_box = QVBoxLayout(panel)
        self._right_box.setContentsMargins(13, 12, 12, 12)
        self._right_box.setSpacing(10)
        self.right_title = label("", "group", wrap=True)
        self.right_note = label("", "small2", wrap=True)
        self._right_box.addWidget(self.right_title)
        self._right_box.addWidget(self.right_note)
        self.preview = Preview()
        self._right_box.addWidget(self.preview)
        self._right_box.addWidget(section("What it allows"))
        self._reasons = QVBoxLayout()
        self._reasons.setSpacing(10)
        self._right_box.addLayout(self._reasons)
        self._right_box.addStretch(1)
        self.plan_button = QPushButton("Plan this case")
        self.plan_button.setProperty("role", "primary")
        self.plan_button.setEnabled(False)
        self.plan_button.setToolTip("Waits for a series to be chosen")
        self.plan_button.clicked.connect(lambda: self.chosen and self.plan_series.emit(self.chosen.series))
        self.plan_note = label("", "small2", wrap=True)
        self._right_box.addWidget(self.plan_button)
        self._right_box.addWidget(self.plan_note)
        return panel

    def show_empty(self, title: str = "Cases", sentence: str = "", mark: str = "") -> None:
        """Nothing found yet, or nothing usable: say what belongs here."""
        self.lines, self.chosen = [], None
        self.search.hide()
        self.title.setText(title)
        self.summary.setText("")
        self.columns.hide()
        self.right.hide()
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(40, 40, 40, 40)
        box.addStretch(2)
        if mark:
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(StatusMark(mark, 32))
            row.addStretch(1)
            box.addLayout(row)
            box.addSpacing(12)
        head = label("Open the CT of a lumbar spine" if not sentence else "Nothing to plan here", "title")
        head.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.addWidget(head)
        self.empty_text = label(
            sentence
            or "Choose a folder of DICOM images, drop one on this window, or look round with the sample.",
            "text2",
            wrap=True,
        )
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.empty_text, 6)
        row.addStretch(1)
        box.addLayout(row)
        box.addSpacing(16)
        row = QHBoxLayout()
        row.addStretch(1)
        button = QPushButton("Open folder…")
        button.setProperty("role", "primary")
        button.setMinimumWidth(180)
        button.clicked.connect(self.open_folder)
        row.addWidget(button)
        sample = QPushButton("Open the sample")
        sample.setMinimumHeight(38)
        sample.clicked.connect(self.open_sample)
        row.addWidget(sample)
        row.addStretch(1)
        box.addLayout(row)
        box.addStretch(3)
        self._scroll.setWidget(holder)

    def show_seen(self, seen: Sequence[SeenSeries]) -> None:
        """Name what was found so far while the search goes on; it stands in the order it was found."""
        if not self.busy.isVisible():
            return
        self.lines, self.chosen = [], None
        self.title.setText("Reading the folder")
        self.summary.setText(f"{len(seen)} series so far")
        self.columns.hide()
        self.right.hide()
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        people = dict.fromkeys((s.patient_name, s.patient_id) for s in seen)
        for name, number in people:
            own = [s for s in seen if (s.patient_name, s.patient_id) == (name, number)]
            box.addWidget(_group(person_name(name), number, f"{len(own)} series", 36, True))
            for s in own:
                words = f"{s.images} image{'s' if s.images != 1 else ''} so far"
                box.addWidget(_group(s.description or "No description", s.modality, words, 30, False))
        box.addStretch(1)
        self._scroll.setWidget(holder)

    def show_series(self, folder: Path, found: Any) -> None:
        """List what a folder holds."""
        rows = rows_of(found.series)
        self.title.setText(folder_words(folder))
        self.columns.show()
        self.right.show()
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.lines, self._heads = [], []
        self.search.clear()
        self.search.setVisible(len(rows) > 1)
        studies: tuple[QWidget, list[SeriesLine]]
        patient: tuple[str, str] | None = None
        study: tuple[object, ...] | None = None
        for row in rows:
            if (row.patient, row.patient_note) != patient:
                patient = (row.patient, row.patient_note)
                study = None
                same = [r for r in rows if (r.patient, r.patient_note) == patient]
                head = _group(row.patient, row.patient_note, f"{len(same)} series", 36, True)
                self._heads.append((head, []))
                box.addWidget(head)
            if (patient, row.study) != study:
                study = (patient, row.study)
                head = _group(f"Study of {row.study}", "", "", 30, False)
                studies = (head, [])
                self._heads.insert(len(self._heads) - 1, studies)
                box.addWidget(head)
            line = SeriesLine(row)
            line.chosen.connect(self.choose)
            line.opened.connect(
                lambda r: self.plan_series.emit(r.series) if r.plannable or r.fillable else None
            )
            self.lines.append(line)
            for _, lines in (self._heads[-1], studies):
                lines.append(line)
            box.addWidget(line)
        skipped = len(found.skipped)
        if skipped:
            first = found.skipped[0]
            note = label(
                f"{skipped} damaged file{'s' if skipped > 1 else ''} left out. "
                f"{first.path.name} {first.reason}.",
                "small2",
                wrap=True,
            )
            note.setContentsMargins(20, 10, 20, 10)
            box.addWidget(note)
        box.addStretch(1)
        self._scroll.setWidget(holder)
        patients = len({(r.patient, r.patient_note) for r in rows})
        self.summary.setText(f"{patients} patient{'s' if patients != 1 else ''}, {len(rows)} series")
        best = max(
            (r for r in rows if r.plannable), key=lambda r: r.series.score, default=rows[0] if rows else None
        )
        if best is not None:
            self.choose(best)

    def _filter(self, text: str) -> None:
        """Show the series whose patient, study, title or kind hold every word; heads without any go."""
        words = text.lower().split()
        for line in self.lines:
            r = line.row
            said = f"{r.patient} {r.patient_note} {r.study} {r.title} {r.note} {r.kind} {r.verdict}".lower()
            line.setVisible(all(word in said for word in words))
        for head, lines in self._heads:
            head.setVisible(any(not line.isHidden() for line in lines))

    def _open(self, row: SeriesRow) -> None:
        if row.plannable or row.fillable:
            self.plan_series.emit(row.series)

    def choose(self, row: SeriesRow) -> None:
        """Select a series and tell what it allows."""
        self.chosen = row
        for line in self.lines:
            line.selected = line.row is row
            line.update()
        s = row.series
        self.right_title.setText(row.title)
        size = f"{s.pixel_mm[1]:.2f} × {s.pixel_mm[0]:.2f} × {mm(s.spacing_mm, 2)}" if s.pixel_mm else ""
        self.right_note.setText(f"{row.kind}, {row.images} images, {size}, {row.study}")
        while self._reasons.count():
            item = self._reasons.takeAt(0)
            if item.layout():
                while item.layout().count():
                    inner = item.layout().takeAt(0)
                    if inner.widget():
                        inner.widget().deleteLater()
        self._reasons.addLayout(_reason(row.mark, row.verdict))
        for finding in s.reasons:
            self._reasons.addLayout(_reason(finding.severity, finding.text))
        self.preview.clear("Reading the images…" if row.plannable else "No preview of this series")
        if row.plannable:
            self.preview_wanted.emit(row.series)
        self.plan_button.setEnabled(row.plannable or row.fillable)
        self.plan_button.setToolTip("")
        self.plan_button.setText("Plan this case…" if row.fillable else "Plan this case")
        if row.plannable:
            note = "Segmentation starts in the background. You can look at the images at once."
        elif row.fillable:
            note = "Asks first whether the missing slices may be interpolated."
        else:
            note = "Plan this case waits for a series that can be planned on."
        self.plan_note.setText(note)


def folder_words(folder: Path) -> str:
    """A folder by its last two names: many are called dicom."""
    above = folder.parent.name
    return f"{above} / {folder.name}" if above else folder.name or str(folder)


def _group(title: str, note: str, right: str, height: int, raised: bool) -> QWidget:
    t = tokens()
    made = QWidget()
    made.setFixedHeight(height)
    made.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    made.setObjectName("group")
    background = t.raised if raised else t.surface
    made.setStyleSheet(f"#group{{background:{background};border-bottom:1px solid {t.hairline}}}")
    row = QHBoxLayout(made)
    row.setContentsMargins(16 if raised else 28, 0, 16, 0)
    row.setSpacing(8)
    head = label(title, "strong" if raised else "")
    for widget in (head, label(note, "small2")):
        row.addWidget(widget)
    row.addStretch(1)
    tail = label(right, "small2")
    row.addWidget(tail)
    return made


def _reason(mark: str, text: str) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(StatusMark(mark, 16), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(text, "", wrap=True), 1)
    return row
