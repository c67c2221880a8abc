"""Latencies, through the server and bare, one right after the other."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.bench import conversations as talk
from tests.bench.accounting import Meter
from tests.bench.conversations import Spoken, Utterance
from tests.bench.driver import Lane, drive
from tests.bench.lines import RealtimeLine
from tests.bench.servers import Backend, Server

WARM_UP = 3


@dataclass
class Pairs:
    """Values of the server and bare ones, in seconds or as a ratio; pairs stand at the same place."""

    server: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    unit: str = "ms"

    @property
    def added(self) -> list[float]:
        """By the server."""
        return [one - other for one, other in zip(self.server, self.bare, strict=True)]


Progress = Callable[[str], None]
Lanes = dict[str, Callable[[], list[Lane]]]
Heard = dict[str, list[Spoken]]


def recognition(
    server: Server, backend: Backend, told: Utterance, count: int, say: Progress
) -> dict[str, Pairs]:
    """End of speech to transcript."""
    line, got = backend.hearing(), {"server": list[float](), "bare": list[float]()}
    for number in range(-WARM_UP, count):
        say(f"{max(number, 0) + 1}/{count}")
        lanes: Lanes = {
            "server": lambda: [talk.recognise(server.uri, told, got["server"].append)],
            "bare": lambda: [talk.recognise_bare(line, told, got["bare"].append)],
        }
        _take_turns(lanes, number)
    line.close()
    return {"transcript": Pairs(got["server"][WARM_UP:], got["bare"][WARM_UP:])}


def synthesis(
    server: Server, backend: Backend, count: int, say: Progress, *, streamed: bool = False
) -> dict[str, Pairs]:
    """Request to first and last audio, real-time factor, largest gap."""
    line, heard = backend.speaking(), {"server": list[Spoken](), "bare": list[Spoken]()}
    text = talk.SENTENCES if streamed else talk.FIRST_SENTENCE
    for number in range(-WARM_UP, count):
        say(f"{max(number, 0) + 1}/{count}")
        ask = _streaming if streamed else _asking
        _take_turns(ask(server, line, text, heard), number)
    line.close()
    ours, floor = heard["server"][WARM_UP:], heard["bare"][WARM_UP:]
    _same_length(ours, floor)
    return {
        "first audio": Pairs([one.first for one in ours], [one.first for one in floor]),
        "last audio": Pairs([one.last for one in ours], [one.last for one in floor]),
        "largest gap": Pairs([one.gap for one in ours], [one.gap for one in floor]),
        "real-time factor": Pairs([one.factor for one in ours], [one.factor for one in floor], unit=""),
    }


def disconnect(server: Server, backend: Backend, count: int, say: Progress) -> dict[str, Pairs]:
    """From the client's hanging up, or the bare client's cancelling, to the service's hearing of it."""
    backend.told(pace=1)
    line, pairs = backend.speaking(), Pairs()
    for number in range(count):
        say(f"{number + 1}/{count}")
        left: list[float] = []
        drive([talk.hang_up(server.uri, left.append)])
        pairs.server.append(_ended(backend, left[0]) - left[0])
        left.clear()
        drive([talk.hang_up_bare(line, left.append)])
        pairs.bare.append(_ended(backend, left[0]) - left[0])
    line.close()
    backend.told(pace=0)
    return {"upstream cancel": pairs}


def answer_cpu(server: Server, count: int, say: Progress) -> float:
    """CPU seconds of the server for one answer on a connection of its own."""
    spoken: list[Spoken] = []
    meter = Meter(server.pid)
    for number in range(count):
        say(f"{number + 1}/{count}")
        drive([talk.speak(server.uri, talk.FIRST_SENTENCE, spoken.append)])
    time.sleep(0.05)
    return meter.seconds() / count


def _asking(server: Server, line: RealtimeLine, text: str, heard: Heard) -> Lanes:
    return {
        "server": lambda: [talk.speak(server.uri, text, heard["server"].append)],
        "bare": lambda: [talk.speak_bare(line, text, heard["bare"].append)],
    }


def _streaming(server: Server, line: RealtimeLine, text: str, heard: Heard) -> Lanes:
    return {
        "server": lambda: talk.stream(server.uri, text, heard["server"].append),
        "bare": lambda: talk.stream_bare(line, text, heard["bare"].append),
    }


def _take_turns(lanes: Lanes, number: int) -> None:
    """Which of them goes first changes, or the second would always find warmer caches."""
    for name in sorted(lanes, reverse=number % 2 == 0):
        drive(lanes[name]())
        time.sleep(0.005)


def _same_length(ours: list[Spoken], floor: list[Spoken]) -> None:
    for one, other in zip(ours, floor, strict=True):
        # a server may make pauses between sentences
        assert -0.2 < one.audio - other.audio < 1.0, f"{one.audio} s of sound instead of {other.audio} s"


def _ended(backend: Backend, since: float) -> float:
    for _ in _tries():
        ended = [moment for moment, _ in backend.told()["ended"] if moment >= since]
        if ended:
            return float(ended[0])
    raise AssertionError("the service never heard that its answer is not wanted")


def _tries() -> Iterator[None]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        yield
        time.sleep(0.005)
