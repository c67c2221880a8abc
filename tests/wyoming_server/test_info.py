from dataclasses import replace

import pytest
from wyoming.info import Info

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.providers.registry import PROVIDERS, provider_of
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.speech.catalog import Catalog, Model, Voice
from wyoming_azure_realtime.wyoming_server.server import build_info

CATALOG = Catalog(
    models=(Model("whisper-1", "Whisper", ("en", "en-US", "de")),),
    voices=(Voice("alloy", "Alloy", ("en", "de"), "alloy"), Voice("nova", "Nova", ("en",), "coral")),
    partials=True,
    provider=provider_of(Target(service="azure_openai")),
    default_voice="alloy",
    default_language="en",
)


def test_there_is_one_program_each_way_under_the_name_that_never_changes() -> None:
    for service in PROVIDERS:
        info = build_info(replace(CATALOG, provider=provider_of(Target(service=service))))
        assert [program.name for program in [*info.asr, *info.tts]] == ["azure-realtime"] * 2
        others = [info.satellite, info.handle, info.intent, info.wake, info.mic, info.snd]
        assert not any(others)


def test_models_and_voices_are_those_of_the_catalog() -> None:
    info = build_info(CATALOG)
    [model] = info.asr[0].models
    assert (model.name, model.description, model.languages) == ("whisper-1", "Whisper", ["en", "en-US", "de"])
    assert [(v.name, v.description, v.languages) for v in info.tts[0].voices] == [
        ("alloy", "Alloy", ["en", "de"]),
        ("nova", "Nova", ["en"]),
    ]
    assert info.asr[0].version == info.tts[0].version == __version__


@pytest.mark.parametrize(
    ("service", "name", "reduces_noise_itself"),
    [
        ("azure_openai", "Azure OpenAI", True),
        ("openai", "OpenAI", True),
        ("embedded", "Whisper and hibari, or CMU Sphinx and espeak-ng", False),
    ],
)
def test_whose_models_and_voices_they_are_and_who_reduces_noise_is_told_of_each_service(
    service: str, name: str, reduces_noise_itself: bool
) -> None:
    info = build_info(replace(CATALOG, provider=provider_of(Target(service=service))))
    credited = [offered.attribution for offered in (*info.asr[0].models, *info.tts[0].voices)]
    assert {credit.name for credit in credited} == {name}
    assert all(credit.url.startswith("https://") for credit in credited)
    assert info.asr[0].prefers_noise_reduction_enabled is not reduces_noise_itself


def test_the_flags_tell_the_truth() -> None:
    info = build_info(CATALOG)
    assert info.asr[0].installed
    assert info.asr[0].supports_transcript_streaming
    assert info.asr[0].requires_external_vad
    assert info.tts[0].installed
    assert info.tts[0].supports_synthesize_streaming
    assert not build_info(replace(CATALOG, partials=False)).asr[0].supports_transcript_streaming


def test_a_backend_that_cannot_hear_offers_no_recognition_and_says_why() -> None:
    info = build_info(replace(CATALOG, models=(), asr_unavailable_reason="No recogniser is installed."))
    assert not info.asr[0].installed
    assert info.asr[0].models == []
    assert info.asr[0].description == "No recogniser is installed."
    assert info.tts[0].installed


def test_nothing_without_a_language_is_offered() -> None:
    mute = replace(CATALOG, voices=(*CATALOG.voices, Voice("odd", "Odd", (), "odd")))
    assert [voice.name for voice in build_info(mute).tts[0].voices] == ["alloy", "nova"]


def test_the_wyoming_package_reads_it_back() -> None:
    info = build_info(CATALOG)
    assert Info.from_event(info.event()) == info
