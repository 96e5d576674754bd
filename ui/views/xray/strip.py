"""The strip of checkpoint pairs, and the selected one's panel at the right."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.presenters.xray_presenter import XrayPresenter
from ui.presenters.xray_strip import Strip
from ui.theme import tokens, ui_font
from ui.views.paint import plate
from ui.views.xray.left_panel import measure_words
from ui.widgets import StatusMark, hairline, label, mm, section


class Pair(QWidget):
    """AP and lateral of one checkpoint, side by side."""

    def __init__(self, strip: Strip) -> None:
        super().__init__()
        self.strip = strip
        self.setMinimumSize(120, 64)

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            half = (self.width() - 4) / 2
            for n, (name, picture) in enumerate((("AP", self.strip.ap), ("Lateral", self.strip.lateral))):
                box = QRectF(n * (half + 4), 0, half, self.height())
                h, w = picture.pixels.shape
                # The middle of the round field, as large as the box allows, with both pedicles in it.
                large = 0.7 * w / max(box.width(), box.height())
                scale = min(max(large, 0.62 * w / box.width()), w / max(box.width(), box.height()))
                source = QRectF(0, 0, box.width() * scale, box.height() * scale)
                source.moveCenter(QPointF(w / 2, h / 2))
                image = QImage(picture.pixels.data, w, h, w, QImage.Format.Format_Grayscale8)
                p.drawImage(box, image, source)
                plate(p, box.topLeft() + QPointF(4, 4), name, "tl", 11, False)
                plate(p, box.bottomRight() - QPointF(2, 2), self.strip.stamp, "br", 9)


class Card(QWidget):
    """One checkpoint."""

    chosen = Signal(int)

    def __init__(self, index: int, strip: Strip) -> None:
        super().__init__()
        self.index, self.selected = index, False
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 8, 10, 8)
        box.setSpacing(6)
        head = QHBoxLayout()
        head.addSpacing(26)
        name = label(strip.station.name, "strong")
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        head.addWidget(name, 1)
        self.depth = label(mm(strip.station.depth_mm), "text2")
        head.addWidget(self.depth)
        self.needs_px = name.sizeHint().width() + self.depth.sizeHint().width() + 52
        box.addLayout(head)
        box.addWidget(Pair(strip), 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        rows = (
            ("AP", strip.station.ap),
            ("Lateral", strip.station.lateral),
            ("Within", mm(strip.station.within_mm)),
        )
        for n, (name, text) in enumerate(rows):
            grid.addWidget(label(name, "small"), n, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(text, "small2" if n < 2 else "strong", wrap=n < 2), n, 1)
        grid.setColumnStretch(1, 1)
        self.words = QWidget()
        self.words.setProperty("role", "clear")
        grid.setContentsMargins(0, 0, 0, 0)
        self.words.setLayout(grid)
        box.addWidget(self.words)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setToolTip("\n".join(f"{name}: {text}" for name, text in rows))
        self.setAccessibleName(
            f"Checkpoint {index + 1}, {strip.station.name}, {strip.station.ap}, {strip.station.lateral}"
        )

    def paintEvent(self, _event: object) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setPen(QPen(QColor(t.accent), 1.4) if self.selected else Qt.PenStyle.NoPen)
            p.setBrush(QColor(t.selected if self.selected else t.raised))
            p.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
            p.setPen(QPen(QColor(t.text2), 1.4))
            p.setBrush(Qt.BrushStyle.NoBrush)
            circle = QRectF(10, 8, 19, 19)
            p.drawEllipse(circle)
            p.setFont(ui_font(12, QFont.Weight.DemiBold))
            p.drawText(circle, Qt.AlignmentFlag.AlignCenter, str(self.index + 1))

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self.chosen.emit(self.index)


class CheckpointStrip(QWidget):
    """All checkpoints of the selected side."""

    def __init__(self, presenter: XrayPresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.setProperty("role", "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(self)
        box.setContentsMargins(12, 8, 12, 10)
        box.setSpacing(6)
        head = QHBoxLayout()
        self.title = section("Checkpoints")
        head.addWidget(self.title, 1)
        head.addWidget(label("[  ]  step through. Printed as one strip in the report.", "small2"))
        box.addLayout(head)
        self.row = QHBoxLayout()
        self.row.setSpacing(8)
        box.addLayout(self.row, 1)
        self.cards: list[Card] = []
        presenter.strip_changed.connect(self.rebuild)
        presenter.case.depth_changed.connect(self._mark)

    def rebuild(self) -> None:
        """Cards for the presenter's checkpoints."""
        while self.row.count():
            item = self.row.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        self.title.setText(f"CHECKPOINTS, {self.presenter.case.title().upper()}")
        self.cards = [Card(n, strip) for n, strip in enumerate(self.presenter.strip)]
        for card in self.cards:
            card.chosen.connect(self._choose)
            self.row.addWidget(card, 1)
        self._mark()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._mark()
        super().resizeEvent(event)

    def _choose(self, index: int) -> None:
        self.presenter.case.set_depth(self.presenter.strip[index].station.depth_mm)

    def _mark(self) -> None:
        chosen = self.presenter.selected_station()
        each_px = (self.width() - 24) / max(1, len(self.cards)) - self.row.spacing()
        depths = self.height() >= 240 and all(each_px >= card.needs_px for card in self.cards)
        for card in self.cards:
            card.selected = card.index == chosen
            card.words.setVisible(self.height() >= 240)
            card.depth.setVisible(depths)
            card.update()


class CheckpointPanel(QWidget):
    """The selected checkpoint as three things to tick off, the warning of the lateral, the view's quality."""

    open_real = Signal()
    save = Signal()

    def __init__(self, presenter: XrayPresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.setProperty("role", "rightpanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(self.scroll, 1)
        foot = QVBoxLayout()
        foot.setSpacing(8)
        foot.setContentsMargins(12, 10, 12, 12)
        real = QPushButton("Real X-ray…")
        real.setToolTip("Open one or two real X-ray pictures beside the simulated ones")
        real.clicked.connect(self.open_real)
        self.keep = QPushButton("Save pictures")
        self.keep.clicked.connect(self.save)
        foot.addWidget(real)
        foot.addWidget(self.keep)
        outer.addWidget(hairline())
        outer.addLayout(foot)
        self._shown: object = None
        presenter.strip_changed.connect(self.rebuild)
        presenter.case.depth_changed.connect(self.rebuild)
        presenter.pose_changed.connect(lambda _m: self.rebuild())
        presenter.picture_changed.connect(lambda _m: self._may_save())
        self.rebuild()

    def sizeHint(self) -> QSize:
        return QSize(340, 600)

    def rebuild(self) -> None:
        """Show the checkpoint nearest to the present depth."""
        p = self.presenter
        chosen = p.selected_station()
        views = tuple(p.view_of(m) for m in ("ap", "lateral"))
        self._may_save()
        planned = p.case.trajectory is not None
        state = (p.strip, chosen, views, planned)
        if self._shown is not None and all(a is b or a == b for a, b in zip(self._shown, state, strict=True)):  # type: ignore[call-overload]
            return
        self._shown = state
        inside = QWidget()
        inside.setProperty("role", "clear")
        box = QVBoxLayout(inside)
        box.setContentsMargins(12, 12, 12, 12)
        box.setSpacing(8)
        if chosen < 0:
            waiting = (
                "Making the checkpoints…" if planned else "Checkpoints appear with a planned trajectory."
            )
            box.addWidget(label(p.failure or waiting, "text2", wrap=True))
        else:
            strip = p.strip[chosen]
            box.addWidget(section(f"Checkpoint {chosen + 1} of {len(p.strip)}"))
            box.addWidget(label(strip.station.name, "title"))
            box.addWidget(label(f"{mm(strip.station.depth_mm)} after docking", "text2"))
            box.addWidget(hairline())
            for head, text in (
                (f"AP: {_lower(strip.station.ap)}", strip.detail),
                (f"Lateral: {_lower(strip.station.lateral)}", f"Within {mm(strip.station.within_mm)}."),
                ("Both pictures at the same depth", "Take the second picture before the next tap."),
            ):
                row = QHBoxLayout()
                row.setSpacing(10)
                tick = QCheckBox()
                tick.setAccessibleName(head)
                row.addWidget(tick, 0, Qt.AlignmentFlag.AlignTop)
                words = QVBoxLayout()
                words.setSpacing(2)
                words.addWidget(label(head, "strong", wrap=True))
                if text:
                    words.addWidget(label(text, "small2", wrap=True))
                row.addLayout(words, 1)
                box.addLayout(row)
                box.addWidget(hairline())
            self._add_trap(box)
        if planned:
            self._add_quality(box)
        box.addStretch(1)
        self.scroll.setWidget(inside)

    def _may_save(self) -> None:
        ready = bool(self.presenter.pictures)
        self.keep.setEnabled(ready)
        self.keep.setToolTip("PNG and DICOM of both pictures" if ready else "There is no picture yet")

    def _add_trap(self, box: QVBoxLayout) -> None:
        trap = self.presenter.trap_mm()
        if trap is None:
            return
        card = QWidget()
        card.setProperty("role", "doubt")
        card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(card)
        row.addWidget(StatusMark("caution", 18), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.addWidget(label("The lateral reads deep here", "strong"))
        text = (
            f"The true wall on this path lies {mm(trap)} in front of the line you see. Go {mm(ceil(trap), 0)}"
            " past the line before you turn the stylet."
        )
        words.addWidget(label(text, "small2", wrap=True))
        row.addLayout(words, 1)
        box.addWidget(card)

    def _add_quality(self, box: QVBoxLayout) -> None:
        p = self.presenter
        found = p.view_of(p.active)
        box.addWidget(section("View quality"))
        if found is None:
            by_hand = p.shown_view[p.active] == "by hand"
            words = "Moved by hand: choose a found view to measure it." if by_hand else "Finding the views…"
            box.addWidget(label(words, "small2", wrap=True))
            return
        for measure in found.measures:
            row = QHBoxLayout()
            words = measure_words(measure)
            row.addWidget(label(words[:1].upper() + words[1:], "", wrap=True), 1)
            row.addWidget(StatusMark("good" if measure.good else "caution", 15))
            box.addLayout(row)
        for obstacle in found.obstacles:
            row = QHBoxLayout()
            row.addWidget(label(obstacle, "", wrap=True), 1)
            row.addWidget(StatusMark("caution", 15), 0, Qt.AlignmentFlag.AlignTop)
            box.addLayout(row)
        if not found.obstacles:
            row = QHBoxLayout()
            row.addWidget(label("Nothing in the way, within reach"), 1)
            row.addWidget(StatusMark("good", 15))
            box.addLayout(row)


def _lower(text: str) -> str:
    return "the " + text[:1].lower() + text[1:] if text.startswith("Tip") else text[:1].lower() + text[1:]
