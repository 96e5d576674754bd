"""Where S1's midline lies in an image that ends round it."""

import numpy as np

from imaging.labels import SACRUM
from imaging.segmentation.discs import Disc
from imaging.segmentation.iso import IsoVolume, resampled
from imaging.segmentation.sacrum import sacral_body
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom


def test_s1_keeps_its_midline_where_the_image_ends_beside_and_below_it():
    phantom = build_phantom(PhantomParameters.small(seed=1))
    iso = resampled(phantom.volume, *phantom.volume.grid.bounds_lps_mm, 1.0)
    s1, l5, l4 = (phantom.truth[v].body for v in (SACRUM, 24, 23))
    # The disc's own middle is found 11 mm beside it.
    discs = [_disc(s1, l5, np.array([11.0, 0, 0])), _disc(l5, l4, np.zeros(3))]
    k, j, i = np.indices(iso.values.shape)
    away = iso.origin_lps_mm + np.stack([i, j, k], -1) * iso.spacing_mm - s1.centre_lps_mm
    gone = (away[..., 2] < -6) | (np.hypot(away[..., 0] - 12, away[..., 1] - 20) > 40)
    cut = IsoVolume(np.where(gone, np.float32(-1000), iso.values), iso.origin_lps_mm, iso.spacing_mm)
    found = sacral_body(cut, discs)
    assert found is not None
    off = found.frame.origin_lps_mm - s1.posterior_wall_lps_mm
    assert abs(off @ s1.left) < 1.5
    assert abs(off @ s1.posterior) < 2.0


def _disc(lower, upper, off_lps_mm):
    below = lower.centre_lps_mm + lower.superior * lower.height_mm / 2
    above = upper.centre_lps_mm - upper.superior * upper.height_mm / 2
    normal = lower.superior + upper.superior
    return Disc(0.0, (below + above) / 2 + off_lps_mm, normal / np.linalg.norm(normal), 8.0, 100.0, False)
