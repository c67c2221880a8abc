"""What each transcription model accepts, which settings can extend, and until when models can be had.

Knowledge belongs to the model, not to the name of a deployment, which on Azure can be anything.
Sources, read in November 2026: the official Python SDK's types of `session.audio.input.transcription` (hint
fields), the vendors' guides to realtime transcription (turn detection), Azure's schedule of retirements of
July 2026, OpenAI's list of deprecations, and field reports (when deltas arrive).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

Partials = Literal["none", "after_commit", "while_speaking"]


@dataclass(frozen=True, slots=True)
class TranscriptionModel:
    """One family of transcription models and the fields that it takes.

    Names to expect are written to `keywords` where the model takes that, else to the prompt if it is
    `prompt_holds_names`. The dates are those from which the hosts refuse the last version of the family.
    """

    name: str
    turn_detection: bool = True
    partials: Partials = "none"
    prompt: bool = True
    prompt_holds_names: bool = True
    plural_languages: bool = False
    keywords: bool = False
    ends_on_azure: date | None = None
    ends_at_openai: date | None = None


_OPENAI_END = date(2027, 2, 26)

KNOWN = (
    TranscriptionModel("whisper-1", ends_on_azure=date(2026, 12, 15), ends_at_openai=_OPENAI_END),
    TranscriptionModel(
        "gpt-4o-transcribe-diarize",
        partials="after_commit",
        prompt=False,
        ends_on_azure=date(2026, 10, 15),
        ends_at_openai=_OPENAI_END,
    ),
    TranscriptionModel(
        "gpt-4o-transcribe",
        partials="after_commit",
        ends_on_azure=date(2026, 10, 15),
        ends_at_openai=_OPENAI_END,
    ),
    TranscriptionModel(
        "gpt-4o-mini-transcribe",
        partials="after_commit",
        ends_on_azure=date(2026, 12, 15),
        ends_at_openai=_OPENAI_END,
    ),
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

# Turn detection that a model refuses fails the whole session; a refused prompt is sent once more without it.
# Only what somebody has written for this model himself is worth that.
UNKNOWN = TranscriptionModel("", turn_detection=False, prompt_holds_names=False)


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """One family of models that speak, and the dates from which the hosts refuse the last version of it."""

    name: str
    ends_on_azure: date
    ends_at_openai: date | None = None


SPEAKING = (
    SpeechModel("gpt-realtime", date(2027, 2, 28), date(2027, 1, 20)),
    SpeechModel("gpt-realtime-mini", date(2026, 12, 15), date(2027, 1, 20)),
    SpeechModel("gpt-realtime-1.5", date(2027, 2, 23)),
    SpeechModel("gpt-realtime-2", date(2027, 5, 6)),
    SpeechModel("gpt-realtime-2.1", date(2027, 6, 25)),
    SpeechModel("gpt-realtime-2.1-mini", date(2027, 6, 25)),
)

_AZURE_NAMES = {"whisper": "whisper-1"}


def transcription_model(name: str, more: Iterable[TranscriptionModel] = ()) -> TranscriptionModel:
    """The family that `name` begins with (dated names included), `more` before `KNOWN`; else `UNKNOWN`."""
    sought = _AZURE_NAMES.get(name.lower(), name.lower())
    for table in (more, KNOWN):
        for known in sorted(table, key=lambda model: -len(model.name)):
            if sought.startswith(known.name.lower()):
                return known
    return UNKNOWN


def speech_model(name: str) -> SpeechModel | None:
    """The family of exactly that name: a deployment that is called otherwise may be any model."""
    return next((model for model in SPEAKING if model.name == name.lower()), None)
