"""The volume and its masks as samplers, shared by the views of one case."""

from __future__ import annotations

import numpy as np

from imaging.labels import Structure
from ui.presenters.case_presenter import CasePresenter
from ui.vtk.sampler import PlaneSampler


class Samplers:
    """The volume and its masks, shared by the slice views of one case."""

    def __init__(self, presenter: CasePresenter) -> None:
        self._presenter = presenter
        self.turns = presenter.turns
        volume = presenter.volume
        self.image = PlaneSampler(volume.values, volume.grid, -1024 if volume.modality == "CT" else 0)
        self.chosen: PlaneSampler | None = None
        self.others: PlaneSampler | None = None
        self.discs: PlaneSampler | None = None
        self._key: tuple[int, int | None] | None = None
        presenter.plan_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Make the masks of the selected vertebra and of the others."""
        segmentation = self._presenter.segmentation
        verse = self._presenter.session.selection.verse
        key = (id(segmentation), verse)
        if key == self._key:
            return
        self._key = key
        self.turns.keep_calm()
        if segmentation is None:
            self.chosen = self.others = self.discs = None
            return
        labels = segmentation.vertebrae
        chosen = (labels.labels == (verse or 0)).astype(np.uint8) * np.uint8(100 if verse else 0)
        others = ((labels.labels > 0) & (labels.labels != (verse or 0))).astype(np.uint8) * np.uint8(100)
        self.chosen = PlaneSampler(chosen, labels.grid, 0)
        self.others = PlaneSampler(others, labels.grid, 0)
        self.discs = None
        if self._presenter.volume.modality == "MR":
            discs = (segmentation.structures.labels == Structure.DISC).astype(np.uint8) * np.uint8(100)
            self.discs = PlaneSampler(discs, labels.grid, 0)
