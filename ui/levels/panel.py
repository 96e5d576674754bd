"""The right-hand panel of the Levels screen: the chosen vertebra's name, its doubts and the tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QInputDialog,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from imaging.labels import NAME_FROM_VERSE, SACRUM
from imaging.segmentation.numbering import NUMBERINGS
from planner.domain.dates import moment_words
from ui.levels.presenter import PAINTED_FIRST, LevelsPresenter, Tool
from ui.theme import tokens
from ui.widgets import StatusMark, hairline, label, mm, section

TOOLS: tuple[tuple[Tool, str, str], ...] = (
    ("name", "Select", "Click a vertebra in an image to select it"),
    ("move", "Put centre", "Drag the middle of the selected vertebra's body; it is then found anew"),
    ("paint", "Paint", "Drag over bone that belongs to the selected vertebra; other vertebrae keep theirs"),
    ("erase", "Erase", "Drag over what does not belong to the selected vertebra"),
)
IMPORT_TIP = "NIfTI or DICOM SEG of another tool"


def _small(text: str, tip: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", "small")
    button.setToolTip(tip)
    return button


class LevelsPanel(QWidget):
    """Names, doubts, tools."""

    def __init__(self, presenter: LevelsPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self.setFixedWidth(316)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(scroll)
        self.setProperty("role", "rightpanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(12, 12, 12, 12)
        box.setSpacing(8)
        scroll.setWidget(holder)
        self._add_name(box)
        box.addWidget(hairline())
        self._doubts = QVBoxLayout()
        self._doubts.setSpacing(8)
        box.addLayout(self._doubts)
        box.addWidget(hairline())
        self._add_tools(box)
        box.addWidget(hairline())
        self.import_button = _small("Import segmentation…", IMPORT_TIP)
        self.import_button.clicked.connect(self._import)
        box.addWidget(self.import_button, 0, Qt.AlignmentFlag.AlignLeft)
        box.addStretch(1)
        presenter.changed.connect(self.refresh)
        presenter.asked_numbering.connect(self._ask_numbering)
        self._shown_doubts: object = None
        self.refresh()

    def _add_name(self, box: QVBoxLayout) -> None:
        self.title = label("", "title")
        box.addWidget(self.title)
        self.evidence = label("", "text2", wrap=True)
        box.addWidget(self.evidence)
        self.asked = QVBoxLayout()
        self.asked.setSpacing(8)
        box.addLayout(self.asked)
        row = QHBoxLayout()
        row.addWidget(label("This vertebra is"))
        self.names = QComboBox()
        self.names.setAccessibleName("Name of the selected vertebra")
        row.addWidget(self.names)
        row.addStretch(1)
        box.addLayout(row)
        self.confirm = QPushButton("Confirm levels")
        self.confirm.setProperty("role", "primary")
        self.confirm.clicked.connect(lambda: self.presenter.name_chosen(self.names.currentText()))
        self.names.currentTextChanged.connect(lambda _text: self._name_button())
        box.addWidget(self.confirm)
        self.confirm_note = label("", "small2", wrap=True)
        box.addWidget(self.confirm_note)

    def _add_tools(self, box: QVBoxLayout) -> None:
        box.addWidget(section("Correct"))
        grid = QGridLayout()
        grid.setSpacing(6)
        self.tool_buttons: dict[Tool, QPushButton] = {}
        for n, (tool, word, tip) in enumerate(TOOLS):
            button = _small(word, tip)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, t=tool: self.presenter.set_tool(t))
            self.tool_buttons[tool] = button
            grid.addWidget(button, n // 2, n % 2)
        box.addLayout(grid)
        self.hint = label("", "small2", wrap=True)
        box.addWidget(self.hint)
        self.size_row = QWidget()
        row = QHBoxLayout(self.size_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label("Brush"))
        self.size = QSlider(Qt.Orientation.Horizontal)
        self.size.setRange(2, 30)
        self.size.setAccessibleName("Radius of the brush in half millimetres")
        self.size.valueChanged.connect(lambda v: self.presenter.set_radius(v / 2))
        row.addWidget(self.size, 1)
        self.size_words = label("")
        row.addWidget(self.size_words)
        box.addWidget(self.size_row)
        more = QGridLayout()
        more.setSpacing(6)
        self.smooth = _small("Smooth")
        self.smooth.clicked.connect(self.presenter.smooth)
        self.merge_up, self.merge_down = _small("Merge up"), _small("Merge down")
        self.split_up, self.split_down = _small("Split above cross"), _small("Split below cross")
        self.merge_up.clicked.connect(lambda: self._neighbour(-1, self.presenter.merge))
        self.merge_down.clicked.connect(lambda: self._neighbour(1, self.presenter.merge))
        self.split_up.clicked.connect(lambda: self._neighbour(-1, lambda v: self.presenter.split(v, False)))
        self.split_down.clicked.connect(lambda: self._neighbour(1, lambda v: self.presenter.split(v, True)))
        for n, button in enumerate(
            (self.smooth, self.merge_up, self.merge_down, self.split_up, self.split_down)
        ):
            more.addWidget(button, n // 2, n % 2)
        box.addLayout(more)
        self.edit_words = label("", "text2", wrap=True)
        box.addWidget(self.edit_words)
        row2 = QHBoxLayout()
        self.undo, self.redo, self.drop = _small("Undo stroke"), _small("Redo"), _small("Discard")
        self.undo.clicked.connect(self.presenter.undo_stroke)
        self.redo.clicked.connect(self.presenter.redo_stroke)
        self.drop.clicked.connect(self.presenter.drop_edit)
        for button in (self.undo, self.redo, self.drop):
            row2.addWidget(button)
        row2.addStretch(1)
        box.addLayout(row2)
        self.apply = QPushButton("Apply to the plan")
        self.apply.clicked.connect(self.presenter.apply_edit)
        box.addWidget(self.apply)

    def _neighbour(self, by: int, act: Callable[[int], None]) -> None:
        order = [a.verse for a in self.presenter.levels]
        if self.presenter.chosen in order:
            at = order.index(self.presenter.chosen) + by
            if 0 <= at < len(order):
                act(order[at])

    def refresh(self) -> None:
        """Follow the presenter."""
        p = self.presenter
        verse = p.chosen
        name = NAME_FROM_VERSE.get(verse or 0, "No vertebra selected")
        other = p.other_names(verse) if verse else ""
        self.title.setText(f"{name}  ({other})" if other else name)
        self.evidence.setText(p.evidence_words())
        if self.names.count() == 0 or self.names.property("verse") != verse:
            self._fill_names(verse)
        self._name_button()
        self._fill_findings()
        for tool, button in self.tool_buttons.items():
            button.setChecked(tool == p.tool)
            button.setStyleSheet(
                f"background:{tokens().selected};border-color:{tokens().accent}" if tool == p.tool else ""
            )
            button.setEnabled(verse is not None and not p.working)
        why = self._why_no_centre(verse)
        self.tool_buttons["move"].setEnabled(verse is not None and not p.working and not why)
        self.tool_buttons["move"].setToolTip(why or next(tip for t, _, tip in TOOLS if t == "move"))
        self._enable_neighbours(verse)
        self.hint.setText(next(tip for t, _, tip in TOOLS if t == p.tool) + ".")
        painting = p.tool in ("paint", "erase")
        self.size_row.setVisible(painting)
        self.size.blockSignals(True)
        self.size.setValue(round(2 * p.radius_mm))
        self.size.blockSignals(False)
        self.size_words.setText(mm(p.radius_mm))
        self._enable_steps()

    def _why_no_centre(self, verse: int | None) -> str:
        """Why no body can be found anew round a centre; "" where it can."""
        if self.presenter.volume.modality != "CT":
            return "Works on CT only. On MR paint and erase"
        if verse == SACRUM:
            return "The sacrum is not found anew. Paint and erase it"
        return f"Waits for what was painted. {PAINTED_FIRST}" if self.presenter.unapplied else ""

    def _enable_steps(self) -> None:
        p = self.presenter
        edit, painted = p.edit, p.unapplied
        undo, redo = (edit.undo_name, edit.redo_name) if edit else (None, None)
        held = f"Waits for this: {p.working}" if p.working else ""
        for button, on, does, waits in (
            (self.undo, undo, f"Takes back: {undo} (Ctrl+Z)", "Nothing painted yet"),
            (self.redo, redo, f"Does again: {redo} (Ctrl+Shift+Z)", "Nothing taken back"),
            (self.drop, edit, "Forgets what was painted", "Nothing painted yet"),
            (self.apply, painted, "", "Waits for a change of the labels"),
            (self.import_button, not painted, IMPORT_TIP, f"Waits for what was painted. {PAINTED_FIRST}"),
        ):
            button.setEnabled(bool(on) and not held)
            button.setToolTip(held or (does if on else waits))
        self.edit_words.setText(
            f"Not applied yet: {painted}. The plan still stands on the old labels." if painted else ""
        )
        self.edit_words.setVisible(bool(painted))

    def _enable_neighbours(self, verse: int | None) -> None:
        order = [a.verse for a in self.presenter.levels]
        at = order.index(verse) if verse in order else -1
        free = at >= 0 and not self.presenter.working
        self.smooth.setEnabled(free)
        self.smooth.setToolTip(
            "Rounds the surface off without changing its size" if free else "Select a vertebra"
        )
        for button, by, word in (
            (self.merge_up, -1, "above"),
            (self.split_up, -1, "above"),
            (self.merge_down, 1, "below"),
            (self.split_down, 1, "below"),
        ):
            there = free and 0 <= at + by < len(order)
            button.setEnabled(there)
            other = NAME_FROM_VERSE[order[at + by]] if there else ""
            what = "Gives all of it to" if "Merge" in button.text() else "Gives what lies beyond the cross to"
            button.setToolTip(f"{what} {other}" if there else f"Waits for a vertebra {word} it")

    def _fill_names(self, verse: int | None) -> None:
        self.names.blockSignals(True)
        self.names.clear()
        if verse == SACRUM:
            self.names.addItem("S1")
        elif verse is not None:
            for v in range(max(8, verse - 2), min(25, verse + 2) + 1):
                self.names.addItem(NAME_FROM_VERSE[v])
            self.names.setCurrentText(NAME_FROM_VERSE[verse])
        self.names.setProperty("verse", verse)
        self.names.blockSignals(False)

    def _name_button(self) -> None:
        p = self.presenter
        own = NAME_FROM_VERSE.get(p.chosen or 0, "")
        said = self.names.currentText()
        confirmed = bool(p.plan and p.plan.levels_confirmed)
        if said == own:
            self.confirm.setText("Levels are confirmed" if confirmed else "Confirm levels")
            waits = not confirmed and not p.is_pointed
            self.confirm.setEnabled(not (confirmed or waits or p.working or p.unapplied) and bool(own))
            self.confirm_note.setText(
                ""
                if confirmed
                else f"Confirm waits for what was painted. {PAINTED_FIRST}."
                if p.unapplied
                else "Confirm waits for a click on a vertebra in an image."
                if waits
                else f"You say: the clicked vertebra is {own}, and so all names hold."
            )
        else:
            self.confirm.setText(f"Rename: {own} becomes {said}")
            self.confirm.setEnabled(bool(own) and not p.working and not p.unapplied)
            self.confirm_note.setText(
                f"Rename waits for what was painted. {PAINTED_FIRST}."
                if p.unapplied
                else "All levels are renamed with it, in one step that undo takes back. Approvals are "
                "withdrawn: check that the level meant is the level planned."
            )

    def _fill_findings(self) -> None:
        p = self.presenter
        naming = p.naming_doubts()
        own = p.doubts_of(p.chosen) if p.chosen is not None else []
        key = (tuple(f.text for f in naming), tuple((w, f.text, when) for w, f, when in own), p.chosen)
        if key == self._shown_doubts:
            return
        self._shown_doubts = key
        _clear(self.asked)
        for finding in naming:
            self.asked.addLayout(_sentence("doubt", finding.text))
        _clear(self._doubts)
        self._doubts.addWidget(section("Can it be trusted?"))
        if not own:
            name = NAME_FROM_VERSE.get(p.chosen or 0, "it")
            self._doubts.addLayout(_sentence("good", f"Nothing about {name} looks doubtful."))
        for where, finding, when in own:
            self._doubts.addLayout(_sentence("good" if when else "doubt", finding.text))
            if when:
                self._doubts.addWidget(label(f"Looked at {moment_words(when)}", "small2"))
                continue
            button = _small("I have looked", "Recorded with the time; approval no longer waits for it")
            code = finding.code
            button.clicked.connect(lambda _=False, w=where, c=code: self.presenter.look(w, c))
            self._doubts.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def _import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self,
            "Import segmentation",
            "",
            "Label maps (*.nii *.nii.gz *.dcm *.nrrd *.mha);;All files (*)",
        )
        if name:
            self.presenter.import_file(Path(name))

    def _ask_numbering(self, path: Path, names: list[str]) -> None:
        titles = [n.title for n in NUMBERINGS if n.name in names]
        title, ok = QInputDialog.getItem(
            self,
            "How is this label map numbered?",
            f"{path.name} does not show how it numbers the vertebrae.",
            titles,
            0,
            False,
        )
        if ok:
            self.presenter.import_file(path, next(n.name for n in NUMBERINGS if n.title == title))


def _sentence(kind: str, text: str) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(StatusMark(kind, 16), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(text, "", wrap=True), 1)
    return row


def _clear(layout: QVBoxLayout | QHBoxLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        inner = item.layout()
        if inner is not None:
            _clear(inner)  # type: ignore[arg-type]
            inner.deleteLater()
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
