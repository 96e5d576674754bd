"""Targets: levels at the left, two slices, why here and the screening sheet at the right."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.targets.panel import TargetPanel
from ui.targets.slices import TargetSlice
from ui.views.frame import ViewFrame
from ui.views.level_panel import LevelPanel
from ui.views.samplers import Samplers


class TargetsScreen(QWidget):
    """One case's targets."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        samplers = Samplers(presenter)
        self.sagittal = TargetSlice("sagittal", presenter, samplers)
        self.axial = TargetSlice("axial", presenter, samplers)
        self.levels = LevelPanel(presenter)
        self.panel = TargetPanel(presenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.levels)
        row.addWidget(ViewFrame("Mid-sagittal", self.sagittal), 1)
        row.addWidget(ViewFrame("Axial", self.axial), 1)
        row.addWidget(self.panel)
        presenter.selection_changed.connect(self._centre)

    def shown(self) -> None:
        """Look at the target of the selected level."""
        self._centre()

    def _centre(self) -> None:
        level = self.presenter.level
        if self.isVisible() and level is not None and level.target is not None:
            self.presenter.set_cursor(np.array(level.target.centre_lps_mm))

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = event.size().width() >= 1500
        self.levels.setFixedWidth(280 if wide else 212)
        self.panel.setFixedWidth(360 if wide else 300)
        super().resizeEvent(event)
