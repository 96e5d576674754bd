"""Pictures of the room: each follows from the scenario, the room, the pulse's number and the log's seed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.annotate import annotate
from imaging.fluoro.picture import PictureSettings, render_picture
from imaging.fluoro.projector import Projector
from imaging.fluoro.technique import Dose
from imaging.fluoro.tools import tool_line_integral, with_handle
from imaging.geometry.carm import Projection, pose_words
from planner.practice.dose import PULSE_S
from planner.practice.reduce import dose_at
from planner.practice.room import CArmSetting, Hand
from planner.practice.scenario import Scenario
from planner.practice.tool import tool_axis

Picture = NDArray[np.uint8]
_KEPT_POSES = 24


class PictureMaker:
    """Makes the pictures of one scenario; the body's shadow is kept for poses taken before."""

    def __init__(self, scenario: Scenario, size_px: int = 512) -> None:
        self.scenario = scenario
        self.size_px = size_px
        self._projector = Projector(scenario.volume)
        self._shadows: OrderedDict[tuple[float, ...], NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def plain(self, carm: CArmSetting, hand: Hand, pulse: int, seed: int) -> tuple[Picture, Projection]:
        """(size, size) uint8 picture of a pulse without writing, and its projection."""
        projection = self.scenario.projection(carm, self.size_px)
        dose = dose_at(self.scenario, carm)
        noise = int(np.random.SeedSequence([seed, pulse]).generate_state(1)[0])
        mas, detector = dose.ma * PULSE_S, max(1.0, dose.detector_ngy)
        exposed = Dose(round(dose.kv), mas, dose.kerma_mgy, dose.dap_gycm2, detector)
        shadow, metal = self._shadow(projection), self._metal(projection, hand)
        picture = render_picture(shadow, metal, projection, PictureSettings(seed=noise), exposed)
        if carm.iris < 1:
            picture = picture * iris_mask(self.size_px, carm.iris)
        return picture, projection

    def take(self, carm: CArmSetting, hand: Hand, pulse: int, seed: int) -> Picture:
        """The picture as the monitor shows it: with letters, angles and SIMULATED burnt in."""
        picture, projection = self.plain(carm, hand, pulse, seed)
        pose = projection.pose
        words = f"{pose_words(pose.primary_deg, pose.secondary_deg)}, pulse {pulse + 1}"
        return annotate(picture, projection, words=words)

    def _shadow(self, projection: Projection) -> NDArray[np.float32]:
        pose, carm = projection.pose, projection.carm
        key = (pose.primary_deg, pose.secondary_deg, carm.pixel_mm, *map(float, pose.isocentre_lps_mm))
        with self._lock:
            if key not in self._shadows:
                self._shadows[key] = self._projector.filled_line_integrals(projection)
                while len(self._shadows) > _KEPT_POSES:
                    self._shadows.popitem(last=False)
            self._shadows.move_to_end(key)
            return self._shadows[key]

    def _metal(self, projection: Projection, hand: Hand) -> NDArray[np.float32] | None:
        if hand.skin_lps_mm is None:
            return None
        axis, diameters, _ = tool_axis(hand, self.scenario.side, self.scenario.device)
        length = self.scenario.device.introducer_length_mm
        path, widths = with_handle(axis, diameters, length, hand.skin_lps_mm)
        return tool_line_integral(projection, path, widths)


def iris_mask(size_px: int, iris: float) -> NDArray[np.uint8]:
    """(size, size) 1 within the open shutter, 0 beyond."""
    v, u = np.ogrid[:size_px, :size_px]
    middle = (size_px - 1) / 2
    return (np.hypot(u - middle, v - middle) <= iris * (size_px / 2 - 1)).astype(np.uint8)


def picture_sha256(picture: Picture) -> str:
    """Of the pixels."""
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
