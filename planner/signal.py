"""A small observer: callbacks that get the old and the new value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
Callback = Callable[[T, T], None]


class Signal(Generic[T]):
    """Calls every connected function with ``(old, new)``; an equal value is not told."""

    def __init__(self) -> None:
        self._callbacks: list[Callback[T]] = []

    def connect(self, callback: Callback[T]) -> Callable[[], None]:
        """Have ``callback(old, new)`` called from now on; returns a function that ends it."""
        self._callbacks.append(callback)
        return lambda: self.disconnect(callback)

    def disconnect(self, callback: Callback[T]) -> None:
        """End the calls to ``callback``; unknown ones are ignored."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    def emit(self, old: T, new: T) -> None:
        """Tell ``(old, new)`` unless both are the same."""
        if old is new or old == new:
            return
        for callback in tuple(self._callbacks):
            callback(old, new)
