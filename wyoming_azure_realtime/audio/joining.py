"""Join pieces of text that were synthesized one by one into one audio: level, pauses and seams.

In: 24 kHz PCM16 mono of one piece after the other, as it arrives. Out: what can be played. Kept back are at
most five seconds of quiet and, from the second piece on, the beginning of a piece up to 1.3 s of sound.
"""

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.pcm import REALTIME, duration_ms, silence
from wyoming_azure_realtime.audio.samples import decode, encode

_FRAME = REALTIME.rate // 100
_FRAME_BYTES = _FRAME * REALTIME.frame_bytes
_QUIET = 32768.0**2 * _FRAME * 10**-5.0  # power of 10 ms, below which there is no speech: -50 dBFS
_BEGINNING, _END = _FRAME_BYTES, 2 * _FRAME_BYTES  # of quiet that stays at a piece's edges
_MOST_QUIET = 500 * _FRAME_BYTES  # that is kept back as the possible end of a piece
_FADE = REALTIME.rate // 250
_ACTIVE = 0.01  # part of the power of a piece's loudest frame, from which on a frame counts for its level
_ENOUGH_FRAMES = 130  # to measure a piece's level
_MOST_DB = 6.0
_RISE = ((1 - np.cos(np.pi * np.arange(_FADE) / _FADE)) / 2).astype(np.float32)

_Powers: TypeAlias = npt.NDArray[np.float32]


class Joiner:
    """Joins the audio of one piece after the other.

    Where two pieces meet, the quiet at their edges is replaced by the pause that the text asks for, and the
    cut edges are faded over 4 ms; other quiet stays, at most five seconds in a row. From the second one on a
    piece is made as loud as the first, by a constant gain of at most 6 dB: it is held back until 1.3 s of it,
    or all, have arrived to measure it. A single piece is passed on unchanged.
    """

    def __init__(self) -> None:
        self._partial = b""
        self._kept = bytearray()  # of a piece whose level is not known yet
        self._quiet = bytearray()  # the possible end of a piece
        self._latest = bytearray()
        self._first = True
        self._begun = False
        self._gain: float | None = 1.0  # of the first piece
        self._level = _Level()
        self._target: float | None = None  # dB: the level of the first piece with sound

    def feed(self, pcm: bytes) -> bytes:
        """Take audio of the piece, cut anywhere; return what can be played now."""
        data = self._partial + pcm
        whole = len(data) - len(data) % _FRAME_BYTES
        self._partial = data[whole:]
        return self._take(data[:whole], whole) if whole else b""

    def end(self, pause: float) -> bytes:
        """End the piece; return its rest. `pause`: seconds of silence after it; 0 for the last piece."""
        rest = self._partial[: len(self._partial) & ~1]
        audio = self._take(rest + bytes(_FRAME_BYTES - len(rest)), len(rest)) if rest else b""
        audio += self._settle()
        end = bytes(self._quiet[:_END] if pause else self._quiet)
        last = bytes(self._latest) + self._amplified(end)
        audio += _faded_out(last) if pause else last
        if self._begun:
            self._target = self._level.decibels if self._target is None else self._target
            audio += silence(max(0.0, pause * 1000 - duration_ms(len(end))))
        self._partial, self._first, self._begun, self._gain = b"", False, False, None
        self._quiet.clear()
        self._latest.clear()
        self._level = _Level()
        return audio

    def _take(self, padded: bytes, length: int) -> bytes:
        """Take whole frames, the last padded from `length` on; quiet after the last sound is kept back."""
        powers, frames = _powers(padded), padded[:length]
        (active,) = (powers >= _QUIET).nonzero()
        if not len(active):
            return self._take_quiet(frames)
        end = (int(active[-1]) + 1) * _FRAME_BYTES
        piece = bytes(self._quiet) + frames[:end]
        if not self._begun:
            beginning = len(self._quiet) + int(active[0]) * _FRAME_BYTES - _BEGINNING
            piece = piece if self._first else _faded_in(piece[max(0, beginning) :])
            self._begun = True
        self._quiet[:] = frames[end:][:_MOST_QUIET]
        self._level.add(powers[: int(active[-1]) + 1])
        if self._gain is not None:
            return self._but_the_latest(self._amplified(piece))
        self._kept += piece
        return self._settle() if self._level.frames >= _ENOUGH_FRAMES else b""

    def _take_quiet(self, frames: bytes) -> bytes:
        """Take quiet: passed on before the first sound, dropped before a later piece's, else kept back.

        It may be the end of the piece, whatever its length. If the service falls silent, the rest is dropped.
        """
        if not self._begun and self._first:
            return self._but_the_latest(frames)
        self._quiet += frames
        if not self._begun:
            del self._quiet[:-_BEGINNING]
        del self._quiet[_MOST_QUIET:]
        return b""

    def _settle(self) -> bytes:
        """Decide on the gain; return what was kept back for it."""
        if self._gain is None and self._target is not None and self._level.frames:
            decibels = float(np.clip(self._target - self._level.decibels, -_MOST_DB, _MOST_DB))
            self._gain = 10 ** (decibels / 20)
        kept = bytes(self._kept)
        self._kept.clear()
        return self._but_the_latest(self._amplified(kept))

    def _amplified(self, pcm: bytes) -> bytes:
        if not pcm or self._gain in (None, 1.0):
            return pcm
        return encode(decode(pcm, REALTIME) * np.float32(self._gain))

    def _but_the_latest(self, pcm: bytes) -> bytes:
        """Return all but what would have to be faded if the piece ended here."""
        self._latest += pcm
        count = max(0, len(self._latest) - _FADE * REALTIME.frame_bytes)
        audio = bytes(self._latest[:count])
        del self._latest[:count]
        return audio


class _Level:
    """The level of a piece: the mean power of the frames that have at least 1 % of the loudest one's."""

    def __init__(self) -> None:
        self._powers: list[_Powers] = []
        self.frames = 0

    @property
    def decibels(self) -> float:
        """The level in dB, where a power of 1 is 0. There must be a frame."""
        powers = np.concatenate(self._powers)
        return 10 * math.log10(powers[powers > powers.max() * _ACTIVE].mean())

    def add(self, powers: _Powers) -> None:
        """Add the powers of frames."""
        self._powers.append(powers)
        self.frames += len(powers)


def _powers(frames: bytes) -> _Powers:
    """The power of each 10 ms: the sum of its squared samples."""
    samples = decode(frames, REALTIME).reshape(-1, _FRAME)
    powers: _Powers = np.square(samples).sum(axis=1)
    return powers


def _faded_out(pcm: bytes) -> bytes:
    samples = decode(pcm, REALTIME)
    count = min(len(samples), _FADE)
    samples[len(samples) - count :] *= _RISE[:count][::-1]
    return encode(samples)


def _faded_in(pcm: bytes) -> bytes:
    samples = decode(pcm, REALTIME)
    count = min(len(samples), _FADE)
    samples[:count] *= _RISE[:count]
    return encode(samples)
