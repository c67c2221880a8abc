"""Conversations by voice over the emulator: what is told, counted and bounded where something goes wrong."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from openai.types.realtime import RealtimeClientEvent
from pydantic import TypeAdapter

from tests.support.eventually import eventually
from tests.support.service import DEFAULTS, KEY, Running, running_service
from tests.support.spoken_words import speaking
from tests.support.voice_live_judge import client_complaints
from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.conversation import voice
from wyoming_azure_realtime.conversation.voice import (
    AnswerEnded,
    AnswerSound,
    AnswerWords,
    ConversationEvent,
    Heard,
    PersonStarted,
    SoundStopped,
    ToolRequest,
    Trouble,
    VoiceConversation,
)
from wyoming_azure_realtime.conversation.voice_sessions import MOST_UNREAD, MOST_UNSENT, Unread, VoiceRequest
from wyoming_azure_realtime.emulator import session as emulator_session
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.emulator.wire import decode_client
from wyoming_azure_realtime.errors import (
    BackendTimeout,
    ConversationOver,
    SessionLost,
    SpendingLimit,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import Observer, SessionClosed, SessionOpened, TurnKind, Warned
from wyoming_azure_realtime.settings.model import Settings, Talk, Target
from wyoming_azure_realtime.turns.budget import Allowance, Unlimited

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


async def test_where_nobody_can_write_down_what_is_said_it_is_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice, "MOST_TROUBLES", 1)  # of which this is none
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


class Frugal(Unlimited):
    """The limit is reached, and the target is all that may be used. `begun`: turns."""

    def __init__(self, target: Target) -> None:
        self.begun: set[str] = set()
        self.allowance = Allowance((target.name,))

    def begin(self, turn: str, kind: TurnKind) -> Allowance:
        self.begun.add(turn)
        return self.allowance


async def test_beyond_a_limit_whoever_asks_again_is_refused_again() -> None:
    spending: list[Frugal] = []

    def frugal(target: Target, observer: Observer) -> Frugal:
        spending.append(Frugal(target))
        return spending[0]

    async with running_service(engines=ENGINES, spending=frugal) as running:
        async with talking(running, detects=False) as conversation:
            await until(conversation, voice.ConversationReady)
            spending[0].allowance = Allowance(())
            for _ in range(2):
                await conversation.send(SAID)
                with pytest.raises(SpendingLimit):
                    await conversation.finish()
        assert not any(turn.requests for turn in running.turns)


async def test_a_service_that_does_not_answer_is_given_up_and_another_session_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice, "ANSWER_SECONDS", 0.3)
    faults = Faults(silent_commit=Fault(times=1))
    spending: list[Frugal] = []

    def frugal(target: Target, observer: Observer) -> Frugal:
        spending.append(Frugal(target))
        return spending[0]

    async with running_service(engines=ENGINES, faults=faults, spending=frugal) as running:
        async with talking(running, detects=False) as conversation:  # and speaks before it is open
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
        assert {turn.id for turn in running.turns} == spending[0].begun  # nothing stays reserved


async def test_without_a_service_it_ends_with_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "MOST_RENEWALS", 0)
    async with running_service(engines=ENGINES) as running:
        async with talking(running) as conversation:
            await until(conversation, voice.ConversationReady)
            running.server.drop_sessions()
            with pytest.raises(SessionLost):
                await until(conversation, AnswerEnded)
            async with asyncio.timeout(20):  # whoever goes on sending does not wait for anybody
                for _ in range(3):
                    await conversation.send(bytes(MOST_UNSENT))
                    await conversation.finish()
        assert running.service.idle
        await eventually(lambda: not running.server.record.open_sessions)


async def test_a_conversation_that_is_left_at_once_gives_its_place_back() -> None:
    async with running_service(engines=ENGINES, settings=Settings(talk=Talk(at_once=1))) as running:
        for _ in range(2):
            async with talking(running):
                pass
        assert running.service.idle


async def test_somebody_who_speaks_for_long_is_heard_out() -> None:
    async with running_service(engines=ENGINES) as running, talking(running) as conversation:
        await conversation.send(speaking(0.6, REALTIME))
        await until(conversation, PersonStarted)
        before = conversation._deadline()
        await conversation.send(speaking(0.1, REALTIME))
        assert conversation._deadline() > before
        async with talking(running, detects=False) as pressed:
            await until(pressed, voice.ConversationReady)
            before = pressed._deadline()
            await pressed.send(speaking(0.1, REALTIME))
            assert pressed._deadline() > before


async def test_a_tool_that_tells_no_text_has_failed() -> None:
    async def tool(request: ToolRequest) -> str:
        return None  # type: ignore[return-value]

    failed = {"tool": "warmth", "output": "/failed/", "text": "I cannot tell."}
    table = {"answers": [failed, TABLE["answers"][1]]}
    request = VoiceRequest("test", tools=(WARMTH,), detects=False, call_tool=tool)
    async with running_service(engines=sink_engines(("how warm is it",), TableAnswers(table))) as running:
        async with VoiceConversation(running.service.voice_sessions, request) as conversation:
            await conversation.send(SAID)
            await conversation.finish()
            await until(conversation, ToolRequest)
            await until(conversation, AnswerEnded)
            events = await until(conversation, AnswerEnded)
    assert [event.text for event in events if isinstance(event, AnswerWords)][-1] == "I cannot tell."


async def test_nobody_waits_to_send_what_no_session_will_get(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a program does that sends all it has before it looks at what came."""
    monkeypatch.setattr(voice, "MOST_RENEWALS", 0)
    async with running_service(engines=ENGINES) as running:
        async with talking(running) as conversation:
            await until(conversation, voice.ConversationReady)
            running.server.drop_sessions()
            with pytest.raises(SessionLost):
                await until(conversation, AnswerEnded)
            async with asyncio.timeout(20):
                for _ in range(3 * MOST_UNSENT // REALTIME.bytes_per_second):
                    await conversation.send(bytes(REALTIME.bytes_per_second))


@pytest.mark.parametrize("detects", [True, False])
async def test_who_speaks_for_long_is_not_taken_for_silent(
    detects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, passed, looks = voice._now, 0.0, 0

    class Watched(VoiceConversation):
        def _deadline(self) -> float:
            nonlocal looks
            looks += 1
            return super()._deadline()

    async def looked_at() -> None:
        before = looks
        await eventually(lambda: looks > before)

    monkeypatch.setattr(voice, "_now", lambda: real() + passed)
    async with running_service(engines=ENGINES) as running:
        sessions = running.service.voice_sessions
        async with Watched(sessions, VoiceRequest("test", detects=detects)) as conversation:
            await conversation.send(speaking(0.6, REALTIME))
            await until(conversation, PersonStarted if detects else voice.ConversationReady)
            for _ in range(2):
                passed += 0.75 * DEFAULTS.talk.idle
                await conversation.send(speaking(0.3, REALTIME))
                await looked_at()
            await conversation.send(silence(1500))
            await conversation.finish()
            *_, ended = await until(conversation, AnswerEnded)
            assert ended == AnswerEnded(1, 1, "completed")
            await conversation.send(speaking(0.6, REALTIME))
            if detects:
                await until(conversation, PersonStarted)
            passed += 2 * DEFAULTS.talk.idle  # without any sound
            with pytest.raises(ConversationOver):
                await until(conversation, AnswerEnded)


async def test_a_turn_that_loses_its_session_ends_all_the_same() -> None:
    """Nothing stays reserved for it."""
    begun: list[str] = []

    class Noted(Unlimited):
        def begin(self, turn: str, kind: TurnKind) -> Allowance:
            begun.append(turn)
            return super().begin(turn, kind)

    async with running_service(engines=ENGINES, spending=lambda target, observer: Noted()) as running:
        async with talking(running) as conversation:
            await until(conversation, voice.ConversationReady)
            running.server.drop_sessions()
            await until(conversation, Trouble)
            await conversation.send(SAID)
            await until(conversation, AnswerEnded)
        assert len(begun) > 1
        assert set(begun) == {turn.id for turn in running.turns}


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


JUDGES: dict[str, tuple[dict[str, Any], Callable[[str | bytes], object]]] = {
    "ga": ({}, TypeAdapter(RealtimeClientEvent).validate_json),
    "voice_live": (
        {
            "service": "voice_live",
            "realtime_deployment": "gpt-realtime",
            "transcription_deployment": "azure-speech",
        },
        client_complaints,
    ),
}
TABLE = {
    "answers": [
        {"tool": "warmth", "output": "/(\\d+)/", "text": "It is \\1 degrees" + " or so" * 300},
        {"heard": "how warm is it", "calls": [{"name": "warmth", "arguments": {"room": "kitchen"}}]},
    ]
}
WARMTH = {
    "type": "function",
    "name": "warmth",
    "description": "How warm it is.",
    "parameters": {"type": "object"},
}


@pytest.mark.parametrize("dialect", JUDGES)
async def test_all_that_is_sent_is_known_to_the_vendor_s_own_package(
    dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, judge = JUDGES[dialect]
    verdicts: list[object] = []
    kinds: set[str] = set()

    def read(frame: str | bytes, spoken: Any) -> Any:
        kinds.add(json.loads(frame)["type"])
        verdicts.append(judge(frame))
        return decode_client(frame, spoken)

    async def warmth(request: ToolRequest) -> str:
        return "21 degrees"

    monkeypatch.setattr(emulator_session, "decode_client", read)
    request = VoiceRequest("test", language="en", tools=(WARMTH,), detects=False, call_tool=warmth)
    engines = sink_engines(("how warm is it",), TableAnswers(TABLE))
    async with running_service(engines=engines, faults=Faults(generation_pace=1), **where) as running:
        async with VoiceConversation(running.service.voice_sessions, request) as conversation:
            await conversation.send(SAID)
            await conversation.finish()
            await until(conversation, AnswerSound)
            conversation.interrupt()
            *_, stopped = await until(conversation, SoundStopped)
            assert isinstance(stopped, SoundStopped)
            assert stopped.interrupted
            await until(conversation, AnswerEnded)
            running.server.drop_sessions()
            await until(conversation, Trouble)
            await eventually(lambda: running.server.record.open_sessions == 1)
            await conversation.send(SAID)
            await conversation.finish()
            await until(conversation, AnswerSound)
    assert kinds == {
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "conversation.item.create",
        "response.create",
        "response.cancel",
        "conversation.item.truncate",
    }
    assert [verdict for verdict in verdicts if isinstance(verdict, list) and verdict] == []


async def test_of_a_tool_that_returns_no_text_the_model_is_told_that_it_failed() -> None:
    async def warmth(request: ToolRequest) -> Any:
        return {"degrees": 21}

    table = {
        "answers": [
            {"tool": "warmth", "output": "/failed/", "text": "I cannot find out."},
            {"heard": "how warm is it", "calls": [{"name": "warmth"}]},
        ]
    }
    engines = sink_engines(("how warm is it",), TableAnswers(table))
    request = VoiceRequest("test", tools=(WARMTH,), detects=False, call_tool=warmth)
    async with running_service(engines=engines) as running:
        async with VoiceConversation(running.service.voice_sessions, request) as conversation:
            await conversation.send(SAID)
            await conversation.finish()
            await until(conversation, AnswerEnded)  # with the call
            events = await until(conversation, AnswerEnded)
    words = [event for event in events if isinstance(event, AnswerWords)]
    assert words[-1] == AnswerWords(1, 2, "I cannot find out.")
