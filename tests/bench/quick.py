"""The benchmark in seconds: how much more than the bare minimum the server takes, as ratios within one run.

`python -m tests.bench.quick` prints what belongs into `baseline.py`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.bench import accounting, conversations, crowds, pairs
from tests.bench.accounting import Meter
from tests.bench.conversations import Spoken, Utterance
from tests.bench.driver import drive
from tests.bench.pairs import Pairs
from tests.bench.servers import Backend, Server, sink, started
from tests.support.figures import median, say

WORSE = 1.5
"""Times the baseline: what is not noise any more."""

TRIES = 5
_HANDSHAKE_MS = 150
_STREAMS, _SECONDS = 10, 1.5
_PAIRS, _ANSWERS = 10, 20


@contextmanager
def stage(*, delay_ms: float = 0.0) -> Iterator[tuple[Server, Backend]]:
    """The server, and the service to compare with; only the server's own one delays its transcripts."""
    core, other = accounting.cores()
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        stack.callback(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, other)
        bare = stack.enter_context(sink(min(other)))
        behind = stack.enter_context(sink(min(other))) if delay_ms else bare
        behind.told(transcript_ms=delay_ms)
        server = stack.enter_context(started("ours", behind, core=min(core)))
        # whoever has no warm session shows it
        behind.told(handshake_ms=_HANDSHAKE_MS)
        yield server, bare


def latencies(server: Server, bare: Backend) -> dict[str, float]:
    """Medians through the server, as multiples of the bare ones."""
    heard = pairs.recognition(server, bare, Utterance(seconds=0.3, pace=0), 4 * _PAIRS, _nobody)
    spoken = pairs.synthesis(server, bare, 2 * _PAIRS, _nobody)
    return {
        "end of speech to transcript": _ratio(heard["transcript"]),
        "request to first audio": _ratio(spoken["first audio"]),
        "request to last audio": _ratio(spoken["last audio"]),
    }


def costs(server: Server, bare: Backend) -> dict[str, float]:
    """CPU of the server: of live streams, by that of sending them; of answers, by that of generating them."""
    load = crowds.sweep(server, bare, [_STREAMS], _SECONDS, _nobody)[0]
    spoken: list[Spoken] = []
    meters = Meter(server.pid), Meter(bare.pid)
    for _ in range(_ANSWERS):
        drive([conversations.speak(server.uri, conversations.FIRST_SENTENCE, spoken.append)])
    time.sleep(0.1)
    return {
        "CPU of a live stream": load.server / load.driver,
        "CPU of an answer": meters[0].seconds() / meters[1].seconds(),
    }


def worse(ratios: dict[str, float], baseline: dict[str, float]) -> dict[str, float]:
    """Those that are more than half above their baseline."""
    return {name: ratio for name, ratio in ratios.items() if ratio > WORSE * baseline[name]}


def best(tries: list[dict[str, float]]) -> dict[str, float]:
    """The least of each: what else runs on the machine only ever adds."""
    return {name: min(one[name] for one in tries) for name in tries[0]}


def regressions(server: Server, bare: Backend, baseline: dict[str, float]) -> dict[str, float]:
    """What is worse, however often it is tried."""
    tries: list[dict[str, float]] = []
    while len(tries) < TRIES:
        tries.append(latencies(server, bare) | costs(server, bare))
        if not worse(best(tries), baseline):
            break
    return worse(best(tries), baseline)


def _ratio(one: Pairs) -> float:
    return median(one.server) / median(one.bare)


def _nobody(_: str) -> None:
    """Progress that nobody watches."""


if __name__ == "__main__":
    with stage() as (measured, floor):
        tried = [latencies(measured, floor) | costs(measured, floor) for _ in range(TRIES)]
        for ratio_name in tried[0]:
            say(f"{ratio_name}: " + "  ".join(f"{one[ratio_name]:.2f}" for one in tried))
