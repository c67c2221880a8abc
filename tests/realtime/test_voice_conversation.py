"""What follows from each event of a conversation by voice, in orders that no server is easily brought to."""

from collections.abc import Sequence
from typing import Any

import pytest

from wyoming_azure_realtime.errors import RateLimited, SessionLost
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as server
from wyoming_azure_realtime.realtime.conversation_events import (
    AnswerEnded,
    AnswerJudged,
    AnswerSound,
    Heard,
    Outcome,
    PersonStarted,
    SoundStopped,
    ToolRequest,
    Trouble,
)
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, Response, StatusDetails
from wyoming_azure_realtime.realtime.turn import ToSend
from wyoming_azure_realtime.realtime.voice_conversation import MOST_ROUNDS, ConversationState

SECOND = bytes(48_000)


class Session:
    """A conversation that is told what the service does, at `now`."""

    def __init__(self, *, detects: bool = True) -> None:
        self.state = ConversationState(detects=detects)
        self.now = 100.0

    def gets(self, *events: server.ServerEvent) -> list[Outcome]:
        return [outcome for event in events for outcome in self.state.receive(event, self.now)]

    def speech(self, item: str) -> list[Outcome]:
        return self.gets(
            server.SpeechStarted(audio_start_ms=0, item_id=item),
            server.SpeechStopped(audio_end_ms=0, item_id=item),
            server.BufferCommitted(item_id=item),
        )

    def answers(self, response: str = "r", *sounds: bytes, item: str = "a") -> list[Outcome]:
        begun = server.ResponseCreated(response=Response(id=response))
        deltas = [server.AudioDelta(response_id=response, item_id=item, delta=sound) for sound in sounds]
        words = server.AudioTranscriptDelta(response_id=response, item_id=item, delta="one two three four")
        return self.gets(begun, words, *deltas)

    def ends(self, response: str = "r", status: str = "completed", **more: Any) -> list[Outcome]:
        return self.gets(server.ResponseDone(response=Response(id=response, status=status, **more)))


def sent(outcomes: Sequence[Outcome]) -> list[client.ClientEvent]:
    return [outcome.event for outcome in outcomes if isinstance(outcome, ToSend)]


def call(number: int) -> dict[str, Any]:
    name = {"type": "function_call", "id": f"i{number}", "call_id": f"c{number}", "name": "warmth"}
    return {**name, "arguments": '{"room": "hall"}', "status": "completed"}


def test_what_was_heard_is_told_by_the_clock_unless_the_client_says_it() -> None:
    session = Session()
    session.speech("u1")
    session.answers("r", SECOND, SECOND)
    session.ends()
    session.now += 0.5
    started, cut, stopped = session.gets(server.SpeechStarted(audio_start_ms=0, item_id="u2"))
    assert isinstance(started, PersonStarted)
    assert isinstance(cut, ToSend)
    assert isinstance(cut.event, client.ConversationItemTruncate)
    assert (cut.event.item_id, cut.event.audio_end_ms) == ("a", 500)
    assert stopped == SoundStopped(1, 1, True, 500)
    assert [part.text for item in session.state.items() for part in item.content or ()] == ["one …"]


def test_an_answer_that_was_heard_to_its_end_is_not_interrupted() -> None:
    by_clock, by_client = Session(), Session()
    for session in (by_clock, by_client):
        session.speech("u1")
        session.answers("r", SECOND)
        session.ends()
    by_clock.now += 1.1
    by_client.state.note_played(1, 5000)
    for session in (by_clock, by_client):
        assert session.gets(server.SpeechStarted(audio_start_ms=0, item_id="u2")) == [PersonStarted(2)]
        assert session.state.interrupt(session.now) == []


def test_of_several_items_those_that_were_not_heard_are_deleted() -> None:
    session = Session()
    session.speech("u1")
    session.answers("r", SECOND, item="a")
    session.gets(server.AudioDelta(response_id="r", item_id="b", delta=SECOND))
    session.gets(server.AudioDelta(response_id="r", item_id="c", delta=SECOND))
    session.state.note_played(0, 1400)
    cancel, *cuts = sent(session.state.interrupt(session.now))
    assert isinstance(cancel, client.ResponseCancel)
    first, second, third = cuts
    assert isinstance(first, client.ConversationItemTruncate)
    assert (first.item_id, first.audio_end_ms) == ("a", 1000)
    assert isinstance(second, client.ConversationItemTruncate)
    assert (second.item_id, second.audio_end_ms) == ("b", 400)
    assert third == client.ConversationItemDelete(event_id="heard-1-cut", item_id="c")
    late = session.gets(server.AudioDelta(response_id="r", item_id="c", delta=SECOND))
    assert late == []
    ended, judged = session.ends(status="cancelled")
    assert ended == AnswerEnded(1, 1, "cancelled")
    assert isinstance(judged, AnswerJudged)
    assert judged.ms == 3000


def test_an_answer_that_is_cancelled_before_it_begins_ends_when_it_does() -> None:
    session = Session(detects=False)
    session.state.ask(session.now)
    (create,) = sent(session.gets(server.BufferCommitted(item_id="u1")))
    assert isinstance(create, client.ResponseCreate)
    assert session.state.answering
    assert session.state.interrupt(session.now) == []
    (cancel,) = sent(session.answers("r", SECOND))
    assert isinstance(cancel, client.ResponseCancel)
    session.ends(status="cancelled")
    assert not session.state.answering


def test_what_is_cancelled_before_the_service_has_taken_it_is_not_answered() -> None:
    session = Session(detects=False)
    session.state.ask(session.now)
    session.state.interrupt(session.now)
    assert sent(session.gets(server.BufferCommitted(item_id="u1"))) == []
    assert not session.state.answering
    session.state.ask(session.now)
    session.state.ask(session.now)  # the person goes on: only all of it is to be answered
    assert sent(session.gets(server.BufferCommitted(item_id="u2"))) == []
    (create,) = sent(session.gets(server.BufferCommitted(item_id="u3")))
    assert isinstance(create, client.ResponseCreate)


def test_what_a_tool_tells_after_a_cancel_is_not_answered() -> None:
    session = Session()
    session.speech("u1")
    session.answers()
    session.ends(output=[call(1)])
    session.state.cancel(session.now)
    session.speech("u2")
    session.answers("r2")
    session.ends("r2", output=[call(2)])
    told, create = sent(session.state.tool_result("c2", "22"))
    assert isinstance(told, client.ConversationItemCreate)
    assert isinstance(create, client.ResponseCreate)
    session.answers("r3")
    session.ends("r3")
    (told,) = sent(session.state.tool_result("c1", "21"))
    assert isinstance(told, client.ConversationItemCreate)
    assert not session.state.answering


def test_of_an_answer_that_was_cut_before_its_sound_nothing_was_heard() -> None:
    session = Session()
    session.speech("u1")
    session.answers("r")
    session.state.interrupt(session.now)
    session.ends(status="cancelled")
    assert session.state.items() == []


def test_a_model_that_calls_tools_without_end_is_told_to_answer() -> None:
    session = Session()
    session.speech("u1")
    for number in range(MOST_ROUNDS):
        session.answers(f"r{number}")
        assert any(isinstance(one, ToolRequest) for one in session.ends(f"r{number}", output=[call(number)]))
        _, create = sent(session.state.tool_result(f"c{number}", "21"))
        assert isinstance(create, client.ResponseCreate)
        choice = create.response.tool_choice if create.response else "auto"
        assert choice == ("none" if number == MOST_ROUNDS - 1 else "auto")
    session.answers("last")
    assert not any(isinstance(one, ToolRequest) for one in session.ends("last", output=[call(99)]))
    assert not session.state.waits_for_tools
    session.speech("u2")
    session.answers("next")
    assert any(isinstance(one, ToolRequest) for one in session.ends("next", output=[call(100)]))


def test_sound_is_whole_samples_however_it_comes() -> None:
    session = Session()
    session.speech("u1")
    outcomes = session.answers("r", b"123", b"4", b"5", b"678")
    assert [one.pcm for one in outcomes if isinstance(one, AnswerSound)] == [b"12", b"34", b"5678"]


def test_the_model_goes_on_when_all_results_are_there_and_no_answer_is_made() -> None:
    session = Session()
    session.speech("u1")
    session.answers()
    asked = session.ends(output=[call(1), call(2)])
    requests = [one for one in asked if isinstance(one, ToolRequest)]
    assert [(one.call, one.arguments) for one in requests] == [
        ("c1", {"room": "hall"}),
        ("c2", {"room": "hall"}),
    ]
    (first,) = sent(session.state.tool_result("c1", "21"))
    assert isinstance(first, client.ConversationItemCreate)
    assert session.state.tool_result("c1", "again") == []
    # somebody spoke meanwhile, and is being answered
    session.speech("u2")
    session.answers("r2")
    (second,) = sent(session.state.tool_result("c2", "22"))
    assert isinstance(second, client.ConversationItemCreate)
    (create,) = sent(session.ends("r2"))
    assert isinstance(create, client.ResponseCreate)
    assert session.state.answering


def test_a_response_that_failed_says_why_and_the_conversation_goes_on() -> None:
    session = Session()
    session.speech("u1")
    session.answers()
    details = StatusDetails(error=ErrorDetail(code="rate_limit_exceeded", message="Try again in 2s."))
    trouble, ended, judged = session.ends(status="failed", status_details=details)
    assert isinstance(trouble, Trouble)
    assert (trouble.code, trouble.final) == ("rate-limited", False)
    assert ended == AnswerEnded(1, 1, "failed")
    assert isinstance(judged, AnswerJudged)
    assert isinstance(judged.error, RateLimited)
    assert not session.state.answering


def test_what_a_service_refuses_of_cuts_is_nobody_s_trouble() -> None:
    session = Session()
    for detail in (
        ErrorDetail(code="response_cancel_not_active"),
        ErrorDetail(code="invalid_value", param="audio_end_ms"),
        ErrorDetail(code="invalid_value", event_id="heard-1-cut"),
    ):
        assert session.gets(server.Error(error=detail)) == []
    (trouble,) = session.gets(
        server.Error(error=ErrorDetail(code="invalid_value", message="Something else."))
    )
    assert isinstance(trouble, Trouble)
    with pytest.raises(RateLimited):
        session.gets(server.Error(error=ErrorDetail(code="rate_limit_exceeded")))


def test_with_its_session_lost_an_answer_has_failed_and_the_text_is_kept() -> None:
    session = Session()
    session.speech("u1")
    heard = server.TranscriptionCompleted(item_id="u1", transcript=" Hello. ")
    assert session.gets(heard)[0] == Heard(1, "Hello.")
    session.answers("r", SECOND)
    session.now += 0.25
    lost = SessionLost("It is gone.")
    stopped, trouble, ended, judged = session.state.lost(lost, session.now)
    assert trouble == Trouble("session-lost", "It is gone.")
    assert isinstance(judged, AnswerJudged)
    assert judged.error is lost
    assert stopped == SoundStopped(1, 1, True, 250)
    assert ended == AnswerEnded(1, 1, "failed")
    said, answered = session.state.items()
    assert (said.role, answered.role) == ("user", "assistant")
    assert not session.state.answering
    assert session.speech("u2")[0] == PersonStarted(2)
