"""What one piece of work may cost: no noise and no service can exceed it. Pure.

A piece of work is one command that is heard, or one segment of a text that is spoken. Requests and sessions
that its content causes (a pause, a stir, a response that said something else) are counted apart from attempts
that a fault of a connection causes; both are bounded.
"""

from wyoming_azure_realtime.settings.model import Budget

MAX_FAULTS = 20
"""Attempts at one piece of work that may fail by a fault of the service or of the way to it."""

LEAST_AUDIO = 10.0
"""Seconds of speech that every segment may have, however short its text."""

_SLOWEST_LETTER = 0.12
_SLOWEST_SYMBOL = 0.5
"""Seconds that a slow speaker takes for a letter, and for a digit, sign or ideograph, which may be a word."""


class TurnBudget:
    """Spent as the work goes; `limits` are the settings. `requests` counts those that were begun."""

    def __init__(self, limits: Budget) -> None:
        self._limits = limits
        self.requests = 0
        self.sessions = 0
        self.faults = 0

    @property
    def requests_left(self) -> int:
        """How many requests the content may still cause."""
        return max(0, self._limits.requests - self.requests)

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
