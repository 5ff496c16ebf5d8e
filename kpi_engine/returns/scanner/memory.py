"""What was made of a thing, kept for when it comes again."""

from __future__ import annotations

from typing import TypeVar

KEPT, MET = 20_000, 50_000

K = TypeVar("K")
V = TypeVar("V")


class Memory(dict[K, V]):
    """By what was read, what was made of it; bounded. Much comes but once: it is kept the second time."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self._met: set[int] = set()

    def keep(self, key: K, made: V) -> None:
        """Keep what was made of `key`, if that was met before."""
        mark = hash(key)
        if mark not in self._met:
            if len(self._met) >= MET:
                self._met.clear()
            self._met.add(mark)
            return
        if len(self) >= KEPT:
            self.clear()
        self[key] = made
