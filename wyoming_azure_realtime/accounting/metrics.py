"""What happens, counted for Prometheus, and the latest latencies for the status.

It subscribes to the observer and only adds numbers, in a few dictionaries; the package prometheus-client,
which writes them down, is loaded when somebody asks for them. Every label has few values: those of the
settings, of this program's own words, or `other`.
"""

import asyncio
import math
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.accounting.prices import NANO
from wyoming_azure_realtime.observe import (
    SESSION_KINDS,
    UNCLAIMED,
    ClientRefused,
    FallbackInUse,
    ObservedEvent,
    RequestJudged,
    RequestRefused,
    SessionClosed,
    SessionOpened,
    SessionRefused,
    TargetChanged,
    TriedAgain,
    TurnEnded,
    TurnKind,
    TurnRecord,
)

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PREFIX = "wyoming_azure_realtime"

MOST_SERIES = 500
"""Combinations of labels of one metric; what is beyond is counted as `other`."""

BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Seconds: finer where people notice."""

LATEST = 200
"""Latencies of each sort that the status looks at."""

LAST_RESORTS = "last_resorts"

Labels = tuple[str, ...]


@dataclass(slots=True)
class Histogram:
    """Seconds, counted in `BUCKETS` and one more for all that are longer."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    sum: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds


_COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "turns": ("Turns that ended.", ("kind", "door", "outcome", "target")),
    "requests": (
        "Transcriptions and responses that services were asked for.",
        ("kind", "target", "model", "outcome"),
    ),
    "mismatches": ("Responses that were not the text.", ("target", "code")),
    "retries": ("Attempts after a failed one.", ("kind", "target", "code")),
    "failovers": ("Attempts at another target than the one that failed.", ("kind", "source", "destination")),
    "fallbacks": ("Beginnings of a time in which a fallback answers.", ("kind", "fallback")),
    "refused_requests": (
        "Requests of clients for a voice, a model or a language that there is not.",
        ("kind", "door", "code"),
    ),
    "refused_clients": ("Clients that were refused, closed or cut off, by the bound.", ("door", "bound")),
    "session_openings": ("Sessions that were to be opened.", ("kind", "target", "outcome")),
    "session_ends": ("Sessions that are over.", ("kind", "target", "reason")),
    "tokens": ("Tokens that services were paid for.", ("target", "model", "type")),
    "prepared": (
        "Answers and speech that were made before anybody asked for them.",
        ("kind", "outcome"),
    ),
    "unclaimed_cost": (
        "What those have cost that nobody asked for, in the currency of the settings.",
        ("kind", "currency"),
    ),
    "heard_seconds": ("Audio that was sent to services.", ("target",)),
    "spoken_seconds": ("Audio that services sent.", ("target",)),
    "cost_dollars": (
        "What was spent, in US dollars, by how it is known.",
        ("kind", "target", "model", "basis"),
    ),
    "requests_without_price": (
        "Requests of which something has no known price.",
        ("kind", "target", "model"),
    ),
}
_HISTOGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "transcript_delay_seconds": ("From the end of a command to its transcript.", ("target",)),
    "first_audio_seconds": ("From a request for speech to its first audio.", ("target",)),
    "answer_seconds": ("From a request to what a model answers.", ("target",)),
    "session_opening_seconds": ("For which it took to open a session.", ("kind", "target")),
}

MISMATCHES = ("content-mismatch", "no-speech", "content-refused")
"""Codes of responses that were not the text."""

SessionCounts = Callable[[], Mapping[tuple[str, TurnKind, str], int]]
"""Sessions there are, by target, kind and state."""


class Metrics:
    """Subscribe `count`. `expose` writes everything down; `latency` is for the status.

    `targets`: names of all. `sessions` and `last_resorts` may be set to what tells them.
    """

    def __init__(self, ledger: Ledger, targets: Sequence[str] = ()) -> None:
        self._ledger = ledger
        self._counters: dict[str, defaultdict[Labels, float]] = {
            name: defaultdict(float) for name in _COUNTERS
        }
        self._histograms: dict[str, defaultdict[Labels, Histogram]] = {
            name: defaultdict(Histogram) for name in _HISTOGRAMS
        }
        self._latest = {name: deque[float](maxlen=LATEST) for name in ("transcript", "firstAudio", "answer")}
        self._working: dict[tuple[TurnKind, str], bool] = {}
        self.renew(targets)
        self.sessions: SessionCounts = dict
        self.last_resorts: Callable[[], Mapping[Any, int]] = dict

    def renew(self, targets: Sequence[str]) -> None:
        """From now on these are the targets; all of them count as working until they fail."""
        self._working = {(kind, target): True for target in targets for kind in SESSION_KINDS}

    def count(self, event: ObservedEvent) -> None:
        """Add what an event says."""
        match event:
            case TurnEnded(record):
                self._turn(record)
            case RequestJudged():
                self._request(event)
            case TriedAgain(_, kind, before, now, code):
                self._add("retries", (kind, before, code))
                if now != before:
                    self._add("failovers", (kind, before, now))
            case SessionOpened(target, kind, seconds):
                self._add("session_openings", (kind, target, "opened"))
                self._histograms["session_opening_seconds"][kind, target].add(seconds)
            case SessionRefused(target, kind, error):
                self._add("session_openings", (kind, target, error.code))
            case SessionClosed(target, kind, reason):
                self._add("session_ends", (kind, target, reason))
            case TargetChanged(target, kind, working):
                self._working[kind, target] = working
            case FallbackInUse(name, kind):
                self._add("fallbacks", (kind, name))
            case RequestRefused(door, kind, error):
                self._add("refused_requests", (kind, door, error.code))
            case ClientRefused(door, bound):
                self._add("refused_clients", (door, bound))

    def _turn(self, record: TurnRecord) -> None:
        self._add("turns", (record.kind, record.door, record.outcome, record.target or "none"))
        if record.prepared:
            unclaimed = record.outcome == UNCLAIMED
            self._add("prepared", (record.kind, UNCLAIMED if unclaimed else "claimed"))
            if unclaimed and record.cost is not None:
                self._add("unclaimed_cost", (record.kind, record.cost.currency), record.cost.amount)
        if record.kind == "recognition":
            name, seconds = "transcript", record.result_seconds
            histogram = self._histograms["transcript_delay_seconds"]
        elif record.kind == "answer":
            name, seconds = "answer", record.first_result_seconds
            histogram = self._histograms["answer_seconds"]
        else:
            name, seconds = "firstAudio", record.first_result_seconds
            histogram = self._histograms["first_audio_seconds"]
        if seconds is not None and record.outcome in ("completed", "empty"):
            self._latest[name].append(seconds)
            histogram[(record.target or "none",)].add(seconds)

    def _request(self, event: RequestJudged) -> None:
        rate, charge = self._ledger.charge_of(event)
        if event.asked:
            self._add("requests", (event.kind, event.target, rate.model, event.outcome))
            if event.outcome in MISMATCHES:
                self._add("mismatches", (event.target, event.outcome))
        for kind, number in charge.tokens.items():
            self._add("tokens", (event.target, rate.model, kind), number)
        self._add("heard_seconds", (event.target,), event.heard_seconds)
        self._add("spoken_seconds", (event.target,), event.spoken_seconds)
        basis = "estimated" if charge.estimated else "reported"
        dollars = charge.nanodollars / NANO
        self._add("cost_dollars", (event.kind, event.target, rate.model, basis), dollars)
        if charge.unknown:
            self._add("requests_without_price", (event.kind, event.target, rate.model))

    def _add(self, name: str, labels: Labels, number: float = 1) -> None:
        counter = self._counters[name]
        if labels not in counter and len(counter) >= MOST_SERIES:
            labels = ("other",) * len(labels)
        counter[labels] += number

    def open_and_idle(self) -> tuple[int, int]:
        """How many sessions are open, and how many of them wait for a request."""
        counts = self.sessions()
        idle = sum(number for (_, _, state), number in counts.items() if state == "idle")
        opening = sum(number for (_, _, state), number in counts.items() if state == "opening")
        return sum(counts.values()) - opening, idle

    def summary(self) -> dict[str, Any]:
        """What `/info` says of it."""
        return {"cost": self._ledger.summary(), "latency": self.latency()}

    def latency(self) -> dict[str, dict[str, float | int | None]]:
        """Milliseconds of the latest turns: half were faster than `p50`, nineteen of twenty than `p95`."""
        found: dict[str, dict[str, float | int | None]] = {}
        for name, seconds in self._latest.items():
            ordered = sorted(seconds)
            found[name] = {
                "turns": len(ordered),
                "p50": _percentile(ordered, 0.5),
                "p95": _percentile(ordered, 0.95),
            }
        return found

    # --- for Prometheus

    async def expose(self, accept: str) -> tuple[bytes, str]:
        """Everything in the format that the `Accept` header asks for, and that format's name."""
        await asyncio.to_thread(_load)
        return await asyncio.to_thread(_encode, list(self.collect()), accept)

    def collect(self) -> Iterator["Metric"]:
        """All metrics, as of now."""
        from prometheus_client.core import (  # noqa: PLC0415
            CounterMetricFamily,
            HistogramMetricFamily,
            InfoMetricFamily,
        )

        yield InfoMetricFamily(f"{PREFIX}_build", "The program.", value={"version": __version__})
        for name, (text, labels) in _COUNTERS.items():
            counter = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
            for values, number in self._counters[name].items():
                counter.add_metric(values, number)
            yield counter
        resorts = CounterMetricFamily(
            f"{PREFIX}_{LAST_RESORTS}",
            "Pieces of text that no service spoke as it was asked to.",
            labels=["resort"],
        )
        for resort, number in self.last_resorts().items():
            resorts.add_metric([str(resort)], number)
        yield resorts
        for name, (text, labels) in _HISTOGRAMS.items():
            family = HistogramMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
            for values, histogram in self._histograms[name].items():
                family.add_metric(values, list(_cumulated(histogram)), histogram.sum)
            yield family
        yield from self._gauges()

    def _gauges(self) -> Iterator["Metric"]:
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

        sessions = GaugeMetricFamily(
            f"{PREFIX}_sessions", "Sessions with services.", labels=["kind", "target", "state"]
        )
        for (target, kind, state), number in self.sessions().items():
            sessions.add_metric([kind, target, state], number)
        yield sessions
        working = GaugeMetricFamily(
            f"{PREFIX}_target_working",
            "0 while a target is set aside for failing.",
            labels=["kind", "target"],
        )
        for (kind, target), is_working in self._working.items():
            working.add_metric([kind, target], float(is_working))
        yield working
        summary = self._ledger.summary()
        currency = summary["currency"]
        spent = GaugeMetricFamily(
            f"{PREFIX}_spent",
            "What was spent in the day and the month so far, in the currency of the settings.",
            labels=["period", "currency"],
        )
        limit = GaugeMetricFamily(
            f"{PREFIX}_spending_limit",
            "What may be spent, in the currency of the settings.",
            labels=["period", "currency"],
        )
        for period, present in (("day", "today"), ("month", "month")):
            spent.add_metric([period, currency], summary[present])
            if summary["limits"][period]:
                limit.add_metric([period, currency], summary["limits"][period])
        yield from (spent, limit)


class _Once:
    """A collector of what was collected already."""

    def __init__(self, metrics: "list[Metric]") -> None:
        self._metrics = metrics

    def collect(self) -> "Iterable[Metric]":
        """The metrics."""
        return self._metrics


def _load() -> None:
    """Load what writes metrics down: only for whoever asks."""
    import prometheus_client  # noqa: F401, PLC0415


def _encode(metrics: "list[Metric]", accept: str) -> tuple[bytes, str]:
    from prometheus_client.core import CollectorRegistry  # noqa: PLC0415
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415
    from prometheus_client.process_collector import ProcessCollector  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(metrics))
    ProcessCollector(registry=registry)
    encode, format_ = choose_encoder(accept)
    return encode(registry), format_


def _cumulated(histogram: Histogram) -> Iterator[tuple[str, float]]:
    """Upper bounds and how many were at most that long."""
    number = 0
    for bound, count in zip((*BUCKETS, math.inf), histogram.counts, strict=True):
        number += count
        yield "+Inf" if math.isinf(bound) else str(bound), number


def _percentile(ordered: list[float], share: float) -> int | None:
    """Milliseconds; None where there is nothing."""
    if not ordered:
        return None
    return round(1000 * ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)])
