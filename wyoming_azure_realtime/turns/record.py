"""Times and figures of a turn while it runs, and the record that it leaves."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.observe import (
    CANCELLED,
    UNCLAIMED,
    Observer,
    RequestJudged,
    RequestSent,
    TriedAgain,
    TurnCost,
    TurnEnded,
    TurnKind,
    TurnRecord,
)

MOST_TEXT = 2000
"""Characters of a turn's text that are kept, where any are."""


def _now() -> float:
    """By the clock that deadlines are kept by."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class TurnRecorder:
    """Filled in as the turn goes; `end` reports the finished `TurnRecord` to the observer, once.

    `client`: the address of whoever asked, for fairness only; it is not in the record. `cost_of` knows what a
    turn has cost. `keeps_text`: whether what is said goes into the record. `prepared`: it was
    begun before anybody asked for it.
    """

    observer: Observer
    kind: TurnKind
    door: str
    model: str
    client: str = ""
    target: str = ""
    voice: str = ""
    language: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    started_at: float = field(default_factory=time.time)
    audio_seconds: float = 0.0
    characters: int = 0
    attempts: int = 0
    mismatches: int = 0
    last_resorts: int = 0
    requests: int = 0
    sessions: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    outcome: str = CANCELLED
    error: SpeechServiceError | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    fallback: str = ""
    prepared: bool = False
    keeps_text: bool = False
    text: str = field(default="", repr=False)
    cost_of: Callable[[str], TurnCost | None] = field(default=lambda turn: None, repr=False)
    _begun: float = field(default_factory=_now)
    _first_result: float | None = None
    _input_ended: float | None = None
    _result_seconds: float | None = None
    _end_of_speech: float | None = None
    _draft: float | None = None

    def begun_ahead(self) -> None:
        """Nobody has asked for it yet, and perhaps nobody will."""
        self.prepared, self.outcome = True, UNCLAIMED

    def claimed(self) -> None:
        """Somebody asks for what was begun ahead: all times count from now on."""
        self.started_at, self._begun = time.time(), _now()
        self._first_result = None if self._first_result is None else 0.0
        self._input_ended = None if self._input_ended is None else self._begun
        if self.outcome == UNCLAIMED:
            self.outcome = CANCELLED

    def first_result(self) -> None:
        """The first text or sound came; later calls change nothing."""
        if self._first_result is None:
            self._first_result = _now() - self._begun

    def input_ended(self, quiet: float | None = None) -> None:
        """The command or the text is over. `quiet`: since so many seconds nobody spoke; None: unknown."""
        if self._input_ended is None:
            self._input_ended = _now()
            if quiet is not None:
                self._end_of_speech = max(0.0, self._input_ended - self._begun - quiet)

    def input_goes_on(self) -> None:
        """It was not over."""
        self._input_ended = self._end_of_speech = None

    def drafted(self) -> None:
        """What was said so far is to be transcribed, since it may have been all."""
        self._draft = _now() - self._begun

    def said(self, text: str) -> None:
        """More of what is spoken, or what was heard; it is forgotten unless it is to be kept."""
        if self.keeps_text and len(self.text) < MOST_TEXT:
            self.text = (self.text + text)[:MOST_TEXT]

    def result(self) -> None:
        """The command's text is there. It may have been there when the command ended."""
        if self._input_ended is not None:
            self._result_seconds = _now() - self._input_ended

    def failed(self, error: SpeechServiceError) -> None:
        """The turn ends with this error."""
        self.outcome, self.error = error.code, error

    def request_sent(self, deployment: str) -> None:
        """The service is asked for a transcription or a response."""
        self.requests += 1
        self.observer.report(RequestSent(self.id, self.kind, self.target, deployment))

    def judged(
        self,
        target: str,
        deployment: str,
        outcome: str,
        requests: int,
        usages: Sequence[Mapping[str, Any]],
        audio_bytes: tuple[int, int],
    ) -> None:
        """How an attempt's requests ended, and what the service reported of their costs, if it did.

        `audio_bytes`: to and from the service. What was sent may be billed although nothing was asked for.
        """
        asked = bool(usages or requests)
        usages = usages or [{}] * bool(requests or audio_bytes[0])
        for usage in usages:
            add_up(self.usage, usage)
            sent, received = (number / len(usages) / BYTES_PER_SECOND for number in audio_bytes)
            self.observer.report(
                RequestJudged(self.id, self.kind, target, deployment, outcome, usage, sent, received, asked)
            )

    def tried_again(self, before: str, code: str) -> None:
        """The work goes on at `target`, after an error of this code at the target `before`."""
        self.observer.report(TriedAgain(self.id, self.kind, before, self.target, code))

    def end(self) -> None:
        """Report the turn as it ended."""
        record = TurnRecord(
            id=self.id,
            kind=self.kind,
            door=self.door,
            target=self.target,
            model=self.model,
            voice=self.voice,
            language=self.language,
            started_at=self.started_at,
            audio_seconds=self.audio_seconds,
            characters=self.characters,
            first_result_seconds=self._first_result,
            total_seconds=_now() - self._begun,
            attempts=self.attempts,
            outcome=self.outcome,
            mismatches=self.mismatches,
            last_resorts=self.last_resorts,
            requests=self.requests,
            sessions=self.sessions,
            sent_seconds=self.sent_bytes / BYTES_PER_SECOND,
            received_seconds=self.received_bytes / BYTES_PER_SECOND,
            usage=self.usage,
            error=self.error,
            result_seconds=self._result_seconds,
            cost=self.cost_of(self.id),
            end_of_speech=self._end_of_speech,
            input_end=None if self._input_ended is None else self._input_ended - self._begun,
            draft=self._draft,
            fallback=self.fallback,
            text=self.text,
            prepared=self.prepared,
        )
        self.observer.report(TurnEnded(record))


def add_up(total: dict[str, Any], usage: Mapping[str, Any]) -> None:
    """Add every number in `usage` to the same place in `total`, nested ones too; other values replace."""
    for name, value in usage.items():
        present = total.get(name)
        if isinstance(value, Mapping):
            nested = total[name] = present if isinstance(present, dict) else {}
            add_up(nested, value)
        elif _is_number(value):
            total[name] = value + (present if _is_number(present) else 0)
        else:
            total[name] = value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
