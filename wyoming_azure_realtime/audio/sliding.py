"""The least of the latest values, however many those are, at the same small cost for each."""

import math
from collections.abc import Sequence


class SlidingMinimum:
    """Of the last `count` rows of `width` numbers, the least in each column."""

    def __init__(self, count: int, width: int) -> None:
        self._left = count  # rows until the oldest has to go
        self._none: Sequence[float] = [math.inf] * width
        self._older = [
            self._none
        ]  # the least of each row and all after it up to `newer`, the oldest row last
        self._newer: list[Sequence[float]] = []
        self._newest_least: Sequence[float] = self._none

    def add(self, row: Sequence[float]) -> list[float]:
        """The least with this row, and without what is now too old."""
        self._newer.append(row)
        self._newest_least = list(map(min, self._newest_least, row))
        if self._left:
            self._left -= 1
        else:
            self._drop_oldest()
        return list(map(min, self._older[-1], self._newest_least))

    def _drop_oldest(self) -> None:
        if len(self._older) == 1:
            for row in reversed(self._newer):
                self._older.append(list(map(min, self._older[-1], row)))
            self._newer.clear()
            self._newest_least = self._none
        self._older.pop()
