from pathlib import Path

import pytest

from tests.support.settings_sources import AZURE, from_yaml, loaded
from wyoming_azure_realtime.errors import SettingsError

PREVIEW = {**AZURE, "AZURE_OPENAI_API_VERSION": "2025-04-01-preview"}


@pytest.mark.parametrize("environ", [{}, AZURE, PREVIEW])
@pytest.mark.parametrize(
    "voice", ["alloy", "Verse", "nova", "en-US-JennyNeural", "GUYNEURAL", "de-DE-AriaNeural"]
)
def test_every_name_that_users_have_is_a_voice(environ: dict[str, str], voice: str) -> None:
    assert loaded(environ, voice=voice).settings.speech.voice == voice


@pytest.mark.parametrize("environ", [{}, AZURE])
def test_marin_and_cedar_came_with_ga(environ: dict[str, str]) -> None:
    assert loaded(environ, voice="marin").settings.speech.voice == "marin"
    with pytest.raises(SettingsError, match=r"speech\.voice is 'cedar' .*one of alloy, ash"):
        loaded(PREVIEW, voice="cedar")


@pytest.mark.parametrize("voice", ["wendy", "", "WendyNeural", "alloy "])
def test_an_unknown_voice_is_refused_with_those_that_exist(voice: str) -> None:
    with pytest.raises(SettingsError, match=r"speech\.voice is .*--voice.*one of alloy, ash, .*nova"):
        loaded(voice=voice)


def test_the_voice_of_a_profile_is_checked_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"profiles\.kitchen\.voice is 'wendy' \(file .*:1\)"):
        from_yaml(tmp_path, "profiles: {kitchen: {voice: wendy}}")


def test_a_substitute_makes_a_name_a_voice() -> None:
    assert loaded({"SPEECH_SUBSTITUTES": "wendy=marin"}, voice="wendy").settings.speech.voice == "wendy"


@pytest.mark.parametrize(
    ("substitutes", "message"),
    [
        ("nova=wendy", r"speech\.substitutes\.nova is 'wendy' .*one of alloy"),
        ("nova=onyx", r"speech\.substitutes\.nova is 'onyx' .*one of alloy"),
        ("alloy=ash", r"speech\.substitutes is given for 'alloy'"),
        ("Wendy=ash", r"speech\.substitutes is given for 'Wendy'"),
    ],
)
def test_a_substitute_is_an_accepted_voice_for_a_name_that_is_none(substitutes: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        loaded({"SPEECH_SUBSTITUTES": substitutes})


@pytest.mark.parametrize("language", ["en", "en-GB", "de", "de-CH", "zh-Hant-TW", "pt_BR"])
def test_azure_knows_many_languages_with_and_without_region(language: str) -> None:
    assert loaded(AZURE, language=language).settings.recognition.language == language


def test_further_languages_can_be_spoken() -> None:
    more = {**AZURE, "RECOGNITION_MORE_LANGUAGES": "gsw-CH,am"}
    settings = loaded(more, language="gsw").settings
    assert settings.recognition.more_languages == ("gsw-CH", "am")
    with pytest.raises(SettingsError, match=r"recognition\.more_languages is a list with 'a b'"):
        loaded({**AZURE, "RECOGNITION_MORE_LANGUAGES": "a b"})


@pytest.mark.parametrize("language", ["xx", "english", "e", "", "en-", "en US", "../en", "auto"])
def test_an_impossible_language_is_refused(language: str) -> None:
    with pytest.raises(SettingsError, match=r"recognition\.language is .*--language.*Allowed: af, ar,"):
        loaded(AZURE, language=language)


def test_the_embedded_backend_knows_english_only(tmp_path: Path) -> None:
    assert loaded(language="en-AU").uses == "embedded"
    with pytest.raises(SettingsError, match=r"recognition\.language is 'de' .*Allowed: en, with or without"):
        loaded(language="de")
    with pytest.raises(SettingsError, match=r"profiles\.kitchen\.language is 'de'"):
        from_yaml(tmp_path, "profiles: {kitchen: {language: de}}")
    with pytest.raises(SettingsError, match=r"recognition\.language is 'de' .*Allowed: en, with or without"):
        loaded(AZURE, backend="embedded", language="de")  # targets that are not used do not count


def test_a_target_that_is_an_embedded_backend_has_what_that_has() -> None:
    demo = {**AZURE, "TARGET_SERVICE": "embedded"}
    assert loaded(demo, voice="marin").settings.speech.voice == "marin"
    with pytest.raises(SettingsError, match=r"recognition\.language is 'de' .*Allowed: en, with or without"):
        loaded(demo, language="de")


def test_norwegian_is_a_language_in_yaml_too(tmp_path: Path) -> None:
    assert from_yaml(tmp_path, "recognition: {language: no}", AZURE).settings.recognition.language == "no"


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh_Hans", ""])
def test_the_language_of_texts_that_do_not_tell_it_is_a_code(language: str) -> None:
    assert loaded({"SPEECH_LANGUAGE": language}).settings.speech.language == language


@pytest.mark.parametrize("language", ["German", "d", "de AT"])
def test_what_is_no_code_is_refused(language: str) -> None:
    with pytest.raises(SettingsError, match=r"speech\.language is .*such as de"):
        loaded({"SPEECH_LANGUAGE": language})
