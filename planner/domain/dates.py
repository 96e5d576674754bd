"""Dates as a person reads them, in the same words everywhere: 18 Nov 2026."""

from __future__ import annotations

from datetime import datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_words(dicom_date: str) -> str:
    """``18 Nov 2026`` of 20261118; what is no date is given back as it is."""
    digits = dicom_date.replace(".", "").replace("-", "").strip()
    if len(digits) != 8 or not digits.isdigit() or not 1 <= int(digits[4:6]) <= 12:
        return dicom_date.strip()
    return f"{int(digits[6:])} {_MONTHS[int(digits[4:6]) - 1]} {digits[:4]}"


def moment_words(when: str | datetime, seconds: bool = False) -> str:
    """``18 Nov 2026 14:05`` of a moment, or of one in ISO 8601, by the clock of this place; else as it is."""
    try:
        moment = datetime.fromisoformat(when) if isinstance(when, str) else when
        here = moment.astimezone() if moment.tzinfo is not None else moment
    except (ValueError, OverflowError, OSError):
        return str(when)
    time = here.strftime("%H:%M:%S" if seconds else "%H:%M")
    return f"{here.day} {_MONTHS[here.month - 1]} {here.year} {time}"
