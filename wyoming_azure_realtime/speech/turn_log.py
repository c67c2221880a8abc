"""Times and figures of a turn while it runs, and the record that it leaves."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from wyoming_azure_realtime.realtime.shapes import JsonObject
from wyoming_azure_realtime.speech.requests import TurnRecord

OnTurn = Callable[[TurnRecord], None]


@dataclass(slots=True)
class TurnLog:
    """Filled in as the turn goes; `record` freezes it."""

    kind: Literal["recognition", "synthesis"]
    door: str
    model: str
    target: str = ""
    voice: str = ""
    language: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    started_at: float = field(default_factory=time.time)
    audio_seconds: float = 0.0
    characters: int = 0
    attempts: int = 0
    drifts: int = 0
    outcome: str = "cancelled"
    usage: JsonObject = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _first_result: float | None = None

    def first_result(self) -> None:
        """The first text or sound came; later calls change nothing."""
        if self._first_result is None:
            self._first_result = time.monotonic() - self._begun

    def add_usage(self, usage: JsonObject) -> None:
        """Sum up numbers over the responses of one turn."""
        for name, value in usage.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                self.usage[name] = self.usage.get(name, 0) + value
            else:
                self.usage[name] = value

    def record(self) -> TurnRecord:
        """The turn as it ended."""
        return TurnRecord(
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
            drifts=self.drifts,
            outcome=self.outcome,
            usage=dict(self.usage),
        )
