"""Rows of a picture shared out over threads.

Kernels are compiled without numba's own threading: that compiles in a third of the time, spins no idle
threads, and its fallback layer aborts the process when two threads enter it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numba


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, numba.config.NUMBA_NUM_THREADS), "picture-rows")


def over_rows(kernel: Callable[..., Any], rows: int, *arguments: Any) -> None:
    """Calls ``kernel(begin, end, *arguments)`` for shares of range(rows), one a thread, and waits for all.

    ``kernel`` must release the interpreter's lock and write nothing outside its rows.
    """
    shares = max(1, min(numba.get_num_threads(), rows // 16))
    ends = [rows * n // shares for n in range(shares + 1)]
    others = [_pool().submit(kernel, ends[n], ends[n + 1], *arguments) for n in range(1, shares)]
    kernel(ends[0], ends[1], *arguments)
    for other in others:
        other.result()


@contextmanager
def half_the_threads() -> Iterator[None]:
    """What the calling thread shares out goes to half of the threads: for two that work side by side."""
    before = numba.get_num_threads()
    numba.set_num_threads(max(1, before // 2))
    try:
        yield
    finally:
        numba.set_num_threads(before)
