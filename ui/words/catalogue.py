"""A catalogue: English sentences, with {} for what changes, and what they are in another language."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
_Shown = tuple[str, bool]  # and whether every word of it is known


class Catalogue:
    """Translates by whole sentence, by template, or part by part; what it does not know stays."""

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
        self._look = lru_cache(maxsize=20000)(self._looked_up)

    def tr(self, text: str) -> str:
        """The words that are shown for English ones."""
        return self._look(text)[0]

    def _looked_up(self, text: str) -> _Shown:
        """The first way to read ``text`` that leaves no word of it in English; else the first of all."""
        if not _LETTERS.search(text):
            return text, True
        first: _Shown | None = None
        for shown in self._ways(text):
            if shown[1]:
                return shown
            first = first or shown
        return first or (text, False)

    def _ways(self, text: str) -> Iterator[_Shown]:
        bare, other = text.strip(), text[:1].swapcase() + text[1:]
        if text in self._whole:
            yield self._whole[text], True
        elif bare != text:
            lead = text[: len(text) - len(text.lstrip())]
            yield self._put((lead, text[len(lead) + len(bare) :]), (bare,))
        elif _TAG.search(text):
            pieces = _TAG.split(text)
            yield self._put(("", *pieces[1::2], ""), pieces[::2])
        elif date := _DATE.fullmatch(text):
            yield self._put((f"{date[1]} ", f" {date[3]}"), (date[2],))
        else:
            if other in self._whole:
                shown = self._whole[other]
                yield shown[:1].swapcase() + shown[1:], True
            for start, end in _joints(text):
                if text[:start] in self._whole:
                    yield self._put(("", text[start:end], ""), (text[:start], text[end:]))
            yield from self._filled(self._strong, text)
            if text.endswith(".") and not any(split.search(text) for split in _SPLITS[:3]):
                yield self._put(("", "."), (text[:-1],))
            for split in (*_SPLITS, _NUMBER):
                pieces = split.split(text)
                if len(pieces) > 1:
                    yield self._put(("", *pieces[1::2], ""), pieces[::2])
            yield from self._filled(self._weak, text)
            for gap in (m.start() for m in re.finditer(" ", text)):
                if text[:gap] in self._whole or text[gap + 1 :] in self._whole:
                    yield self._put(("", " ", ""), (text[:gap], text[gap + 1 :]))

    def _filled(self, templates: Mapping[str, list[_Template]], text: str) -> Iterator[_Shown]:
        for pattern, other in (*templates.get(text[:1], ()), *templates.get("", ())):
            match = pattern.fullmatch(text)
            if match is not None:
                yield self._put(tuple(other.split("{}")), match.groups())

    def _put(self, between: Sequence[str], parts: Sequence[str]) -> _Shown:
        """``parts`` translated, each between two texts that stay."""
        shown = [self._look(part) for part in parts]
        words = between[0] + "".join(w + b for (w, _), b in zip(shown, between[1:], strict=True))
        return words, all(done for _, done in shown)


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
