import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.base import Provider
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.providers.voices import AZURE_SPEECH_NAMES, COMMON_VOICES, GA_VOICES, LIKENESS
from wyoming_azure_realtime.settings.model import Speech, Target

PREVIEW = "2025-04-01-preview"
TARGETS = [
    Target(service="azure_openai"),
    Target(service="azure_openai", api_version=PREVIEW),
    Target(service="openai"),
    Target(service="embedded"),
    Target(service="embedded", api_version=PREVIEW),
]
OTHERS = [
    Target(service="speech_to_speech"),
    Target(service="localai", voices=("af_heart", "bm_George")),
    Target(service="speaches"),
    Target(service="xai"),
    Target(service="openai", voices=("anna",)),
]
VENDORS = [provider_of(target) for target in TARGETS]
PROVIDED = [*VENDORS, *map(provider_of, OTHERS)]
NAMES = sorted({*GA_VOICES, *LIKENESS, *Speech().substitutes, *AZURE_SPEECH_NAMES})

providers = st.sampled_from(PROVIDED)


def test_every_service_is_looked_at_here() -> None:
    looked_at = {target.service for target in (*TARGETS, *OTHERS)}
    assert looked_at == set(PROVIDERS) - {"voice_live"}  # with its own tests


@pytest.mark.parametrize(
    ("target", "asked", "understood"),
    [
        (OTHERS[0], "alloy", "default"),
        (OTHERS[1], "en-US-JennyNeural", "af_heart"),
        (OTHERS[1], "bm_george", "bm_George"),
        (OTHERS[1], "nobody", "nobody"),
        (OTHERS[3], "Leo", "leo"),
        (OTHERS[4], "nova", "anna"),
    ],
)
def test_a_target_with_voices_of_its_own_speaks_with_the_first_for_the_vendors(
    target: Target, asked: str, understood: str
) -> None:
    assert provider_of(target).understood_voice(asked) == understood


@pytest.mark.parametrize("provider", VENDORS)
def test_marin_and_cedar_came_with_ga(provider: Provider) -> None:
    expected = COMMON_VOICES if provider.dialect.name == "preview" else GA_VOICES
    assert provider.voices == expected


@given(provider=providers, name=st.sampled_from(NAMES) | st.text(max_size=40))
def test_the_nearest_voice_is_one_that_the_target_has(provider: Provider, name: str) -> None:
    assert provider.nearest_voice(name) in provider.voices


@pytest.mark.parametrize("provider", PROVIDED)
def test_whatever_has_the_form_of_azure_speechs_names_may_be_asked_for_everywhere(
    provider: Provider,
) -> None:
    for name in ("de-DE-KatjaNeural", "xx-XX-NobodyNeural", "de-DE-Nobody:DragonHDLatestNeural"):
        for asked in (name, name.upper(), name.lower()):
            assert provider.understands(asked)
            assert provider.nearest_voice(asked) in provider.voices


@given(provider=providers, other=providers)
def test_a_voice_that_the_target_has_is_its_own_nearest(provider: Provider, other: Provider) -> None:
    for voice in other.voices:
        if voice in provider.voices:
            assert provider.nearest_voice(voice) == voice


@given(provider=providers, name=st.sampled_from(NAMES) | st.text(max_size=40))
def test_the_nearest_of_the_nearest_is_the_same(provider: Provider, name: str) -> None:
    nearest = provider.nearest_voice(name)
    assert provider.nearest_voice(nearest) == nearest


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("marin", "coral"),
        ("cedar", "ash"),
        ("Marin", "coral"),
        ("nova", "coral"),
        ("onyx", "ash"),
        ("fable", "ballad"),
        ("en-US-AriaNeural", "coral"),
        ("en-US-WendyNeural", "alloy"),
        ("", "alloy"),
    ],
)
def test_what_the_preview_lacks_is_spoken_by_a_voice_of_the_same_height_or_else_by_the_default(
    name: str, nearest: str
) -> None:
    assert provider_of(Target(api_version=PREVIEW)).nearest_voice(name) == nearest


def test_a_target_that_lacks_the_likest_voice_takes_the_next() -> None:
    class Few(AzureOpenAi):
        voices = ("alloy", "sage", "verse")

    few = Few(Target())
    assert [few.nearest_voice(name) for name in ("marin", "cedar", "ballad", "alloy")] == [
        "sage",
        "verse",
        "verse",
        "alloy",
    ]


HIGH = {"coral", "marin", "nova", "sage", "shimmer"}


def test_every_voice_but_the_default_is_like_others_of_its_height() -> None:
    assert {*GA_VOICES, *Speech().substitutes} - {"alloy"} == {*LIKENESS}
    for name, alike in LIKENESS.items():
        assert name not in alike
        assert len(alike) == len(set(alike))
        assert {*alike} <= {*GA_VOICES}
        assert {other in HIGH for other in alike} == {name in HIGH}


def test_substitutes_by_default_are_the_likest_voices() -> None:
    for name, instead in Speech().substitutes.items():
        assert LIKENESS[name][0] == instead
