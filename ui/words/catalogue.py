"""A catalogue: English sentences, with {} for what changes, and what they are in another language."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import platformdirs

from imaging.errors import PlannerError

_TAG = re.compile(r"(<[^>]*>)")
# Where a text was put together, the looser joint first.
_JOINTS = (
    r"\n+",
    r"(?<=[.!?]) +",
    r"  +",
    "; ",
    ": ",
    r" \(|\)$|\) ",
    ", ",
    r" [–·/] ",
)
_NUMBER = re.compile(r"((?:^| )[−-]?\d[\d.]*(?:°|[\u202f ]?(?:mm|HU|%|s|px|kV)(?!\w))?(?: |$))")
_SPLITS = tuple(re.compile(f"({joint})") for joint in _JOINTS)
_LETTERS = re.compile(r"[^\W\d_]{2}")
_DATE = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})")
_STRONG = 8

_Template = tuple[re.Pattern[str], str]


class Catalogue:
    """Translates by whole sentence, then by template, then part by part; what it does not know stays."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        sentences = {**_parts_of(sentences), **sentences}
        self._whole = {k: v for k, v in sentences.items() if v and "{}" not in k}
        self._strong: dict[str, list[_Template]] = defaultdict(list)
        self._weak: dict[str, list[_Template]] = defaultdict(list)
        known = [(k, v) for k, v in sentences.items() if v and "{}" in k and _LETTERS.search(k)]
        # The more of a sentence a template spells out, the earlier it is tried.
        for english, other in sorted(known, key=lambda kv: -len(kv[0].replace("{}", ""))):
            if other.count("{}") == english.count("{}"):
                pattern = re.compile("(.+?)".join(re.escape(p) for p in english.split("{}")), re.DOTALL)
                kept = self._strong if len(re.findall(r"[^\W\d_]", english)) >= _STRONG else self._weak
                kept["" if english.startswith("{}") else english[:1]].append((pattern, other))
        self.tr = lru_cache(maxsize=20000)(self._tr)

    def _tr(self, text: str) -> str:
        if not _LETTERS.search(text):
            return text
        found = self._whole.get(text)
        if found is not None:
            return found
        bare = text.strip()
        if bare != text:
            lead = text[: len(text) - len(text.lstrip())]
            return lead + str(self.tr(bare)) + text[len(lead) + len(bare) :]
        if _TAG.search(text):
            return "".join(p if p.startswith("<") else self.tr(p) for p in _TAG.split(text))
        date = _DATE.fullmatch(text)
        if date is not None:
            return f"{date[1]} {self.tr(date[2])} {date[3]}"
        filled = (
            self._after_known(text)
            or self._filled(self._strong, text)
            or self._filled(self._weak, text, False)
            or self._recased(text)
        )
        if filled is not None:
            return filled
        if text.endswith(".") and not any(split.search(text) for split in _SPLITS[:3]):
            return f"{self.tr(text[:-1])}."
        return self._in_parts(text) or self._filled(self._weak, text) or self._at_numbers(text) or text

    def _recased(self, text: str) -> str | None:
        """A known text whose first letter was made large or small."""
        other = text[:1].swapcase() + text[1:]
        found = self._whole.get(other) if other != text else None
        return None if found is None else found[:1].swapcase() + found[1:]

    def _after_known(self, text: str) -> str | None:
        """The longest beginning that is known word by word, and what follows it or its number."""
        for start, end in (*_joints(text), *(m.span() for m in _NUMBER.finditer(text))):
            head = self._whole.get(text[:start]) or self._recased(text[:start])
            if head:
                return f"{head}{text[start:end]}{self.tr(text[end:])}"
        return None

    def _in_parts(self, text: str) -> str | None:
        """The longest beginning that a template knows and what follows it; else all parts one by one."""
        for start, end in _joints(text):
            head = self._filled(self._strong, text[:start])
            if head is not None:
                return f"{head}{text[start:end]}{self.tr(text[end:])}"
        for split in _SPLITS:
            parts = split.split(text)
            if len(parts) > 1:
                return "".join(p if split.fullmatch(p) else self.tr(p) for p in parts)
        return None

    def _at_numbers(self, text: str) -> str | None:
        """Words round a number with its unit; else two known halves."""
        parts = _NUMBER.split(text)
        if len(parts) > 1:
            return "".join(p if _NUMBER.fullmatch(p) else self.tr(p) for p in parts)
        for gap in (m.start() for m in re.finditer(" ", text)):
            halves = text[:gap], text[gap + 1 :]
            shown = [self._whole.get(h) or self._recased(h) or self._filled(self._weak, h) for h in halves]
            if shown[0] and shown[1]:
                return f"{shown[0]} {shown[1]}"
        return None

    def _filled(
        self, templates: Mapping[str, list[_Template]], text: str, open_front: bool = True
    ) -> str | None:
        for pattern, other in (*templates.get(text[:1], ()), *(templates.get("", ()) if open_front else ())):
            match = pattern.fullmatch(text)
            if match is not None:
                words = [self.tr(g) for g in match.groups()]
                pieces = other.split("{}")
                return pieces[0] + "".join(w + p for w, p in zip(words, pieces[1:], strict=True))
        return None


def _joints(text: str) -> list[tuple[int, int]]:
    """Where ``text`` may have been put together, the last first."""
    return sorted({m.span() for split in _SPLITS for m in split.finditer(text)}, reverse=True)


def _parts_of(sentences: Mapping[str, str]) -> dict[str, str]:
    """Each sentence of those that hold several, and what follows a mark or a comma in front: they are shown
    apart too."""
    parts: dict[str, str] = {}
    for english, other in sentences.items():
        pairs = [_SPLITS[1].split(text)[::2] for text in (english, other)]
        if len(pairs[0]) > 1 and len(pairs[0]) == len(pairs[1]):
            parts.update(zip(*pairs, strict=True))
        head = re.match(r"\[\w+\] |, ", english)
        if head is not None and other[: len(head[0])] == head[0]:
            parts[english[len(head[0]) :]] = other[len(head[0]) :]
    return parts


def folder() -> Path:
    """Where translations lie, one JSON file a language; its name is the language's."""
    return platformdirs.user_config_path("bvn-planner") / "words"


def languages() -> tuple[str, ...]:
    """English and those there is a file for."""
    return ("English", *sorted(p.stem for p in folder().glob("*.json")))


def read_catalogue(path: Path) -> Catalogue:
    """A catalogue from a JSON file of English sentences and their translations.

    Raises:
        PlannerError: catalogue_unreadable.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlannerError("catalogue_unreadable", f"The translation {path.name} cannot be read.") from error
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise PlannerError("catalogue_unreadable", f"The translation {path.name} is not a list of sentences.")
    return Catalogue(found)
