"""Conversations by voice over the emulator: what is told, counted and bounded where something goes wrong."""

import asyncio

import pytest

from tests.support.eventually import eventually
from tests.support.service import KEY, Running, running_service
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.conversation import voice
from wyoming_azure_realtime.conversation.voice import (
    AnswerEnded,
    AnswerSound,
    AnswerWords,
    ConversationEvent,
    Heard,
    SoundStopped,
    Trouble,
    VoiceConversation,
)
from wyoming_azure_realtime.conversation.voice_sessions import MOST_UNREAD, Unread, VoiceRequest
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.errors import BackendTimeout, SessionLost, TooManyRequests
from wyoming_azure_realtime.observe import SessionClosed, SessionOpened, Warned

ENGINES = sink_engines(("tell me a story",), TableAnswers({"otherwise": "There was a lamp."}))
SAID = speaking(0.6, REALTIME) + silence(1500)


async def until(conversation: VoiceConversation, kind: type[ConversationEvent]) -> list[ConversationEvent]:
    """All events until one of this kind."""
    events: list[ConversationEvent] = []
    async with asyncio.timeout(20):
        async for event in conversation:
            events.append(event)
            if isinstance(event, kind):
                break
    return events


def talking(running: Running, **how: bool) -> VoiceConversation:
    return VoiceConversation(running.service.voice_sessions, VoiceRequest("test", **how))  # type: ignore[arg-type]


async def test_where_nobody_can_write_down_what_is_said_it_is_answered_all_the_same() -> None:
    options = ServerOptions(key=KEY, deployments=Deployments({"gpt-realtime": "gpt-realtime"}))
    async with running_service(engines=ENGINES, options=options) as running:
        async with talking(running) as conversation:
            for turn in (1, 2):
                await conversation.send(SAID)
                events = await until(conversation, AnswerEnded)
                if not any(isinstance(event, Heard) for event in events):
                    events += await until(conversation, Heard)
                assert Heard(turn, "") in events
                words = [event.text for event in events if isinstance(event, AnswerWords)]
                assert words[-1] == "There was a lamp."
                troubles = [event.code for event in events if isinstance(event, Trouble)]
                assert troubles == ["transcription-failed"] * (turn == 1)  # told once
        warned = [event.message for event in running.events if isinstance(event, Warned)]
        assert any("talk.transcription" in message for message in warned)


async def test_a_service_that_does_not_answer_is_given_up_and_another_session_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice, "ANSWER_SECONDS", 0.3)
    faults = Faults(silent_commit=Fault(times=1))
    async with running_service(engines=ENGINES, faults=faults) as running:
        async with talking(running, detects=False) as conversation:
            await conversation.send(SAID)
            await conversation.finish()
            *_, trouble = await until(conversation, Trouble)
            assert trouble == Trouble.of(BackendTimeout("The service does not answer."))
            monkeypatch.setattr(voice, "ANSWER_SECONDS", 30)
            await conversation.send(SAID)
            await conversation.finish()
            *_, ended = await until(conversation, AnswerEnded)
            assert ended == AnswerEnded(1, 1, "completed")
        seen = [event for event in running.events if isinstance(event, SessionOpened | SessionClosed)]
        assert [event.kind for event in seen] == ["answer"] * 4
        assert [turn.outcome for turn in running.turns][-1] == "completed"


async def test_without_a_service_it_ends_with_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "MOST_RENEWALS", 0)
    async with running_service(engines=ENGINES) as running:
        async with talking(running) as conversation:
            await until(conversation, voice.ConversationReady)
            running.server.drop_sessions()
            with pytest.raises(SessionLost):
                await until(conversation, AnswerEnded)
        assert running.service.idle
        await eventually(lambda: not running.server.record.open_sessions)


async def test_what_a_program_does_not_read_is_bounded_and_dropped_when_interrupted() -> None:
    unread = Unread()
    second = bytes(REALTIME.bytes_per_second)
    for _ in range(3):
        unread.put(AnswerSound(1, second))
    unread.put(AnswerWords(1, 1, "one"))
    unread.put(AnswerWords(1, 1, "one two"))
    unread.put(SoundStopped(1, 1, interrupted=False, ms=3000))
    unread.put(AnswerSound(2, second))
    unread.put(SoundStopped(1, 1, interrupted=True, ms=100))
    unread.end(None)
    assert [await unread.next() for _ in range(3)] == [
        AnswerWords(1, 1, "one two"),
        AnswerSound(2, second),
        SoundStopped(1, 1, interrupted=True, ms=100),
    ]
    with pytest.raises(StopAsyncIteration):
        await unread.next()
    full = Unread()
    for _ in range(MOST_UNREAD // len(second)):
        full.put(AnswerSound(1, second))
    with pytest.raises(TooManyRequests):
        full.put(AnswerSound(1, second))
