"""Hearing and speaking at Azure Voice Live: every frame is judged by the vendor's own package."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice

from tests.support.service import KEY, Running, running_service, target_states
from tests.support.spoken_words import speaking
from tests.support.voice_live_judge import client_complaints
from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator import session as emulator_session
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines, ScriptedUtterance, ToneSynthesizer
from wyoming_azure_realtime.emulator.faults import Faults, Shortened, WrongWords
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.wire import decode_client
from wyoming_azure_realtime.errors import PoolTimeout, UnknownVoice
from wyoming_azure_realtime.observe import SessionDelayed
from wyoming_azure_realtime.settings.model import Deadlines, Pool, Recognition, Settings, Speech
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest

VOICE_LIVE: dict[str, Any] = {
    "service": "voice_live",
    "realtime_deployment": "gpt-4.1-nano",
    "transcription_deployment": "azure-speech",
}
COMMANDS = {
    "en-US": ("turn on the kitchen lights", "en-US-JennyNeural"),
    "de-DE": ("mach das Licht in der Küche an", "de-DE-KatjaNeural"),
    "nb-NO": ("skru på lyset på kjøkkenet", "nb-NO-FinnNeural"),
}
NAMES = ("Kjøkken", "Sonos")
SPOKEN = "The light is on."


@pytest.fixture(autouse=True)
def frames(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the program sent to Voice Live, in order; none has a key that the vendor does not know."""
    sent: list[dict[str, Any]] = []
    complaints: list[str] = []

    def read(frame: str | bytes, dialect: Any) -> Any:
        if dialect.name == "voice_live":
            sent.append(json.loads(frame))
            complaints.extend(client_complaints(frame))
        return decode_client(frame, dialect)

    monkeypatch.setattr(emulator_session, "decode_client", read)
    yield sent
    assert complaints == []


@dataclass
class Polyglot:
    """Hears the command of the first language that it is told, if it is told the names as well."""

    hints: list[EngineHints] = field(default_factory=list)

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[ScriptedUtterance]:
        self.hints.append(hints)
        text = COMMANDS.get(hints.languages[0] if hints.languages else "", ("",))[0]
        yield ScriptedUtterance(text if set(hints.keywords) >= set(NAMES) else "")


@dataclass
class Recording(ToneSynthesizer):
    """Notes what it is asked for."""

    asked: list[tuple[str, float, str]] = field(default_factory=list)

    async def speak(
        self, text: str, *, voice: str, speed: float, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        self.asked.append((text, round(speed, 2), language))
        async for pcm in super().speak(text, voice=voice, speed=speed, language=language):
            yield pcm


async def answers(uri: str, last: str, *events: Event) -> list[Event]:
    got: list[Event] = []
    async with asyncio.timeout(20), AsyncClient.from_uri(uri) as client:
        for event in events:
            await client.write_event(event)
        while not got or got[-1].type != last:
            event_or_none = await client.read_event()
            assert event_or_none is not None
            assert event_or_none.type != "error", event_or_none.data
            got.append(event_or_none)
    return got


async def test_a_stock_client_speaks_and_hears_in_three_languages_with_names_of_the_home(
    frames: list[dict[str, Any]],
) -> None:
    engines = Engines(Polyglot(), Recording())
    settings = Settings(recognition=Recognition(language="en", also_spoken=("de-DE", "nb-NO")))
    options = ServerOptions(key=KEY, azure_voices=tuple(voice for _, voice in COMMANDS.values()))
    async with wyoming_door(
        settings=settings, engines=engines, options=options, home_names=lambda: NAMES, **VOICE_LIVE
    ) as door:
        info = Info.from_event((await answers(door.uri, "info", Describe().event()))[-1])
        voices = {voice.name: voice.languages for program in info.tts for voice in program.voices}
        models = {model.name: model.languages for program in info.asr for model in program.models}
        for language, (command, voice) in COMMANDS.items():
            assert language in voices[voice]
            assert language in models["azure-speech"]
            asked = Synthesize(SPOKEN, voice=SynthesizeVoice(name=voice))
            spoken = await answers(door.uri, "audio-stop", asked.event())
            seconds = sum(AudioChunk.from_event(one).seconds for one in spoken if one.type == "audio-chunk")
            assert seconds == pytest.approx(len(SPOKEN) * 0.06, abs=0.02)
            sound = AudioChunk(16000, 2, 1, speaking(1.0)).event()
            start, stop = AudioStart(16000, 2, 1).event(), AudioStop().event()
            heard_events = await answers(
                door.uri, "transcript", Transcribe(language=language).event(), start, sound, stop
            )
            assert Transcript.from_event(heard_events[-1]).text == command
        sessions = [session for session in door.behind.server.record.sessions if session.audio_bytes]
    assert {session.dialect for session in sessions} == {"voice_live"}
    assert sum(session.audio_bytes for session in sessions) == 3 * 16000 * 2  # as the client sent it
    said = [one["response"] for one in frames if one["type"] == "response.create"]
    assert {one["pre_generated_assistant_message"]["content"][0]["text"] for one in said} == {SPOKEN}
    assert all(one["commit"] is False and "instructions" not in one for one in said)
    hints = [
        one["session"]["input_audio_transcription"]
        for one in frames
        if "input_audio_transcription" in one.get("session", {})
    ]
    assert {"model": "azure-speech", "language": "nb-NO,de-DE", "phrase_list": list(NAMES)} in hints
    rates = [
        one["session"]["input_audio_sampling_rate"]
        for one in frames
        if "input_audio_sampling_rate" in one.get("session", {})
    ]
    assert set(rates) == {16000}


async def spoken(running: Running, text: str, **request: Any) -> float:
    """Seconds of sound."""
    async with running.service.synthesize(SynthesisRequest("test", **request)) as synthesis:
        await synthesis.write(text)
        synthesis.finish()
        return sum([len(pcm) async for pcm in synthesis.audio()]) / 48000


async def transcript(running: Running, rate: int, pcm: bytes) -> str:
    async with running.service.recognize(
        RecognitionRequest("test", language="nb-NO", names=NAMES)
    ) as utterance:
        utterance.begin(AudioFormat(rate, 2, 1))
        for at in range(0, len(pcm), rate // 10):
            utterance.write(pcm[at : at + rate // 10])
            await asyncio.sleep(0)
        utterance.finish()
        return [one async for one in utterance.results()][-1].text


@pytest.mark.parametrize("target", [VOICE_LIVE, {"exact": True}], ids=["voice live", "said of another"])
async def test_what_is_exact_is_not_compared(target: dict[str, Any]) -> None:
    async with running_service(faults=Faults(wrong_words=WrongWords()), **target) as running:
        await spoken(running, SPOKEN)
        assert [turn.requests for turn in running.turns] == [1]
        assert [turn.mismatches for turn in running.turns] == [0]


async def test_what_is_exact_comes_before_its_end_is_known() -> None:
    faults = Faults(generation_pace=1.0)
    async with running_service(faults=faults, **VOICE_LIVE) as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write("A sentence of which the sound takes some seconds, as it were.")
            synthesis.finish()
            first = await anext(aiter(synthesis.audio()))
            assert 0 < len(first) < 48000
            assert not any(session.finished for session in running.server.record.sessions)


async def test_what_is_cut_off_is_asked_for_again() -> None:
    faults = Faults(shortened_response=Shortened(reason="max_output_tokens", after_ms=200, times=1))
    async with running_service(faults=faults, **VOICE_LIVE) as running:
        text = "A sentence that is cut off once."
        assert await spoken(running, text) > len(text) * 0.05
        assert running.turns[0].requests == 2


async def test_a_voice_that_the_service_lacks_is_told_in_one_sentence_and_harms_nobody_else() -> None:
    options = ServerOptions(key=KEY, azure_voices=("en-US-AvaMultilingualNeural",))
    async with running_service(options=options, **VOICE_LIVE) as running:
        with pytest.raises(UnknownVoice) as caught:
            await spoken(running, SPOKEN, voice="nb-NO-NobodyNeural")
        assert caught.value.message == (
            "The service refuses the voice 'nb-NO-NobodyNeural': Voice 'nb-NO-NobodyNeural' is not available."
        )
        assert target_states(running.service)["speaking"] == {"default": "untried"}
        assert await spoken(running, SPOKEN) > 0


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
async def test_sound_goes_at_the_clients_own_rate_where_the_service_takes_that(rate: int) -> None:
    engines = Engines(Polyglot(), ToneSynthesizer())
    pcm = speaking(1.0, AudioFormat(rate, 2, 1))
    async with running_service(engines=engines, **VOICE_LIVE) as running:
        assert await transcript(running, rate, pcm) == COMMANDS["nb-NO"][0]
        sent = sum(session.audio_bytes for session in running.server.record.sessions)
        assert sent == (len(pcm) if rate in (8000, 16000, 24000) else 48000)
        assert running.turns[0].sent_seconds == pytest.approx(1, abs=0.001)


async def test_another_service_gets_its_own_rate_of_the_same_recording() -> None:
    engines = Engines(Polyglot(), ToneSynthesizer())
    async with running_service(engines=engines) as running:
        await transcript(running, 16000, speaking(1.0))
        assert sum(session.audio_bytes for session in running.server.record.sessions) == 48000


async def test_ssml_changes_the_voice_of_one_response_and_opens_no_other_session(
    frames: list[dict[str, Any]],
) -> None:
    document = (
        '<speak xmlns:mstts="http://www.w3.org/2001/mstts">It is warm. '
        '<mstts:express-as style="cheerful"><prosody rate="+20%" pitch="high" volume="+6dB">'
        "It is sunny.</prosody></mstts:express-as></speak>"
    )
    settings = Settings(
        speech=Speech(
            voice="en-US-JennyNeural", style="chat", accents=("en-GB",), lexicon="https://l.example/l"
        )
    )
    engine = Recording()
    async with running_service(
        settings=settings, engines=Engines(Polyglot(), engine), **VOICE_LIVE
    ) as running:
        await spoken(running, document)
    usual = {
        "type": "azure-standard",
        "name": "en-US-JennyNeural",
        "style": "chat",
        "custom_lexicon_url": "https://l.example/l",
        "prefer_locales": ["en-GB"],
    }
    configured = [one["session"]["voice"] for one in frames if "voice" in one.get("session", {})]
    assert configured
    assert all(voice == usual for voice in configured)
    voices = [one["response"].get("voice") for one in frames if one["type"] == "response.create"]
    changed = {**usual, "style": "cheerful", "pitch": "high", "volume": "+6dB", "rate": "1.2"}
    assert sorted(voices, key=str) == sorted([None, changed], key=str)
    assert {(text, speed) for text, speed, _ in engine.asked} == {("It is warm.", 1.0), ("It is sunny.", 1.2)}


async def test_settings_of_hearing_are_the_services_own(frames: list[dict[str, Any]]) -> None:
    recognition = Recognition(
        language="nb", echo_cancellation=True, requires_external_vad=False, turn_end="semantic_vad"
    )
    async with running_service(
        settings=Settings(recognition=recognition),
        engines=Engines(Polyglot(), ToneSynthesizer()),
        **VOICE_LIVE,
    ) as running:
        pcm = speaking(1.0) + bytes(64000)
        assert await transcript(running, 16000, pcm) == COMMANDS["nb-NO"][0]
    (opened, *_), updates = (
        [one["session"] for one in frames if "input_audio_noise_reduction" in one.get("session", {})],
        [one["session"]["turn_detection"] for one in frames if one.get("session", {}).get("turn_detection")],
    )
    assert opened["input_audio_noise_reduction"] == {"type": "azure_deep_noise_suppression"}
    assert opened["input_audio_echo_cancellation"] == {"type": "server_echo_cancellation"}
    assert updates
    assert updates[0] == {
        "type": "azure_semantic_vad",
        "silence_duration_ms": 500,
        "create_response": False,
        "interrupt_response": False,
    }


async def test_the_services_limit_of_connections_is_waited_for_and_never_run_into() -> None:
    options = ServerOptions(key=KEY, connections_per_minute=4)
    settings = Settings(pool=Pool(timeout=1.0), deadlines=Deadlines(request=2.0))
    target = {**VOICE_LIVE, "connections_per_minute": 4}
    async with running_service(options=options, settings=settings, **target) as running:
        voices = ["en-US-JennyNeural", "nb-NO-FinnNeural", "de-DE-KatjaNeural", "en-GB-SoniaNeural"]
        for voice in voices:
            await spoken(running, SPOKEN, voice=voice)
        with pytest.raises(PoolTimeout):
            await spoken(running, SPOKEN, voice="fr-FR-DeniseNeural")
        assert await spoken(running, SPOKEN, voice=voices[0]) > 0  # its session is still there
        assert running.server.record.upgrades == 4
        assert not running.server.record.refused
        delays = [event for event in running.events if isinstance(event, SessionDelayed)]
        assert [event.target for event in delays] == ["default"]
