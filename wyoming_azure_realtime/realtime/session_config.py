"""What a session is opened for, and the `session.update` that says so.

A config is hashable and holds only what cannot change on an open session, so it is also the key under which
warm sessions are kept. What changes from request to request (language, hints) is not in it.
"""

from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model
from wyoming_azure_realtime.realtime.shapes import (
    PCM_24K,
    Audio,
    AudioInput,
    AudioOutput,
    NoiseReduction,
    Session,
    Transcription,
    TurnDetection,
)

# Bytes: whisper reads the last 224 tokens of a prompt (vendor's guide), and a token of names in most scripts
# is longer than two and a half bytes.
LONGEST_PROMPT = 560


@dataclass(frozen=True, slots=True)
class TranscriptionConfig:
    """A session that hears: `deployment` transcribes with `model`; `known` are models that settings add."""

    target: str
    deployment: str
    model: str
    noise_reduction: str = "far_field"
    known: tuple[TranscriptionModel, ...] = ()

    @property
    def accepts(self) -> TranscriptionModel:
        """What may be asked of the model."""
        return transcription_model(self.model, self.known)


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """A session that speaks, in one voice for its whole life (voices lock with the first audio)."""

    target: str
    deployment: str
    voice: str
    speed: float = 1.0


SessionConfig = TranscriptionConfig | SpeechConfig


@dataclass(frozen=True, slots=True)
class Hints:
    """What one request tells the session. `language` is a BCP 47 tag, `prompt` free text.

    `keywords`: names that may be said, the likeliest first. `detection`: how the service finds the end of the
    turn; None: the client says so.
    """

    language: str = ""
    prompt: str = field(default="", repr=False)
    keywords: tuple[str, ...] = field(default=(), repr=False)
    detection: TurnDetection | None = None

    def without_prompt(self) -> "Hints":
        """What is left for a model that refused the rest."""
        return Hints(language=self.language, detection=self.detection)


NO_HINTS = Hints()


def transcription(config: TranscriptionConfig, hints: Hints) -> Transcription:
    """The fields that the model takes, and no others. Languages are reduced to ISO 639-1."""
    model = config.accepts
    language = hints.language.replace("_", "-").split("-")[0].lower()
    return Transcription(
        model=config.deployment,
        language=language if language and not model.plural_languages else UNSET,
        languages=[language] if language and model.plural_languages else UNSET,
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
    return _transcribing(config, kind) if isinstance(config, TranscriptionConfig) else _speaking(config)


def hints_update(
    config: TranscriptionConfig, hints: Hints, kind: SessionKind, previous: Hints = NO_HINTS
) -> Session:
    """Only the hints, to a session that has got `previous` ones: everything else stays as it was opened."""
    detects = config.accepts.turn_detection and hints.detection != previous.detection
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
        format=PCM_24K,
        transcription=transcription(config, Hints()),
        noise_reduction=noise,
        turn_detection=None,
    )
    return Session(type=kind, audio=Audio(input=audio_input))


def _speaking(config: SpeechConfig) -> Session:
    return Session(
        type="realtime",
        output_modalities=["audio"],
        audio=Audio(
            input=AudioInput(turn_detection=None),
            output=AudioOutput(format=PCM_24K, voice=config.voice, speed=config.speed),
        ),
        tools=[],
        tool_choice="none",
    )
