import re

import pytest

from wyoming_azure_realtime.emulator.models import LANGUAGES, NEWER_LANGUAGES
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.languages import ALL, ENGLISH, matches
from wyoming_azure_realtime.realtime.models import KNOWN, transcription_model
from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.settings.model import Target


def test_every_code_is_a_language_or_a_language_with_region_once() -> None:
    assert len(ALL) == len(set(ALL))
    assert all(re.fullmatch(r"([a-z]{2}|yue)(-([A-Z]{2}|419))?", code) for code in ALL)


def test_every_region_stands_beside_its_plain_language() -> None:
    assert {code.split("-")[0] for code in ALL} == {code for code in ALL if "-" not in code}


@pytest.mark.parametrize("code", ["en", "en-US", "en-GB", "de", "de-DE", "pt-BR", "zh-CN", "es-419", "nb-NO"])
def test_what_home_assistant_sends_stands_there_literally(code: str) -> None:
    assert code in ALL


EXTRA = ("bn", "eu", "ga", "gu", "ka", "kw", "lb", "ml", "mn", "nn", "pa", "sq", "te")


@pytest.mark.parametrize("code", EXTRA)
def test_languages_of_home_assistant_can_be_had_where_the_model_takes_them(code: str) -> None:
    provider = AzureOpenAi(Target())
    for model in KNOWN:
        offered = {tag.partition("-")[0] for tag in provider.model_languages(model)}
        assert (code in offered) == (code not in model.lacks)
    assert code in provider.model_languages(transcription_model("gpt-transcribe"))


def test_every_language_that_is_offered_is_one_that_a_strict_service_knows() -> None:
    provider = AzureOpenAi(Target())
    for model in KNOWN:
        known = NEWER_LANGUAGES if model.plural_languages else LANGUAGES
        codes = {provider.hints(Hints(tag), model).language for tag in provider.model_languages(model)}
        assert codes <= known, model.name


def test_the_users_own_prompt_stays_his_in_traditional_chinese_too() -> None:
    hints = AzureOpenAi(Target()).hints(Hints("zh-TW", "在家。"), transcription_model("whisper-1"))
    assert (hints.language, hints.prompt) == ("zh", "在家。")


def test_the_embedded_recogniser_knows_english_only() -> None:
    assert set(ENGLISH) <= set(ALL)
    assert {code.split("-")[0] for code in ENGLISH} == {"en"}


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [
        ("en", "en"),
        ("en", "en-US"),
        ("en-GB", "en-US"),
        ("en-US", "EN_us"),
        ("zh", "zh-Hant"),
        ("nb", "no-NO"),
        ("he", "iw"),
        ("id", "in_ID"),
        ("tl", "fil-PH"),
    ],
)
def test_a_language_serves_all_its_regions(offered: str, wanted: str) -> None:
    assert matches(offered, wanted)


@pytest.mark.parametrize(("offered", "wanted"), [("en", "de"), ("en", "eng"), ("en", ""), ("en", "e")])
def test_other_languages_do_not_match(offered: str, wanted: str) -> None:
    assert not matches(offered, wanted)
