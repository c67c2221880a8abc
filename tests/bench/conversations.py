"""What is measured, as conversations for the driver: through a Wyoming server, and bare at the service."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench import wire
from tests.bench.driver import Lane, until
from tests.bench.lines import Line, Message, RealtimeLine, WyomingLine
from tests.support.wyoming_events import event_bytes

CHUNK_MS = 10
BYTES_PER_SECOND = 48_000
FIRST_SENTENCE = "The kitchen lights are on now."
SENTENCES = f"{FIRST_SENTENCE} The heating in the bath goes on at seven."
TOKEN_SECONDS = 0.02
_COMPLETED = "conversation.item.input_audio_transcription.completed"


@dataclass(frozen=True)
class Utterance:
    """Sound to be recognised. `pace` 0: sent as fast as it goes."""

    seconds: float = 1.0
    chunk_ms: int = CHUNK_MS
    pace: float = 1.0


@dataclass(frozen=True)
class Spoken:
    """Seconds from the request to the first and last of the answer, of its largest gap, of its length."""

    first: float
    last: float
    gap: float
    audio: float

    @property
    def factor(self) -> float:
        """Of real time."""
        return self.last / self.audio


Wait = Callable[[float], None]
Hear = Callable[[Spoken], None]


def recognise(uri: str, told: Utterance, wait: Wait) -> Lane:
    """One utterance on a new connection; `wait` gets the seconds from the end of speech to the transcript."""
    line = WyomingLine(uri)
    try:
        line.send(wire.utterance_start())
        yield from _sent(line, wire.wyoming_chunks(told.seconds, told.chunk_ms), told)
        stopped = time.monotonic()
        line.send(event_bytes("audio-stop"))
        message = yield from until(line, "transcript")
        wait(time.monotonic() - stopped)
        # a server may think that nobody has spoken, and then it has asked nobody
        assert json.loads(message.detail).get("text"), "an empty transcript proves nothing"
    finally:
        line.close()


def say(uri: str, told: Utterance) -> Lane:
    """The same sound for somebody who answers nothing."""
    line = WyomingLine(uri)
    try:
        line.send(wire.utterance_start())
        yield from _sent(line, wire.wyoming_chunks(told.seconds, told.chunk_ms), told)
    finally:
        line.close()


def recognise_bare(line: RealtimeLine, told: Utterance, wait: Wait) -> Lane:
    """The same on a warm session."""
    yield from _sent(line, wire.append_frames(told.seconds, told.chunk_ms), told)
    stopped = time.monotonic()
    line.send(wire.commit_frame())
    yield from until(line, _COMPLETED)
    wait(time.monotonic() - stopped)


def _sent(line: Line, chunks: Sequence[bytes], told: Utterance) -> Lane:
    due = time.monotonic()
    for chunk in chunks:
        if told.pace:
            yield due
            due += told.pace * told.chunk_ms / 1000
        line.send(chunk)


def speak(uri: str, text: str, hear: Hear) -> Lane:
    """A text at once, on a new connection."""
    line = WyomingLine(uri)
    try:
        asked = time.monotonic()
        line.send(event_bytes("synthesize", {"text": text, "voice": {"name": "alloy"}}))
        yield from _heard(line, [asked], "audio-chunk", ["audio-stop"], hear)
    finally:
        line.close()


def speak_bare(line: RealtimeLine, text: str, hear: Hear) -> Lane:
    """The same on a warm session."""
    asked = time.monotonic()
    line.send(wire.response_frame(text))
    yield from _heard(line, [asked], "response.output_audio.delta", ["response.done"], hear)


def stream(uri: str, text: str, hear: Hear) -> list[Lane]:
    """Token by token; timed from the token that shows that the first sentence is over."""
    line, asked = WyomingLine(uri), list[float]()

    def written() -> Lane:
        line.send(event_bytes("synthesize-start", {"voice": {"name": "alloy"}}))
        yield from _tokens(text, asked, lambda word: line.send(_token(word)), lambda: None)
        line.send(event_bytes("synthesize", {"text": text, "voice": {"name": "alloy"}}))
        line.send(event_bytes("synthesize-stop"))

    def read() -> Lane:
        try:
            yield from _heard(line, asked, "audio-chunk", ["synthesize-stopped"], hear)
        finally:
            line.close()

    return [written(), read()]


def stream_bare(line: RealtimeLine, text: str, hear: Hear) -> list[Lane]:
    """The service is asked for each sentence as soon as it is known to be over."""
    asked: list[float] = []

    def written() -> Lane:
        yield from _tokens(
            text, asked, lambda _: None, lambda: line.send(wire.response_frame(FIRST_SENTENCE))
        )
        line.send(wire.response_frame(text[len(FIRST_SENTENCE) :]))

    ends = ["response.done", "response.done"]
    return [written(), _heard(line, asked, "response.output_audio.delta", ends, hear)]


def _token(word: str) -> bytes:
    return event_bytes("synthesize-chunk", {"text": f"{word} "})


def _tokens(text: str, asked: list[float], send: Callable[[str], None], boundary: Callable[[], None]) -> Lane:
    due, sent = time.monotonic(), ""
    for word in text.split():
        yield due
        due += TOKEN_SECONDS
        if sent.strip() == FIRST_SENTENCE:
            asked.append(time.monotonic())
            boundary()
        send(word)
        sent += f"{word} "


def _heard(line: Line, asked: Sequence[float], sound: str, ends: Sequence[str], hear: Hear) -> Lane:
    """`asked[0]` is there by the time of the first sound; all the `ends` have to come."""
    message = yield from until(line, sound)
    first = before = time.monotonic()
    gap, audio, left = 0.0, message.audio, list(ends)
    while left:
        message = yield from until(line, sound, left[0])
        if message.kind != sound:
            del left[0]
            continue
        now = time.monotonic()
        gap, before = max(gap, now - before), now
        audio += message.audio
    hear(Spoken(first - asked[0], time.monotonic() - asked[0], gap, audio / BYTES_PER_SECOND))


def hang_up(uri: str, left: Wait) -> Lane:
    """Ask for an answer and go away once it has begun; `left` gets the moment."""
    line = WyomingLine(uri)
    line.send(event_bytes("synthesize", {"text": FIRST_SENTENCE, "voice": {"name": "alloy"}}))
    yield from until(line, "audio-chunk")
    left(time.monotonic())
    line.close()


def hang_up_bare(line: RealtimeLine, left: Wait) -> Lane:
    """Cancel an answer once it has begun."""
    line.send(wire.response_frame(FIRST_SENTENCE))
    created: Message = yield from until(line, "response.created")
    assert created
    yield from until(line, "response.output_audio.delta")
    left(time.monotonic())
    line.send(wire.client_frame({"type": "response.cancel"}))
    line.waiting.clear()
