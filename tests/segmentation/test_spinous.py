"""Spinous processes that touch: the border follows the bright line between them, or stays."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.spinous import parted

ORIGIN = np.array([-12.0, 0.0, -40.0])


def _frame():
    return SimpleNamespace(
        to_lps=lambda local: np.asarray(local, float), to_local=lambda points: np.asarray(points, float)
    )


def _touching(line_hu, tilt=0.0):
    """Two processes of one marrow, a sclerotic line falling backwards between, and a border 6 mm under it."""
    k, j, i = np.indices((80, 70, 25))
    lat, p, s = i + ORIGIN[0], j + ORIGIN[1], k + ORIGIN[2]
    border = 3.0 - 0.4 * (p - 18) + tilt * lat
    bone = (np.abs(lat) < 5) & (p > 14) & (p < 48) & (s > -25) & (s < 20)
    bone &= (p > 28) | (np.abs(s - border - 5.5) > 5.5)
    hu = np.where(bone, 260.0, 40.0)
    hu[bone & (np.abs(s - border) < 1.5) & (p > 24)] = line_hu
    owner = np.where(bone, np.where(s > np.where(p > 24, border - 6, border), 2, 1), 0).astype(np.uint8)
    iso = IsoVolume(ndi.gaussian_filter(hu, 0.6).astype(np.float32), ORIGIN, np.ones(3))
    body = SimpleNamespace(frame=_frame())
    return iso, [body, body], owner, np.where(bone, np.where(s > border, 2, 1), 0), np.abs(s - border) > 1.5


@pytest.mark.parametrize("tilt", [0.0, 0.15])
def test_the_border_of_touching_processes_follows_the_bright_line(tilt):
    iso, column, owner, true, clear = _touching(800.0, tilt)
    found = parted(iso, column, [150.0, 150.0], owner)
    assert (found != true)[clear].sum() < 0.05 * (owner != true)[clear].sum()
    assert ((found > 0) == (owner > 0)).all()


def test_without_a_line_the_border_stays():
    iso, column, owner, _, _ = _touching(260.0)
    assert (parted(iso, column, [150.0, 150.0], owner) == owner).all()


def test_a_border_in_a_dark_gap_stays():
    iso, column, _, true, _ = _touching(60.0)
    apart = true.astype(np.uint8)
    assert (parted(iso, column, [150.0, 150.0], apart) == apart).all()
