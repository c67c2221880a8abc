from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from wyoming_azure_realtime.errors import RequestError, UnknownLanguage, UnknownModel, UnknownVoice
from wyoming_azure_realtime.providers.base import Deployment
from wyoming_azure_realtime.providers.voices import COMMON_VOICES
from wyoming_azure_realtime.settings.model import Profile, Recognition, Settings, Speech, Target
from wyoming_azure_realtime.speech.catalog import Catalog, Voice, catalog_of

DEFAULTS = Settings()
EARS = Target(transcription_deployment="my-ears", transcription_model="whisper-1")


def catalog(settings: Settings = DEFAULTS, asr_unavailable_reason: str = "", **target: Any) -> Catalog:
    """`target`: fields that differ from those of a target whose deployment that hears is `my-ears`."""
    return catalog_of(replace(EARS, **target), settings, asr_unavailable_reason)


def hearing(*deployments: Deployment) -> Catalog:
    first, *others = deployments
    return catalog(
        transcription_deployment=first.name,
        transcription_model=first.model,
        also_transcribes={other.name: other.model for other in others},
    )


GA = catalog()
PREVIEW = catalog(api_version="2025-04-01-preview")
EMBEDDED = catalog(service="embedded")


def test_further_languages_are_offered_to_hear_and_to_speak_once_each() -> None:
    more = catalog(Settings(recognition=Recognition(more_languages=("gsw-CH", "de"))))
    assert more.model(language="gsw").languages.count("de") == 1
    assert more.voice(language="gsw-CH").languages[-1] == "gsw-CH"
    with pytest.raises(UnknownLanguage):
        GA.model(language="gsw")


def test_a_model_is_offered_for_the_languages_that_it_takes() -> None:
    assert "ga" not in hearing(Deployment("d", "whisper-1")).model().languages
    assert "ga" in hearing(Deployment("d", "gpt-transcribe")).model().languages


@pytest.mark.parametrize("name", COMMON_VOICES)
def test_the_common_voices_are_everywhere(name: str) -> None:
    for offered in (GA, PREVIEW):
        assert offered.voice(name).realtime_name == name


@pytest.mark.parametrize("name", ["marin", "cedar"])
def test_the_newer_voices_are_in_ga_alone(name: str) -> None:
    assert GA.voice(name).realtime_name == name
    with pytest.raises(UnknownVoice):
        PREVIEW.voice(name)


@pytest.mark.parametrize(
    ("name", "voice", "spoken_by"),
    [
        ("JennyNeural", "alloy", "alloy"),
        ("GuyNeural", "echo", "echo"),
        ("AriaNeural", "nova", "coral"),
        ("DavisNeural", "onyx", "ash"),
        ("JaneNeural", "shimmer", "shimmer"),
        ("JasonNeural", "fable", "ballad"),
    ],
)
def test_azure_speech_names_are_understood_with_and_without_a_locale(
    name: str, voice: str, spoken_by: str
) -> None:
    for asked in (name, f"en-US-{name}", f"de-DE-{name}", f"EN-us-{name.upper()}", name.lower()):
        found = GA.voice(asked)
        assert (found.name, found.realtime_name) == (voice, spoken_by)


@pytest.mark.parametrize("asked", ["ALLOY", "Alloy", "alloy", "aLLoY"])
def test_case_does_not_matter(asked: str) -> None:
    assert GA.voice(asked).name == "alloy"


@pytest.mark.parametrize("name", ["fable", "onyx", "nova"])
def test_voices_that_no_model_has_stay_names_and_are_spoken_by_one_that_it_has(name: str) -> None:
    for offered in (GA, PREVIEW):
        voice = offered.voice(name)
        assert voice.name == name
        assert voice.realtime_name in COMMON_VOICES
        assert voice.realtime_name.capitalize() in voice.description
        assert voice in offered.voices


def test_substitutes_can_be_chosen() -> None:
    assert (
        catalog(Settings(speech=Speech(substitutes={"nova": "sage"}))).voice("nova").realtime_name == "sage"
    )


@pytest.mark.parametrize(
    "asked", ["bogus", "BogusNeural", "alloy2", "en-US-alloy", "NeuralJenny", "-", "Jenny", "alloy "]
)
def test_unknown_names_are_told_what_exists(asked: str) -> None:
    with pytest.raises(UnknownVoice) as caught:
        GA.voice(asked)
    assert repr(asked) in caught.value.message
    for voice in GA.voices:
        assert voice.name in caught.value.advice


def test_a_speaker_is_a_voice() -> None:
    assert GA.voice(speaker="sage").name == "sage"
    assert GA.voice(speaker="en-US-GuyNeural").name == "echo"
    with pytest.raises(UnknownVoice):
        GA.voice(speaker="bogus")


def test_a_name_outranks_a_speaker_and_a_language() -> None:
    assert GA.voice("echo", language="de", speaker="sage").name == "echo"


@pytest.mark.parametrize("language", ["", "en", "de-DE", "pt_BR", "zh-Hant-TW"])
def test_without_a_name_the_default_speaks_every_language(language: str) -> None:
    assert catalog(Settings(speech=Speech(voice="verse"))).voice(language=language).name == "verse"


def test_a_language_that_nobody_speaks_is_told_so() -> None:
    with pytest.raises(UnknownVoice, match="tlh"):
        GA.voice(language="tlh")
    with pytest.raises(UnknownVoice):
        EMBEDDED.voice(language="de")


def test_what_engines_speak_besides_is_spoken_when_it_is_asked_for() -> None:
    offered = catalog_of(replace(EARS, service="embedded"), DEFAULTS, engines="robot", spoken=("en", "de"))
    voice = offered.voice(language="de-AT")
    assert (voice.name, voice.further) == ("alloy", ("de",))
    assert voice.only_language == ("en",)  # of a text that nobody asked another one for
    assert offered.speech_model == "robot"
    assert GA.speech_model == "gpt-realtime"
    with pytest.raises(UnknownVoice):
        offered.voice(language="fr")


def test_every_voice_speaks_some_language() -> None:
    for offered in (GA, PREVIEW, EMBEDDED):
        assert all(voice.languages for voice in offered.voices)
        assert all(model.languages for model in offered.models)


def test_the_model_is_found_by_name_by_language_and_by_default() -> None:
    for name in ("", "whisper-1"):
        for language in ("", "en", "en-US", "de-AT", "zh_TW"):
            assert GA.model(name, language).name == "whisper-1"


def test_an_unknown_model_is_told_what_exists() -> None:
    with pytest.raises(UnknownModel) as caught:
        GA.model("bogus")
    assert "whisper-1" in caught.value.advice


def test_an_unknown_language_is_told_what_exists() -> None:
    with pytest.raises(UnknownLanguage) as caught:
        EMBEDDED.model(language="de-DE")
    assert caught.value.advice == "There is en."


def test_the_default_language_is_checked_as_well() -> None:
    with pytest.raises(UnknownLanguage):
        catalog(Settings(recognition=Recognition(language="de")), service="embedded").model()


def test_a_backend_that_does_not_hear_says_why() -> None:
    deaf = catalog(asr_unavailable_reason="pocketsphinx has no wheel for Python 3.14.", service="embedded")
    assert deaf.models == ()
    with pytest.raises(UnknownModel, match="no wheel for Python"):
        deaf.model()
    assert deaf.voice().name == "alloy"


@pytest.mark.parametrize(
    ("model", "partials"),
    [
        ("whisper-1", False),
        ("gpt-4o-transcribe", True),
        ("gpt-realtime-whisper", True),
        ("gpt-transcribe", True),
    ],
)
def test_partial_text_is_promised_only_where_the_model_gives_it(model: str, partials: bool) -> None:
    assert hearing(Deployment("d", model)).partials is partials
    several = (Deployment("d", "whisper-1"), Deployment("e", model))
    assert hearing(*several).partials is partials


def test_several_models_are_offered_the_default_first() -> None:
    several = (
        Deployment("my-ears", "whisper-1"),
        Deployment("fast", "gpt-live-transcribe"),
        Deployment("spare", "whisper-1"),
    )
    offered = hearing(*several)
    assert [model.name for model in offered.models] == ["whisper-1", "gpt-live-transcribe", "spare"]
    assert offered.model().deployment == several[0]
    for name, deployment in [
        ("whisper-1", several[0]),
        ("my-ears", several[0]),
        ("gpt-live-transcribe", several[1]),
        ("fast", several[1]),
        ("spare", several[2]),
    ]:
        assert offered.model(name, "de-DE").deployment == deployment
    with pytest.raises(UnknownModel, match="nobody"):
        offered.model("nobody")


def test_the_demo_does_not_go_by_the_name_of_a_model_that_hears_better() -> None:
    shown = EMBEDDED
    assert [model.name for model in shown.models] == ["embedded-demo"]
    assert shown.model("embedded-demo").description == "embedded recogniser (English)"
    with pytest.raises(UnknownModel):
        shown.model("whisper-1")


# --- profiles and strangers


def test_a_profile_changes_defaults_and_nothing_else() -> None:
    german = GA.for_profile(Profile(language="de", voice="echo"))
    assert (german.voice().name, german.default_language) == ("echo", "de")
    assert (german.voices, german.models) == (GA.voices, GA.models)
    assert GA.for_profile(Profile()) == GA


@given(name=st.text(max_size=200), language=st.text(max_size=200), speaker=st.text(max_size=200))
def test_whatever_is_asked_for_is_found_or_refused_in_one_short_line(
    name: str, language: str, speaker: str
) -> None:
    for ask in (lambda: GA.voice(name, language, speaker), lambda: GA.model(name, language)):
        try:
            ask()
        except RequestError as error:
            assert "\n" not in error.message  # noqa: PT017 - both outcomes are legal
            assert len(error.message) < 700  # noqa: PT017


@pytest.mark.parametrize(
    ("languages", "only"),
    [(("en", "en-GB", "en-US"), ("en",)), (("de-AT",), ("de",)), (("de", "en"), ()), ((), ())],
)
def test_a_voice_tells_the_language_if_it_speaks_one(
    languages: tuple[str, ...], only: tuple[str, ...]
) -> None:
    assert Voice("x", "X", languages, "x").only_language == only
