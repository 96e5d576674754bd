"""Pictures of a moving C-arm: the next pose is projected while the last one's picture is still made."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from imaging.fluoro.engine import Beam, FluoroEngine, FluoroPicture
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.threads import half_the_threads
from imaging.geometry.carm import CArm, CArmPose
from imaging.progress import Progress
from planner.domain.plan import Trajectory
from planner.report.checkpoints import advanced_to
from planner.services.render_fluoro import planned_tools
from ui.presenters.xray_lines import Monitor, PlanLines
from ui.tasks import TaskRunner

Compose = Callable[[FluoroPicture, PlanLines | None], object]
_STAGES = ("xray-shadow", "xray-live")


@dataclass(frozen=True, eq=False)
class Pulse:
    """What is to be taken: each monitor's pose with one tool and one look."""

    engine: FluoroEngine
    poses: Mapping[Monitor, CArmPose]
    settings: PictureSettings
    carm: CArm
    trajectory: Trajectory
    depth_mm: float
    lines: PlanLines | None
    compose: Mapping[Monitor, Compose]
    live: bool


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture, and what the monitor's composer made of it."""

    picture: FluoroPicture
    composed: object | None


Projected = tuple[Pulse, Mapping[Monitor, Beam]]


@dataclass(eq=False)
class Pulses:
    """Two stages on two threads, one pulse in each; of the pulses that wait only the newest is kept.

    The first stage projects patient and tool, the second adds look and outlines. A pulse enters the
    first one only when the last has left it for the second, so nothing is projected in vain.
    """

    tasks: TaskRunner
    done: Callable[[Mapping[Monitor, Taken]], None]
    failed: Callable[[Exception, str], None]
    live_times: deque[float] = field(default_factory=lambda: deque(maxlen=60))
    _wanted: Callable[[], Pulse | None] | None = None
    _projected: Projected | None = None

    def take(self, wanted: Callable[[], Pulse | None]) -> None:
        """Take what ``wanted`` gives as soon as there is room, in place of any that waits."""
        self._wanted = wanted
        self._advance()

    def cancel(self) -> None:
        """Nothing more is wanted."""
        self._wanted = self._projected = None
        for stage in _STAGES:
            self.tasks.cancel(stage)

    def a_second(self) -> float:
        """Of the last moving pictures; 0 where none were made."""
        if len(self.live_times) < 3:
            return 0.0
        return (len(self.live_times) - 1) / max(self.live_times[-1] - self.live_times[0], 1e-6)

    def _advance(self) -> None:
        if self._projected is not None and not self.tasks.is_busy(_STAGES[1]):
            projected, self._projected = self._projected, None
            self.tasks.latest(_STAGES[1], lambda p: _pictures(projected, p), self._shown, self._fail)
        if self._wanted is None or self._projected is not None or self.tasks.is_busy(_STAGES[0]):
            return
        wanted, self._wanted = self._wanted(), None
        if wanted is None:
            return

        self.tasks.latest(_STAGES[0], lambda p: _project(wanted, p), self._on_projected, self._fail)

    def _on_projected(self, projected: Projected) -> None:
        self._projected = projected
        self._advance()

    def _shown(self, made: tuple[Pulse, dict[Monitor, Taken]]) -> None:
        pulse, taken = made
        if pulse.live:
            self.live_times.append(time.monotonic())
        self._advance()
        self.done(taken)

    def _fail(self, error: Exception, details: str) -> None:
        self._advance()
        self.failed(error, details)


def _threads(pulse: Pulse) -> AbstractContextManager[None]:
    """While the C-arm moves both stages are at work at once."""
    return half_the_threads() if pulse.live else nullcontext()


def _project(pulse: Pulse, progress: Progress) -> Projected:
    tools = planned_tools(advanced_to(pulse.trajectory, pulse.depth_mm))
    beams: dict[Monitor, Beam] = {}
    with _threads(pulse):
        for n, (monitor, pose) in enumerate(pulse.poses.items()):
            progress.step(n / max(1, len(pulse.poses)), "Taking the X-ray")
            beams[monitor] = pulse.engine.beam(pose, pulse.settings, tools, pulse.carm)
    return pulse, beams


def _pictures(projected: Projected, progress: Progress) -> tuple[Pulse, dict[Monitor, Taken]]:
    pulse, beams = projected
    made: dict[Monitor, Taken] = {}
    with _threads(pulse):
        for n, (monitor, beam) in enumerate(beams.items()):
            progress.step(n / max(1, len(beams)), "Taking the X-ray")
            picture = pulse.engine.exposed(beam, pulse.settings)
            compose = pulse.compose.get(monitor)
            made[monitor] = Taken(picture, compose(picture, pulse.lines) if compose else None)
    return pulse, made
