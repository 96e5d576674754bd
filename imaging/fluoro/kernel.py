"""Compiled inner loops, each beside the same sums in numpy.

Numpy's are some ten times slower but there at once: they stand in while a program's first start still
compiles, and tests hold the compiled loops against them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba as nb

standing_in = threading.Event()
"""Set while numpy's sums are to be used."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """A loop both ways, called alike.

    Attributes:
        compiled: numba's dispatcher.
        plain: takes the same arguments, writes the same output.
    """

    compiled: Any
    plain: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        return (self.plain if standing_in.is_set() else self.compiled)(*arguments)


def kernel(plain: Callable[..., Any], **options: Any) -> Callable[[Callable[..., Any]], Kernel]:
    """Makes a loop a kernel that is kept on disc and runs without the interpreter's lock."""
    return lambda loop: Kernel(nb.njit(cache=True, nogil=True, **options)(loop), plain)
