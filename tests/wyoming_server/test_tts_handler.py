import json
from typing import Any, cast

import pytest
from wyoming.event import Event

from tests.support.wyoming_events import event_bytes, kinds
from tests.support.wyoming_peer import eventually, wyoming_door
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER
from wyoming_azure_realtime.emulator.faults import Failure, Fault, Faults, Stall
from wyoming_azure_realtime.settings.model import Deadlines, Profile, Settings, Speech
from wyoming_azure_realtime.text.sentences import SENTENCE_PAUSE
from wyoming_azure_realtime.wyoming_server.events import Event as WireEvent
from wyoming_azure_realtime.wyoming_server.tts_handler import TtsHandler

TEXT = "The light is on."
REALTIME = {"rate": 24000, "width": 2, "channels": 1}
PLAIN = ["audio-start", "audio-chunk", "audio-stop"]


def pcm(events: list[Event]) -> bytes:
    return b"".join(event.payload or b"" for event in events if event.type == "audio-chunk")


def seconds(events: list[Event]) -> float:
    return len(pcm(events)) / 48000


def errors(events: list[Event]) -> list[str]:
    return [event.data["code"] for event in events if event.type == "error"]


async def test_a_text_becomes_one_run_of_audio_in_one_format() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize", {"text": TEXT})
        heard = await peer.until("audio-stop")
        assert kinds(heard) == PLAIN
        assert all(event.data.items() >= REALTIME.items() for event in heard[:-1])
        assert seconds(heard) == pytest.approx(len(TEXT) * MS_PER_CHARACTER / 1000)
        assert await door.outcomes() == ["completed"]


async def test_audio_travels_in_whole_samples_and_chunks_that_suit_satellites() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize", {"text": "a long text " * 20})
        sizes = {len(e.payload) for e in await peer.until("audio-stop") if e.payload is not None}
        assert all(size % 2 == 0 and size <= 8192 for size in sizes)


async def test_audio_leaves_while_the_rest_is_still_being_generated() -> None:
    async with wyoming_door(faults=Faults(generation_pace=1)) as door, door.peer() as peer:
        await peer.send("synthesize", {"text": TEXT})
        await peer.until("audio-chunk")
        assert door.behind.turns == []


async def test_streamed_text_becomes_one_run_of_audio_and_the_end_is_told() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {})
        for word in ("The ", "light ", "is ", "on. ", "The door ", "is shut."):
            await peer.send("synthesize-chunk", {"text": word})
        await peer.send("synthesize", {"text": "The light is on. The door is shut."})
        await peer.send("synthesize-stop")
        heard = await peer.until("synthesize-stopped")
        assert kinds(heard) == [*PLAIN, "synthesize-stopped"]
        assert seconds(heard) == pytest.approx(33 * MS_PER_CHARACTER / 1000 + SENTENCE_PAUSE, abs=0.1)
        assert await door.outcomes() == ["completed"]
        assert await peer.rest_after_end() == []


async def test_the_first_sentence_is_heard_before_the_text_has_ended() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {"voice": {"name": "echo"}})
        await peer.send("synthesize-chunk", {"text": "The light in the kitchen is on now. And the"})
        await peer.until("audio-chunk")
        await peer.send("synthesize-chunk", {"text": " door is shut."})
        await peer.send("synthesize-stop")
        assert kinds(await peer.until("synthesize-stopped"))[-2:] == ["audio-stop", "synthesize-stopped"]


async def test_a_long_streamed_text_is_spoken_to_its_end() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {})
        for _ in range(30):
            await peer.send("synthesize-chunk", {"text": "A sentence that takes its time. " * 6})
        await peer.send("synthesize-stop")
        heard = await peer.until("synthesize-stopped")
        spoken = 30 * 6 * 31 * MS_PER_CHARACTER / 1000
        assert spoken < seconds(heard) < spoken + 30 * 6 * SENTENCE_PAUSE


async def test_a_stream_of_nothing_but_the_copy_is_spoken_all_the_same() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {})
        await peer.send("synthesize", {"text": TEXT})
        await peer.send("synthesize-stop")
        assert seconds(await peer.until("synthesize-stopped")) > 0.5


@pytest.mark.parametrize("text", ["", "  \n", "...", "🙂"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_nothing_to_say_is_a_moment_of_silence_and_a_clean_end(text: str, streamed: bool) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        if streamed:
            await peer.send("synthesize-start", {})
            await peer.send("synthesize-chunk", {"text": text})
            await peer.send("synthesize-stop")
            heard = await peer.until("synthesize-stopped")
        else:
            await peer.send("synthesize", {"text": text})
            heard = await peer.until("audio-stop")
        assert kinds(heard)[:3] == PLAIN
        assert 0 < seconds(heard) < 0.1
        assert not any(pcm(heard))


async def test_a_stream_without_any_text_is_a_moment_of_silence() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {})
        await peer.send("synthesize-stop")
        assert kinds(await peer.until("synthesize-stopped")) == [*PLAIN, "synthesize-stopped"]


@pytest.mark.parametrize(
    ("voice", "spoken_by"),
    [
        ({"name": "echo"}, "echo"),
        ({"name": "en-US-GuyNeural"}, "echo"),
        ({"speaker": "shimmer"}, "shimmer"),
        ({"language": "en-US"}, "alloy"),
        ({}, "alloy"),
        (None, "alloy"),
    ],
)
async def test_the_voice_is_chosen_by_name_speaker_language_or_default(
    voice: dict[str, str] | None, spoken_by: str
) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize", {"text": TEXT, "voice": voice, "text_format": "text"})
        await peer.until("audio-stop")
        await door.outcomes()
        assert door.behind.turns[0].voice == spoken_by


async def test_the_profile_of_the_listener_gives_the_voice() -> None:
    async with wyoming_door(profile=Profile(voice="coral")) as door, door.peer() as peer:
        await peer.send("synthesize", {"text": TEXT})
        await peer.until("audio-stop")
        await door.outcomes()
        assert door.behind.turns[0].voice == "coral"


async def test_requests_sent_at_once_are_answered_one_after_the_other() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        for text in ("One.", "Two two.", "Three three three."):
            await peer.send("synthesize", {"text": text})
        lengths = [seconds(await peer.until("audio-stop")) for _ in range(3)]
        assert lengths == sorted(lengths)
        assert lengths[0] < lengths[1] < lengths[2]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"text": TEXT, "voice": {"name": "nobody"}}, "unknown-voice"),
        ({"text": TEXT, "voice": {"language": "tlh"}}, "unknown-voice"),
        ({"text": "<speak>Hello</spaek>", "text_format": "ssml"}, "invalid-request"),
        ({"text": 5}, "invalid-request"),
        ({}, "invalid-request"),
    ],
)
async def test_an_impossible_request_is_an_error_and_the_end(data: dict[str, object], code: str) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize", data)
        heard = await peer.rest()
        assert kinds(heard) == ["error"]
        assert errors(heard) == [code]


async def test_an_error_in_a_stream_ends_it_and_the_rest_of_the_text_is_drained() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {"voice": {"name": "nobody"}})
        heard = await peer.until("synthesize-stopped")
        assert kinds(heard) == ["error", "synthesize-stopped"]
        for _ in range(50):
            await peer.send("synthesize-chunk", {"text": "more and more " * 20})
        await peer.send("synthesize", {"text": "everything"})
        await peer.send("synthesize-stop")
        assert await peer.rest() == []


@pytest.mark.parametrize(
    ("events", "code"),
    [
        (["synthesize-chunk"], "out-of-order"),
        (["synthesize-stop"], "out-of-order"),
        (["synthesize-start", "synthesize-start"], "out-of-order"),
        (["synthesize-start", "audio-chunk"], "out-of-order"),
    ],
)
async def test_text_events_that_make_no_sense_are_an_error(events: list[str], code: str) -> None:
    async with wyoming_door() as door, door.peer() as peer:
        for event in events:
            await peer.send(event, {"text": "x"})
        await peer.send("synthesize-stop")
        heard = await peer.rest()
        assert heard[0].type == "error"
        assert errors(heard) == [code]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_text_that_is_too_long_is_spoken_up_to_the_limit_then_an_error(streamed: bool) -> None:
    settings = Settings(speech=Speech(max_characters=100))
    text = "The light is on in the kitchen. " * 4
    async with wyoming_door(settings=settings) as door, door.peer() as peer:
        if streamed:
            await peer.send("synthesize-start", {})
            for at in range(0, len(text), 20):
                await peer.send("synthesize-chunk", {"text": text[at : at + 20]})
        else:
            await peer.send("synthesize", {"text": text})
        heard = await peer.until("synthesize-stopped" if streamed else "audio-stop")
        ending = ["error", "audio-stop", "synthesize-stopped"] if streamed else ["error", "audio-stop"]
        assert kinds(heard) == ["audio-start", "audio-chunk", *ending]
        assert errors(heard) == ["text-too-long"]
        spoken = len("The light is on in the kitchen. ") * 3 + len("The")
        assert seconds(heard) == pytest.approx(spoken * MS_PER_CHARACTER / 1000 + 2 * SENTENCE_PAUSE, rel=0.2)
        assert await door.outcomes() == ["text-too-long"]


async def test_a_character_that_is_cut_between_two_chunks_is_one() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {})
        for text in ("It is \ud835", "\udc9c on", " and \udc9c it is."):
            await peer.send("synthesize-chunk", {"text": text})
        await peer.send("synthesize-stop")
        heard = await peer.until("synthesize-stopped")
        assert errors(heard) == []
        spoken = "It is \U0001d49c on and \ufffd it is."
        assert seconds(heard) == pytest.approx(len(spoken) * MS_PER_CHARACTER / 1000)


async def test_quiet_is_sent_ahead_of_the_first_sound() -> None:
    async with wyoming_door(settings=Settings(speech=Speech(lead_in=0.5))) as door, door.peer() as peer:
        for text, lead in ((TEXT, 0.5), (f"<speak><break time='1s'/>{TEXT}</speak>", 1.5)):
            await peer.send("synthesize", {"text": text})
            heard = await peer.until("audio-stop")
            assert seconds(heard) == pytest.approx(lead + len(TEXT) * MS_PER_CHARACTER / 1000)
            assert not any(pcm(heard)[: round(lead * 48_000)])
            assert any(pcm(heard)[round(lead * 48_000) :][:4800])


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_failure_before_any_audio_is_an_error_alone(streamed: bool) -> None:
    settings = Settings(deadlines=Deadlines(request=0.7))
    faults = Faults(failed_response=Failure())
    async with wyoming_door(faults=faults, settings=settings) as door, door.peer() as peer:
        if streamed:
            await peer.send("synthesize-start", {})
            await peer.send("synthesize-chunk", {"text": TEXT})
            await peer.send("synthesize-stop")
        else:
            await peer.send("synthesize", {"text": TEXT})
        heard = await peer.rest()
        assert kinds(heard) == (["error", "synthesize-stopped"] if streamed else ["error"])
        assert errors(heard) == ["response-failed"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_failure_after_audio_is_an_error_and_the_end_of_the_audio(streamed: bool) -> None:
    settings = Settings(deadlines=Deadlines(request=0.7, between_audio=0.3))
    faults = Faults(silent_audio=Stall(after_ms=200))
    async with wyoming_door(faults=faults, settings=settings) as door, door.peer() as peer:
        if streamed:
            await peer.send("synthesize-start", {})
            await peer.send("synthesize-chunk", {"text": TEXT})
            await peer.send("synthesize-stop")
        else:
            await peer.send("synthesize", {"text": TEXT})
        heard = await peer.rest()
        ending = ["error", "audio-stop", "synthesize-stopped"] if streamed else ["error", "audio-stop"]
        assert kinds(heard) == ["audio-start", "audio-chunk", *ending]
        assert errors(heard) == ["backend-timeout"]


async def test_a_client_that_is_gone_in_mid_audio_cancels_the_response() -> None:
    async with wyoming_door(faults=Faults(generation_pace=1)) as door, door.peer() as peer:
        await peer.send("synthesize", {"text": TEXT * 10})
        await peer.until("audio-chunk")
        peer.writer.transport.abort()
        assert await door.outcomes() == ["cancelled"]


async def test_a_client_that_is_gone_while_nothing_is_being_written_cancels_the_response() -> None:
    async with wyoming_door(faults=Faults(silent_response=Fault())) as door, door.peer() as peer:
        await peer.send("synthesize", {"text": TEXT})
        record = door.behind.server.record
        await eventually(lambda: any(s.counts["response.create"] for s in record.sessions))
        peer.writer.close()
        assert await door.outcomes() == ["cancelled"]  # long before the request's deadline


async def test_a_client_that_ends_its_side_after_the_text_still_gets_all_the_audio() -> None:
    async with wyoming_door(faults=Faults(first_audio_ms=200)) as door, door.peer() as peer:
        await peer.send_raw(event_bytes("synthesize", {"text": TEXT}))
        peer.end()
        assert kinds(await peer.rest()) == PLAIN
        assert await door.outcomes() == ["completed"]


async def test_a_stream_of_text_that_breaks_off_cancels_the_response() -> None:
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize-start", {})
        await peer.send("synthesize-chunk", {"text": "And then"})
        await peer.rest_after_end()
        assert await door.outcomes() == ["cancelled"]


def test_text_that_the_synthesis_does_not_take_waits_within_a_bound() -> None:
    handler = TtsHandler(cast("Any", None), cast("Any", None), lambda: None, "")
    assert handler.take(WireEvent("synthesize-start"))
    chunk = WireEvent("synthesize-chunk", json.dumps({"text": "x" * (1 << 10)}).encode())
    taken = 0
    while handler.take(chunk):
        taken += 1
        assert taken < 1000
    assert taken == 64
