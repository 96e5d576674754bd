"""The bill of materials names every locked package; the audit says honestly when it could not be made."""

from __future__ import annotations

import io
import json
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import audit  # noqa: E402
import sbom  # noqa: E402


def test_the_bill_of_materials_is_whole() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    names = [line.split("==")[0].lower() for line in lines if "==" in line and not line.startswith(" ")]
    made = sbom.document()
    components = made["components"]
    assert isinstance(components, list)
    assert [c["name"] for c in components] == names
    assert {"pydicom", "numpy", "pynetdicom", "dicom-anonymizer"} <= set(names)
    assert all(len(c["properties"]) >= 1 for c in components)
    assert components[0]["purl"].startswith("pkg:pypi/")
    json.dumps(made)


def test_the_audit_tells_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = len(sbom.locked((ROOT / "constraints.txt").read_text("utf-8")))
    answers = {
        "none": ([{}] * count, 0, "no known vulnerability"),
        "one": ([{"vulns": [{"id": "GHSA-1"}]}, *[{}] * (count - 1)], 1, "GHSA-1"),
    }
    for results, status, words in answers.values():
        body = io.BytesIO(json.dumps({"results": results}).encode())
        monkeypatch.setattr(urllib.request, "urlopen", lambda *_a, b=body, **_k: b)
        assert audit.main() == status
        assert words in capsys.readouterr().out

    def unreachable(*_arguments: object, **_keywords: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    assert audit.main() == 0
    assert "SKIPPED, nothing was checked" in capsys.readouterr().out
