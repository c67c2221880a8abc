"""Simulated faults and delays: which ones are asked for, and at which occasions they happen. Pure.

`Faults` is what a user or a test asks for. A `FaultPlan` is asked at every occasion and returns the fault
that happens there, if any; its caller does the rest.
"""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.shapes import ErrorDetail


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Happens every `every`th time after the first `skip`, by chance, at most `times` (0: no limit)."""

    skip: Annotated[int, Meta(ge=0)] = 0
    every: Annotated[int, Meta(ge=1)] = 1
    times: Annotated[int, Meta(ge=0)] = 0
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0


class RefusedUpgrade(Fault, frozen=True, kw_only=True):
    """An HTTP answer in the place of a socket. `retry_after` in seconds."""

    status: Annotated[int, Meta(ge=400, le=599)] = 503
    retry_after: int | None = None


class Disconnect(Fault, frozen=True, kw_only=True):
    """The socket ends after `after_ms` of audio, with a close code; 1006 drops TCP without a close frame."""

    code: int = 1006
    reason: str = ""
    after_ms: int = 0


class Stall(Fault, frozen=True, kw_only=True):
    """Nothing follows after `after_ms` of audio."""

    after_ms: int = 0


class Delay(Fault, frozen=True, kw_only=True):
    """Something takes `ms` longer."""

    ms: float = 1000


class Failure(Fault, frozen=True, kw_only=True):
    """The content of an `error` object."""

    type: str = "server_error"
    code: str | None = None
    message: str = "The server had an error while processing your request. Sorry about that!"

    def detail(self) -> ErrorDetail:
        """The `error` object of the protocol."""
        return ErrorDetail(type=self.type, code=self.code, message=self.message)


class Shortened(Fault, frozen=True, kw_only=True):
    """The response ends after `after_ms` of audio, as incomplete."""

    reason: Literal["max_output_tokens", "content_filter"] = "max_output_tokens"
    after_ms: int = 100


class WrongWords(Fault, frozen=True, kw_only=True):
    """Other words are spoken than requested, after the first `right_words`.

    `any` is one of the others at random, `answer` twice as often as each of the rest.
    """

    how: Literal["answer", "paraphrase", "drop_word", "any"] = "answer"
    right_words: Annotated[int, Meta(ge=0)] = 0


class Oversized(Fault, frozen=True, kw_only=True):
    """A frame gets an unknown key with `padding` bytes."""

    padding: int = 1_500_000


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All faults and delays that can be asked for; none by default."""

    seed: int = 0

    # latencies: of the upgrade, of `session.updated`, of a transcript after its commit, of the first audio,
    # of an answer's first token after it was asked for
    handshake_ms: float = 0
    configuration_ms: float = 0
    transcript_ms: float = 0
    first_audio_ms: float = 0
    first_token_ms: float = 0
    # how fast text and the arguments of calls are written; 0 is at once
    tokens_per_second: float = 0
    # seconds that one second of audio takes to generate; 0 is as fast as the engine
    generation_pace: float = 0
    # after so long a session expires as if its 60 minutes were over
    session_seconds: float | None = None

    # the upgrade: refused with a status, or as if the deployment were (not yet) there
    refused_upgrade: RefusedUpgrade | None = None
    unknown_deployment: Fault | None = None

    # `session.update`: no answer, or an error
    silent_configuration: Fault | None = None
    refused_configuration: Failure | None = None

    # recognition: the socket ends in mid-upload or after the commit; no answer to the commit;
    # no transcript, a late one, a failed one
    closed_upload: Disconnect | None = None
    closed_after_commit: Disconnect | None = None
    silent_commit: Fault | None = None
    silent_transcript: Fault | None = None
    delayed_transcript: Delay | None = None
    failed_transcript: Failure | None = None

    # responses, spoken or written (there a character counts as 60 ms of audio): no event at all; the socket,
    # the output or everything ends in the middle, the latter with an `error`; a final status other than
    # completed; completed without output; no `response.done`; of what is read aloud: the last audio after
    # `output_audio.done`, other words
    silent_response: Fault | None = None
    closed_response: Disconnect | None = None
    silent_audio: Stall | None = None
    error_in_response: Failure | None = None
    failed_response: Failure | None = None
    shortened_response: Shortened | None = None
    empty_response: Fault | None = None
    missing_response_done: Fault | None = None
    late_audio: Fault | None = None
    wrong_words: WrongWords | None = None

    # any event: an unknown one or an old one before it, itself twice, itself huge
    unknown_event: Fault | None = None
    late_event: Fault | None = None
    duplicate_event: Fault | None = None
    oversized_frame: Oversized | None = None

    def __post_init__(self) -> None:
        for name in _DURATIONS:
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must not be negative")


_DURATIONS = (
    "handshake_ms", "configuration_ms", "transcript_ms", "first_audio_ms", "first_token_ms",
    "tokens_per_second", "generation_pace", "session_seconds",
)  # fmt: skip
NO_FAULTS = Faults()
RATE_LIMITED = Failure(
    type="tokens", code="rate_limit_exceeded", message="Rate limit reached. Please try again in 2s."
)

Way = Literal["answer", "paraphrase", "drop_word"]
_WAYS: tuple[Way, ...] = ("answer", "answer", "paraphrase", "drop_word")

F = TypeVar("F", bound=Fault)


@dataclass(frozen=True, slots=True)
class ResponseFaults:
    """The faults of one response, drawn before it begins."""

    silent: bool
    failed: Failure | None
    empty: bool
    disconnect: Disconnect | None
    stall: Stall | None
    error: Failure | None
    shortened: Shortened | None
    wrong_words: tuple[Way, int] | None
    late_audio: bool
    never_done: bool
    first_audio_ms: float
    first_token_ms: float
    tokens_per_second: float
    generation_pace: float

    def spoken(self, text: str) -> str:
        """What is spoken in the place of `text`: usually `text`."""
        return text if self.wrong_words is None else _spoken_instead(text, *self.wrong_words)


class FaultPlan:
    """Decides at every occasion whether a fault happens; equal seeds and equal occasions give equal faults.

    Each method is called once for each occasion that its fault may happen at, and counts it.
    """

    def __init__(self, faults: Faults = NO_FAULTS) -> None:
        self.change(faults)

    def change(self, faults: Faults) -> None:
        """Use these faults from now on, with all counts at zero."""
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - chance, not secrecy
        self._occasions: Counter[str] = Counter()
        self._strikes: Counter[str] = Counter()

    def refused_upgrade(self) -> RefusedUpgrade | None:
        """The HTTP answer to this upgrade, in the place of a socket."""
        return self._draw(RefusedUpgrade, "refused_upgrade")

    def unknown_deployment(self) -> bool:
        """Whether this upgrade finds no deployment."""
        return self._draw(Fault, "unknown_deployment") is not None

    def silent_configuration(self) -> bool:
        """Whether this `session.update` gets no answer."""
        return self._draw(Fault, "silent_configuration") is not None

    def refused_configuration(self) -> Failure | None:
        """The error that answers this `session.update`."""
        return self._draw(Failure, "refused_configuration")

    def closed_upload(self, received_ms: float) -> Disconnect | None:
        """How the socket ends after `received_ms` of audio in this session."""
        fault = self.faults.closed_upload
        due = fault is not None and received_ms >= fault.after_ms
        return self._draw(Disconnect, "closed_upload") if due else None

    def silent_commit(self) -> bool:
        """Whether this commit gets no answer."""
        return self._draw(Fault, "silent_commit") is not None

    def closed_after_commit(self) -> Disconnect | None:
        """How the socket ends after this commit."""
        return self._draw(Disconnect, "closed_after_commit")

    def silent_transcript(self) -> bool:
        """Whether this recording gets no transcript."""
        return self._draw(Fault, "silent_transcript") is not None

    def transcript_ms(self) -> float:
        """The least time from the commit of this recording to its transcript."""
        delay = self._draw(Delay, "delayed_transcript")
        return self.faults.transcript_ms + (delay.ms if delay else 0)

    def failed_transcript(self) -> Failure | None:
        """The error in the place of this transcript."""
        return self._draw(Failure, "failed_transcript")

    def response(self) -> ResponseFaults:
        """The faults of this response."""
        silent = self._draw(Fault, "silent_response") is not None
        failed = self._draw(Failure, "failed_response")
        empty = self._draw(Fault, "empty_response") is not None
        disconnect = self._draw(Disconnect, "closed_response")
        stall = self._draw(Stall, "silent_audio")
        error = self._draw(Failure, "error_in_response")
        shortened = self._draw(Shortened, "shortened_response")
        wrong_words = self._draw(WrongWords, "wrong_words")
        late_audio = self._draw(Fault, "late_audio") is not None
        never_done = self._draw(Fault, "missing_response_done") is not None
        return ResponseFaults(
            silent=silent,
            failed=failed,
            empty=empty,
            disconnect=disconnect,
            stall=stall,
            error=error,
            shortened=shortened,
            wrong_words=self._way(wrong_words) if wrong_words else None,
            late_audio=late_audio,
            never_done=never_done,
            first_audio_ms=self.faults.first_audio_ms,
            first_token_ms=self.faults.first_token_ms,
            tokens_per_second=self.faults.tokens_per_second,
            generation_pace=self.faults.generation_pace,
        )

    def _way(self, fault: WrongWords) -> tuple[Way, int]:
        how = self._random.choice(_WAYS) if fault.how == "any" else fault.how
        return how, fault.right_words

    def frames(self, frame: bytes, earlier: bytes | None) -> list[bytes]:
        """The frames to send in the place of this one: usually it alone. `earlier`: a frame sent before."""
        frames = [frame]
        if fault := self._draw(Oversized, "oversized_frame"):
            frames = [frame[:-1] + b',"obfuscation":"' + b"x" * fault.padding + b'"}']
        if self._draw(Fault, "duplicate_event"):
            frames = [*frames, *frames]
        if self._draw(Fault, "unknown_event"):
            frames = [b'{"type":"session.weather.updated","event_id":"event_x","forecast":["rain"]}', *frames]
        if earlier is not None and self._draw(Fault, "late_event"):
            frames = [earlier, *frames]
        return frames

    def _draw(self, kind: type[F], name: str) -> F | None:
        """The fault `name` if it happens at this occasion."""
        fault = getattr(self.faults, name)
        if not isinstance(fault, kind):
            return None
        self._occasions[name] += 1
        occasion = self._occasions[name] - fault.skip
        spent = fault.times and self._strikes[name] >= fault.times
        if occasion < 1 or occasion % fault.every or spent or self._random.random() >= fault.probability:
            return None
        self._strikes[name] += 1
        return fault


_SYNONYMS = {"turn": "switch", "lights": "lamps", "the": "your", "is": "would be", "on": "up", "and": "plus"}


def _spoken_instead(text: str, how: Way, right: int) -> str:
    """`text` with other words after the first `right`; one word alone is never dropped."""
    words = text.split()
    begun, words = words[:right], words[right:]
    if how == "answer":
        words = ["Sure, I can help you with that. What would you like me to do?"]
    elif how == "paraphrase":
        words = ["Well,", *(_SYNONYMS.get(word.lower(), word) for word in words)]
    elif len(begun) + len(words) > 1:
        del words[len(words) // 2 : len(words) // 2 + 1]
    return " ".join([*begun, *words])


def parse(options: list[str]) -> Faults:
    """Faults from lines such as `transcript_ms=300` or `refused_upgrade:status=429,retry_after=3,times=1`.

    Raises: SettingsError for what does not exist.
    """
    values: dict[str, object] = {}
    for option in options:
        name, _, rest = option.partition(":")
        key, equals, value = name.partition("=")
        pairs = [pair.partition("=") for pair in rest.split(",") if pair]
        values[key.strip()] = value if equals else {k.strip(): v for k, _, v in pairs}
    try:
        return msgspec.convert(values, Faults, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(Faults.__struct_fields__)
        raise SettingsError(f"No such fault: {error}.", advice=f"There are: {known}.") from error
