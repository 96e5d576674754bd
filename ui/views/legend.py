"""What the colours and shapes over the images mean."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.theme import DISC, LESION, TARGET, side_colour, tokens, ui_font


class Legend(QWidget):
    """Tool of the selected side, target and lesion, and on MR the discs."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self._presenter = presenter
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._discs, self._side = False, ""
        self.setFixedWidth(270)

    def set_room(self, enough: bool) -> None:
        """Whether there is room to name the discs of an MR as well."""
        self._discs = enough and self._presenter.volume.modality == "MR"
        self.setFixedWidth(340 if self._discs else 270)
        self.update()

    def refresh(self) -> None:
        """Follow the selected side."""
        if self._side != self._presenter.side:
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.width(), 30)

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            font = ui_font(12)
            metrics = QFontMetricsF(font)
            self._side = side = self._presenter.side
            y = self.height() / 2
            words = (f"{side.capitalize()} tool", "Target", "Lesion", *(("Disc",) if self._discs else ()))
            x = self.width() - sum(metrics.horizontalAdvance(w) + 40 for w in words) + 16
            for index, word in enumerate(words):
                if index == 0:
                    p.setPen(QPen(side_colour(side), 1.6))
                    fill = side_colour(side)
                    fill.setAlphaF(0.45)
                    p.setBrush(fill)
                    p.drawRoundedRect(QRectF(x - 4, y - 4, 20, 8), 2, 2)
                elif index == 1:
                    p.setPen(QPen(QColor(TARGET) if tokens().name == "dark" else QColor("#A08B00"), 1.6))
                    p.setBrush(Qt.BrushStyle.NoBrush)
                    centre = QPointF(x + 8, y)
                    p.drawEllipse(centre, 4.5, 4.5)
                    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                        p.drawLine(QPointF(x + 8 + dx * 3, y + dy * 3), QPointF(x + 8 + dx * 8, y + dy * 8))
                elif index == 3:
                    p.setPen(QPen(DISC, 1.6))
                    p.setBrush(Qt.BrushStyle.NoBrush)
                    p.drawRoundedRect(QRectF(x, y - 4, 16, 8), 3, 3)
                else:
                    pen = QPen(QColor(LESION) if tokens().name == "dark" else QColor("#8A6A3C"), 1.4)
                    pen.setDashPattern([1.2, 1.6])
                    p.setPen(pen)
                    fill = QColor(LESION)
                    fill.setAlphaF(0.3)
                    p.setBrush(fill)
                    p.drawEllipse(QRectF(x - 1, y - 6, 18, 12))
                p.setPen(QColor(tokens().text2))
                p.setFont(font)
                width = metrics.horizontalAdvance(word)
                p.drawText(QRectF(x + 24, 0, width + 4, self.height()), Qt.AlignmentFlag.AlignVCenter, word)
                x += width + 40
