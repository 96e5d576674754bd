"""What the window asks of the planner, as one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from imaging.geometry.carm import Projection
from imaging.labels import Side
from imaging.progress import Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.plan import Access, Choice, Plan, Point, Target
from planner.services.stored_case import StoredCase
from planner.trajectory.entry_map import EntryMap
from planner.trajectory.reach import ReachSurface

Handle = Literal["entry", "bend", "target"]
XrayView = Literal["ap", "lateral", "oblique", "en_face"]


@dataclass(frozen=True)
class PatientWords:
    """What the banner says about the case."""

    name: str
    patient_id: str
    person: str
    study: str
    image: str


@dataclass(frozen=True, eq=False)
class XrayPicture:
    """A simulated X-ray: (h, w, 3) uint8 pixels, its projection, its angles in clinic words.

    ``stamp`` is what is burnt into a picture whose attenuation was not measured.
    """

    pixels: NDArray[np.uint8]
    projection: Projection
    words: str
    stamp: str = ""


class Services(Protocol):
    """The long or deciding work, done elsewhere. Everything here may run on a worker thread."""

    def scan(self, folder: Path, progress: Progress, seen: Any = None) -> Any: ...
    def sample_folder(self, progress: Progress) -> Path: ...
    def open_series(self, series: Any, progress: Progress, fill_missing: bool = False) -> Any: ...
    def preview(self, series: Any, progress: Progress) -> Volume: ...
    def volume_of(self, case: Any) -> Volume: ...
    def patient_of(self, case: Any) -> PatientWords: ...
    def get_ready(self) -> None: ...
    def load_ahead(self, progress: Progress) -> None: ...
    def close(self) -> None: ...
    def find(self, case: Any, progress: Progress) -> SpineSegmentation: ...
    def plan_found(self, case: Any, segmentation: SpineSegmentation, progress: Progress) -> Plan: ...
    def propose(self, case: Any, segmentation: SpineSegmentation, progress: Progress) -> Plan: ...
    def moved(
        self,
        case: Any,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        handle: Handle,
        point_lps_mm: Point,
        quick: bool = False,
    ) -> Plan: ...
    def devices(self, plan: Plan | None) -> list[tuple[str, str]]: ...
    def plan_again(
        self,
        case: Any,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        device_id: str,
        access: Access,
        choice: Choice,
        progress: Progress,
    ) -> Plan: ...
    def target_moved(
        self,
        case: Any,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        point_lps_mm: Point,
        quick: bool,
    ) -> Plan: ...
    def target_changed(
        self, case: Any, segmentation: SpineSegmentation, plan: Plan, verse: int, target: Target
    ) -> Plan: ...
    def heat(
        self,
        case: Any,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        progress: Progress,
    ) -> Plan: ...
    def entry_map(
        self, case: Any, segmentation: SpineSegmentation, plan: Plan, verse: int, side: Side
    ) -> EntryMap: ...
    def reach(
        self, case: Any, segmentation: SpineSegmentation, plan: Plan, verse: int, side: Side
    ) -> ReachSurface: ...
    def xray(
        self,
        case: Any,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        view: XrayView,
        size_px: int,
        progress: Progress,
    ) -> XrayPicture: ...
    def save(self, path: Path, case: Any, segmentation: SpineSegmentation, plan: Plan) -> None: ...
    def load(
        self, path: Path, progress: Progress, images: Path | None = None, plan: Plan | None = None
    ) -> StoredCase: ...
    def export(
        self, folder: Path, case: Any, segmentation: SpineSegmentation, plan: Plan, progress: Progress
    ) -> str: ...
