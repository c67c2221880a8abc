"""Whether somebody speaks, pauses, or has ended: from what the endpointer hears, by the rules. Pure."""

import math

from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.speech.endpointing_rules import EndpointingRules

LEAST_SPEECH = 0.05  # seconds, below which nobody has said anything


class Endpointing:
    """One utterance, as far as it has come."""

    def __init__(self, source: AudioFormat, rules: EndpointingRules) -> None:
        self._endpointer = Endpointer(source)
        self._source = source
        self._rules = rules
        self._drafted_until = 0.0
        self._drafted_speech = 0.0
        self._dismissed_speech = 0.0

    def feed(self, data: bytes) -> None:
        """More of the input, cut anywhere."""
        self._endpointer.feed(data)

    @property
    def audible(self) -> bool:
        """There was something that is neither speech nor quiet, or there was speech."""
        return self._endpointer.calm < self._endpointer.total

    @property
    def spoken(self) -> bool:
        """Somebody has said something."""
        return self._endpointer.speech >= LEAST_SPEECH

    @property
    def pausing(self) -> bool:
        """Somebody has spoken since the last draft, and then it was quiet: this may have been all."""
        draft = self._rules.draft
        return (
            draft > 0
            and self._undrafted
            and self._endpointer.quiet >= draft
            and self._endpointer.calm >= draft
        )

    @property
    def _undrafted(self) -> bool:
        return self._endpointer.speech - self._drafted_speech >= LEAST_SPEECH

    def drafted(self) -> None:
        """What was heard so far is in a draft."""
        self._drafted_until, self._drafted_speech = self._endpointer.sound_end, self._endpointer.speech

    @property
    def goes_on(self) -> bool:
        """There was something other than quiet since the last draft."""
        return self._endpointer.sound_end > self._drafted_until

    @property
    def ended(self) -> bool:
        """Somebody has spoken, and then not for so long that this was all. Noise does not hold a turn."""
        end = self._rules.end
        return end is not None and self.long_enough and self._endpointer.quiet >= end

    @property
    def too_long(self) -> bool:
        """It ends whatever is heard."""
        return self._rules.end is not None and self._endpointer.total >= self._rules.longest

    def dismissed(self) -> None:
        """What was heard so far was no turn, since nobody said anything."""
        self._dismissed_speech = self._endpointer.speech

    @property
    def long_enough(self) -> bool:
        """There was more speech than a cough has."""
        return self._endpointer.speech - self._dismissed_speech >= self._rules.shortest

    def bytes_until_decision(self, most: float) -> int:
        """Of the input, before whose end nothing can be decided, whatever they are; for `most` seconds."""
        wait, ear = most, self._endpointer
        if self._rules.draft > 0:
            paused = min(ear.quiet, ear.calm) if self._undrafted else 0.0
            wait = min(wait, self._rules.draft - paused)
        if self._rules.end is not None:
            paused = ear.quiet if self.long_enough else 0.0
            wait = min(wait, self._rules.end - paused, self._rules.longest - ear.total)
        frames = math.ceil(
            round(max(0.0, wait) * self._source.rate, 3)
        )  # rounded, or 0.02 s are a frame more
        return frames * self._source.frame_bytes
