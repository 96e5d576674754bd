"""A phantom's labels with its exact measures, ready to be planned, without segmenting anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from imaging.anatomy import VertebraAnatomy
from planner.trajectory.fields import VertebraFields, prepare_fields
from sample_dicom.exact import PhantomLabels, phantom_labels
from sample_dicom.parameters import PhantomParameters

PARAMETERS = PhantomParameters.small(seed=3, levels=(23, 24), field_mm=(120.0, 115.0), with_skin=False)


@dataclass(frozen=True, eq=False)
class Ready:
    """One level."""

    labels: PhantomLabels
    anatomy: VertebraAnatomy
    fields: VertebraFields


@cache
def labels() -> PhantomLabels:
    """Label maps of L4 and L5."""
    return phantom_labels(PARAMETERS)


@cache
def ready(verse: int = 23) -> Ready:
    """A level with its distance fields."""
    truth = labels().truth[verse]
    anatomy = VertebraAnatomy(verse, 1.0, truth.body, truth.pedicles, truth.foramen)
    return Ready(labels(), anatomy, prepare_fields(anatomy, labels().vertebrae, labels().structures))
