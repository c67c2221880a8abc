"""Where it is kept what was spent, so that it outlives the program: `sqlite_file` or `shared`.

What happens is collected as `Changes`, which only add, and written a moment later by the one task that a
`Keeper` runs. Each writing reads back the sums of everybody who writes there: other programs on the same
file, other servers at the same Redis. While nothing can be written, the changes are kept and added up (they
need no more room than there are days and models); that is said once, and again when it is over.

Kept: sums for each day and model for `KEPT_DAYS`; the latest turns, as many and as long as `history` in the
settings says; what turns in progress may cost; what somebody has chosen on the page.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import NamedTuple, Protocol, TypeVar

KEPT_DAYS = 400
MOST_UNWRITTEN = 1000
"""Turns that wait to be written."""

WRITE_SECONDS, READ_SECONDS = 5.0, 3.0
"""For which one writing or reading may take."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts while nothing can be written."""

RESERVED_SECONDS = 900.0
"""After which what a turn may cost, and was never corrected, counts as spent: its program broke down."""

UNFINISHED = "unfinished"
"""Stands for the model of such turns."""


class Key(NamedTuple):
    """What is added up apart: a day (`2026-11-30`), a kind of turn, a service, a model."""

    day: str
    kind: str
    service: str
    model: str


@dataclass(slots=True)
class Amounts:
    """Sums; all are whole numbers. `unknown`: requests of which something had no known price."""

    nanodollars: int = 0
    requests: int = 0
    estimated: int = 0
    unknown: int = 0
    heard_ms: int = 0
    spoken_ms: int = 0
    text_in: int = 0
    text_cached: int = 0
    text_out: int = 0
    audio_in: int = 0
    audio_cached: int = 0
    audio_out: int = 0

    def add(self, other: "Amounts") -> None:
        """Add all of another."""
        for name in COLUMNS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COLUMNS = tuple(column.name for column in fields(Amounts))
Sums = dict[Key, Amounts]


class KeptTurn(NamedTuple):
    """A turn as it is kept. `started_at`: Unix time; `body`: all of it, as JSON."""

    id: str
    started_at: float
    body: str


@dataclass(slots=True)
class Changes:
    """What is not written yet. `reserved`: nanodollars by turn, and until when; zero: no longer."""

    sums: Sums = field(default_factory=dict)
    reserved: dict[str, tuple[int, float]] = field(default_factory=dict)
    turns: deque[KeptTurn] = field(default_factory=lambda: deque(maxlen=MOST_UNWRITTEN))
    batch: str = ""

    def __bool__(self) -> bool:
        return bool(self.sums or self.reserved or self.turns)

    def add(self, key: Key, amounts: Amounts) -> None:
        """Add a request."""
        self.sums.setdefault(key, Amounts()).add(amounts)


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is, of everybody: this month's sums, and nanodollars that turns in progress may cost."""

    sums: Sums
    reserved: Mapping[str, int]


class StatePlace(Protocol):
    """Where it is written. All raise `Unwritable`, also where it is read."""

    name: str

    async def write(self, changes: Changes, month: str, now: float) -> Kept:
        """Add changes, all or nothing and once even if it is tried again; return what there is of a month."""

    async def turns(self, most: int, now: float) -> list[str]:
        """The latest turns of everybody who writes there, as JSON, the latest first."""

    async def forget_turns(self) -> None:
        """Forget them all."""

    async def days(self, since: str) -> dict[str, int]:
        """Nanodollars of each day from this one on; of days without any, nothing."""

    async def choice(self, name: str) -> str:
        """What was chosen under this name; empty if nothing was."""

    async def choose(self, name: str, value: str) -> None:
        """Remember a choice."""

    async def close(self) -> None:
        """Let go of it."""


_T = TypeVar("_T")


class Unwritable(Exception):
    """Nothing can be written there now; the message says why, in a few words."""


class Keeper:
    """Writes changes in the background. `on_kept` gets what there is; `say` gets one line for the log."""

    def __init__(
        self, place: StatePlace, on_kept: Callable[[Kept], None], say: Callable[[str], None]
    ) -> None:
        self._place = place
        self._on_kept = on_kept
        self._say = say
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self.waiting = Changes()
        self.writing = Changes()

    async def start(self, month: Callable[[], str]) -> None:
        """Read what there is, for `WRITE_SECONDS` at most; then write until `stop`."""
        await self._write(month())
        self._task = asyncio.create_task(self._run(month))

    async def stop(self, month: str, within: float = WRITE_SECONDS) -> None:
        """Write the rest, if that is possible in so many seconds."""
        if self._task is not None:
            self._changed.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while (self.waiting or self.writing) and not self._failing:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._place.close()

    def changed(self) -> None:
        """There is something in `waiting`."""
        self._changed.set()

    async def ask(self, answer: Callable[[StatePlace], Awaitable[_T]]) -> _T:
        """What the place answers in `READ_SECONDS`. Raises `Unwritable`."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await answer(self._place)
        except TimeoutError as error:
            raise Unwritable(f"no answer in {READ_SECONDS:.0f} s") from error

    async def _run(self, month: Callable[[], str]) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._changed.wait()
            self._changed.clear()
            if await self._write(month()):
                pause = FIRST_PAUSE
            else:
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
                self._changed.set()

    async def _write(self, month: str) -> bool:
        if not self.writing:  # else the same once more, as the place may have it already
            self.writing, self.waiting = self.waiting, Changes()
            self.writing.batch = uuid.uuid4().hex
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                kept = await self._place.write(self.writing, month, time.time())
        except (Unwritable, TimeoutError) as error:
            if not self._failing:
                why = str(error) or f"no answer in {WRITE_SECONDS:.0f} s"
                self._say(
                    f"What was spent cannot be kept in {self._place.name}: {why}. "
                    "It is counted in memory, by this program alone, until that works"
                )
            self._failing = True
            return False
        if self._failing:
            self._say(f"What was spent is kept in {self._place.name} again")
        self._failing, self.writing = False, Changes()
        self._on_kept(kept)
        if self.waiting:
            self._changed.set()
        return True


def row_of(amounts: Amounts) -> Iterable[int]:
    """The sums in the order of `COLUMNS`."""
    return (getattr(amounts, name) for name in COLUMNS)


def day_of(now: float) -> str:
    """Such as `2026-11-30`."""
    return time.strftime("%Y-%m-%d", time.localtime(now))


def lost_key(now: float) -> Key:
    """Under which it is added up what turns have cost whose program broke down."""
    return Key(day_of(now), UNFINISHED, UNFINISHED, UNFINISHED)
