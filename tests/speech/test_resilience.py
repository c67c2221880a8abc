"""What goes wrong once is not noticed by whoever speaks or listens."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from tests.speech.test_service import HASTY, SAID, recognise, speak
from tests.support.service import running_service
from tests.support.spoken_words import speaking
from wyoming_azure_realtime.emulator.engines import Engines
from wyoming_azure_realtime.emulator.faults import (
    RATE_LIMITED,
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
    Shortened,
    Stall,
)
from wyoming_azure_realtime.offline.espeak import EspeakVoice

HEARING = {
    "upgrade refused 429": Faults(refused_upgrade=RefusedUpgrade(status=429, retry_after=0, times=1)),
    "upgrade refused 503": Faults(refused_upgrade=RefusedUpgrade(status=503, times=1)),
    "silent configuration": Faults(silent_configuration=Fault(times=1)),
    "drop in mid-audio": Faults(closed_upload=Disconnect(code=1006, times=1)),
    "drop after commit": Faults(closed_after_commit=Disconnect(code=1006, times=1)),
    "stalled commit": Faults(silent_commit=Fault(times=1)),
    "stalled transcript": Faults(silent_transcript=Fault(times=1)),
    "failed transcription": Faults(failed_transcript=Failure(times=1)),
}
SPEAKING = {
    "upgrade refused 503": Faults(refused_upgrade=RefusedUpgrade(status=503, times=1)),
    "stalled response": Faults(silent_response=Fault(times=1)),
    "stalled audio": Faults(silent_audio=Stall(after_ms=500, times=1)),
    "drop in mid-audio": Faults(closed_response=Disconnect(code=1006, after_ms=500, times=1)),
    "response cut short": Faults(shortened_response=Shortened(after_ms=300, times=1)),
    "rate limit": Faults(
        failed_response=Failure(
            type="tokens", code="rate_limit_exceeded", message="Please try again in 100ms.", times=1
        )
    ),
    "empty response": Faults(empty_response=Fault(times=1)),
    "server_error event": Faults(error_in_response=Failure(times=1)),
    "missing response.done": Faults(missing_response_done=Fault(times=1)),
}


TOLERANCE_MS = 60  # two renditions differ a little, and so does the place where one goes on for the other


class Speaker:
    """A voice whose sound tells where in the text it is, as a tone's does not."""

    def __init__(self) -> None:
        self._voice = EspeakVoice()

    def speak(
        self, text: str, *, voice: str, speed: float, language: str = ""
    ) -> AsyncGenerator[bytes, None]:
        return self._voice.speak(text, voice, speed)

    async def close(self) -> None:
        self._voice.close()


@pytest.fixture
async def talking() -> AsyncIterator[Engines]:
    speaker = Speaker()
    yield Engines(synthesizer=speaker)
    await speaker.close()


@pytest.mark.parametrize("faults", HEARING.values(), ids=HEARING)
async def test_an_utterance_survives(faults: Faults) -> None:
    async with running_service(faults=faults, settings=HASTY) as running:
        assert (await recognise(running, speaking(1)))[-1].text == SAID
        (turn,) = running.turns
        assert turn.outcome == "completed"


@pytest.mark.parametrize("faults", SPEAKING.values(), ids=SPEAKING)
async def test_a_text_is_heard_whole_and_once(faults: Faults, talking: Engines) -> None:
    async with running_service(engines=talking) as perfect:
        whole = await speak(perfect, SAID)
    async with running_service(engines=talking, faults=faults, settings=HASTY) as running:
        pcm = await speak(running, SAID)
        assert running.turns[0].outcome == "completed"
        assert abs(len(pcm) - len(whole)) <= 48 * TOLERANCE_MS


async def test_partial_text_is_not_told_twice() -> None:
    faults = Faults(closed_after_commit=Disconnect(code=1006, times=1))
    async with running_service(
        faults=faults, settings=HASTY, transcription_deployment="gpt-realtime-whisper"
    ) as running:
        results = await recognise(running, speaking(2))
        assert SAID.startswith("".join(partial.text for partial in results[:-1]).strip())
        assert results[-1].text == SAID


async def test_a_final_refusal_is_told_at_once() -> None:
    faults = Faults(refused_upgrade=RefusedUpgrade(status=401))
    async with running_service(faults=faults) as running:
        async with asyncio.timeout(2):
            with pytest.raises(Exception, match="Access denied"):
                await speak(running, SAID)


async def test_a_rate_limit_longer_than_the_deadline_is_told_at_once() -> None:
    async with running_service(faults=Faults(failed_response=RATE_LIMITED), settings=HASTY) as running:
        async with asyncio.timeout(2):
            with pytest.raises(Exception, match="Rate limit"):
                await speak(running, SAID)
