"""Times and figures of a turn while it runs, and the record that it leaves."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.observe import (
    Observer,
    RequestJudged,
    RequestSent,
    TurnEnded,
    TurnKind,
    TurnRecord,
)


@dataclass(slots=True)
class TurnRecorder:
    """Filled in as the turn goes; `end` reports the finished `TurnRecord` to the observer, once.

    `client`: the address of whoever asked, for fairness only; it is not in the record.
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
    requests: int = 0
    sessions: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    outcome: str = "cancelled"
    error: SpeechServiceError | None = None
    usage: dict[str, Any] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _first_result: float | None = None

    def first_result(self) -> None:
        """The first text or sound came; later calls change nothing."""
        if self._first_result is None:
            self._first_result = time.monotonic() - self._begun

    def failed(self, error: SpeechServiceError) -> None:
        """The turn ends with this error."""
        self.outcome, self.error = error.code, error

    def request_sent(self, deployment: str) -> None:
        """The service is asked for a transcription or a response."""
        self.requests += 1
        self.observer.report(RequestSent(self.id, self.kind, self.target, deployment))

    def request_judged(self, target: str, deployment: str, outcome: str, usage: Mapping[str, Any]) -> None:
        """How such a request ended, and what the service reported of its cost."""
        add_up(self.usage, usage)
        self.observer.report(RequestJudged(self.id, self.kind, target, deployment, outcome, usage))

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
            total_seconds=time.monotonic() - self._begun,
            attempts=self.attempts,
            outcome=self.outcome,
            mismatches=self.mismatches,
            requests=self.requests,
            sessions=self.sessions,
            sent_seconds=self.sent_bytes / BYTES_PER_SECOND,
            received_seconds=self.received_bytes / BYTES_PER_SECOND,
            usage=self.usage,
            error=self.error,
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
