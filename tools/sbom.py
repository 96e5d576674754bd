"""The software bill of materials, CycloneDX 1.5 as JSON, from the lock file alone: python tools/sbom.py"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_LINE = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked(text: str) -> list[tuple[str, str, list[str]]]:
    """(name, version, SHA-256 of each file) of every package in a lock file with hashes."""
    found: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        start = _LINE.match(line)
        if start:
            found.append((start[1].lower().replace("_", "-"), start[2], []))
        if found:
            found[-1][2].extend(_HASH.findall(line))
    return found


def document() -> dict[str, object]:
    """The bill of materials of this checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "properties": [{"name": "sha256", "value": digest} for digest in hashes],
        }
        for name, version, hashes in locked((ROOT / "constraints.txt").read_text("utf-8"))
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components,
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=1)
    print()
