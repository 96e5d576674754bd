"""Which sequence an MR series is, from its header; unknown where the header does not settle it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

Sequence = Literal["T1", "T2", "STIR", "T2 fat-saturated", "T1 fat-saturated", "Dixon", "PD", "unknown"]

_DIXON_WORDS = ("DIXON", "IDEAL", "FLEX", "MDIXON")
_DIXON_TYPES = {"WATER", "FAT", "IN_PHASE", "OUT_PHASE", "OPP_PHASE", "W", "F", "IP", "OP"}
_FAT_SAT = {"FS", "FATSAT", "FAT_SAT", "SPIR", "SPAIR"}


def sequence_of(header: Any) -> tuple[Sequence, str]:
    """(sequence, why) of an MR header: a pydicom dataset or anything with ``get``.

    Times in ms decide first: an inversion time of 80 to 260 is STIR, an echo below 30 with a repetition below
    1100 is T1, an echo above 60 with a repetition above 1500 is T2. Without times the
    description is read, which is said in ``why``. Enhanced multi-frame headers are read through their first
    shared or per-frame timing group.
    """
    kind = {str(v).upper() for v in _many(header.get("ImageType"))}
    words = str(header.get("SeriesDescription") or "").upper()
    options = {str(v).upper() for v in _many(header.get("ScanOptions"))}
    if kind & _DIXON_TYPES - {"W", "F"} or any(word in words for word in _DIXON_WORDS):
        return "Dixon", "image type or description names a Dixon image"
    repetition, echo, inversion = _times(header)
    fat_sat = bool(options & _FAT_SAT) or any(
        f" {w}" in f" {words}" for w in ("FS", "FATSAT", "SPAIR", "SPIR")
    )
    if inversion is not None and 80 <= inversion <= 260 and (echo is None or echo >= 10):
        return "STIR", f"inversion time {inversion:.0f} ms"
    if repetition is not None and echo is not None:
        times = f"repetition {repetition:.0f} ms, echo {echo:.0f} ms"
        if echo < 30 and repetition < 1100:
            return ("T1 fat-saturated" if fat_sat else "T1"), times
        if echo > 60 and repetition > 1500:
            return ("T2 fat-saturated" if fat_sat else "T2"), times
        if echo < 50 and repetition > 1500:
            return "PD", times
    named = _named(words, fat_sat)
    if named != "unknown":
        return named, "the series description only; the header holds no times"
    return "unknown", "neither times nor description tell"


def sequence_of_file(path: Path) -> tuple[Sequence, str]:
    """The sequence of a DICOM file's header."""
    import pydicom

    return sequence_of(pydicom.dcmread(path, stop_before_pixels=True))


def _named(words: str, fat_sat: bool) -> Sequence:
    if "STIR" in words or "TIRM" in words:
        return "STIR"
    if "T1" in words:
        return "T1 fat-saturated" if fat_sat else "T1"
    if "T2" in words:
        return "T2 fat-saturated" if fat_sat else "T2"
    return "unknown"


def _many(value: Any) -> tuple[Any, ...]:
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _times(header: Any) -> tuple[float | None, float | None, float | None]:
    found = [_number(header.get(k)) for k in ("RepetitionTime", "EchoTime", "InversionTime")]
    for groups in (
        header.get("SharedFunctionalGroupsSequence"), header.get("PerFrameFunctionalGroupsSequence")
    ):  # fmt: skip
        if not groups:
            continue
        timing, echo = groups[0].get("MRTimingAndRelatedParametersSequence"), groups[0].get("MREchoSequence")
        change = groups[0].get("MRModifierSequence")
        if timing and found[0] is None:
            found[0] = _number(timing[0].get("RepetitionTime"))
        if echo and found[1] is None:
            found[1] = _number(echo[0].get("EffectiveEchoTime"))
        if change and found[2] is None:
            times = _many(change[0].get("InversionTimes"))
            found[2] = _number(times[0]) if times else None
    return found[0], found[1], found[2]


def _number(value: Any) -> float | None:
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if result > 0 else None
