"""What each transcription model accepts, which settings can extend.

Knowledge belongs to the model, not to the name of a deployment, which on Azure can be anything.
Sources, read in November 2026: the official Python SDK's types of `session.audio.input.transcription` (hint
fields), the vendors' guides to transcription (turn detection, what context gpt-transcribe takes), field
reports (when deltas arrive).
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
    `prompt_holds_names`. `lacks`: languages, in ISO 639-1, that it is known not to take. `ends`: from when on
    it is refused everywhere, if settings say so.
    """

    name: str
    turn_detection: bool = True
    partials: Partials = "none"
    prompt: bool = True
    prompt_holds_names: bool = True
    plural_languages: bool = False
    keywords: bool = False
    lacks: frozenset[str] = frozenset()
    ends: date | None = None


# Of the languages of homes; Whisper's tokenizer (openai/whisper) has no tokens for them. Of the models that
# came after it and take one language we do not know, and count them as lacking.
NOT_WHISPERS = frozenset({"ga", "kw"})

KNOWN = (
    TranscriptionModel("whisper-1", lacks=NOT_WHISPERS),
    TranscriptionModel(
        "gpt-4o-transcribe-diarize", partials="after_commit", prompt=False, lacks=NOT_WHISPERS
    ),
    TranscriptionModel("gpt-4o-transcribe", partials="after_commit", lacks=NOT_WHISPERS),
    TranscriptionModel("gpt-4o-mini-transcribe", partials="after_commit", lacks=NOT_WHISPERS),
    TranscriptionModel(
        "gpt-realtime-whisper",
        turn_detection=False,
        partials="while_speaking",
        prompt=False,
        lacks=NOT_WHISPERS,
    ),
    TranscriptionModel(
        "gpt-live-transcribe",
        turn_detection=False,
        partials="while_speaking",
        plural_languages=True,
        keywords=True,
    ),
    # a quarter of the price of the two that stream
    TranscriptionModel("gpt-transcribe", partials="after_commit", plural_languages=True, keywords=True),
)

# Turn detection that a model refuses fails the whole session; a refused prompt is sent once more without it.
# Only what somebody has written for this model himself is worth that.
UNKNOWN = TranscriptionModel("", turn_detection=False, prompt_holds_names=False)


_AZURE_NAMES = {"whisper": "whisper-1"}


def transcription_model(name: str, more: Iterable[TranscriptionModel] = ()) -> TranscriptionModel:
    """The family that `name` begins with (dated names included), `more` before `KNOWN`; else `UNKNOWN`."""
    sought = _AZURE_NAMES.get(name.lower(), name.lower())
    for table in (more, KNOWN):
        for known in sorted(table, key=lambda model: -len(model.name)):
            if sought.startswith(known.name.lower()):
                return known
    return UNKNOWN
