"""Names are never wrong in silence: what each kind of evidence leads to."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import VERSE_FROM_NAME
from imaging.progress import NULL_PROGRESS
from imaging.segmentation import canal_path, spine
from imaging.segmentation.canal_path import _stray_penalty
from imaging.segmentation.discs import Disc
from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.level_evidence import Beside, Reach, beside_bodies, lowest_ribbed
from imaging.segmentation.level_lean import LEAN_DEG, likeliest_lowest
from imaging.segmentation.naming import Naming, _by_anchor, _uneven, decide, name_levels
from imaging.segmentation.noise import calmed
from imaging.segmentation.sacrum import is_lumbosacral
from imaging.segmentation.spine import locate, model_bodies
from imaging.segmentation.straighten import straighten
from imaging.volume import Volume
from sample_dicom.parameters import PhantomParameters, level_shapes
from sample_dicom.phantom import build_phantom
from sample_dicom.variants import VARIANTS

T12, L4, L5, L6 = (VERSE_FROM_NAME[n] for n in ("T12", "L4", "L5", "L6"))
PROCESS = Beside(Reach(44, 69), Reach(42, 69))
RIB = Beside(Reach(69, 69), Reach(66, 69))
UNSEEN = Beside(Reach(44, 50), Reach(42, 50))


def _decide(beside, sacrum):
    return decide(beside, sacrum, [0.0] * len(beside))


def _codes(findings):
    return [f.code for f in findings if f.severity == "stop"]


def test_sacrum_and_ribs_that_agree_need_no_confirmation():
    lowest, evidence, findings = _decide([PROCESS] * 5 + [RIB] * 2, True)
    assert lowest == L5
    assert evidence.used == "sacrum and ribs"
    assert evidence.confidence > 0.95
    assert not _codes(findings)


@pytest.mark.parametrize(("free", "name", "other"), [(4, L4, L5), (6, L6, L5)])
def test_four_or_six_lumbar_vertebrae_show_both_numberings_and_ask(free, name, other):
    lowest, evidence, findings = _decide([PROCESS] * free + [RIB], True)
    assert lowest == name
    assert lowest + evidence.others[0].shift == other
    assert evidence.confidence < 0.6
    assert set(_codes(findings)) == {"lumbar_count_unusual", "level_count_unconfirmed"}
    assert "L5" in findings[0].text
    assert ("L4" if free == 4 else "L6") in findings[0].text


@pytest.mark.parametrize("free", [2, 3, 7, 8, 9])
def test_a_count_that_no_spine_has_is_asked_about_and_the_sacrum_believed(free):
    lowest, evidence, findings = _decide([PROCESS] * free + [RIB], True)
    assert (lowest, evidence.used) == (L5, "sacrum")
    assert _codes(findings) == ["level_count_unconfirmed"]
    assert "missed or counted twice" in findings[0].text


def test_six_without_ribs_above_the_sacrum_may_be_stunted_ribs():
    lowest, evidence, findings = _decide([PROCESS] * 6, True)
    assert lowest == L5
    assert evidence.others[0].shift == 1
    assert "lumbar_count_unusual" in _codes(findings)


def test_a_process_fused_to_the_sacrum_is_transitional_even_where_the_count_agrees():
    fused = Beside(PROCESS.left, PROCESS.right, ("left",))
    _, evidence, findings = _decide([fused, *[PROCESS] * 4, RIB], True)
    assert {"transitional_vertebra", "level_count_unconfirmed"} <= set(_codes(findings))
    assert "on the left" in next(f.text for f in findings if f.code == "transitional_vertebra")
    assert evidence.others


def test_a_chest_is_named_by_its_ribs_and_told_to_be_one():
    lowest, evidence, findings = _decide([PROCESS, PROCESS, RIB, RIB, RIB], False)
    assert lowest == VERSE_FROM_NAME["L2"]
    assert evidence.used == "ribs"
    assert "level_count_unconfirmed" in _codes(findings)
    assert "T12, L1, L2" in next(f.text for f in findings if f.code == "chest_ct")


def test_neither_end_in_view_is_a_guess_that_says_so():
    _, evidence, findings = _decide([UNSEEN] * 4, False)
    assert evidence.used == "none"
    assert evidence.confidence <= 0.3
    assert "guess" in findings[0].text


@pytest.mark.parametrize(
    ("leans_deg", "lowest", "words"),
    [
        ([25.0, 10.0], "L5", "most like L4 to L5"),
        ([9.0, -2.0, -11.0], "L4", "perhaps L2 to L4"),
        ([-1.0], "L3", "perhaps L3"),
        ([-10.0, -15.0, -20.0], "L3", "most like L1 to L3"),
        ([24.0, 9.0, 0.0, -8.0, -12.0, -14.0, -14.0], "L5", "most like L1 to L5"),
    ],
)
def test_where_neither_end_is_in_view_the_lordosis_makes_the_guess(leans_deg, lowest, words):
    named, evidence, findings = decide([UNSEEN] * len(leans_deg), False, leans_deg)
    assert named == VERSE_FROM_NAME[lowest]
    assert evidence.used == "none"
    assert evidence.confidence <= 0.3
    assert _codes(findings) == ["level_count_unconfirmed"]
    assert f"they are {words}." in findings[0].text


def test_a_patient_who_lies_tilted_is_not_named_as_if_sure():
    """All numberings of a spine of usual leans, 15 degrees as a whole more or less: 0.65 to 0.99 before."""
    wrong = []
    for tilt_deg in (-15.0, 15.0):
        for n in range(1, 5):
            for first in range(0, 6 - n):
                leans = [LEAN_DEG[L5 - first - m] + tilt_deg for m in range(n)]
                lowest, share = likeliest_lowest(leans)
                wrong += [share] * (lowest != L5 - first)
    assert len(wrong) > 10
    assert max(wrong) < 0.6
    assert np.median(wrong) < 0.5


def test_the_lean_of_every_phantom_vertebra_alone_names_a_whole_lumbar_spine():
    shapes = level_shapes(PhantomParameters())
    leans = [shapes[v].pitch_deg for v in range(L5, T12, -1)]
    for n in range(2, 6):
        for first in range(0, 6 - n):
            assert likeliest_lowest(leans[first : first + n])[0] == L5 - first


CUT_RIB = Beside(Reach(60, 22), Reach(48, 22))


@pytest.mark.parametrize("beside", [[RIB] * 3, [UNSEEN, RIB, RIB], [CUT_RIB, RIB]])
def test_a_chest_without_a_lumbar_vertebra_in_view_is_told_to_be_one_and_asked(beside):
    lowest, evidence, findings = _decide(beside, False)
    assert lowest == (VERSE_FROM_NAME["L1"] if beside[0] is UNSEEN else VERSE_FROM_NAME["T12"])
    assert evidence.confidence <= 0.3
    assert _codes(findings) == ["level_count_unconfirmed"]
    assert "chest_ct" in {f.code for f in findings}


@pytest.mark.parametrize(
    ("beside", "name"),
    [
        ([RIB, *[UNSEEN] * 4], "L5"),
        ([UNSEEN, RIB, UNSEEN, RIB], "L4"),
        ([*[UNSEEN] * 3, RIB, RIB], "L3"),
        ([*[UNSEEN] * 5, RIB, RIB], "L5"),
        ([*[UNSEEN] * 7, RIB, RIB], "L5"),
        ([*[UNSEEN] * 8, RIB, RIB], "L5"),
        ([*[PROCESS] * 7, RIB, RIB], "L5"),
    ],
)
def test_a_lumbar_ct_is_not_told_to_be_a_chest_and_no_name_lies_below_the_spine(beside, name):
    lowest, evidence, findings = _decide(beside, False)
    assert lowest == VERSE_FROM_NAME[name]
    assert evidence.confidence <= 0.3
    assert [f.code for f in findings] == ["level_count_unconfirmed"]


@pytest.mark.parametrize(
    "beside",
    [
        [PROCESS, PROCESS],
        [RIB, RIB],
        [RIB, PROCESS, PROCESS],
        [PROCESS, UNSEEN, RIB],
        [PROCESS, RIB, PROCESS],
        [Beside(Reach(53, 69), Reach(53, 69)), Beside(Reach(57, 69), Reach(57, 69))],
    ],
)
def test_only_ribs_that_begin_at_the_top_and_outreach_the_processes_count(beside):
    assert lowest_ribbed(beside) is None


def test_a_missed_disc_shows_as_a_vertebra_twice_as_tall():
    def disc(z):
        return Disc(z, np.array([0.0, 0, z]), np.array([0.0, 0, 1]), 8, 100)

    even = [disc(z) for z in (0, 36, 72, 107, 141)]
    assert not _uneven(even, L5)
    missed = [disc(z) for z in (0, 36, 107, 141, 175)]
    assert _codes(_uneven(missed, L5)) == ["level_spacing_uneven", "level_count_unconfirmed"]


def test_ribs_and_fusion_are_seen_in_the_image():
    phantom = build_phantom(VARIANTS["sacralised_left"].cropped(spacing_mm=1.5, slice_mm=1.5))
    iso, _, discs = locate(calmed(phantom.volume), NULL_PROGRESS)
    bodies, sacral = model_bodies(iso, discs, NULL_PROGRESS)
    beside = beside_bodies(iso, bodies, sacral is not None)
    assert [b.ribs for b in beside[1:]] == ["none"] * 4 + ["both"]
    assert beside[0].fused == ("left",)


def test_a_path_that_swerves_aside_near_its_end_is_held_to_its_course():
    straight = 60 + 0.2 * np.arange(50.0)
    columns = np.arange(0.0, 150.0, 3.0)
    assert _stray_penalty(straight, 3.0, columns) is None
    bent = straight + 10 * np.sin(np.arange(50) / 15)
    assert _stray_penalty(bent, 3.0, columns) is None
    swerved = straight.copy()
    swerved[:8] = straight[:8] - 20
    penalty = _stray_penalty(swerved, 3.0, columns)
    assert penalty is not None
    assert not penalty[14:].any()
    assert columns[penalty[3].argmin()] == pytest.approx(straight[3], abs=5)
    assert penalty[3, int(swerved[3] / 3)] > 2


@pytest.mark.parametrize("tilts", [(41, 31, 18), (36, 33, 19)])
def test_a_spine_that_leans_all_over_still_shows_its_last_disc(tilts):
    def disc(n, tilt):
        a = np.deg2rad(tilt)
        return Disc(30.0 * n, np.array([0.0, 0, 30 * n]), np.array([0.0, -np.sin(a), np.cos(a)]), 6, 90)

    empty = IsoVolume(np.full((4, 4, 4), -1000, np.float32), np.zeros(3), np.ones(3))
    assert is_lumbosacral(empty, [disc(n, tilt) for n, tilt in enumerate(tilts)])
    for upper in ((24, 14, 3), (34, 23)):
        assert not is_lumbosacral(empty, [disc(n, tilt) for n, tilt in enumerate(upper)])


def test_a_rival_run_that_fails_does_not_end_the_search(monkeypatch):
    good = np.array([[0.0, 0, z] for z in range(60)])
    discs = [Disc(z, np.array([0.0, 0, z]), np.array([0.0, 0, 1]), 8, 100) for z in (10, 40)]

    def along(volume, canal, progress):
        if len(canal) == 1:
            straighten(empty, canal)
        return "iso", "spine", discs

    empty = IsoVolume(np.full((4, 4, 4), -1000, np.float32), np.zeros(3), np.ones(3))
    volume = Volume(VolumeGrid((4, 4, 4), np.eye(4)), np.zeros((4, 4, 4), np.int16))
    monkeypatch.setattr(spine, "_along", along)
    for canals in ([good[:1], good], [good, good[:1]]):
        monkeypatch.setattr(spine, "find_canals", lambda *_, canals=canals: canals)
        assert locate(calmed(volume), NULL_PROGRESS)[2] == discs
    monkeypatch.setattr(spine, "find_canals", lambda *_: [good[:1]] * 2)
    with pytest.raises(PlannerError, match="too short"):
        locate(calmed(volume), NULL_PROGRESS)


def test_a_run_too_short_once_it_is_steadied_is_no_canal(monkeypatch):
    coarse = IsoVolume(np.full((40, 60, 60), 0, np.float32), np.zeros(3), np.array([1.5, 1.5, 3.0]))
    monkeypatch.setattr(canal_path, "_good_runs", lambda reward, length: [(0, 39), (0, 19)])
    monkeypatch.setattr(
        canal_path, "_steadied", lambda path, reward, run, *_: run[: 40 if len(run) == 40 else 3]
    )
    assert [len(line) for line in canal_path.find_canals(coarse, NULL_PROGRESS)] == [118]
    monkeypatch.setattr(canal_path, "_steadied", lambda path, reward, run, *_: run[:1])
    with pytest.raises(PlannerError, match="No spine was found"):
        canal_path.find_canals(coarse, NULL_PROGRESS)


def _body(holds: bool) -> SimpleNamespace:
    return SimpleNamespace(
        frame=SimpleNamespace(to_local=lambda point: point), contains=lambda _p: np.array([holds])
    )


def _in_the(nth: int, name: str) -> int:
    """The lowest body's number where a point of ``name`` lies in the nth of four bodies from below."""
    bodies = [_body(n == nth) for n in range(4)]
    return _by_anchor(bodies, None, (VERSE_FROM_NAME[name], np.zeros(3)))


def test_a_point_that_would_number_vertebrae_beyond_l6_is_refused() -> None:
    assert _in_the(0, "L5") == VERSE_FROM_NAME["L5"]
    assert _in_the(1, "L5") == VERSE_FROM_NAME["L6"]
    assert _in_the(3, "L3") == VERSE_FROM_NAME["L6"]
    for nth, name in ((2, "L5"), (3, "L5"), (3, "L4")):
        with pytest.raises(PlannerError) as told:
            _in_the(nth, name)
        assert told.value.code == "anchor_contradicts"


def _named_by(nth: int, name: str, sacrum: bool = True, discs: tuple[Disc, ...] = ()) -> Naming:
    """Five bodies, above a sacrum or not, where a point of ``name`` lies in the nth (-1: in S1)."""
    bodies = [_body(n == nth) for n in range(5)]
    sacral = _body(nth == -1) if sacrum else None
    return name_levels(None, list(discs), bodies, sacral, (VERSE_FROM_NAME[name], np.zeros(3)))


@pytest.mark.parametrize(
    ("nth", "name", "by_sacrum", "numbers"),
    [
        (0, "L1", "L5", (26, 20, 19, 18, 17, 16)),
        (0, "L4", "L5", (26, 23, 22, 21, 20, 19)),
        (1, "L5", "L4", (26, 25, 24, 23, 22, 21)),
        (2, "L2", "L3", (26, 23, 22, 21, 20, 19)),
    ],
)
def test_a_point_against_a_sacrum_that_is_seen_is_asked_about_with_both_names(
    nth: int, name: str, by_sacrum: str, numbers: tuple[int, ...]
) -> None:
    naming = _named_by(nth, name)
    assert naming.numbers == numbers
    assert _codes(naming.findings) == ["level_count_unconfirmed"]
    assert f"is {name}, counted up from the sacrum it is {by_sacrum}." in naming.findings[0].text
    (other,) = naming.evidence.others
    assert VERSE_FROM_NAME[name] + other.shift == VERSE_FROM_NAME[by_sacrum]
    assert max(naming.confidence.values()) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("nth", "name", "sacrum"), [(0, "L5", True), (3, "L2", True), (-1, "S1", True), (0, "L3", False)]
)
def test_a_point_that_nothing_contradicts_settles_the_names(nth: int, name: str, sacrum: bool) -> None:
    naming = _named_by(nth, name, sacrum)
    assert naming.findings == ()
    assert (naming.evidence.used, naming.evidence.confidence) == ("anchor", 0.98)


def test_a_point_for_s1_above_the_sacrum_that_is_seen_is_refused() -> None:
    with pytest.raises(PlannerError, match="above the sacrum that is seen"):
        _named_by(1, "S1")


def test_a_vertebra_of_odd_height_is_told_although_a_point_was_given() -> None:
    up = np.array([0.0, 0, 1])
    discs = tuple(Disc(z, np.array([0.0, 0, z]), up, 8, 100) for z in (0, 36, 107, 141, 175))
    assert "level_spacing_uneven" in _codes(_named_by(0, "L5", discs=discs).findings)
