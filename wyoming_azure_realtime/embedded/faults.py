"""Simulated trouble: faults and latencies as plain options.

`Faults` is what someone asks for; a `FaultPlan` decides, occasion by occasion, whether it strikes.
"""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.shapes import ErrorDetail


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strikes every `every`th time after the first `skip`, by chance, at most `times` (0: no limit)."""

    skip: Annotated[int, Meta(ge=0)] = 0
    every: Annotated[int, Meta(ge=1)] = 1
    times: Annotated[int, Meta(ge=0)] = 0
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0


class RefusedUpgrade(Fault, frozen=True, kw_only=True):
    """The HTTP answer instead of a socket. `retry_after` in seconds."""

    status: Annotated[int, Meta(ge=400, le=599)] = 503
    retry_after: int | None = None


class Disconnect(Fault, frozen=True, kw_only=True):
    """The socket ends after `after_ms` of audio; 1006 drops TCP without a close frame."""

    code: int = 1006
    reason: str = ""
    after_ms: int = 0


class Stall(Fault, frozen=True, kw_only=True):
    """Nothing more comes of it, after `after_ms` of audio."""

    after_ms: int = 0


class Delay(Fault, frozen=True, kw_only=True):
    """It takes so much longer."""

    ms: float = 1000


class Failure(Fault, frozen=True, kw_only=True):
    """What an `error` object says."""

    type: str = "server_error"
    code: str | None = None
    message: str = "The server had an error while processing your request. Sorry about that!"

    def detail(self) -> ErrorDetail:
        """As the protocol tells it."""
        return ErrorDetail(type=self.type, code=self.code, message=self.message)


class Shortened(Fault, frozen=True, kw_only=True):
    """The response ends early, as incomplete."""

    reason: Literal["max_output_tokens", "content_filter"] = "max_output_tokens"
    after_ms: int = 100


class WrongWords(Fault, frozen=True, kw_only=True):
    """What is spoken instead of the requested text, after its first `right_words`.

    `any` is one of the others by chance, an answer twice as often as each of the rest.
    """

    how: Literal["answer", "paraphrase", "drop_word", "any"] = "answer"
    right_words: Annotated[int, Meta(ge=0)] = 0


class Oversized(Fault, frozen=True, kw_only=True):
    """A frame is padded by so many bytes with a key nobody knows."""

    padding: int = 1_500_000


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be made to go wrong or slow. Nothing does by default."""

    seed: int = 0

    # latencies: of the upgrade, of `session.updated`, of a transcript after its commit, of the first audio
    handshake_ms: float = 0
    configuration_ms: float = 0
    transcript_ms: float = 0
    first_audio_ms: float = 0
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

    # speech: nothing at all; the socket, the audio or everything ends in the middle, the latter with an
    # `error`; a final status other than completed; completed without output; no `response.done`;
    # the last audio after `output_audio.done`; other words
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
        durations = ("handshake_ms", "configuration_ms", "transcript_ms", "first_audio_ms", "generation_pace")
        for name in (*durations, "session_seconds"):
            if (getattr(self, name) or 0) < 0:
                raise ValueError(f"{name} must not be negative")


NO_FAULTS = Faults()
RATE_LIMITED = Failure(
    type="tokens", code="rate_limit_exceeded", message="Rate limit reached. Please try again in 2s."
)

F = TypeVar("F", bound=Fault)
T = TypeVar("T")


class FaultPlan:
    """Counts the occasions of one set of faults; the same seed and the same occasions strike alike."""

    def __init__(self, faults: Faults = NO_FAULTS) -> None:
        self.change(faults)

    def change(self, faults: Faults) -> None:
        """From now on these, counted from the beginning."""
        self.faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 - chance, not secrecy
        self._occasions: Counter[str] = Counter()
        self._strikes: Counter[str] = Counter()

    def strikes(self, kind: type[F], name: str) -> F | None:
        """The fault of that name, if this occasion is one of its own."""
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

    def one_of(self, choices: Sequence[T]) -> T:
        """By the same chance."""
        return self._random.choice(choices)


def parse(options: list[str]) -> Faults:
    """Faults from lines such as `transcript_ms=300` or `refused_upgrade:status=429,retry_after=3,times=1`.

    Raises `SettingsError` for what does not exist.
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
