"""Errors whose text a person can act on."""

from __future__ import annotations


class PlannerError(Exception):
    """A problem with the input or the request, told in one plain sentence.

    Attributes:
        code: stable machine-readable identifier, e.g. ``"no_usable_series"``.
        text: the sentence shown to the user (what is, why, what to do).
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
