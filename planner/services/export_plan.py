"""Write everything a plan is handed on as: plan.json, label maps, X-rays, report, DICOM objects."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.dates import moment_words
from planner.domain.fusion import Fusion
from planner.domain.plan import LevelPlan, Plan, Trajectory, ViewName
from planner.export.pictures import FluoroShot, KeyImage
from planner.report.pictures import StationPictures, TrajectoryPictures
from planner.report.printing import DEFAULT_PRINTING, Printing
from planner.services.open_case import Case
from planner.services.render_fluoro import TrajectoryShots, render_all
from planner.storage.atomic import whole_folder
from planner.storage.plan_json import plan_to_text

VIEW_FILES: dict[ViewName, str] = {
    "ap": "ap",
    "lateral": "lateral",
    "oblique": "oblique",
    "en_face": "en-face",
}
OWN_NAMES = {"plan.json", "vertebrae.nii.gz", "structures.nii.gz", "fluoro", "report.pdf", "dicom"}
Render3d = Callable[..., bytes | None]


def load_renderer() -> Render3d | None:
    """The renderer of 3D pictures, loaded when first needed; None where its libraries are missing."""
    try:  # by name: this layer knows no VTK
        return cast(Render3d, importlib.import_module("ui.vtk.report_picture").render)
    except ImportError:
        return None


def require_writable_out(out: Path) -> None:
    """Raise PlannerError ``foreign_out`` unless ``out`` is new, empty, or an earlier output."""
    try:
        if not out.exists():
            return
        if not out.is_dir():
            raise PlannerError("foreign_out", f"{out} is a file. Give a folder for --out.")
        names = {entry.name for entry in out.iterdir()}
    except PermissionError as error:
        raise PlannerError("cannot_write", f"{out} may not be opened: permission denied.") from error
    if names and not (names <= OWN_NAMES and _is_own_plan(out) and _only_own_parts(out)):
        raise PlannerError(
            "foreign_out",
            f"{out} holds files that are not an earlier plan. Choose a new folder.",
        )


def _is_own_plan(out: Path) -> bool:
    try:
        document = json.loads((out / "plan.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("schema") == 1 and document.get("frame") == "LPS"


def _only_own_parts(out: Path) -> bool:
    for name, suffix in (("fluoro", ".png"), ("dicom", ".dcm")):
        folder = out / name
        if folder.exists() and not (folder.is_dir() and all(p.suffix == suffix for p in folder.iterdir())):
            return False
    return True


def export_plan(
    out: Path,
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    *,
    report: bool = True,
    dicom: bool = True,
    render_3d: Render3d | None = None,
    printing: Printing = DEFAULT_PRINTING,
    progress: Progress = NULL_PROGRESS,
) -> None:
    """Write the plan into ``out``, whole or not at all.

    Raises:
        PlannerError: foreign_out, cannot_write.
        TaskCancelledError: through ``progress``; nothing is left then.
    """
    require_writable_out(out)
    render_3d = render_3d or (load_renderer() if report else None)
    when = datetime.now()
    with whole_folder(out.resolve()) as folder:
        _write_all(folder, case, found, plan, report, dicom, render_3d, printing, when, progress)


def _write_all(
    folder: Path,
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    report: bool,
    dicom: bool,
    render_3d: Render3d | None,
    printing: Printing,
    when: datetime,
    progress: Progress,
) -> None:
    from PIL import Image

    from imaging.sitk_bridge import write_labels

    progress.step(0.0, "Writing the plan and the label maps")
    text = plan_to_text(plan, found)
    (folder / "plan.json").write_text(text, "utf-8")
    write_labels(found.vertebrae, folder / "vertebrae.nii.gz")
    write_labels(found.structures, folder / "structures.nii.gz")
    shots = render_all(case, found, plan, SubProgress(progress, 0.1, 0.6))
    (folder / "fluoro").mkdir()
    for (verse, side), one in shots.items():
        level = plan.level(verse)
        assert level is not None
        for view, shot in one.views.items():
            name = f"{level.name}-{side}-{VIEW_FILES[view]}.png"
            Image.fromarray(shot.picture).save(folder / "fluoro" / name)
    pdf = None
    if report:
        progress.step(0.6, "Writing the report")
        marked = hashlib.sha256(text.encode()).hexdigest()[:8].upper()
        printed = f"Plan {marked[:4]}-{marked[4:]}, {moment_words(when)}"
        part = SubProgress(progress, 0.6, 0.8)
        pdf = report_pdf(case, found, plan, shots, printed, render_3d, printing, part)
        (folder / "report.pdf").write_bytes(pdf)
    if dicom:
        write_dicom_objects(
            folder / "dicom", case, found, plan, shots, pdf, when, SubProgress(progress, 0.8, 1.0)
        )
    progress.step(1.0, "Written")


def report_pdf(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    shots: dict[tuple[int, Side], TrajectoryShots],
    printed: str,
    render_3d: Render3d | None = None,
    printing: Printing = DEFAULT_PRINTING,
    progress: Progress = NULL_PROGRESS,
) -> bytes:
    """The bytes of report.pdf; ``shots`` as ``render_all`` gives them."""
    from planner.devices.catalogue import load_devices
    from planner.domain.limits import changed_limits
    from planner.report.contents import Patient, Report
    from planner.report.patient import patient_steps
    from planner.report.pdf import write_report

    pictures: dict[tuple[int, Side], TrajectoryPictures] = {}
    for level in plan.levels:
        for t in level.trajectories:
            progress.step(0.1, f"Drawing {level.name} {t.side} for the report")
            view3d = render_3d(case.volume, found, level, t) if render_3d else None
            ring_mm = plan.limits.needed_mm(plan.limits.medial_inferior_mm)
            one = _slices(case, found, level, t, shots, view3d, ring_mm)
            if render_3d and printing.patient_page and patient_steps(plan)[0] == (level.verse, t.side):
                one = replace(one, whole3d=render_3d(case.volume, found, level, t, cut=False))
            pictures[level.verse, t.side] = one
    s = case.series
    title = s.summary.title
    number = f"series {s.summary.number}" if s.summary.number is not None else title
    patient = Patient(
        s.patient_name, s.patient_id, s.patient_birth_date, s.patient_sex, s.study_date, s.modality, number
    )
    progress.step(0.9, "Laying out the report")
    devices = {device.id: device for device in (*load_devices(), *plan.devices)}
    changed = tuple(
        (f"{spec.words}, default {default:g}", f"{value:g} {spec.unit}".strip())
        for spec, value, default in changed_limits(plan.limits)
    )
    report = Report(
        plan, found, patient, pictures, devices, plan.limits, printed, case.why_chosen, changed, printing
    )
    return write_report(report)


def _slices(
    case: Case,
    found: SpineSegmentation,
    level: LevelPlan,
    t: Trajectory,
    shots: dict[tuple[int, Side], TrajectoryShots],
    view3d: bytes | None,
    margin_mm: float,
) -> TrajectoryPictures:
    from planner.report import slices
    from planner.report.words import depth_of

    anatomy = found.level(level.verse)
    assert anatomy is not None
    size = (720, 600)

    def draw(plane: slices.Plane) -> NDArray[np.uint8]:
        grey = slices.grey_slice(case.volume, plane)
        return slices.paint(grey, slices.outline(found.vertebrae, level.verse, plane))

    axial = slices.tool_plane(t, anatomy, size, 96.0)
    sagittal = slices.sagittal_plane(t, anatomy, size, 84.0)
    pedicle = anatomy.pedicles.get(t.side)
    middle = depth_of(t, pedicle.isthmus_centre_lps_mm) if pedicle else 0.5 * t.parameters.straight_mm
    across = slices.down_tool_plane(t, anatomy, middle, size, 52.0)
    one = shots.get((level.verse, t.side))
    return TrajectoryPictures(
        tool_plane=slices.draw_tool(draw(axial), axial, t),
        down_tool=slices.draw_cross_section(draw(across), across, t, margin_mm),
        sagittal=slices.draw_tool(draw(sagittal), sagittal, t, dashed=True),
        fluoro={view: (shot.plain, shot.letters) for view, shot in one.views.items()} if one else {},
        view3d=view3d,
        stations=tuple(
            StationPictures(
                s.name,
                s.depth_mm,
                (ap.plain, ap.letters),
                (side.plain, side.letters),
                s.ap,
                s.lateral,
                s.within_mm,
            )
            for s, ap, side in (one.stations if one else ())
        ),
    )


def write_dicom_objects(
    folder: Path,
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    shots: dict[tuple[int, Side], TrajectoryShots],
    pdf: bytes | None,
    when: datetime,
    progress: Progress = NULL_PROGRESS,
) -> None:
    """Write every DICOM object of the plan into a new folder; ``pdf`` is the report, if there is one."""
    from planner.export.dicom import read_headers
    from planner.export.encapsulated_pdf import write_pdf
    from planner.export.pictures import write_fluoro, write_key_images
    from planner.export.segmentation import write_segmentations
    from planner.export.structured_report import write_report_sr
    from planner.export.structures import write_structures
    from planner.export.surfaces import write_surfaces

    folder.mkdir()
    headers = read_headers(case.series.summary.files, SubProgress(progress, 0.0, 0.2))
    write_segmentations(folder, headers, found, SubProgress(progress, 0.2, 0.8))
    exported: list[FluoroShot] = []
    for (verse, side), one in shots.items():
        level = plan.level(verse)
        assert level is not None
        exported += [shot.for_dicom(level.name, side, view) for view, shot in one.views.items()]
    progress.step(0.8, "Writing the X-rays as DICOM")
    write_fluoro(folder, headers[0], exported, when)
    progress.step(0.9, "Writing the report, structures and surfaces as DICOM")
    write_key_images(folder, headers[0], _key_images(case, found, plan), when)
    write_report_sr(folder, headers, plan)
    write_structures(folder, headers, plan, when)
    write_surfaces(folder, headers, found, plan, when)
    if plan.fusion is not None:
        progress.step(0.95, "Writing the registration of the MR as DICOM")
        _write_registrations(folder, case, plan.fusion, headers, when)
    if pdf is not None:
        write_pdf(folder, headers[0], pdf, when)


def _write_registrations(
    folder: Path, case: Case, fusion: Fusion, headers: list[Any], when: datetime
) -> None:
    """The accepted fusion as Spatial Registration: the whole spine, and each level that may be trusted."""
    from planner.export.dicom import read_headers
    from planner.export.registration import write_registration
    from planner.services.fusion import matrix_of
    from planner.services.open_case import scan

    own = [s for s in scan(case.folder).series if s.series_instance_uid == fusion.series_instance_uid]
    if not own:
        raise PlannerError(
            "mr_missing",
            f"The MR {fusion.title} that was laid on this CT is no longer in {case.folder}, "
            "so its registration cannot be written. Put it back or take the fusion back.",
        )
    moving = read_headers(own[0].files)
    write_registration(
        folder / "registration-spine.dcm",
        headers,
        moving,
        matrix_of(fusion.ct_from_mr),
        when,
        "whole spine, mutual information",
    )
    for level in fusion.levels:
        if level.trusted:
            name = NAME_FROM_VERSE[level.verse]
            note = f"{name} alone, residual {level.residual_mm:.1f} mm"
            write_registration(
                folder / f"registration-{name}.dcm", headers, moving, matrix_of(level.ct_from_mr), when, note
            )


def _key_images(case: Case, found: SpineSegmentation, plan: Plan) -> list[KeyImage]:
    from planner.export.pictures import orientation_letters
    from planner.report import slices

    images = []
    for level in plan.levels:
        anatomy = found.level(level.verse)
        for t in level.trajectories:
            if anatomy is None:
                continue
            planes = {
                "tool plane": slices.tool_plane(t, anatomy, (720, 600), 96.0),
                "sagittal": slices.sagittal_plane(t, anatomy, (720, 600), 84.0),
            }
            for view, plane in planes.items():
                picture = slices.paint(
                    slices.grey_slice(case.volume, plane), slices.outline(found.vertebrae, level.verse, plane)
                )
                drawn = slices.draw_tool(picture, plane, t, dashed=view == "sagittal")
                letters = orientation_letters(plane.right_lps, plane.down_lps)
                images.append(KeyImage(level.name, t.side, view, drawn, plane.pixel_mm, letters))
    return images
