"""A dense ball on the patient's left is on the left, with its letter, in slices, 3D and X-rays."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_case import made_volume
from PySide6.QtGui import QImage

from imaging.fluoro.views import pose_for
from imaging.geometry.carm import CArm
from planner.services.render_fluoro import FluoroRoom
from ui.views import planes

pytestmark = pytest.mark.gui
BALL = np.array([30.0, 20.0, 0.0])


def grey(widget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    flat = np.frombuffer(image.constBits(), np.uint8)
    return flat.reshape(image.height(), image.bytesPerLine())[:, : image.width()].copy()


@pytest.mark.parametrize("kind", ["axial", "coronal"])
def test_in_slices(planned, kind):
    p, view = planned.presenter, planned.screen.axial
    p.set_overlays(False)
    p.crosshair = False
    view.set_kind(kind)
    p.set_cursor(BALL)
    view.view_mm = 120.0
    view.update()
    picture = grey(view)
    x, y, off = view.to_px(BALL)
    assert abs(off) < 1e-6
    assert x < view.width() / 2
    assert picture[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].min() > 225
    assert planes.letters(view.plane())[:2] == ("L", "R")


def test_in_3d_from_the_feet_and_from_behind(planned):
    view = planned.screen.view3d
    for cut in (True, False):
        view.set_cut(cut)
        view._render()
        assert view.to_px(BALL)[0] < view.to_px(BALL * [-1, 1, 1])[0]
        camera = view.renderer.GetActiveCamera()
        right = np.cross(camera.GetDirectionOfProjection(), camera.GetViewUp())
        assert planes.letter(-right) == "L"


@pytest.mark.parametrize("angles", [(180.0, 0.0), (160.0, 5.0), (-165.0, -10.0)])
def test_in_x_rays_from_behind(angles):
    volume, _ = made_volume()
    room = FluoroRoom(volume, CArm().resized(192))
    shot = room.take(pose_for(np.zeros(3), angles), None)
    u, v = shot.projection.project(BALL)
    mirrored, _ = shot.projection.project(BALL * [-1, 1, 1])
    assert u < mirrored
    assert planes.letter(-shot.projection.u_lps) == "L"
    plain = shot.plain.astype(float)
    plain = plain.mean(axis=2) if plain.ndim == 3 else plain
    here = plain[int(v) - 2 : int(v) + 3, int(u) - 2 : int(u) + 3].mean()
    there = plain[int(v) - 2 : int(v) + 3, int(mirrored) - 2 : int(mirrored) + 3].mean()
    assert here < there - 15, "the ball is dark on its side and not on the other"
