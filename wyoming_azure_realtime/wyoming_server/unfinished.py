"""Bytes of events that are not complete or have to wait, of all connections together."""

from typing import Protocol


class Holder(Protocol):
    """What has such bytes."""

    def overdrawn(self) -> None:
        """Let go of them: it has the most of all, and there are too many."""


class BufferBudget:
    """At most `most` bytes; beyond, whoever has the most has to let go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._total = 0
        self._sizes: dict[Holder, int] = {}

    def hold(self, holder: Holder, size: int) -> None:
        """From now on it has so many bytes."""
        self._total += size - self._sizes.pop(holder, 0)
        if size:
            self._sizes[holder] = size
        while self._total > self._most:
            largest = max(self._sizes, key=self._sizes.__getitem__)
            self._total -= self._sizes.pop(largest)
            largest.overdrawn()
