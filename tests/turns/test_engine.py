"""Every way a turn can go, over the real pool and a scripted service, in virtual time."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest

from tests.support.room_sounds import click, nothing, pcm
from tests.support.scripted_channel import (
    HONEST,
    SAID,
    USAGE,
    Script,
    Scripted,
    ScriptedChannel,
    created,
    done,
    new_id,
    scripted_service,
    service_that_says,
    spoken,
    text_of,
    transcribed,
)
from tests.support.spoken_words import FIRST_CLAUSE, ONE_WORD, speech
from tests.support.virtual_time import in_virtual_time
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.observe import RequestJudged, RequestSent
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as server
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, StatusDetails
from wyoming_azure_realtime.realtime.speech_turn import WORDINGS
from wyoming_azure_realtime.settings.model import Budget, Deadlines, Pool, Recognition, Settings
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.requests import RecognitionResult as Recognised
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.turns.budget import MAX_FAULTS

SIXTEEN = AudioFormat(16_000, 2, 1)
CHUNK = 320  # bytes: 10 ms
COMMAND = speech(FIRST_CLAUSE, before=200, after=700)
TEXT = "the kitchen light is on"
SERVER_ENDS = Recognition(requires_external_vad=False)


def now() -> float:
    return asyncio.get_running_loop().time()


async def hear(service: SpeechService, audio: bytes, *, then_quiet: float = 0.0, client: str = "") -> str:
    """In real time; `then_quiet`: seconds of quiet that follow until there is an answer."""
    async with service.recognize(RecognitionRequest("test", client=client)) as utterance:
        utterance.begin(SIXTEEN)
        answer = asyncio.create_task(_last(utterance.results()))
        audio += bytes(round(then_quiet * 32_000))
        for at in range(0, len(audio), CHUNK):
            if answer.done():
                break
            utterance.write(audio[at : at + CHUNK])
            await asyncio.sleep(0.01)
        utterance.finish()
        return (await answer).text


async def _last(results: AsyncIterator[Partial | Recognised]) -> Recognised:
    last = [result async for result in results][-1]
    assert isinstance(last, Recognised)
    return last


async def speak(service: SpeechService, text: str, *, client: str = "") -> bytes:
    async with service.synthesize(SynthesisRequest("test", client=client)) as synthesis:
        await synthesis.write(text)
        synthesis.finish()
        return b"".join([pcm async for pcm in synthesis.audio()])


def judged(running: Scripted) -> Counter[str]:
    return Counter(
        event.outcome for event in running.events if isinstance(event, RequestJudged) and event.asked
    )


# --- what a command may cost


def tapped(taps: int) -> bytes:
    """A command, 0.4 s of quiet, a tap, quiet, and so on."""
    tap = pcm(click(dbfs=-30.0)) if taps else b""
    return speech(FIRST_CLAUSE, before=200, after=400) + (tap + bytes(12_800)) * taps


@pytest.mark.parametrize("taps", [0, 1, 2, 5, 30])
@pytest.mark.parametrize("draft_after", [0.0, 0.2])
@in_virtual_time
async def test_taps_after_a_command_cost_little_where_the_server_ends_it(
    taps: int, draft_after: float
) -> None:
    settings = Settings(recognition=Recognition(requires_external_vad=False, draft_after=draft_after))
    async with scripted_service(settings=settings) as running:
        assert await hear(running.service, tapped(taps), then_quiet=20) == SAID
        (turn,) = running.turns
    assert turn.requests == running.requests <= (4 if taps else 1)
    assert turn.sessions <= 2
    assert turn.sent_seconds <= 3 * turn.audio_seconds
    assert turn.total_seconds < 5


@pytest.mark.parametrize("seed", range(20))
@in_virtual_time
async def test_no_sound_exceeds_the_budget_whoever_ends_the_command(seed: int) -> None:
    chance = random.Random(seed)
    budget = Budget(requests=chance.randint(1, 6), sessions=chance.randint(1, 3), audio_factor=2.0)
    recognition = Recognition(requires_external_vad=chance.random() < 0.5, longest_turn=30.0)
    sounds = [
        lambda: speech(ONE_WORD),
        lambda: bytes(320 * chance.randint(1, 150)),
        lambda: pcm(click(dbfs=chance.uniform(-45.0, -15.0))),
        lambda: pcm(chance.uniform(-3000.0, 3000.0) * (nothing(0.05) + 1.0)),
    ]
    audio = b"".join(chance.choice(sounds)() for _ in range(60))
    texts = [SAID, "", SAID]
    script = service_that_says(str, lambda: chance.choice(texts), chance.choice((0.01, 0.45, 3.0)))
    async with scripted_service(script, Settings(recognition=recognition, budget=budget)) as running:
        await hear(running.service, audio, then_quiet=20)
        (turn,) = running.turns
    # the last pass, over the rest, stands in for a whole that comes too late
    assert turn.requests <= budget.requests + 1
    assert turn.sent_seconds <= (budget.audio_factor + 1) * turn.audio_seconds
    assert turn.attempts <= budget.requests + 1


@in_virtual_time
async def test_a_pause_is_a_draft_only_while_the_whole_can_be_sent_again() -> None:
    pauses = speech(FIRST_CLAUSE, before=100, after=500) * 8
    for factor, most in ((1.0, 1), (2.0, 3), (10.0, 9)):
        settings = Settings(budget=Budget(audio_factor=factor))
        async with scripted_service(settings=settings) as running:
            assert await hear(running.service, pauses) == SAID
            (turn,) = running.turns
        assert turn.sent_seconds <= factor * turn.audio_seconds
        assert turn.requests <= most


def answers_by(*plan: tuple[float, str]) -> Script:
    """The first commits are answered after so many seconds with so many words, all others never.

    A text `!code` is an error.
    """
    left = list(plan)

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.InputAudioBufferCommit) and left:
            seconds, text = left.pop(0)
            item = new_id()
            channel.says(server.BufferCommitted(item_id=item))
            if text.startswith("!"):
                channel.says(server.Error(error=ErrorDetail(code=text[1:])), after=seconds)
            else:
                channel.says(transcribed(text, item)[1], after=seconds)

    return script


TWO_PAUSES = (
    speech(FIRST_CLAUSE, before=200, after=400) + speech(ONE_WORD, after=400) + speech(ONE_WORD, after=100)
)
NEVER = 1000.0


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        # the rest is begun behind the first draft; that the second one answers later changes nothing
        ([(0.1, "one"), (12.0, "one two"), (NEVER, ""), (0.2, "two three")], "one two three"),
        # the first draft never answers: the rest is begun behind the second
        ([(NEVER, ""), (0.1, "one two"), (NEVER, ""), (0.2, "three")], "one two three"),
        # the whole fails for good while the rest is under way
        ([(0.1, "one"), (NEVER, ""), (12.0, "!invalid_api_key"), (4.0, "two three")], "one two three"),
        # and before it was
        ([(0.1, "one"), (NEVER, ""), (6.0, "!invalid_api_key"), (3.0, "two three")], "one two three"),
    ],
)
@in_virtual_time
async def test_a_draft_and_what_came_after_it_stand_in_for_a_whole_that_does_not_come(
    plan: list[tuple[float, str]], expected: str
) -> None:
    settings = Settings(deadlines=Deadlines(request=20.0, transcript=60.0))
    async with scripted_service(answers_by(*plan), settings) as running:
        assert await hear(running.service, TWO_PAUSES) == expected
        for channel in running.channels:
            await channel.close()


@in_virtual_time
async def test_drafts_of_a_slow_service_hold_few_sessions() -> None:
    settings = Settings(budget=Budget(audio_factor=50.0), deadlines=Deadlines(transcript=60.0))
    async with scripted_service(service_that_says(str, lambda: SAID, 50.0), settings) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            audio = speech(ONE_WORD, before=100, after=400) * 8
            for at in range(0, len(audio), CHUNK):
                utterance.write(audio[at : at + CHUNK])
                await asyncio.sleep(0.01)
            await asyncio.sleep(1.0)
            assert 1 <= running.requests <= 2
            assert sum(channel.audio_bytes > 0 for channel in running.channels) <= 2


@in_virtual_time
async def test_a_tap_after_a_cough_is_no_reason_to_ask_again() -> None:
    settings = Settings(recognition=Recognition(requires_external_vad=False, draft_after=0.0))
    audio = speech(ONE_WORD, before=200, after=1500) + pcm(click(dbfs=-25.0)) + bytes(64_000)
    async with scripted_service(service_that_says(str, lambda: ""), settings) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            for at in range(0, len(audio), CHUNK):
                utterance.write(audio[at : at + CHUNK])
                await asyncio.sleep(0.01)
            assert running.requests == 1


# --- what a text may cost


def never_the_text(text: str) -> str:
    return "I would rather tell you a story about something else entirely."


@pytest.mark.parametrize("requests", [1, 3, 12])
@in_virtual_time
async def test_a_text_that_is_never_said_costs_so_many_requests_and_one_session(requests: int) -> None:
    settings = Settings(budget=Budget(requests=requests))
    async with scripted_service(service_that_says(never_the_text, str), settings) as running:
        with pytest.raises(errors.ContentMismatch):
            await speak(running.service, TEXT)
        (turn,) = running.turns
    expected = min(requests, WORDINGS)
    assert turn.requests == turn.mismatches == running.requests == expected
    assert turn.outcome == "content-mismatch"
    assert turn.sessions == 0
    assert max(channel.requests for channel in running.channels) == expected  # all on one session
    assert judged(running) == {"content-mismatch": expected}


@in_virtual_time
async def test_a_text_that_is_never_said_and_slowly_ends_with_its_deadline() -> None:
    async with scripted_service(service_that_says(never_the_text, str, 3.5)) as running:
        began = now()
        with pytest.raises(errors.BackendError):
            await speak(running.service, TEXT)
        assert now() - began <= Settings().deadlines.request + 1.0
        assert running.requests < Settings().budget.requests


@in_virtual_time
async def test_a_service_without_latency_is_asked_no_more_often() -> None:
    async with scripted_service(service_that_says(never_the_text, str, 0.0)) as running:
        with pytest.raises(errors.BackendError):
            await speak(running.service, TEXT)
    assert running.requests <= Settings().budget.requests


def deaf_to_cancel(channel: ScriptedChannel, event: client.ClientEvent) -> None:
    """Says something else and goes on talking."""
    if isinstance(event, client.ResponseCreate):
        response = new_id()
        channel.says(created(event, response), *spoken(never_the_text(""), response)[:2])


@in_virtual_time
async def test_sessions_that_do_not_leave_off_are_closed_and_counted() -> None:
    settings = Settings(budget=Budget(sessions=2))
    async with scripted_service(deaf_to_cancel, settings) as running:
        with pytest.raises(errors.ContentMismatch):
            await speak(running.service, TEXT)
        (turn,) = running.turns
    assert turn.sessions == turn.requests == 2
    assert judged(running) == {"content-mismatch": 2}


def endless(channel: ScriptedChannel, event: client.ClientEvent) -> None:
    """Says the text and then on and on."""
    if isinstance(event, client.ResponseCreate):
        response = new_id()
        channel.says(created(event, response), *spoken(text_of(event), response)[:2])
        for step in range(2_000):
            channel.says(spoken("", response)[1], after=step / 50)


@in_virtual_time
async def test_a_service_that_does_not_stop_speaking_is_stopped() -> None:
    async with scripted_service(endless) as running:
        await speak(running.service, TEXT)
        (turn,) = running.turns
        assert turn.last_resorts == 1
        for channel in running.channels:
            await channel.close()
    assert turn.received_seconds < 30


@in_virtual_time
async def test_leaving_cancels_the_response_by_its_id_and_keeps_the_session() -> None:
    async with scripted_service() as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write(TEXT)
            synthesis.finish()
            await anext(synthesis.audio())
        cancels = [
            event
            for channel in running.channels
            for event in channel.sent
            if isinstance(event, client.ResponseCancel)
        ]
        assert len(cancels) == 1
        assert cancels[0].response_id
        (turn,) = running.turns
        assert turn.outcome == "cancelled"
        assert turn.usage == USAGE  # it is paid for all the same
        assert judged(running) == {"cancelled": 1}
        opened = len(running.channels)
        assert await speak(running.service, TEXT)
        assert len(running.channels) == opened


@in_virtual_time
async def test_leaving_before_the_response_has_an_id_cancels_it_as_soon_as_it_has() -> None:
    def slow(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            channel.says(created(event, "r1"), after=0.2)
        elif isinstance(event, client.ResponseCancel):
            channel.says(done(event.response_id or "", "cancelled"))

    async with scripted_service(slow) as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write(TEXT)
            synthesis.finish()
            await asyncio.sleep(0.5)
        await asyncio.sleep(0)
        assert judged(running) == {"cancelled": 1}
        assert [
            event.response_id
            for event in running.channels[0].sent
            if isinstance(event, client.ResponseCancel)
        ] == ["r1"]


@in_virtual_time
async def test_leaving_while_the_whole_is_transcribed_closes_the_session_at_once() -> None:
    async with scripted_service(service_that_says(str, lambda: SAID, 3.0)) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(SIXTEEN)
            utterance.write(COMMAND)
            utterance.finish()
            await asyncio.sleep(1.0)
            began = now()
        assert now() - began < 0.01
        assert judged(running) == {"abandoned": 1}  # what it costs is never told
        assert any(channel.requests and channel.closed for channel in running.channels)


@in_virtual_time
async def test_a_draft_that_nobody_needs_any_more_is_counted_and_its_session_is_used_again() -> None:
    settings = Settings(recognition=Recognition(draft_after=0.2))
    audio = speech(FIRST_CLAUSE, before=200, after=300) + speech(ONE_WORD, after=700)
    async with scripted_service(settings=settings) as running:
        assert await hear(running.service, audio) == SAID
        (turn,) = running.turns
    assert turn.requests == 2
    assert turn.sessions == 0
    assert turn.usage["output_token_details"]["audio_tokens"] == 16
    assert turn.usage["total_tokens"] == 20


@in_virtual_time
async def test_usage_of_failed_responses_is_counted_too() -> None:
    failures = 2

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        nonlocal failures
        if isinstance(event, client.ResponseCreate) and failures:
            failures -= 1
            error = StatusDetails(type="failed", error=ErrorDetail(type="server_error", message="It broke."))
            channel.says(created(event, "r"), done("r", "failed", status_details=error))
        else:
            HONEST(channel, event)

    async with scripted_service(script) as running:
        assert await speak(running.service, TEXT)
        (turn,) = running.turns
    assert turn.requests == 3
    assert turn.usage["total_tokens"] == 30
    assert turn.usage["output_token_details"] == {"audio_tokens": 24, "text_tokens": 6}
    assert judged(running) == {"response-failed": 2, "completed": 1}
    assert sum(isinstance(event, RequestSent) for event in running.events) == 3


def chatter(*events: server.ServerEvent | server.UnknownEvent, every: float = 1.0) -> Script:
    """Never answers, but always says something."""

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate | client.InputAudioBufferCommit):
            response = new_id()
            if isinstance(event, client.ResponseCreate):
                channel.says(created(event, response), *spoken(text_of(event), response)[:1])
            for number in range(200):
                channel.says(*(events or [one_sample(response)]), after=every * number)

    return script


def one_sample(response: str) -> server.ServerEvent:
    return server.AudioDelta(response_id=response, item_id="i", delta=b"\1\0")


@pytest.mark.parametrize("events", [(), (server.RateLimitsUpdated(),), (server.UnknownEvent(type="new"),)])
@in_virtual_time
async def test_whatever_keeps_coming_a_text_ends_with_its_deadline(
    events: tuple[server.ServerEvent | server.UnknownEvent, ...],
) -> None:
    async with scripted_service(chatter(*events)) as running:
        began = now()
        with pytest.raises(errors.BackendError):
            await speak(running.service, TEXT)
        assert now() - began <= Settings().deadlines.request + 5
        for channel in running.channels:
            await channel.close()


@in_virtual_time
async def test_what_brings_a_turn_no_further_does_not_put_off_the_next_attempt() -> None:
    async with scripted_service(chatter(server.RateLimitsUpdated())) as running:
        with pytest.raises(errors.BackendError):
            await speak(running.service, TEXT)
        deadlines = Settings().deadlines
        assert running.turns[0].attempts >= deadlines.request / (deadlines.first_audio + 2)
        for channel in running.channels:
            await channel.close()


@in_virtual_time
async def test_whatever_keeps_coming_a_command_ends_with_its_deadline() -> None:
    async with scripted_service(chatter(server.RateLimitsUpdated())) as running:
        began = now()
        with pytest.raises(errors.BackendTimeout):
            await hear(running.service, COMMAND)
        assert now() - began <= Settings().deadlines.request + 5
        for channel in running.channels:
            await channel.close()


@in_virtual_time
async def test_a_long_text_that_is_spoken_slowly_is_not_cut_off() -> None:
    def steady(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            response, text = new_id(), text_of(event)
            channel.says(created(event, response), *spoken(text, response)[:1])
            for second in range(60):
                part = server.AudioDelta(response_id=response, item_id="i", delta=bytes(48_000))
                channel.says(part, after=1.0 + second)
            channel.says(*spoken(text, response)[2:], done(response), after=61.0)

    text = "the kitchen light is on and " * 10
    async with scripted_service(steady) as running:
        assert len(await speak(running.service, text)) >= 60 * 48_000


@pytest.mark.parametrize("turn", ["command", "text"])
@in_virtual_time
async def test_a_retry_after_that_is_longer_than_what_is_left_is_told_at_once(turn: str) -> None:
    async with scripted_service() as running:
        running.opener.refusal = errors.RateLimited("Too many.", retry_after=60.0)
        began = now()
        with pytest.raises(errors.RateLimited):
            await (hear(running.service, COMMAND) if turn == "command" else speak(running.service, TEXT))
        assert now() - began <= len(COMMAND) / 32_000 + 0.5


@in_virtual_time
async def test_a_retry_after_that_fits_is_waited_for() -> None:
    async with scripted_service() as running:
        running.opener.refusal = errors.RateLimited("Too many.", retry_after=7.0)
        asyncio.get_running_loop().call_later(5.0, setattr, running.opener, "refusal", None)
        began = now()
        assert await hear(running.service, COMMAND) == SAID
        assert 7.0 <= now() - began <= 9.0


@pytest.mark.parametrize("error", [errors.SessionLost("x"), errors.ConnectFailed("x", status=503)])
@in_virtual_time
async def test_failures_end_after_so_many_attempts_or_with_the_deadline(error: errors.BackendError) -> None:
    settings = Settings(deadlines=Deadlines(request=3600.0))

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            channel.drops()

    async with scripted_service(script, settings) as running:
        if isinstance(error, errors.ConnectFailed):
            running.opener.refusal = error
        with pytest.raises(errors.BackendError):
            await speak(running.service, TEXT)
        (turn,) = running.turns
    assert turn.attempts <= MAX_FAULTS


# --- sessions that died silently


@pytest.mark.parametrize("siblings", [1, 2, 4, 8])
@pytest.mark.parametrize("turn", ["command", "text"])
@in_virtual_time
async def test_after_the_loss_of_all_sessions_the_next_turn_fails_once_and_the_one_after_it_not(
    siblings: int, turn: str
) -> None:
    settings = Settings(pool=Pool(min_size=siblings))

    async def ask(running: Scripted) -> float:
        began = now()
        if turn == "command":
            assert await hear(running.service, COMMAND) == SAID
            return now() - began - len(COMMAND) / 32_000
        assert await speak(running.service, TEXT)
        return now() - began

    async with scripted_service(settings=settings) as running:
        running.service.warm()
        await asyncio.sleep(1.0)
        usual = await ask(running)
        await asyncio.sleep(5.0)
        running.lose()
        first = await ask(running)
        assert first <= usual + 2.5
        assert running.turns[-1].attempts == 2
        second = await ask(running)
        assert second <= usual + 0.2
        assert running.turns[-1].attempts == 1


@in_virtual_time
async def test_what_one_kind_of_turn_has_found_out_spares_the_other_kind() -> None:
    async with scripted_service() as running:
        running.service.warm()
        await asyncio.sleep(1.0)
        running.lose()
        assert await hear(running.service, COMMAND) == SAID
        assert await speak(running.service, TEXT)
        assert [turn.attempts for turn in running.turns] == [2, 1]


@pytest.mark.parametrize("siblings", [2, 8])
@in_virtual_time
async def test_behind_a_proxy_that_answers_pings_the_second_attempt_is_on_a_new_session(
    siblings: int,
) -> None:
    async with scripted_service(settings=Settings(pool=Pool(min_size=siblings))) as running:
        running.service.warm()
        await asyncio.sleep(1.0)
        running.lose(pings_answered=True)
        began = now()
        assert await speak(running.service, TEXT)
        assert running.turns[-1].attempts == 2
        assert now() - began <= Settings().deadlines.first_audio + 2.0


@in_virtual_time
async def test_a_session_that_dies_in_mid_command_is_noticed_before_the_transcript_is_late() -> None:
    async with scripted_service() as running:
        running.service.warm()
        await asyncio.sleep(1.0)
        command = speech(" ".join([FIRST_CLAUSE] * 4), before=200, after=700)  # without a pause
        asyncio.get_running_loop().call_later(1.5, running.lose)
        began = now()
        assert await hear(running.service, command) == SAID
        assert now() - began - len(command) / 32_000 <= 0.1
        assert running.turns[0].attempts == 2


@in_virtual_time
async def test_a_service_that_thinks_for_long_but_is_there_is_waited_for() -> None:
    async with scripted_service(service_that_says(str, lambda: SAID, 3.5)) as running:
        assert await hear(running.service, COMMAND) == SAID
        assert await speak(running.service, TEXT)
        assert [turn.attempts for turn in running.turns] == [1, 1]


@in_virtual_time
async def test_a_service_that_speaks_is_there_whether_it_answers_pings_or_not() -> None:
    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        channel.pings_answered = False
        if isinstance(event, client.ResponseCreate):
            response, text = new_id(), text_of(event)
            events = [created(event, response), *spoken(text, response), done(response)]
            for number, one in enumerate(events):
                channel.says(one, after=0.2 + 0.8 * number)

    async with scripted_service(script) as running:
        assert await speak(running.service, TEXT)
        assert running.turns[0].attempts == 1


@in_virtual_time
async def test_a_client_that_reads_slowly_is_no_silence_of_the_service() -> None:
    text = "the kitchen light is on and the window is open. " * 12
    async with scripted_service() as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write(text)
            synthesis.finish()
            async for _ in synthesis.audio():
                await asyncio.sleep(40.0)
        assert running.turns[0].outcome == "completed"
        assert running.turns[0].attempts == running.turns[0].requests


@pytest.mark.parametrize("same_address", [True, False])
@in_virtual_time
async def test_many_speaking_clients_do_not_shut_recognition_out(same_address: bool) -> None:
    text = "the kitchen light is on and the window is open. " * 20
    async with scripted_service() as running:
        running.service.warm()
        await asyncio.sleep(1.0)
        talkers = [asyncio.create_task(speak(running.service, text, client="10.0.0.1")) for _ in range(48)]
        await asyncio.sleep(2.0)
        began = now()
        client_address = "10.0.0.1" if same_address else "10.0.0.2"
        assert await hear(running.service, COMMAND, client=client_address) == SAID
        assert now() - began - len(COMMAND) / 32_000 <= 1.0
        for talker in talkers:
            talker.cancel()
        await asyncio.gather(*talkers, return_exceptions=True)


# --- two commands on one session


@in_virtual_time
async def test_what_comes_late_of_the_command_before_is_no_part_of_this_one() -> None:
    earlier: list[list[server.ServerEvent]] = []

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.InputAudioBufferCommit):
            for late in earlier:
                channel.says(*late)
            answer = transcribed(SAID if earlier else "Open the door.", new_id())
            earlier.append(answer)
            channel.says(*answer, after=0.2)

    async with scripted_service(script) as running:
        assert await hear(running.service, COMMAND) == "Open the door."
        assert await hear(running.service, COMMAND) == SAID
        assert max(channel.requests for channel in running.channels) == 2  # on the same session


# --- any history


def unruly(chance: random.Random) -> Script:
    """A service that answers in order or out of it, twice or never, late, with contradictions, or drops."""
    past: list[server.ServerEvent | server.UnknownEvent] = [
        server.RateLimitsUpdated(),
        server.UnknownEvent(type="new"),
    ]

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        match event:
            case client.InputAudioBufferCommit():
                history = transcribed(SAID, new_id())
            case client.ResponseCreate():
                response = new_id()
                text = text_of(event) if chance.random() < 0.8 else never_the_text("")
                history = [created(event, response), *spoken(text, response), done(response)]
            case client.ResponseCancel():
                history = [done(event.response_id or "", "cancelled")]
            case _:
                return
        at = 0.0
        for one in history:
            fate = chance.random()
            at += chance.choice((0.0, 0.0, 0.01, 0.3, 2.0))
            if fate < 0.04:
                continue  # missing
            channel.says(one, after=at + (5.0 if fate < 0.08 else 0.0))
            if fate > 0.9:
                channel.says(one, after=at)  # doubled
            if fate > 0.96:
                channel.says(chance.choice(past), after=at)  # of another turn, or unknown
            past.append(one)
        if chance.random() < 0.05:
            channel.drops(after=chance.uniform(0.0, 2.0))
        if chance.random() < 0.03:
            channel.dead = True

    return script


async def outcome(turn: Callable[[], object], running: Scripted) -> str:
    """`right`, or the error's code."""
    try:
        result = await turn()  # type: ignore[misc]
    except errors.SpeechServiceError as error:
        return error.code
    return "right" if result == SAID or isinstance(result, bytes) else f"wrong: {result!r}"


@pytest.mark.parametrize("seed", range(40))
@in_virtual_time
async def test_under_any_history_a_turn_ends_in_time_within_its_budget_and_nothing_is_left_behind(
    seed: int,
) -> None:
    chance = random.Random(seed)
    async with scripted_service(unruly(chance)) as running:
        budget, most = Settings().budget, Settings().deadlines.request
        for _ in range(5):
            began = now()
            if chance.random() < 0.5:
                result = await outcome(lambda: hear(running.service, COMMAND), running)
                spent = len(COMMAND) / 32_000
            else:
                result = await outcome(lambda: speak(running.service, TEXT), running)
                spent = 2.0
            turn = running.turns[-1]
            assert "wrong" not in result
            assert now() - began <= most + spent + 5.0
            assert turn.requests <= budget.requests + MAX_FAULTS
            assert turn.attempts <= budget.requests + MAX_FAULTS
        sent = sum(isinstance(event, RequestSent) for event in running.events)
        assert sum(judged(running).values()) == sent == running.requests
