"""When a command pauses or has ended, by the rules of settings, model and request. Pure.

In: the client's audio, in its own format. Out: properties that say whether somebody speaks, pauses or has
ended.
"""

import math
from dataclasses import dataclass

from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.model import Recognition

# Home Assistant's own, by the sensitivity that it may ask for; "default" is a setting.
AGGRESSIVE_SECONDS, RELAXED_SECONDS = 0.25, 1.25
_EAGERNESS = {"aggressive": "high", "relaxed": "low"}
_THRESHOLD = 0.5
_PADDING_MS = 300
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class EndpointingRules:
    """All times in seconds.

    `draft`: the pause after which the speech so far is transcribed already; 0: only at the end. `end`: the
    pause that ends the command; None: the client ends it, and the rest is not used. `shortest`: with less
    speech it is a cough and no command. `longest`: the command ends then, whatever is heard. `detection`:
    how the service finds the end; then `end` is infinite.
    """

    draft: float = 0.2
    end: float | None = None
    shortest: float = 0.15
    longest: float = 15.0
    detection: TurnDetection | None = None


def endpointing_rules(recognition: Recognition, sensitivity: str, *, model_detects: bool) -> EndpointingRules:
    """The rules of one request; `sensitivity` as Wyoming's `transcribe` has it."""
    if recognition.requires_external_vad:
        return EndpointingRules(draft=recognition.draft_after)
    pause = {"aggressive": AGGRESSIVE_SECONDS, "relaxed": RELAXED_SECONDS}.get(
        sensitivity, recognition.turn_pause
    )
    if recognition.turn_end == "local" or not model_detects:
        return EndpointingRules(
            draft=min(recognition.draft_after, pause),
            end=pause,
            shortest=recognition.shortest_turn,
            longest=recognition.longest_turn,
        )
    return EndpointingRules(
        draft=0,
        end=_NEVER,
        shortest=recognition.shortest_turn,
        longest=recognition.longest_turn,
        detection=_detection(recognition.turn_end, pause, sensitivity),
    )


def _detection(kind: str, pause: float, sensitivity: str) -> TurnDetection:
    if kind == "semantic_vad":
        return TurnDetection(type=kind, eagerness=_EAGERNESS.get(sensitivity, "auto"))
    return TurnDetection(
        type=kind,
        threshold=_THRESHOLD,
        prefix_padding_ms=_PADDING_MS,
        silence_duration_ms=round(pause * 1000),
    )


LEAST_SPEECH = 0.05
"""Seconds; with less detected speech nobody has spoken."""


class Endpointing:
    """One command, as far as it has arrived. `source`: the format of the audio that `feed` gets."""

    def __init__(self, source: AudioFormat, rules: EndpointingRules) -> None:
        self._endpointer = Endpointer(source)
        self._source = source
        self._rules = rules
        self._drafted_until = 0.0
        self._drafted_speech = 0.0
        self._dismissed_speech = 0.0

    def feed(self, data: bytes) -> None:
        """Take more audio, cut anywhere."""
        self._endpointer.feed(data)

    @property
    def audible(self) -> bool:
        """Whether there was anything but quiet."""
        return self._endpointer.calm < self._endpointer.total

    @property
    def spoken(self) -> bool:
        """Whether somebody has spoken."""
        return self._endpointer.speech >= LEAST_SPEECH

    @property
    def pausing(self) -> bool:
        """Whether there was speech since the last draft, and then quiet for `draft` seconds."""
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
        """Note that the audio so far is covered by a draft."""
        self._drafted_until, self._drafted_speech = self._endpointer.sound_end, self._endpointer.speech

    @property
    def goes_on(self) -> bool:
        """Whether there was anything but quiet since the last draft."""
        return self._endpointer.sound_end > self._drafted_until

    @property
    def ended(self) -> bool:
        """Whether there was speech, and then none for `end` seconds. Noise does not delay that."""
        end = self._rules.end
        return end is not None and self.long_enough and self._endpointer.quiet >= end

    @property
    def too_long(self) -> bool:
        """Whether the command lasts for `longest` seconds."""
        return self._rules.end is not None and self._endpointer.total >= self._rules.longest

    def dismissed(self) -> None:
        """Note that the speech so far had no words: it does not count any more."""
        self._dismissed_speech = self._endpointer.speech

    @property
    def long_enough(self) -> bool:
        """Whether there was more speech than a cough has."""
        return self._endpointer.speech - self._dismissed_speech >= self._rules.shortest

    def bytes_until_decision(self, most: float) -> int:
        """How many more bytes may come before anything can be decided, for at most `most` seconds."""
        wait, endpointer = most, self._endpointer
        if self._rules.draft > 0:
            paused = min(endpointer.quiet, endpointer.calm) if self._undrafted else 0.0
            wait = min(wait, self._rules.draft - paused)
        if self._rules.end is not None:
            paused = endpointer.quiet if self.long_enough else 0.0
            wait = min(wait, self._rules.end - paused, self._rules.longest - endpointer.total)
        frames = math.ceil(
            round(max(0.0, wait) * self._source.rate, 3)
        )  # rounded, or 0.02 s are a frame more
        return frames * self._source.frame_bytes
