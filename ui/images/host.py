"""The MR step: Modic changes, the candidate sheet, and the MR laid on the CT."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ui.screens.registry import WindowContext, call


class MrScreen(QWidget):
    """Pages under one row of buttons; a page is made when first entered."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(4)
        self.buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        for key, words in (("modic", "Modic changes"), ("candidate", "Candidate"), ("fusion", "MR on CT")):
            button = QPushButton(words)
            button.setProperty("role", "step")
            button.setCheckable(True)
            button.clicked.connect(lambda _on=False, k=key: self.go(k))
            group.addButton(button)
            self.buttons[key] = button
            row.addWidget(button)
        row.addStretch(1)
        box.addLayout(row)
        self.stack = QStackedWidget()
        box.addWidget(self.stack, 1)
        self.pages: dict[str, QWidget] = {}
        case = context.session.case
        on_ct = (
            case is not None and getattr(case, "volume", None) is not None and case.volume.modality == "CT"
        )
        self.buttons["fusion"].setEnabled(on_ct)
        if not on_ct:
            self.buttons["fusion"].setToolTip("An MR is laid on a CT; this case was opened on an MR.")
        self.go("modic", quiet=True)

    def _make(self, key: str) -> QWidget:
        from ui.images.candidate_page import CandidatePage
        from ui.images.fusion_page import FusionPage
        from ui.images.modic_page import ModicPage

        if key == "modic":
            return ModicPage(self.context.session, self.context.tasks)
        if key == "candidate":
            return CandidatePage(self.context.session)
        presenter = self.context.presenter
        assert presenter is not None
        return FusionPage(self.context, presenter)

    def go(self, key: str, quiet: bool = False) -> None:
        """Bring a page to the front."""
        if key not in self.pages:
            self.pages[key] = self._make(key)
            self.stack.addWidget(self.pages[key])
        self.stack.setCurrentWidget(self.pages[key])
        self.buttons[key].setChecked(True)
        if not quiet:
            call(self.pages[key], "shown")

    def shown(self) -> None:
        """The step comes to the front."""
        call(self.stack.currentWidget(), "shown")

    def shutdown(self) -> None:
        """The case closes."""
        for page in self.pages.values():
            call(page, "shutdown")
