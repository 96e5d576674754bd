"""Right side of the Targets screen: why here, the numbers, the screening sheet, the procedure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imaging.labels import NAME_FROM_VERSE
from planner.domain.plan import Target
from planner.trajectory.target import default_target, point_in_body, target_at
from ui.presenters.case_presenter import CasePresenter
from ui.targets.sheet import sheet_block
from ui.widgets import hairline, label, section


class TargetPanel(QWidget):
    """Follows the selected level."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.setProperty("role", "rightpanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 0, 0, 0)
        box.setSpacing(0)
        self.title = label("", "title")
        self.title.setContentsMargins(12, 12, 12, 10)
        box.addWidget(self.title)
        box.addWidget(hairline())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box.addWidget(self._scroll, 1)
        presenter.plan_changed.connect(self.refresh)
        presenter.selection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Rebuild for the selected level."""
        p, level = self.presenter, self.presenter.level
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(12, 10, 12, 12)
        box.setSpacing(8)
        self.title.setText(f"Target of {level.name}" if level else "No level selected")
        if level is None or p.plan is None:
            box.addWidget(label("Choose a level on the left.", "text2", wrap=True))
        elif level.target is None or p.anatomy is None:
            reason = level.refused[0].reason if level.refused else f"{level.name} has no target."
            box.addWidget(label(reason, "text2", wrap=True))
        else:
            self._fill(box, level.target)
            box.addWidget(hairline())
            box.addWidget(sheet_block(p, level.screening))
            self._procedure(box)
        box.addStretch(1)
        at = self._scroll.verticalScrollBar().value()
        self._scroll.setWidget(holder)
        self._scroll.verticalScrollBar().setValue(at)

    def _fill(self, box: QVBoxLayout, target: Target) -> None:
        box.addWidget(section("Why here"))
        words = target.evidence.replace(" are a proposal [P]", " are a proposal").replace(
            " [P]", " (a proposal)"
        )
        words = words[:1].upper() + words[1:]
        box.addWidget(label(f"{words}.", "text2", wrap=True))
        if target.foramen_height is None:
            box.addWidget(label("No basivertebral foramen is seen in these images.", "small2", wrap=True))
        box.addWidget(hairline())
        box.addWidget(section("Point"))
        depth, height, side = target.depth_fraction, target.height_fraction, target.lateral_mm
        self._number(box, "Depth from the true wall", "%", 100 * depth, 5, 95,
                     lambda v: self._place(target, v / 100, height, side))  # fmt: skip
        self._number(box, "Height from below", "%", 100 * height, 5, 95,
                     lambda v: self._place(target, depth, v / 100, side))  # fmt: skip
        self._number(box, "Left of the midline", "mm", side, -25, 25,
                     lambda v: self._place(target, depth, height, v))  # fmt: skip
        box.addWidget(section("Volume"))
        rows: tuple[tuple[str, str, str, float, float, float], ...] = (
            ("Window begins at", "%", "depth_low", 100, 5, 60),
            ("Window ends at", "%", "depth_high", 100, 20, 90),
            ("Height within", "%", "height_tolerance", 100, 1, 40),
            ("Side within", "mm", "lateral_tolerance_mm", 1, 0.5, 15),
            ("Radius to be covered", "mm", "radius_mm", 1, 1, 15),
        )
        for name, unit, field, scale, low, high in rows:
            self._number(box, name, unit, scale * getattr(target, field), low, high,
                         lambda v, f=field, s=scale: self._set(replace(target, **{f: v / s})))  # fmt: skip
        back = QPushButton("Back to the proposal")
        back.clicked.connect(self._back)
        box.addWidget(back)
        words = "The tools stay where they are. Plan again, under Trajectories, aims them at the target."
        box.addWidget(label(words, "small2", wrap=True))

    def _number(
        self, box: QVBoxLayout, name: str, unit: str, value: float, low: float, high: float,
        changed: Callable[[float], None],
    ) -> None:  # fmt: skip
        row = QHBoxLayout()
        words = label(name, wrap=True)
        words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(words, 1)
        spin = QDoubleSpinBox()
        spin.setRange(low, high)
        spin.setDecimals(1)
        spin.setSingleStep(0.5 if unit == "mm" else 1.0)
        spin.setSuffix(f" {unit}")
        spin.setValue(value)
        spin.setKeyboardTracking(False)
        spin.setAccessibleName(name)
        spin.setFixedWidth(92)
        spin.setEnabled(not self.presenter.session.read_only)
        spin.valueChanged.connect(changed)
        row.addWidget(spin)
        box.addLayout(row)

    def _place(self, target: Target, depth: float, height: float, lateral: float) -> None:
        anatomy = self.presenter.anatomy
        if anatomy is None:
            return
        point = point_in_body(anatomy.body, depth, height, lateral)
        self._set(target_at(anatomy, point, target))

    def _set(self, target: Target) -> None:
        self.presenter.set_target(target)

    def _back(self) -> None:
        anatomy, plan = self.presenter.anatomy, self.presenter.plan
        if anatomy is not None and plan is not None:
            self._set(default_target(anatomy, limits=plan.limits))

    def _procedure(self, box: QVBoxLayout) -> None:
        plan = self.presenter.plan
        if plan is None or plan.procedure is None:
            return
        procedure = plan.procedure
        box.addWidget(hairline())
        box.addWidget(section("Whole procedure"))
        for number, step in enumerate(procedure.steps, 1):
            name = NAME_FROM_VERSE[step.verse]
            head = label(f"{number}. {name} {step.side}", "strong")
            head.setToolTip("\n".join(step.moves))
            box.addWidget(head)
            box.addWidget(label(step.why_side, "small", wrap=True))
        moves = f"{procedure.moves} positions of the C-arm, {procedure.moves_unshared} without sharing."
        lesions = "1 lesion" if procedure.lesions == 1 else f"{procedure.lesions} lesions"
        box.addWidget(label(f"{lesions}. {moves}", "small2", wrap=True))
