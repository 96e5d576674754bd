"""Real X-rays beside simulated ones at the same angles, and the fit of the vertebra to two of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imaging.errors import PlannerError
from imaging.fluoro.annotate import edge_letters
from imaging.fluoro.overlay import anatomy_outlines, target_outline, tool_outline
from imaging.fluoro.register import Registration
from imaging.geometry.carm import CArm, Projection, angles_from_oblique, oblique_and_tilt
from planner.domain.dates import date_words
from planner.domain.plan import LevelPlan, Trajectory
from planner.services.real_xray import RealXray, fit_level, open_real_xray
from planner.services.render_fluoro import planned_tools
from ui.presenters.xray_presenter import XrayPresenter
from ui.screens.registry import WindowContext
from ui.theme import BONE_LINE, side_colour
from ui.views.frame import ViewFrame
from ui.views.paint import cased, plate, polyline, target_ring
from ui.views.xray.handling import repeat_stamp
from ui.widgets import StatusMark, label, mm

Array = NDArray[np.float64]
PLACE = "Drag the outline over the vertebra in each real picture, then fit."


def open_real_xrays(parent: QWidget, context: WindowContext, presenter: XrayPresenter) -> None:
    """Ask for one or two files and show them; pictures of another patient are refused."""
    case = context.session.case
    if presenter.case.trajectory is None:
        context.tell(
            f"{presenter.case.title()} has no tool to lay over a real X-ray. Select one that is planned."
        )
        return
    folder = str(case.folder) if case is not None else ""
    files, _ = QFileDialog.getOpenFileNames(
        parent, "Open one or two real X-rays (XA, RF or DX DICOM)", folder
    )
    if not files:
        return
    try:
        if len(files) > 2:
            raise PlannerError("too_many", "Choose one or two pictures: they are shown side by side.")
        pictures = [open_real_xray(Path(f), case) for f in files]
    except PlannerError as error:
        QMessageBox.warning(parent, "Real X-rays", error.text)
        return
    window = RealXrayWindow(parent, context, presenter, pictures)
    window.show()


class _Canvas(QWidget):
    """A picture with outlines; zoom and shift are shared with its partner."""

    def __init__(self, owner: RealXrayWindow, index: int, real: bool) -> None:
        super().__init__()
        self.owner, self.index, self.real = owner, index, real
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 140)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.pixels: NDArray[np.uint8] | None = None
        self._press: QPointF | None = None
        self._from = np.zeros(3)

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if self.pixels is None:
                middle = QPointF(self.width() / 2, self.height() / 2)
                plate(p, middle, "Enter the angles of this picture", "c", 12, False)
                return
            h, w = self.pixels.shape
            zoom, shift = self.owner.zoom, self.owner.shift
            s = min(self.width() / w, self.height() / h) * 0.98 * zoom
            x, y = self.width() / 2 + shift.x() - w * s / 2, self.height() / 2 + shift.y() - h * s / 2
            image = QImage(self.pixels.data, w, h, w, QImage.Format.Format_Grayscale8)
            p.drawImage(QRectF(x, y, w * s, h * s), image)
            projection = self.owner.projection(self.index)
            if projection is not None:
                self.owner.draw_plan(p, projection, self.real, lambda uv: (uv + 0.5) * s + [x, y])
            picture = self.owner.pictures[self.index]
            words = picture.words if self.real else f"{self.owner.name}\n{picture.words}"
            plate(p, QPointF(8, self.height() - 8), words, "bl", 11, False)
            if not self.real or picture.simulated:
                mark = plate(p, QPointF(self.width() - 8, self.height() - 8), "SIMULATED", "br", 11)
                stamp = self.owner.presenter.stamp()
                if stamp and not self.real and not QRectF(self.rect()).contains(QRectF(x, y, w * s, h * s)):
                    repeat_stamp(p, mark, stamp)
            if projection is not None:
                # Of a real picture the letters are a guess where its file does not tell how it lies.
                doubt = "?" if self.real and not picture.lies_right else ""
                left, right = edge_letters(projection)
                plate(p, QPointF(8, 8), left + doubt, "tl", 13)
                plate(p, QPointF(self.width() - 8, 8), right + doubt, "tr", 13)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press = event.position()
        self._from = self.owner.by_hand.copy()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None or self.pixels is None:
            return
        delta = event.position() - self._press
        projection = self.owner.projection(self.index)
        if event.buttons() & Qt.MouseButton.MiddleButton:
            self.owner.shift = self.owner.shift + delta
            self._press = event.position()
            self.owner.repaint_all()
        elif event.buttons() & Qt.MouseButton.LeftButton and self.real and projection is not None:
            h, w = self.pixels.shape
            s = min(self.width() / w, self.height() / h) * 0.98 * self.owner.zoom
            scale = projection.carm.pixel_mm / s * projection.carm.sod_mm / projection.carm.sid_mm
            self.owner.place(
                self._from + scale * (delta.x() * projection.u_lps + delta.y() * projection.v_lps)
            )

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._press = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.owner.zoom = float(np.clip(self.owner.zoom * 1.12 ** (event.angleDelta().y() / 120), 0.5, 8))
        self.owner.repaint_all()


class RealXrayWindow(QDialog):
    """One or two real pictures, each beside the simulated one at its angles.

    It stays with the level and side it was opened for, whatever is selected elsewhere.
    """

    def __init__(
        self, parent: QWidget, context: WindowContext, presenter: XrayPresenter, pictures: list[RealXray]
    ) -> None:
        super().__init__(parent)
        self.context, self.presenter, self.pictures = context, presenter, pictures
        self.zoom, self.shift = 1.0, QPointF(0, 0)
        self.by_hand: Array = np.zeros(3)
        self.fit: Registration | None = None
        case = presenter.case
        assert case.level is not None
        assert case.trajectory is not None
        self.verse, self.side, self.name = case.level.verse, case.trajectory.side, case.title()
        target = case.level.target
        self._centre = np.array(target.centre_lps_mm) if target else case.cursor_lps_mm
        self._shown: Trajectory | None = None
        self._unlink = [
            context.session.plan_changed.connect(lambda _old, _new: self._follow()),
            context.session.segmentation_changed.connect(lambda _old, _new: self._outdated()),
        ]
        self.setWindowTitle(f"Real X-rays, {self.name}, {case.patient.name}")
        room = self.screen().availableGeometry().adjusted(0, 0, -16, -48)  # its title bar and borders
        self.resize(min(1280, room.width()), min(860, room.height()))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        grid = QGridLayout()
        grid.setSpacing(2)
        self.real: list[_Canvas] = []
        self.made: list[_Canvas] = []
        self.frames: list[ViewFrame] = []
        made_from = presenter.case.volume.modality
        for n, picture in enumerate(pictures):
            date = date_words(picture.date)
            real, made = _Canvas(self, n, True), _Canvas(self, n, False)
            frame = ViewFrame(f"{picture.kind} {date}", real)
            assumed = ", assumed: " + ", ".join(picture.assumed) if picture.assumed else ""
            frame.note.setText(picture.patient + assumed)
            mirror = frame.insert_button("Mirror", "Exchanges left and right of this real picture")
            mirror.clicked.connect(lambda _=False, which=n: self._mirror(which))
            beside = ViewFrame(f"Simulated from the {made_from}", made)
            for column, one in enumerate((frame, beside)):
                grid.addWidget(one, 2 * n, column)
                one.enlarge.connect(lambda chosen=one: self._enlarge(chosen))
                self.frames.append(one)
            grid.addLayout(self._angles(n), 2 * n + 1, 0, 1, 2)
            self.real.append(real)
            self.made.append(made)
            self._show_real(n)
        box.addLayout(grid, 1)
        foot = QHBoxLayout()
        self.mark = StatusMark("none", 16)
        self.state = label(PLACE, "text2", wrap=True)
        self.bar = QProgressBar()
        self.bar.setMaximumWidth(160)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.button = QPushButton(f"Fit {case.level.name} to both pictures")
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(self._fit)
        if len(pictures) < 2:
            self.button.setEnabled(False)
            self.button.setToolTip("The fit waits for a second picture: one alone does not tell the depth")
            self.state.setText("Open two pictures 30° or more apart to fit the vertebra to them.")
        self.stop = QPushButton("Cancel")
        self.stop.clicked.connect(lambda: self.context.tasks.cancel("xray-fit"))
        self.stop.hide()
        for widget in (self.mark, self.state, self.bar, self.stop, self.button):
            foot.addWidget(widget, 1 if widget is self.state else 0)
        box.addLayout(foot)
        self._simulate()

    def _show_real(self, index: int) -> None:
        picture = self.pictures[index]
        low, high = np.percentile(picture.pixels, [0.5, 99.5])
        grey = np.clip((picture.pixels - low) / max(high - low, 1e-6) * 255, 0, 255)
        self.real[index].pixels = np.ascontiguousarray(grey.astype(np.uint8))

    def _mirror(self, index: int) -> None:
        """A person exchanges left and right of a real picture."""
        self.pictures[index] = self.pictures[index].mirror()
        self._show_real(index)
        self._unfit()

    def _unfit(self) -> None:
        """What the fit stood on has changed."""
        self.context.tasks.cancel("xray-fit")
        self._end()
        self.fit = None
        self.mark.set_kind("none")
        if len(self.pictures) == 2:
            self.state.setText(PLACE)
        self.repaint_all()

    def _planned(self) -> tuple[LevelPlan, Trajectory] | None:
        """The level and trajectory of this window as they are shown now."""
        plan = self.context.session.shown_plan
        level = plan.level(self.verse) if plan is not None else None
        t = level.trajectory(self.side) if level is not None else None
        return (level, t) if level is not None and t is not None else None

    def _follow(self) -> None:
        """The plan has changed."""
        planned = self._planned()
        if planned is None:
            self._outdated()
        elif self.context.session.plan is self.context.session.shown_plan and planned[1] is not self._shown:
            self._simulate()
        else:
            self.repaint_all()

    def _outdated(self) -> None:
        """What is drawn over the pictures is no longer what was found."""
        if self.context.session.plan is not None:
            self.context.tell("The vertebrae have changed. Open the real X-rays again.")
        self.close()

    def _enlarge(self, chosen: ViewFrame) -> None:
        """One picture alone, or all again."""
        alone = any(frame.isVisible() for frame in self.frames if frame is not chosen)
        for frame in self.frames:
            frame.setVisible(frame is chosen or not alone)

    def _angles(self, index: int) -> QHBoxLayout:
        """Spin boxes for the C-arm's angles; headers of mobile arms are not to be trusted when prone."""
        row = QHBoxLayout()
        picture = self.pictures[index]
        known = picture.angles_deg
        oblique, tilt = oblique_and_tilt(*known) if known else (0.0, 0.0)
        boxes = []
        for name, value, reach in (("Oblique, left +", oblique, 180.0), ("Cephalad +", tilt, 60.0)):
            spin = QDoubleSpinBox()
            spin.setRange(-reach, reach)
            spin.setDecimals(1)
            spin.setSuffix("°")
            spin.setValue(value)
            spin.setAccessibleName(f"{name}, picture {index + 1}")
            row.addWidget(label(name, "small2"))
            row.addWidget(spin)
            boxes.append(spin)

        def told() -> None:
            entered = any(box.value() for box in boxes) or any(box.hasFocus() for box in boxes)
            if self.pictures[index].angles_deg is None and not entered:
                return  # passed by without an entry: 0° and 0° were not said
            angles = angles_from_oblique(boxes[0].value(), boxes[1].value())
            if angles == self.pictures[index].angles_deg:
                return
            self.pictures[index] = self.pictures[index].with_angles(*angles)
            self._show_real(index)
            self._unfit()
            self._simulate()

        for spin in boxes:
            spin.editingFinished.connect(told)
        row.addWidget(label("" if known else "Not in the file: enter what the C-arm showed.", "small2"), 1)
        return row

    def projection(self, index: int) -> Projection | None:
        """Of a picture, None while its angles are unknown."""
        picture = self.pictures[index]
        return None if picture.angles_deg is None else picture.projection(self._centre)

    def motion(self) -> Array:
        """(4, 4) from the CT to the pictures: the fit, else what was placed by hand."""
        if self.fit is not None and self.fit.accepted:
            return self.fit.moved_from_ct
        out = np.eye(4)
        out[:3, 3] = self.by_hand
        return out

    def place(self, shift_mm: Array) -> None:
        """The overlay was dragged."""
        self.by_hand = shift_mm
        self._unfit()

    def repaint_all(self) -> None:
        """All canvases follow zoom, shift and overlay."""
        for canvas in (*self.real, *self.made):
            canvas.update()

    def draw_plan(
        self, p: QPainter, projection: Projection, real: bool, place: Callable[[Array], Array]
    ) -> None:
        """Plan and anatomy; over the real picture moved as fitted."""
        planned, found = self._planned(), self.context.session.segmentation
        if planned is None or found is None:
            return
        level, t = planned
        anatomy = found.level(self.verse)
        matrix = self.motion() if real else np.eye(4)
        # Moving the vertebra by M shows the same outlines as a C-arm moved by its inverse.
        moved = _seen_from(projection, matrix)
        if anatomy is not None:
            for outline in anatomy_outlines(anatomy, moved, t.side):
                dash = [5.0, 4.0] if outline.dashed else None
                cased(p, polyline(place(outline.points_px)), BONE_LINE, 1.3, dash, 205)
        axis = tool_outline(moved, t.path_lps_mm, t.side)
        cased(p, polyline(place(axis.points_px)), side_colour(t.side), 1.4, [4, 3], 205)
        if level.target is not None:
            ring = place(target_outline(moved, level.target.centre_lps_mm, 2.5).points_px)
            target_ring(p, QPointF(*ring[:-1].mean(0)), 8)

    def _simulate(self) -> None:
        engine, planned = self.presenter.engine(), self._planned()
        if engine is None or planned is None:
            return
        t = self._shown = planned[1]
        jobs = [(n, self.projection(n)) for n in range(len(self.pictures))]
        settings, tools = self.presenter.settings, planned_tools(t)

        def work(_progress: object) -> list[tuple[int, NDArray[np.uint8]]]:
            made = []
            for n, projection in jobs:
                if projection is not None:
                    size = min(projection.carm.columns, 768) / projection.carm.columns
                    carm = projection.carm if size == 1 else _scaled(projection, size)
                    made.append((n, engine.take(projection.pose, settings, tools, carm).pixels))
            return made

        def done(made: list[tuple[int, NDArray[np.uint8]]]) -> None:
            for n, pixels in made:
                h, w = self.real[n].pixels.shape  # type: ignore[union-attr]
                if pixels.shape != (h, w):
                    v = np.minimum(np.arange(h) * pixels.shape[0] // h, pixels.shape[0] - 1)
                    u = np.minimum(np.arange(w) * pixels.shape[1] // w, pixels.shape[1] - 1)
                    pixels = np.ascontiguousarray(pixels[v][:, u])
                self.made[n].pixels = pixels
            self.repaint_all()

        self.context.tasks.latest("xray-real", work, done, self._failed)
        self.repaint_all()

    def _fit(self) -> None:
        planned, found = self._planned(), self.context.session.segmentation
        if planned is None or found is None or len(self.pictures) != 2:
            return
        level = planned[0]
        self._unfit()
        case, start = self.context.session.case, self.motion()
        pictures, centre = (self.pictures[0], self.pictures[1]), self._centre
        self.bar.show()
        self.stop.show()
        self.button.setEnabled(False)

        def done(fit: Registration) -> None:
            self.fit = fit
            self._end()
            self.mark.set_kind("good" if fit.accepted else "stop")
            text = f"{level.name} fits both pictures; they agree within {mm(fit.residual_mm)}."
            if not all(picture.lies_right for picture in pictures):
                text += " That L and R stand right in them is not said by the files: check it."
            self.state.setText(text if fit.accepted else f"The fit is refused. {fit.reason}")
            self.repaint_all()

        def stopped() -> None:
            self._end()
            self.state.setText("The fit was cancelled.")

        self.context.tasks.start(
            "xray-fit",
            lambda progress: fit_level(case, found, level.verse, pictures, centre, start, True, progress),
            done,
            self._failed,
            self._progress,
            stopped,
        )

    def _progress(self, share: float, text: str) -> None:
        self.bar.setValue(round(100 * share))
        self.state.setText(f"{text}…")

    def _end(self) -> None:
        self.bar.hide()
        self.stop.hide()
        self.button.setEnabled(len(self.pictures) == 2)

    def _failed(self, error: Exception, details: str) -> None:
        self._end()
        if isinstance(error, PlannerError):
            self.mark.set_kind("stop")
            self.state.setText(error.text)
        else:
            self.context.fail("The X-rays could not be compared", error, details)

    def closeEvent(self, event: object) -> None:
        for unlink in self._unlink:
            unlink()
        for channel in ("xray-fit", "xray-real"):
            self.context.tasks.cancel(channel)
        super().closeEvent(event)  # type: ignore[arg-type]


def _scaled(projection: Projection, size: float) -> CArm:
    carm = projection.carm
    return replace(
        carm, columns=round(carm.columns * size), rows=round(carm.rows * size), pixel_mm=carm.pixel_mm / size
    )


def _seen_from(projection: Projection, matrix: Array) -> Projection:
    """The projection that shows unmoved points where ``projection`` shows them moved by ``matrix``."""
    back = np.linalg.inv(matrix)
    turn = back[:3, :3]
    return replace(
        projection,
        source_lps_mm=turn @ projection.source_lps_mm + back[:3, 3],
        detector_centre_lps_mm=turn @ projection.detector_centre_lps_mm + back[:3, 3],
        u_lps=turn @ projection.u_lps,
        v_lps=turn @ projection.v_lps,
        d_lps=turn @ projection.d_lps,
    )
