"""What every test may use."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["BVN_PLANNER_CACHE"] = tempfile.mkdtemp(prefix="bvn-planner-test-cache-")
atexit.register(shutil.rmtree, os.environ["BVN_PLANNER_CACHE"], ignore_errors=True)

# A machine under load may be slow at any one example.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items):
    if REAL_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason="the real images are not beside this checkout")
    for item in items:
        if "real" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real images."""
    return REAL_DATA
