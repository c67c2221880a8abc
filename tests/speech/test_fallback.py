"""While no target answers, services of the home hear and speak: at once, all of it, and nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.service import Running, running_service, target_states
from tests.support.word_engines import recording_of, word_engines
from tests.support.word_sounds import VOCABULARY, words_in, words_of
from tests.support.wyoming_stand_in import StandIn, piper, stand_in, whisper
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Disconnect, Faults, RefusedUpgrade, WrongWords
from wyoming_azure_realtime.observe import FallbackInUse, TargetChanged
from wyoming_azure_realtime.settings.model import Deadlines, Settings
from wyoming_azure_realtime.speech.last_resort import LastResort
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.turns import engine as probe
from wyoming_azure_realtime.turns import health
from wyoming_azure_realtime.wyoming_fallback import WyomingRecognizer, WyomingVoice

DOWN = Faults(refused_upgrade=RefusedUpgrade(status=503))
TEXT = " ".join(VOCABULARY[100:106])
MICROPHONE = AudioFormat(16_000, 2, 1)
SETTINGS = Settings(deadlines=Deadlines(request=8))


@dataclass
class Home:
    """The service, and who stands in for its one target."""

    behind: Running
    ears: list[StandIn]
    mouths: list[StandIn]

    async def hear(self, text: str = TEXT, language: str = "en") -> tuple[bool, list[str]]:
        """Whether all of it was heard, and the partial texts."""
        pcm, expected = recording_of(text, MICROPHONE)
        request = RecognitionRequest("test", language=language)
        async with asyncio.timeout(20), self.behind.service.recognize(request) as utterance:
            utterance.begin(MICROPHONE)
            for at in range(0, len(pcm), 640):
                utterance.write(pcm[at : at + 640])
                await asyncio.sleep(0)
            utterance.finish()
            results = [result async for result in utterance.results()]
        partials = [result.text for result in results if isinstance(result, Partial)]
        return results[-1].text == expected, partials

    async def speak(self, text: str = TEXT, language: str = "") -> list[str]:
        """The words that came."""
        request = SynthesisRequest("test", language=language)
        async with asyncio.timeout(20), self.behind.service.synthesize(request) as synthesis:
            await synthesis.write(text)
            synthesis.finish()
            return words_in(b"".join([pcm async for pcm in synthesis.audio()]))

    @property
    def last(self) -> tuple[str, int, str]:
        """Of the last turn: who answered, attempts, outcome."""
        turn = self.behind.turns[-1]
        return turn.target, turn.attempts, turn.outcome

    def take_down(self) -> None:
        self.behind.server.faults = DOWN
        self.behind.server.drop_sessions()


@asynccontextmanager
async def home(
    ears: list[StandIn] | None = None, mouths: list[StandIn] | None = None, **options: Any
) -> AsyncIterator[Home]:
    async with AsyncExitStack() as stack:
        ears = [await stack.enter_async_context(stand_in(one)) for one in ears or [whisper()]]
        mouths = [await stack.enter_async_context(stand_in(one)) for one in mouths or [piper()]]
        hearing = [WyomingRecognizer(one.uri) for one in ears]
        speaking = [WyomingVoice(one.uri) for one in mouths]
        options = {"engines": word_engines(), "settings": SETTINGS, **options}
        behind = await stack.enter_async_context(
            running_service(hearing=hearing, speaking=speaking, **options)
        )
        await eventually(lambda: all(one.described for one in (*ears, *mouths)))
        yield Home(behind, ears, mouths)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LOOK_SECONDS", 0.05)


async def test_while_a_target_works_no_service_of_the_home_is_asked() -> None:
    async with home() as house:
        assert (await house.hear())[0]
        assert await house.speak() == words_of(TEXT)
        assert not house.ears[0].requests + house.mouths[0].requests


async def test_the_first_request_costs_one_attempt_the_others_none_until_the_target_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "FIRST_ASIDE", 1.0)
    async with home() as house:
        house.take_down()
        for attempts in (2, 1, 1):
            heard, partials = await house.hear()
            assert heard
            assert words_of("".join(partials))[:6] == words_of(TEXT)
            assert house.last == (house.ears[0].uri, attempts, "completed")
            assert await house.speak() == words_of(TEXT)
            assert house.last == (house.mouths[0].uri, attempts, "completed")
        assert house.behind.service.fallback_states() == {
            "hearing": {house.ears[0].uri: "in use"},
            "speaking": {house.mouths[0].uri: "in use"},
        }
        assert [event.name for event in house.behind.events if isinstance(event, FallbackInUse)] == [
            house.ears[0].uri,
            house.mouths[0].uri,
        ]
        house.behind.server.faults = NO_FAULTS
        await eventually(lambda: "failing" not in str(target_states(house.behind.service)))
        assert (await house.hear())[0]
        assert house.last[0] == "default"
        assert await house.speak() == words_of(TEXT)
        assert house.last[0] == "default"
        assert "in use" not in str(house.behind.service.fallback_states())


async def test_what_is_asked_is_in_the_requests_language_and_format() -> None:
    async with home() as house:
        house.take_down()
        assert (await house.hear(language="de-AT"))[0]
        names = house.ears[0].requests[-1].pop("names")
        asked = house.ears[0].requests[-1]
        assert (asked["language"], asked["format"], names) == ("de", (16_000, 2, 1), None)
        await house.speak(language="de")
        assert house.mouths[0].requests[-1]["voice"] == {"name": "de_DE-thorsten"}
        await house.speak(language="en-US")
        assert house.mouths[0].requests[-1]["voice"] == {"name": "en_GB-alba"}


async def test_one_that_does_not_know_the_language_is_passed_over() -> None:
    async with home([whisper("en"), whisper("de_DE")], [StandIn(speaks={"a": ("en",)}), piper()]) as house:
        house.take_down()
        assert (await house.hear(language="de"))[0]
        await house.speak(language="de")
        assert not house.ears[0].requests + house.mouths[0].requests
        assert house.ears[1].requests[-1]["language"] == "de_DE"


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("fmt", [(8_000, 2, 1), (16_000, 2, 1), (22_050, 2, 1), (48_000, 2, 1)])
async def test_sound_comes_back_in_any_format(streams: bool, fmt: tuple[int, int, int]) -> None:
    text = "a in of on" if fmt[0] == 8_000 else TEXT  # tones that fit
    async with home(mouths=[piper(streams=streams, fmt=AudioFormat(*fmt))]) as house:
        house.take_down()
        assert await house.speak(text) == words_of(text)


@pytest.mark.parametrize("fault", ["silent", "error", "hangs_up"])
async def test_one_that_fails_gives_way_to_the_next_and_is_left_alone_for_a_while(
    fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.wyoming_fallback.AUDIO_SECONDS", 0.3)
    broken = [whisper(fault=fault)], [piper(fault=fault)]
    settings = Settings(deadlines=Deadlines(request=2))
    async with home([*broken[0], whisper()], [*broken[1], piper()], settings=settings) as house:
        house.take_down()
        for _ in range(2):
            assert (await house.hear())[0]
            assert await house.speak() == words_of(TEXT)
        assert [len(one.requests) for one in (*house.ears, *house.mouths)] == [1, 2, 1, 2]
        changes = [event for event in house.behind.events if isinstance(event, TargetChanged)]
        failed = {event.target for event in changes if not event.working}
        assert failed == {"default", house.ears[0].uri, house.mouths[0].uri}


async def test_a_voice_that_breaks_off_is_followed_by_the_rest_in_another() -> None:
    text = " ".join(VOCABULARY[100:110])
    async with home(mouths=[piper(fault="breaks_off"), piper()]) as house:
        house.take_down()
        words = await house.speak(text)
        rest = words_of(house.mouths[1].requests[0]["text"])
        assert rest == words_of(text)[-len(rest) :]
        assert 0 < len(rest) <= 7
        assert words[-len(rest) :] == rest
        assert words_of(text)[: -len(rest)] == words[: len(words_of(text)) - len(rest)]


async def test_what_a_target_said_before_it_broke_down_is_not_said_again() -> None:
    text = " ".join(VOCABULARY[100:112])
    slow = Faults(generation_pace=0.2)
    async with home(faults=slow) as house:
        assert await house.speak(text) == words_of(text)
        broken = Disconnect(after_ms=1500)
        house.behind.server.faults = Faults(
            generation_pace=0.2, closed_response=broken, refused_upgrade=RefusedUpgrade(status=503)
        )
        words = await house.speak(text)
        rest = words_of(house.mouths[0].requests[0]["text"])
        assert 0 < len(rest) < len(words_of(text))
        assert words[-len(rest) :] == rest == words_of(text)[-len(rest) :]
        assert house.last[0] == house.mouths[0].uri


async def test_what_a_target_will_not_say_is_said_by_the_first_voice_of_the_home() -> None:
    async with home(faults=Faults(wrong_words=WrongWords(how="answer"))) as house:
        assert await house.speak() == words_of(TEXT)
        assert (house.last[0], house.last[2]) == (house.mouths[0].uri, "completed")
        assert house.behind.service.last_resorts == {LastResort.FALLBACK: 1}
        assert target_states(house.behind.service)["speaking"] == {"default": "good"}
        assert not [event for event in house.behind.events if isinstance(event, FallbackInUse)]


async def test_an_answer_ahead_of_the_end_counts_and_an_empty_one_does_not() -> None:
    async with home([whisper(fault="empty_early")]) as house:
        house.take_down()
        assert (await house.hear())[0]
        assert len(house.ears[0].requests) == 2


async def test_a_command_is_not_lost_when_nothing_else_answers_either() -> None:
    async with home([whisper(fault="error")]) as house:
        house.take_down()
        hearing = asyncio.create_task(house.hear())
        await eventually(lambda: house.ears[0].requests)
        house.behind.server.faults = NO_FAULTS
        assert (await hearing)[0]
        assert house.last[0] == "default"


async def test_a_client_that_leaves_ends_the_connection_at_once() -> None:
    async with home([whisper(fault="silent")], [piper(fault="silent")]) as house:
        house.take_down()
        for asked, service in ((house.hear(), house.ears[0]), (house.speak(), house.mouths[0])):
            task = asyncio.create_task(asked)
            await eventually(lambda: service.requests)  # noqa: B023 - called at once
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await eventually(lambda: service.open == 0)  # noqa: B023
            assert service.hung_up == 1
            assert house.last == (service.uri, 2, "cancelled")
