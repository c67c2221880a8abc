"""What reaches the recogniser of a request's hints, over real sessions."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.service import KEY, running_service
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines, ScriptedRecognizer
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.observe import Warned
from wyoming_azure_realtime.providers.base import Deployment
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
        utterance.write(bytes(range(1, 251)) * 128)
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
        ("gpt-transcribe", EngineHints(("de",), ORDER, "")),
    ],
)
async def test_names_of_request_settings_and_home_reach_each_model_as_it_takes_them(
    model: str, expected: EngineHints, api_version: str
):
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


async def test_a_model_that_settings_describe_is_told_names_as_they_say():
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


async def test_names_that_change_count_from_the_next_request_on_for_every_profile():
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


async def test_no_more_names_are_told_than_settings_allow():
    hearing = ScriptedRecognizer((SAID,))
    settings = Settings(recognition=Recognition(names=("a", "b", "c"), max_names=2))
    async with running_service(
        engines=Engines(recognizer=hearing), settings=settings, transcription_deployment="gpt-live-transcribe"
    ) as running:
        await hear(running.service, names=("x",))
        assert hearing.hints[-1].keywords == ("x", "a")


def deployed(*models: str) -> ServerOptions:
    return ServerOptions(key=KEY, deployments=Deployments({f"my-{model}": model for model in models}))


async def test_a_model_is_chosen_by_its_name_or_by_that_of_its_deployment():
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


async def test_a_target_without_the_model_hears_with_its_own_and_says_so_once():
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
    warnings = [event.message for event in running.events if isinstance(event, Warned)]
    assert warnings == ["Target 'default' has no model like the one asked for: 'whisper-1' is used"]
