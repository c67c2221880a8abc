import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.support.wyoming_events import TEN_MS, event_bytes
from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator.faults import Failure, Faults
from wyoming_azure_realtime.errors import (
    BackendError,
    ConnectFailed,
    InvalidRequest,
    ProtocolViolation,
    SessionLost,
    SpeechServiceError,
    TranscriptionFailed,
    UnknownLanguage,
    UnknownVoice,
)
from wyoming_azure_realtime.settings.model import Deadlines, Settings
from wyoming_azure_realtime.wyoming_client import speak, transcribe

PCM_16K = AudioFormat(16000, 2, 1)
AUDIO = {"rate": 24000, "width": 2, "channels": 1}


async def test_a_text_comes_back_as_audio() -> None:
    async with wyoming_door() as door:
        fmt, pcm = await speak(door.uri, "Hello.", voice="echo")
        assert fmt == AudioFormat(24000, 2, 1)
        assert len(pcm) == 6 * 60 * 48
        await door.outcomes()
        assert door.behind.turns[0].voice == "echo"


async def test_a_recording_comes_back_as_text() -> None:
    async with wyoming_door() as door:
        assert (
            await transcribe(door.uri, PCM_16K, TEN_MS * 100, language="de") == "turn on the kitchen lights"
        )
        await door.outcomes()
        assert door.behind.turns[0].language == "de"
        assert door.behind.turns[0].audio_seconds == pytest.approx(1)


async def test_a_recording_of_silence_comes_back_as_nothing() -> None:
    async with wyoming_door() as door:
        assert await transcribe(door.uri, PCM_16K, bytes(32000)) == ""
        assert await transcribe(door.uri, PCM_16K, b"") == ""


async def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    async with wyoming_door(uris=(f"unix://{tmp_path}/w.sock",)) as door:
        assert (await speak(door.uri, "Hello."))[1]


async def test_the_servers_error_is_raised_as_what_it_is() -> None:
    faults = Faults(failed_transcript=Failure())
    settings = Settings(deadlines=Deadlines(request=1))  # until which it is tried again
    async with wyoming_door(faults=faults, settings=settings) as door:
        with pytest.raises(UnknownVoice, match="nobody"):
            await speak(door.uri, "Hello.", voice="nobody")
        with pytest.raises(UnknownLanguage, match="tlh"):
            await transcribe(door.uri, PCM_16K, TEN_MS * 3000, language="tlh")
        with pytest.raises(TranscriptionFailed):
            await transcribe(door.uri, PCM_16K, TEN_MS * 100)


@pytest.mark.parametrize("uri", ["tcp://127.0.0.1:1", "unix:///no/such/socket"])
async def test_where_nothing_listens_is_one_sentence_that_says_what_to_do(uri: str) -> None:
    with pytest.raises(ConnectFailed, match=rf"No Wyoming server listens on {uri}\. Start one"):
        await speak(uri, "Hello.")
    with pytest.raises(ConnectFailed):
        await transcribe(uri, PCM_16K, b"")


@pytest.mark.parametrize("uri", ["", "10300", "http://127.0.0.1:10300", "tcp://127.0.0.1", "stdio://"])
async def test_an_address_that_makes_no_sense_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRequest):
        await speak(uri, "Hello.")


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that says only this, whatever it is asked, and ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.write_eof()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.wait_for(ended.wait(), 5)


CHUNK = event_bytes("audio-chunk", AUDIO, bytes(480))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", SessionLost),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolViolation),
        (event_bytes("audio-start", AUDIO) + CHUNK, SessionLost),
        (CHUNK[:-10], SessionLost),
        (b"[]\n", ProtocolViolation),
        (b"{}\n", ProtocolViolation),
        (b'{"type": "audio-start", "data": []}\n', ProtocolViolation),
        (event_bytes("audio-stop"), ProtocolViolation),
        (CHUNK + event_bytes("audio-chunk", {**AUDIO, "rate": 8000}, bytes(2)), ProtocolViolation),
        (event_bytes("audio-start", {}), ProtocolViolation),
        (event_bytes("error", {"text": "No.", "code": "something-new"}), BackendError),
        (event_bytes("error", {}), BackendError),
    ],
)
async def test_an_answer_that_is_none_is_an_error(answer: bytes, error: type[SpeechServiceError]) -> None:
    async with answering(answer) as uri:
        with pytest.raises(error):
            await speak(uri, "Hello.")


async def test_audio_without_a_start_and_unknown_events_are_understood() -> None:
    answer = event_bytes("pong") + CHUNK + event_bytes("news", {"a": 1}) + CHUNK + event_bytes("audio-stop")
    async with answering(answer) as uri:
        assert await speak(uri, "Hello.") == (AudioFormat(24000, 2, 1), bytes(960))


async def test_an_error_while_the_recording_is_still_being_sent_is_not_lost() -> None:
    async with answering(event_bytes("error", {"text": "No.", "code": "unknown-model"})) as uri:
        with pytest.raises(SpeechServiceError, match="No") as caught:
            await transcribe(uri, PCM_16K, bytes(10_000_000))
        assert caught.value.code == "unknown-model"
