"""The plan as a Comprehensive 3D SR (TID 1500): levels, points, angles, margins, findings and passport."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from planner.domain.plan import LevelPlan, Plan, Trajectory
from planner.export.dicom import MAKER, MODEL, SERIAL, complete
from planner.export.segmentation import vertebra_code
from planner.services.passport import passport_lines
from planner.version import app_version

SCHEME = "99BVNPLAN"
_POINTS = {
    "skin_entry": "Skin entry",
    "bone_entry": "Bone entry",
    "tip": "Tool tip",
    "target": "Target",
    "lesion": "Lesion centre",
}
_MARGINS = {
    "medial": "Clearance to medial wall",
    "lateral": "Clearance to lateral wall",
    "superior": "Clearance to superior wall",
    "inferior": "Clearance to inferior wall",
    "canal": "Clearance to spinal canal",
    "electrode_to_canal": "Electrode to spinal canal",
    "lesion_to_canal": "Lesion to spinal canal",
    "anterior": "Clearance to anterior wall",
    "endplates": "Clearance to endplates",
}


def write_report_sr(folder: Path, sources: Sequence[Any], plan: Plan) -> Path | None:
    """Write plan.dcm; None where nothing is planned and nothing refused."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    groups = [_group(plan, level, t) for level in plan.levels for t in level.trajectories]
    if not groups:
        return None
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=hd.UID(), manufacturer_name=MAKER, model_name=MODEL, serial_number=SERIAL
        ),
    )
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.cid100.CTUnspecifiedBodyRegion
        if plan.source.modality == "CT"
        else codes.cid100.MRIUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    root = report[0]
    root.ContentSequence.append(_container(hd, "PASSPORT", "Plan passport", passport_lines(plan)))
    told = [("Research use", "Planning and training aid, not a certified device. Not for treatment.")]
    told.append(("Distances", plan.limits.measured_words()))
    told += [("Finding", f"{f.severity}: {f.text}") for f in plan.findings]
    told += [("Refused", r.reason) for level in plan.levels for r in level.refused]
    root.ContentSequence.append(_container(hd, "NOTES", "Notes", told))
    sr = hd.sr.Comprehensive3DSR(
        evidence=list(sources),
        content=root,
        series_instance_uid=hd.UID(),
        series_number=9005,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MODEL,
        software_versions=app_version(),
        device_serial_number=SERIAL,
        series_description="BVN plan: report (research)",
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    complete(sr, sources[0])
    # Findings hold degree signs and names of devices, whatever the images' own character set is.
    sr.SpecificCharacterSet = "ISO_IR 192"
    path = folder / "plan.dcm"
    sr.save_as(path)
    return path


def _code(hd: Any, value: str, meaning: str) -> Any:
    return hd.sr.CodedConcept(value=value, scheme_designator=SCHEME, meaning=meaning[:64])


def _container(hd: Any, value: str, title: str, lines: Sequence[tuple[str, str]]) -> Any:
    contains = hd.sr.RelationshipTypeValues.CONTAINS
    item = hd.sr.ContainerContentItem(name=_code(hd, value, title), relationship_type=contains)
    item.ContentSequence = hd.sr.ContentSequence(
        [
            hd.sr.TextContentItem(
                name=_code(hd, name.upper().replace(" ", "_")[:16], name),
                value=text or "none",
                relationship_type=contains,
            )
            for name, text in lines
        ]
    )
    return item


def _group(plan: Plan, level: LevelPlan, t: Trajectory) -> Any:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    name = f"{level.name} {t.side}"
    side = codes.SCT.Left if t.side == "left" else codes.SCT.Right
    site = hd.sr.FindingSite(anatomic_location=vertebra_code(level.verse), laterality=side)
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=hd.UID(), identifier=name),
        finding_type=_code(hd, "TRAJECTORY", "Planned transpedicular trajectory"),
        finding_sites=[site],
        measurements=_measurements(hd, t),
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(
                _code(hd, "STATE", "State of the plan"), _code(hd, t.state.upper(), t.state)
            ),
            hd.sr.QualitativeEvaluation(
                _code(hd, "GERTZBEIN", "Gertzbein-Robbins grade"),
                _code(hd, f"GR_{t.gertzbein_robbins}", f"Grade {t.gertzbein_robbins}"),
            ),
        ],
    )
    target = level.target.centre_lps_mm if level.target else None
    points = {
        "skin_entry": t.skin_entry_lps_mm,
        "bone_entry": t.bone_entry_lps_mm,
        "tip": t.tip_lps_mm,
        "target": target,
        "lesion": t.lesion.centre_lps_mm,
    }
    frame = plan.source.frame_of_reference_uid
    kinds = hd.sr.GraphicTypeValues3D
    contains = hd.sr.RelationshipTypeValues.CONTAINS
    shapes = [(k, _POINTS[k], kinds.POINT, np.array([p])) for k, p in points.items() if p is not None]
    shapes.append(("path", "Tool axis", kinds.POLYLINE, np.array(t.path_lps_mm)))
    for key, meaning, kind, data in shapes:
        group[0].ContentSequence.append(
            hd.sr.Scoord3DContentItem(
                name=_code(hd, key.upper(), meaning),
                graphic_type=kind,
                graphic_data=data,
                frame_of_reference_uid=frame,
                relationship_type=contains,
            )
        )
    for finding in t.findings:
        group[0].ContentSequence.append(
            hd.sr.TextContentItem(
                name=_code(hd, "FINDING", "Finding"),
                value=f"{finding.severity}: {finding.text}",
                relationship_type=contains,
            )
        )
    return group


def _measurements(hd: Any, t: Trajectory) -> list[Any]:
    found = []
    mm = hd.sr.CodedConcept("mm", "UCUM", "millimeter")
    for key, meaning in _MARGINS.items():
        value = getattr(t.clearance_mm, key)
        if value is not None:
            found.append(hd.sr.Measurement(_code(hd, key.upper()[:16], meaning), round(value, 3), mm))
    percent = hd.sr.CodedConcept("%", "UCUM", "percent")
    coverage = round(100 * t.lesion.target_coverage, 2)
    found.append(hd.sr.Measurement(_code(hd, "COVERAGE", "Target covered by lesion"), coverage, percent))
    degree = hd.sr.CodedConcept("deg", "UCUM", "degree")
    for view, primary, secondary in t.carm:
        words = view.replace("_", "-")
        for value, which in ((primary, "Primary"), (secondary, "Secondary")):
            concept = _code(hd, f"{which[0]}_{view}".upper()[:16], f"Positioner {which} Angle, {words} view")
            found.append(hd.sr.Measurement(concept, round(value, 3), degree))
    return found
