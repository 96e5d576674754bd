"""MR laid on the CT: choose a series, look at how it fits, accept it into the plan or leave it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE
from imaging.mr.sequence import sequence_of_file
from imaging.progress import Progress, SubProgress
from imaging.volume import Volume
from planner.domain.fusion import Fusion, Matrix
from planner.services.fusion import (
    FusionResult,
    drawn_on_ct,
    fuse_series,
    fusion_words,
    mr_series,
    open_fused,
    with_fusion,
)
from ui.presenters.case_presenter import CasePresenter
from ui.screens.registry import WindowContext
from ui.views.frame import ViewFrame
from ui.views.mr_layer import MODES, Mode, MrLayer
from ui.views.samplers import Samplers
from ui.views.series_list import BusyBar
from ui.views.slice_view import SliceView
from ui.widgets import StatusMark, label, mm, section

CHANNEL = "fusion"
CHANGED = "The vertebrae have changed meanwhile. Lay the MR on the CT again."
Motions = tuple[str, tuple[Matrix, ...]]


def _motions(fusion: Fusion) -> Motions:
    """What the picture of a fusion is drawn by; other names of the levels change nothing in it."""
    return fusion.series_instance_uid, tuple(level.ct_from_mr for level in fusion.levels)


class FusionPage(QWidget):
    """Panel at the left, three slices at the right."""

    def __init__(self, context: WindowContext, presenter: CasePresenter) -> None:
        super().__init__()
        self.context, self.presenter, self.session = context, presenter, context.session
        self.result: FusionResult | None = None
        self._found = self.session.segmentation
        self._layers: dict[Motions, MrLayer] = {}
        self._series: list[Any] = []
        self._link = self.session.plan_changed.connect(lambda _old, _new: self._follow())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.panel = self._make_panel()
        row.addWidget(self.panel)
        samplers = Samplers(presenter)
        self.views = {kind: SliceView(kind, presenter, samplers) for kind in ("sagittal", "axial", "coronal")}
        grid = QGridLayout()
        grid.setSpacing(2)
        grid.addWidget(ViewFrame("Sagittal", self.views["sagittal"]), 0, 0, 2, 1)
        grid.addWidget(ViewFrame("Axial", self.views["axial"]), 0, 1)
        grid.addWidget(ViewFrame("Coronal", self.views["coronal"]), 1, 1)
        grid.setColumnStretch(0, 11)
        grid.setColumnStretch(1, 9)
        row.addLayout(grid, 1)
        self._tell()

    def _make_panel(self) -> QWidget:
        panel = QWidget()
        panel.setFixedWidth(240)
        box = QVBoxLayout(panel)
        box.setContentsMargins(12, 12, 12, 12)
        box.setSpacing(8)
        box.addWidget(section("MR of this patient"))
        self.series = QComboBox()
        self.series.setAccessibleName("MR series to lay on the CT")
        box.addWidget(self.series)
        self.start = QPushButton("Lay on the CT")
        self.start.setProperty("role", "primary")
        self.start.clicked.connect(self.fuse)
        box.addWidget(self.start)
        self.why = label("", "text2", wrap=True)
        box.addWidget(self.why)
        self.busy = BusyBar(stacked=True)
        self.busy.cancel.connect(lambda: self.context.tasks.cancel(CHANNEL))
        box.addWidget(self.busy)
        box.addWidget(section("How it is shown"))
        modes = QGridLayout()
        modes.setSpacing(4)
        self.modes = QButtonGroup(self)
        self.mode_buttons: dict[Mode, QPushButton] = {}
        for n, (mode, words) in enumerate(MODES.items()):
            button = QPushButton(words)
            button.setProperty("role", "step")
            button.setCheckable(True)
            button.clicked.connect(lambda _on=False, m=mode: self._show(m))
            self.modes.addButton(button)
            self.mode_buttons[mode] = button
            modes.addWidget(button, n // 2, n % 2)
        box.addLayout(modes)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(50)
        self.slider.setAccessibleName("Share of the MR, or place of the line")
        self.slider.valueChanged.connect(lambda _value: self._show(None))
        box.addWidget(self.slider)
        box.addWidget(section("Residual by level"))
        holder = QWidget()
        self.rows = QVBoxLayout(holder)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(4)
        self.rows.setAlignment(Qt.AlignmentFlag.AlignTop)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        box.addWidget(scroll, 1)
        self.state = label("", "text2", wrap=True)
        box.addWidget(self.state)
        last = QHBoxLayout()
        self.accept = QPushButton("Accept")
        self.accept.setProperty("role", "primary")
        self.accept.clicked.connect(self.accept_result)
        self.leave = QPushButton("Leave")
        self.leave.clicked.connect(self.leave_result)
        self.back = QPushButton("Take back")
        self.back.clicked.connect(self.take_back)
        for button in (self.accept, self.leave, self.back):
            last.addWidget(button)
        box.addLayout(last)
        return panel

    def shown(self) -> None:
        """List the MR series of the case's folder, and draw an MR accepted earlier."""
        if not self._series and not self.context.tasks.is_busy(CHANNEL):
            self._run("Looking for MR series", self._look, self._list)
        for view in self.views.values():
            view.recentre()
        self._tell()

    def shutdown(self) -> None:
        """The case closes."""
        self._link()
        self.context.tasks.cancel(CHANNEL)

    def _run(self, what: str, work: Any, done: Any) -> None:
        self.busy.begin(what)
        self.why.setText("")

        def finished(value: Any) -> None:
            self.busy.hide()
            done(value)
            self._tell()

        def failed(error: Exception, details: str) -> None:
            self.busy.hide()
            self._tell()
            self.why.setText(error.text if isinstance(error, PlannerError) else f"This failed: {error}")
            if not isinstance(error, PlannerError):
                self.context.fail("The MR could not be laid on the CT", error, details)

        def cancelled() -> None:
            self.busy.hide()
            self._tell()

        self.context.tasks.start(CHANNEL, work, finished, failed, self.busy.report, cancelled)
        self._tell()

    def _look(self, progress: Progress) -> tuple[list[Any], list[str], Volume | None]:
        case, plan, found = self.session.case, self.session.plan, self.session.segmentation
        assert case is not None
        series = mr_series(case, SubProgress(progress, 0.0, 0.4))
        words = []
        for s in series:
            name = sequence_of_file(s.headers[0].image.path)[0]
            words.append(f"{s.title}" if name == "unknown" or name in s.title else f"{name}, {s.title}")
        drawn = None
        if plan is not None and found is not None and plan.fusion is not None:
            mr = open_fused(case, plan.fusion, SubProgress(progress, 0.4, 0.7))
            drawn = drawn_on_ct(found, mr.volume, plan.fusion, True, SubProgress(progress, 0.7, 1.0))
        return series, words, drawn

    def _list(self, value: tuple[list[Any], list[str], Volume | None]) -> None:
        self._series, words, drawn = value
        self.series.clear()
        self.series.addItems(words)
        plan = self.session.plan
        if drawn is not None and plan is not None and plan.fusion is not None:
            self._layers[_motions(plan.fusion)] = MrLayer(drawn)
            self._follow()

    def fuse(self) -> None:
        """Lay the chosen series on the CT."""
        case, found, at = self.session.case, self.session.segmentation, self.series.currentIndex()
        if case is None or found is None or not 0 <= at < len(self._series):
            return
        summary = self._series[at]

        def work(progress: Progress) -> tuple[FusionResult, Volume | None]:
            result = fuse_series(case, found, summary, SubProgress(progress, 0.0, 0.9))
            last = SubProgress(progress, 0.9, 1.0)
            return result, drawn_on_ct(found, result.mr.volume, result.fusion, False, last)

        def done(value: tuple[FusionResult, Volume | None]) -> None:
            if self.session.segmentation is found:
                self._take(value)
            else:
                self.context.tell(CHANGED)

        self._found = found
        self._run(f"Laying {self.series.currentText()} on the CT", work, done)

    def _take(self, value: tuple[FusionResult, Volume | None]) -> None:
        self.result, drawn = value
        self.presenter.mr_layer = None if drawn is None else MrLayer(drawn)
        self._show("blend")

    def accept_result(self) -> None:
        """Record the fusion in the plan; what is not trusted is no longer drawn."""
        plan, found, result = self.session.plan, self.session.segmentation, self.result
        if plan is None or found is None or result is None:
            return

        def work(progress: Progress) -> Volume | None:
            return drawn_on_ct(found, result.mr.volume, result.fusion, True, progress)

        def done(drawn: Volume | None) -> None:
            now = self.session.plan
            if now is None or self.result is not result:
                return
            self.result = None
            if drawn is not None:
                self._layers[_motions(result.fusion)] = MrLayer(drawn)
            try:
                self.session.commit(
                    f"Accept {result.fusion.title} on the CT", with_fusion(now, result.fusion)
                )
            except PlannerError as error:
                self.context.tell(error.text)
            self._follow()

        self._run("Keeping the levels that fit", work, done)

    def leave_result(self) -> None:
        """Forget the result that was not accepted."""
        self.result = None
        self._follow()

    def take_back(self) -> None:
        """Take the accepted MR from the plan."""
        plan = self.session.plan
        if plan is not None and plan.fusion is not None:
            self.session.commit(f"Take {plan.fusion.title} from the CT", with_fusion(plan, None))

    def _follow(self) -> None:
        """Show what the plan now says, unless a result is being looked at."""
        plan = self.session.plan
        if self.result is not None and self.session.segmentation is not self._found:
            self.result = None  # its levels are not those of the plan any more
            self.context.tell(CHANGED)
        if self.result is None:
            fusion = plan.fusion if plan is not None else None
            self.presenter.mr_layer = self._layers.get(_motions(fusion)) if fusion is not None else None
            self.presenter.look_changed.emit()
        self._tell()

    def _show(self, mode: Mode | None) -> None:
        layer = self.presenter.mr_layer
        if layer is not None:
            self.presenter.show_mr(mode or layer.mode, self.slider.value() / 100)
        self._tell()

    def _tell(self) -> None:
        """Buttons, residuals and the sentence that says what waits for what."""
        plan, layer = self.session.plan, self.presenter.mr_layer
        accepted = plan.fusion if plan is not None else None
        fusion = self.result.fusion if self.result is not None else accepted
        busy = self.context.tasks.is_busy(CHANNEL)
        self.start.setEnabled(bool(self._series) and not busy and self.result is None)
        self.series.setEnabled(bool(self._series) and not busy)
        if self.result is not None:
            self.start.setToolTip("Accept or leave what lies on the CT first")
        else:
            self.start.setToolTip("Waits until this is done" if busy else "")
        for mode, button in self.mode_buttons.items():
            button.setEnabled(layer is not None)
            button.setToolTip("" if layer is not None else "Waits for an MR that lies on the CT")
            button.setChecked(layer is not None and layer.mode == mode)
        self.slider.setEnabled(layer is not None and layer.mode in ("blend", "swipe"))
        self.accept.setVisible(self.result is not None)
        self.leave.setVisible(self.result is not None)
        self.back.setVisible(self.result is None and accepted is not None)
        for button in (self.accept, self.leave, self.back):
            button.setEnabled(not busy)
        if not self.busy.isVisible() and not self._series:
            self.why.setText("No readable MR series lies in this case's folder.")
        while (item := self.rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for level in fusion.levels if fusion is not None else ():
            self.rows.addWidget(_LevelRow(level))
        if fusion is None:
            self.state.setText("Residuals are listed when an MR lies on the CT.")
        elif self.result is not None:
            names = [NAME_FROM_VERSE[f.verse] for f in fusion.levels if not f.trusted]
            text = f"Not shown once accepted: {', '.join(names)}. " if names else ""
            if fusion.shift:
                text += "The MR alone would be counted otherwise; the CT's names are used. "
            self.state.setText(text + "Look at each level before you accept.")
        else:
            self.state.setText(f"Accepted: {fusion.title}.")


class _LevelRow(QWidget):
    """A level, its residual and what it means."""

    def __init__(self, level: Any) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(8)
        row.addWidget(StatusMark("good" if level.trusted else "stop", 16))
        row.addWidget(label(NAME_FROM_VERSE[level.verse], "strong"))
        row.addStretch(1)
        row.addWidget(label(mm(level.residual_mm)))
        words = fusion_words(level)
        self.setToolTip(words)
        self.setAccessibleName(words)
