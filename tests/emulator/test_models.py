"""The classes of transcription models on the wire: who detects turns, when deltas come, which hints pass.

Every test runs over both dialects and both kinds of session.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.realtime_peer import GA, GA_TRANSCRIPTION, PREVIEW, Peer, hush, peer, tone
from wyoming_azure_realtime.emulator.engines import EngineHints, ScriptedRecognizer, sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

TEXT = "turn on the kitchen lights"
TRANSCRIPT = "conversation.item.input_audio_transcription"
TURN_BASED = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe")
STREAMING = ("gpt-realtime-whisper", "gpt-live-transcribe")
SINGULAR = {"language": "en", "prompt": "Zorbin lamp"}
PLURAL = {"languages": ["en", "de"], "keywords": ["Zorbin lamp"], "prompt": "lights"}
HINTS: dict[str, dict[str, Any]] = {
    "whisper-1": SINGULAR,
    "gpt-4o-transcribe": SINGULAR,
    "gpt-4o-mini-transcribe": SINGULAR,
    "gpt-transcribe": PLURAL,
    "gpt-realtime-whisper": {"language": "en", "delay": "low"},
    "gpt-live-transcribe": {**PLURAL, "delay": "low"},
}
VALUES = {**PLURAL, **SINGULAR, "delay": "low"}
NEWER = {"languages", "keywords", "delay"}
"""What the preview dialect never had."""

SERVER_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 100, "silence_duration_ms": 200}
SEMANTIC_VAD = {"type": "semantic_vad", "eagerness": "high"}


def hints(way: "Way", model: str) -> dict[str, Any]:
    """What the model takes, as far as the dialect has it."""
    return {name: value for name, value in HINTS[model].items() if not (way.preview and name in NEWER)}


@dataclass(frozen=True)
class Way:
    """How a session is reached and configured in one dialect."""

    path: str
    transcribes: bool
    preview: bool = False

    @property
    def update(self) -> str:
        return "transcription_session.update" if self.preview and self.transcribes else "session.update"

    @property
    def added(self) -> list[str]:
        if self.preview:
            return ["conversation.item.created"]
        return ["conversation.item.added", "conversation.item.done"]

    def session(self, settings: dict[str, Any]) -> dict[str, Any]:
        if self.preview:
            flat = {"transcription": "input_audio_transcription", "turn_detection": "turn_detection"}
            return {flat[name]: value for name, value in settings.items()}
        kind = "transcription" if self.transcribes else "realtime"
        return {"type": kind, "audio": {"input": settings}}

    def parameter(self, name: str) -> str:
        if self.preview:
            return f"session.{name.replace('transcription', 'input_audio_transcription', 1)}"
        return f"session.audio.input.{name}"


WAYS = {
    "ga conversation": Way(GA, transcribes=False),
    "ga transcription": Way(GA_TRANSCRIPTION, transcribes=True),
    "preview conversation": Way(PREVIEW, transcribes=False, preview=True),
    "preview transcription": Way(
        "/openai/realtime?api-version=2025-04-01-preview&intent=transcription", transcribes=True, preview=True
    ),
}


@dataclass
class Line:
    """An open session."""

    client: Peer
    way: Way
    hearing: ScriptedRecognizer

    async def update(self, **settings: Any) -> dict[str, Any]:
        """Ask for settings; the answer, be it an error."""
        await self.client.send(self.way.update, session=self.way.session(settings))
        while True:
            event = await self.client.receive()
            if event["type"] == "error" or event["type"].endswith("session.updated"):
                return event

    async def configure(self, **settings: Any) -> None:
        assert (await self.update(**settings))["type"] == self.way.update + "d"

    async def frames(self, pcm: bytes, ms: int = 20) -> None:
        for start in range(0, len(pcm), ms * 48):
            await self.client.append(pcm[start : start + ms * 48])

    async def caught_up(self) -> list[str]:
        """Types of everything received, once all that was sent is done."""
        await self.client.send("conversation.item.retrieve", item_id="item_none")
        await self.client.until("error")
        return self.client.types()

    async def transcript(self) -> dict[str, Any]:
        return await self.client.until(f"{TRANSCRIPT}.completed")

    async def turn_types(self) -> list[str]:
        """What a turn brought, up to its transcript, deltas left out."""
        seen = len(self.client.seen)
        await self.transcript()
        return [kind for kind in self.client.types()[seen:] if not kind.endswith(".delta")]


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    async with opened(request.param) as line:
        yield line


@asynccontextmanager
async def opened(way: Way) -> AsyncIterator[Line]:
    engines = sink_engines([TEXT])
    async with EmulatorServer(ServerOptions(), engines) as server, peer_of(server.url, way) as client:
        assert isinstance(engines.recognizer, ScriptedRecognizer)
        yield Line(client, way, engines.recognizer)


@asynccontextmanager
async def peer_of(url: str, way: Way) -> AsyncIterator[Peer]:
    headers = {"OpenAI-Beta": "realtime=v1"} if way.preview else {}
    async with peer(url, way.path, additional_headers=headers) as client:
        yield client


def quiet(vad: dict[str, Any], way: Way) -> dict[str, Any]:
    """No answers, which a transcription session never gives."""
    return vad if way.transcribes else {**vad, "create_response": False, "interrupt_response": False}


def whole_turn(way: Way) -> list[str]:
    return [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        *way.added,
        f"{TRANSCRIPT}.completed",
    ]


@pytest.mark.parametrize("vad", [SERVER_VAD, SEMANTIC_VAD], ids=["server_vad", "semantic_vad"])
@pytest.mark.parametrize("model", TURN_BASED)
async def test_a_turn_based_model_ends_turns_by_itself(line: Line, model: str, vad: dict[str, Any]) -> None:
    await line.configure(transcription={"model": model}, turn_detection=quiet(vad, line.way))
    await line.frames(hush(400) + tone(400) + hush(600))
    assert await line.turn_types() == whole_turn(line.way)
    marks = {event["type"].split(".")[-1]: event for event in line.client.seen}
    started, stopped = marks["speech_started"], marks["speech_stopped"]
    assert started["audio_start_ms"] == (300 if vad is SERVER_VAD else 100)
    assert stopped["audio_end_ms"] == (1000 if vad is SERVER_VAD else 1300)
    ids = {marks[name]["item_id"] for name in ("speech_started", "speech_stopped", "committed", "completed")}
    assert len(ids) == 1


@pytest.mark.parametrize("vad", [SERVER_VAD, SEMANTIC_VAD], ids=["server_vad", "semantic_vad"])
@pytest.mark.parametrize("model", STREAMING)
async def test_a_streaming_model_refuses_to_detect_turns(line: Line, model: str, vad: dict[str, Any]) -> None:
    refused = await line.update(transcription={"model": model}, turn_detection=vad)
    assert refused["error"]["code"] == "invalid_value"
    assert refused["error"]["param"] == line.way.parameter("turn_detection")
    assert refused["error"]["message"] == "Turn detection is not supported for this transcription model."
    await line.configure(transcription={"model": model}, turn_detection=None)
    assert (await line.update(turn_detection=vad))["error"]["code"] == "invalid_value"
    await line.frames(tone(400))
    await line.client.commit()
    assert (await line.transcript())["transcript"] == TEXT


@pytest.mark.parametrize("model", STREAMING)
async def test_a_streaming_model_tells_text_before_the_commit(line: Line, model: str) -> None:
    await line.configure(transcription={"model": model}, turn_detection=None)
    await line.frames(tone(800))
    first = (await line.client.until(f"{TRANSCRIPT}.delta"))["delta"]
    assert first
    assert TEXT.startswith(first)
    await line.client.commit()
    await line.transcript()
    deltas = [event["delta"] for event in line.client.seen if event["type"] == f"{TRANSCRIPT}.delta"]
    assert "".join(deltas) == TEXT


@pytest.mark.parametrize("model", TURN_BASED)
async def test_a_turn_based_model_tells_nothing_before_the_commit(line: Line, model: str) -> None:
    await line.configure(transcription={"model": model}, turn_detection=None)
    await line.frames(tone(800))
    assert f"{TRANSCRIPT}.delta" not in await line.caught_up()
    await line.client.commit()
    await line.transcript()
    deltas = [event["delta"] for event in line.client.seen if event["type"] == f"{TRANSCRIPT}.delta"]
    assert "".join(deltas) == TEXT
    assert len(deltas) == (1 if model == "whisper-1" else len(TEXT.split()))


@pytest.mark.parametrize("model", HINTS)
async def test_hints_pass_where_the_model_takes_them_and_nowhere_else(line: Line, model: str) -> None:
    wanted = hints(line.way, model)
    await line.configure(transcription={"model": model, **wanted}, turn_detection=None)
    for name in VALUES.keys() - wanted.keys():
        refused = await line.update(transcription={"model": model, name: VALUES[name]})
        unknown = line.way.preview and name in NEWER
        assert refused["error"]["code"] == ("unknown_parameter" if unknown else "invalid_value")
        assert refused["error"]["param"] == line.way.parameter(f"transcription.{name}")
    await line.frames(tone(300))
    await line.client.commit()
    await line.transcript()
    languages = (wanted["language"],) if "language" in wanted else tuple(wanted.get("languages", ()))
    assert line.hearing.hints[-1] == EngineHints(
        languages, tuple(wanted.get("keywords", ())), wanted.get("prompt", "")
    )


@pytest.mark.parametrize("languages", [["english"], ["en", "en-US"], [""], ["nb"], ["zh-Hant"]])
async def test_languages_are_codes_that_the_models_know(line: Line, languages: list[str]) -> None:
    refused = await line.update(transcription={"model": "gpt-transcribe", "languages": languages})
    place = "" if line.way.preview else f"[{len(languages) - 1}]"
    assert refused["error"]["param"] == line.way.parameter(f"transcription.languages{place}")


@pytest.mark.parametrize("keyword", ["Lamp <left>", "a > b", "Two\nlines", "Two\rlines"])
async def test_one_keyword_that_is_refused_is_a_refusal_of_the_whole_update(line: Line, keyword: str) -> None:
    refused = await line.update(transcription={"model": "gpt-live-transcribe", "keywords": ["Luna", keyword]})
    place = "" if line.way.preview else "[1]"
    assert refused["error"]["param"] == line.way.parameter(f"transcription.keywords{place}")


async def test_a_prompt_has_a_length(line: Line) -> None:
    await line.configure(transcription={"model": "whisper-1", "prompt": "x" * 1024}, turn_detection=None)
    refused = await line.update(transcription={"model": "whisper-1", "prompt": "x" * 1025})
    assert refused["error"]["code"] == "string_above_max_length"


@pytest.mark.parametrize("model", TURN_BASED)
async def test_turn_detection_goes_on_and_off_between_turns_with_hints_in_the_same_update(
    line: Line, model: str
) -> None:
    vad = quiet(SERVER_VAD, line.way)
    await line.configure(transcription={"model": model}, turn_detection=None)
    for turn in range(2):
        wanted = hints(line.way, model)
        await line.configure(transcription={"model": model, **wanted}, turn_detection=vad)
        await line.frames(hush(100) + tone(400) + hush(400))
        assert await line.turn_types() == whole_turn(line.way)
        tells_language = wanted.keys() & {"language", "languages"}
        assert line.hearing.hints[-1].languages[:1] == (("en",) if tells_language else ())
        await line.configure(turn_detection=None)
        await line.frames(hush(100) + tone(400) + hush(400))
        await line.client.commit()
        assert await line.turn_types() == whole_turn(line.way)[2:], turn


async def test_a_commit_during_speech_closes_the_turn_without_stopping_it(line: Line) -> None:
    await line.configure(transcription={"model": "whisper-1"}, turn_detection=quiet(SERVER_VAD, line.way))
    await line.frames(hush(200) + tone(407), ms=7)
    await line.client.commit()
    assert await line.turn_types() == [kind for kind in whole_turn(line.way) if "stopped" not in kind]
    assert line.client.seen[-1]["usage"]["seconds"] == 0.507  # all of it, and the padding before
    await line.frames(hush(600))
    assert "input_audio_buffer.speech_stopped" not in await line.caught_up()


async def test_a_commit_after_the_automatic_one_finds_nothing(line: Line) -> None:
    await line.configure(transcription={"model": "whisper-1"}, turn_detection=quiet(SERVER_VAD, line.way))
    await line.frames(tone(400) + hush(400))
    await line.client.commit()
    error = (await line.client.until("error"))["error"]
    assert error["code"] == "input_audio_buffer_commit_empty"
    assert error["message"].startswith("Error committing input audio buffer: buffer too small. ")
    assert line.client.types().count("input_audio_buffer.committed") == 1


async def test_a_clear_drops_the_turn_and_time_goes_on(line: Line) -> None:
    await line.configure(transcription={"model": "whisper-1"}, turn_detection=quiet(SERVER_VAD, line.way))
    await line.frames(tone(410))
    await line.client.send("input_audio_buffer.clear")
    await line.client.until("input_audio_buffer.cleared")
    await line.frames(hush(590) + tone(400) + hush(400))
    await line.transcript()
    starts = [event["audio_start_ms"] for event in line.client.seen if "audio_start_ms" in event]
    ends = [event["audio_end_ms"] for event in line.client.seen if "audio_end_ms" in event]
    committed = [event for event in line.client.seen if event["type"] == "input_audio_buffer.committed"]
    # frames of 20 ms begin anew after the clear, 10 ms off the speech
    assert (starts, ends, len(committed)) == ([0, 890], [1610], 1)


@pytest.mark.parametrize("late", [0, 7, 13])
@pytest.mark.parametrize("step", [10, 20, 64])
async def test_the_turn_ends_at_most_a_frame_after_its_silence(line: Line, late: int, step: int) -> None:
    await line.configure(transcription={"model": "whisper-1"}, turn_detection=quiet(SERVER_VAD, line.way))
    await line.frames(hush(100) + tone(400 + late) + hush(220), ms=step)
    assert "input_audio_buffer.committed" in await line.caught_up()
