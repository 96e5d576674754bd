"""What the MR says of the selected level, drawn on the CT's slices: Modic changes and the foramen."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from ui.theme import BONE_LINE
from ui.views.paint import cased, plate, polyline

_NEAR_MM = 4.0
_INSIDE_MM = 5.0


def draw_mr_marks(p: QPainter, view: Any, rect: QRectF) -> None:
    """Draw into a slice view, which knows its plane and its presenter; nothing where no MR lies on the CT."""
    presenter = view.presenter
    plan, anatomy = presenter.plan, presenter.anatomy
    if plan is None or anatomy is None or plan.fusion is None:
        return
    fused = plan.fusion.level(anatomy.verse)
    if fused is None or not fused.trusted:
        return
    if fused.foramen_lps_mm is not None:
        x, y, off = view.to_px(np.array(fused.foramen_lps_mm))
        if abs(off) < _NEAR_MM and rect.contains(x, y):
            ring = np.array([[x, y - 6], [x + 6, y], [x, y + 6], [x - 6, y], [x, y - 6]])
            cased(p, polyline(ring), BONE_LINE, 1.6)
            plate(p, QPointF(x + 10, y), "foramen on MR", "ml", 11, False)
    for finding in plan.modic:
        if finding.verse != anatomy.verse or finding.kind in (None, "0") or view.kind == "axial":
            continue
        point, normal = (
            anatomy.body.superior_endplate if finding.face == "superior" else anatomy.body.inferior_endplate
        )
        across = anatomy.body.posterior if view.kind == "sagittal" else anatomy.body.left
        half = (anatomy.body.depth_mm if view.kind == "sagittal" else anatomy.body.width_mm) / 2 - 2
        middle = point - _INSIDE_MM * normal
        line = view.to_px(np.array([middle - half * across, middle + half * across]))
        if abs(line[:, 2]).min() > 15:
            continue
        cased(p, polyline(line[:, :2]), BONE_LINE, 1.4, [5, 3])
        left = line[np.argmin(line[:, 0])]
        plate(p, QPointF(left[0] - 6, left[1]), f"Modic {finding.kind}", "mr", 11, False)
