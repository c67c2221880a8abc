"""What each transcription model accepts (vendor reference and field reports, November 2026).

Knowledge belongs to the model, not to the name of a deployment: on Azure a deployment can be called anything.
"""

from dataclasses import dataclass
from typing import Literal

Partials = Literal["none", "after_commit", "while_speaking"]


@dataclass(frozen=True, slots=True)
class TranscriptionModel:
    """One family of transcription models and the fields that it takes."""

    name: str
    turn_detection: bool = True
    partials: Partials = "none"
    prompt: bool = True
    plural_languages: bool = False
    keywords: bool = False


KNOWN = (
    TranscriptionModel("whisper-1"),
    TranscriptionModel("gpt-4o-transcribe-diarize", partials="after_commit", prompt=False),
    TranscriptionModel("gpt-4o-transcribe", partials="after_commit"),
    TranscriptionModel("gpt-4o-mini-transcribe", partials="after_commit"),
    TranscriptionModel("gpt-realtime-whisper", turn_detection=False, partials="while_speaking", prompt=False),
    TranscriptionModel(
        "gpt-live-transcribe",
        turn_detection=False,
        partials="while_speaking",
        plural_languages=True,
        keywords=True,
    ),
    TranscriptionModel("gpt-transcribe", prompt=False, plural_languages=True, keywords=True),
)


def transcription_model(name: str) -> TranscriptionModel:
    """The family that `name` begins with (dated names included); unknown names count as whisper-1."""
    for known in sorted(KNOWN, key=lambda model: -len(model.name)):
        if name.lower().startswith(known.name):
            return known
    return KNOWN[0]
