"""How loud it is, and how loud it has to be to matter here."""

import math
from collections import deque

from wyoming_azure_realtime.audio.samples import Samples

SILENT = -60.0
"""dBFS, pre-emphasised: a quiet room, dither or digital silence. Nothing below it is a sound."""

_QUIETEST = -66.0
_FULL_SCALE = 32768.0**2
_NOTHING = 1e-10

# of x[n] - a x[n-1]: takes away what hums and rumbles, and with it an offset
_EMPHASIS = 0.9

_BLOCK_FRAMES = 10
_BLOCKS = 20
# until there has been time for a dip in what may be speech from its first frame
_UNKNOWN_FRAMES = 25
_UNKNOWN_FLOOR = -50.0
_ABOVE_FLOOR = 4.0
_SHARE = 0.38


def level(samples: Samples) -> float:
    """DBFS of one frame, less its lowest frequencies."""
    if len(samples) < 2:
        return _QUIETEST
    here, before = samples[1:], samples[:-1]
    power = float(here @ here) - 2 * _EMPHASIS * float(here @ before) + _EMPHASIS**2 * float(before @ before)
    return 10 * math.log10(max(power / len(here) / _FULL_SCALE, _NOTHING))


class Floor:
    """Follows the background of a stream of 10-ms levels, and says what stands out of it.

    The floor is the quietest 30 ms of the last two seconds, so that a noise that stays is known as background
    after that time; the threshold lies part of the way from there to the loudest of those seconds.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=3)
        self._blocks: deque[tuple[float, float]] = deque(maxlen=_BLOCKS)
        self._low, self._high = math.inf, -math.inf
        self._block_low, self._block_high = math.inf, -math.inf
        self._frames = 0
        self.threshold = SILENT

    def loud(self, decibels: float) -> bool:
        """Take the level of the next frame; return whether it stands out."""
        self._frames += 1
        self._recent.append(max(decibels, _QUIETEST))
        smooth = sum(self._recent) / len(self._recent)
        self._block_low = min(self._block_low, smooth)
        self._block_high = max(self._block_high, smooth)
        floor = min(self._low, self._block_low)
        if self._frames <= _UNKNOWN_FRAMES:
            floor = min(floor, _UNKNOWN_FLOOR)
        high = max(self._high, self._block_high)
        self.threshold = max(SILENT, floor + max(_ABOVE_FLOOR, _SHARE * (high - floor)))
        if self._frames % _BLOCK_FRAMES == 0:
            self._end_block()
        return decibels > self.threshold

    def _end_block(self) -> None:
        self._blocks.append((self._block_low, self._block_high))
        self._low = min(low for low, _ in self._blocks)
        self._high = max(high for _, high in self._blocks)
        self._block_low, self._block_high = math.inf, -math.inf
