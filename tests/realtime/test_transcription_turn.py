import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.realtime_samples import SERVER_EVENTS, JsonObject, name_of
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.codec import encode_client
from wyoming_azure_realtime.realtime.dialects import GaDialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.hint_limits import MOST_REFUSALS, NO_LIMITS, HintLimits
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, TurnDetection
from wyoming_azure_realtime.realtime.transcription_turn import (
    FinalText,
    HintsRefused,
    PartialText,
    TranscriptionOutcome,
    TranscriptionTurn,
)
from wyoming_azure_realtime.realtime.turn import ToSend

CONFIG = TranscriptionConfig(target="t", deployment="hears-well", model="whisper-1")
KINDS = pytest.mark.parametrize("kind", ["transcription", "realtime"])
NOTHING = Hints()
FULL = Hints("en", "Kitchen lights.")

Event = got.ServerEvent | got.UnknownEvent


def turn_of(
    turn_id: str = "t1",
    *,
    hints: Hints = FULL,
    sent_hints: Hints = FULL,
    kind: SessionKind = "transcription",
    foreign: frozenset[str] = frozenset(),
) -> TranscriptionTurn:
    return TranscriptionTurn(turn_id, CONFIG, hints, kind=kind, sent_hints=sent_hints, foreign_items=foreign)


def sent(event: Any) -> JsonObject:
    (frame,) = encode_client(event, GaDialect())
    decoded: JsonObject = json.loads(frame)
    return decoded


def committed(item: str) -> Event:
    return got.BufferCommitted(item_id=item)


def delta(item: str, text: str) -> Event:
    return got.TranscriptionDelta(item_id=item, delta=text)


def completed(item: str, text: str, usage: JsonObject | None = None) -> Event:
    return got.TranscriptionCompleted(item_id=item, transcript=text, usage=usage)


def failed(item: str, **error: Any) -> Event:
    return got.TranscriptionFailure(item_id=item, error=ErrorDetail(**error))


def refused(event_id: str | None = None, *, code: str | None = "invalid_value", **more: Any) -> Event:
    detail = ErrorDetail(type="invalid_request_error", code=code, event_id=event_id, **more)
    return got.Error(error=detail)


UPDATED = got.SessionUpdated(session={})


def outcomes(turn: TranscriptionTurn, *events: Event) -> list[TranscriptionOutcome]:
    return [outcome for event in events for outcome in turn.receive(event)]


def hints_in(outcome: TranscriptionOutcome) -> JsonObject:
    assert isinstance(outcome, ToSend)
    event = sent(outcome.event)
    assert (event["type"], event["event_id"]) == ("session.update", "t1-hints")
    hints: JsonObject = event["session"]["audio"]["input"]["transcription"]
    return hints


# --- what a turn sends


def test_a_session_that_knows_the_hints_is_told_nothing() -> None:
    assert turn_of(hints=FULL, sent_hints=FULL).begin() == []
    assert turn_of(hints=NOTHING, sent_hints=NOTHING).begin() == []


@KINDS
def test_other_hints_travel_ahead_of_the_audio(kind: SessionKind) -> None:
    turn = turn_of(hints=FULL, sent_hints=Hints("de"), kind=kind)
    (update,) = turn.begin()
    assert sent(update) == {
        "type": "session.update",
        "event_id": "t1-hints",
        "session": {
            "type": kind,
            "audio": {
                "input": {
                    "transcription": {"model": "hears-well", "language": "en", "prompt": "Kitchen lights."}
                }
            },
        },
    }
    assert turn.sent_hints == FULL


def test_the_commit_has_a_name() -> None:
    assert sent(turn_of().commit()) == {"type": "input_audio_buffer.commit", "event_id": "t1-commit"}


@pytest.mark.parametrize("name", ["i9", ""])
def test_the_only_open_item_may_go_by_another_name_where_it_is_transcribed(name: str) -> None:
    turn = turn_of(foreign=frozenset({"old"}))
    turn.commit()
    told = outcomes(
        turn, committed("i1"), completed("old", "no"), delta(name, "Turn on"), completed(name, "Turn on.")
    )
    assert told == [PartialText("Turn on"), FinalText("Turn on.")]
    assert turn.settled


def test_an_item_that_is_never_said_to_be_committed_is_the_one_that_was() -> None:
    turn = turn_of()
    assert turn.receive(completed("i8", "early")) == []
    turn = turn_of()
    turn.commit()
    assert turn.receive(completed("i9", "Turn on.")) == [FinalText("Turn on.")]


def test_late_text_of_an_earlier_draft_stays_out_by_either_of_its_names() -> None:
    first = turn_of()
    first.commit()
    outcomes(first, committed("i1"), completed("i9", "Turn"))
    second = turn_of("t2", foreign=frozenset(first.items))
    second.commit()
    assert outcomes(second, completed("i9", "Turn"), committed("i2"), completed("i1", "Turn")) == []
    assert second.receive(completed("i3", "Turn on.")) == [FinalText("Turn on.")]


# --- what a turn makes of events: name, kind, events, outcomes

FINAL = FinalText("Turn on the lights.")
DONE = completed("i1", "Turn on the lights.", {"seconds": 2})
HAPPY: dict[str, tuple[list[Event], list[TranscriptionOutcome]]] = {
    "text after the commit": (
        [committed("i1"), delta("i1", "Turn on"), delta("i1", " the lights"), DONE],
        [PartialText("Turn on"), PartialText(" the lights"), FINAL],
    ),
    "text while audio flows, before the commit names the item": (
        [delta("i1", "Turn"), delta("i1", " on"), committed("i1"), DONE],
        [PartialText("Turn"), PartialText(" on"), FINAL],
    ),
    "no partial text": ([committed("i1"), DONE], [FINAL]),
    "empty deltas are no news": ([committed("i1"), delta("i1", ""), DONE], [FINAL]),
    "nothing heard": ([committed("i1"), completed("i1", "")], [FinalText("")]),
    "the item's own events say nothing": (
        [
            committed("i1"),
            got.ItemAdded(item={"id": "i1"}),
            got.ItemDone(item={"id": "i1"}),
            got.RateLimitsUpdated(),
            got.UnknownEvent(type="conversation.created"),
            DONE,
        ],
        [FINAL],
    ),
    "other items say nothing": (
        [
            committed("i1"),
            committed("i2"),
            delta("i2", "no"),
            completed("i2", "no"),
            failed("i2", type="server_error"),
            DONE,
        ],
        [FINAL],
    ),
    "items of earlier turns say nothing, before or after the commit": (
        [
            delta("old", "no"),
            completed("old", "no"),
            failed("old", type="server_error"),
            committed("i1"),
            delta("old", "no"),
            completed("old", "no"),
            failed("old", type="server_error"),
            DONE,
        ],
        [FINAL],
    ),
    "a commit of an earlier turn is not ours": (
        [committed("old"), delta("i1", "Turn"), completed("old", "no"), committed("i1"), DONE],
        [PartialText("Turn"), FINAL],
    ),
    "a final text before the commit is of another utterance": (
        [completed("i0", "no"), committed("i1"), DONE],
        [FINAL],
    ),
    "a second commit is not ours": ([committed("i1"), committed("i2"), completed("i2", "no"), DONE], [FINAL]),
    "errors of earlier turns say nothing": (
        [refused("t0-commit"), refused("t0-delete"), refused("t11-hints"), committed("i1"), DONE],
        [FINAL],
    ),
    "answers to what had ended anyway say nothing": (
        [
            refused(code="item_delete_invalid_item_id"),
            refused("t1-delete", code="item_delete_invalid_item_id"),
            committed("i1"),
            DONE,
        ],
        [FINAL],
    ),
}


@pytest.mark.parametrize("case", HAPPY)
def test_in_a_transcription_session(case: str) -> None:
    events, expected = HAPPY[case]
    assert outcomes(turn_of(foreign=frozenset({"old"})), *events) == expected


@pytest.mark.parametrize("case", HAPPY)
def test_in_a_conversation_the_item_is_deleted_before_the_text_is_final(case: str) -> None:
    events, expected = HAPPY[case]
    *partials, delete, final = outcomes(turn_of(kind="realtime", foreign=frozenset({"old"})), *events)
    assert [*partials, final] == expected
    assert isinstance(delete, ToSend)
    assert sent(delete.event) == {
        "type": "conversation.item.delete",
        "item_id": "i1",
        "event_id": "t1-delete",
    }


@KINDS
@pytest.mark.parametrize("event", SERVER_EVENTS, ids=name_of)
def test_events_of_other_business_are_ignored(event: JsonObject, kind: SessionKind) -> None:
    turn = turn_of(kind=kind, foreign=frozenset({"item_1"}))
    decoded = msgspec.convert(event, got.by_type()[event["type"]])
    if not isinstance(decoded, got.Error):
        assert turn.receive(decoded) == []
        assert outcomes(turn, committed("i1"), DONE)[-1] == FINAL


def test_a_turn_is_settled_by_its_final_text_or_its_failure_and_by_nothing_else() -> None:
    turn = turn_of(foreign=frozenset({"old"}))
    assert turn.cancel() is None  # what was sent would stay in the buffer
    turn.commit()
    assert turn.cancel() == []
    outcomes(turn, completed("old", "no"), committed("i1"), delta("i1", "Turn"))
    before = turn.settled
    assert outcomes(turn, DONE, DONE) == [FINAL]  # once, though it came twice
    assert (before, turn.settled) == (False, True)
    assert turn.usages == [{"seconds": 2}]
    assert turn.items == {"i1"}


def test_what_failed_is_settled_as_well() -> None:
    turn = turn_of()
    turn.receive(committed("i1"))
    with pytest.raises(errors.BackendError):
        turn.receive(failed("i1", type="server_error"))
    assert turn.settled


# --- how a turn fails

FAILURES: dict[str, tuple[Event, type[errors.BackendError]]] = {
    "commit refused": (
        refused("t1-commit", code="input_audio_buffer_commit_empty", message="Buffer too small."),
        errors.ProtocolViolation,
    ),
    "refused without a name": (refused(message="Bad."), errors.ProtocolViolation),
    "session expired": (refused(code="session_expired"), errors.SessionLost),
    "internal error": (got.Error(error=ErrorDetail(type="server_error")), errors.SessionLost),
    "rate limit": (refused(code="rate_limit_exceeded"), errors.RateLimited),
    "key refused": (refused(code="invalid_api_key"), errors.AuthenticationFailed),
    "preview switched off": (refused(code="beta_api_shape_disabled"), errors.UnsupportedVersion),
    "no cause": (
        failed("i1", type="server_error", message="Input transcription failed."),
        errors.TranscriptionFailed,
    ),
    "not intelligible": (
        failed("i1", code="audio_unintelligible", message="No."),
        errors.TranscriptionFailed,
    ),
    "no error at all": (failed("i1"), errors.TranscriptionFailed),
    "rate limit of the transcription": (failed("i1", code="rate_limit_exceeded"), errors.RateLimited),
}


@KINDS
@pytest.mark.parametrize("case", FAILURES)
def test_a_turn_fails(case: str, kind: SessionKind) -> None:
    event, expected = FAILURES[case]
    turn = turn_of(kind=kind)
    turn.receive(committed("i1"))
    with pytest.raises(errors.BackendError) as caught:
        turn.receive(event)
    assert type(caught.value) is expected


def test_a_failure_before_the_commit_is_acknowledged_is_ours_too() -> None:
    with pytest.raises(errors.TranscriptionFailed):
        turn_of().receive(failed("i1", type="server_error"))


def test_a_transcription_that_fails_without_a_cause_names_the_deployment_to_check() -> None:
    turn = turn_of()
    turn.receive(committed("i1"))
    with pytest.raises(errors.TranscriptionFailed) as caught:
        turn.receive(failed("i1", type="server_error", message="Input transcription failed for item 'i1'."))
    assert "(Input transcription failed)" in caught.value.message
    assert caught.value.unexplained
    assert "'hears-well'" in caught.value.message
    assert "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT" in caught.value.advice


def test_a_transcription_that_fails_with_a_cause_does_not_blame_the_deployment() -> None:
    turn = turn_of()
    turn.receive(committed("i1"))
    with pytest.raises(errors.TranscriptionFailed) as caught:
        turn.receive(failed("i1", code="audio_unintelligible", message="The audio is not intelligible."))
    assert caught.value.advice == ""


def test_a_rate_limit_says_how_long_to_wait() -> None:
    turn = turn_of()
    turn.receive(committed("i1"))
    with pytest.raises(errors.RateLimited) as caught:
        turn.receive(failed("i1", code="rate_limit_exceeded", message="Please try again in 1.5s."))
    assert caught.value.retry_after == 1.5


# --- hints that the service refuses


@KINDS
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("code", ["invalid_value", "unknown_parameter", "invalid_type", None])
def test_refused_hints_become_fewer_then_none_and_never_a_failure(
    code: str | None, named: bool, kind: SessionKind
) -> None:
    refusal = refused("t1-hints" if named else None, code=code)
    turn = turn_of(hints=FULL, sent_hints=NOTHING, kind=kind)
    turn.begin()
    (fewer,) = turn.receive(refusal)
    assert hints_in(fewer) == {"model": "hears-well", "language": "en"}
    (none,) = turn.receive(refusal)
    assert hints_in(none) == {"model": "hears-well"}
    assert turn.receive(refusal) == []
    assert outcomes(turn, committed("i1"), DONE)[-1] == FINAL
    assert turn.sent_hints == NOTHING


def test_a_refused_language_alone_becomes_none() -> None:
    turn = turn_of(hints=Hints("en"), sent_hints=NOTHING)
    turn.begin()
    (none,) = turn.receive(refused("t1-hints"))
    assert hints_in(none) == {"model": "hears-well"}


def test_a_turn_remembers_what_the_session_was_told() -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING)
    turn.begin()
    turn.receive(refused("t1-hints"))
    turn.receive(UPDATED)
    assert turn.sent_hints == Hints("en")


def test_named_hints_are_refused_in_peace_even_after_an_acknowledgement_of_earlier_ones() -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING)
    turn.begin()
    turn.receive(UPDATED)
    assert hints_in(turn.receive(refused("t1-hints"))[0]) == {"model": "hears-well", "language": "en"}


MANY = Hints("de", "Zu Hause.", tuple("abcdefgh"))
KEYWORDS_MODEL = TranscriptionConfig(target="t", deployment="hears-well", model="gpt-live-transcribe")


def service_that_refuses(
    wrong: Callable[[JsonObject], str | None], hints: Hints = MANY
) -> tuple[list[JsonObject], list[HintLimits], Hints]:
    """What it is sent, what is learnt of it, and what it takes. `wrong`: the param of its refusal, if any."""
    turn = TranscriptionTurn(
        "t1", KEYWORDS_MODEL, hints, kind="transcription", sent_hints=NOTHING, foreign_items=frozenset()
    )
    seen, learnt, waiting = list[JsonObject](), list[HintLimits](), turn.begin()
    while waiting:
        seen.append(sent(waiting.pop())["session"]["audio"]["input"]["transcription"])
        param = wrong(seen[-1])
        answer = UPDATED if param is None else refused("t1-hints", param=param)
        for outcome in turn.receive(answer):
            if isinstance(outcome, ToSend):
                waiting.append(outcome.event)
            elif isinstance(outcome, HintsRefused):
                learnt.append(outcome.limits)
    return seen, learnt, turn.sent_hints


def test_a_refused_language_costs_neither_names_nor_prompt_from_the_next_turn_on() -> None:
    seen, [limits], accepted = service_that_refuses(lambda hints: "" if hints.get("languages") else None)
    assert accepted == NOTHING  # the language was the last one to be tried
    assert len(seen) <= MOST_REFUSALS
    assert limits.within(MANY) == replace(MANY, language="")


def test_where_the_service_names_the_language_nothing_else_is_given_up() -> None:
    path = "session.audio.input.transcription.languages[0]"
    seen, [limits], accepted = service_that_refuses(lambda hints: path if hints.get("languages") else None)
    assert len(seen) == 2
    assert accepted == limits.within(MANY) == replace(MANY, language="")


@pytest.mark.parametrize("bad", MANY.keywords)
def test_a_name_that_the_service_names_is_the_only_one_that_is_left_out(bad: str) -> None:
    def wrong(hints: JsonObject) -> str | None:
        names = hints.get("keywords", [])
        return f"session.audio.input.transcription.keywords[{names.index(bad)}]" if bad in names else None

    seen, [limits], accepted = service_that_refuses(wrong)
    assert len(seen) == 2
    assert accepted == limits.within(MANY)
    assert set(accepted.keywords) == {*MANY.keywords} - {bad}


@pytest.mark.parametrize("bad", MANY.keywords)
def test_names_are_halved_until_the_wrong_one_is_gone_and_most_of_them_come_back(bad: str) -> None:
    seen, [limits], accepted = service_that_refuses(lambda it: "" if bad in it.get("keywords", ()) else None)
    assert (accepted.language, accepted.prompt) == (MANY.language, MANY.prompt)
    assert len(seen) <= 5
    left = limits.within(MANY)
    assert bad not in left.keywords
    assert len(left.keywords) >= len(MANY.keywords) // 2


def test_where_there_are_too_many_names_two_turns_find_out_how_many_it_takes() -> None:
    names, limits = tuple(map(str, range(200))), NO_LIMITS
    hints, tried = replace(MANY, keywords=names), []
    for _ in range(4):
        seen, learnt, accepted = service_that_refuses(
            lambda it: "" if len(it.get("keywords", ())) > 30 else None, limits.within(hints)
        )
        tried.append(len(seen))
        for one in learnt:
            limits |= one
    assert tried[2:] == [1, 1]
    assert 10 < len(accepted.keywords) <= 30
    assert limits.within(hints) == accepted


def test_turn_detection_is_asked_for_again_with_the_fewer_hints() -> None:
    """A refused update changes nothing: what was right in it has not been taken either."""
    turn = turn_of(hints=replace(MANY, detection=TurnDetection(type="server_vad")), sent_hints=NOTHING)
    updates = [*turn.begin(), *turn.receive(refused("t1-hints"))]
    for update in updates:
        event = sent(update.event if isinstance(update, ToSend) else update)
        assert event["session"]["audio"]["input"]["turn_detection"] == {"type": "server_vad"}
    assert len(updates) == 2
    turn.receive(UPDATED)
    assert turn.known_hints == turn.sent_hints


def test_after_a_refusal_it_is_not_known_what_the_session_has_before_it_says_so() -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING)
    turn.begin()
    before = turn.known_hints
    turn.receive(refused("t1-hints"))
    assert (before, turn.known_hints) == (FULL, None)
    unknown = TranscriptionTurn(
        "t2", CONFIG, NOTHING, kind="transcription", sent_hints=None, foreign_items=frozenset()
    )
    assert len(unknown.begin()) == 1


def test_a_service_that_refuses_everything_is_left_in_peace() -> None:
    hints = replace(MANY, prompt="word " * 200, keywords=tuple(map(str, range(200))))
    seen, learnt, accepted = service_that_refuses(lambda _: "", hints)
    assert (len(seen) <= MOST_REFUSALS, learnt, accepted) == (True, [], NOTHING)
    seen, learnt, accepted = service_that_refuses(lambda _: "transcription.keywords[0]", hints)
    assert (len(seen) <= MOST_REFUSALS + 1, accepted) == (True, NOTHING)


def test_hints_refused_after_the_commit_cost_nothing() -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING)
    turn.begin()
    assert len(outcomes(turn, committed("i1"), refused("t1-hints"))) == 1
    assert outcomes(turn, DONE) == [FINAL]


def test_acknowledged_hints_are_not_blamed_for_a_nameless_error() -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING)
    turn.begin()
    turn.receive(UPDATED)
    with pytest.raises(errors.ProtocolViolation):
        turn.receive(refused())


def test_a_lost_session_is_no_refusal_of_hints() -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING)
    turn.begin()
    with pytest.raises(errors.SessionLost):
        turn.receive(refused("t1-hints", code="session_expired"))


# --- two turns on one session

LATE: list[Event] = [
    delta("i0", "late"),
    committed("i0"),
    completed("i0", "late"),
    failed("i0", type="server_error"),
    refused("t0-hints"),
    refused("t0-commit"),
    refused("t0-delete", code="item_delete_invalid_item_id"),
    refused(code="item_delete_invalid_item_id"),
    got.ItemDeleted(item_id="i0"),
    got.ItemAdded(item={"id": "i0"}),
    UPDATED,
]


@given(late=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(LATE)), max_size=8))
def test_late_events_of_an_earlier_turn_never_reach_the_next_one(late: list[tuple[int, Event]]) -> None:
    history: list[list[Event]] = [
        [delta("i1", "a")],
        [UPDATED],
        [committed("i1")],
        [delta("i1", "b")],
        [DONE],
    ]
    mixed = [
        event
        for position, own in enumerate([*history, []])
        for event in [*(other for place, other in late if place == position), *own]
    ]
    turn = turn_of(hints=FULL, sent_hints=NOTHING, foreign=frozenset({"i0"}))
    turn.begin()
    assert outcomes(turn, *mixed) == [PartialText("a"), PartialText("b"), FINAL]


def everything() -> st.SearchStrategy[Event]:
    """Any event of the reference, about any item, and any error."""
    ids = st.sampled_from(["", "i0", "i1", "i2"])
    codes = st.sampled_from([None, "invalid_value", "session_expired", "item_delete_invalid_item_id"])
    names = st.sampled_from([None, "t1-hints", "t1-commit", "t0-commit", ""])
    return (
        st.builds(committed, ids)
        | st.builds(delta, ids, st.sampled_from(["", "x"]))
        | st.builds(completed, ids, st.sampled_from(["", "x"]))
        | st.builds(lambda item, code: failed(item, code=code), ids, codes)
        | st.builds(lambda name, code: refused(name, code=code), names, codes)
        | st.sampled_from([msgspec.convert(event, got.by_type()[event["type"]]) for event in SERVER_EVENTS])
    )


@given(events=st.lists(everything(), max_size=20), kind=st.sampled_from(["transcription", "realtime"]))
def test_any_history_gives_outcomes_or_a_documented_error(events: list[Event], kind: SessionKind) -> None:
    turn = turn_of(hints=FULL, sent_hints=NOTHING, kind=kind, foreign=frozenset({"i0"}))
    turn.begin()
    try:
        results = outcomes(turn, *events)
    except errors.BackendError:
        return
    assert all(isinstance(result, PartialText | FinalText | HintsRefused | ToSend) for result in results)
    assert turn.item_id != "i0"
