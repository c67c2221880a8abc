"""What an embedded server remembers of its sessions: enough for tests and for the curious, and bounded."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from wyoming_azure_realtime.realtime.dialects.base import SessionKind


@dataclass(slots=True)
class SessionRecord:
    """One session. Times are `time.monotonic()`; `events` holds the types of the last client events.

    `finished`: when its latest response or transcription ended.
    """

    id: str
    kind: SessionKind
    dialect: str
    model: str
    opened: float = field(default_factory=time.monotonic)
    closed: float | None = None
    finished: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    events: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=1000))
    cancels: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=100))
    audio_bytes: int = 0

    def received(self, event_type: str) -> None:
        """Count a client event."""
        self.counts[event_type] += 1
        self.events.append((time.monotonic(), event_type))

    def cancelled(self, response_id: str) -> None:
        """Remember a cancel that met a running response."""
        self.cancels.append((time.monotonic(), response_id))


@dataclass(slots=True)
class ServerRecord:
    """A server's life so far."""

    upgrades: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    open_sessions: int = 0
    sessions: deque[SessionRecord] = field(default_factory=lambda: deque(maxlen=256))
