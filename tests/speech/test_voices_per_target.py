"""A voice that one service has and another has not."""

from dataclasses import replace as with_fields
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.service import KEY, running_service
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import DeploymentNotFound, UnknownVoice
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import Observer, Warned
from wyoming_azure_realtime.realtime.session_config import SpeechConfig, TranscriptionConfig
from wyoming_azure_realtime.settings.model import (
    Deadlines,
    Profile,
    Recognition,
    Secret,
    Settings,
    Speech,
    Target,
)
from wyoming_azure_realtime.speech.catalog import Catalog, catalog_of
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine, session_pool

VOICE_LIVE = Target(
    name="voices",
    endpoint="https://r.services.ai.azure.com",
    key=Secret(KEY),
    service="voice_live",
    realtime_deployment="gpt-4.1-nano",
    transcription_deployment="azure-speech",
)
OPENAI = Target(name="models", endpoint="https://r.openai.azure.com", key=Secret(KEY))


def catalog(target: Target, **settings: Any) -> Catalog:
    return catalog_of(target, Settings(**settings))


@pytest.mark.parametrize(("first", "others"), [(VOICE_LIVE, "alloy"), (OPENAI, "en-US-JennyNeural")])
async def test_jenny_speaks_where_she_is_and_elsewhere_the_likest_which_is_said_once(
    first: Target, others: str
) -> None:
    """The first target refuses everybody."""
    warnings: list[str] = []
    second = VOICE_LIVE if first is OPENAI else OPENAI
    refusing, serving = ServerOptions(key="another"), ServerOptions(key=KEY)
    async with (
        EmulatorServer(refusing, sink_engines()) as closed,
        EmulatorServer(serving, sink_engines()) as open_,
    ):
        targets = [replace(first, endpoint=closed.url), replace(second, endpoint=open_.url)]
        settings = Settings()
        observer = Observer(
            lambda event: warnings.append(event.message) if isinstance(event, Warned) else None
        )
        opener = SessionOpener(targets, Deadlines())
        sessions = session_pool(opener, settings.pool, observer)
        asr, tts = (Backends(targets, kind, observer) for kind in ("recognition", "synthesis"))
        service = HomeService(
            catalog_of(targets[0], settings), TurnEngine(sessions), asr, tts, settings, observer
        )
        for _ in range(2):
            async with service.synthesize(SynthesisRequest("test", voice="en-US-JennyNeural")) as synthesis:
                await synthesis.write("Hello.")
                synthesis.finish()
                assert sum([len(pcm) async for pcm in synthesis.audio()]) > 0
        await sessions.close()
        await opener.close()
    assert warnings.count("Target 'models' has no voice 'en-US-JennyNeural': 'alloy' speaks") == 1
    assert not [line for line in warnings if "Target 'voices' has no voice" in line]


@pytest.mark.parametrize(
    "name",
    ["en-US-JennyNeural", "jenny", "nb-NO-NobodyNeural", "alloy", "nova", "de-DE-Katja:DragonHDLatestNeural"],
)
def test_every_voice_can_be_asked_for_whatever_clients_are_shown(name: str) -> None:
    assert catalog(VOICE_LIVE).voice(name).languages


@pytest.mark.parametrize("name", ["Nobody", "xx", "JennyNeural2", "en-US-"])
def test_what_is_no_voice_is_refused_with_some_that_are(name: str) -> None:
    with pytest.raises(UnknownVoice) as caught:
        catalog(VOICE_LIVE).voice(name)
    assert len(caught.value.advice) < 1000
    assert caught.value.advice.endswith("and others.")


def test_clients_are_shown_voices_of_the_homes_languages_or_all() -> None:
    hearing = Recognition(language="nb", also_spoken=("de-DE",))
    home = catalog(VOICE_LIVE, recognition=hearing, profiles={"guest": Profile(language="fr")})
    languages = {voice.name.partition("-")[0] for voice in home.voices}
    assert languages == {"nb", "de", "fr", "en"}  # the two that speak every language are called en-US
    assert len(catalog(VOICE_LIVE, speech=Speech(offered="all")).voices) > 500
    assert len(catalog(OPENAI).voices) < 20


def test_a_language_beyond_the_homes_is_spoken_by_somebody_who_knows_it() -> None:
    offered = catalog(VOICE_LIVE, speech=Speech(voice="en-US-JennyNeural"))
    assert "pl-PL" in offered.voice(language="pl").languages
    assert offered.voice(language="en").name == "en-US-JennyNeural"


async def test_azure_openai_at_such_a_host_tells_of_voice_live(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ServerOptions(key=KEY, transcription_sockets=False)
    async with EmulatorServer(options, sink_engines()) as server:
        target = replace(OPENAI, endpoint=server.url, realtime_deployment="gpt-4.1-nano")
        opener = SessionOpener([target], Deadlines())
        provider = opener._openers["models"]._provider
        monkeypatch.setattr(type(provider), "other_service", "voice_live")
        for config in (
            SpeechConfig("models", target.realtime_deployment, "alloy"),
            TranscriptionConfig("models", "azure-speech", "azure-speech"),
        ):
            with pytest.raises(DeploymentNotFound) as caught:
                await opener(config)
            assert "If you mean Azure Voice Live, which this resource has too" in caught.value.advice
            assert "add /voice-live to the endpoint" in caught.value.advice
        await opener.close()


async def test_a_voice_that_nobody_knows_is_spoken_for_and_that_is_said_once() -> None:
    async with running_service() as running:
        for _ in range(2):
            request = SynthesisRequest("test", voice="de-DE-NobodyNeural")
            async with running.service.synthesize(request) as synthesis:
                await synthesis.write("Hello.")
                synthesis.finish()
                assert sum([len(pcm) async for pcm in synthesis.audio()]) > 0
        said = [event.message for event in running.events if isinstance(event, Warned)]
        assert said == ["Target 'default' has no voice 'de-DE-NobodyNeural': 'alloy' speaks"]


async def test_what_was_asked_for_is_remembered_for_targets_that_have_it() -> None:
    async with running_service() as running:
        voice = running.service.catalog.voice("de-DE-KatjaNeural")
        assert (voice.name, voice.realtime_name, voice.asked) == ("coral", "coral", "de-DE-KatjaNeural")
        assert with_fields(voice, asked="") in running.service.catalog.voices
