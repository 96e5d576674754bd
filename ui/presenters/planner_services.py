"""The window's seam to the planner: every call of the Services protocol on the real thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imaging.errors import PlannerError
from imaging.fluoro.annotate import source_stamp
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.technique import Technique
from imaging.fluoro.views import pose_for
from imaging.geometry.carm import CArm, pose_words
from imaging.labels import Side
from imaging.progress import Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.devices import catalogue
from planner.domain.plan import Access, Choice, Plan, Point, Target, TrajectoryParameters
from planner.report.printing import Printing
from planner.services import edit_plan, explore, heat, open_case, propose_plan, render_fluoro
from planner.services.ahead import load_ahead
from planner.services.apart import Apart
from planner.services.open_case import Case
from planner.services.plan_wanted import plan_wanted, plan_with_fields
from planner.services.segment_case import segment_case
from planner.services.stored_case import StoredCase, open_stored
from planner.services.vertebra_fields import adopt_fields
from planner.services.xray_volume import xray_volume
from planner.trajectory.entry_map import EntryMap
from planner.trajectory.handles import bent
from planner.trajectory.reach import ReachSurface
from ui.presenters.browser_rows import date_words, person_name
from ui.presenters.services import Handle, PatientWords, XrayPicture, XrayView
from ui.settings import preferences


class PlannerServices:
    """Keeps the folder that was scanned last and the process that plans."""

    def __init__(self) -> None:
        self._folder = Path()
        self._apart = Apart()

    def scan(self, folder: Path, progress: Progress, seen: Any = None) -> Any:
        """What a folder holds; ``seen`` is told what was found so far."""
        found = open_case.scan(folder, progress, seen)
        self._folder = folder
        return found

    def sample_folder(self, progress: Progress) -> Path:
        """The bundled sample, written on first use."""
        from sample_dicom.study import default_sample_dir

        return default_sample_dir(progress=progress)

    def open_series(self, series: Any, progress: Progress, fill_missing: bool = False) -> Case:
        """Read the voxels of a series; ``fill_missing`` when the user agreed to interpolate slices."""
        why = f"{series.title} was chosen."
        return open_case.open_series(self._folder, series, why, progress, fill_missing=fill_missing)

    def preview(self, series: Any, progress: Progress) -> Volume:
        """The voxels of a series to look at."""
        from imaging.dicom.load import read_volume

        return read_volume(series, progress)[0]

    def volume_of(self, case: Case) -> Volume:
        """The case's image."""
        return case.volume

    def patient_of(self, case: Case) -> PatientWords:
        """The banner's words."""
        s = case.series
        summary = s.summary
        born = date_words(s.patient_birth_date)
        person = ", ".join(x for x in (s.patient_sex, f"born {born}" if born else "") if x)
        spacing = float(s.volume.grid.spacing_ijk_mm[2])
        number = f", series {summary.number}" if summary.number is not None else ""
        day = date_words(s.study_date)
        return PatientWords(
            person_name(s.patient_name),
            s.patient_id,
            person,
            f"Study {day}" if day else "",
            f"{s.modality} {spacing:.1f}\u202fmm{number} “{summary.title}”",
        )

    def get_ready(self) -> None:
        """Start what finding and planning needs, while the user still looks at the series."""
        self._apart.warm()

    def load_ahead(self, progress: Progress) -> None:
        """Load here what a plan's arrival wants, while the plan is made."""
        load_ahead(progress)

    def find(self, case: Case, progress: Progress) -> SpineSegmentation:
        """Find, name and measure the vertebrae, in a process of its own."""
        return self._apart.run(segment_case, (case, None), progress, another_follows=True)

    def plan_found(self, case: Case, segmentation: SpineSegmentation, progress: Progress) -> Plan:
        """Plan the levels of the settings on both sides, in a process of its own."""
        arguments = case, segmentation, tuple(preferences.levels()), preferences.limits()
        plan, fields = self._apart.run(plan_with_fields, arguments, progress)
        adopt_fields(segmentation, fields)
        return plan

    def close(self) -> None:
        """End what was started to be ready."""
        self._apart.close()

    def propose(self, case: Case, segmentation: SpineSegmentation, progress: Progress) -> Plan:
        """Plan the levels of the settings on both sides, as far as they are in the image."""
        return plan_wanted(case, segmentation, tuple(preferences.levels()), preferences.limits(), progress)

    def moved(
        self,
        case: Case,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        handle: Handle,
        point_lps_mm: Point,
        quick: bool = False,
    ) -> Plan:
        """The plan with the entry or the tip of one tool at another point."""
        level = plan.level(verse)
        trajectory = level.trajectory(side) if level else None
        if trajectory is None:
            raise PlannerError("not_planned", "This trajectory is not planned, so it cannot be moved.")
        if handle == "bend":
            device = propose_plan.device_named(trajectory.device)
            aim = bent(trajectory.parameters, trajectory.tip_lps_mm, device, point_lps_mm)
        else:
            aim = aimed(trajectory.parameters, trajectory.tip_lps_mm, handle, point_lps_mm)
        return edit_plan.change_trajectory(case, segmentation, plan, verse, side, aim, quick=quick)

    def devices(self, plan: Plan | None) -> list[tuple[str, str]]:
        """(id, name) of the package's instruments, those of the user's folder and the plan's own."""
        own = plan.devices if plan is not None else ()
        found = {d.id: d.name for d in (*catalogue.load_devices(), *catalogue.user_devices(), *own)}
        return list(found.items())

    def plan_again(
        self,
        case: Case,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        device_id: str,
        access: Access,
        choice: Choice,
        progress: Progress,
    ) -> Plan:
        """The plan with one side searched anew."""
        device = propose_plan.device_named(device_id, (*plan.devices, *catalogue.user_devices()))
        return edit_plan.plan_again(
            case, segmentation, plan, verse, [side], device, None, progress, access, choice
        )

    def target_moved(
        self,
        case: Case,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        point_lps_mm: Point,
        quick: bool,
    ) -> Plan:
        """The plan with a level's target at another point."""
        return edit_plan.change_target(case, segmentation, plan, verse, point_lps_mm, quick)

    def target_changed(
        self, case: Case, segmentation: SpineSegmentation, plan: Plan, verse: int, target: Target
    ) -> Plan:
        """The plan with another target of a level."""
        return edit_plan.with_target(case, segmentation, plan, verse, target)

    def heat(
        self,
        case: Case,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        progress: Progress,
    ) -> Plan:
        """The plan with the heating of one tool solved."""
        return heat.with_heat(case, segmentation, plan, progress, ((verse, side),))

    def entry_map(
        self, case: Case, segmentation: SpineSegmentation, plan: Plan, verse: int, side: Side
    ) -> EntryMap:
        """Margins round the planned entry."""
        return explore.entry_map_of(case, segmentation, plan, verse, side)

    def reach(
        self, case: Case, segmentation: SpineSegmentation, plan: Plan, verse: int, side: Side
    ) -> ReachSurface:
        """What the tool reaches from its entry."""
        return explore.reach_of(case, segmentation, plan, verse, side)

    def xray(
        self,
        case: Case,
        segmentation: SpineSegmentation,
        plan: Plan,
        verse: int,
        side: Side,
        view: XrayView,
        size_px: int,
        progress: Progress,
    ) -> XrayPicture:
        """A simulated X-ray of one planned tool."""
        level = plan.level(verse)
        trajectory = level.trajectory(side) if level else None
        if level is None or trajectory is None:
            raise PlannerError("not_planned", "The X-ray waits for a planned trajectory.")
        progress.step(0.0, "Taking the X-ray")
        volume = xray_volume(case, segmentation, progress)
        room = render_fluoro.FluoroRoom(volume, CArm().resized(size_px))
        pose = pose_for(render_fluoro.isocentre(level), trajectory.view_angles(view))
        shot = room.take(
            pose,
            trajectory,
            PictureSettings(technique=Technique(detector_ngy=90.0)),
            level=level.name,
            side=side,
            view=view,
        )
        pixels = np.repeat(shot.plain[..., None], 3, axis=2) if shot.plain.ndim == 2 else shot.plain
        words = pose_words(pose.primary_deg, pose.secondary_deg)
        told = f"{level.name} {side}\n{words}"
        stamp = source_stamp(volume.made_from) if volume.made_from else ""
        return XrayPicture(np.ascontiguousarray(pixels), shot.projection, told, stamp)

    def save(self, path: Path, case: Case, segmentation: SpineSegmentation, plan: Plan) -> None:
        """Write the case file."""
        from planner.storage.case_file import write_case_file

        write_case_file(path, case.folder, plan, segmentation)

    def load(
        self, path: Path, progress: Progress, images: Path | None = None, plan: Plan | None = None
    ) -> StoredCase:
        """Read a case file and the images it stands on."""
        return open_stored(path, images, plan, progress)

    def export(
        self, folder: Path, case: Case, segmentation: SpineSegmentation, plan: Plan, progress: Progress
    ) -> str:
        """Write the plan, label maps, X-rays, report and DICOM objects; returns what was done in words."""
        printing = preferences.printing()
        self._apart.run(_export, (folder, case, segmentation, plan, printing), progress, 5.0)
        return f"Exported to {folder}"


def _export(
    folder: Path, case: Case, found: SpineSegmentation, plan: Plan, printing: Printing, progress: Progress
) -> None:
    from planner.services.export_plan import export_plan

    export_plan(folder, case, found, plan, printing=printing, progress=progress)


def aimed(
    parameters: TrajectoryParameters, tip_lps_mm: Point, handle: Handle, point: Point
) -> TrajectoryParameters:
    """Parameters with the entry or the tip at ``point`` and the other end kept.

    The whole tool is turned by the smallest rotation about the end that stays, and its straight part is made
    longer or shorter until both ends are met; turn and bend are kept in the tool's own frame.
    """
    entry, tip = np.array(parameters.entry_lps_mm, float), np.array(tip_lps_mm, float)
    new_entry = np.array(point, float) if handle == "entry" else entry
    new_tip = np.array(point, float) if handle == "target" else tip
    d = np.array(parameters.direction_lps, float)
    offset = tip - entry
    rest = offset - parameters.straight_mm * d
    along, square = float(rest @ d), float(rest @ rest)
    length = float(np.linalg.norm(new_tip - new_entry))
    under = along * along - square + length * length
    if under < 0 or length < 5:
        raise PlannerError("edit_impossible", "The tool cannot bend that short. Move the point farther away.")
    straight = -along + float(np.sqrt(under))
    if straight < 0:
        raise PlannerError("edit_impossible", "The tool cannot bend that short. Move the point farther away.")
    turn = _rotation(straight * d + rest, new_tip - new_entry)
    bend = turn @ np.array(parameters.bend_lps, float)
    direction = turn @ d
    return replace(
        parameters,
        entry_lps_mm=_point(new_entry),
        direction_lps=_point(direction / np.linalg.norm(direction)),
        straight_mm=straight,
        bend_lps=_point(bend),
    )


def _point(values: Any) -> Point:
    return float(values[0]), float(values[1]), float(values[2])


def _rotation(a: Any, b: Any) -> Any:
    """(3, 3) smallest rotation that takes the direction of ``a`` to that of ``b`` (Rodrigues' formula)."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    v, c = np.cross(a, b), float(a @ b)
    if c < -0.999999:
        raise PlannerError("edit_impossible", "The tool cannot be turned round.")
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + c)
