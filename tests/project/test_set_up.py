from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the loader's cache is Linux's")
def test_libraries_are_looked_for_without_sbin_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("bvn", ROOT / "bvn.py")
    assert spec is not None
    assert spec.loader is not None
    bvn = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bvn)
    found = bvn.missing_libraries()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert bvn.missing_libraries() == found
    monkeypatch.setitem(bvn.DEBIAN_PACKAGES, "libnowhere.so.9", "libnowhere9")
    if shutil.which("ldconfig", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        assert bvn.missing_libraries() == sorted([*found, "libnowhere9"])
