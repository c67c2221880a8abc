"""What people look at: the latest turns, figures of the last day, and what was spent.

A subscriber of the observer. This process's own latest turns are in memory; with a place for the state, those
of before and of other servers are read from there. What somebody said is in a turn only where
`history.texts` asks for it.
"""

import logging
import time
from calendar import monthrange
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar, overload

import msgspec

from wyoming_azure_realtime.accounting.figures import Span, Timelines
from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.accounting.metrics import MISMATCHES
from wyoming_azure_realtime.accounting.prices import tokens_of
from wyoming_azure_realtime.accounting.store import KeptTurn, StatePlace, Unwritable, day_of
from wyoming_azure_realtime.observe import (
    ObservedEvent,
    RequestJudged,
    SessionClosed,
    SessionOpened,
    SessionRefused,
    TargetChanged,
    TriedAgain,
    TurnEnded,
    TurnKind,
    TurnRecord,
)
from wyoming_azure_realtime.settings.model import History as Rules

_LOGGER = logging.getLogger(__name__)

SHOWN_DAYS = 31
"""Days whose costs people see one by one, today among them."""

IN_MEMORY = 200
"""Turns of this process that are in memory; more are read from the place."""

DEFAULT_VOICE = "default voice"
"""The name under which the voice is kept that was chosen for all who ask for none."""

_DEFAULT_RULES = Rules()
_T = TypeVar("_T")

Follower = Callable[[str, bytes], None]
"""Gets `turn` with a turn as JSON, or the name of what has changed with `{}`: `status`, `figures`."""


class RememberedCost(msgspec.Struct, frozen=True, rename="camel"):
    """What a turn has cost."""

    amount: float
    currency: str
    estimated: bool


class TokensRead(msgspec.Struct, frozen=True, rename="camel"):
    """Tokens that a model read for a turn, of text and sound, and those among them that were cached."""

    read: int
    cached: int


class Seconds(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The length of the sound, and when things happened, in seconds from the turn's beginning."""

    audio: float
    total: float
    end_of_speech: float | None = None
    input_end: float | None = None
    draft: float | None = None
    first_result: float | None = None
    result: float | None = None


class RememberedTurn(msgspec.Struct, frozen=True, rename="camel"):
    """A turn as the page gets it, and as it is kept. `started_at`: Unix time; `error`: a sentence."""

    id: str
    kind: TurnKind
    door: str
    target: str
    model: str
    voice: str
    language: str
    started_at: float
    outcome: str
    attempts: int
    error: str
    cost: RememberedCost | None
    seconds: Seconds
    mismatches: int
    tokens: TokensRead | msgspec.UnsetType = msgspec.UNSET
    fallback: str | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    prepared: bool | msgspec.UnsetType = msgspec.UNSET


class TurnHistory:
    """Subscribe `count`. `start` when the ledger has started. `clock`: Unix time.

    `timelines` are the figures of the last hour and day.
    """

    def __init__(
        self, ledger: Ledger, rules: Rules = _DEFAULT_RULES, clock: Callable[[], float] = time.time
    ) -> None:
        self._ledger = ledger
        self._rules = rules
        self._clock = clock
        self._latest: deque[KeptTurn] = deque(maxlen=min(IN_MEMORY, rules.turns))
        self._subscribers: list[Follower] = []
        self.timelines = Timelines(clock)

    async def start(self) -> None:
        """Read the latest turns, so that figures and plots go on where they ended."""
        for body in reversed(await self._kept(IN_MEMORY)):
            try:
                turn = msgspec.json.decode(body, type=RememberedTurn)
            except msgspec.DecodeError:  # of another version
                continue
            self.timelines.add_turn(turn.kind, _delay(turn), at=turn.started_at + turn.seconds.total)

    def subscribe(self, subscriber: Follower) -> None:
        """Call it with every change from now on; it must not wait."""
        self._subscribers.append(subscriber)

    def count(self, event: ObservedEvent) -> None:
        """Note what happened."""
        match event:
            case TurnEnded(record):
                self._ended(record)
            case TriedAgain():
                self.timelines.add_retry()
            case RequestJudged() if event.outcome in MISMATCHES:
                self.timelines.add_mismatch()
            case SessionOpened() | SessionClosed():
                self.timelines.sample()
                self._tell("status")
            case SessionRefused() | TargetChanged():
                self._tell("status")
            case _:
                return
        self._tell("figures")

    def _ended(self, record: TurnRecord) -> None:
        turn = turn_of(record)
        body = msgspec.json.encode(turn)
        kept = KeptTurn(turn.id, turn.started_at, body.decode())
        self._latest.append(kept)
        keeper = self._ledger.keeper
        if keeper is not None and self._rules.turns:
            keeper.waiting.turns.append(kept)
            keeper.changed()
        self.timelines.add_turn(turn.kind, _delay(turn))
        self._tell("turn", body)

    def _tell(self, name: str, body: bytes = b"{}") -> None:
        for subscriber in self._subscribers:
            subscriber(name, body)

    async def turns(self, most: int) -> list[str]:
        """The latest turns as JSON, the latest first."""
        kept = [_Head.of(body) for body in await self._kept(most)]
        found = {turn.id: turn for turn in (*kept, *self._latest)}
        ordered = sorted(found.values(), key=lambda turn: -turn.started_at)
        return [turn.body for turn in ordered[:most]]

    async def forget(self) -> None:
        """Forget all turns, in memory and in the place, and what they said. Raises `Unwritable`."""
        self._latest.clear()
        keeper = self._ledger.keeper
        if keeper is not None:
            keeper.waiting.turns.clear()
            keeper.writing.turns.clear()
            await keeper.ask(lambda place: place.forget_turns())

    def figures(self, span: Span) -> Mapping[str, Any]:
        """The figures of the last `hour` or `day`."""
        return self.timelines.series(span)

    async def costs(self) -> Mapping[str, Any]:
        """What was spent. Money is in `currency`; what it went to is that of this month."""
        ledger, now = self._ledger, self._clock()
        summary, sums, (today, _) = ledger.summary(), ledger.sums(), ledger.spent()
        by_kind, by_model, by_day = Counter[str](), Counter[str](), Counter[str]()
        requests, read = Counter[str](), Counter[str]()
        for key, amounts in sums.items():
            by_kind[key.kind] += amounts.nanodollars
            requests[key.kind] += amounts.requests
            cached = amounts.text_cached + amounts.audio_cached
            read["cached"] += cached
            read["read"] += cached + amounts.text_in + amounts.audio_in
            by_model[key.model] += amounts.nanodollars
            by_day[key.day] += amounts.nanodollars
        shown = [str(date.fromisoformat(day_of(now)) - timedelta(days=ago)) for ago in range(SHOWN_DAYS)][
            ::-1
        ]
        kept = await self._asked(lambda place: place.days(shown[0])) or {}
        return {
            **{name: summary[name] for name in ("currency", "today", "month", "status")},
            "byKind": {kind: ledger.shown(amount) for kind, amount in by_kind.items()},
            "byModel": {model: ledger.shown(amount) for model, amount in by_model.items()},
            "requestsByKind": dict(requests),
            "tokens": {name: read[name] for name in ("read", "cached")},
            "cap": {**summary["limits"], "action": summary["action"]},
            "monthLikeToday": ledger.shown(today * monthrange(*time.localtime(now)[:2])[1]),
            "days": [
                {"date": day, "amount": ledger.shown(by_day.get(day, kept.get(day, 0)))} for day in shown
            ],
        }

    async def chosen_voice(self) -> str:
        """The voice that was chosen for all who ask for none; empty: none was, or nothing is kept."""
        return await self._asked(lambda place: place.choice(DEFAULT_VOICE)) or ""

    async def choose_voice(self, name: str) -> bool:
        """Remember it; whether that was possible."""

        async def choose(place: StatePlace) -> bool:
            await place.choose(DEFAULT_VOICE, name)
            return True

        self._tell("status")
        return await self._asked(choose) or False

    async def _kept(self, most: int) -> list[str]:
        """Those in the place; none while it cannot be read."""
        return await self._asked(lambda place: place.turns(most, self._clock())) or []

    async def _asked(self, question: Callable[[StatePlace], Awaitable[_T]]) -> _T | None:
        """What the place says; None if there is none, or it cannot be read now."""
        keeper = self._ledger.keeper
        if keeper is None:
            return None
        try:
            return await keeper.ask(question)
        except Unwritable as error:
            _LOGGER.debug("The state cannot be read: %s", error)
            return None


def turn_of(record: TurnRecord) -> RememberedTurn:
    """What people are told of a turn."""
    money, error = record.cost, record.error
    spoken = record.kind == "synthesis"
    result = record.result_seconds
    if result is not None and record.input_end is not None:
        result += record.input_end
    elif spoken and record.outcome == "completed":
        result = record.total_seconds
    tokens = tokens_of(record.kind, record.usage)
    cached = tokens.text_cached + tokens.audio_cached
    read = cached + tokens.text_in + tokens.audio_in
    return RememberedTurn(
        id=record.id,
        kind=record.kind,
        door=record.door,
        target=record.target,
        model=record.model,
        voice=record.voice,
        language=record.language,
        started_at=round(record.started_at, 3),
        outcome=record.outcome,
        attempts=record.attempts,
        error=str(error) if error else "",
        cost=RememberedCost(round(money.amount, 6), money.currency, money.estimated) if money else None,
        seconds=Seconds(
            audio=_rounded(record.audio_seconds),
            total=_rounded(record.total_seconds),
            end_of_speech=_rounded(record.end_of_speech),
            input_end=_rounded(record.input_end),
            draft=_rounded(record.draft),
            first_result=_rounded(record.first_result_seconds),
            result=_rounded(result),
        ),
        mismatches=record.mismatches,
        tokens=TokensRead(read, cached) if read else msgspec.UNSET,
        fallback=record.fallback or msgspec.UNSET,
        text=record.text or msgspec.UNSET,
        prepared=record.prepared or msgspec.UNSET,
    )


class _Head(msgspec.Struct, rename="camel"):
    """What tells two turns apart, and their order."""

    id: str
    started_at: float

    @classmethod
    def of(cls, body: str) -> KeptTurn:
        """A turn that was kept as JSON; this program wrote it."""
        head = msgspec.json.decode(body, type=cls)
        return KeptTurn(head.id, head.started_at, body)


def _delay(turn: RememberedTurn) -> float | None:
    """Seconds that people waited: for a command's text, a first sound, an answer; None: there was none."""
    times = turn.seconds
    if turn.outcome not in ("completed", "empty"):
        return None
    if turn.kind == "synthesis":
        return times.first_result
    if turn.kind == "answer":
        return None if times.first_result is None else max(0.0, times.first_result - (times.input_end or 0.0))
    if times.result is None or times.input_end is None:
        return None
    return times.result - times.input_end


@overload
def _rounded(seconds: float) -> float: ...
@overload
def _rounded(seconds: None) -> None: ...
@overload
def _rounded(seconds: float | None) -> float | None: ...
def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
