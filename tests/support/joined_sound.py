"""What a listener notices of speech that was joined from pieces: its pauses, its levels, its steps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.pcm import REALTIME

_HOP = REALTIME.rate // 200
_AUDIBLE = 60.0  # root mean square of 5 ms
_ACTIVE_DB = 20.0

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """Sound between two pauses, in samples; `level` in dB, `pause` seconds of quiet after it."""

    start: int
    stop: int
    level: float
    pause: float


def samples_of(pcm: bytes) -> Samples:
    """24 kHz PCM16 mono as numbers."""
    return np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float64)


def stretches(samples: Samples, shortest_pause: float = 0.1) -> list[Stretch]:
    """Sound by sound; what is quiet for less than `shortest_pause` seconds belongs to it."""
    loud = _rms(samples, _HOP) > _AUDIBLE
    edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False])).astype(int))).reshape(-1, 2)
    joined: list[list[int]] = []
    for start, stop in edges * _HOP:
        if joined and start - joined[-1][1] < shortest_pause * REALTIME.rate:
            joined[-1][1] = int(stop)
        else:
            joined.append([int(start), int(stop)])
    nexts = [start for start, _ in joined[1:]] + [joined[-1][1] if joined else 0]
    return [
        Stretch(start, stop, level(samples[start:stop]), (following - stop) / REALTIME.rate)
        for (start, stop), following in zip(joined, nexts, strict=True)
    ]


def level(samples: Samples) -> float:
    """The mean power, in dB, of the frames that are at most 20 dB below the loudest."""
    frames = _rms(samples, 2 * _HOP) ** 2
    active = frames[frames > frames.max(initial=0.0) * 10 ** (-_ACTIVE_DB / 10)]
    return float(10 * np.log10(active.mean())) if len(active) else -np.inf


def largest_step(samples: Samples) -> float:
    """The largest difference of two samples that follow each other."""
    return float(np.abs(np.diff(samples)).max(initial=0.0))


def _rms(samples: Samples, hop: int) -> Samples:
    padded = np.pad(samples, (0, -len(samples) % hop)).reshape(-1, hop)
    rms: Samples = np.sqrt((padded**2).mean(axis=1))
    return rms
