"""Export: what can be written, what it holds and where it goes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.icon_set import icon
from ui.screens.registry import Screen, WindowContext
from ui.widgets import StatusMark, label, section

CONTENTS = (
    ("Report", "report.pdf: an overview, then a page for each level and side; stamped DRAFT until approved"),
    ("Plan", "plan.json: levels, targets, trajectories, clearances and C-arm angles in patient LPS mm"),
    ("Label maps", "vertebrae.nii.gz and structures.nii.gz on the grid of the images"),
    ("X-rays", "fluoro: simulated AP, lateral, oblique and en-face pictures of each trajectory"),
    ("DICOM objects", "dicom: segmentation, structured report, structures, surfaces, pictures, PDF"),
)


class ExportScreen(QWidget):
    """One list and one button."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        outer = QHBoxLayout(self)
        outer.setContentsMargins(32, 32, 32, 32)
        box = QVBoxLayout()
        box.setSpacing(12)
        box.addWidget(label("Export this plan", "title"))
        box.addWidget(section("Into an empty folder"))
        for name, text in CONTENTS:
            row = QHBoxLayout()
            row.setSpacing(12)
            head = label(name, "strong")
            head.setMinimumWidth(130)
            row.addWidget(head, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(text, "text2", wrap=True), 1)
            box.addLayout(row)
        state = QHBoxLayout()
        self.mark = StatusMark("none", 16)
        self.state = label("", "", wrap=True)
        state.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self.state, 1)
        box.addLayout(state)
        self.button = QPushButton(" Export…")
        self.button.setIcon(icon("export", "#FFFFFF"))
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(context.window.export)
        box.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        box.addWidget(label("Nothing leaves this computer; the Archive step sends.", "small2"))
        box.addStretch(1)
        outer.addLayout(box, 3)
        outer.addStretch(2)

    def shown(self) -> None:
        """Say what state the plan is in."""
        plan = self.context.session.plan
        tools = [t for level in plan.levels for t in level.trajectories] if plan else []
        open_ones = [t for t in tools if t.state != "approved"]
        self.mark.set_kind("good" if tools and not open_ones else "caution")
        self.state.setText(
            "Every trajectory is approved."
            if tools and not open_ones
            else f"{len(open_ones)} of {len(tools)} trajectories are not approved: their pages say DRAFT."
        )


EXPORT = Screen("export", "Export", "plan", ExportScreen)
