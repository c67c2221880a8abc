"""Fuzzing with coverage as the guide, with nothing installed but the tests' own packages.

An input that takes the product along an edge between two of its lines that none took before is kept, and
others are made from it. `sys.settrace` tells the edges, which is slow, but there everywhere, and parsers are
small. Every input must end without any exception that the target does not expect, within a time of its own
thread and a memory that follow from its size, and without a traceback in the log.
"""

import ast
import logging
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import wyoming_azure_realtime

CORPUS = Path(__file__).parent / "corpus"
PRODUCT = str(Path(wyoming_azure_realtime.__file__).parent)

MOST_CORPUS_BYTES = 30_000
"""Of one target's file: all of them together stay below 300 kB."""

_JUDGED_EVERY = 50
"""So often the memory of an input is measured that brought nothing new, too; that takes long."""

_SUSPECT = 4.0
"""While edges are recorded everything takes longer, at most so many times its limit."""

Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Target:
    """What is fuzzed.

    `opened`: from a `with` statement to what reads one input. `tokens`: what its language is made of.
    `longest`: bytes of an input. `seconds`, `seconds_per_byte`: of this thread's processor time that one may
    take; `bytes_per_byte`: of memory, beside `memory`.
    """

    name: str
    opened: Callable[[], AbstractContextManager[Run]]
    tokens: Sequence[bytes]
    longest: int = 4096
    seconds: float = 0.05
    seconds_per_byte: float = 20e-6
    memory: int = 1 << 20
    bytes_per_byte: int = 100


@dataclass(frozen=True)
class Finding:
    """An input that broke a rule."""

    data: bytes
    rule: str


# The corpus: two files for each target, one input on each line, as Python writes bytes. `NAME.txt` takes many
# ways through the product, and may be written anew; `NAME.found.txt` has what broke a rule once.


def read_corpus(name: str) -> list[bytes]:
    """The inputs that are kept of a target; none where there are no files."""
    files = (CORPUS / f"{name}.found.txt", CORPUS / f"{name}.txt")
    lines = (line for file in files if file.exists() for line in file.read_text().splitlines())
    return [ast.literal_eval(line) for line in lines]


def write_corpus(name: str, inputs: Iterable[bytes]) -> None:
    """Keep these inputs for their ways, in an order that does not depend on how they were found."""
    lines = sorted({ascii(one) for one in inputs}, key=lambda line: (len(line), line))
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))


# What an input does.


class Edges:
    """Which pairs of lines of the product came one after the other, in this thread."""

    def __init__(self) -> None:
        self._bases: dict[CodeType, int] = {}
        self._seen: set[int] = set()
        self._before = 0

    def of(self, work: Callable[[], None]) -> set[int]:
        """The edges that some work takes. Raises what it raises."""
        self._seen, self._before = set(), 0
        sys.settrace(self._call)
        try:
            work()
        finally:
            sys.settrace(None)
        return self._seen

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        base = self._bases.get(code)
        if base is None:
            ours = code.co_filename.startswith(PRODUCT)
            base = self._bases[code] = (len(self._bases) + 1) << 16 if ours else 0
        if not base:
            return None

        def line(frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
            if event == "line":
                here = base + frame.f_lineno
                self._seen.add(self._before << 40 | here)
                self._before = here
            return line

        return line


class Tracebacks(logging.Handler):
    """Whether something was logged with a traceback since the last look."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        if record.exc_info and record.exc_info[0] is not None:
            self._last = f"{record.getMessage()}: {record.exc_info[1]!r}"

    def take(self) -> str:
        """The last one; empty if there is none."""
        last, self._last = self._last, ""
        return last

    @contextmanager
    def installed(self) -> Iterator["Tracebacks"]:
        """At the root of all logs."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield self
        finally:
            root.removeHandler(self)


class Judge:
    """Reads inputs of one target and says which rule one breaks. `slower`: times the target's limit."""

    def __init__(self, target: Target, run: Run, tracebacks: Tracebacks, slower: float = 1.0) -> None:
        self._target = target
        self._run = run
        self._tracebacks = tracebacks
        self._slower = slower
        self._edges = Edges()

    def traced(self, data: bytes) -> tuple[set[int], str]:
        """The edges that an input takes, and what is wrong with it as far as that shows."""
        edges: set[int] = set()
        began = time.thread_time()

        def work() -> None:
            self._run(data)

        def record() -> None:
            edges.update(self._edges.of(work))

        wrong = self._failure(record)
        if not wrong and time.thread_time() - began > _SUSPECT * self._seconds(data):
            wrong = self.slow(data)
        return edges, wrong

    def slow(self, data: bytes) -> str:
        """Whether an input takes too long: the least of three times, untraced."""
        seconds = float("inf")
        for _ in range(3):
            began = time.thread_time()
            if wrong := self._failure(lambda: self._run(data)):
                return wrong
            seconds = min(seconds, time.thread_time() - began)
            if seconds <= self._seconds(data):
                return ""
        return f"took {seconds:.3f} s of processor time for {len(data)} bytes"

    def large(self, data: bytes) -> str:
        """Whether an input takes too much memory: the least of two peaks, since caches count once."""
        most = self._target.memory + self._target.bytes_per_byte * len(data)
        peak = 0
        for _ in range(2):
            tracemalloc.start()
            try:
                before = tracemalloc.get_traced_memory()[0]
                if wrong := self._failure(lambda: self._run(data)):
                    return wrong
                peak = tracemalloc.get_traced_memory()[1] - before
            finally:
                tracemalloc.stop()
            if peak <= most:
                return ""
        return f"took {peak} bytes of memory for {len(data)} bytes"

    def _seconds(self, data: bytes) -> float:
        return self._slower * (self._target.seconds + self._target.seconds_per_byte * len(data))

    def _failure(self, work: Callable[[], None]) -> str:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            return f"{type(error).__name__}: {str(error)[:300]}"
        logged = self._tracebacks.take()
        return f"a traceback in the log: {logged}" if logged else ""


# New inputs from old ones.

_NUMBERS = (b"0", b"-1", b"1", b"255", b"256", b"65536", b"2147483648", b"1e999", b"9" * 30, b"1.5", b"NaN")
_CHARACTERS = ("\x00", "\ufeff", "\u202e", "\u0301", "é", "你", "🙂", "\u2028", "\x85", "\x1b", "ß", "İ")


class Mutator:
    """Makes inputs of a language: `tokens`, and pieces of others."""

    def __init__(self, chance: random.Random, tokens: Sequence[bytes], longest: int) -> None:
        self._chance = chance
        self._tokens = tokens
        self._longest = longest
        self._ways = (
            *(self._byte, self._delete, self._double, self._token, self._token, self._number),
            *(self._character, self._splice, self._repeat),
        )

    def changed(self, data: bytes, other: bytes) -> bytes:
        """A few changes; `other`: where pieces may come from."""
        for _ in range(self._chance.choice((1, 1, 2, 3, 5, 8))):
            data = self._chance.choice(self._ways)(data, other)
        return data[: self._longest]

    def _slice(self, data: bytes, most: int = 64) -> tuple[int, int]:
        start = self._chance.randrange(len(data) + 1)
        return start, min(len(data), start + self._chance.randint(0, most))

    def _byte(self, data: bytes, _: bytes) -> bytes:
        at = self._chance.randrange(len(data) + 1)
        return data[:at] + bytes([self._chance.randrange(256)]) + data[at + 1 :]

    def _delete(self, data: bytes, _: bytes) -> bytes:
        start, end = self._slice(data)
        return data[:start] + data[end:]

    def _double(self, data: bytes, _: bytes) -> bytes:
        start, end = self._slice(data)
        return data[:end] + data[start:]

    def _token(self, data: bytes, _: bytes) -> bytes:
        start, end = self._slice(data, self._chance.choice((0, 0, 4, 20)))
        return data[:start] + self._chance.choice(self._tokens) + data[end:]

    def _number(self, data: bytes, _: bytes) -> bytes:
        digits = [at for at, byte in enumerate(data) if byte in b"0123456789"]
        if not digits:
            return data
        at = self._chance.choice(digits)
        return data[:at] + self._chance.choice(_NUMBERS) + data[at + 1 :]

    def _character(self, data: bytes, _: bytes) -> bytes:
        at = self._chance.randrange(len(data) + 1)
        return data[:at] + self._chance.choice(_CHARACTERS).encode() + data[at:]

    def _splice(self, data: bytes, other: bytes) -> bytes:
        at = self._chance.randrange(len(data) + 1)
        start, end = self._slice(other, 200)
        return data[:at] + other[start:end] + data[at:]

    def _repeat(self, data: bytes, _: bytes) -> bytes:
        """What takes time that grows faster than its size shows itself by this."""
        start, end = self._slice(data, self._chance.choice((1, 4, 64)))
        piece = data[start:end]
        times = self._chance.choice((3, 20, 200, 2000)) if piece else 0
        return data[:start] + (piece * times)[: self._longest] + data[start:]


# All of it.


@dataclass
class Session:
    """What fuzzing one target found. `edges`: how many, at the beginning and at the end."""

    name: str
    inputs: int = 0
    seconds: float = 0.0
    edges: tuple[int, int] = (0, 0)
    pool: dict[bytes, frozenset[int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.name:10} {self.inputs:8} inputs, {self.inputs / max(self.seconds, 1e-9):6.0f} a second, "
            f"edges {self.edges[0]} -> {self.edges[1]}, {len(self.pool)} kept, {len(self.findings)} findings"
        )


def fuzz(target: Target, seconds: float, seed: int, most_findings: int = 10) -> Session:
    """So many seconds of it, from the corpus on."""
    chance = random.Random(seed)
    mutator = Mutator(chance, target.tokens, target.longest)
    session = Session(target.name)
    covered: set[int] = set()
    rules: set[str] = set()
    with target.opened() as run, Tracebacks().installed() as tracebacks:
        judge = Judge(target, run, tracebacks)
        known = read_corpus(target.name) or [b""]
        with suppress(Exception):
            run(known[0])  # what is loaded at the first use
        began = time.monotonic()
        while time.monotonic() < began + seconds and len(rules) < most_findings:
            fresh = session.inputs >= len(known)
            data = _next(session, known, mutator, chance)
            session.inputs += 1
            edges, wrong = judge.traced(data)
            new = edges - covered
            if not wrong and (new or session.inputs % _JUDGED_EVERY == 0):
                wrong = judge.large(data) or judge.slow(data)
            if wrong:
                rule = wrong[:60]
                if rule not in rules:
                    rules.add(rule)
                    session.findings.append(Finding(data, wrong))
            elif new:
                covered |= new
                session.pool[data] = frozenset(edges)
            if not fresh:
                session.edges = (len(covered), 0)
        session.seconds = time.monotonic() - began
    session.edges = (session.edges[0], len(covered))
    return session


def _next(session: Session, known: Sequence[bytes], mutator: Mutator, chance: random.Random) -> bytes:
    if session.inputs < len(known):
        return known[session.inputs]
    pool = list(session.pool) or list(known)
    # what came last is mutated more often: it is where something new was found
    late = pool[-20:]
    return mutator.changed(chance.choice(late if chance.random() < 0.3 else pool), chance.choice(pool))


def smallest_cover(pool: dict[bytes, frozenset[int]], most: int = MOST_CORPUS_BYTES) -> list[bytes]:
    """Inputs that take as many edges together as fit into so many bytes of a corpus; the small ones first."""
    covered: set[int] = set()
    kept: list[bytes] = []
    room = most
    for data in sorted(pool, key=len):
        cost = len(ascii(data)) + 1
        if cost <= room and not pool[data] <= covered:
            kept.append(data)
            covered |= pool[data]
            room -= cost
    return kept
