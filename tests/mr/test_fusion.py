"""MR laid on CT: motions are found, bad fits and other patients noticed; accepting can be undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imaging.errors import PlannerError
from imaging.fusion.fuse import FusionFit, LevelFit, fuse
from imaging.fusion.resample import NOTHING, mr_on_ct
from imaging.fusion.start import body_moved, moved, rigid_fit
from imaging.progress import CallbackProgress, TaskCancelledError
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.fusion import FusedLevel, Fusion
from planner.domain.plan import Plan, Source
from planner.services.fusion import COUNT_DIFFERS, require_same_patient, with_fusion
from planner.services.modic import ModicStudy, named_by_case, seen_from_ct
from planner.session import PlanningSession
from planner.storage.fusion_json import fusion_from_dict, fusion_to_dict
from sample_dicom.magnetic import build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom
from sample_dicom.posed import SpinePose, random_pose

NUMBERS = tuple(float(v) for v in np.eye(4).ravel())


def _known(
    phantom: Phantom, pose: SpinePose | None, off_mm: float, random: np.random.Generator
) -> tuple[Any, ...]:
    """Levels as the truth has them, moved by a pose, drawn with some error."""
    from imaging.anatomy import VertebraAnatomy

    out = []
    for verse, truth in phantom.truth.items():
        body = truth.body
        if pose is not None:
            body = body_moved(pose.motion[verse], body)
            body = replace(body, centre_lps_mm=body.centre_lps_mm + random.normal(0, off_mm, 3))
        out.append(VertebraAnatomy(verse, 1.0, body, {}))
    return tuple(out)


@pytest.fixture(scope="module")
def bent() -> tuple[Phantom, SpinePose, Volume, SpineSegmentation, SpineSegmentation, FusionFit]:
    phantom = build_phantom(PhantomParameters.small(seed=21))
    random = np.random.default_rng(5)
    pose = random_pose(phantom, random)
    mr = build_mr(phantom, "T2", pose=pose)
    ct_found = SpineSegmentation(phantom.vertebrae, phantom.structures, _known(phantom, None, 0, random), ())
    empty = replace(phantom.vertebrae, labels=np.zeros_like(phantom.vertebrae.labels))
    mr_found = SpineSegmentation(empty, empty, _known(phantom, pose, 1.0, random), ())
    drawn = _drawn(mr, phantom, pose)
    mr_found = replace(mr_found, vertebrae=drawn[0], structures=drawn[1])
    return phantom, pose, mr, ct_found, mr_found, fuse(phantom.volume, ct_found, mr, mr_found)


def _drawn(mr: Volume, phantom: Phantom, pose: SpinePose) -> tuple[Any, Any]:
    """The true bodies on the MR's grid."""
    from scipy import ndimage

    from imaging.volume import LabelVolume

    k, j, i = np.indices(mr.grid.shape_kji)
    places = mr.grid.lps_from_indices(np.stack([i, j, k], -1))
    names = np.zeros(mr.grid.shape_kji, np.uint8)
    for verse, motion in pose.motion.items():
        back = moved(np.linalg.inv(motion), places)
        index = np.moveaxis(phantom.volume.grid.indices_from_lps(back)[..., ::-1], -1, 0)
        own = (phantom.vertebrae.labels == verse) & (phantom.structures.labels == 1)
        names[ndimage.map_coordinates(own.astype(np.float32), index, order=1) > 0.5] = verse
    return LabelVolume(mr.grid, names), LabelVolume(mr.grid, (names > 0).astype(np.uint8))


def test_the_motion_of_every_vertebra_is_found(bent: Any) -> None:
    phantom, pose, _, _, _, fit = bent
    for level in fit.levels:
        target = phantom.truth[level.verse].target_lps_mm
        found = moved(level.ct_from_mr, pose.place(level.verse, target))
        assert np.linalg.norm(found - target) < 1.5, level
        assert level.trusted, level
    assert fit.shift == 0


def test_the_mr_is_drawn_where_the_ct_lies(bent: Any) -> None:
    phantom, _, mr, ct_found, _, fit = bent
    drawn = mr_on_ct(ct_found.vertebrae, mr, {f.verse: f.ct_from_mr for f in fit.levels})
    straight = build_mr(phantom, "T2")
    for truth in phantom.truth.values():
        near = truth.body.centre_lps_mm + np.random.default_rng(1).uniform(-8, 8, (60, 3))
        a, b = (_at(v, near) for v in (drawn, straight))
        assert np.corrcoef(a, b)[0, 1] > 0.5 or abs(a.mean() - b.mean()) < 0.1 * b.mean()
    assert (drawn.values == NOTHING).any()


def _at(volume: Volume, points: Any) -> Any:
    i, j, k = np.rint(volume.grid.indices_from_lps(points)).astype(int).T
    return volume.values[k, j, i].astype(float)


def test_a_shifted_count_is_found_and_told(bent: Any) -> None:
    phantom, _, mr, ct_found, mr_found, _ = bent
    names = {23: 22, 24: 23, 26: 24}
    levels = tuple(replace(a, verse=names[a.verse]) for a in mr_found.levels if a.verse in names)
    labels = np.zeros(256, np.uint8)
    for true, said in names.items():
        labels[true] = said
    vertebrae = replace(mr_found.vertebrae, labels=labels[mr_found.vertebrae.labels])
    fit = fuse(phantom.volume, ct_found, mr, replace(mr_found, levels=levels, vertebrae=vertebrae))
    assert {f.verse: f.mr_verse for f in fit.levels} == {22: None, 23: 22, 24: 23, 26: 24}
    plan = Plan(Source("1", "2", "3", "CT", "0"), (), ())
    fused = tuple(FusedLevel(f.verse, f.mr_verse, NUMBERS, 1.0, True) for f in fit.levels)
    told = with_fusion(plan, Fusion("1", "2", "3", "T2", NUMBERS, fused, fit.shift))
    assert COUNT_DIFFERS in [f.code for f in told.findings]
    assert COUNT_DIFFERS not in [f.code for f in with_fusion(told, None).findings]


def test_modic_suggestions_come_from_the_ct_s_endplates(bent: Any) -> None:
    phantom, pose, mr, ct_found, mr_found, fit = bent
    t1 = build_mr(phantom, "T1", pose=pose)
    fused = tuple(
        FusedLevel(f.verse, f.mr_verse, tuple(f.ct_from_mr.ravel()), f.residual_mm, f.trusted)
        for f in fit.levels
    )
    frame = mr.grid.frame_of_reference_uid
    study = ModicStudy({"T1": t1, "T2": mr}, {}, {}, mr_found)
    seen = seen_from_ct(study, Fusion("1", "2", frame, "T2", NUMBERS, fused), ct_found)
    assert seen is not None
    said = {place: s.kind for place, s in seen.suggestions.items()}
    assert said[23, "inferior"] == said[24, "superior"] == "1"
    assert said[24, "inferior"] == said[26, "superior"] == "2"
    assert said[22, "inferior"] == said[23, "superior"] == "0"
    assert seen_from_ct(study, Fusion("1", "2", "elsewhere", "T2", NUMBERS, fused), ct_found) is None


def test_endplates_of_an_mr_case_have_the_names_that_its_plan_has(bent: Any) -> None:
    phantom, pose, mr, _, mr_found, _ = bent
    study = ModicStudy({"T1": build_mr(phantom, "T1", pose=pose), "T2": mr}, {}, {}, mr_found)
    renamed = tuple(replace(a, verse=a.verse - 1) for a in mr_found.levels if a.verse in (22, 23, 24))
    plan_found = replace(mr_found, levels=renamed)
    case = SimpleNamespace(
        volume=mr, source=SimpleNamespace(frame_of_reference_uid=mr.grid.frame_of_reference_uid)
    )
    seen = named_by_case(study, case, plan_found)
    assert seen is not None
    said = {place: s.kind for place, s in seen.suggestions.items()}
    assert said[22, "inferior"] == said[23, "superior"] == "1", "of what L4 and L5 was before"
    elsewhere = SimpleNamespace(volume=mr, source=SimpleNamespace(frame_of_reference_uid="elsewhere"))
    assert named_by_case(study, elsewhere, plan_found) is None


def test_a_wrong_motion_is_not_trusted(bent: Any) -> None:
    from imaging.fusion.check import edge_points, surface_mm

    _, _, _, ct_found, mr_found, fit = bent
    level = fit.level(23)
    points = edge_points(mr_found, 23)
    assert points is not None
    off = np.eye(4)
    off[:3, 3] = [0, 4.0, 3.0]
    good, bad = (surface_mm(ct_found, 23, m @ level.ct_from_mr, points) for m in (np.eye(4), off))
    assert good < 1.5 < bad
    assert LevelFit(23, 23, np.eye(4), 1.0, 0.5, 0.5).trusted
    assert not LevelFit(23, 23, np.eye(4), 1.0, 3.0, 0.5).trusted
    assert not LevelFit(23, 23, np.eye(4), 1.0, 0.5, 3.0).trusted


def test_cancel_is_heard(bent: Any) -> None:
    phantom, _, mr, ct_found, mr_found, _ = bent
    calls: list[str] = []

    def stop() -> bool:
        calls.append("asked")
        return len(calls) > 12

    with pytest.raises(TaskCancelledError):
        fuse(phantom.volume, ct_found, mr, mr_found, CallbackProgress(lambda _f, _t: None, stop))


def test_kabsch_finds_a_rigid_motion() -> None:
    random = np.random.default_rng(3)
    points = random.normal(0, 30, (8, 3))
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    matrix = rigid_fit(points @ turn.T + [5, -3, 9], points, np.ones(8))
    assert np.allclose(moved(matrix, points), points @ turn.T + [5, -3, 9])


def test_patients_are_not_mixed() -> None:
    def case(**facts: str) -> Any:
        base = {
            "patient_id": "A1",
            "patient_name": "SPECIMEN^Anna",
            "patient_birth_date": "",
            "patient_sex": "F",
        }
        return SimpleNamespace(series=SimpleNamespace(**(base | facts)))

    require_same_patient(case(), case(patient_name="specimen^anna "))
    for facts in ({"patient_id": "B2"}, {"patient_name": "SPECIMEN^Bert"}, {"patient_sex": "M"}):
        with pytest.raises(PlannerError) as told:
            require_same_patient(case(), case(**facts))
        assert told.value.code == "other_patient"


def test_accepting_is_an_edit_that_undo_takes_back_and_files_keep(tmp_path: Path) -> None:
    session = PlanningSession()
    session.begin_plan(Plan(Source("1", "2", "3", "CT", "0"), (), ()))
    level = FusedLevel(23, 23, NUMBERS, 0.8, True, (1.0, 2.0, 3.0))
    fusion = Fusion("1", "9", "8", "T2 sagittal", NUMBERS, (level,))
    assert session.plan is not None
    session.commit("Accept the MR", with_fusion(session.plan, fusion))
    assert session.plan.fusion == fusion
    assert fusion_from_dict(fusion_to_dict(fusion)) == fusion
    session.undo()
    assert session.plan.fusion is None
