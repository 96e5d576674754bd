"""What the X-ray screen shows: two monitors, the C-arm's pose of each, checkpoints. It decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from imaging.errors import PlannerError
from imaging.fluoro.annotate import source_stamp
from imaging.fluoro.card import graphics_card
from imaging.fluoro.engine import FluoroEngine, FluoroPicture
from imaging.fluoro.overlay import Outline
from imaging.fluoro.picture import PictureSettings
from imaging.geometry.carm import (
    CArm,
    CArmPose,
    Projection,
    angles_from_oblique,
    oblique_and_tilt,
    pose_words,
)
from imaging.geometry.carm_profiles import MOBILE
from imaging.progress import Progress
from planner.services.xray_engine import engine_of
from planner.services.xray_views import FoundView, found_views
from planner.services.xray_volume import xray_volume
from ui.presenters.case_presenter import CasePresenter
from ui.presenters.xray_lines import Monitor, PlanLines, trap_mm
from ui.presenters.xray_pulses import Compose, Pulse, Pulses, Taken
from ui.presenters.xray_strip import Strip, small_pictures
from ui.tasks import TaskRunner

MONITORS: tuple[Monitor, Monitor] = ("ap", "lateral")
LIVE_PX, STILL_PX = 512, 768
MOVE_MS = 300
_HELD_PULSES = 3


class XrayPresenter(QObject):
    """Two monitors over one engine; the newest pose wins and one picture is made at a time."""

    picture_changed = Signal(str)
    pose_changed = Signal(str)
    views_changed = Signal()
    strip_changed = Signal()
    active_changed = Signal()
    told = Signal(str)

    def __init__(self, case: CasePresenter, tasks: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.case, self.tasks = case, tasks
        self.arm: CArm = MOBILE
        self.carm: CArm = MOBILE
        self._factor = 1.0
        self.settings = PictureSettings()
        self.overlays = True
        self.patient_only = True
        self.active: Monitor = "ap"
        self.poses: dict[Monitor, CArmPose] = {}
        self.pictures: dict[Monitor, FluoroPicture] = {}
        self.shown_view: dict[Monitor, str] = {"ap": "ap", "lateral": "lateral"}
        self.views: tuple[FoundView, ...] = ()
        self.thumbs: Mapping[str, FluoroPicture] = {}
        self.strip: tuple[Strip, ...] = ()
        self.failure = ""
        self.reduce_motion = False
        self.composers: dict[Monitor, Callable[[], Compose]] = {}
        self.composed: dict[Monitor, object] = {}
        self._engine: FluoroEngine | None = None
        self._seed = 0
        self._lines: PlanLines | None = None
        self._pulses = Pulses(tasks, self._show_pictures, self._failed)
        self._move: tuple[Monitor, CArmPose, CArmPose, float] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(12)
        self._timer.timeout.connect(self._step_move)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(160)
        self._settle.timeout.connect(self._request_stills)
        self.visible = False
        case.plan_changed.connect(self._on_plan)
        case.selection_changed.connect(self._on_plan)
        case.depth_changed.connect(self._on_depth)

    # -- state -----------------------------------------------------------------------------------------

    def show(self) -> None:
        """The screen has come to the front."""
        self.visible = True
        self._on_plan()

    def hide(self) -> None:
        """Nothing more is asked for."""
        self.visible = False
        self._pulses.cancel()
        for channel in ("xray-found", "xray-strip"):
            self.tasks.cancel(channel)

    def set_active(self, monitor: Monitor) -> None:
        """The monitor that sliders and view keys act on."""
        if monitor != self.active:
            self.active = monitor
            self.active_changed.emit()

    def view_of(self, monitor: Monitor) -> FoundView | None:
        """The found view that a monitor shows, None after it was moved by hand."""
        return next((v for v in self.views if v.view == self.shown_view[monitor]), None)

    def projection(self, monitor: Monitor) -> Projection | None:
        """Of the picture on a monitor."""
        picture = self.pictures.get(monitor)
        return picture.projection if picture else None

    def angles(self, monitor: Monitor) -> tuple[float, float]:
        """(oblique, tilt) of a monitor's pose, degrees: left and cephalad are positive."""
        pose = self.poses.get(monitor)
        return oblique_and_tilt(pose.primary_deg, pose.secondary_deg) if pose else (0.0, 0.0)

    def words(self, monitor: Monitor) -> str:
        """A monitor's angles in the clinic's words."""
        pose = self.poses.get(monitor)
        return pose_words(pose.primary_deg, pose.secondary_deg) if pose else ""

    def pictures_a_second(self) -> float:
        """Of the last moving pictures; 0 where none were made."""
        return self._pulses.a_second()

    def engine(self) -> FluoroEngine | None:
        """The case's engine, once a picture was asked for."""
        return self._engine

    def stamp(self) -> str:
        """What is burnt into pictures whose attenuation was not measured; "" on CT."""
        made_from = self._engine.volume.made_from if self._engine else ""
        return source_stamp(made_from) if made_from else ""

    # -- moving the C-arm ------------------------------------------------------------------------------

    def go_to(self, index: int) -> None:
        """Show the found view ``index``: AP and lateral on their own monitors, others on the active one."""
        if index >= len(self.views):
            return
        found = self.views[index]
        monitor: Monitor = found.view if found.view in MONITORS else self.active  # type: ignore[assignment]
        self.set_active(monitor)
        self.shown_view[monitor] = found.view
        start = self.poses.get(monitor)
        if start is None or self.reduce_motion:
            self._set_pose(monitor, found.pose, moving=False)
            return
        self._move = (monitor, start, found.pose, time.monotonic())
        self._pulses.live_times.clear()
        self._timer.start()

    def set_angles(self, oblique_deg: float, tilt_deg: float) -> None:
        """Move the active monitor's C-arm by hand, within its reach."""
        pose = self.poses.get(self.active)
        if pose is None:
            return
        reach = self.carm.reach
        oblique = float(np.clip(oblique_deg, -reach.right_deg, reach.left_deg))
        tilt = float(np.clip(tilt_deg, -reach.caudad_deg, reach.cephalad_deg))
        primary, secondary = angles_from_oblique(oblique, tilt)
        self.shown_view[self.active] = "by hand"
        self._set_pose(self.active, replace(pose, primary_deg=primary, secondary_deg=secondary), moving=True)

    def set_table(self, height_mm: float, along_mm: float) -> None:
        """Move the table: up (+, towards the patient's back) and along (+, towards the head)."""
        pose = self.poses.get(self.active)
        found = self.view_of(self.active) or (self.views[0] if self.views else None)
        if pose is None or found is None:
            return
        # The patient moves with the table, so the isocentre moves the other way in the patient.
        centre = found.pose.isocentre_lps_mm - np.array([0.0, height_mm, along_mm])
        self._set_pose(self.active, replace(pose, isocentre_lps_mm=centre), moving=True)

    def turn(self, by_deg: float = 0.0, flip: bool = False) -> None:
        """Turn the active picture, or exchange its left and right."""
        pose = self.poses.get(self.active)
        if pose is not None:
            turned = (pose.rotation_deg + by_deg) % 360
            new = replace(pose, rotation_deg=turned, flipped=pose.flipped != flip)
            self._set_pose(self.active, new, moving=False)

    def set_arm(self, arm: CArm) -> None:
        """Another C-arm: other distances and reach, so the views are found anew."""
        if arm.name != self.arm.name:
            self.arm = arm
            self.magnify(self._factor)
            self._on_plan()

    def magnify(self, factor: float) -> None:
        """Show the detector's inner part."""
        self._factor = factor
        self.carm = self.arm if factor == 1 else self.arm.magnified(factor)
        self._request_stills()

    def set_settings(self, settings: PictureSettings) -> None:
        """Another look or exposure."""
        self.settings = settings
        self._request_stills()
        self._request_strip()

    def set_patient_only(self, on: bool) -> None:
        """Leave the scanner's table and what else lies around the patient out of the pictures, or show it."""
        self.patient_only, self._engine = on, None
        self._on_plan()

    def set_overlays(self, on: bool) -> None:
        """Outlines and target over the pictures."""
        self.overlays = on
        for monitor in MONITORS:
            self.picture_changed.emit(monitor)

    def _step_move(self) -> None:
        if self._move is None:
            self._timer.stop()
            return
        monitor, start, end, since = self._move
        share = min(1.0, (time.monotonic() - since) * 1000 / MOVE_MS)
        eased = share * share * (3 - 2 * share)
        a = np.array([*oblique_and_tilt(start.primary_deg, start.secondary_deg), *start.isocentre_lps_mm])
        b = np.array([*oblique_and_tilt(end.primary_deg, end.secondary_deg), *end.isocentre_lps_mm])
        now = a + (b - a) * eased
        primary, secondary = angles_from_oblique(float(now[0]), float(now[1]))
        pose = replace(end, primary_deg=primary, secondary_deg=secondary, isocentre_lps_mm=now[2:])
        if share >= 1:
            self._move = None
            self._timer.stop()
            pose = end
        self._set_pose(monitor, pose, moving=True)

    def _set_pose(self, monitor: Monitor, pose: CArmPose, moving: bool) -> None:
        self.poses[monitor] = pose
        self.pose_changed.emit(monitor)
        if moving:
            self._request((monitor,), LIVE_PX, True)
            self._settle.start()
        else:
            self._request_stills()

    # -- pictures --------------------------------------------------------------------------------------

    def _request_stills(self) -> None:
        if self.visible:
            self._request(MONITORS, STILL_PX, False)

    def _request(self, monitors: tuple[Monitor, ...], size_px: int, live: bool) -> None:
        self._pulses.take(lambda: self._pulse(monitors, size_px, live))

    def _pulse(self, monitors: tuple[Monitor, ...], size_px: int, live: bool) -> Pulse | None:
        engine, trajectory = self._engine, self.case.trajectory
        if engine is None or trajectory is None:
            return None
        self._seed += 1
        settings = replace(self.settings, seed=self._seed)
        if not live:
            # A held picture is the sum of several pulses.
            settings = replace(settings, pulses_summed=_HELD_PULSES)
        return Pulse(
            engine,
            {m: self.poses[m] for m in monitors if m in self.poses},
            settings,
            self.carm.resized(size_px),
            trajectory,
            self.case.depth_mm,
            self.lines(),
            {m: self.composers[m]() for m in monitors if m in self.composers},
            live,
        )

    def _show_pictures(self, made: Mapping[Monitor, Taken]) -> None:
        self.failure = ""
        for monitor, taken in made.items():
            self.pictures[monitor], self.composed[monitor] = taken.picture, taken.composed
            self.picture_changed.emit(monitor)

    def _failed(self, error: Exception, _details: str) -> None:
        self.failure = error.text if isinstance(error, PlannerError) else "The X-ray cannot be made."
        if not isinstance(error, PlannerError):
            self.told.emit(f"{self.failure} {type(error).__name__}: {error}")
        for monitor in MONITORS:
            self.picture_changed.emit(monitor)

    def _on_depth(self) -> None:
        if self.visible and self.poses:
            self._request(MONITORS, LIVE_PX, False)
            self._settle.start()

    def _on_plan(self) -> None:
        if not self.visible:
            return
        level, trajectory, found = self.case.level, self.case.trajectory, self.case.segmentation
        if level is None or trajectory is None or found is None:
            self.views, self.strip, self.pictures, self.poses = (), (), {}, {}
            self.failure = "The X-ray appears with a planned trajectory."
            self.views_changed.emit()
            self.strip_changed.emit()
            for monitor in MONITORS:
                self.picture_changed.emit(monitor)
            return
        volume, carm, patient_only = self.case.volume, self.carm, self.patient_only
        source = self.case.session.case

        def work(progress: Progress) -> tuple[FluoroEngine, tuple[FoundView, ...]]:
            nonlocal volume
            if volume.modality == "MR" and source is not None:
                volume = xray_volume(source, found, progress)
            progress.step(0.0, "Finding the views")
            return engine_of(volume, patient_only), found_views(volume, found, level, trajectory, carm)

        def done(made: tuple[FluoroEngine, tuple[FoundView, ...]]) -> None:
            if made[0] is not self._engine:
                self.tasks.calm("xray-card", partial(_on_card, made[0]), lambda _: None, lambda *_: None)
            self._engine, views = made
            self.views = views
            for found_view in views:
                if found_view.view in MONITORS:
                    self.poses[found_view.view] = found_view.pose  # type: ignore[index]
                    self.shown_view[found_view.view] = found_view.view  # type: ignore[index]
            self.views_changed.emit()
            for monitor in MONITORS:
                self.pose_changed.emit(monitor)
            self._request_stills()
            self._request_strip()

        self.tasks.latest("xray-found", work, done, self._failed)

    def _request_strip(self) -> None:
        engine, trajectory, anatomy = self._engine, self.case.trajectory, self.case.anatomy
        if engine is None or trajectory is None or anatomy is None or not self.views or not self.visible:
            return
        views, settings, carm = self.views, self.settings, self.carm

        def work(progress: Progress) -> tuple[Mapping[str, FluoroPicture], tuple[Strip, ...]]:
            return small_pictures(engine, views, trajectory, anatomy, settings, carm, progress)

        def done(made: tuple[Mapping[str, FluoroPicture], tuple[Strip, ...]]) -> None:
            self.thumbs, self.strip = made
            self.strip_changed.emit()

        self.tasks.calm("xray-strip", work, done, self._failed)

    def selected_station(self) -> int:
        """Index of the checkpoint nearest to the present depth; −1 without any."""
        depths = [abs(s.station.depth_mm - self.case.depth_mm) for s in self.strip]
        return int(np.argmin(depths)) if depths else -1

    # -- overlay ---------------------------------------------------------------------------------------

    def lines(self) -> PlanLines | None:
        """What is drawn over the pictures; None without a plan, or where nothing is wanted."""
        t, level, anatomy = self.case.trajectory, self.case.level, self.case.anatomy
        if t is None or level is None or not self.overlays:
            return None
        kept = self._lines
        if kept is None or kept.trajectory is not t or kept.level is not level or kept.anatomy is not anatomy:
            self._lines = PlanLines.of(t, level, anatomy, self.case.segmentation)
        return self._lines

    def outlines(self, monitor: Monitor) -> list[Outline]:
        """Everything drawn over a monitor's picture, in its pixels."""
        projection, lines = self.projection(monitor), self.lines()
        return lines.outlines(monitor, projection) if projection and lines else []

    def trap_mm(self) -> float | None:
        """See xray_lines.trap_mm, of the selected trajectory."""
        return trap_mm(self.case.trajectory) if self.case.trajectory else None


def _on_card(engine: FluoroEngine, progress: Progress) -> None:
    """Lets a graphics card make the pictures where there is one that agrees and is quicker."""
    progress.step(0.0, "Trying the graphics card")
    card = graphics_card()
    if card is not None:
        engine.try_card(card)
