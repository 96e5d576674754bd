"""Parts of the right panel: what the hand forgives, what to plan again with, heating and reach."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from planner.domain.plan import Access, Choice, Trajectory
from ui.presenters.case_presenter import CasePresenter
from ui.theme import NARROW, ui_font
from ui.views.entry_map_view import EntryMapView
from ui.widgets import label, mm, percent, section

ACCESS_WORDS: dict[Access, str] = {
    "transpedicular": "Through the pedicle",
    "extrapedicular": "Beside the pedicle",
    "bipedicular": "Both pedicles, a pair",
}
CHOICES: tuple[Choice, ...] = ("most central", "most forgiving")


def pair(name: str, value: str) -> tuple[QHBoxLayout, QLabel]:
    """A name and its value at the right, and the label of the value."""
    row = QHBoxLayout()
    row.addWidget(label(name))
    row.addStretch(1)
    shown = label(value, "strong")
    shown.setFont(ui_font(13, QFont.Weight.DemiBold))
    shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    row.addWidget(shown)
    return row, shown


def forgiveness_block(presenter: CasePresenter, t: Trajectory) -> QVBoxLayout:
    """Probabilities, the safe cone and the map of entries."""
    box = QVBoxLayout()
    box.setSpacing(5)
    box.addWidget(section("If the hand is off"))
    f = t.forgiveness
    if f is None:
        box.addWidget(label("Worked out when the tool is released.", "small2"))
        return box
    box.addLayout(pair("Wall breached", percent(f.breach))[0])
    box.addLayout(pair("Medial / inferior", f"{percent(f.medial)} / {percent(f.inferior)}")[0])
    box.addLayout(pair("Target missed", percent(f.missed_target))[0])
    box.addLayout(pair("Safe cone", f"{f.safe_cone_deg:.1f}°")[0])
    plan = presenter.plan
    if plan is not None:
        limits = plan.limits
        words = (
            f"{f.draws} simulated insertions with errors of {limits.entry_sd_mm:g}{NARROW}mm, "
            f"{limits.direction_sd_deg:g}°, depth {limits.depth_sd_mm:g}{NARROW}mm and roll "
            f"{limits.roll_sd_deg:g}° (one standard deviation). Illustrative."
        )
        box.addWidget(label(words, "small", wrap=True))
    box.addWidget(EntryMapView(presenter))
    return box


def lateral_words(t: Trajectory) -> str:
    """The lateral line against the true wall; empty where it was not measured."""
    if t.lateral_view is None:
        return ""
    off = t.lateral_view.distance_mm
    return f"{mm(abs(off))} {'behind' if off >= 0 else 'in front'}"


def heat_block(presenter: CasePresenter, t: Trajectory) -> QVBoxLayout:
    """The lesion: the profile's ellipsoid, and the bioheat solution where it was asked for."""
    box = QVBoxLayout()
    box.setSpacing(5)
    box.addWidget(section("Lesion, illustrative"))
    across, _, along = (2 * x for x in t.lesion.semi_axes_mm)
    box.addLayout(pair("Of the instrument", f"{across:.0f} × {along:.0f}{NARROW}mm")[0])
    if t.heat is None:
        row = QHBoxLayout()
        button = QPushButton("Solve heating")
        button.setToolTip("Pennes' bioheat equation on the tissue round the electrode; takes some seconds")
        button.clicked.connect(presenter.solve_heat)
        row.addWidget(button)
        row.addStretch(1)
        box.addLayout(row)
        return box
    h = t.heat
    box.addLayout(pair("By bioheat", f"{h.diameter_mm:.1f} × {h.length_mm:.1f}{NARROW}mm")[0])
    box.addLayout(pair("Target covered by it", percent(h.target_coverage))[0])
    for name, value in (("Hottest at the canal", h.canal_c), ("Hottest at an endplate", h.endplates_c)):
        box.addLayout(pair(name, "Not in reach" if value is None else f"{value:.1f}{NARROW}°C")[0])
    words = f"{h.temperature_c:.0f}{NARROW}°C for {h.minutes:g} min, dose CEM43 of 240 min. No device model."
    box.addWidget(label(words, "small", wrap=True))
    return box


class PanelCombo(QComboBox):
    """The wheel scrolls the panel it stands in and never changes the choice on its way."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class AgainBlock(QWidget):
    """Instrument, access and choice, and the button that searches with them."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(section("Plan again with"))
        self.device, self.access, self.choice = PanelCombo(), PanelCombo(), PanelCombo()
        for id_, name in presenter.devices():
            self.device.addItem(name, id_)
        for key, words in ACCESS_WORDS.items():
            self.access.addItem(words, key)
        for choice in CHOICES:
            self.choice.addItem(choice.capitalize(), choice)
        for name, combo in (("Instrument", self.device), ("Access", self.access), ("Choice", self.choice)):
            combo.setAccessibleName(name)
            combo.setMinimumWidth(60)
            box.addWidget(combo)
        t = presenter.trajectory
        if t is not None:
            self.device.setCurrentIndex(max(0, self.device.findData(t.device)))
            self.access.setCurrentIndex(max(0, self.access.findData(t.access)))
        self.button = QPushButton(f"Plan {presenter.title()} again")
        self.button.clicked.connect(self._go)
        self.why = label("", "small2", wrap=True)
        box.addWidget(self.button)
        box.addWidget(self.why)
        self.progress = QProgressBar()
        self.progress.setRange(0, 100)
        self.progress.setTextVisible(False)
        self.stop = QPushButton("Cancel")
        self.stop.clicked.connect(presenter.cancel_work)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.stop)
        box.addLayout(row)
        self.busy: QLabel = label("", "small2", wrap=True)
        box.addWidget(self.busy)
        self._show_work("", 1.0)
        presenter.working.connect(self._show_work)
        for combo in (self.device, self.access):
            combo.currentIndexChanged.connect(lambda _i: self._check())
        self._check()

    def _check(self) -> None:
        pair_device = str(self.device.currentData() or "").startswith("bipedicular")
        pair_access = self.access.currentData() == "bipedicular"
        why = ""
        if pair_device and not pair_access:
            why = "A pair of tools goes through both pedicles: choose that access."
        elif pair_access and not pair_device:
            why = "Both pedicles need a pair of tools: choose such an instrument."
        elif self.presenter.session.read_only:
            why = self.presenter.session.read_only
        self.button.setEnabled(not why)
        self.why.setText(why)
        self.why.setVisible(bool(why))

    def _go(self) -> None:
        self.presenter.plan_again(
            str(self.device.currentData()),
            cast(Access, self.access.currentData()),
            cast(Choice, self.choice.currentData()),
        )

    def _show_work(self, text: str, fraction: float) -> None:
        running = bool(text)
        for part in (self.progress, self.stop, self.busy):
            part.setVisible(running)
        self.progress.setValue(round(100 * fraction))
        self.busy.setText(text)


def reach_box(presenter: CasePresenter) -> QCheckBox:
    """Shows in 3D what the tool reaches from its entry."""
    box = QCheckBox("Show in 3D what the tool reaches")
    box.setChecked(presenter.reach_shown)
    box.toggled.connect(presenter.show_reach)
    return box
