"""The real engines behind the real protocol: what is spoken is heard again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.home_commands import plain
from tests.support.realtime_peer import GA, PREVIEW, Peer, hush, peer
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.offline.backend import local_engines
from wyoming_azure_realtime.offline.espeak import VOICES
from wyoming_azure_realtime.offline.language_model import why_not_kept
from wyoming_azure_realtime.offline.recognizer import Recognizer
from wyoming_azure_realtime.settings.model import Embedded

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMAND = "turn on the kitchen lights"
TRANSCRIPT = "conversation.item.input_audio_transcription"
HEARS, WHY_NOT = Recognizer.available()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(model_cache: Path) -> AsyncIterator[EmulatorServer]:
    """One for all sessions. The models of the home are there: clients do not wait while those are built."""
    if HEARS:
        async with Recognizer(workers=1, cache=model_cache) as recognizer:
            await recognizer.ready()
    engines = await local_engines(Embedded(cache_dir=str(model_cache)))
    try:
        async with EmulatorServer(ServerOptions(), engines) as server:
            yield server
    finally:
        await engines.close()


async def spoken(client: Peer, text: str, **response: object) -> bytes:
    await client.speak(text, **response)
    assert (await client.until("response.done"))["response"]["status"] == "completed"
    return client.audio()


async def test_a_voice_speaks_at_the_speed_of_the_session(server: EmulatorServer) -> None:
    lengths = {}
    for speed in (0.75, 1.5):
        async with peer(server.url) as client:
            output = {"voice": next(iter(VOICES)), "speed": speed}
            await client.send("session.update", session={"type": "realtime", "audio": {"output": output}})
            lengths[speed] = len(await spoken(client, COMMAND))
    assert lengths[0.75] > 1.5 * lengths[1.5]


@pytest.mark.skipif(not HEARS, reason=WHY_NOT)
@pytest.mark.parametrize(
    "hints",
    [
        {"model": "gpt-live-transcribe", "keywords": ["Zorbin lamp", "Quixel fan"]},
        {"model": "gpt-live-transcribe", "prompt": "Names: Zorbin lamp, Quixel fan."},
        {"model": "whisper-1", "prompt": "Zorbin lamp, Quixel fan"},
    ],
)
async def test_names_told_by_the_session_are_heard_and_no_others(
    server: EmulatorServer, hints: dict[str, Any]
) -> None:
    async with peer(server.url) as client:
        audio = await spoken(client, "turn on the Zorbin lamp")
        texts = []
        for wanted in (hints, {"model": hints["model"]}, hints):
            await client.configure(transcription=wanted)
            await client.append(hush(300) + audio + hush(500))
            await client.commit()
            texts.append((await client.until(f"{TRANSCRIPT}.completed"))["transcript"])
    assert plain(texts[0]) == plain(texts[2]) == "turn on the zorbin lamp"
    assert "Zorbin lamp" in texts[0]
    assert "zorbin" not in texts[1].lower()


@pytest.mark.skipif(not HEARS, reason=WHY_NOT)
@pytest.mark.parametrize("path", [GA, PREVIEW])
async def test_what_is_spoken_is_heard(server: EmulatorServer, path: str) -> None:
    async with peer(server.url, path) as client:
        session = {
            "turn_detection": None,
            "input_audio_transcription": {"model": "whisper-1"},
            "voice": "alloy",
        }
        audio_input = {"turn_detection": None, "transcription": {"model": "whisper-1"}}
        nested = {"type": "realtime", "audio": {"input": audio_input, "output": {"voice": "alloy"}}}
        await client.send("session.update", session=nested if path == GA else session)
        pcm = await spoken(client, COMMAND)
        for start in range(0, len(pcm), 4801):
            await client.append(pcm[start : start + 4801])
        await client.commit()
        assert plain((await client.until(f"{TRANSCRIPT}.completed"))["transcript"]) == COMMAND


@pytest.mark.skipif(not HEARS, reason=WHY_NOT)
async def test_turns_are_found_in_speech_and_nothing_is_heard_in_silence(server: EmulatorServer) -> None:
    async with peer(server.url) as client:
        turns = {"type": "server_vad", "silence_duration_ms": 500, "create_response": False}
        audio_input = {"turn_detection": turns, "transcription": {"model": "gpt-4o-transcribe"}}
        nested = {"type": "realtime", "audio": {"input": audio_input, "output": {"voice": "alloy"}}}
        await client.send("session.update", session=nested)
        pcm = await spoken(client, COMMAND)
        await client.append(hush(700) + pcm + hush(1000))
        started = await client.until("input_audio_buffer.speech_started")
        # voices begin with up to 0.2 s of quiet
        assert 300 <= started["audio_start_ms"] <= 800
        assert plain((await client.until(f"{TRANSCRIPT}.completed"))["transcript"]) == COMMAND
        assert client.types().count("input_audio_buffer.committed") == 1
        await client.configure(transcription={"model": "whisper-1"})
        await client.append(hush(600))
        await client.commit()
        assert (await client.until(f"{TRANSCRIPT}.completed"))["transcript"] == ""


async def test_a_cache_folder_that_cannot_be_written_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "cache"
    engines = await local_engines(Embedded(cache_dir=str(folder), workers=1))
    await engines.close()
    said = [record.getMessage() for record in caplog.records if "cannot be written" in record.getMessage()]
    assert len(said) == HEARS
    assert all(str(folder) in line and "embedded.cache_dir" in line for line in said)
    assert why_not_kept(tmp_path / "new") == ""
