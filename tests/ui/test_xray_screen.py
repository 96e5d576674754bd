"""The X-ray screen on the made-up case: pair of pictures, found views, moves by hand, checkpoints."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_case import FakeSeries
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QPushButton

from imaging.geometry.carm_profiles import FIXED
from planner.report.checkpoints import advanced_to
from planner.services.real_xray import RealXray
from planner.services.render_fluoro import planned_tools
from ui.views.paint import plate
from ui.views.xray import real_window as real_xrays
from ui.views.xray import strip as strip_view
from ui.views.xray.real_window import RealXrayWindow

pytestmark = pytest.mark.gui


@pytest.fixture
def screen(planned, qtbot):
    """The screen in front, with its pictures made."""
    planned.go("xray")
    widget = planned.host.widget("xray")
    ready = lambda: len(widget.presenter.pictures) == 2 and len(widget.presenter.strip) > 0  # noqa: E731
    qtbot.waitUntil(ready, timeout=60_000)
    return widget


def test_before_there_is_a_plan_the_screen_claims_no_side_and_nothing_under_way(window, services, qtbot):
    services.planning_s = 20.0
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: window.session.segmentation is not None, timeout=60_000)
    window.go("xray")
    widget = window.host.widget("xray")
    assert window.session.plan is None
    assert not widget.left.chip.isVisible()
    words = [w.text() for w in widget.right.findChildren(QLabel)]
    assert "Checkpoints appear with a planned trajectory." in words
    assert not any("Making" in w or "Moved by hand" in w for w in words)
    window.tasks.cancel_all()


def test_pair_views_and_checkpoints(screen, qtbot):
    p = screen.presenter
    assert [v.view for v in p.views] == ["ap", "lateral", "oblique", "en_face"]
    assert {m: p.pictures[m].pixels.shape for m in ("ap", "lateral")} == {
        "ap": (768, 768),
        "lateral": (768, 768),
    }
    assert p.pictures["ap"].dose.air_kerma_mgy > 0
    assert len(screen.strip.cards) == len(p.strip) >= 3
    assert {strip.stamp for strip in p.strip} == {"SIMULATED"}
    screen.strip.cards[0].chosen.emit(0)
    assert p.case.depth_mm == pytest.approx(p.strip[0].station.depth_mm)
    assert p.selected_station() == 0


def test_keys_move_the_c_arm_and_sliders_keep_to_its_reach(screen, qtbot):
    p = screen.presenter
    p.reduce_motion = True
    p.go_to(2)
    assert p.active == "ap"
    oblique = p.views[2].pose
    assert p.poses["ap"].primary_deg == pytest.approx(oblique.primary_deg)
    p.set_angles(-90.0, 70.0)
    assert p.angles("ap") == pytest.approx((-p.carm.reach.right_deg, p.carm.reach.cephalad_deg))
    assert p.view_of("ap") is None
    moved = lambda: p.pictures["ap"].projection.pose.secondary_deg == pytest.approx(45)  # noqa: E731
    qtbot.waitUntil(moved, timeout=30_000)


def test_a_move_is_animated_and_ends_at_the_view(screen, qtbot):
    p = screen.presenter
    p.go_to(0)
    p.set_angles(20.0, 0.0)
    p.go_to(0)
    qtbot.waitUntil(lambda: p.poses["ap"] is p.views[0].pose, timeout=10_000)


def test_outlines_lie_on_the_anatomy(screen):
    p = screen.presenter
    kinds = {o.kind for o in p.outlines("ap")}
    assert {"pedicle", "endplate", "posterior_wall", "tool_axis", "target", "lesion"} <= kinds
    left = next(o for o in p.outlines("ap") if o.kind == "pedicle" and o.side == "left")
    columns = p.pictures["ap"].projection.carm.columns
    assert left.points_px[:, 0].mean() < columns / 2, "the patient's left is on the left"
    p.turn(flip=True)
    assert p.poses["ap"].flipped
    assert np.isfinite(left.points_px).all()


def test_the_monitor_paints_picture_and_outlines(screen):
    monitor = screen.monitors[0]
    image = monitor.grab().toImage()
    colours = {image.pixelColor(x, image.height() // 2).name() for x in range(0, image.width(), 3)}
    assert len(colours) > 20
    screen.presenter.set_overlays(False)
    plain = monitor.grab().toImage()
    assert plain != image


def test_collimator_lowers_the_dose_and_another_arm_has_another_reach(screen, qtbot):
    p, left = screen.presenter, screen.left
    before = p.pictures["ap"]
    left.shutters.combo.setCurrentIndex(2)
    qtbot.waitUntil(lambda: p.pictures["ap"] is not before, timeout=30_000)
    assert p.pictures["ap"].dose.dap_gy_cm2 < 0.5 * before.dose.dap_gy_cm2
    assert p.pictures["ap"].pixels[384, 20] == 0, "closed blades are black"
    left.mag.combo.setCurrentIndex(2)
    left.arm.combo.setCurrentIndex(1)
    fixed = lambda: p.pictures["ap"].projection.carm.sid_mm == FIXED.sid_mm  # noqa: E731
    qtbot.waitUntil(fixed, timeout=30_000)
    assert p.carm.pixel_mm == pytest.approx(FIXED.pixel_mm / 2)
    p.set_angles(-90.0, 0.0)
    assert p.angles("ap")[0] == pytest.approx(-90.0)


def test_a_moving_picture_is_the_engines_own_and_comes_composed(screen, qtbot):
    """The two stages change no pixel, and the monitor has nothing left to draw but letters."""
    p = screen.presenter
    p.set_angles(12.0, 3.0)
    moving = lambda: p.pictures["ap"].projection.carm.columns == 512  # noqa: E731
    qtbot.waitUntil(moving, timeout=30_000)
    picture, composed = p.pictures["ap"], p.composed["ap"]
    assert composed.picture is picture
    assert composed.lines is p.lines()
    tools = planned_tools(advanced_to(p.case.trajectory, p.case.depth_mm))
    for seed in range(p._seed, p._seed - 4, -1):  # the still one is asked for meanwhile
        settings = replace(p.settings, seed=seed)
        again = p.engine().take(picture.projection.pose, settings, tools, picture.projection.carm)
        if (again.pixels == picture.pixels).all():
            break
    else:
        pytest.fail("no seed gives the picture shown")
    qtbot.waitUntil(lambda: not moving(), timeout=30_000)


def real_window(screen, tmp_path, count=1, **changes):
    """The window with pictures that are shown on the screen, as if they were real ones."""
    p = screen.presenter
    pictures = []
    for monitor in ("ap", "lateral")[:count]:
        shown = p.pictures[monitor]
        carm, pose = shown.projection.carm, shown.projection.pose
        pictures.append(
            RealXray(
                path=tmp_path / "xa.dcm",
                pixels=shown.pixels.astype(np.float32),
                angles_deg=(pose.primary_deg, pose.secondary_deg),
                sid_mm=carm.sid_mm,
                sod_mm=carm.sod_mm,
                pixel_mm=carm.pixel_mm,
                assumed=(),
                patient="made up",
                date="20250115",
                kind="XA",
            )
        )
    pictures = [replace(picture, **changes) for picture in pictures]
    window = RealXrayWindow(screen, screen.context, p, pictures)
    window.show()
    return window


def test_real_xrays_open_beside_simulated_ones_and_each_can_be_enlarged(screen, tmp_path, qtbot):
    window = real_window(screen, tmp_path)
    assert not window.button.isEnabled(), "one picture alone does not tell the depth"
    assert window.button.toolTip()
    qtbot.waitUntil(lambda: window.made[0].pixels is not None, timeout=30_000)
    window.frames[0].enlarge.emit()
    assert [f.isVisible() for f in window.frames] == [True, False]
    window.frames[0].enlarge.emit()
    assert [f.isVisible() for f in window.frames] == [True, True]


def words_painted(canvas, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        real_xrays, "plate", lambda p, at, text, *rest: drawn.append(text) or plate(p, at, text, *rest)
    )
    canvas.grab()
    return drawn


def test_a_real_xray_stays_with_the_level_it_was_opened_for(screen, planned, tmp_path, qtbot, monkeypatch):
    session = planned.session
    name = screen.presenter.case.title()
    one = session.plan.level(session.selection.verse)
    target = replace(one.target, centre_lps_mm=tuple(np.array(one.target.centre_lps_mm) + 20.0))
    next_one = replace(one, verse=one.verse + 1, target=target)
    session.commit("Another level", replace(session.plan, levels=(*session.plan.levels, next_one)))
    window = real_window(screen, tmp_path, 2)
    qtbot.waitUntil(lambda: window.made[0].pixels is not None, timeout=30_000)
    before, seen = window.projection(0), window.real[0].grab().toImage()
    session.select(next_one.verse, session.selection.side)
    assert screen.presenter.case.title() != name
    assert window.real[0].grab().toImage() == seen, "the same outlines at the same place"
    np.testing.assert_array_equal(window.projection(0).source_lps_mm, before.source_lps_mm)
    assert any(words.startswith(name) for words in words_painted(window.made[0], monkeypatch))
    window.fit = SimpleNamespace(accepted=True, moved_from_ct=np.eye(4))
    window.state.setText("It fits.")
    window.place(np.array([3.0, 0, 0]))
    assert window.fit is None
    assert "Drag the outline" in window.state.text(), "nothing is claimed of what was moved since"
    session.revise("Rename", replace(session.segmentation), session.plan)
    assert not window.isVisible(), "what was found is another thing now"


def test_left_and_right_of_a_real_xray_are_doubted_until_its_file_tells(screen, tmp_path, monkeypatch):
    window = real_window(screen, tmp_path)
    assert {"L?", "R?"} <= set(words_painted(window.real[0], monkeypatch))
    told = real_window(screen, tmp_path, rightwards_lps=(-1.0, 0.0, 0.0))
    assert {"L", "R"} <= set(words_painted(told.real[0], monkeypatch))
    pixels = told.real[0].pixels.copy()
    next(b for b in told.frames[0].findChildren(QPushButton) if b.text() == "Mirror").click()
    np.testing.assert_array_equal(told.real[0].pixels, pixels[:, ::-1])
    assert {"L?", "R?"} <= set(words_painted(told.real[0], monkeypatch)), "against what the file says"


def test_passing_by_the_angles_of_a_real_xray_enters_none(screen, tmp_path):
    window = real_window(screen, tmp_path, angles_deg=None)
    first, second = window.findChildren(QDoubleSpinBox)
    first.editingFinished.emit()  # as when the focus leaves it
    assert window.pictures[0].angles_deg is None
    second.setValue(5.0)
    second.editingFinished.emit()
    assert window.pictures[0].words == "AP, cephalad 5°"


@pytest.mark.parametrize("width", [150, 190])
def test_small_pictures_say_what_they_are_within_their_frame(screen, monkeypatch, width):
    drawn = []
    plate = strip_view.plate

    def noted(p, at, text, *rest):
        rect = plate(p, at, text, *rest)
        drawn.append((text, rect))
        return rect

    monkeypatch.setattr(strip_view, "plate", noted)
    pair = strip_view.Pair(replace(screen.presenter.strip[0], stamp="FROM MR\nSIMULATED"))
    pair.setFixedSize(width, 120)
    pair.grab()
    stamps = [rect for text, rect in drawn if text == "FROM MR\nSIMULATED"]
    half = (width - 4) / 2
    assert [rect.left() >= n * (half + 4) and rect.right() <= n * (half + 4) + half
            for n, rect in enumerate(stamps)] == [True, True]  # fmt: skip
