"""When a command pauses or has ended, by the rules of settings, model and request. Pure.

In: the client's audio, in its own format. Out: properties that say whether somebody speaks, pauses or has
ended.
"""

import math
from dataclasses import dataclass

from wyoming_azure_realtime.audio.detector import REACTION
from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.model import Recognition

# Home Assistant's own, by the sensitivity that it may ask for; "default" is a setting.
AGGRESSIVE_SECONDS, RELAXED_SECONDS = 0.25, 1.25
_EAGERNESS = {"aggressive": "high", "relaxed": "low"}
_THRESHOLD = 0.5
_PADDING_MS = 300


@dataclass(frozen=True, slots=True)
class EndpointingRules:
    """All times in seconds.

    `draft`: the pause after which the speech so far is transcribed already; 0: only at the end. `end`: the
    pause that ends the command; None: the client ends it, and the rest is not used. `shortest`: with less
    speech it is a cough and no command. `longest`: the command ends then, whatever is heard. `detection`:
    how the service finds the end; then `draft` and `end` count only where it does not.
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
        draft=min(recognition.draft_after, pause),
        end=pause,
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


LEAST_SPEECH = 0.1
"""Seconds; with less detected speech nobody has spoken."""

LEAST_SOUND = 0.2
"""Seconds; less of it is a tap or a click, more may be a whisper that the detector does not know."""

LONG_SOUND = 0.6
"""Seconds of sound that are worth sending while it is not known what they are."""

UNNOTICED_SECONDS = 2.0
"""For which somebody may speak until the service says so; then it does not hear, and this machine listens."""


class Endpointing:
    """One command, as far as it has arrived. `source`: the format of the audio that `feed` gets.

    `service_ends`: whether the service is trusted to find the end.
    """

    def __init__(self, source: AudioFormat, rules: EndpointingRules) -> None:
        self._endpointer = Endpointer(source)
        self._rate, self._frame_bytes = source.rate, source.frame_bytes
        self._rules = rules
        self._drafted_speech = 0.0
        self._dismissed_speech = 0.0
        self._long_enough_at: float | None = None
        self.service_ends = rules.detection is not None

    def feed(self, data: bytes) -> None:
        """Take more audio, cut anywhere."""
        self._endpointer.feed(data)
        if self._long_enough_at is None and self.long_enough:
            self._long_enough_at = self._endpointer.total

    def close(self) -> None:
        """Hear no more; the figures stay."""
        self._endpointer.close()

    @property
    def audible(self) -> bool:
        """Whether there is something that is worth sending already."""
        return self._endpointer.speech >= LEAST_SPEECH or self._endpointer.sound >= LONG_SOUND

    @property
    def may_be_said(self) -> bool:
        """Whether anybody can have said anything, be it a whisper; else there were silence, noise, taps."""
        return self._endpointer.speech > 0 or self._endpointer.sound >= LEAST_SOUND

    @property
    def speech(self) -> float:
        """For how many seconds somebody has surely spoken, with the time that it took to be sure."""
        sure = self._endpointer.speech
        return sure + REACTION if sure else 0.0

    @property
    def opinion(self) -> float:
        """From 0 to 1, how likely somebody speaks now."""
        return self._endpointer.opinion

    @property
    def quiet(self) -> float:
        """For how many seconds nobody has spoken."""
        return self._endpointer.quiet

    @property
    def pausing(self) -> bool:
        """Whether there was speech since the last draft, and then none for `draft` seconds."""
        draft = self._rules.draft
        listens = draft > 0 and not self.service_ends
        return listens and self.goes_on and self._endpointer.quiet >= draft

    def drafted(self) -> None:
        """Note that the audio so far is covered by a draft."""
        self._drafted_speech = self._endpointer.speech

    @property
    def goes_on(self) -> bool:
        """Whether anybody has spoken since the last draft; other sounds do not count."""
        return self._endpointer.speech - self._drafted_speech >= LEAST_SPEECH

    @property
    def ended(self) -> bool:
        """Whether there was speech, and then none for `end` seconds. Noise does not delay that."""
        end = self._rules.end
        listens = end is not None and not self.service_ends
        return listens and self.long_enough and self._endpointer.quiet >= (end or 0.0)

    @property
    def unnoticed(self) -> bool:
        """Whether somebody speaks for so long that the service must have said so."""
        since = self._long_enough_at
        return self.service_ends and since is not None and self._endpointer.total - since >= UNNOTICED_SECONDS

    @property
    def too_long(self) -> bool:
        """Whether the command lasts for `longest` seconds."""
        return self._rules.end is not None and self._endpointer.total >= self._rules.longest

    def dismissed(self) -> None:
        """Note that the speech so far had no words: it does not count any more."""
        self._dismissed_speech, self._long_enough_at = self._endpointer.speech, None

    @property
    def new_speech(self) -> float:
        """Seconds of speech that were not dismissed."""
        return self._endpointer.speech - self._dismissed_speech

    @property
    def long_enough(self) -> bool:
        """Whether there was more speech than a cough has."""
        return self.new_speech >= max(LEAST_SPEECH, self._rules.shortest)

    def bytes_until_decision(self, most: float) -> int:
        """How many more bytes may come before anything can be decided, for at most `most` seconds."""
        wait, endpointer = most, self._endpointer
        if self._rules.draft > 0:
            wait = min(wait, self._rules.draft - (endpointer.quiet if self.goes_on else 0.0))
        if self._rules.end is not None:
            paused = endpointer.quiet if self.long_enough else 0.0
            wait = min(wait, self._rules.end - paused, self._rules.longest - endpointer.total)
        frames = math.ceil(round(max(0.0, wait) * self._rate, 3))  # rounded, or 0.02 s are a frame more
        return frames * self._frame_bytes
