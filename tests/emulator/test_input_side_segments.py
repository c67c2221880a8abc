"""Turn detection by energy, in audio time."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.realtime_peer import hush, peer, tone
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.input_side import (
    SegmentContinued,
    SegmentDetector,
    SegmentEvent,
    SegmentStarted,
    SegmentStopped,
    SilenceTimeout,
)
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}


def turns(
    pcm: bytes, settings: dict[str, Any] = VAD, step: int | None = None, start_ms: int = 0
) -> list[SegmentEvent]:
    detector, events = SegmentDetector(settings, start_ms), list[SegmentEvent]()
    step = step or len(pcm)
    for start in range(0, len(pcm), step):
        events += detector.feed(pcm[start : start + step])
    return events


def marks(events: list[SegmentEvent]) -> list[SegmentStarted | SegmentStopped]:
    found = [event for event in events if not isinstance(event, SegmentContinued)]
    marks = [event for event in found if not isinstance(event, SilenceTimeout)]
    assert marks == found
    return marks


def audio(events: list[SegmentEvent]) -> bytes:
    return b"".join(event.audio for event in events if isinstance(event, SegmentStarted | SegmentContinued))


def test_a_turn_begins_before_its_speech_and_ends_with_its_silence() -> None:
    events = turns(hush(1000) + tone(400) + hush(1000))
    assert [type(event) for event in marks(events)] == [SegmentStarted, SegmentStopped]
    assert [event.at_ms for event in marks(events)] == [700, 1900]
    assert audio(events) == hush(300) + tone(400) + hush(500)


def test_padding_does_not_reach_back_before_the_session_or_into_the_turn_before() -> None:
    events = turns(tone(200) + hush(500) + tone(200) + hush(500))
    assert [event.at_ms for event in marks(events)] == [0, 700, 700, 1400]
    assert audio(events) == tone(200) + hush(500) + tone(200) + hush(500)


def test_time_goes_on_where_the_session_is() -> None:
    (started, stopped) = marks(turns(tone(200) + hush(600), start_ms=10_000))
    assert (started.at_ms, stopped.at_ms) == (10_000, 10_700)


@pytest.mark.parametrize("pcm", [hush(3000), hush(500) + tone(40) + hush(500)], ids=["silence", "a click"])
def test_what_is_no_speech_begins_no_turn(pcm: bytes) -> None:
    assert turns(pcm) == []


def test_steady_noise_begins_no_turn_once_it_is_known() -> None:
    chance = random.Random(1)
    noise = b"".join(chance.randrange(-90, 90).to_bytes(2, "little", signed=True) for _ in range(24 * 3000))
    assert turns(noise) == []


def test_the_threshold_decides_how_loud_speech_must_be() -> None:
    quiet = (np.frombuffer(tone(400), "<i2") // 100).astype("<i2").tobytes()
    assert not marks(turns(quiet, VAD | {"threshold": 0.9}))
    assert marks(turns(quiet, VAD | {"threshold": 0.1}))


def test_a_pause_shorter_than_the_window_belongs_to_the_turn() -> None:
    events = turns(tone(200) + hush(400) + tone(200) + hush(600))
    assert len(marks(events)) == 2


@pytest.mark.parametrize(
    ("eagerness", "ms"), [("high", 500), ("auto", 1000), ("medium", 1000), ("low", 2000)]
)
def test_semantic_turns_wait_longer_the_less_eager_they_are(eagerness: str, ms: int) -> None:
    events = turns(tone(200) + hush(2500), {"type": "semantic_vad", "eagerness": eagerness})
    assert marks(events)[1] == SegmentStopped(200 + ms)


def test_nobody_speaking_is_noticed_again_and_again() -> None:
    events = turns(hush(11_000), VAD | {"idle_timeout_ms": 5000})
    assert [(event.from_ms, event.to_ms) for event in events if isinstance(event, SilenceTimeout)] == [
        (0, 5000),
        (5000, 10_000),
    ]


def test_a_turn_closed_by_hand_does_not_stop_by_itself() -> None:
    detector = SegmentDetector(VAD)
    assert isinstance(next(iter(detector.feed(tone(60)))), SegmentStarted)
    detector.end_segment()
    assert not detector.in_segment
    assert marks(list(detector.feed(hush(2000)))) == []


SPEECH = hush(340) + tone(210) + hush(530) + tone(130) + hush(700)


@given(st.integers(1, len(SPEECH)))
@settings(max_examples=25, deadline=None)
def test_any_way_of_cutting_the_audio_gives_the_same_turns(step: int) -> None:
    whole, cut = turns(SPEECH), turns(SPEECH, step=max(step, 200))
    assert marks(cut) == marks(whole)
    assert audio(cut) == audio(whole)


async def test_turns_and_timeouts_shorter_than_a_commit_may_be_are_still_items() -> None:
    short = {"type": "server_vad", "prefix_padding_ms": 0, "silence_duration_ms": 0, "create_response": False}
    async with EmulatorServer(ServerOptions(), sink_engines()) as server, peer(server.url) as client:
        for wanted in (short, short | {"idle_timeout_ms": 5000}):
            await client.send(
                "session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": wanted}}}
            )
            await client.append(tone(60) + hush(40) if wanted is short else hush(5000))
            await client.until("conversation.item.done")
        assert "error" not in client.types()
