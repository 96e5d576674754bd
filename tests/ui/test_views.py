"""What the views show, read from their pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QWidget

from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume
from ui.settings.preferences import preference
from ui.views import depth_strip, paint, planes, xray_view
from ui.views.detail_parts import AgainBlock
from ui.views.paint import clear_of, scale_bar
from ui.vtk.sampler import PlaneSampler
from ui.vtk.volume_picture import thinned
from ui.widgets import say_in_place

pytestmark = pytest.mark.gui


def pixels(widget) -> np.ndarray:
    """(h, w, 3) uint8 of what the widget shows."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_axial_is_turned_not_mirrored(planned):
    p = planned.presenter
    p.set_overlays(False)
    p.crosshair = False
    p.set_cursor(np.array([30.0, 20.0, 0.0]))
    view = planned.screen.axial
    bright = (pixels(view).min(axis=2) > 225).astype(float)
    ys, xs = np.nonzero(bright)
    x, y, off = view.to_px(np.array([30.0, 20.0, 0.0]))
    assert abs(off) < 1e-6
    assert x < view.width() / 2, "the patient's left is on the left"
    near = (abs(xs - x) < 15) & (abs(ys - y) < 15)
    assert near.sum() > 60, "the marker is bright where the plane says it is"
    plane = view.plane()
    assert planes.letters(plane) == ("L", "R", "P", "A")
    assert np.linalg.det(np.stack([plane.right, plane.down, plane.normal])) == pytest.approx(1.0)


def test_letters_of_the_other_slices(planned):
    screen = planned.screen
    assert planes.letters(screen.sagittal.plane()) == ("A", "P", "S", "I")
    screen.third.set_kind("coronal")
    assert planes.letters(screen.third.plane()) == ("L", "R", "S", "I")
    screen.third.set_kind("tool")
    assert planes.letters(screen.third.plane()) == ("L", "R", "S", "I")


def test_3d_shows_bone_and_tool(planned):
    picture = pixels(planned.screen.view3d)
    assert picture.std() > 15
    cyan = (picture[..., 2] > 130) & (picture[..., 1] > 120) & (picture[..., 0] < 0.7 * picture[..., 2])
    assert cyan.sum() > 300
    left_half = cyan[:, : picture.shape[1] // 2].sum()
    assert left_half > 0.8 * cyan.sum(), "the left tool comes from the left"


def test_whole_spine_from_behind_keeps_left_on_the_left(planned):
    view = planned.screen.view3d
    view.set_cut(False)
    picture = pixels(view)
    cyan = (picture[..., 2] > 130) & (picture[..., 0] < 0.7 * picture[..., 2])
    assert cyan.any()
    camera = view.renderer.GetActiveCamera()
    right = np.cross(camera.GetDirectionOfProjection(), camera.GetViewUp())
    assert planes.letter(right) == "R"


def test_xray_has_left_on_the_left_and_the_target_in_place(planned):
    pane = planned.screen.ap
    picture = planned.presenter.xrays["ap"]
    assert planes.letter(-picture.projection.u_lps) == "L"
    x, y = pane.to_px(np.array(planned.presenter.trajectory.bone_entry_lps_mm))
    assert x < pane.width() / 2
    x, y = pane.to_px(np.array(planned.presenter.level.target.centre_lps_mm))
    shown = pixels(pane)[int(y) - 14 : int(y) + 15, int(x) - 14 : int(x) + 15].astype(int)
    yellow = (shown[..., 0] > 200) & (shown[..., 1] > 200) & (shown[..., 2] < 140)
    assert yellow.sum() > 10


def test_pixels_and_lps_agree_both_ways(planned):
    view = planned.screen.sagittal
    for at in (QPointF(20, 30), QPointF(200, 150)):
        x, y, off = view.to_px(view.lps_at(at))
        assert (x, y) == pytest.approx((at.x(), at.y()), abs=1e-6)
        assert abs(off) < 1e-9


def test_sampler_agrees_with_the_voxels(services):
    volume = services.volume
    sampler = PlaneSampler(volume.values, volume.grid, -1024)
    plane = planes.axial(volume.grid.lps_from_indices([54, 44, 20]), None)
    got = sampler.sample(plane, -10, -8, 1.0, 21, 17)
    want = volume.values[20, 44 - 8 : 44 + 9, 54 - 10 : 54 + 11][::-1, ::-1]
    assert np.array_equal(got, want)


def test_click_moves_the_crosshair_of_all_views(planned, qtbot):
    view = planned.screen.sagittal
    at = QPoint(view.width() // 2 + 60, view.height() // 2 + 40)
    want = view.lps_at(QPointF(at))
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    assert planned.presenter.cursor_lps_mm == pytest.approx(want, abs=1e-6)
    planned.screen.axial.grab()
    assert abs(planned.screen.axial.to_px(planned.presenter.cursor_lps_mm)[2]) < 1e-6


def test_dragging_the_entry_edits_and_undo_takes_it_back(planned, qtbot):
    p, view = planned.presenter, planned.screen.axial
    p.set_depth(0.0)
    view.grab()
    before = p.trajectory
    x, y, _ = view.to_px(np.array(before.bone_entry_lps_mm))
    start, end = QPoint(int(x), int(y)), QPoint(int(x) - 20, int(y))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(view, start - QPoint(8, 0))
    moving = view.lps_at(QPointF(end)) - view.lps_at(QPointF(start))
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    for step in (QPointF(start) - QPointF(8, 0), QPointF(end)):
        QApplication.sendEvent(
            view,
            QMouseEvent(
                QEvent.Type.MouseMove,
                step,
                view.mapToGlobal(step),
                Qt.MouseButton.NoButton,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            ),
        )
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: planned.session.history.undo_label is not None, timeout=3000)
    assert planned.session.history.undo_label == "Move entry, L4 left"
    moved = np.array(p.trajectory.bone_entry_lps_mm) - np.array(before.bone_entry_lps_mm)
    assert moved == pytest.approx(moving, abs=1e-6)
    assert moved[0] > 2, "to the left of the picture is to the patient's left"
    assert p.trajectory.tip_lps_mm == pytest.approx(before.tip_lps_mm, abs=0.2), "the tip stays"
    planned.undo_action.trigger()
    assert p.trajectory == before


def test_the_targets_ring_is_a_handle_of_the_tip(planned, qtbot):
    """The tip ends a few millimetres past the ring; whoever pulls at the ring moves it all the same."""
    p, view = planned.presenter, planned.screen.axial
    before, ring = p.trajectory, np.array(p.level.target.centre_lps_mm)
    view.view_mm = 400.0  # far off: the tip's own handle would cover the ring
    at = QPointF(*view.to_px(ring)[:2])
    assert view._grip_at(at) == "target"
    assert not clear_of(QPointF(*view.to_px(p.handle_point("target"))[:2]), at)
    xray = planned.screen.ap
    assert xray._grip_at(QPointF(*xray.to_px(ring))) == "target"
    start, end = at.toPoint(), at.toPoint() + QPoint(0, -12)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=start)
    for y in (-6, -12):
        step = QPointF(start) + QPointF(0, y)
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        move = QMouseEvent(
            QEvent.Type.MouseMove, step, view.mapToGlobal(step), none, left, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(view, move)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: planned.session.history.undo_label == "Move tip, L4 left", timeout=3000)
    assert p.trajectory.tip_lps_mm[1] > before.tip_lps_mm[1] + 2, "up in the picture is to posterior"


def test_who_stands_at_the_target_stays_there_when_the_tool_becomes_longer(planned, qtbot):
    p = planned.presenter
    p.set_depth(p.length_mm())
    p.drag("target", np.add(p.trajectory.tip_lps_mm, (0.0, 2.0, 0.0)), True)
    qtbot.waitUntil(lambda: planned.session.history.undo_label is not None, timeout=3000)
    assert p.depth_mm == pytest.approx(p.length_mm())
    planned.undo_action.trigger()
    assert p.depth_mm == pytest.approx(p.length_mm())


def test_a_press_under_three_pixels_moves_nothing(planned, qtbot):
    p, view = planned.presenter, planned.screen.axial
    p.set_depth(0.0)
    view.grab()
    before = p.trajectory
    x, y, _ = view.to_px(np.array(before.bone_entry_lps_mm))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(int(x), int(y)))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(int(x) + 1, int(y)))
    qtbot.wait(50)
    assert p.trajectory == before
    assert planned.session.history.undo_label is None


def test_depth_strip_leads_the_cursor(planned):
    p = planned.presenter
    p.set_depth(10.0)
    point, _ = p.at_depth(10.0)
    assert p.cursor_lps_mm == pytest.approx(point, abs=1e-6)
    names = [name for name, _ in p.checkpoints()]
    assert names[0] == "Docking"
    assert names[-1] == "Target"
    assert "Posterior wall" in names


def test_the_posterior_wall_keeps_its_name_where_the_names_lie_too_close(planned, monkeypatch):
    drawn = []

    class Noted(QPainter):
        def drawText(self, *arguments):
            drawn.append(arguments[-1])
            super().drawText(*arguments)

    marks = [("Docking", 0.0), ("Mid-pedicle", 20.0), ("Posterior wall", 20.4), ("Target", 40.0)]
    monkeypatch.setattr(planned.presenter, "checkpoints", lambda: marks)
    monkeypatch.setattr(depth_strip, "QPainter", Noted)
    planned.screen.strip.grab()
    assert {"Docking", "Posterior wall", "Target"} <= set(drawn)
    assert "Mid-pedicle" not in drawn


def test_enlarge_and_back(planned):
    screen = planned.screen
    screen.toggle_large(3)
    assert screen.frames[3].isVisible()
    assert not screen.frames[0].isVisible()
    screen.toggle_large(3)
    assert all(frame.isVisible() for frame in screen.frames) or screen._kind() == "four"


def test_3d_point_to_pixel_agrees_with_the_picture(planned):
    view = planned.screen.view3d
    target = planned.presenter.level.target.centre_lps_mm
    view.scene.show_level(99, None)
    for actor in view.scene._bones.values():
        actor.SetVisibility(False)
    planned.presenter.set_overlays(False)
    view._render()
    x, y = view.to_px(target)
    picture = view._pixels[..., :3].astype(int)
    yellow = (picture[..., 0] > 150) & (picture[..., 1] > 140) & (picture[..., 2] < 120)
    ys, xs = np.nonzero(yellow)
    assert len(xs) > 5
    assert np.hypot(xs.mean() - x, ys.mean() - y) < 6


def test_the_images_are_shown_in_3d_by_ray_casting_and_cut_with_the_tool(planned, qtbot):
    view, button = planned.screen.view3d, planned.screen.ray
    qtbot.waitUntil(lambda: view.ready, timeout=20000)
    view.grab()
    surface = view._pixels.copy()
    button.click()
    qtbot.waitUntil(lambda: view.scene.volume is not None, timeout=20000)
    view.request_render()
    view.grab()
    assert (view._pixels != surface).any()
    assert not any(actor.GetVisibility() for actor in view.scene._bones.values())
    assert view.scene.volume.GetMapper().GetClippingPlanes().GetNumberOfItems() == 1
    button.click()
    assert view.scene.volume is None
    assert any(actor.GetVisibility() for actor in view.scene._bones.values())


def test_a_large_image_is_thinned_where_it_is_finest():
    grid = VolumeGrid.from_parts((20, 40, 60), (1.0, 2.0, 3.0), (0.5, 0.5, 2.0))
    values, thin = thinned(Volume(grid, np.zeros(grid.shape_kji, np.int16)), 12_000)
    assert values.shape == thin.shape_kji == (20, 20, 30)
    np.testing.assert_allclose(thin.lps_from_indices([1, 1, 1]), grid.lps_from_indices([2, 2, 1]))


def test_the_mouse_follows_the_preset(planned, qtbot):
    view, p = planned.screen.axial, planned.presenter
    preset = preference("mouse/preset")

    def drag(button) -> tuple[float, tuple[float, float]]:
        middle = view.rect().center()
        QTest.mousePress(view, button, pos=middle)
        for step in (10, 60):
            at = QPointF(middle + QPoint(0, step))
            moved = QMouseEvent(
                QEvent.Type.MouseMove, at, at, Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier
            )
            QApplication.sendEvent(view, moved)
        QTest.mouseRelease(view, button, pos=middle + QPoint(0, 60))
        return view.view_mm, p.window_level

    size, look = view.view_mm, p.window_level
    assert drag(Qt.MouseButton.RightButton)[0] == size
    assert p.window_level != look, "ours: right is brightness"
    preset.set(preset.choices[1])
    look = p.window_level
    assert drag(Qt.MouseButton.RightButton)[0] > size, "like Slicer: right zooms"
    assert p.window_level == look
    preset.set(preset.default)


def test_scrolling_over_a_choice_does_not_change_it(planned):
    block = planned.screen.details.findChild(AgainBlock)
    at = QPointF(block.choice.rect().center())
    no = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    wheel = QWheelEvent(at, block.choice.mapToGlobal(at), QPoint(), QPoint(0, -120), *no, False)
    QApplication.sendEvent(block.choice, wheel)
    assert block.choice.currentText() == "Most central"
    assert not wheel.isAccepted()


def test_a_coarser_slice_under_the_hand_fills_the_same_place(planned):
    p, view = planned.presenter, planned.screen.axial
    size, view.view_mm = view.view_mm, 40.0
    fine = pixels(view).astype(float).mean(-1)
    p.dragging, view._base_key = "target", None
    coarse = pixels(view).astype(float).mean(-1)
    p.dragging, view.view_mm = None, size
    assert view._coarse
    assert np.corrcoef(fine.ravel(), coarse.ravel())[0, 1] > 0.9


def test_a_drag_changes_the_numbers_where_they_stand(planned):
    p, details = planned.presenter, planned.screen.details
    shown = details._scroll.widget()
    tip = np.add(p.trajectory.tip_lps_mm, (1.5, 0, 0))
    plan, place = p.session.plan, (p.level.verse, p.side)
    moved = p.services.moved(p.session.case, p.segmentation, plan, *place, "target", tuple(tip), True)
    p.dragging = "target"
    p.session.preview(moved)
    assert details._scroll.widget() is shown, "nothing is built anew while the hand moves"
    assert {n: label.text() for n, label in details._values.items()} == dict(
        details._numbers(p.trajectory, p.level)
    )
    assert not details._rest.isEnabled(), "what stands on the tool before the drag is grey"
    p.dragging = None
    p.session.preview(None)
    assert details._scroll.widget() is not shown
    assert details._rest.isEnabled()


def test_a_view_goes_to_its_own_window_and_comes_back(planned, qtbot):
    screen = planned.screen
    view, frame = screen.view3d, screen.frames[3]
    frame.apart.click()
    window = screen.apart[3]
    qtbot.waitUntil(lambda: window.isVisible() and view.isVisible())
    assert view.window() is window
    assert planned.presenter.patient.name in window.windowTitle()
    assert window.title.text() == planned.presenter.title()
    assert [f.isVisible() for f in screen.frames] == [True] * 6
    qtbot.waitUntil(lambda: view.picture.width() > 300)
    place = planned.presenter.side
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_R if place == "left" else Qt.Key.Key_L)
    qtbot.waitUntil(lambda: planned.presenter.side != place)
    assert window.chip.side == planned.presenter.side
    window.close()
    qtbot.waitUntil(lambda: view.window() is planned and view.isVisible())
    assert not screen.apart
    frame.apart.click()
    planned._drop_case()
    assert not screen.apart


def test_a_number_that_changes_in_place_lays_nothing_out_anew_until_it_does_not_fit(qtbot):
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.addWidget(QLabel("Turn"))
    row.addStretch(1)
    value = QLabel("12.5°")
    row.addWidget(value)
    qtbot.addWidget(holder)
    holder.resize(300, 40)
    holder.show()
    qtbot.waitExposed(holder)
    before = value.width()
    say_in_place(value, "1.5°")
    assert (value.text(), value.width()) == ("1.5°", before)
    say_in_place(value, "1.5° in a longer sentence")
    assert value.width() >= value.sizeHint().width() > before


def test_the_words_of_a_scale_bar_are_whole_where_the_bar_is_shorter(qapp):
    def ink_px(px_per_mm):
        image = QImage(260, 120, QImage.Format.Format_RGB32)
        image.fill(0)
        with QPainter(image) as p:
            scale_bar(p, QRectF(image.rect()), px_per_mm)
        rows = range(120 - 28, 120 - 16)
        return sum(image.pixelColor(x, y).lightness() > 150 for x in range(260) for y in rows)

    assert ink_px(0.4) == pytest.approx(ink_px(1.5), rel=0.1)


@pytest.mark.parametrize("width", [188, 700])
def test_words_in_a_view_are_whole_and_lie_on_nothing(planned, qtbot, monkeypatch, width):
    drawn = {}

    def plate(p, at, text, *rest):
        drawn[text] = paint.plate(p, at, text, *rest)
        return drawn[text]

    monkeypatch.setattr(xray_view, "plate", plate)
    view, shown = planned.screen.ap, planned.presenter.xrays["ap"]
    planned.presenter.xrays["ap"] = replace(shown, words="L4 left\nright oblique 13°, caudad 12°")
    view.setFixedSize(width, 125)
    view.grab()
    words = drawn[planned.presenter.xrays["ap"].words]
    assert not words.intersects(drawn["SIMULATED"])
    room, image = QRectF(0, 0, width, 125), QImage(width, 125, QImage.Format.Format_RGB32)
    with QPainter(image) as p:
        assert room.contains(paint.notice(p, room, "The X-ray appears with a planned trajectory"))
