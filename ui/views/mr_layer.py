"""The MR over the CT in slice views: blended, as a checkerboard, or to one side of a line."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imaging.fusion.resample import NOTHING
from imaging.volume import Volume
from ui.views.planes import Plane
from ui.vtk.sampler import PlaneSampler

Mode = Literal["off", "blend", "checkerboard", "swipe"]
MODES: dict[Mode, str] = {
    "off": "CT alone",
    "blend": "Blend",
    "checkerboard": "Checkerboard",
    "swipe": "Swipe",
}
_SQUARE_MM = 12.0


class MrLayer:
    """An MR drawn where the CT lies; ``share`` is its part (blend) or the line's place (swipe), 0 to 1."""

    def __init__(self, mr_on_ct: Volume) -> None:
        seen = mr_on_ct.values[mr_on_ct.values > NOTHING]
        low, high = np.percentile(seen, [1, 99.5]) if seen.size else (0.0, 1.0)
        self._low, self._span = float(low), float(max(high - low, 1.0))
        self._image = PlaneSampler(mr_on_ct.values, mr_on_ct.grid, NOTHING)
        self.mode: Mode = "blend"
        self.share = 0.5

    @property
    def key(self) -> tuple[object, ...]:
        """What decides the picture."""
        return (id(self), self.mode, round(self.share, 3))

    def over(
        self, grey: NDArray[np.float32], plane: Plane, left: float, top: float, step: float
    ) -> NDArray[np.float32]:
        """(h, w) grey of 0..235 with the MR over it; arguments as of PlaneSampler.sample."""
        if self.mode == "off":
            return grey
        h, w = grey.shape
        values = self._image.sample(plane, left, top, step, w, h).astype(np.float32)
        mr = np.clip((values - self._low) / self._span, 0, 1) * 235
        if self.mode == "blend":
            part = np.full_like(grey, self.share)
        elif self.mode == "checkerboard":
            rows = np.floor((top + step * np.arange(h)) / _SQUARE_MM).astype(int)
            columns = np.floor((left + step * np.arange(w)) / _SQUARE_MM).astype(int)
            part = ((rows[:, None] + columns[None]) % 2).astype(np.float32)
        else:
            part = np.broadcast_to((np.arange(w) >= self.share * w).astype(np.float32), grey.shape)
        part = np.where(values > NOTHING, part, 0)
        return np.asarray(grey * (1 - part) + mr * part, np.float32)
