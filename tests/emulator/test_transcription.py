"""Transcription on the wire: beside everything else, per model, with or without an engine."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.support.realtime_peer import GA, GA_TRANSCRIPTION, Peer, eventually, peer, tone
from wyoming_azure_realtime.emulator.engines import EngineHints, Engines, ScriptedRecognizer, sink_engines
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import TranscriptionFailed

TRANSCRIPT = "conversation.item.input_audio_transcription"


class Patient:
    """Answers when it is told to, with what it was asked; counts who left before."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[str]] = []
        self.abandoned = 0

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator["PatientUtterance"]:
        utterance = PatientUtterance(self.answers)
        try:
            yield utterance
        finally:
            self.abandoned += not utterance.finished


class PatientUtterance:
    """Waits for its answer."""

    def __init__(self, answers: list[asyncio.Future[str]]) -> None:
        self._answers = answers
        self.finished = False

    def feed(self, pcm: bytes) -> None:
        pass

    async def partials(self) -> AsyncGenerator[str, None]:
        for text in list[str]():
            yield text

    async def finish(self) -> str:
        self.finished = True
        self._answers.append(asyncio.get_running_loop().create_future())
        return await self._answers[-1]


async def heard(client: Peer, ms: int = 100) -> str:
    await client.append(tone(ms))
    await client.commit()
    item: str = (await client.until("input_audio_buffer.committed"))["item_id"]
    return item


async def test_transcripts_come_in_any_order_each_for_its_item() -> None:
    engine = Patient()
    async with (
        EmulatorServer(ServerOptions(), Engines(recognizer=engine)) as server,
        peer(server.url) as client,
    ):
        await client.configure(transcription={"model": "whisper-1"})
        items = [await heard(client) for _ in range(3)]
        await eventually(lambda: len(engine.answers) == 3)
        for place in (2, 0, 1):
            engine.answers[place].set_result(f"text {place}")
            done = await client.until(f"{TRANSCRIPT}.completed")
            assert (done["item_id"], done["transcript"]) == (items[place], f"text {place}")


async def test_a_recording_nobody_wants_is_abandoned() -> None:
    engine = Patient()
    async with (
        EmulatorServer(ServerOptions(), Engines(recognizer=engine)) as server,
        peer(server.url) as client,
    ):
        await client.configure(transcription={"model": "whisper-1"})
        await client.append(tone(500))
        await client.send("input_audio_buffer.clear")
        await client.until("input_audio_buffer.cleared")
        await client.append(tone(500))
        await client.configure(transcription=None)
        await client.commit()
        await client.until("conversation.item.done")
    assert engine.abandoned == 2
    assert not any(TRANSCRIPT in kind for kind in client.types())


async def test_a_client_that_leaves_abandons_its_recording() -> None:
    engine = Patient()
    async with (
        EmulatorServer(ServerOptions(), Engines(recognizer=engine)) as server,
        peer(server.url) as client,
    ):
        await client.configure(transcription={"model": "whisper-1"})
        await client.append(tone(500))
        await client.configure()
    assert engine.abandoned == 1


async def test_hints_sent_with_the_audio_already_flowing_are_heeded() -> None:
    hearing = ScriptedRecognizer(["hello"])
    async with (
        EmulatorServer(ServerOptions(), Engines(recognizer=hearing)) as server,
        peer(server.url) as client,
    ):
        await client.configure(transcription={"model": "whisper-1"})
        await client.append(tone(500))
        await client.configure(transcription={"model": "whisper-1", "language": "en", "prompt": "lights"})
        await heard(client)
        assert (await client.until(f"{TRANSCRIPT}.completed"))["usage"]["seconds"] == 0.6
    assert hearing.hints[-1] == EngineHints(("en",), (), "lights")


@pytest.mark.parametrize(
    ("model", "deltas"),
    [
        ("whisper-1", ["turn on the lights"]),
        ("gpt-4o-mini-transcribe", ["turn", " on", " the", " lights"]),
        ("gpt-transcribe", ["turn", " on", " the", " lights"]),
    ],
)
async def test_deltas_of_turn_based_models_follow_the_commit(model: str, deltas: list[str]) -> None:
    engines = sink_engines(["turn on the lights"])
    async with EmulatorServer(ServerOptions(), engines) as server, peer(server.url) as client:
        await client.configure(transcription={"model": model})
        await heard(client, 1000)
        await client.until(f"{TRANSCRIPT}.completed")
    assert [
        event["delta"] for event in client.seen if event["type"].endswith("transcription.delta")
    ] == deltas
    committed = client.types().index("input_audio_buffer.committed")
    assert f"{TRANSCRIPT}.delta" not in client.types()[:committed]


async def test_a_model_that_tells_speakers_apart_sends_segments() -> None:
    async with EmulatorServer(ServerOptions(), sink_engines(["hello"])) as server, peer(server.url) as client:
        await client.configure(transcription={"model": "gpt-4o-transcribe-diarize"})
        item_id = await heard(client, 500)
        segment = await client.until(f"{TRANSCRIPT}.segment")
        assert (segment["item_id"], segment["text"], segment["start"], segment["end"]) == (
            item_id,
            "hello",
            0,
            0.5,
        )
        await client.until(f"{TRANSCRIPT}.completed")


class Slow:
    """Needs so long for every utterance, however many there are at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator["SlowUtterance"]:
        yield SlowUtterance(self._seconds)


class SlowUtterance(PatientUtterance):
    """Takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__([])
        self._seconds = seconds

    async def finish(self) -> str:
        await asyncio.sleep(self._seconds)
        return "hello"


async def waits(client: Peer, count: int) -> list[float]:
    """Commit so often at once; how long each transcript takes from its `committed`."""
    committed: dict[str, float] = {}
    done: dict[str, float] = {}
    for _ in range(count):
        await client.append(tone(200))
        await client.commit()
    while len(done) < count:
        event = await client.receive()
        if event["type"].endswith(".committed"):
            committed[event["item_id"]] = asyncio.get_running_loop().time()
        elif event["type"].endswith("transcription.completed"):
            done[event["item_id"]] = asyncio.get_running_loop().time()
    return [done[item] - committed[item] for item in committed]


@pytest.mark.parametrize(("engine", "wanted", "seconds"), [(2.0, 2000, 2.0), (2.0, 0, 2.0)])
async def test_the_time_of_the_engine_is_hidden_in_the_wanted_delay(
    engine: float, wanted: float, seconds: float
) -> None:
    options = ServerOptions(faults=Faults(transcript_ms=wanted))
    async with (
        EmulatorServer(options, Engines(recognizer=Slow(engine))) as server,
        peer(server.url) as one,
        peer(server.url) as other,
    ):
        await one.configure(transcription={"model": "whisper-1"})
        await other.configure(transcription={"model": "whisper-1"})
        every = await asyncio.gather(waits(one, 3), waits(other, 3))
    assert all(seconds - 0.02 < wait < 2 * seconds - 0.1 for waits in every for wait in waits)


class Broken:
    """Fails as engines fail."""

    def utterance(self, hints: EngineHints) -> AbstractAsyncContextManager[PatientUtterance]:
        raise TranscriptionFailed("The model is on fire.")


@pytest.mark.parametrize("hearing", [None, Broken()], ids=["no engine", "a broken one"])
@pytest.mark.parametrize("path", [GA, GA_TRANSCRIPTION])
async def test_what_cannot_be_heard_fails_without_saying_why(hearing: Broken | None, path: str) -> None:
    engines = Engines(recognizer=hearing)
    async with EmulatorServer(ServerOptions(), engines) as server, peer(server.url, path) as client:
        kind = "transcription" if path == GA_TRANSCRIPTION else "realtime"
        audio = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
        await client.send("session.update", session={"type": kind, "audio": audio})
        item_id = await heard(client)
        failed = await client.until(f"{TRANSCRIPT}.failed")
        assert failed["item_id"] == item_id
        assert failed["error"]["message"] == f"Input transcription failed for item '{item_id}'."
        assert failed["error"]["code"] is None


async def test_more_transcriptions_than_may_run_fail() -> None:
    engine = Patient()
    options = ServerOptions(max_transcriptions=2)
    async with EmulatorServer(options, Engines(recognizer=engine)) as server, peer(server.url) as client:
        await client.configure(transcription={"model": "whisper-1"})
        items = [await heard(client) for _ in range(3)]
        assert (await client.until(f"{TRANSCRIPT}.failed"))["item_id"] == items[2]
