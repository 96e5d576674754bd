"""``bvn-planner schema``: the JSON Schema of plan.json."""

from __future__ import annotations

import argparse

HELP = "print the JSON Schema of plan.json"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No flags."""


def run(_options: argparse.Namespace) -> int:
    """Print the schema."""
    from planner.storage.plan_json import SCHEMA_PATH

    print(SCHEMA_PATH.read_text("utf-8"), end="")
    return 0
