import pytest

from wyoming_azure_realtime.realtime.models import KNOWN, TranscriptionModel, transcription_model

# name, turn detection, partials, prompt, plural languages, keywords: the vendor's table
REFERENCE = [
    ("whisper-1", True, "none", True, False, False),
    ("gpt-4o-transcribe", True, "after_commit", True, False, False),
    ("gpt-4o-mini-transcribe", True, "after_commit", True, False, False),
    ("gpt-4o-transcribe-diarize", True, "after_commit", False, False, False),
    ("gpt-realtime-whisper", False, "while_speaking", False, False, False),
    ("gpt-live-transcribe", False, "while_speaking", True, True, True),
    ("gpt-transcribe", True, "after_commit", True, True, True),
]


@pytest.mark.parametrize(("name", "vad", "partials", "prompt", "plural", "keywords"), REFERENCE)
def test_each_model_takes_what_the_reference_says(
    name: str, vad: bool, partials: str, prompt: bool, plural: bool, keywords: bool
) -> None:
    model = transcription_model(name)
    assert model.name == name
    assert model.turn_detection == vad
    assert model.partials == partials
    assert model.prompt == prompt
    assert model.plural_languages == plural
    assert model.keywords == keywords


def test_no_model_is_missing() -> None:
    assert {model.name for model in KNOWN} == {row[0] for row in REFERENCE}


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("gpt-4o-transcribe-2025-03-20", "gpt-4o-transcribe"),
        ("gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-mini-transcribe"),
        ("gpt-4o-transcribe-diarize-2025-10-15", "gpt-4o-transcribe-diarize"),
        ("GPT-Realtime-Whisper", "gpt-realtime-whisper"),
    ],
)
def test_dated_names_belong_to_their_family(name: str, family: str) -> None:
    assert transcription_model(name).name == family


@pytest.mark.parametrize("name", ["", "my-deployment", "gpt-realtime", "whisper-large"])
def test_of_unknown_models_nothing_is_asked_that_some_model_refuses_for_good(name: str) -> None:
    model = transcription_model(name)
    assert not model.turn_detection
    assert not model.prompt_holds_names
    assert not model.keywords
    assert model.partials == "none"


def test_whisper_is_what_azure_calls_it() -> None:
    assert transcription_model("whisper").name == "whisper-1"


def test_settings_can_add_a_model_and_correct_one() -> None:
    new = TranscriptionModel("gpt-next-transcribe", keywords=True)
    newer = TranscriptionModel("gpt-live-transcribe", turn_detection=True)
    assert transcription_model("gpt-next-transcribe-2027-01-01", [new, newer]) == new
    assert transcription_model("gpt-live-transcribe", [new, newer]) == newer
    assert transcription_model("whisper-1", [new, newer]).name == "whisper-1"
