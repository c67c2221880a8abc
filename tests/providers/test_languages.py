import re

import pytest

from wyoming_azure_realtime.providers.base import ALL, ENGLISH, matches


def test_every_code_is_a_language_or_a_language_with_region_once():
    assert len(ALL) == len(set(ALL))
    assert all(re.fullmatch(r"[a-z]{2}(-([A-Z]{2}|419))?", code) for code in ALL)


def test_every_region_stands_beside_its_plain_language():
    assert {code.split("-")[0] for code in ALL} == {code for code in ALL if "-" not in code}


@pytest.mark.parametrize("code", ["en", "en-US", "en-GB", "de", "de-DE", "pt-BR", "zh-CN", "es-419", "nb-NO"])
def test_what_home_assistant_sends_stands_there_literally(code: str):
    assert code in ALL


def test_the_embedded_recogniser_knows_english_only():
    assert set(ENGLISH) <= set(ALL)
    assert {code.split("-")[0] for code in ENGLISH} == {"en"}


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [("en", "en"), ("en", "en-US"), ("en-GB", "en-US"), ("en-US", "EN_us"), ("zh", "zh-Hant")],
)
def test_a_language_serves_all_its_regions(offered: str, wanted: str):
    assert matches(offered, wanted)


@pytest.mark.parametrize(("offered", "wanted"), [("en", "de"), ("en", "eng"), ("en", ""), ("en", "e")])
def test_other_languages_do_not_match(offered: str, wanted: str):
    assert not matches(offered, wanted)
