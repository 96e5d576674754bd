from __future__ import annotations

import pytest

from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom


@pytest.fixture(scope="session")
def small_phantom() -> Phantom:
    return build_phantom(PhantomParameters.small())


@pytest.fixture(scope="session")
def trunk_phantom() -> Phantom:
    """The whole trunk with every level, coarse."""
    return build_phantom(PhantomParameters(spacing_mm=2.0, slice_mm=2.0))


@pytest.fixture(scope="session")
def fine_phantom() -> Phantom:
    """All levels at the sample study's voxel size, cropped round the spine."""
    return build_phantom(PhantomParameters(field_mm=(130.0, 150.0), marker="back"))
