"""What happens in a conversation by voice: events, for the program and for its runner; and answers.

The names on the wire of HTTP's WebSocket are the tags; docs/http.md says what each of them means. An answer
knows how much of it was heard, and how the rest is forgotten. No socket, no clock: time is given, in seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.shapes import JsonObject
from wyoming_azure_realtime.realtime.turn import ToSend


class ConversationEvent(msgspec.Struct, frozen=True, tag_field="type"):
    """What a program is told. `turn` counts what the person said, `answer` what the model said, from 1."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # never what somebody said


class ConversationReady(ConversationEvent, frozen=True, tag="ready"):
    """A session is open: which model answers, in which voice."""

    model: str
    voice: str


class PersonStarted(ConversationEvent, frozen=True, tag="speech-start"):
    """The person begins to speak; whatever is played of an answer is over."""

    turn: int


class PersonStopped(ConversationEvent, frozen=True, tag="speech-stop"):
    """The person has ended."""

    turn: int


class HeardPartly(ConversationEvent, frozen=True, tag="partial"):
    """All text so far of what the person says."""

    turn: int
    text: str


class Heard(ConversationEvent, frozen=True, tag="heard"):
    """What the person said; may come after the answer has begun."""

    turn: int
    text: str


class AnswerWords(ConversationEvent, frozen=True, tag="text"):
    """All text so far of an answer."""

    turn: int
    answer: int
    text: str


class SoundStarted(ConversationEvent, frozen=True, tag="audio-start"):
    """The sound of an answer follows."""

    turn: int
    answer: int


class AnswerSound(ConversationEvent, frozen=True, tag="audio"):
    """Sound of an answer, 24 kHz PCM16 mono, faster than it is to be played."""

    answer: int
    pcm: bytes


class SoundStopped(ConversationEvent, frozen=True, tag="audio-stop"):
    """There is no more sound; `ms`: how long it is.

    `interrupted`: what was not played yet is not to be; `ms` counts as heard.
    """

    turn: int
    answer: int
    interrupted: bool
    ms: int


class ToolRequest(ConversationEvent, frozen=True, tag="tool-call"):
    """A tool is to be called, and its result told by the id `call`."""

    turn: int
    answer: int
    call: str
    name: str
    arguments: JsonObject


class AnswerEnded(ConversationEvent, frozen=True, tag="answered"):
    """An answer is over: `completed`, `cancelled`, `incomplete` (cut by a limit) or `failed`."""

    turn: int
    answer: int
    outcome: str


class Trouble(ConversationEvent, frozen=True, tag="error"):
    """Something went wrong. `final`: the conversation is over."""

    code: str
    message: str
    final: bool = False

    @classmethod
    def of(cls, error: SpeechServiceError, *, final: bool = False) -> "Trouble":
        """What is told of an error."""
        return cls(error.code, str(error), final)


@dataclass(frozen=True, slots=True)
class AnswerBegan:
    """The service answers, from now on for money."""

    turn: int
    answer: int


@dataclass(frozen=True, slots=True)
class AnswerJudged:
    """How it ended, with the service's account. `ms`: of its sound; `error`: of one that failed."""

    outcome: str
    usage: JsonObject
    ms: int
    text: str = field(default="", repr=False)
    error: SpeechServiceError | None = None


@dataclass(frozen=True, slots=True)
class TranscriptJudged:
    """A transcript was made, or was to be, with the service's account. `seconds`: of sound; None: unknown."""

    outcome: str
    usage: JsonObject
    seconds: float | None = None


Outcome = ConversationEvent | ToSend | AnswerBegan | AnswerJudged | TranscriptJudged
"""What a step of the conversation leads to."""


LONGEST_TEXT = 20_000
"""Characters that are kept of an answer, of what somebody said, and of a call's arguments."""

MOST_CALLS = 16
"""Of tools in one answer; those beyond are not made."""

CUT = "heard-"
"""What the ids of the events begin with that cut an answer."""

_BYTES_PER_MS = 48  # of 24 kHz PCM16 mono


@dataclass(slots=True)
class _Part:
    """A stretch of sound that is one content part of one item; `start`: its place in the answer, in bytes."""

    item_id: str
    content_index: int
    start: int


@dataclass(slots=True, eq=False)
class VoiceAnswer:
    """An answer that is being made (`active`), or may still be playing.

    `begins`: when it is played, by the clock; `played`: milliseconds, as the client says; `sounding`: its
    sound has begun and not stopped.
    """

    turn: int
    number: int
    response_id: str
    active: bool = True
    interrupted: bool = False
    sounding: bool = False
    begins: float = 0.0
    played: int | None = None
    _parts: list[_Part] = field(default_factory=list)
    _size: int = 0  # in bytes
    _odd: bytes = b""
    _texts: dict[tuple[int, int], str] = field(default_factory=dict, repr=False)
    _calls: dict[str, tuple[str, str, str]] = field(default_factory=dict, repr=False)  # id, name, arguments

    @property
    def ms(self) -> int:
        """How long its sound is so far."""
        return self._size // _BYTES_PER_MS

    @property
    def text(self) -> str:
        """What it says so far."""
        return " ".join(text for _, text in sorted(self._texts.items()) if text).strip()

    def heard(self, now: float) -> int:
        """Milliseconds that the person has heard: as the client says, else by the clock."""
        by_clock = int(max(0.0, now - self.begins) * 1000)
        return min(self.ms, by_clock if self.played is None else self.played)

    def heard_text(self, now: float) -> str:
        """About what the person has heard of the text."""
        text = self.text
        if self.interrupted:
            if not self.ms:
                return ""
            text = text[: len(text) * self.heard(now) // self.ms].rpartition(" ")[0]
            return f"{text} …" if text else ""
        return text

    def sound(self, event: got.AudioDelta, begins: float) -> Sequence[Outcome]:
        """More sound, cut anywhere. `begins`: when it is played, if it is the first."""
        pcm = self._odd + event.delta
        whole = len(pcm) & ~1
        pcm, self._odd = pcm[:whole], pcm[whole:]
        if not pcm:
            return []
        outcomes: list[Outcome] = []
        if not self._size:
            self.begins, self.sounding = begins, True
            outcomes.append(SoundStarted(self.turn, self.number))
        if not self._parts or self._parts[-1].item_id != event.item_id:
            self._parts.append(_Part(event.item_id, event.content_index, self._size))
        self._size += len(pcm)
        return [*outcomes, AnswerSound(self.number, pcm)]

    def words(self, place: tuple[int, int], delta: str) -> AnswerWords:
        """More text, at its place in the response."""
        self._texts[place] = (self._texts.get(place, "") + delta)[:LONGEST_TEXT]
        return AnswerWords(self.turn, self.number, self.text)

    def note_call(self, item: JsonObject) -> None:
        """Keep an item that is a call of a tool."""
        if item.get("type") != "function_call":
            return
        key, call, name, arguments = (item.get(part) for part in ("id", "call_id", "name", "arguments"))
        if isinstance(call, str) and isinstance(name, str) and isinstance(arguments, str):
            self._calls[str(key or call)] = (call, name, arguments[:LONGEST_TEXT])

    def requests(self) -> Iterator[ToolRequest]:
        """The calls."""
        for call, name, arguments in list(self._calls.values())[:MOST_CALLS]:
            yield ToolRequest(self.turn, self.number, call, name, _object(arguments))

    def stopped(self, ms: int, *, interrupted: bool = False) -> SoundStopped:
        """There is no more sound."""
        self.sounding = False
        return SoundStopped(self.turn, self.number, interrupted, ms)

    def cut(self, now: float, *, known: bool = False) -> Iterator[Outcome]:
        """End it where the person has heard it; nothing if all of it was. `known`: to the service."""
        until = self.heard(now)
        if self.interrupted or not (self.active or until < self.ms):
            return
        self.interrupted = True
        if self.active and not known:
            event_id = f"{CUT}{self.number}-cancel"
            yield ToSend(send.ResponseCancel(event_id=event_id, response_id=self.response_id))
        if self.ms:
            yield from map(ToSend, self._forget(until))
            yield self.stopped(until, interrupted=True)

    def ended(self, status: str, usage: JsonObject, error: SpeechServiceError | None) -> Iterator[Outcome]:
        """It is over. `status`: as the service calls it; `usage`: its account."""
        outcome = status if status in ("completed", "cancelled", "incomplete") else "failed"
        if error is not None:
            yield Trouble.of(error)
        yield AnswerEnded(self.turn, self.number, outcome)
        yield AnswerJudged(outcome, usage, self.ms, self.text, error)

    def _forget(self, until: int) -> Iterator[send.ClientEvent]:
        """Events that cut from the service's memory what comes after `until` milliseconds."""
        ends = [*(part.start for part in self._parts[1:]), self._size]
        for part, end in zip(self._parts, ends, strict=True):
            start, end_ms = part.start // _BYTES_PER_MS, end // _BYTES_PER_MS
            event_id = f"{CUT}{self.number}-cut"
            if start >= until and part.start:
                yield send.ConversationItemDelete(event_id=event_id, item_id=part.item_id)
            elif end_ms > until or self.active:
                yield send.ConversationItemTruncate(
                    event_id=event_id,
                    item_id=part.item_id,
                    content_index=part.content_index,
                    audio_end_ms=min(until, end_ms) - start,
                )


def _object(arguments: str) -> JsonObject:
    """A call's arguments; none where they are no JSON object."""
    try:
        return msgspec.json.decode(arguments, type=dict) if arguments else {}
    except (msgspec.MsgspecError, RecursionError):
        return {}
