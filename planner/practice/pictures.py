"""Pictures of the room: each follows from the scenario, the room, the pulse's number and the log's seed."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.annotate import annotate, source_stamp, stamped
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.rows import patient_mask
from imaging.fluoro.tools import Tool, with_handle
from imaging.geometry.carm import Projection, pose_words
from planner.practice.reduce import dose_at
from planner.practice.room import CArmSetting, Hand
from planner.practice.scenario import Scenario
from planner.practice.tool import tool_axis

Picture = NDArray[np.uint8]


class PictureMaker:
    """Makes the pictures of one scenario; the body's shadow is kept for poses taken before."""

    def __init__(self, scenario: Scenario, size_px: int = 512) -> None:
        self.scenario = scenario
        self.size_px = size_px
        self._engine = FluoroEngine(scenario.volume, keep=patient_mask(scenario.volume))

    def plain(self, carm: CArmSetting, hand: Hand, pulse: int, seed: int) -> tuple[Picture, Projection]:
        """(size, size) uint8 picture of a pulse without writing, and its projection."""
        noise = int(np.random.SeedSequence([seed, pulse]).generate_state(1)[0])
        shot = self._engine.take(
            self.scenario.pose(carm),
            PictureSettings(seed=noise),
            self._tools(hand),
            self.scenario.detector(carm, self.size_px),
            dose_at(self.scenario, carm),
        )
        picture = shot.pixels
        if carm.iris < 1:
            picture = picture * iris_mask(self.size_px, carm.iris)
            if source := self.scenario.volume.made_from:
                picture = stamped(picture, source_stamp(source))
        return picture, shot.projection

    def take(self, carm: CArmSetting, hand: Hand, pulse: int, seed: int) -> Picture:
        """The picture as the monitor shows it: with letters, angles and SIMULATED burnt in."""
        picture, projection = self.plain(carm, hand, pulse, seed)
        pose = projection.pose
        words = f"{pose_words(pose.primary_deg, pose.secondary_deg)}, pulse {pulse + 1}"
        return annotate(picture, projection, words=words)

    def _tools(self, hand: Hand) -> tuple[Tool, ...]:
        if hand.skin_lps_mm is None:
            return ()
        axis, diameters, _ = tool_axis(hand, self.scenario.side, self.scenario.device)
        length = self.scenario.device.introducer_length_mm
        return (Tool(*with_handle(axis, diameters, length, hand.skin_lps_mm)),)


def iris_mask(size_px: int, iris: float) -> NDArray[np.uint8]:
    """(size, size) 1 within the open shutter, 0 beyond."""
    v, u = np.ogrid[:size_px, :size_px]
    middle = (size_px - 1) / 2
    return (np.hypot(u - middle, v - middle) <= iris * (size_px / 2 - 1)).astype(np.uint8)


def picture_sha256(picture: Picture) -> str:
    """Of the pixels."""
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
