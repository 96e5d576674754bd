"""Damaged and malicious bytes: every reader refuses in words; nothing breaks, hangs or writes elsewhere.

The coverage-guided runs are benchmarks/fuzz.py; what they found is kept in corpus/*/found-*.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import CORPUS, READERS, survives

ROOT = Path(__file__).resolve().parents[2]
SEEDS = {name: sorted((CORPUS / name).glob("*")) for name in READERS}
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.parametrize("name", READERS)
def test_each_seed_is_taken_and_each_find_refused(name: str) -> None:
    assert SEEDS[name]
    for path in SEEDS[name]:
        took = survives(name, path.read_bytes())
        assert took is not path.name.startswith("found-"), path.name


@pytest.mark.parametrize("name", READERS)
@quick
@given(data=st.data())
def test_changed_bytes_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(SEEDS[name]))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["byte", "cut", "copy", "insert"]))
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        if kind == "byte" and raw:
            raw[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del raw[at : at + data.draw(st.integers(1, 400))]
        elif kind == "copy":
            raw[at:at] = raw[at : at + data.draw(st.integers(1, 64))]
        else:
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=16))
    survives(name, bytes(raw))


@pytest.mark.parametrize("name", READERS)
@quick
@given(raw=st.binary(max_size=600))
def test_noise_is_refused(name: str, raw: bytes) -> None:
    survives(name, raw)


FORBIDDEN = {"eval", "exec", "__import__"}
FORBIDDEN_MODULES = {"pickle", "shelve", "marshal", "dill"}
# Talks by pickle over a pipe to a process that it has started itself; no byte of it comes from elsewhere.
OWN_PIPE = "planner/services/apart.py"


def test_no_pickle_no_eval_no_shell() -> None:
    found = []
    for folder in ("imaging", "planner", "ui", "sample_dicom"):
        for path in (ROOT / folder).rglob("*.py"):
            if path == ROOT / OWN_PIPE:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", "")
                    shell = any(
                        k.arg == "shell"
                        and not (isinstance(k.value, ast.Constant) and k.value.value is False)
                        for k in node.keywords
                    )
                    pickles = any(
                        k.arg == "allow_pickle" and isinstance(k.value, ast.Constant) and k.value.value
                        for k in node.keywords
                    )
                    system = getattr(node.func, "attr", "") in ("system", "popen") and (
                        getattr(getattr(node.func, "value", None), "id", "") == "os"
                    )
                    if name in FORBIDDEN or shell or pickles or system:
                        found.append(where)
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found += [where for n in names if n.split(".")[0] in FORBIDDEN_MODULES]
    assert found == []
