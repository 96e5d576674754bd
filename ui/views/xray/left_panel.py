"""Left of the X-ray screen: the views found for the side, the C-arm's sliders, the picture's look."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QScrollArea, QSizePolicy, QSlider, QVBoxLayout, QWidget

from imaging.fluoro.technique import Shutters
from imaging.geometry.carm_profiles import FIXED, MOBILE
from planner.services.xray_views import NAMES, VIEWS, FoundView, Measure
from ui.presenters.xray_presenter import XrayPresenter
from ui.theme import NARROW, tokens
from ui.widgets import SideChip, StatusMark, deg, hairline, label, mm, section

KEYS = ("F2", "F3", "F4", "F5")
SHUTTERS = {
    "Open": Shutters(),
    "Along the spine": Shutters(left=0.28, right=0.28),
    "One vertebra": Shutters(left=0.28, right=0.28, top=0.3, bottom=0.3),
}


def measure_words(m: Measure) -> str:
    """``endplates square to 0.4°``."""
    value = deg(m.value) if m.unit == "°" else mm(m.value)
    if m.text == "within of the tool":
        return f"within {value} of the tool"
    return f"{m.text} {value}"


class ViewRow(QWidget):
    """One found view: thumbnail, name, angles, quality, key."""

    chosen = Signal(int)

    def __init__(self, index: int, presenter: XrayPresenter) -> None:
        super().__init__()
        self.index, self.presenter = index, presenter
        self.setFixedHeight(76)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(62, 8, 2, 8)
        box = QVBoxLayout()
        box.setSpacing(1)
        head = QHBoxLayout()
        self.name = label(NAMES[VIEWS[index]], "strong")
        key = label(KEYS[index], "plate")
        head.addWidget(self.name, 1)
        head.addWidget(key)
        box.addLayout(head)
        self.angles = label("", "small2")
        box.addWidget(self.angles)
        state = QHBoxLayout()
        state.setSpacing(4)
        self.mark = StatusMark("none", 14)
        self.quality = label("", "small2")
        for text in (self.angles, self.quality, self.name):
            text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        state.addWidget(self.mark)
        state.addWidget(self.quality, 1)
        box.addLayout(state)
        row.addLayout(box, 1)

    def found(self) -> FoundView | None:
        """The view that the row stands for."""
        views = self.presenter.views
        return views[self.index] if self.index < len(views) else None

    def refresh(self) -> None:
        """Read the presenter anew."""
        found = self.found()
        self.setEnabled(found is not None)
        if found is not None:
            self.angles.setText(found.words)
            first = found.headline
            words = (
                found.obstacles[0] if found.obstacles else measure_words(first) if first else "Not measurable"
            )
            self.quality.setText(words)
            self.mark.set_kind("good" if found.good else "caution")
            every = [*found.obstacles, *(measure_words(m) for m in found.measures)]
            self.setToolTip("\n".join(every))
            self.setAccessibleName(f"{self.name.text()}, {found.words}, {words}")
        self.update()

    def paintEvent(self, _event: object) -> None:
        t, found = tokens(), self.found()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            shown = found is not None and found.view in self.presenter.shown_view.values()
            if shown:
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(QColor(t.selected))
                p.drawRoundedRect(QRectF(self.rect()), 6, 6)
                p.setBrush(QColor(t.accent))
                p.drawRoundedRect(QRectF(0, 0, 3, self.height()), 1.5, 1.5)
            if self.hasFocus():
                p.setPen(QPen(QColor(t.accent), 2))
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
            circle = QRectF(8, 14, 48, 48)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor("black"))
            p.drawEllipse(circle)
            picture = self.presenter.thumbs.get(found.view) if found else None
            if picture is not None:
                h, w = picture.pixels.shape
                clip = QPainterPath()
                clip.addEllipse(circle)
                p.setClipPath(clip)
                p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                p.drawImage(circle, QImage(picture.pixels.data, w, h, w, QImage.Format.Format_Grayscale8))

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self.chosen.emit(self.index)


class ReachSlider(QWidget):
    """A slider whose bright part of the groove is what the C-arm can reach."""

    moved = Signal(float)

    def __init__(self, name: str, low: int, high: int) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 0, 2)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.addWidget(label(name))
        self.value = label("", "strong")
        head.addStretch(1)
        head.addWidget(self.value)
        box.addLayout(head)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(2 * low, 2 * high)
        self.slider.setSingleStep(1)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(name)
        self.slider.setMinimumHeight(28)
        self.slider.valueChanged.connect(lambda v: self.moved.emit(v / 2))
        self.reach: tuple[float, float] | None = None
        box.addWidget(self.slider)

    def show_value(self, value: float, words: str) -> None:
        """Place the knob without telling anybody."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(2 * value))
        self.slider.blockSignals(False)
        self.value.setText(words)

    def set_reach(self, low: float, high: float) -> None:
        """What of the range the C-arm reaches."""
        if self.reach != (low, high):
            self.reach = (low, high)
            self.update()

    def paintEvent(self, _event: object) -> None:
        if self.reach is None:
            return
        low, high = self.slider.minimum() / 2, self.slider.maximum() / 2
        width = self.slider.width() - 14
        x0, x1 = (7 + self.slider.x() + (v - low) / (high - low) * width for v in self.reach)
        y = self.slider.geometry().bottom() - 1
        with QPainter(self) as p:
            p.setPen(QPen(QColor(tokens().text3), 2))
            p.drawLine(QPointF(x0, y), QPointF(x1, y))


def _angle_words(value: float, plus: str, minus: str) -> str:
    if abs(value) < 0.25:
        return "0°"
    return f"{plus if value > 0 else minus} {abs(value):.0f}°"


class XrayLeftPanel(QWidget):
    """Views, sliders and look."""

    def __init__(self, presenter: XrayPresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self._shown: set[str] = set()
        self.setProperty("role", "leftpanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setProperty("role", "clear")
        scroll.setWidget(inside)
        outer.addWidget(scroll)
        box = QVBoxLayout(inside)
        box.setContentsMargins(8, 12, 8, 12)
        box.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(12)
        self.chip = SideChip("left", 30)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = label("", "title")
        words.addWidget(self.title)
        words.addWidget(label("Views found for this vertebra", "small2"))
        head.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        box.addLayout(head)
        self.rows = [ViewRow(n, presenter) for n in range(4)]
        for row in self.rows:
            row.chosen.connect(presenter.go_to)
            box.addWidget(row)
        box.addWidget(hairline())
        self.arm_title = section("C-arm, AP view")
        box.addWidget(self.arm_title)
        self.oblique = ReachSlider("Oblique", -120, 120)
        self.tilt = ReachSlider("Cranio-caudal", -60, 60)
        self.height = ReachSlider("Table height", -60, 60)
        self.along = ReachSlider("Table along", -60, 60)
        for slider in (self.oblique, self.tilt, self.height, self.along):
            box.addWidget(slider)
        self.oblique.moved.connect(lambda v: presenter.set_angles(v, self.tilt.slider.value() / 2))
        self.tilt.moved.connect(lambda v: presenter.set_angles(self.oblique.slider.value() / 2, v))
        for slider in (self.height, self.along):
            slider.moved.connect(lambda _v: self._table())
        box.addWidget(label("The grey bar is what this C-arm can reach.", "small"))
        box.addWidget(hairline())
        self.arm = self._choice("C-arm", ("Mobile", "Fixed"), self._set_arm)
        self.shutters = self._choice("Collimator", tuple(SHUTTERS), self._set_look)
        self.look = self._choice("Picture", ("Clinical noise", "Clean"), self._set_look)
        self.beam = self._choice("Beam", ("One energy", "Spectrum"), self._set_look)
        self.bone = self._choice("Bone", ("Dark", "Light"), self._set_look)
        self.overlay = self._choice("Overlay", ("Outlines and target", "None"), self._set_overlay)
        self.mag = self._choice("Magnify", ("Whole field", "1.5 times", "2 times"), self._set_mag)
        self.table = self._choice("CT table", ("Left out", "Shown"), self._set_table_shown)
        chosen = (
            self.arm,
            self.shutters,
            self.mag,
            self.look,
            self.beam,
            self.bone,
            self.table,
            self.overlay,
        )
        for combo in chosen:
            box.addWidget(combo)
        box.addStretch(1)
        presenter.views_changed.connect(self.refresh)
        presenter.strip_changed.connect(self.refresh)
        presenter.pose_changed.connect(lambda _m: self._show_pose())
        presenter.active_changed.connect(self._show_pose)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(296, 600)

    def _choice(self, name: str, words: tuple[str, ...], act: object) -> QWidget:
        holder = QWidget()
        holder.setProperty("role", "clear")
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label(name), 1)
        combo = QComboBox()
        combo.addItems(list(words))
        combo.setAccessibleName(name)
        combo.currentIndexChanged.connect(act)
        combo.setMinimumWidth(132)
        row.addWidget(combo)
        holder.combo = combo  # type: ignore[attr-defined]
        return holder

    def _index(self, holder: QWidget) -> int:
        return int(holder.combo.currentIndex())  # type: ignore[attr-defined]

    def _set_look(self, _index: int) -> None:
        old = self.presenter.settings
        beam = "spectrum" if self._index(self.beam) else "mono"
        shutters = tuple(SHUTTERS.values())[self._index(self.shutters)]
        self.presenter.set_settings(
            replace(
                old,
                quality="clean" if self._index(self.look) else "clinical",
                bone_dark=not self._index(self.bone),
                technique=replace(old.technique, beam=beam, shutters=shutters),
            )
        )

    def _set_arm(self, index: int) -> None:
        self.presenter.set_arm((MOBILE, FIXED)[index])

    def _set_table_shown(self, index: int) -> None:
        self.presenter.set_patient_only(index == 0)

    def _set_overlay(self, index: int) -> None:
        self.presenter.set_overlays(index == 0)

    def toggle_overlay(self) -> None:
        """Key O."""
        combo = self.overlay.combo  # type: ignore[attr-defined]
        combo.setCurrentIndex(1 - combo.currentIndex())

    def _set_mag(self, index: int) -> None:
        self.presenter.magnify((1.0, 1.5, 2.0)[index])

    def _table(self) -> None:
        height, along = self.height.slider.value() / 2, self.along.slider.value() / 2
        self.height.value.setText(f"{height:+.0f}{NARROW}mm".replace("-", "\u2212"))
        self.along.value.setText(f"{along:+.0f}{NARROW}mm".replace("-", "\u2212"))
        self.presenter.set_table(height, along)

    def _show_pose(self) -> None:
        p = self.presenter
        name = "AP" if p.active == "ap" else "lateral"
        self.arm_title.setText(f"C-ARM, {name.upper()} MONITOR")
        oblique, tilt = p.angles(p.active)
        reach = p.carm.reach
        self.oblique.set_reach(-reach.right_deg, reach.left_deg)
        self.tilt.set_reach(-reach.caudad_deg, reach.cephalad_deg)
        self.oblique.show_value(oblique, _angle_words(oblique, "left", "right"))
        self.tilt.show_value(tilt, _angle_words(tilt, "cephalad", "caudad"))
        shown = set(p.shown_view.values())
        if shown != self._shown:
            self._shown = shown
            for row in self.rows:
                row.update()

    def refresh(self) -> None:
        """Read the presenter anew."""
        case = self.presenter.case
        self.title.setText(case.title())
        self.chip.set_side(case.side)
        self.chip.setVisible(case.level is not None)
        for row in self.rows:
            row.refresh()
        for slider in (self.height, self.along):
            slider.show_value(0, f"0{NARROW}mm")
        self._show_pose()
        on = bool(self.presenter.views)
        for widget in (self.oblique, self.tilt, self.height, self.along):
            widget.setEnabled(on)
            widget.setToolTip("" if on else "The C-arm waits for a planned trajectory")
