"""What a foreign service says of itself and answers is understood as far as it can be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.wyoming_events import event_bytes
from tests.support.wyoming_stand_in import piper, stand_in, whisper
from tests.test_wyoming_client import answering
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ConnectFailed,
    DeploymentNotFound,
    ProtocolViolation,
    ResponseFailed,
    SessionLost,
    TranscriptionFailed,
)
from wyoming_azure_realtime.wyoming_fallback import (
    Offer,
    WyomingRecognizer,
    WyomingVoice,
    best_offer,
    offers,
)

VOICES = (
    Offer("amy", ("en_US",)),
    Offer("alba", ("en_GB",)),
    Offer("thorsten", ("de_DE",)),
    Offer("paulo", ("pt_PT",)),
    Offer("faber", ("pt_BR",)),
    Offer("talesyntese", ("no_NO",)),
)


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "amy"),
        ("en-GB", "alba"),
        ("en-AU", "amy"),
        ("de-AT", "thorsten"),
        ("pt-BR", "faber"),
        ("pt", "paulo"),
        ("nb-NO", "talesyntese"),
        ("", "amy"),
        ("fr", None),
    ],
)
def test_the_voice_is_one_for_the_language_and_if_possible_for_its_region(
    language: str, name: str | None
) -> None:
    found = best_offer(VOICES, language)
    assert (found.name if found else None) == name


def test_a_model_is_asked_in_its_own_word_for_the_language() -> None:
    model = Offer("tiny", ("de", "en", "no", "zh", "pt_BR"))
    asked = ("de-AT", "en-GB", "nb", "zh-TW", "pt", "fr")
    assert [model.code(language) for language in asked] == ["de", "en", "no", "zh", "pt_BR", ""]
    assert best_offer([Offer("any", ())], "fr") == Offer("any", ())


def program(name: str, *voices: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "installed": True, "voices": list(voices), **more}


def test_what_is_installed_is_offered_and_what_makes_no_sense_is_left_out() -> None:
    voice = {"name": "amy", "languages": ["en_US"]}
    info = {
        "tts": [
            program("off", voice, installed=False),
            None,
            program("first", voice, {"name": 1}, 7, {**voice, "name": "b", "languages": [3, "", "de"]}),
            program("second", {**voice, "installed": False}, voice, supports_synthesize_streaming=True),
            {"name": "none"},
        ],
        "asr": "what",
    }
    assert offers(info, "tts", "voices") == (
        Offer("amy", ("en_US",)),
        Offer("b", ("de",)),
        Offer("amy", ("en_US",), program="second", streams=True, only=True),
    )
    assert offers(info, "asr", "models") == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "installed", "voices", "languages", "tts", "x"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.just("tts"), JSON, min_size=1))
def test_any_description_is_read(info: dict[str, Any]) -> None:
    for offer in offers(info, "tts", "voices"):
        assert isinstance(offer.name, str)
        best_offer([offer], "de")


async def no_sound() -> AsyncIterator[bytes]:
    yield bytes(4800)


async def heard(uri: str, language: str = "en") -> str:
    return await WyomingRecognizer(uri).transcribe(no_sound(), language, (), lambda _: None)


async def spoken(uri: str, language: str = "en") -> bytes:
    return b"".join([pcm async for pcm in WyomingVoice(uri).speak("Hello.", language, 1.0)])


INFO = event_bytes(
    "info",
    {
        "asr": [{"name": "a", "models": [{"name": "m", "languages": ["en"]}]}],
        "tts": [{"name": "t", "voices": [{"name": "v", "languages": ["en"]}]}],
    },
)
FORMAT = {"rate": 16000, "width": 2, "channels": 1}


def header(**fields: Any) -> bytes:
    return json.dumps({"type": "audio-chunk", **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", SessionLost),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolViolation),
        (header(data_length=10**10), ProtocolViolation),
        (header(payload_length=-1), ProtocolViolation),
        (b"x" * (5 << 20), ProtocolViolation),
        (event_bytes("error", {"text": "No.", "code": "unknown-voice"}), ProtocolViolation),
        (event_bytes("info"), DeploymentNotFound),
    ],
)
async def test_a_description_that_is_none_is_an_error(answer: bytes, error: type[BackendError]) -> None:
    for ask in (heard, spoken):
        async with answering(answer) as uri:
            with pytest.raises(error):
                await ask(uri)


@pytest.mark.parametrize(
    "answer",
    [
        event_bytes("audio-chunk", {"rate": 1, "width": 2, "channels": 1}, bytes(2)),
        event_bytes("audio-chunk", {"rate": "16000", "width": 2, "channels": 1}, bytes(2)),
        event_bytes("audio-chunk", {}, bytes(2)),
        header(payload_length=10**10),
        event_bytes("audio-start", FORMAT) + event_bytes("audio-stop"),
        event_bytes("error", {"text": "No.", "code": "unknown-voice"}),
        event_bytes("error", {"text": 5}),
    ],
)
async def test_sound_that_is_none_is_a_failure_of_the_service(answer: bytes) -> None:
    async with answering(INFO + answer) as uri:
        voice = WyomingVoice(uri)
        await voice.check()
    async with answering(answer) as voice.name:
        with pytest.raises(ResponseFailed):
            assert [pcm async for pcm in voice.speak("Hello.", "en", 1.0)] == []


async def test_an_error_in_place_of_a_transcript_is_one_of_the_service() -> None:
    async with answering(INFO) as uri:
        ears = WyomingRecognizer(uri)
        await ears.check()
    async with answering(event_bytes("error", {"text": "Out of memory.", "code": "x"})) as ears.name:
        with pytest.raises(TranscriptionFailed, match="Out of memory"):
            await ears.transcribe(no_sound(), "en", (), lambda _: None)


async def test_sound_after_whose_end_a_streams_own_end_is_missing_is_whole() -> None:
    streams = json.loads(INFO[INFO.index(b"\n") + 1 :])
    streams["tts"][0]["supports_synthesize_streaming"] = True
    async with answering(event_bytes("info", streams)) as uri:
        voice = WyomingVoice(uri)
        await voice.check()
    sound = [event_bytes("audio-chunk", FORMAT, bytes(1600)), event_bytes("audio-stop")] * 2
    async with answering(b"".join(sound)) as voice.name:
        pcm = [pcm async for pcm in voice.speak("Hello.", "en", 1.0)]
    assert len(b"".join(pcm)) == 2 * 1600 // 2 * 3


async def test_nobody_there_is_known_in_a_moment() -> None:
    for ask in (heard, spoken):
        with pytest.raises(ConnectFailed, match=r"No Wyoming server listens on tcp://127\.0\.0\.1:1\.$"):
            await ask("tcp://127.0.0.1:1")


async def test_one_that_says_nothing_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.wyoming_fallback.INFO_SECONDS", 0.05)
    monkeypatch.setattr("wyoming_azure_realtime.wyoming_fallback.AUDIO_SECONDS", 0.05)

    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(nothing, "127.0.0.1", 0) as server:
        uri = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(BackendTimeout):
            await heard(uri)
        voice = WyomingVoice(uri)
        async with stand_in(piper(fault="silent")) as mouth:
            voice.name = mouth.uri
            await voice.check()
            with pytest.raises(BackendTimeout):
                await anext(voice.speak("Hello.", "en", 1.0))


async def test_what_a_service_is_like_is_asked_once() -> None:
    async with stand_in(whisper()) as ears, stand_in(piper()) as mouth:
        recognizer, voice = WyomingRecognizer(ears.uri), WyomingVoice(mouth.uri)
        assert recognizer.serves("fr")
        for _ in range(2):
            await recognizer.transcribe(no_sound(), "en", ("Luna",), lambda _: None)
            assert b"".join([pcm async for pcm in voice.speak("baba", "de", 1.0)])
        assert (ears.described, mouth.described) == (1, 1)
        assert ears.requests[0]["names"] == ["Luna"]
        assert [recognizer.serves(tag) for tag in ("de", "fr")] == [True, False]
