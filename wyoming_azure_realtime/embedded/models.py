"""What the vendor's models accept, as far as it matters to hearing and speaking (reference of late 2026)."""

from dataclasses import dataclass, field
from typing import Literal

Deltas = Literal["none", "whole", "burst", "live"]

EIGHT_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")
ALL_VOICES = (*EIGHT_VOICES, "marin", "cedar")
FIRST_VOICES = ("alloy", "echo", "shimmer")


@dataclass(frozen=True, slots=True)
class TranscriptionCapabilities:
    """`deltas`: whole = one with everything, burst = after the commit, live = while audio flows."""

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
    "gpt-transcribe": TranscriptionCapabilities("burst", True, frozenset({"languages", "keywords"})),
}
DELAYS = ("minimal", "low", "medium", "high", "xhigh")


@dataclass(frozen=True, slots=True)
class RealtimeCapabilities:
    """`max_output_tokens` bounds one response; reasoning models accept two more parameters."""

    voices: tuple[str, ...] = ALL_VOICES
    default_voice: str = "marin"
    reasons: bool = False
    max_output_tokens: int = 4096


def realtime_model(name: str) -> RealtimeCapabilities:
    """The facts of a conversation model; what is not known is taken for a current one."""
    if name.startswith("gpt-4o"):
        first = name.endswith("2024-10-01")
        return RealtimeCapabilities(FIRST_VOICES if first else EIGHT_VOICES, "alloy")
    if name.startswith("gpt-realtime-2"):
        return RealtimeCapabilities(reasons=True, max_output_tokens=32_000)
    return RealtimeCapabilities()


def transcription_model(name: str) -> TranscriptionCapabilities | None:
    """The facts of a transcription model, also of a dated version; None when there is none of that name."""
    named = [known for known in TRANSCRIPTION_MODELS if name == known or name.startswith(f"{known}-20")]
    return TRANSCRIPTION_MODELS[max(named, key=len)] if named else None


@dataclass(frozen=True, slots=True)
class Deployments:
    """Which deployments exist: name to model. Empty: every model deployed under its own name."""

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
        """Whether there is a deployment of that name, of whatever kind."""
        return name in self.models if self.models else "realtime" in name or bool(transcription_model(name))

    @staticmethod
    def _transcribes(model: str) -> bool:
        return bool(transcription_model(model)) or "translate" in model
