"""The version of this program, as its files name it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def app_version() -> str:
    """Version of the installed distribution, or ``"0+unknown"`` when run from a bare checkout."""
    try:
        return version("bvn-planner")
    except PackageNotFoundError:
        return "0+unknown"
