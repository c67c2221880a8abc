"""The program as a newcomer meets it: started, tried, pointed elsewhere, stopped."""

import asyncio
import base64
import json
import os
import socket
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.info import AsrModel, Describe, Info, TtsVoice
from wyoming.tts import Synthesize, SynthesizeVoice

from tests.support.home_commands import ROUND_TRIP, plain
from tests.support.program import Program, program, run_to_end
from tests.support.spoken_words import SPEECH_FORMAT, speaking
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.offline.espeak import EspeakVoice
from wyoming_azure_realtime.offline.recognizer import Recognizer
from wyoming_azure_realtime.settings.model import Limits

HEARS, DEAF_BECAUSE = Recognizer.available()
LOCAL = ("--uri", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0", "--no-zeroconf")
needs_ears = pytest.mark.skipif(not HEARS, reason=DEAF_BECAUSE)
NO_HTTP = ("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf")


async def spoken(
    client: "AsyncClient | Pipes", text: str, voice: str = "", language: str = ""
) -> tuple[AudioFormat, bytes]:
    """What a stock client gets for a text."""
    wanted = SynthesizeVoice(name=voice or None, language=language or None) if voice or language else None
    await client.write_event(Synthesize(text=text, voice=wanted).event())
    fmt, pcm = None, b""
    while event := await client.read_event():
        if AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            fmt = AudioFormat(start.rate, start.width, start.channels)
        elif AudioChunk.is_type(event.type):
            assert event.payload is not None
            pcm += event.payload
        elif AudioStop.is_type(event.type):
            break
        else:
            pytest.fail(f"{event.type}: {event.data}")
    assert fmt is not None
    return fmt, pcm


async def heard(client: "AsyncClient | Pipes", fmt: AudioFormat, pcm: bytes) -> str:
    """What a stock client is told that was said, sent as Home Assistant sends it."""
    form = {"rate": fmt.rate, "width": fmt.width, "channels": fmt.channels}
    await client.write_event(Transcribe(language="en").event())
    await client.write_event(AudioStart(**form).event())
    for at in range(0, len(pcm), 960):
        await client.write_event(AudioChunk(**form, audio=pcm[at : at + 960]).event())
    await client.write_event(AudioStop().event())
    while event := await client.read_event():
        if Transcript.is_type(event.type):
            return Transcript.from_event(event).text
        assert event.type.startswith("transcript-"), event
    pytest.fail("the connection ended without a transcript")


class Pipes:
    """Wyoming's own event functions over the standard streams of a program."""

    def __init__(self, running: Program) -> None:
        assert running.process.stdin
        assert running.process.stdout
        self._stdin, self._stdout = running.process.stdin, running.process.stdout

    async def write_event(self, event: Event) -> None:
        await async_write_event(event, self._stdin)

    async def read_event(self) -> Event | None:
        return await async_read_event(self._stdout)

    def close(self) -> None:
        """The end of the program's standard input."""
        self._stdin.close()


async def describe(uri: str) -> Info:
    async with asyncio.timeout(5), AsyncClient.from_uri(uri) as client:
        await client.write_event(Describe().event())
        return Info.from_event(await client.read_event())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedded() -> AsyncIterator[Program]:
    """One program on the embedded backend for the tests that only talk to it."""
    async with program(*LOCAL) as running:
        await running.uri()
        yield running


@pytest.mark.asyncio(loop_scope="module")
class TestEmbedded:
    async def test_it_says_plainly_what_it_is_and_how_to_use_it(self, embedded: Program) -> None:
        await embedded.said("embedded backend, since no Azure")
        await embedded.said("Wyoming Protocol")
        await embedded.said(r"(-m wyoming_azure_realtime|wyoming-azure-realtime) speak")

    @needs_ears
    async def test_ten_commands_are_spoken_and_heard_over_wyoming(self, embedded: Program) -> None:
        uri = await embedded.uri()
        assert len(ROUND_TRIP) >= 10
        for command in ROUND_TRIP[:10]:
            async with asyncio.timeout(30), AsyncClient.from_uri(uri) as client:
                assert plain(await heard(client, *await spoken(client, command))) == command

    @needs_ears
    async def test_ten_commands_are_spoken_and_heard_over_http(self, embedded: Program) -> None:
        at = f"{await embedded.http()}/api/speech-realtime"
        async with aiohttp.ClientSession() as client:
            for command in ROUND_TRIP[:10]:
                async with client.post(f"{at}/synthesize", json={"text": command}) as answer:
                    assert answer.status == 200
                    pcm = await answer.read()
                audio = base64.b64encode(pcm).decode()
                async with client.post(f"{at}/recognize", json={"audioData": audio}) as answer:
                    assert plain((await answer.json())["text"]) == command

    @pytest.mark.skipif(not EspeakVoice.available()[0], reason=EspeakVoice.available()[1])
    async def test_a_language_that_is_asked_for_without_a_voice_is_spoken(self, embedded: Program) -> None:
        uri = await embedded.uri()
        heard = {}
        for language in ("en-US", "de", "fr-FR"):
            async with asyncio.timeout(30), AsyncClient.from_uri(uri) as client:
                _, heard[language] = await spoken(client, "Radio 21", language=language)
        assert len(set(heard.values())) == 3
        for voice in (await describe(uri)).tts[0].voices:
            assert {"en", "de", "fr", "zh"} <= set(voice.languages)
        async with asyncio.timeout(30), AsyncClient.from_uri(uri) as client:
            await client.write_event(Synthesize("Hello", voice=SynthesizeVoice(language="xx")).event())
            refusal = await client.read_event()
            assert refusal is not None and "No voice speaks 'xx'" in refusal.data["text"]  # noqa: PT018

    async def test_it_says_which_engines_speak(self, embedded: Program) -> None:
        async with aiohttp.ClientSession() as client:
            async with client.get(f"{await embedded.http()}/api/speech-realtime/info") as answer:
                model = (await answer.json())["model"]
        assert model in {"hibari", "espeak-ng", "hibari and espeak-ng"}

    @needs_ears
    async def test_what_home_assistant_sends_is_heard(self, embedded: Program) -> None:
        async with asyncio.timeout(30), AsyncClient.from_uri(await embedded.uri()) as client:
            fmt, pcm = await spoken(client, ROUND_TRIP[0])
            down = decimated(fmt, pcm)
            assert plain(await heard(client, AudioFormat(16000, 2, 1), down)) == ROUND_TRIP[0]

    @needs_ears
    async def test_the_commands_speak_and_transcribe_are_clients_of_it(
        self, embedded: Program, tmp_path: Path
    ) -> None:
        uri, wav = await embedded.uri(), tmp_path / "hello.wav"
        code, _, err = await run_to_end("speak", ROUND_TRIP[0], "-o", str(wav), "--uri", uri)
        assert code == 0, err
        with wave.open(str(wav)) as file:
            assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24000, 2, 1)
        code, out, err = await run_to_end("transcribe", str(wav), "--uri", uri)
        assert (code, plain(out)) == (0, ROUND_TRIP[0]), err

    async def test_describe_names_one_program_each_way(self, embedded: Program) -> None:
        info = await describe(await embedded.uri())
        assert [program.name for program in info.asr] == ["azure-realtime"]
        assert [program.name for program in info.tts] == ["azure-realtime"]
        assert info.tts[0].installed
        assert info.asr[0].installed is HEARS
        assert info.satellite is None
        offered: list[TtsVoice | AsrModel] = [*info.tts[0].voices, *info.asr[0].models]
        assert {one.attribution.name for one in offered} == {
            "Whisper and hibari, or CMU Sphinx and espeak-ng"
        }
        hears = {language.split("-")[0] for model in info.asr[0].models for language in model.languages}
        assert hears <= {"en"}
        assert all(voice.languages[0] == "en" for voice in info.tts[0].voices)

    async def test_the_service_stays_small(self, embedded: Program) -> None:
        assert resident_kilobytes(embedded.process.pid) < 90 * 1024


def resident_kilobytes(pid: int) -> int:
    """By the system's own accounting, where it tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("this system does not tell")
    (resident,) = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
    return int(resident.split()[1])


def decimated(fmt: AudioFormat, pcm: bytes) -> bytes:
    """24 kHz as 16 kHz, by a lie about the rate: from 36 to 24 kHz is from 24 to 16 kHz."""
    assert fmt.rate == 24000
    resampler = StreamResampler(AudioFormat(36000, 2, 1))
    return resampler.process(pcm) + resampler.flush()


class TestElsewhere:
    @pytest.mark.parametrize("api_version", ["", "v1", "2025-04-01-preview"])
    async def test_it_works_with_any_realtime_endpoint_in_both_dialects(self, api_version: str) -> None:
        async with program("backend", "--port", "0", "--engines", "sink") as backend:
            assert backend.process.stdout is not None
            async with asyncio.timeout(20):
                endpoint = (await backend.process.stdout.readline()).decode().split(" on ")[1].split()[0]
            environ = {
                "AZURE_OPENAI_ENDPOINT": endpoint,
                "AZURE_OPENAI_KEY": "any",
                "AZURE_OPENAI_API_VERSION": api_version,
            }
            async with program(*NO_HTTP, environ=environ) as running:
                uri = await running.uri()
                async with asyncio.timeout(20), AsyncClient.from_uri(uri) as client:
                    await spoken(client, "hello")
                    assert await heard(client, SPEECH_FORMAT, speaking(1.0)) == "turn on the kitchen lights"
                info = await describe(uri)
                assert {"en", "en-US", "de", "de-DE"} <= set(info.asr[0].models[0].languages)
                assert await running.stop() == 0
            if "preview" in api_version:
                assert any("deprecated" in line for line in running.log)

    async def test_where_nothing_can_hear_it_speaks_and_says_why(self, tmp_path: Path) -> None:
        (tmp_path / "sitecustomize.py").write_text(
            "import sys; sys.modules.update(dict.fromkeys(('ctranslate2', 'pocketsphinx')))"
        )
        paths = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
        async with program(*NO_HTTP, environ={"PYTHONPATH": paths}) as running:
            info = await describe(await running.uri())
            assert await running.stop() == 0
        assert (info.asr[0].installed, info.asr[0].models) == (False, [])
        assert "ctranslate2 is not installed" in (info.asr[0].description or "")
        assert info.tts[0].voices

    async def test_a_target_of_another_generation_takes_over_though_it_lacks_the_voice(
        self, tmp_path: Path
    ) -> None:
        down = ServerOptions(faults=Faults(refused_upgrade=RefusedUpgrade(status=503)))
        async with (
            EmulatorServer(down, sink_engines()) as first,
            EmulatorServer(ServerOptions(), sink_engines()) as second,
        ):
            targets = [
                {"name": "first", "endpoint": first.url, "key": "any"},
                {"name": "second", "endpoint": second.url, "key": "any", "api_version": "2025-04-01-preview"},
            ]
            (tmp_path / "settings.yaml").write_text(json.dumps({"targets": targets}))
            async with program(*NO_HTTP, "--config", str(tmp_path / "settings.yaml")) as running:
                async with asyncio.timeout(20), AsyncClient.from_uri(await running.uri()) as client:
                    fmt, pcm = await spoken(client, "hello", voice="marin")
                assert len(pcm) / fmt.bytes_per_second > 0.25
                await running.said("Target 'second' has no voice 'marin': 'coral' speaks")
                assert await running.stop() == 0

    @needs_ears
    async def test_it_serves_a_client_on_stdio(self) -> None:
        async with program("--uri", "stdio://", "--http", "off") as running, asyncio.timeout(40):
            client = Pipes(running)
            fmt, pcm = await spoken(client, ROUND_TRIP[0])
            assert plain(await heard(client, fmt, pcm)) == ROUND_TRIP[0]
            client.close()
            assert await running.process.wait() == 0

    async def test_it_listens_on_unix_sockets(self, tmp_path: Path) -> None:
        path = tmp_path / "wyoming.sock"
        async with program("--uri", f"unix://{path}", "--http", "off") as running:
            await running.uri()
            assert (await describe(f"unix://{path}")).tts[0].name == "azure-realtime"
        assert not path.exists()


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "environ", "message"),
        [
            (
                (),
                {"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"},
                "endpoint and API key are required",
            ),
            ((), {"AZURE_OPENAI_KEY": "sesame"}, "endpoint and API key are required"),
            ((), {"USE_REALTIME_API": "true"}, "endpoint and API key are required"),
            (("--backend", "azure"), {}, "endpoint and API key are required"),
            (
                (),
                {
                    "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com",
                    "AZURE_OPENAI_KEY": "sesame",
                    "AZURE_OPENAI_API_VERSION": "2023-01-01",
                },
                "Invalid API version",
            ),
            (
                (),
                {
                    "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com",
                    "AZURE_OPENAI_KEY": "sesame",
                    "WYOMING_AZURE_REALTIME_TARGET_SERVICE": "azure",
                },
                "speaches, xai or embedded",
            ),
            (("--http", "0.0.0.0:0"), {}, "WYOMING_AZURE_REALTIME_HTTP_TOKEN"),
            (("--voice", "zira"), {}, "alloy"),
            ((), {"WYOMING_AZURE_REALTIME_VIOCE": "alloy"}, "WYOMING_AZURE_REALTIME_VOICE"),
        ],
    )
    async def test_impossible_settings_are_one_sentence_and_exit_code_2(
        self, arguments: tuple[str, ...], environ: dict[str, str], message: str
    ) -> None:
        code, out, err = await run_to_end(*arguments, environ=environ)
        assert (code, out) == (2, "")
        assert message in err
        assert "Traceback" not in err
        assert "sesame" not in err
        assert len(err.strip().splitlines()) == 1

    async def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            code, _, err = await run_to_end(
                "--uri", f"tcp://127.0.0.1:{port}", "--http", "off", "--no-zeroconf"
            )
            assert code == 2
            assert str(port) in err
            assert "Traceback" not in err
            code, _, err = await run_to_end(*NO_HTTP[:2], "--http", f"127.0.0.1:{port}", "--no-zeroconf")
            assert code == 2
            assert str(port) in err

    @pytest.mark.parametrize(
        "command", [("speak", "hello", "-o", "unused.wav"), ("transcribe", "no-such.wav")]
    )
    async def test_clients_of_nothing_say_so_in_one_sentence(self, command: tuple[str, ...]) -> None:
        code, out, err = await run_to_end(*command, "--uri", "tcp://127.0.0.1:9")
        assert (code, out) == (2, "")
        assert len(err.strip().splitlines()) == 1

    async def test_settings_are_shown_with_their_sources_and_without_secrets(self) -> None:
        environ = {
            "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com",
            "AZURE_OPENAI_KEY": "sesame",
            "WYOMING_AZURE_REALTIME_VOICE": "echo",
        }
        code, out, _ = await run_to_end("settings", environ=environ)
        assert code == 0
        assert "sesame" not in out
        assert "AZURE_OPENAI_ENDPOINT" in out
        assert "WYOMING_AZURE_REALTIME_VOICE" in out
        json.dumps(out)


class TestStopping:
    async def test_a_peer_that_never_reads_does_not_hold_it_up(self) -> None:
        async with program(*NO_HTTP) as running:
            host, port = (await running.uri()).removeprefix("tcp://").split(":")
            _reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b'{"type":"describe"}\n' * 2000)
            await running.said("Ready")
            started = time.monotonic()
            assert await running.stop() == 0
            assert time.monotonic() - started < 2 * Limits().stop
            writer.transport.abort()
