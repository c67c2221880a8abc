"""What a session is opened for, and the `session.update` that says so.

A config is hashable and holds only what cannot change on an open session, so it is also the key under which
warm sessions are kept. What changes from request to request (language, hints) is not in it.
"""

from dataclasses import dataclass, field, replace

import msgspec
from msgspec import UNSET, UnsetType

from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model
from wyoming_azure_realtime.realtime.shapes import (
    PCM_24K,
    Audio,
    AudioInput,
    AudioOutput,
    JsonObject,
    NoiseReduction,
    Session,
    Transcription,
    TurnDetection,
    WireAudioFormat,
)

# Characters; a longer prompt is refused with the whole update (reports from OpenAI's host, August 2026).
MOST_PROMPT = 1024

# Bytes: whisper reads the last 224 tokens of a prompt (vendor's guide), and a token of names in most scripts
# is longer than two and a half bytes.
LONGEST_PROMPT = 560

# Of Azure's voices, times the usual one (vendor's reference of Voice Live).
LEAST_RATE, MOST_RATE = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class TranscriptionConfig:
    """A session that hears: `deployment` transcribes with `model`; `known` are models that settings add.

    `noise_reduction`: as the service calls it, or "off". `rate`: of the audio that it gets, in Hz.
    """

    target: str
    deployment: str
    model: str
    noise_reduction: str = "far_field"
    echo_cancellation: bool = False
    rate: int = 24000
    known: tuple[TranscriptionModel, ...] = ()

    @property
    def accepts(self) -> TranscriptionModel:
        """What may be asked of the model."""
        return transcription_model(self.model, self.known)


@dataclass(frozen=True, slots=True)
class Manner:
    """How an Azure voice speaks, in the words of SSML (`cheerful`, `+5%`, `-6dB`); empty: as usual."""

    style: str = ""
    pitch: str = ""
    volume: str = ""

    def over(self, other: "Manner") -> "Manner":
        """What is said here, else what the other says."""
        return Manner(self.style or other.style, self.pitch or other.pitch, self.volume or other.volume)


USUAL_MANNER = Manner()


@dataclass(frozen=True, slots=True)
class AzureVoiceConfig:
    """What a voice of Voice Live needs beside its name.

    `kind`: `azure-standard`, `azure-custom` (with its `endpoint_id`) or `openai`. `lexicon`: the address of a
    lexicon. `locales`: the accents that a voice of several languages should have.
    """

    kind: str = "azure-standard"
    endpoint_id: str = ""
    lexicon: str = ""
    locales: tuple[str, ...] = ()
    manner: Manner = USUAL_MANNER


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """A session that speaks, in one voice for its whole life (voices lock with the first audio).

    `azure`: where the service's voices are more than a name. `exact`: it speaks exactly its text.
    `pre_generated`: it is given the text as a finished message, and no model comes between.
    """

    target: str
    deployment: str
    voice: str
    speed: float = 1.0
    azure: AzureVoiceConfig | None = None
    exact: bool = False
    pre_generated: bool = False

    def wire_voice(self, manner: Manner = USUAL_MANNER, rate: float = 1.0) -> str | JsonObject:
        """The voice as the service takes it; `manner` and `rate` of one piece change those of the session."""
        azure = self.azure
        if azure is None:
            return self.voice
        if azure.kind == "openai":
            return {"type": azure.kind, "name": self.voice}
        manner = manner.over(azure.manner)
        speed = min(MOST_RATE, max(LEAST_RATE, self.speed * rate))
        optional: JsonObject = {
            "endpoint_id": azure.endpoint_id,
            "style": manner.style,
            "pitch": manner.pitch,
            "volume": manner.volume,
            "rate": f"{speed:.2f}".rstrip("0").rstrip(".") if speed != 1 else "",
            "custom_lexicon_url": azure.lexicon,
            "prefer_locales": list(azure.locales),
        }
        given = {name: value for name, value in optional.items() if value}
        return {"type": azure.kind, "name": self.voice, **given}


@dataclass(frozen=True, slots=True)
class Hints:
    """What one request tells the session.

    `language`: a BCP 47 tag, or, on its way to a session, what the service calls it. `also`: others that may
    be spoken, in the same words, for models that take several. `prompt`: free text.
    `keywords`: names that may be said, the likeliest first. `detection`: how the service finds the end of the
    turn; None: the client says so.
    """

    language: str = ""
    prompt: str = field(default="", repr=False)
    keywords: tuple[str, ...] = field(default=(), repr=False)
    detection: TurnDetection | None = None
    also: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """All of them, each once; none where it is not known which one is likeliest."""
        return tuple(dict.fromkeys((self.language, *self.also))) if self.language else ()

    def taken_by(self, model: TranscriptionModel) -> "Hints":
        """Without the kinds that the model is known not to take."""
        names_fit = model.keywords or (model.prompt and model.prompt_holds_names)
        return replace(
            self,
            prompt=self.prompt[:MOST_PROMPT] if model.prompt else "",
            keywords=self.keywords if names_fit else (),
            detection=self.detection if model.turn_detection else None,
            also=self.also if model.plural_languages else (),
        )


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class ConversationConfig:
    """A session that hears and answers by voice, and keeps what was said for as long as it lives.

    `hearing`: what writes down what is said, in the language of `hints`; None: nobody does. With the hints'
    `detection` the service finds the ends of turns, answers, and is interrupted. `effort`: of thinking, for
    models that do; empty: as the model does by itself.
    """

    speech: SpeechConfig
    hearing: TranscriptionConfig | None
    hints: Hints = NO_HINTS
    instructions: str = field(default="", repr=False)
    tools: tuple[JsonObject, ...] = field(default=(), repr=False, hash=False)
    most_tokens: int = 4096
    effort: str = ""

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.speech.target

    @property
    def deployment(self) -> str:
        """Of the model that answers."""
        return self.speech.deployment

    @property
    def voice(self) -> str:
        """Which answers."""
        return self.speech.voice


SessionConfig = TranscriptionConfig | SpeechConfig | ConversationConfig


def transcription(config: TranscriptionConfig, hints: Hints) -> Transcription:
    """The fields that the model takes, and no others."""
    model, language = config.accepts, hints.language
    return Transcription(
        model=config.deployment,
        language=language if language and not model.plural_languages else UNSET,
        languages=list(hints.languages) if language and model.plural_languages else UNSET,
        prompt=_prompt(model, hints) or UNSET,
        keywords=list(hints.keywords) if hints.keywords and model.keywords else UNSET,
    )


def _prompt(model: TranscriptionModel, hints: Hints) -> str:
    """The user's own words, and the names behind them if they have no field, as many as fit."""
    if not model.prompt:
        return ""
    prompt = hints.prompt
    if model.keywords or not model.prompt_holds_names:
        return prompt
    ahead = f"{prompt} " if prompt else ""
    room = LONGEST_PROMPT - len(ahead.encode())
    names: list[str] = []
    for name in hints.keywords:
        room -= len(name.encode()) + 2
        if room < 0:
            break
        names.append(name)
    return f"{ahead}{', '.join(names)}." if names else prompt


def opening_update(config: SessionConfig, kind: SessionKind) -> Session:
    """The configuration of a new session; `kind` is that of the socket it came over."""
    match config:
        case TranscriptionConfig():
            return _transcribing(config, kind)
        case ConversationConfig():
            return _conversing(config)
    return _speaking(config)


def hints_update(
    config: TranscriptionConfig, hints: Hints, kind: SessionKind, previous: Hints | None = NO_HINTS
) -> Session:
    """Only the hints, to a session that has got `previous` ones (None: unknown ones): all else stays."""
    known = previous is not None and hints.detection == previous.detection
    detects = config.accepts.turn_detection and not known
    audio_input = AudioInput(
        transcription=transcription(config, hints),
        turn_detection=_detection(hints.detection, kind) if detects else UNSET,
    )
    return Session(type=kind, audio=Audio(input=audio_input))


def _detection(detection: TurnDetection | None, kind: SessionKind) -> TurnDetection | None:
    """A conversation must not answer; transcription sessions are said to refuse being told so."""
    if detection is None or kind == "transcription":
        return detection
    return msgspec.structs.replace(detection, create_response=False, interrupt_response=False)


def _transcribing(config: TranscriptionConfig, kind: SessionKind) -> Session:
    noise = None if config.noise_reduction == "off" else NoiseReduction(type=config.noise_reduction)
    audio_input = AudioInput(
        format=WireAudioFormat(type="audio/pcm", rate=config.rate),
        transcription=transcription(config, Hints()),
        noise_reduction=noise,
        echo_cancellation=_echo_cancellation(config),
        turn_detection=None,
    )
    return Session(type=kind, audio=Audio(input=audio_input))


def _conversing(config: ConversationConfig) -> Session:
    hearing, speech = config.hearing, config.speech
    reduced = hearing is not None and hearing.noise_reduction != "off"
    audio_input = AudioInput(
        format=PCM_24K,
        transcription=transcription(hearing, config.hints) if hearing else None,
        noise_reduction=NoiseReduction(type=hearing.noise_reduction) if hearing and reduced else None,
        echo_cancellation=_echo_cancellation(hearing),
        turn_detection=config.hints.detection,
    )
    return Session(
        type="realtime",
        output_modalities=["audio"],
        instructions=config.instructions,
        audio=Audio(
            input=audio_input,
            output=AudioOutput(format=PCM_24K, voice=speech.wire_voice(), speed=speech.speed),
        ),
        tools=list(config.tools),
        tool_choice="auto" if config.tools else "none",
        max_output_tokens=config.most_tokens,
        reasoning={"effort": config.effort} if config.effort else UNSET,
    )


def _echo_cancellation(config: TranscriptionConfig | None) -> JsonObject | UnsetType:
    return {"type": "server_echo_cancellation"} if config and config.echo_cancellation else UNSET


def _speaking(config: SpeechConfig) -> Session:
    return Session(
        type="realtime",
        output_modalities=["audio"],
        audio=Audio(
            input=AudioInput(turn_detection=None),
            output=AudioOutput(format=PCM_24K, voice=config.wire_voice(), speed=config.speed),
        ),
        tools=[],
        tool_choice="none",
    )
