"""Going on with a text in a second rendition of it, from where the first was cut off."""

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME, duration_ms
from wyoming_azure_realtime.audio.place import PlaceFinder
from wyoming_azure_realtime.audio.samples import Samples, decode, encode
from wyoming_azure_realtime.errors import OutOfOrder

_WIDTH = REALTIME.frame_bytes
# a period of the lowest voices, and as far as the place found may be out by the frames it is counted in
_TEMPLATE = REALTIME.rate // 50
_SEARCH = REALTIME.rate // 80
_DISTANCE_PULL = 0.1
_FADE = REALTIME.rate // 250
_MARGIN = _SEARCH + _TEMPLATE
_LEAST_LIKENESS = 0.5
# root mean square of what is no sound
_SILENT = 10.0
_FADING = ((1 + np.cos(np.pi * np.arange(_FADE) / _FADE)) / 2).astype(np.float32)


class Continuation:
    """Gives of `fresh`, a second rendition of a text, what comes after the end of `heard`.

    `heard` is a beginning of the first rendition; both are 24 kHz PCM16 mono and begin where the text does.
    `fresh` may differ in tempo (by a third), in pauses, level, pitch and noise. Any way of cutting it gives
    the same bytes. The place is decided some 0.2 s of sound after it has arrived, and not before 0.75 s. When
    the two have nothing in common it is a pause near to where as much has been spoken; that takes 1.35 times
    as long. A click at the seam is smoothed away in 4 ms; all else is passed on as it is.

    CPU on one core of a small server: 0.6 ms per second of `heard` to begin with, then 4 ms per second of
    `fresh` (8 ms when 60 s were heard), so whoever has more than 2 s of it at once and must not block hands
    it over in parts. Memory: about 50 kB per second of `heard`, the sound kept included.

    `confidence`: 0 to 1, below 0.5 the place was guessed. `offset_ms`: the place in `fresh`, once decided.
    """

    def __init__(self, heard: bytes) -> None:
        samples = decode(heard[: len(heard) - len(heard) % _WIDTH], REALTIME)
        self._tail = samples[-_TEMPLATE:].copy()
        self._finder: PlaceFinder | None = PlaceFinder(samples)
        self._kept = bytearray()
        self._dropped = 0
        self._looked_at = 0
        self._partial = b""
        self._ended = False
        self.confidence = 0.0
        self.offset_ms: float | None = None

    def feed(self, pcm: bytes) -> bytes:
        """Take the next piece of `fresh`; return what is to be played now."""
        if self._ended:
            raise OutOfOrder("The rendition has already ended.")
        data = self._partial + pcm
        whole = len(data) - len(data) % _WIDTH
        self._partial = data[whole:]
        if self._finder is None:
            return data[:whole]
        self._kept += data[:whole]
        return self._look(self._finder)

    def finish(self) -> bytes:
        """End `fresh`; return what remains to be played. An unfinished last sample is dropped."""
        if self._ended:
            raise OutOfOrder("The rendition has already ended.")
        self._ended = True
        if self._finder is None:
            return b""
        self._finder.finish(self._samples(self._looked_at, self._end))
        self._looked_at = self._end
        return self._join(self._finder)

    def _look(self, finder: PlaceFinder) -> bytes:
        while self._end - self._looked_at >= finder.wanted:
            block_end = self._looked_at + finder.wanted
            finder.take(self._samples(self._looked_at, block_end))
            self._looked_at = block_end
            if finder.place is not None:
                return self._join(finder)
        self._forget(min(finder.earliest - _MARGIN, self._looked_at))
        return b""

    def _join(self, finder: PlaceFinder) -> bytes:
        place = min(finder.place or 0, self._looked_at - (0 if self._ended else _MARGIN))
        place = max(self._dropped, self._in_phase(place))
        self._finder = None
        self.confidence = finder.confidence
        self.offset_ms = duration_ms(place * _WIDTH)
        rest = (
            self._without_step(place)
            + bytes(self._kept[(place - self._dropped) * _WIDTH :])[_FADE * _WIDTH :]
        )
        self._kept.clear()
        return rest

    def _in_phase(self, place: int) -> int:
        """Where near `place` the sound before is most like the end of `heard`."""
        template = self._tail
        length = len(template)
        low = max(place - _SEARCH, self._dropped + length)
        high = min(place + _SEARCH, self._looked_at)
        loudness = float(np.sqrt(np.square(template).sum()))
        if high < low or loudness <= _SILENT * length**0.5:
            return place
        around = self._samples(low - length, high)
        squares = np.concatenate((np.zeros(1), np.cumsum(np.square(around, dtype=np.float64))))
        energies = np.maximum(squares[length:] - squares[:-length], 1.0)
        likeness = np.correlate(around, template, "valid") / (loudness * np.sqrt(energies))
        if likeness.max() < _LEAST_LIKENESS:
            return place
        distances = np.abs(np.arange(low, high + 1) - place) / _SEARCH
        return low + int(np.argmax(likeness - _DISTANCE_PULL * distances))

    def _without_step(self, place: int) -> bytes:
        """The first samples from `place` on, bent to begin where `heard` ended."""
        start = max(self._dropped, place - 1)
        samples = self._samples(start, min(place + _FADE, self._looked_at))
        if not len(self._tail) or len(samples) < 2 or start == place:
            return encode(samples[place - start :])
        step = self._tail[-1] - samples[0]
        samples = samples[1:]
        return encode(samples + step * _FADING[: len(samples)])

    @property
    def _end(self) -> int:
        return self._dropped + len(self._kept) // _WIDTH

    def _samples(self, start: int, stop: int) -> Samples:
        first, last = (start - self._dropped) * _WIDTH, (stop - self._dropped) * _WIDTH
        return decode(bytes(self._kept[first:last]), REALTIME)

    def _forget(self, before: int) -> None:
        if before > self._dropped:
            del self._kept[: (before - self._dropped) * _WIDTH]
            self._dropped = before
