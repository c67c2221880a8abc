"""What one turn may use, and what one piece of work may cost: no noise and no service can exceed it. Pure.

A piece of work is one command that is heard, or one segment of a text that is spoken. Requests and sessions
that its content causes (a pause, a stir, a response that said something else) are counted apart from attempts
that a fault of a connection causes; both are bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from wyoming_azure_realtime.observe import TurnCost, TurnKind
from wyoming_azure_realtime.settings.model import Budget

MAX_FAULTS = 20
"""Attempts at one piece of work that may fail by a fault of the service or of the way to it."""

MOST_IN_VAIN = 2
"""Transcriptions of one command, beside the last one, that may bring no new words."""

SOUND_SESSIONS = 2
"""Sessions that one command may use beside its first, whatever is heard, as when one is still busy."""

LEAST_AUDIO = 10.0
"""Seconds of speech that every segment may have, however short its text."""

_SLOWEST_LETTER = 0.12
_SLOWEST_SYMBOL = 0.5
"""Seconds that a slow speaker takes for a letter, and for a digit, sign or ideograph, which may be a word."""


class TurnBudget:
    """Spent as the work goes; `limits` are the settings.

    `requests` counts those that were begun, `in_vain` the transcriptions that told nothing new, `sessions`
    those that are used up.
    """

    def __init__(self, limits: Budget) -> None:
        self._limits = limits
        self.requests = 0
        self.sessions = 0
        self.faults = 0
        self.in_vain = 0

    @property
    def requests_left(self) -> int:
        """How many requests the content may still cause."""
        return max(0, self._limits.requests - self.requests)

    @property
    def in_vain_left(self) -> int:
        """How many more transcriptions may turn out to bring nothing new."""
        return max(0, MOST_IN_VAIN - self.in_vain)

    def allows_session(self, in_use: int, *, last: bool) -> bool:
        """Whether one more session may be used beside those in use; one is in reserve for the `last` pass."""
        most = min(SOUND_SESSIONS, self._limits.sessions) + last
        return self.sessions + in_use < most

    @property
    def sessions_left(self) -> int:
        """How many sessions the content may still use up."""
        return max(0, self._limits.sessions - self.sessions)

    @property
    def faults_left(self) -> int:
        """How many more attempts may fail."""
        return max(0, MAX_FAULTS - self.faults)

    def allows_audio(self, sent: float, recorded: float) -> bool:
        """Whether `sent` seconds of audio in all are not too many for a recording of `recorded` seconds."""
        return sent <= self._limits.audio_factor * recorded

    def spoken_seconds(self, text: str, speed: float) -> float:
        """How much speech may be received for `text`, over all responses together."""
        letters = sum(char.isalpha() and ord(char) < 0x2E80 for char in text)
        slowest = letters * _SLOWEST_LETTER + (len(text) - letters - text.count(" ")) * _SLOWEST_SYMBOL
        return max(LEAST_AUDIO, self._limits.audio_factor * slowest / speed)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a turn may use of the targets, for what has been spent.

    `targets`: their names, in this order; none of them: only a fallback is left; None: as usual.
    `deployments`: name and model by target, in place of the usual deployment.
    """

    targets: tuple[str, ...] | None = None
    deployments: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_restricted(self) -> bool:
        """Whether it is less than usual."""
        return self.targets is not None or bool(self.deployments)


UNRESTRICTED = Allowance()


class Spending(Protocol):
    """Who knows what was spent; asked at the beginning of every turn."""

    def begin(self, turn: str, kind: TurnKind) -> Allowance:
        """What the turn may use. Its `TurnEnded` tells that it is over."""

    def left(self, kind: TurnKind) -> Allowance:
        """What a turn may use that begins now; for whoever asks before there is one."""

    def cost_of(self, turn: str) -> TurnCost | None:
        """What one of the latest turns has cost so far; None if nothing was spent."""


class Unlimited:
    """No limits."""

    def begin(self, turn: str, kind: TurnKind) -> Allowance:
        """Whatever there is."""
        return UNRESTRICTED

    def left(self, kind: TurnKind) -> Allowance:
        """Whatever there is."""
        return UNRESTRICTED

    def cost_of(self, turn: str) -> TurnCost | None:
        """Nobody knows."""
        return None
