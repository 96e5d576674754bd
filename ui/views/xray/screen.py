"""The X-ray screen: AP and lateral as a pair, found views, C-arm, checkpoints."""

from __future__ import annotations

import time

from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.presenters.xray_presenter import XrayPresenter
from ui.screens.registry import WindowContext
from ui.views.frame import ViewFrame
from ui.views.xray.left_panel import KEYS, XrayLeftPanel
from ui.views.xray.monitor import XrayMonitor
from ui.views.xray.strip import CheckpointPanel, CheckpointStrip

_TELL_EVERY_S = 0.25


class XrayScreen(QWidget):
    """One case's X-rays."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        assert context.presenter is not None
        self.context = context
        self.presenter = XrayPresenter(context.presenter, context.tasks, self)
        self.presenter.told.connect(context.tell)
        self.left = XrayLeftPanel(self.presenter)
        self.right = CheckpointPanel(self.presenter)
        self.strip = CheckpointStrip(self.presenter)
        self.monitors = [XrayMonitor("ap", self.presenter), XrayMonitor("lateral", self.presenter)]
        self.frames = [
            ViewFrame(name, monitor)
            for name, monitor in zip(("X-ray AP", "X-ray lateral"), self.monitors, strict=True)
        ]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.left)
        middle = QVBoxLayout()
        middle.setSpacing(0)
        holder = QWidget()
        holder.setObjectName("views")
        holder.setStyleSheet("#views{background:black}")
        holder.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        pair = QHBoxLayout(holder)
        pair.setContentsMargins(0, 0, 0, 0)
        pair.setSpacing(2)
        for n, frame in enumerate(self.frames):
            pair.addWidget(frame, 1)
            frame.enlarge.connect(lambda i=n: self.toggle_large(i))
            frame.focused.connect(lambda i=n: self.presenter.set_active(self.monitors[i].name))
            turn = frame.insert_button("Turn", "Turn this picture by 90°")
            turn.clicked.connect(lambda _on=False, i=n: self._turn(i, 90.0, False))
            flip = frame.insert_button("Flip", "Exchange left and right of this picture; the letters follow")
            flip.clicked.connect(lambda _on=False, i=n: self._turn(i, 0.0, True))
        middle.addWidget(holder, 1)
        middle.addWidget(self.strip)
        row.addLayout(middle, 1)
        row.addWidget(self.right)
        self.large: int | None = None
        self._told = 0.0
        self.right.save.connect(self.save_pictures)
        self.right.open_real.connect(self.open_real)
        for index, key in enumerate(KEYS):
            self._key(key, lambda i=index: self.presenter.go_to(i))
        case = context.presenter
        for key, act in (
            ("[", lambda: case.step_checkpoint(-1)),
            ("]", lambda: case.step_checkpoint(1)),
            (",", lambda: case.set_depth(case.depth_mm - 0.5)),
            (".", lambda: case.set_depth(case.depth_mm + 0.5)),
            ("PgUp", lambda: case.step_level(-1)),
            ("PgDown", lambda: case.step_level(1)),
            ("O", self.left.toggle_overlay),
        ):
            self._key(key, act)
        for signal in (self.presenter.strip_changed, case.depth_changed):
            signal.connect(self._notes)
        self.presenter.picture_changed.connect(lambda _m: self._tell_speed())

    def _key(self, key: str, act: object) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.activated.connect(act)

    def _turn(self, index: int, by_deg: float, flip: bool) -> None:
        self.presenter.set_active(self.monitors[index].name)
        self.presenter.turn(by_deg, flip)

    def _notes(self) -> None:
        chosen = self.presenter.selected_station()
        if chosen < 0:
            return
        station = self.presenter.strip[chosen].station
        near = abs(station.depth_mm - self.presenter.case.depth_mm) < 0.25
        words = (
            f"tip at {station.name.lower()}" if near else f"tip {self.presenter.case.depth_mm:.1f} mm deep"
        )
        for frame in self.frames:
            frame.note.setText(words)

    def _tell_speed(self) -> None:
        picture, now = self.presenter.pictures.get(self.presenter.active), time.monotonic()
        if picture is None:
            return
        carm = picture.projection.carm
        if carm.columns < 700 and now - self._told < _TELL_EVERY_S:
            return
        self._told = now
        rate = self.presenter.pictures_a_second()
        speed = f"   {rate:.0f} pictures a second" if rate and carm.columns < 700 else ""
        name = "AP" if self.presenter.active == "ap" else "Lateral"
        full = "full resolution" if carm.columns >= 700 else f"{carm.columns} pixels"
        self.context.tell(
            f"{name}: {full}   SID {carm.sid_mm:.0f} mm, magnification {carm.magnification:.2f}{speed}"
        )

    def toggle_large(self, index: int) -> None:
        """One picture alone, or the pair again."""
        self.large = None if self.large == index else index
        for n, frame in enumerate(self.frames):
            frame.setVisible(self.large in (None, n))

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow = self.width() < 1500
        self.left.setFixedWidth(264 if narrow else 296)
        self.right.setFixedWidth(264 if narrow else 340)
        self.strip.setFixedHeight(196 if self.height() < 760 else 320)
        super().resizeEvent(event)

    def shown(self) -> None:
        """The screen is in front."""
        self.presenter.show()

    def restyle(self) -> None:
        """The theme has changed."""
        self.strip.rebuild()
        self.left.refresh()

    def hideEvent(self, event: object) -> None:
        self.presenter.hide()
        super().hideEvent(event)  # type: ignore[arg-type]

    def shutdown(self) -> None:
        """The case goes."""
        self.presenter.hide()

    def save_pictures(self) -> None:
        """Both pictures as PNG and DICOM, marked as simulated."""
        folder = QFileDialog.getExistingDirectory(self, "Save both pictures into")
        if folder:
            from ui.views.xray.saving import save_pair

            save_pair(self.context, self.presenter, folder)

    def open_real(self) -> None:
        """Real X-rays beside the simulated ones."""
        from ui.views.xray.real_window import open_real_xrays

        open_real_xrays(self, self.context, self.presenter)
