"""The sentences to translate, read from the program's own source: `python -m ui.words.extract OUT.json`."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("ui", "planner", "imaging")
# Put together while the program runs: a level with its side, the months of a date.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BUILT = ("{} left", "{} right", "the {}", *MONTHS)
_WORD = re.compile(r"[A-Za-z]{2}")
_CODE = re.compile(
    r"[{}]|\b(color|background|border|font|padding|margin|width)[\w-]*:|^[#./]"
    r"|^[a-z0-9]+([_./:-][a-z0-9_*]+)+$|^[a-z]+[A-Z]|^\w+\(|^Q[A-Z]|\\"
)


def sentences_of(source: str) -> set[str]:
    """English texts of one file: constants, and f-strings with {} for each part that changes."""
    tree = ast.parse(source)
    skip: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            skip.add(id(node.body[0].value))  # type: ignore[attr-defined]
        elif isinstance(node, ast.JoinedStr):
            skip.update(id(part) for part in node.values if isinstance(part, ast.Constant))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skip:
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            found.add(re.sub(r"(\{\})+", "{}", "".join(str(p) for p in parts)))
    return {s.strip() for s in found if _WORD.search(s) and not _CODE.search(s.replace("{}", "").strip())}


def all_sentences(root: Path = ROOT) -> list[str]:
    """Every sentence of the program that may reach the user, sorted."""
    found = set(BUILT)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            found |= sentences_of(path.read_text(encoding="utf-8"))
    return sorted(found)


def main() -> None:
    """Write a catalogue to fill in; translations that the file holds already are kept."""
    out = Path(sys.argv[1])
    known = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    made = {s: known.get(s, "") for s in all_sentences()}
    out.write_text(json.dumps(made, ensure_ascii=False, indent=1), encoding="utf-8")
    done = sum(1 for v in made.values() if v)
    sys.stdout.write(f"{len(made)} sentences, {done} translated\n")


if __name__ == "__main__":
    main()
