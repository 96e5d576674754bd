"""One vertebra found anew round a centre that was put by hand, and no other touched."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.errors import PlannerError
from imaging.labels import SACRUM
from imaging.segmentation.anatomy import measure_anatomy
from imaging.segmentation.edit.label_edit import LabelEdit
from imaging.segmentation.edit.one_level import find_one_level
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom

L4 = 23


def test_a_level_is_found_anew_near_a_centre_put_by_hand():
    phantom = build_phantom(PhantomParameters.small(levels=(22, 23, 24), with_sacrum=False))
    levels = measure_anatomy(phantom.vertebrae, phantom.structures, phantom.volume, {})
    centre = phantom.truth[L4].body.centre_lps_mm + np.array([3.0, 2.0, -3.0])
    where, bone, parts = find_one_level(phantom.volume, levels, L4, centre)
    assert set(np.unique(parts[bone])) <= {1, 2, 3, 4}
    edit = LabelEdit(phantom.vertebrae, phantom.structures)
    edit.replace_vertebra(L4, where, bone, parts, "Find L4 anew")
    true = phantom.vertebrae.labels
    for verse in (22, 24):
        np.testing.assert_array_equal(edit.vertebrae == verse, true == verse)
    a, b = edit.vertebrae == L4, true == L4
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.75
    edit.undo()
    np.testing.assert_array_equal(edit.vertebrae, true)
    with pytest.raises(PlannerError, match="sacrum"):
        find_one_level(phantom.volume, levels, SACRUM, centre)
