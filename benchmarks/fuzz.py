"""Coverage-guided fuzzing of the readers that take a stranger's bytes, with atheris (an extra: ``fuzz``).

    python benchmarks/fuzz.py READER SECONDS [FOLDER]

Anything but a refusal in words is a finding: kept once per place in the code, under FOLDER, and the run goes
on. atheris itself ends the run on a hang over 10 s or more than 2 GiB. The last line is the count.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "hostile"))
with atheris.instrument_imports(include=["imaging", "planner", "readers", "pydicom"]):
    import readers

_found: dict[str, int] = {}
_runs = _slowest = 0
_began = time.monotonic()


def main() -> None:
    """Fuzz one reader for a time."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp(prefix="bvn-fuzz-"))
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in (readers.CORPUS / name).glob("*"):
        shutil.copy(seed, corpus / seed.name)

    def one(data: bytes) -> None:
        global _runs, _slowest
        _runs += 1
        begun = time.monotonic()
        try:
            readers.survives(name, data)
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
            if place not in _found:
                (folder / f"finding-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
                (folder / "findings.txt").open("a").write(f"{place}: {error}\n{traceback.format_exc()}\n")
            _found[place] = _found.get(place, 0) + 1
        _slowest = max(_slowest, time.monotonic() - begun)
        if _runs % 500 == 0 or time.monotonic() - _began > seconds - 2:
            took = time.monotonic() - _began
            line = f"{name}: {_runs} runs, {took:.0f} s, slowest {_slowest:.2f} s, findings {_found}"
            (folder / "count.txt").write_text(line + "\n")

    limits = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=60000"]
    atheris.Setup([sys.argv[0], *limits, "-verbosity=0", f"-artifact_prefix={folder}/", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
