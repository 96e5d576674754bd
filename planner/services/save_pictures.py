"""Single X-ray pictures kept as PNG and DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from imaging.errors import PlannerError
from imaging.fluoro.annotate import annotate
from imaging.fluoro.engine import FluoroPicture
from imaging.labels import Side
from planner.export.dicom import read_headers
from planner.export.pictures import FluoroShot, orientation_letters, write_fluoro
from planner.services.open_case import Case


@dataclass(frozen=True, eq=False)
class Kept:
    """A picture and what it shows: ``name`` goes into the file's name."""

    picture: FluoroPicture
    name: str
    level: str
    side: Side


def save_pictures(folder: Path, case: Case, kept: Sequence[Kept], when: datetime | None = None) -> list[Path]:
    """Write each picture as PNG and as DICOM, with SIMULATED burnt in and coded.

    Raises:
        PlannerError: would_overwrite, a file of that name is there.
    """
    from PIL import Image

    shots, paths = [], []
    for one in kept:
        projection = one.picture.projection
        stem = f"xray-{one.level}-{one.side}-{one.name}"
        path = folder / f"{stem}.png"
        for file in (path, folder / f"fluoro-{one.level}-{one.side}-{one.name}.dcm"):
            if file.exists():
                raise PlannerError(
                    "would_overwrite", f"{file.name} is already in that folder. Choose another."
                )
        pixels = annotate(one.picture.pixels, projection, side=one.side, level=one.level)
        paths.append((path, pixels))
        pose, carm = projection.pose, projection.carm
        shots.append(
            FluoroShot(
                level=one.level,
                side=one.side,
                view=one.name,
                picture=np.repeat(pixels[..., None], 3, axis=2),
                primary_deg=pose.primary_deg,
                secondary_deg=pose.secondary_deg,
                sid_mm=carm.sid_mm,
                sod_mm=carm.sod_mm,
                pixel_mm=carm.pixel_mm,
                patient_orientation=orientation_letters(projection.u_lps, projection.v_lps),
            )
        )
    headers = read_headers(case.series.summary.files[:1])
    written = write_fluoro(folder, headers[0], shots, when or datetime.now())
    for path, pixels in paths:
        Image.fromarray(pixels).save(path, format="PNG")
        written.append(path)
    return written
