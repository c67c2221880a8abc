import asyncio

import pytest
from wyoming.event import Event

from tests.support.spoken_words import speaking
from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import eventually, wyoming_door
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator.faults import Failure, Fault, Faults
from wyoming_azure_realtime.settings.model import Deadlines, Profile, Recognition, Settings

TEXT = "turn on the kitchen lights"
STREAMING = "gpt-realtime-whisper"


def transcripts(events: list[Event]) -> list[str]:
    return [event.data["text"] for event in events if event.type == "transcript"]


def errors(events: list[Event]) -> list[str]:
    return [event.data["code"] for event in events if event.type == "error"]


async def test_an_utterance_gets_exactly_one_transcript() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.utter()
        heard = await peer.until("transcript")
        assert heard[-1].data["language"] == "en"
        assert transcripts(heard + await peer.rest_after_end()) == [TEXT]
        assert await door.outcomes() == ["completed"]


async def test_partial_text_is_streamed_around_the_transcript() -> None:
    async with wyoming_door(transcription_deployment=STREAMING) as door, door.peer() as peer:
        await peer.send("transcribe", {"language": "en"})
        await peer.send("audio-start", PCM_16K)
        await peer.audio(60)
        early = await peer.until("transcript-chunk")
        assert kinds(early) == ["transcript-start", "transcript-chunk"]
        await peer.send("audio-stop")
        heard = early + await peer.until("transcript-stop")
        assert kinds(heard) == ["transcript-start", "transcript-chunk", "transcript", "transcript-stop"]
        assert transcripts(heard) == [TEXT]


async def test_without_partial_text_there_is_the_transcript_alone() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        assert not door.behind.service.catalog.partials
        await peer.utter(60)
        assert kinds(await peer.until("transcript")) == ["transcript"]


async def test_audio_travels_while_it_arrives() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("transcribe", {"language": "en"})
        await peer.send("audio-start", PCM_16K)
        await peer.audio(30)
        record = door.behind.server.record
        await eventually(lambda: any(session.audio_bytes for session in record.sessions))


async def test_transcribe_may_be_missing() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.audio()
        await peer.send("audio-stop")
        assert transcripts(await peer.until("transcript")) == [TEXT]


async def test_audio_start_may_be_missing_for_every_chunk_tells_its_format() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        form = AudioFormat(48_000, 3, 2)
        for _ in range(20):
            await peer.send(
                "audio-chunk", {"rate": 48000, "width": 3, "channels": 2}, speaking(0.2, form)[:2880]
            )
        await peer.send("audio-stop")
        assert transcripts(await peer.until("transcript")) == [TEXT]
        await door.outcomes()
        assert door.behind.turns[0].audio_seconds == pytest.approx(0.2, abs=0.001)


async def test_silence_is_an_empty_transcript() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        await peer.send_raw(event_bytes("audio-chunk", PCM_16K, bytes(320)) * 50)
        await peer.send("audio-stop")
        assert transcripts(heard := await peer.until("transcript")) == [""]
        assert kinds(heard) == ["transcript"]


@pytest.mark.parametrize("begin", ["", "transcribe", "audio-start"])
async def test_no_audio_at_all_is_an_empty_transcript(begin: str) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        if begin:
            await peer.send(begin, PCM_16K)
        await peer.send("audio-stop")
        assert transcripts(await peer.until("transcript")) == [""]


async def test_chunks_cut_in_the_middle_of_a_sample_are_joined() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        for at in range(0, 6400, 101):
            await peer.send("audio-chunk", PCM_16K, (TEN_MS * 20)[at : at + 101])
        await peer.send("audio-stop")
        assert transcripts(await peer.until("transcript")) == [TEXT]
        await door.outcomes()
        assert door.behind.turns[0].audio_seconds == pytest.approx(0.2, abs=0.001)


async def test_several_utterances_follow_each_other_on_one_connection_even_at_once() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        for _ in range(3):
            await peer.utter()
        heard = [event for _ in range(3) for event in await peer.until("transcript")]
        assert transcripts(heard) == [TEXT] * 3


async def test_hints_of_later_versions_are_accepted() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        hints = {"vad_sensitivity": "relaxed", "transcript_names": ["Ada"], "transcript_terms": ["lamp"]}
        await peer.send("transcribe", {"language": "en", "context": {"a": 1}, **hints})
        await peer.audio()
        await peer.send("audio-stop")
        assert transcripts(await peer.until("transcript")) == [TEXT]


async def test_the_profile_of_the_listener_gives_the_language() -> None:
    async with wyoming_door(profile=Profile(language="de")) as door, door.peer() as peer:
        await peer.audio()
        await peer.send("audio-stop")
        assert (await peer.until("transcript"))[-1].data["language"] == "de"


async def test_a_model_may_be_asked_for_by_name() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        name = door.behind.service.catalog.models[0].name
        await peer.send("transcribe", {"name": name})
        await peer.audio()
        await peer.send("audio-stop")
        assert transcripts(await peer.until("transcript")) == [TEXT]


@pytest.mark.parametrize(
    ("request_data", "code"),
    [
        ({"name": "no-such-model"}, "unknown-model"),
        ({"language": "tlh"}, "unknown-language"),
        ({"language": 5}, "invalid-request"),
    ],
)
async def test_an_impossible_request_is_an_error_after_which_the_audio_is_drained(
    request_data: dict[str, object], code: str
) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("transcribe", request_data)
        await peer.send("audio-start", PCM_16K)
        assert errors(await peer.until("error")) == [code]
        for _ in range(20):
            await peer.audio()
        await peer.send("audio-stop")
        assert await peer.rest() == []
        await asyncio.sleep(0)
        assert not peer.writer.is_closing()


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([("audio-start", {**PCM_16K, "rate": 1})], "unsupported-audio"),
        ([("audio-start", {"rate": 16000})], "invalid-request"),
        ([("audio-chunk", {})], "invalid-request"),
        ([("audio-start", PCM_16K), ("audio-chunk", {**PCM_16K, "rate": 8000})], "unsupported-audio"),
        ([("audio-chunk", PCM_16K), ("audio-chunk", {**PCM_16K, "width": 1})], "unsupported-audio"),
        ([("audio-chunk", PCM_16K), ("audio-chunk", {**PCM_16K, "channels": 2})], "unsupported-audio"),
        ([("audio-chunk", PCM_16K), ("audio-chunk", {})], "invalid-request"),
        ([("audio-start", PCM_16K), ("audio-start", PCM_16K)], "out-of-order"),
        ([("audio-chunk", PCM_16K), ("audio-start", PCM_16K)], "out-of-order"),
        ([("transcribe", {}), ("transcribe", {})], "out-of-order"),
        ([("audio-start", PCM_16K), ("synthesize", {"text": "hello"})], "out-of-order"),
    ],
)
async def test_audio_that_makes_no_sense_is_an_error_and_no_transcript(
    events: list[tuple[str, dict[str, object]]], code: str
) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        for kind, data in events:
            await peer.send(kind, data, TEN_MS if kind == "audio-chunk" else b"")
        await peer.send("audio-stop")
        assert kinds(heard := await peer.rest()) == ["error"]
        assert errors(heard) == [code]


async def test_audio_that_never_ends_is_an_error_at_the_longest_utterance() -> None:
    settings = Settings(recognition=Recognition(max_seconds=1))
    async with wyoming_door(settings=settings) as door, door.peer() as peer:
        await peer.audio(120)
        assert errors(await peer.until("error")) == ["audio-too-long"]
        await peer.send("audio-stop")
        assert await peer.rest() == []


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(failed_transcript=Failure()), "transcription-failed"),
        (Faults(silent_transcript=Fault()), "backend-timeout"),
    ],
)
async def test_a_failure_upstream_is_an_error_and_never_an_empty_transcript(
    faults: Faults, code: str
) -> None:
    settings = Settings(deadlines=Deadlines(request=0.7, transcript=0.3))
    async with wyoming_door(faults=faults, settings=settings) as door, door.peer() as peer:
        await peer.utter()
        heard = await peer.rest()
        assert kinds(heard) == ["error"]
        assert errors(heard) == [code]
        assert await door.outcomes() == [code]


async def test_an_upload_that_breaks_off_cancels_the_turn() -> None:
    async with wyoming_door() as door:
        async with door.peer() as peer:
            await peer.send("transcribe", {"language": "en"})
            await peer.audio()
            peer.end()
            assert await peer.rest() == []
        assert await door.outcomes() == ["cancelled"]


async def test_a_client_that_ends_its_side_after_the_audio_still_gets_its_transcript() -> None:
    async with wyoming_door(faults=Faults(transcript_ms=200)) as door, door.peer() as peer:
        await peer.utter()
        peer.end()
        assert transcripts(await peer.rest()) == [TEXT]


async def test_a_client_that_is_gone_while_the_transcript_is_awaited_cancels_the_turn() -> None:
    async with wyoming_door(faults=Faults(transcript_ms=20_000)) as door, door.peer() as peer:
        await peer.utter()
        record = door.behind.server.record
        await eventually(lambda: any(s.counts["input_audio_buffer.commit"] for s in record.sessions))
        peer.writer.close()
        assert await door.outcomes() == ["cancelled"]  # long before there is a transcript


async def test_what_a_backend_that_cannot_hear_is_asked_to_hear_is_an_error() -> None:
    deaf = {"models": (), "asr_unavailable_reason": "No recogniser here."}
    async with wyoming_door(catalog=deaf) as door, door.peer() as peer:
        await peer.audio()
        await peer.send("audio-stop")
        [error] = await peer.rest()
        assert "No recogniser here." in error.data["text"]
