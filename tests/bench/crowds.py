"""Many live streams at once: what each costs, whether that is linear, and how long they wait."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.bench import conversations as talk
from tests.bench.accounting import Meter, resident
from tests.bench.conversations import Utterance
from tests.bench.driver import Lane, Stuck, drive
from tests.bench.lines import RealtimeLine
from tests.bench.pairs import Progress
from tests.bench.servers import Backend, Server

SETTLING = 1.5
KEEPING_UP = 0.25
"""Seconds to a transcript; who takes longer has more to do than time."""

SWEEP = (1, 5, 10, 25, 50)
_APART = talk.CHUNK_MS / 1000 * 1.03


@dataclass(frozen=True)
class Load:
    """So many streams: shares of a core of every process, and the server's memory in bytes.

    `waited`: the longest time from an end of speech to its transcript, in seconds. `receiving`: what a server
    takes of a core that only receives the same.
    """

    streams: int
    server: float
    sink: float
    driver: float
    memory: int
    waited: float = 0.0
    receiving: float = 0.0

    @property
    def kept_up(self) -> bool:
        """Or else audio was left waiting, and what it will cost is not in the share."""
        return self.waited < KEEPING_UP


@dataclass(frozen=True)
class Fit:
    """A line through the loads. `residual`: the largest distance from it, as a share of the largest value."""

    each: float
    base: float
    residual: float

    @classmethod
    def through(cls, counts: Sequence[float], values: Sequence[float]) -> "Fit":
        """Least squares."""
        each, base = (float(value) for value in np.polyfit(counts, values, 1))
        away = max(abs(value - base - each * count) for count, value in zip(counts, values, strict=True))
        return cls(each, base, away / max(values))


def idle(server: Server, seconds: float = 2.0) -> float:
    """Share of a core while nobody asks anything."""
    meter = Meter(server.pid)
    time.sleep(seconds)
    return meter.share()


def sweep(
    server: Server,
    backend: Backend,
    counts: Sequence[int],
    seconds: float,
    say: Progress,
    receiver: Server | None = None,
) -> list[Load]:
    """Measured in the middle of utterances, without their beginnings and ends; over when the server fails."""
    loads = []
    for count in counts:
        say(f"{count} streams")
        try:
            load = _loaded(server, backend, count, seconds)
            loads.append(replace(load, receiving=_received(receiver, count, seconds) if receiver else 0.0))
        except Stuck:
            break
        if not loads[-1].kept_up:
            break
        time.sleep(0.3)
    return loads


def _loaded(server: Server, backend: Backend, count: int, seconds: float) -> Load:
    told = Utterance(seconds=SETTLING + seconds + 0.5)
    waits: list[float] = []
    loads: list[Load] = []
    lanes: list[Lane] = [
        _later(number * _APART, talk.recognise(server.uri, told, waits.append)) for number in range(count)
    ]
    drive([*lanes, _measured(server, backend, count, seconds, loads)])
    assert len(waits) == count, f"{count - len(waits)} of {count} utterances were not answered"
    return replace(loads[0], waited=max(waits))


def _measured(server: Server, backend: Backend, count: int, seconds: float, loads: list[Load]) -> Lane:
    yield time.monotonic() + SETTLING
    began, own = time.monotonic(), time.process_time()
    meters = Meter(server.pid), Meter(backend.pid)
    yield time.monotonic() + seconds
    driver = (time.process_time() - own) / (time.monotonic() - began)
    loads.append(Load(count, meters[0].share(), meters[1].share(), driver, resident(server.pid)))


def _received(receiver: Server, count: int, seconds: float) -> float:
    told, shares = Utterance(seconds=SETTLING + seconds + 0.5), list[float]()

    def measured() -> Lane:
        yield time.monotonic() + SETTLING
        meter = Meter(receiver.pid)
        yield time.monotonic() + seconds
        shares.append(meter.share())

    lanes = [_later(number * _APART, talk.say(receiver.uri, told)) for number in range(count)]
    drive([*lanes, measured()])
    return shares[0]


def waits(
    server: Server, backend: Backend, streams: int, rounds: int, say: Progress
) -> dict[str, list[float]]:
    """End of speech to transcript while others speak; the server and bare sessions in turn, by blocks."""
    lines = [backend.hearing() for _ in range(streams)]
    told, got = Utterance(seconds=1.5), {"server": list[float](), "bare": list[float]()}
    for block in range(2):
        say(f"{streams} streams, block {block + 1}/2")
        drive(
            _later(number * told.seconds / streams, _rounds(server, told, rounds, got["server"]))
            for number in range(streams)
        )
        drive(
            _later(number * told.seconds / streams, _bare_rounds(line, told, rounds, got["bare"]))
            for number, line in enumerate(lines)
        )
    for line in lines:
        line.close()
    return got


def _rounds(server: Server, told: Utterance, rounds: int, got: list[float]) -> Lane:
    for _ in range(rounds):
        yield from talk.recognise(server.uri, told, got.append)


def _bare_rounds(line: RealtimeLine, told: Utterance, rounds: int, got: list[float]) -> Lane:
    for _ in range(rounds):
        yield from talk.recognise_bare(line, told, got.append)


@dataclass(frozen=True)
class Throughput:
    """Utterances per second sent as fast as they go, CPU seconds of the server for each, shares of a core."""

    rate: float
    each: float
    server: float
    sink: float
    driver: float


def unpaced(
    server: Server, backend: Backend, say: Progress, *, lanes: int = 8, seconds: float = 5.0
) -> Throughput:
    """Utterances of two seconds, eight at a time."""
    say(f"{lanes} lanes")
    told, got = Utterance(seconds=2.0, chunk_ms=32, pace=0), list[float]()
    own, meters, began = time.process_time(), (Meter(server.pid), Meter(backend.pid)), time.monotonic()

    def lane() -> Lane:
        while time.monotonic() < began + seconds:
            yield from talk.recognise(server.uri, told, got.append)

    drive([lane() for _ in range(lanes)])
    took = time.monotonic() - began
    driver = (time.process_time() - own) / took
    each = meters[0].seconds() / len(got)
    return Throughput(len(got) / took, each, meters[0].share(), meters[1].share(), driver)


def _later(seconds: float, lane: Lane) -> Lane:
    yield time.monotonic() + seconds
    yield from lane
