"""The measures by name: each prints its table and keeps its figures."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.bench import accounting, crowds, pairs
from tests.bench.conversations import Utterance
from tests.bench.crowds import Fit
from tests.bench.pairs import Pairs
from tests.bench.report import PAIRS_HEAD, capacity, histogram, loads_table, pairs_row, table
from tests.bench.servers import Backend, Server, busy, receiver
from tests.support.figures import median, quantile, say

HANDSHAKE_MS = 150
_SETTLED = 3.0
CROWD = 20


@dataclass
class Bench:
    """A run: what is measured, how often, and what came out."""

    server: Server
    backend: Backend
    count: int
    seconds: float
    told: dict[str, Any]
    distributions: dict[str, Pairs] = field(default_factory=dict)

    def progress(self, name: str) -> Callable[[str], None]:
        """One line on a terminal that is written again and again."""

        def tell(how_far: str) -> None:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[K{name}: {how_far}")
                sys.stderr.flush()

        return tell

    def keep(self, title: str, measured: dict[str, Pairs], shown: str) -> None:
        """Print pairs of one measure; `shown` has its distribution drawn."""
        self.progress("")("")
        say(f"\n{title}  (load {accounting.load()})")
        say(table([PAIRS_HEAD, *(pairs_row(name, each) for name, each in measured.items())]))
        say(f"added: {histogram(measured[shown].added)}")
        self.distributions[f"{title}: {shown}"] = measured[shown]
        self.told[title] = {
            name: {"server": each.server, "bare": each.bare, "added": median(each.added)}
            for name, each in measured.items()
        }


def live(bench: Bench) -> None:
    """As Home Assistant sends it: 100 chunks a second."""
    _recognition(bench, "recognition, live, 10 ms chunks", Utterance())


def live_32(bench: Bench) -> None:
    """Larger chunks."""
    _recognition(bench, "recognition, live, 32 ms chunks", Utterance(chunk_ms=32))


def synthesis(bench: Bench) -> None:
    """A whole text."""
    _synthesis(bench, "synthesis")


def streamed(bench: Bench) -> None:
    """Token by token."""
    title = "streamed synthesis"
    if not bench.server.streams():
        say(f"\n{title}: the server takes no texts in parts")
        return
    measured = pairs.synthesis(bench.server, bench.backend, bench.count, bench.progress(title), streamed=True)
    bench.keep(title, measured, "first audio")


def disconnect(bench: Bench) -> None:
    """The client goes away during an answer."""
    title = "disconnect"
    measured = pairs.disconnect(bench.server, bench.backend, bench.count, bench.progress(title))
    bench.keep(title, measured, "upstream cancel")


def handshake(bench: Bench) -> None:
    """The service takes its time to accept a connection."""
    bench.backend.told(handshake_ms=HANDSHAKE_MS)
    _synthesis(bench, f"synthesis, handshake delayed by {HANDSHAKE_MS} ms")
    told = Utterance(seconds=0.5)
    _recognition(bench, f"recognition, handshake delayed by {HANDSHAKE_MS} ms", told)
    bench.backend.told(handshake_ms=0)


def answers(bench: Bench) -> None:
    """What three seconds of speech cost."""
    each = pairs.answer_cpu(bench.server, bench.count, bench.progress("answers"))
    bench.told["answer CPU, ms"] = each * 1000
    say(f"\nCPU for a 3 s answer: {each * 1000:.2f} ms")


def sweep(bench: Bench) -> None:
    """More and more live streams."""
    quiet = crowds.idle(bench.server)
    with receiver(min(accounting.cores()[0])) as floor:
        loads = crowds.sweep(
            bench.server, bench.backend, crowds.SWEEP, bench.seconds, bench.progress("sweep"), floor
        )
    kept_up = [load for load in loads if load.kept_up] or loads[:1]
    counts = [float(load.streams) for load in kept_up]
    cpu = Fit.through(counts, [load.server for load in kept_up])
    receiving = Fit.through(counts, [load.receiving for load in kept_up])
    memory = Fit.through(counts, [float(load.memory) for load in kept_up])
    say(f"\ncapacity, live, 10 ms chunks  (load {accounting.load()}; idle {quiet * 100:.2f} % of a core)")
    say(loads_table(loads, cpu, receiving, memory))
    if len(kept_up) < len(crowds.SWEEP):
        say(f"  it could not keep up with {crowds.SWEEP[len(kept_up)]} streams, which the fit leaves out")
    for load in loads:
        _warn(str(load.streams), load.server, load.sink, load.driver)
    bench.told["capacity"] = {
        "idle": quiet,
        "loads": [asdict(load) for load in loads],
        "cpu": asdict(cpu),
        "receiving": asdict(receiving),
        "memory": asdict(memory),
        "extrapolated": capacity(cpu),
    }


def crowd(bench: Bench) -> None:
    """How long one of many waits."""
    title = f"recognition, {CROWD} live streams"
    rounds = max(1, bench.count // 10)
    got = crowds.waits(bench.server, bench.backend, CROWD, rounds, bench.progress(title))
    rows = [["", "median, ms", "p95, ms", "utterances"]]
    figures = {name: (median(values), quantile(values, 0.95)) for name, values in got.items()}
    figures["added"] = (
        figures["server"][0] - figures["bare"][0],
        figures["server"][1] - figures["bare"][1],
    )
    for name, (half, most) in figures.items():
        rows.append(
            [name, f"{half * 1000:.2f}", f"{most * 1000:.2f}", str(len(got.get(name, got["server"])))]
        )
    say(f"\n{title}  (load {accounting.load()})")
    say(table(rows))
    say(f"server: {histogram(got['server'])}")
    bench.told[title] = got | {"added median": figures["added"][0], "added p95": figures["added"][1]}


def unpaced(bench: Bench) -> None:
    """As fast as it goes."""
    flow = crowds.unpaced(bench.server, bench.backend, bench.progress("unpaced"))
    say(f"\nunpaced utterances of 2 s: {flow.rate:.0f} a second, {flow.each * 1000:.2f} ms CPU each")
    say(f"  server {flow.server:.0%}, sink {flow.sink:.0%}, driver {flow.driver:.0%} of a core")
    bench.told["unpaced"] = asdict(flow)


def vitals(bench: Bench) -> None:
    """Start and memory; comes first, when the server has done nothing yet."""
    time.sleep(_SETTLED)  # what it loads after it is ready counts
    now = accounting.resident(bench.server.pid)
    say(f"\nready after {bench.server.ready:.2f} s; resident, idle: {now / 1e6:.1f} MB")
    bench.told["idle memory"] = now


def peak(bench: Bench) -> None:
    """Comes last."""
    now, most = accounting.resident(bench.server.pid), accounting.peak(bench.server.pid)
    say(f"\nresident at the end: {now / 1e6:.1f} MB, at most {most / 1e6:.1f} MB")
    bench.told["memory at the end"], bench.told["peak memory"] = now, most


MEASURES: dict[str, Callable[[Bench], None]] = {
    "vitals": vitals,
    "live": live,
    "live-32": live_32,
    "synthesis": synthesis,
    "streamed": streamed,
    "disconnect": disconnect,
    "handshake": handshake,
    "answers": answers,
    "sweep": sweep,
    "crowd": crowd,
    "unpaced": unpaced,
    "peak": peak,
}
NEEDS_PID = {"vitals", "answers", "sweep", "unpaced", "peak"}
NEEDS_SINK = {"disconnect", "handshake", "sweep", "unpaced"}


def _recognition(bench: Bench, title: str, told: Utterance) -> None:
    measured = pairs.recognition(bench.server, bench.backend, told, bench.count, bench.progress(title))
    bench.keep(title, measured, "transcript")


def _synthesis(bench: Bench, title: str) -> None:
    measured = pairs.synthesis(bench.server, bench.backend, bench.count, bench.progress(title))
    bench.keep(title, measured, "first audio")


def _warn(step: str, server: float, sink: float, driver: float) -> None:
    full = busy(["server", "sink", "driver"], [server, sink, driver])
    together = ["driver and sink, which share a core,"] if sink + driver > 0.9 else []
    if full or together:
        say(f"  {step} streams: {', '.join(full + together)} had no room left")
