"""What an emulator is set up with: its deployments, what their models accept, how they count, and its limits.

Facts about the vendor's models are of late 2026, as far as they matter to recognition and synthesis. Pure.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.realtime.shapes import JsonObject

Deltas = Literal["none", "whole", "burst", "live"]

EIGHT_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")
ALL_VOICES = (*EIGHT_VOICES, "marin", "cedar")
FIRST_VOICES = ("alloy", "echo", "shimmer")


@dataclass(frozen=True, slots=True)
class TranscriptionCapabilities:
    """What a transcription model can do.

    `deltas`: whole = one with the whole text, burst = several after the commit, live = while audio arrives.
    """

    deltas: Deltas
    detects_turns: bool
    hints: frozenset[str]
    billed_by_duration: bool = False
    names_speakers: bool = False


_TURN_BASED = frozenset({"language", "prompt"})
TRANSCRIPTION_MODELS = {
    "whisper-1": TranscriptionCapabilities("whole", True, _TURN_BASED, billed_by_duration=True),
    "gpt-4o-transcribe": TranscriptionCapabilities("burst", True, _TURN_BASED),
    "gpt-4o-mini-transcribe": TranscriptionCapabilities("burst", True, _TURN_BASED),
    "gpt-4o-transcribe-diarize": TranscriptionCapabilities(
        "burst", True, frozenset({"language"}), names_speakers=True
    ),
    "gpt-realtime-whisper": TranscriptionCapabilities(
        "live", False, frozenset({"language", "delay"}), billed_by_duration=True
    ),
    "gpt-live-transcribe": TranscriptionCapabilities(
        "live", False, frozenset({"languages", "keywords", "prompt", "delay"}), billed_by_duration=True
    ),
    "gpt-transcribe": TranscriptionCapabilities(
        "burst", True, frozenset({"languages", "keywords", "prompt"}), billed_by_duration=True
    ),
}
# Those of Whisper's tokenizer (openai/whisper); the newer models take Chinese by region as well.
_WHISPERS = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg "
    "lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so "
    "af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
LANGUAGES = frozenset(_WHISPERS.split())
NEWER_LANGUAGES = LANGUAGES | {"ga", "kw", "yue", "zh-cn", "zh-tw", "zh-hk"}
MOST_PROMPT = 1024
"""Characters of a prompt (field reports from OpenAI's host, August 2026)."""
DELAYS = ("minimal", "low", "medium", "high", "xhigh")


@dataclass(frozen=True, slots=True)
class RealtimeCapabilities:
    """What a conversation model can do; reasoning models (`reasons`) accept two more parameters.

    `max_output_tokens`: the most in one response.
    """

    voices: tuple[str, ...] = ALL_VOICES
    default_voice: str = "marin"
    reasons: bool = False
    max_output_tokens: int = 4096


def realtime_model(name: str) -> RealtimeCapabilities:
    """The capabilities of a conversation model; an unknown one counts as a current one."""
    if name.startswith("gpt-4o"):
        first = name.endswith("2024-10-01")
        return RealtimeCapabilities(FIRST_VOICES if first else EIGHT_VOICES, "alloy")
    if name.startswith("gpt-realtime-2"):
        return RealtimeCapabilities(reasons=True, max_output_tokens=32_000)
    return RealtimeCapabilities()


def transcription_model(name: str) -> TranscriptionCapabilities | None:
    """The capabilities of a transcription model or a dated version of it; None for an unknown name."""
    named = [known for known in TRANSCRIPTION_MODELS if name == known or name.startswith(f"{known}-20")]
    return TRANSCRIPTION_MODELS[max(named, key=len)] if named else None


@dataclass(frozen=True, slots=True)
class Deployments:
    """The deployments that exist, name to model; empty: every model is deployed under its name."""

    models: dict[str, str] = field(default_factory=dict)

    def realtime(self, name: str) -> str | None:
        """The conversation model behind `name`; None when it is missing or of another kind."""
        model = self.models.get(name) if self.models else name
        return model if model and "realtime" in model and not self._transcribes(model) else None

    def transcription(self, name: str) -> str | None:
        """The transcription model behind `name`; None when it is missing or of another kind."""
        model = self.models.get(name) if self.models else name
        return model if model and transcription_model(model) else None

    def exists(self, name: str) -> bool:
        """Whether there is a deployment of that name, of any kind."""
        return name in self.models if self.models else "realtime" in name or bool(transcription_model(name))

    @staticmethod
    def _transcribes(model: str) -> bool:
        return bool(transcription_model(model)) or "translate" in model


INPUT_MS_PER_TOKEN = 100
OUTPUT_MS_PER_TOKEN = 50


def text_tokens(text: str) -> int:
    """The tokens of a text, about four characters each."""
    return math.ceil(len(text) / 4)


def spoken_tokens(pcm_bytes: int) -> int:
    """The tokens of synthesized audio, one for 50 ms."""
    return math.ceil(pcm_bytes * 1000 / REALTIME.bytes_per_second / OUTPUT_MS_PER_TOKEN)


def transcription_usage(pcm_bytes: int, transcript: str, *, by_duration: bool) -> JsonObject:
    """The usage of one transcription; some models are billed by the second."""
    seconds = pcm_bytes / REALTIME.bytes_per_second
    if by_duration:
        return {"type": "duration", "seconds": round(seconds, 3)}
    audio_in, text_out = math.ceil(seconds * 1000 / INPUT_MS_PER_TOKEN), text_tokens(transcript)
    return {
        "type": "tokens",
        "total_tokens": audio_in + text_out,
        "input_tokens": audio_in,
        "output_tokens": text_out,
        "input_token_details": {"text_tokens": 0, "audio_tokens": audio_in},
    }


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A part of what a model gets, and its tokens. `digest`: of all up to here."""

    digest: bytes
    text: int
    audio: int


def prompt_part(
    before: PromptPart | None, text: str, *, audio_ms: int = 0, made: bool = False, name: str = ""
) -> PromptPart:
    """The part that follows `before`. `made`: the sound is a model's; `name`: tells sounds apart."""
    digest = hashlib.blake2b(before.digest if before else b"", digest_size=16)
    digest.update(f"{text}\0{name if audio_ms else ''}\0".encode())
    ms = OUTPUT_MS_PER_TOKEN if made else INPUT_MS_PER_TOKEN
    return PromptPart(digest.digest(), text_tokens(text), math.ceil(audio_ms / ms))


class PromptCache:
    """What of a prompt a service has met lately, and charges less for: its beginning, if that is long enough.

    At most `MOST` prompts are remembered, those of the last `SECONDS`.
    """

    LEAST_TOKENS = 1024
    SECONDS = 300.0
    MOST = 4096

    def __init__(self) -> None:
        self._met: dict[bytes, float] = {}

    def cached(self, prompt: Sequence[PromptPart], now: float) -> tuple[int, int]:
        """The tokens of text and of audio that were met before; meets them. `now` in seconds."""
        text = audio = 0
        found = (0, 0)
        for part in prompt:
            text, audio = text + part.text, audio + part.audio
            known = now - self._met.pop(part.digest, -math.inf) <= self.SECONDS
            if known and text + audio >= self.LEAST_TOKENS:
                found = text, audio
            self._met[part.digest] = now
        while len(self._met) > self.MOST:
            del self._met[next(iter(self._met))]
        return found


def response_usage(
    prompt: Sequence[PromptPart], cached: tuple[int, int], output_text: int, output_audio: int
) -> JsonObject:
    """The usage of one response, from its prompt, its cached tokens of text and audio, and what it made."""
    input_text, input_audio = sum(part.text for part in prompt), sum(part.audio for part in prompt)
    return {
        "total_tokens": input_text + input_audio + output_text + output_audio,
        "input_tokens": input_text + input_audio,
        "output_tokens": output_text + output_audio,
        "input_token_details": {
            "text_tokens": input_text,
            "audio_tokens": input_audio,
            "image_tokens": 0,
            "cached_tokens": sum(cached),
            "cached_tokens_details": {
                "text_tokens": cached[0],
                "audio_tokens": cached[1],
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": output_text, "audio_tokens": output_audio},
    }


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The options of a server. `key` None: any key or none is accepted. `path_prefix`: before every path.

    `transcription_sockets` false: `intent=transcription` is refused, as by some resources. `azure_voices`:
    those that Voice Live has; empty: all with a right name. `connections_per_minute`: more get HTTP 429; 0:
    any number.
    """

    host: str = "127.0.0.1"
    port: int = 0
    key: str | None = field(default=None, repr=False)
    path_prefix: str = ""
    deployments: Deployments = field(default_factory=Deployments)
    transcription_sockets: bool = True
    azure_voices: tuple[str, ...] = ()
    connections_per_minute: int = 0
    session_seconds: float = 3600
    max_sessions: int = 256
    max_buffer_bytes: int = 32 * 1024 * 1024
    max_responses: int = 16
    max_transcriptions: int = 16
    send_seconds: float = 30
    """A client that does not read for so long loses its connection."""
    faults: Faults = NO_FAULTS
