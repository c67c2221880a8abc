"""Where a rendition of a text that is still arriving has got to in an earlier, unfinished one."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.spectra import AUDIBLE, Levels, Spectra, above, levels

Costs: TypeAlias = npt.NDArray[np.float64]


# What it costs to leave out a frame: a constant, and so much per bel of its level.
_SKIP, _SKIP_LOUD = 0.05, 0.9
# What it costs to take two frames of one rendition for one of the other.
_STRETCH = 0.12
# How far one rendition may be ahead of the other in frames spoken: by its tempo, and beside that.
_TEMPO, _SLACK = 1.35, 100
# Frames of pauses that the second rendition may have more, beside as many as the first has frames.
_PAUSES = 1000
# An alignment still under way is assumed to go on costing no less than this per frame.
_HOPE, _HOPE_SHARE = 0.08, 0.6
_LOOK_AHEAD = 8
_FAR = 1e9


class OpenEndAlignment:
    """Dynamic time warping of all of `heard` onto a beginning of the frames fed.

    Per frame fed the cost of the best alignment of every beginning of `heard` is kept, and no path: what is
    asked for is only where the whole of `heard` fits best. Steps take one frame of each, one and two, two
    and one, or leave frames out, which is cheap in a pause. Memory and the time per frame grow with the
    length of `heard`, of which a tempo between 1/1.35 and 1.35 leaves up to 0.6 to be looked at.

    `best_frame`: the frame fed that its last frame corresponds to, or -1. `earliest`: it is never before.
    """

    def __init__(self, heard: Spectra, floor: Levels) -> None:
        self._heard = heard
        self._count = len(heard)
        self._set_floor(floor)
        # entry i + 2: i frames of `heard` are used up; two entries in front spare every step its edge case
        self._now = np.full(self._count + 3, _FAR)
        self._now[2:] = self._skip_sums[2:]
        self._before = np.full(self._count + 3, _FAR)
        self._distance_before = np.full(self._count + 2, _FAR)
        self._spoken = 0
        self.frames = 0
        self.earliest = 0
        self.best_frame = -1
        self.best_cost = float(self._now[-1])

    @property
    def confidence(self) -> float:
        """1 for a perfect fit, 0 when leaving all of `heard` out would fit no worse."""
        return max(0.0, 1.0 - self.best_cost / max(float(self._skip_sums[-1]), 1e-9))

    @property
    def exhausted(self) -> bool:
        """Whether everything that comes would be too late to fit."""
        late = self._spoken > self._heard_spoken[-1] * _TEMPO + _SLACK
        return bool(late) or self.frames > 2 * self._count + _PAUSES

    @property
    def settled(self) -> bool:
        """Whether nothing that may still come could fit better than `best_frame`."""
        if self.best_frame < 0 or self.frames - 1 - self.best_frame < _LOOK_AHEAD:
            return False
        per_frame = min(_HOPE, _HOPE_SHARE * self.best_cost / self._count)
        rest = np.arange(self._count, 0, -1) * per_frame
        return bool((self._now[2:-1] + rest).min() > self.best_cost)

    def feed(self, frames: Spectra, floor: Levels) -> None:
        """Take frames in order; `floor` is the level of noise in either rendition."""
        if np.abs(floor - self._floor).max() > 1:
            self._set_floor(floor)
        fresh = above(frames, self._floor)
        low, high = self._band(fresh)
        if high < self._count and self.best_frame < 0:
            self.earliest = self.frames + len(fresh)
        distances = self._distances(fresh, low, high)
        skips = _SKIP + _SKIP_LOUD * np.sqrt((fresh**2).mean(axis=1))
        for distance, skip in zip(distances, skips, strict=True):
            self._step(distance, float(skip), low, high)

    def _set_floor(self, floor: Levels) -> None:
        self._floor = floor
        self._levels = above(self._heard, floor)
        self._heard_spoken = np.concatenate((np.zeros(1), np.cumsum(levels(self._levels) > AUDIBLE)))
        self._squares = (self._levels**2).mean(axis=1)
        sums = np.cumsum(_SKIP + _SKIP_LOUD * np.sqrt(self._squares), dtype=np.float64)
        self._skip_sums = np.concatenate((np.zeros(3), sums))

    def _band(self, fresh: Spectra) -> tuple[int, int]:
        """Fewest and most frames of `heard` that may be used up."""
        fewest = (self._spoken - _SLACK) / _TEMPO
        self._spoken += int((levels(fresh) > AUDIBLE).sum())
        most = self._spoken * _TEMPO + _SLACK
        low = int(np.searchsorted(self._heard_spoken, fewest))
        high = int(np.searchsorted(self._heard_spoken, most, side="right")) - 1
        return min(low, self._count), high

    def _distances(self, fresh: Spectra, low: int, high: int) -> Costs:
        """Root mean square difference in bels, a row per frame fed, shaped for `_step`."""
        first = max(0, low - 2)
        products = fresh @ self._levels[first:high].T * (2 / fresh.shape[1])
        squares = (fresh**2).mean(axis=1)[:, None] + self._squares[first:high] - products
        padded = np.full((len(fresh), high - low + 2), _FAR)
        padded[:, first - low + 2 :] = np.sqrt(np.maximum(squares, 0))
        return padded

    def _step(self, distance: Costs, skip: float, low: int, high: int) -> None:
        now, before = self._now, self._before
        here, back, last = slice(low + 2, high + 3), slice(low + 1, high + 2), slice(low, high + 1)
        one, two = distance[1:], distance[:-1]
        costs = now[back] + one
        np.minimum(costs, before[back] + 0.5 * (one + self._distance_before[back]) + _STRETCH, out=costs)
        np.minimum(costs, now[last] + one + two + _STRETCH, out=costs)
        np.minimum(costs, now[here] + skip, out=costs)
        # leaving out frames of `heard`: the least over all places where that may have begun
        sums = self._skip_sums[here]
        costs -= sums
        np.minimum.accumulate(costs, out=costs)
        costs += sums
        before.fill(_FAR)
        before[here] = costs
        self._now, self._before = before, now
        self._distance_before.fill(_FAR)
        self._distance_before[low : high + 2] = distance
        if costs[-1] < self.best_cost and high == self._count:
            self.best_cost, self.best_frame = float(costs[-1]), self.frames
        self.frames += 1
