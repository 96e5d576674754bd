"""Ask OSV, the open database of vulnerabilities, about every locked package: python tools/audit.py

Ends with 1 where one is known, with 0 where none is, and with 0 and a line that says so where the database
cannot be reached: then nothing was checked.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from sbom import ROOT, locked

_SERVICE = "https://api.osv.dev/v1/querybatch"


def main() -> int:
    """Audit the lock file."""
    packages = locked((ROOT / "constraints.txt").read_text("utf-8"))
    queries = [{"package": {"name": n, "ecosystem": "PyPI"}, "version": v} for n, v, _ in packages]
    data = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(_SERVICE, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=8) as answer:
            results = json.load(answer)["results"]
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "reason", error)
        print(f"SKIPPED, nothing was checked: the database of vulnerabilities cannot be reached ({reason}).")
        return 0
    known = [
        f"{name} {version}: {', '.join(v['id'] for v in result['vulns'])}"
        for (name, version, _), result in zip(packages, results, strict=True)
        if result.get("vulns")
    ]
    print("\n".join(known) or f"{len(packages)} locked packages, no known vulnerability.")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
