"""Values of a data set's top-level elements, converted once and leniently.

pydicom converts and validates each element on access; over thousands of files that costs more than reading
them. Here a few known elements are taken from the raw bytes, by the dictionary's VR where the file's own is
missing or wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pydicom
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement

# What is odd in a header becomes a finding or a reason, not a line on stderr.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)

_BINARY = {"US": (2, False), "SS": (2, True), "UL": (4, False), "SL": (4, True)}
_NAMED_TEXT = {"PN", "LO", "SH", "LT", "ST", "UT", "UC"}


def wanted_tags(keywords: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """(tag, VR) of the dictionary for each keyword."""
    found = {}
    for keyword in keywords:
        tag = tag_for_keyword(keyword)
        assert tag is not None
        found[keyword] = (tag, dictionary_VR(tag))
    return found


class Elements:
    """The wanted elements of a data set; absent, empty and unreadable ones are empty strings or None."""

    def __init__(self, dataset: Any, wanted: Mapping[str, tuple[int, str]]) -> None:
        self._dataset = dataset
        self._wanted = wanted
        self._encodings: list[str] | None = None

    def __contains__(self, keyword: str) -> bool:
        return self._dataset.get_item(self._wanted[keyword][0]) is not None

    def words(self, keyword: str) -> tuple[str, ...]:
        """Every value as stripped text; empty where there is none."""
        tag, vr = self._wanted[keyword]
        element = self._dataset.get_item(tag)
        if element is None:
            return ()
        if not isinstance(element, RawDataElement):
            return _plain(element.value)
        data = element.value
        if not data:
            return ()
        written = element.VR
        kind = vr if written is None or written in ("UN", "OB", "OW") or vr == "SQ" else written
        if kind in _BINARY:
            return _integers(data, *_BINARY[kind], little=element.is_little_endian)
        if not isinstance(data, bytes):
            return _plain(data)
        text = self._decoded(data, kind)
        parts = [text] if kind in ("LT", "ST", "UT") else text.split("\\")
        return tuple(part.strip(" \0\r\n\t") for part in parts)

    def _decoded(self, data: bytes, vr: str) -> str:
        if vr not in _NAMED_TEXT or (data.isascii() and b"\x1b" not in data):
            return data.decode("latin-1")
        if self._encodings is None:
            self._encodings = _encodings(self._dataset)
        try:
            return str(decode_bytes(data, self._encodings, {"\\", "^", "=", "\r", "\n"}))
        except (LookupError, ValueError):
            return data.decode("latin-1")

    def text(self, keyword: str) -> str:
        """All values as one text."""
        return "\\".join(self.words(keyword))

    def integer(self, keyword: str) -> int | None:
        """The first value as an integer."""
        number = self.number(keyword)
        return None if number is None else int(number)

    def number(self, keyword: str) -> float | None:
        """The first value as a finite number."""
        words = self.words(keyword)
        return finite(words[0]) if words else None

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """Exactly ``count`` finite numbers, or None."""
        return finite_tuple(self.words(keyword), count)

    def sequence(self, keyword: str) -> Any:
        """A sequence's items; None where it is absent or empty."""
        return self._dataset.get(self._wanted[keyword][0], pydicom.DataElement(0x00080001, "SQ", [])).value


def finite(value: Any) -> float | None:
    """A number below a million in size, or None."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1e9 else None


def finite_tuple(values: Any, count: int) -> tuple[float, ...] | None:
    """Exactly ``count`` numbers below a million in size, or None."""
    try:
        numbers = tuple(float(v) for v in values)
    except (TypeError, ValueError, OverflowError):
        return None
    good = len(numbers) == count and all(abs(v) < 1e6 for v in numbers)
    return numbers if good else None


def _plain(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    parts = [value] if isinstance(value, str | bytes | int | float) else value
    try:
        return tuple(str(part).strip(" \0") for part in parts)
    except TypeError:
        return (str(value).strip(" \0"),)


def _integers(data: bytes, size: int, signed: bool, little: bool) -> tuple[str, ...]:
    order = "little" if little else "big"
    step = size if len(data) % size == 0 else len(data)
    if len(data) > 64:
        return ()
    return tuple(
        str(int.from_bytes(data[n : n + step], order, signed=signed))  # type: ignore[arg-type]
        for n in range(0, len(data), step)
    )


def _encodings(dataset: Any) -> list[str]:
    element = dataset.get_item(0x00080005)
    value = element.value if element is not None else b""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    names = text.split("\\") if isinstance(text, str) else list(text or [])
    try:
        return convert_encodings([name.strip(" \0") for name in names])
    except (LookupError, ValueError):
        return ["latin-1"]
