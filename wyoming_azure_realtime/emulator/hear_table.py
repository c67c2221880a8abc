"""A recognizer that knows some recordings, and tells which of them it hears. For tests and benches.

The table is JSON, with files beside it: `[{"text": "lights please", "wav": "00.wav"}, …]`. A recording is
known again though it was cut, padded, amplified or resampled, by how loud 20 bands of it are over time: that
of what is heard is moved along each known one (normalized cross-correlation). Of a part the words are told
that lie within, as if every character took as long as any other.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from wyoming_azure_realtime.audio.pcm import REALTIME, read_wav
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.emulator.engines import EngineHints
from wyoming_azure_realtime.errors import AudioTooLong, SettingsError, SpeechServiceError

Levels = npt.NDArray[np.float32]
"""Frames of 10 ms, 20 bands each, in dB."""

LEAST_LIKENESS = 0.55
"""Of 1; what is less like all known recordings is nothing that is known."""

_SURE = 0.93

_MOST_RECORDINGS, _LONGEST_SECONDS = 200, 30
_MOST_BYTES = 120 * REALTIME.bytes_per_second
_HOP, _WINDOW = REALTIME.rate // 100, REALTIME.rate // 25
_BANDS, _LOWEST, _HIGHEST = 20, 150.0, 3600.0  # Hz; telephones have them too
_RANGES_DB = (35.0, 30.0, 25.0)  # below the loudest, which in a part may be less than in the whole
_NOISE_DB = 6.0
_SILENCE = 150  # the largest sample of what is no sound at all
_PHASES = 4  # parts of a hop by which the frames may lie otherwise
_WHOLE = 0.8  # of a recording; whatever has as much is told whole
_LEAST_PART = 0.12
_MISSING = 0.2  # what a recording that is not there at all costs of its likeness


class KnownRecording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table. `wav`: a path, beside the table unless it is absolute."""

    text: str
    wav: str


_Lines = Annotated[list[KnownRecording], Meta(min_length=1, max_length=_MOST_RECORDINGS)]


@dataclass(frozen=True, slots=True)
class _Match:
    """How like a recording something is, and which part of it; 0 is its beginning, 1 its end."""

    text: str
    likeness: float
    begin: float
    end: float

    @property
    def words(self) -> str:
        """The words whose middle lies within the part; all of them if it is nearly all."""
        if self.end - self.begin >= _WHOLE:
            return self.text
        at, found = 0, []
        for word in self.text.split(" "):
            middle = (at + len(word) / 2) / max(1, len(self.text))
            if self.begin <= middle <= self.end:
                found.append(word)
            at += len(word) + 1
        return " ".join(found)


class HearTable:
    """The engine. `recordings`: text and 24 kHz PCM16 mono of each, of which the first 30 s count."""

    def __init__(self, recordings: Sequence[tuple[str, bytes]]) -> None:
        self._texts = [text for text, _ in recordings]
        known = [_above(_decibels(_samples(pcm)), _RANGES_DB[0]) for _, pcm in recordings]
        loud = np.concatenate([one[_loud(one)] for one in known])
        self._usual: npt.NDArray[np.float32] = loud.mean(axis=0)
        self._loud = [_loud(one) for one in known]
        self._known = [self._centred(one) for one in known]
        self._spectra: tuple[int, npt.NDArray[np.complex64]] = (0, np.empty(0, np.complex64))

    @classmethod
    def from_file(cls, path: Path) -> "HearTable":
        """Read a table and its files. Raises: SettingsError."""
        try:
            lines = msgspec.json.decode(path.read_bytes(), type=_Lines)
            return cls([(line.text, _pcm(path.parent / line.wav)) for line in lines])
        except (OSError, msgspec.MsgspecError, SpeechServiceError) as error:
            raise SettingsError(f"The table of recordings {path} cannot be read: {error}.") from error

    @asynccontextmanager
    async def utterance(self, _hints: EngineHints) -> AsyncIterator["_TableUtterance"]:
        """Begin an utterance."""
        yield _TableUtterance(self)

    def text_of(self, pcm: bytes) -> str:
        """The text of the recording that this is, or of the part of it; empty if it is none of them."""
        samples = _trimmed(_samples(pcm))
        if len(samples) < _WINDOW or np.abs(samples).max() < _SILENCE:
            return ""
        match = _Match("", -1.0, 0.0, 0.0)
        for phase in range(_PHASES):
            db = _decibels(samples[_HOP * phase // _PHASES :])
            for within in _RANGES_DB:
                match = max(match, self._best(_above(db, within)), key=lambda one: one.likeness)
            if match.likeness >= _SURE:
                break
        return match.words if match.likeness >= LEAST_LIKENESS else ""

    def _best(self, sound: Levels) -> _Match:
        """Where a sound fits best.

        The likeness is the correlation of what overlaps, times the share of the sound that does, less
        something for what is missing of the recording.
        """
        a = self._centred(sound)
        longest = max(len(one) for one in self._known)
        size = 1 << (len(a) + longest).bit_length()
        products = np.einsum("fb,kfb->kf", np.conj(np.fft.rfft(a, size, axis=0)), self._spectra_of(size))
        lags = np.arange(1 - len(a), longest)
        dots = np.fft.irfft(products, size, axis=1)[:, lags]
        best, found = -2.0, (0, 0)
        sums = _sums(a)
        for number, (known, dot) in enumerate(zip(self._known, dots, strict=True)):
            of_sound = _between(sums, -lags, len(known) - lags)
            of_known = _between(_sums(known), lags, len(a) + lags)
            inside, there = of_sound / max(sums[-1], 1e-9), of_known / max(_sums(known)[-1], 1e-9)
            likeness = dot / np.sqrt(np.maximum(of_sound * of_known, 1e-9)) * inside
            likeness = np.where(there < _LEAST_PART, -1, likeness - _MISSING * (1 - there))
            if (most := float(likeness.max())) > best:
                best, found = most, (number, int(lags[likeness.argmax()]))
        return self._match(sound, best, *found)

    def _match(self, sound: Levels, likeness: float, number: int, lag: int) -> _Match:
        part, whole = _loud(sound) + lag, self._loud[number]
        span = max(1, int(whole[-1] - whole[0]))
        begin, end = (part[0] + 1 - whole[0]) / span, (part[-1] - 1 - whole[0]) / span
        return _Match(self._texts[number], likeness, max(0.0, float(begin)), min(1.0, float(end)))

    def _spectra_of(self, size: int) -> npt.NDArray[np.complex64]:
        """Of the known ones over time, for sums of so many frames; the latest are kept."""
        if self._spectra[0] != size:
            spectra = np.stack([np.fft.rfft(one, size, axis=0) for one in self._known])
            self._spectra = (size, spectra.astype(np.complex64))
        return self._spectra[1]

    def _centred(self, of: Levels) -> npt.NDArray[np.float32]:
        """Relative to the usual spectrum; silence stays 0."""
        sounding = of.sum(axis=1, keepdims=True) > 0
        centred: npt.NDArray[np.float32] = ((of - self._usual) * sounding).astype(np.float32)
        return centred


class _TableUtterance:
    def __init__(self, table: HearTable) -> None:
        self._table = table
        self._audio = bytearray()
        self._ended = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        """Add audio. Raises: AudioTooLong."""
        if len(self._audio) + len(pcm) > _MOST_BYTES:
            raise AudioTooLong(f"The utterance has more than {_MOST_BYTES} bytes.")
        self._audio += pcm

    async def partials(self) -> AsyncGenerator[str, None]:
        """Yield nothing: what is known is known at the end."""
        await self._ended.wait()
        nothing: tuple[str, ...] = ()
        for text in nothing:
            yield text

    async def finish(self) -> str:
        """The text of all audio."""
        self._ended.set()
        return await asyncio.to_thread(self._table.text_of, bytes(self._audio))


def _decibels(samples: npt.NDArray[np.float32]) -> Levels:
    """How loud the bands are over time."""
    samples = samples[: _LONGEST_SECONDS * REALTIME.rate]
    padded = np.pad(samples, (0, max(0, _WINDOW - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * _HANNING)) ** 2 @ _MEMBERS
    db: Levels = (10 * np.log10(power + 1e-3)).astype(np.float32)
    return db


def _above(db: Levels, within_db: float) -> Levels:
    """The same above the floor: noise, and whatever is `within_db` or more below the loudest, is nothing."""
    noise = np.minimum(np.percentile(db, 5, axis=0) + _NOISE_DB, db.max() - _RANGES_DB[-1])
    above: Levels = np.maximum(db - np.maximum(noise, db.max() - within_db), 0).astype(np.float32)
    return above


_HANNING = np.hanning(_WINDOW).astype(np.float32)


def _members() -> npt.NDArray[np.float32]:
    """Which frequencies belong to which band."""
    hz = np.fft.rfftfreq(_WINDOW, 1 / REALTIME.rate)[:, None]
    edges = np.geomspace(_LOWEST, _HIGHEST, _BANDS + 1)
    upper = np.maximum(edges[1:], edges[:-1] + REALTIME.rate / _WINDOW)
    return ((hz >= edges[:-1]) & (hz < upper)).astype(np.float32)


_MEMBERS = _members()


def _loud(of: Levels) -> npt.NDArray[np.intp]:
    """The frames with more than next to nothing in them; the first if there are none."""
    sums = of.sum(axis=1)
    found = np.flatnonzero(sums > 0.05 * sums.max())
    return found if len(found) else np.array([0])


def _sums(of: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The energy before each frame, and at last all of it."""
    return np.concatenate(([0.0], np.cumsum((of.astype(np.float64) ** 2).sum(axis=1))))


def _between(
    sums: npt.NDArray[np.float64], begin: npt.NDArray[np.intp], end: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    """The energy of the frames from `begin` to `end`, as far as there are any."""
    last = len(sums) - 1
    energy: npt.NDArray[np.float64] = sums[np.clip(end, 0, last)] - sums[np.clip(begin, 0, last)]
    return energy


def _trimmed(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Without what is before and after the sound, but for a tenth of a second."""
    loud = np.flatnonzero(np.abs(samples) > max(1.0, np.abs(samples).max(initial=0) / 60))
    if not len(loud):
        return samples[:0]
    margin = REALTIME.rate // 10
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def _pcm(path: Path) -> bytes:
    """The file as 24 kHz PCM16 mono. Raises: OSError, SpeechServiceError."""
    fmt, frames = read_wav(path.read_bytes())
    resampler = StreamResampler(fmt)
    return resampler.process(frames) + resampler.flush()


def _samples(pcm: bytes) -> npt.NDArray[np.float32]:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float32)
