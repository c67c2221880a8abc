"""What reaches the recogniser of a request's hints, over real sessions."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.service import KEY, Running, running_service
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines, ScriptedRecognizer
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.observe import Warned
from wyoming_azure_realtime.providers.base import Deployment
from wyoming_azure_realtime.providers.languages import IN_TRADITIONAL_CHINESE
from wyoming_azure_realtime.settings.model import ModelFacts, Profile, Recognition, Settings
from wyoming_azure_realtime.speech.catalog import Model
from wyoming_azure_realtime.speech.requests import RecognitionRequest
from wyoming_azure_realtime.speech.requests import RecognitionResult as Heard
from wyoming_azure_realtime.speech.service import SpeechService

SAID = "turn on the kitchen lights"
HOME = Settings(recognition=Recognition(prompt="At home.", names=("Sol", "luna")))
ORDER = ("Luna", "Ada", "dimmer", "Sol", "Büro")


async def hear(service: SpeechService, **request: Any) -> str:
    async with service.recognize(RecognitionRequest("test", **request)) as utterance:
        utterance.begin(AudioFormat(16000, 2, 1))
        utterance.write(speaking(1.0))
        utterance.finish()
        results = [result async for result in utterance.results()]
    assert isinstance(results[-1], Heard)
    return results[-1].text


@pytest.mark.parametrize("api_version", ["", "2025-04-01-preview"])
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("whisper-1", EngineHints(("de",), (), "At home. Luna, Ada, dimmer, Sol, Büro.")),
        ("gpt-4o-transcribe", EngineHints(("de",), (), "At home. Luna, Ada, dimmer, Sol, Büro.")),
        ("gpt-4o-transcribe-diarize", EngineHints(("de",), (), "")),
        ("gpt-realtime-whisper", EngineHints(("de",), (), "")),
        ("gpt-live-transcribe", EngineHints(("de",), ORDER, "At home.")),
        ("gpt-transcribe", EngineHints(("de",), ORDER, "At home.")),
    ],
)
async def test_names_of_request_settings_and_home_reach_each_model_as_it_takes_them(
    model: str, expected: EngineHints, api_version: str
) -> None:
    hearing = ScriptedRecognizer((SAID,))
    if api_version and expected.keywords:  # those models came after that API
        expected = EngineHints((), (), expected.prompt)
    async with running_service(
        engines=Engines(recognizer=hearing),
        settings=HOME,
        home_names=lambda: ("Büro", "SOL"),
        transcription_deployment=model,
        api_version=api_version,
    ) as running:
        request = {"language": "de-DE", "names": ("Luna", "Ada"), "terms": ("dimmer",)}
        assert await hear(running.service, **request) == SAID
        assert hearing.hints == [expected]
        [session] = running.server.record.sessions
        assert session.counts["session.update"] == 2


async def test_a_model_that_settings_describe_is_told_names_as_they_say() -> None:
    hearing = ScriptedRecognizer((SAID,))
    described = {"gpt-next": ModelFacts(keywords=True, plural_languages=True)}
    async with running_service(
        engines=Engines(recognizer=hearing),
        settings=Settings(recognition=Recognition(names=("Luna",), models=described)),
        options=ServerOptions(key=KEY, deployments=Deployments({"my-ears": "gpt-live-transcribe"})),
        transcription_deployment="my-ears",
        transcription_model="gpt-next",
    ) as running:
        assert await hear(running.service, language="de") == SAID
        assert hearing.hints == [EngineHints(("de",), ("Luna",), "")]


async def test_names_that_change_count_from_the_next_request_on_for_every_profile() -> None:
    hearing, home = ScriptedRecognizer((SAID,)), ["Luna"]
    async with running_service(
        engines=Engines(recognizer=hearing),
        home_names=lambda: home,
        transcription_deployment="gpt-live-transcribe",
    ) as running:
        service = running.service.for_profile(Profile(language="de"))
        await hear(service)
        home[:] = ["Sol"]
        await hear(service)
        home.clear()
        await hear(service)
        assert [hints.keywords for hints in hearing.hints] == [("Luna",), ("Sol",), ()]


MODELS = ("whisper-1", "gpt-4o-transcribe", "gpt-realtime-whisper", "gpt-live-transcribe", "gpt-transcribe")
CODES = {
    "nb": "no",
    "nn-NO": "no",
    "iw": "he",
    "in-ID": "id",
    "fil": "tl",
    "de_AT": "de",
    "sr-Latn": "sr",
    "zh-Hans": "zh-cn",
    "zh_TW": "zh-tw",
    "zh-Hant-HK": "zh-hk",
    "yue": "zh-hk",
    "zh": "zh",
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("tag", CODES)
async def test_every_language_is_called_what_the_model_calls_it(tag: str, model: str) -> None:
    hearing = ScriptedRecognizer((SAID,))
    code = CODES[tag] if model in ("gpt-live-transcribe", "gpt-transcribe") else CODES[tag][:2]
    async with running_service(
        engines=Engines(recognizer=hearing), transcription_deployment=model
    ) as running:
        assert await hear(running.service, language=tag) == SAID
        assert hearing.hints[-1].languages == (code,)
        is_asked_for_script = hearing.hints[-1].prompt == IN_TRADITIONAL_CHINESE
        assert is_asked_for_script == (
            CODES[tag] in ("zh-tw", "zh-hk") and model in ("whisper-1", "gpt-4o-transcribe")
        )
        assert not warnings(running)


async def test_a_name_with_characters_that_the_service_refuses_costs_nothing_but_them() -> None:
    hearing = ScriptedRecognizer((SAID,))
    async with running_service(
        engines=Engines(recognizer=hearing),
        home_names=lambda: ("Lamp <left>", "Two\r\nlines", "Luna"),
        transcription_deployment="gpt-live-transcribe",
    ) as running:
        assert await hear(running.service, language="de") == SAID
        assert hearing.hints == [EngineHints(("de",), ("Lamp left", "Two lines", "Luna"), "")]
        assert running.server.record.sessions[0].counts["session.update"] == 2


async def test_a_language_that_the_model_refuses_is_left_out_from_then_on_and_said_once() -> None:
    hearing = ScriptedRecognizer((SAID,))
    async with running_service(
        engines=Engines(recognizer=hearing),
        settings=Settings(recognition=Recognition(names=("Luna",), more_languages=("gsw-CH",))),
        transcription_deployment="gpt-live-transcribe",
    ) as running:
        for language in ("gsw", "gsw-CH", "de"):
            assert await hear(running.service.for_profile(Profile()), language=language) == SAID
        [session] = running.server.record.sessions
        assert hearing.hints[-2:] == [EngineHints((), ("Luna",), ""), EngineHints(("de",), ("Luna",), "")]
        assert session.counts["session.update"] <= 5
        [warning] = warnings(running)
        assert "'gpt-live-transcribe' refuses the language 'gsw'" in warning


async def test_hints_that_a_wrongly_described_model_refuses_are_found_out_once() -> None:
    hearing = ScriptedRecognizer((SAID,))
    async with running_service(
        engines=Engines(recognizer=hearing),
        settings=Settings(recognition=Recognition(prompt="At home.", names=("Luna", "Sol"))),
        options=ServerOptions(key=KEY, deployments=Deployments({"my-ears": "gpt-realtime-whisper"})),
        transcription_deployment="my-ears",
        transcription_model="whisper-1",
    ) as running:
        for _ in range(3):
            assert await hear(running.service, language="de") == SAID
        assert hearing.hints[-1] == EngineHints(("de",), (), "")
        [session] = running.server.record.sessions
        assert session.counts["session.update"] <= 10
        before = session.counts["session.update"]
        assert await hear(running.service, language="de") == SAID
        assert session.counts["session.update"] == before
        assert 1 <= len(warnings(running)) <= 3


def warnings(running: Running) -> list[str]:
    return [event.message for event in running.events if isinstance(event, Warned)]


async def test_no_more_names_are_told_than_settings_allow() -> None:
    hearing = ScriptedRecognizer((SAID,))
    settings = Settings(recognition=Recognition(names=("a", "b", "c"), max_names=2))
    async with running_service(
        engines=Engines(recognizer=hearing), settings=settings, transcription_deployment="gpt-live-transcribe"
    ) as running:
        await hear(running.service, names=("x",))
        assert hearing.hints[-1].keywords == ("x", "a")


def deployed(*models: str) -> ServerOptions:
    return ServerOptions(key=KEY, deployments=Deployments({f"my-{model}": model for model in models}))


async def test_a_model_is_chosen_by_its_name_or_by_that_of_its_deployment() -> None:
    hearing = ScriptedRecognizer((SAID,))
    async with running_service(
        engines=Engines(recognizer=hearing),
        settings=Settings(recognition=Recognition(names=("Luna",))),
        options=deployed("whisper-1", "gpt-live-transcribe"),
        transcription_deployment="my-whisper-1",
        transcription_model="whisper-1",
        also_transcribes={"my-gpt-live-transcribe": "gpt-live-transcribe"},
    ) as running:
        for name in ("", "gpt-live-transcribe", "my-gpt-live-transcribe", "whisper-1"):
            assert await hear(running.service, model=name) == SAID
        assert [hints.keywords for hints in hearing.hints] == [(), ("Luna",), ("Luna",), ()]
        assert [hints.prompt for hints in hearing.hints] == ["Luna.", "", "", "Luna."]
        models = ["whisper-1", "gpt-live-transcribe", "gpt-live-transcribe", "whisper-1"]
        assert [turn.model for turn in running.turns] == models


async def test_a_target_without_the_model_hears_with_its_own_and_says_so_once() -> None:
    async with running_service(
        engines=Engines(recognizer=ScriptedRecognizer((SAID,))),
        options=deployed("whisper-1"),
        transcription_deployment="my-whisper-1",
        transcription_model="whisper-1",
    ) as running:
        first = Model("live", "", ("en",), Deployment("elsewhere", "gpt-live-transcribe"))
        running.service.catalog = replace(running.service.catalog, models=(first,))
        for _ in range(2):
            assert await hear(running.service, model="live") == SAID
    assert warnings(running) == ["Target 'default' has no model like the one asked for: 'whisper-1' is used"]
