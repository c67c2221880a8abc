"""Targets that are known to be down: one quick try, their error, and whoever else speaks at once."""

import asyncio

import pytest

from tests.support.scripted_channel import HONEST, Scripted, scripted_service
from tests.support.virtual_time import in_virtual_time
from tests.support.wyoming_events import vowel
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.turns.backends import QUICK_SECONDS
from wyoming_azure_realtime.turns.health import KNOWN_SECONDS

REQUEST_SECONDS = 30.0
REFUSED = errors.ConnectFailed("Connection refused.", advice="Check the port.")
SILENT = errors.ConnectFailed("No answer in time.")


async def speaks(running: Scripted) -> float:
    """Seconds until a text is spoken. Raises the error for which it is not."""
    began = asyncio.get_running_loop().time()
    async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
        await synthesis.write("Hello.")
        synthesis.finish()
        async for _ in synthesis.audio():
            pass
    return asyncio.get_running_loop().time() - began


async def fails_after(running: Scripted, kind: str = "synthesis") -> tuple[float, str]:
    """Seconds until a request fails, and its sentence."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(errors.SpeechServiceError) as caught:
        await (speaks(running) if kind == "synthesis" else hears(running))
    return asyncio.get_running_loop().time() - began, str(caught.value)


async def hears(running: Scripted) -> None:
    async with running.service.recognize(RecognitionRequest("test")) as utterance:
        utterance.begin(AudioFormat(16_000, 2, 1))
        utterance.write(vowel(500))
        utterance.finish()
        async for _ in utterance.results():
            pass


@pytest.mark.parametrize("kind", ["synthesis", "recognition"])
@in_virtual_time
async def test_a_refused_connection_is_retried_until_it_is_known_and_then_told_at_once(kind: str) -> None:
    async with scripted_service() as running:
        running.opener.refusal, running.opener.handshake = REFUSED, 0.1
        seconds, sentence = await fails_after(running, kind)
        assert KNOWN_SECONDS <= seconds < KNOWN_SECONDS + QUICK_SECONDS
        assert sentence == "Connection refused. Check the port."
        assert running.turns[0].attempts > 3
        for _ in range(3):
            await asyncio.sleep(20.0)
            seconds, sentence = await fails_after(running, kind)
            assert seconds < 1.0
            assert sentence == "Connection refused. Check the port."
            assert running.turns[-1].attempts == 1


@in_virtual_time
async def test_a_silent_upgrade_is_told_within_three_seconds_once_it_is_known() -> None:
    async with scripted_service() as running:
        running.opener.refusal, running.opener.handshake = SILENT, 10.0
        seconds, sentence = await fails_after(running)
        assert seconds <= 10.0 + QUICK_SECONDS + 0.1
        assert sentence == "No answer in time."
        for _ in range(3):
            seconds, sentence = await fails_after(running)
            assert seconds <= QUICK_SECONDS + 0.1
            assert sentence == "No answer in time."
            await asyncio.sleep(7.0)


@in_virtual_time
async def test_a_target_that_is_back_is_used_at_once() -> None:
    async with scripted_service() as running:
        running.opener.refusal, running.opener.handshake = REFUSED, 0.1
        await fails_after(running)
        running.opener.refusal = None
        assert await speaks(running) < 5.0
        assert running.service.backend_states()["speaking"]["default"].state == "good"


@in_virtual_time
async def test_failures_of_several_sorts_are_retried_until_the_deadline() -> None:
    async with scripted_service() as running:
        running.opener.handshake = 0.1

        async def change() -> None:
            while True:
                for refusal in (REFUSED, errors.RateLimited("Too many."), REFUSED):
                    running.opener.refusal = refusal
                    await asyncio.sleep(2.0)

        changing = asyncio.create_task(change())
        seconds, _ = await fails_after(running)
        changing.cancel()
        await asyncio.gather(changing, return_exceptions=True)
        assert seconds > REQUEST_SECONDS / 2


@in_virtual_time
async def test_of_two_targets_that_are_down_each_is_tried_once_in_three_seconds() -> None:
    async with scripted_service(names=("a", "b")) as running:
        running.opener.refusal, running.opener.handshake = REFUSED, 0.1
        await fails_after(running)
        await asyncio.sleep(1.0)
        before = running.opener.attempts
        seconds, sentence = await fails_after(running)
        assert seconds < QUICK_SECONDS
        assert sentence == "Connection refused. Check the port."
        assert running.turns[-1].attempts == 2
        assert running.opener.attempts - before >= 2


@in_virtual_time
async def test_a_pool_that_warms_in_vain_tells_it_before_anybody_asks() -> None:
    async with scripted_service() as running:
        running.opener.refusal, running.opener.handshake = REFUSED, 0.1
        running.service.warm()
        await asyncio.sleep(KNOWN_SECONDS + 5.0)
        state = running.service.backend_states()["speaking"]["default"]
        assert (state.state, state.error) == ("failing", "Connection refused. Check the port.")
        assert state.since is not None
        assert state.next_try is not None
        assert state.since <= state.next_try
        seconds, _ = await fails_after(running)
        assert seconds < 1.0
        running.opener.refusal = None
        probing = asyncio.create_task(running.service.keep_probing())
        await asyncio.sleep(65.0)
        state = running.service.backend_states()["speaking"]["default"]
        assert (state.state, state.error, state.next_try) == ("good", "", None)
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)


@in_virtual_time
async def test_a_session_that_opens_does_not_heal_requests_that_fail() -> None:
    async with scripted_service(HONEST) as running:
        running.service.warm()
        await asyncio.sleep(1.0)
        backends = running.service._tts
        quota = errors.QuotaExceeded("You exceeded your quota.", advice="Check the billing.")
        now = asyncio.get_running_loop().time()
        backends.failed("default", quota, now)
        assert backends.states(now, now)["default"].state == "failing"
        backends.opened("default", now + 1)
        backends.probed("default", now + 2)
        assert backends.is_trusted("default")
        assert backends.states(now, now)["default"].error == "You exceeded your quota. Check the billing."
        await speaks(running)
        assert backends.states(now, now)["default"].state == "good"
