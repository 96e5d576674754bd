"""One X-ray monitor: the picture, its writing and the outlines over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter

from imaging.fluoro.annotate import edge_letters
from imaging.fluoro.engine import FluoroPicture
from ui.presenters.xray_lines import Monitor, PlanLines
from ui.presenters.xray_presenter import XrayPresenter
from ui.views.paint import notice, plate
from ui.views.xray.composing import GlassFrame, composed
from ui.views.xray.handling import XrayCanvas, repeat_stamp


@dataclass(frozen=True, eq=False)
class _Composed:
    """A composed image, and what it was composed of."""

    picture: FluoroPicture
    lines: PlanLines | None
    frame: GlassFrame
    image: QImage


class XrayMonitor(XrayCanvas):
    """Shows one of the presenter's two pictures, whole and round."""

    def __init__(self, name: Monitor, presenter: XrayPresenter) -> None:
        super().__init__(presenter.case)
        self.name, self.presenter = name, presenter
        self.setMinimumSize(160, 140)
        presenter.composers[name] = self.composer
        presenter.picture_changed.connect(lambda which: self.update() if which == name else None)
        presenter.strip_changed.connect(self.update)

    def frame(self) -> GlassFrame:
        """How the picture is looked at now."""
        ratio = self.devicePixelRatioF()
        size = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        return GlassFrame(*size, ratio, self.zoom, (self.shift.x(), self.shift.y()), self.greys().tobytes())

    def composer(self) -> Callable[[FluoroPicture, PlanLines | None], object]:
        """For another thread: makes of a picture and its lines what the monitor has only to copy."""
        name, frame = self.name, self.frame()

        def compose(picture: FluoroPicture, lines: PlanLines | None) -> _Composed:
            outlines = lines.outlines(name, picture.projection) if lines else []
            return _Composed(picture, lines, frame, composed(picture.pixels, outlines, frame))

        return compose

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            picture = self.presenter.pictures.get(self.name)
            if picture is None:
                p.fillRect(self.rect(), QColor("black"))
                p.setRenderHint(QPainter.RenderHint.Antialiasing)
                words = self.presenter.failure or "Making the X-ray…"
                notice(p, QRectF(self.rect()), words)
                return
            p.drawImage(QPointF(0, 0), self._image(picture))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._write(p, picture)

    def _image(self, picture: FluoroPicture) -> QImage:
        made, lines = self.presenter.composed.get(self.name), self.presenter.lines()
        if not (
            isinstance(made, _Composed)
            and made.picture is picture
            and made.lines is lines
            and made.frame == self.frame()
        ):
            made = self.presenter.composed[self.name] = self.composer()(picture, lines)
        return made.image

    def _write(self, p: QPainter, picture: FluoroPicture) -> None:
        left, right = edge_letters(picture.projection)
        plate(p, QPointF(8, 8), left, "tl", 14)
        plate(p, QPointF(self.width() - 8, 8), right, "tr", 14)
        plate(p, QPointF(8, self.height() - 8), self.presenter.words(self.name), "bl", 11, False)
        corner = QPointF(self.width() - 8, self.height() - 8)
        told = plate(p, corner, self.presenter.case.title(), "br", 11, False)
        mark = plate(p, QPointF(self.width() - 8, told.top() - 4), "SIMULATED", "br", 11)
        stamp = self.presenter.stamp()
        if stamp and (self.zoom > 1 or not self.shift.isNull()):
            repeat_stamp(p, mark, stamp)
        if self.width() > 420:
            dose = picture.dose
            kerma = 1000 * dose.air_kerma_mgy
            text = f"{dose.kv:.0f}\u202fkV   {dose.mas:.2f}\u202fmAs   {kerma:.0f}\u202fµGy"
            plate(p, QPointF(8, self.height() - 30), text, "bl", 11, False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.presenter.set_active(self.name)
        self.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.drag_picture(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._press = None
