"""The small pictures of the X-ray screen: of each found view, and of each checkpoint with its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from imaging.anatomy import VertebraAnatomy
from imaging.fluoro.annotate import source_stamp
from imaging.fluoro.engine import FluoroEngine, FluoroPicture
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.technique import Shutters
from imaging.geometry.carm import CArm
from imaging.progress import Progress
from planner.domain.plan import Trajectory
from planner.report.checkpoints import Checkpoint, advanced_to, checkpoints, rim_words
from planner.services.render_fluoro import planned_tools
from planner.services.xray_views import FoundView

SMALL_PX = 192


@dataclass(frozen=True, eq=False)
class Strip:
    """One checkpoint's pair of thumbnails; ``detail``: what else to heed there, ``stamp``: what they are."""

    station: Checkpoint
    detail: str
    ap: FluoroPicture
    lateral: FluoroPicture
    stamp: str


def small_pictures(
    engine: FluoroEngine,
    views: tuple[FoundView, ...],
    trajectory: Trajectory,
    anatomy: VertebraAnatomy,
    settings: PictureSettings,
    carm: CArm,
    progress: Progress,
) -> tuple[Mapping[str, FluoroPicture], tuple[Strip, ...]]:
    """A thumbnail of each view by its name, and a pair at each checkpoint.

    Raises:
        TaskCancelledError: as ``progress`` says.
    """
    # Thumbnails show the level alone, at the size in which it can be told, and are not collimated.
    small = carm.magnified(1.8).resized(SMALL_PX)
    look = replace(settings, quality="clean", technique=replace(settings.technique, shutters=Shutters()))
    thumbs = {}
    whole = planned_tools(trajectory)
    for found in views:
        progress.step(0.1, "Taking small X-rays")
        thumbs[found.view] = engine.take(found.pose, look, whole, small)
    poses = {found.view: found.pose for found in views}
    strip = []
    # Of what is burnt into the pictures the strip shows only a part.
    source = engine.volume.made_from
    stamp = f"{source_stamp(source).split(',')[0]}\nSIMULATED" if source else "SIMULATED"
    for station in checkpoints(trajectory, anatomy):
        progress.step(0.5, "Taking the checkpoints")
        tools = planned_tools(advanced_to(trajectory, station.depth_mm))
        ap, lateral = (engine.take(poses[view], look, tools, small) for view in ("ap", "lateral"))
        detail = rim_words(station, trajectory, anatomy, ap.projection)
        strip.append(Strip(station, detail, ap, lateral, stamp))
    return thumbs, tuple(strip)
