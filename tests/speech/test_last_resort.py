"""A text that the service will not say is heard all the same, soon, and for a few times its price."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from tests.support.scripted_channel import (
    Script,
    Scripted,
    ScriptedChannel,
    created,
    done,
    new_id,
    scripted_service,
)
from tests.support.service import target_states
from tests.support.virtual_time import in_virtual_time
from tests.support.word_sounds import sound_of, words_in, words_of
from wyoming_azure_realtime import errors
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as server
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, StatusDetails
from wyoming_azure_realtime.realtime.speech_turn import WORDINGS
from wyoming_azure_realtime.settings.model import Settings, Speech
from wyoming_azure_realtime.speech.last_resort import quiet_place, text_after
from wyoming_azure_realtime.speech.requests import SynthesisRequest

TEXT = "the kitchen light is on and the window is open"
LONG = (
    "The kitchen light is on and the window is open and the lamps is off and you can look. "
    "The window in the kitchen is open and the light is off and i can help you with that. "
    "You can turn the kitchen light on and look in and open the window of the kitchen."
)
Words = Callable[[str, int], str]
"""What a model says for a text at its first, second, … request."""


class WordVoice:
    """A voice of this machine that speaks words as `word_sounds` has them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def speak(self, text: str, language: str, speed: float) -> AsyncGenerator[bytes, None]:
        self.asked.append((text, language))
        yield sound_of(text)


def asked_for(event: client.ClientEvent) -> str:
    """The text in a request, however it is asked for."""
    assert isinstance(event, client.ResponseCreate)
    response = event.response
    assert response is not None
    assert isinstance(response.input, list)
    assert isinstance(response.instructions, str)
    message = str(response.input[0].content[0].text)  # type: ignore[index]
    marked = re.search(r"<text>\n(.*)\n</text>", message + response.instructions, re.DOTALL)
    return marked[1] if marked else message


def model(says: Words, *, target: str = "", then: Script | None = None) -> Script:
    """A model that says a text in its own way, word by word, the transcript ahead of the sound."""
    times: dict[str, int] = {}

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if then is not None and channel.config.target != target:
            then(channel, event)
        elif isinstance(event, client.ResponseCreate):
            text = asked_for(event)
            times[text] = times.get(text, 0) + 1
            speak(channel, event, says(text, times[text]))
        elif isinstance(event, client.ResponseCancel):
            channel.says(done(event.response_id or "", "cancelled"), after=0.02)

    return script


def speak(channel: ScriptedChannel, event: client.ResponseCreate, words: str) -> None:
    response, at = new_id(), 0.3
    place: dict[str, Any] = {"response_id": response, "item_id": "i"}
    channel.says(created(event, response))
    for word in words.split(" "):
        plain = word.rstrip("|")
        pause = bytes(BYTES_PER_SECOND // 5) if word != plain else b""
        channel.says(server.AudioTranscriptDelta(delta=f"{plain} ", **place), after=at)
        channel.says(server.AudioDelta(delta=sound_of(plain) + pause, **place), after=at + 0.15)
        at += 0.08
    whole = words.replace("|", "")
    channel.says(server.AudioTranscriptDone(transcript=whole, **place), after=at + 0.1)
    channel.says(done(response), after=at + 0.2)


async def heard(running: Scripted, text: str, language: str = "") -> bytes:
    async with running.service.synthesize(SynthesisRequest("test", language=language)) as synthesis:
        await synthesis.write(text)
        synthesis.finish()
        return b"".join([pcm async for pcm in synthesis.audio()])


def honest(text: str, time: int) -> str:
    return text


def answers(text: str, time: int) -> str:
    return "sure i can help you with that what would you like me to do"


@in_virtual_time
async def test_a_local_voice_speaks_what_the_service_will_not() -> None:
    voice = WordVoice()
    async with scripted_service(model(answers), local_voice=voice) as running:
        assert words_in(await heard(running, TEXT, "en")) == words_of(TEXT)
        assert running.service.last_resorts == {"local-voice": 1}
        (turn,) = running.turns
    assert voice.asked == [(TEXT, "en")]
    assert turn.requests == running.requests == WORDINGS
    assert (turn.outcome, turn.last_resorts) == ("completed", 1)
    assert turn.total_seconds < 8


@in_virtual_time
async def test_how_a_request_wants_it_spoken_is_said_behind_what_the_settings_say() -> None:
    settings = Settings(speech=Speech(instructions="Be kind."))
    async with scripted_service(model(honest), settings) as running:
        request = SynthesisRequest("test", instructions="Whisper.")
        async with running.service.synthesize(request) as synthesis:
            await synthesis.write(TEXT)
            synthesis.finish()
            assert b"".join([pcm async for pcm in synthesis.audio()])
        sent = [event for one in running.channels for event in one.sent]
        responses = [event.response for event in sent if isinstance(event, client.ResponseCreate)]
    assert responses
    assert all(one and str(one.instructions).endswith(" Be kind. Whisper.") for one in responses)


@in_virtual_time
async def test_each_time_it_is_asked_in_another_way_in_the_language_of_the_text() -> None:
    async with scripted_service(model(answers), local_voice=WordVoice()) as running:
        await heard(running, TEXT, "en")
        requests = [
            event.response
            for channel in running.channels
            for event in channel.sent
            if isinstance(event, client.ResponseCreate)
        ]
    ways = {(str(request.instructions), str(request.input)) for request in requests if request}
    assert len(ways) == len(requests) == WORDINGS
    for request in requests:
        assert request is not None
        assert "English" in str(request.instructions)
        assert isinstance(request.metadata, dict)
        assert request.metadata["language"] == "en"


@in_virtual_time
async def test_the_sentences_around_one_that_is_never_said_are_heard() -> None:
    def refuses_the_second(text: str, time: int) -> str:
        return "i can help" if "help you" in text else text

    async with scripted_service(model(refuses_the_second)) as running:
        first, second, third = LONG.split(". ")
        assert words_in(await heard(running, LONG)) == words_of(first) + words_of(third)
        assert running.service.last_resorts == {"left-out": 1}
        assert running.turns[0].outcome == "completed"
        assert second


@in_virtual_time
async def test_the_client_gets_an_error_when_nothing_at_all_could_be_spoken() -> None:
    async with scripted_service(model(answers)) as running:
        with pytest.raises(errors.ContentMismatch):
            await heard(running, LONG)
        assert running.requests == 3 * WORDINGS


@pytest.mark.parametrize(
    ("head", "tail"),
    [("sure i can help| ", ""), ("", "| what would you like"), ("well sure| ", "| look")],
)
@in_virtual_time
async def test_what_a_model_adds_before_or_behind_is_cut_off(head: str, tail: str) -> None:
    def adds(text: str, time: int) -> str:
        return f"{head}{text}{tail}"

    async with scripted_service(model(adds)) as running:
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert running.service.last_resorts == {"best-attempt": 1}
        assert running.requests == WORDINGS


@in_virtual_time
async def test_a_word_that_two_attempts_say_alike_is_how_this_voice_says_it_from_then_on() -> None:
    def says_lights(text: str, time: int) -> str:
        return text.replace("light", "lights")

    spoken = words_of(says_lights(TEXT, 1))
    async with scripted_service(model(says_lights), local_voice=WordVoice()) as running:
        assert words_in(await heard(running, TEXT)) == spoken
        assert running.requests == 2
        more = "with the light on"
        assert words_in(await heard(running, f"{TEXT} {more}")) == [*spoken, *words_of(says_lights(more, 1))]
        assert running.requests == 3
        assert not running.service.last_resorts


@in_virtual_time
async def test_words_that_say_something_else_are_never_agreed_upon() -> None:
    def negates(text: str, time: int) -> str:
        return text.replace("is on", "is off")

    async with scripted_service(model(negates), local_voice=WordVoice()) as running:
        spoken = words_in(await heard(running, TEXT))
        assert running.service.last_resorts == {"local-voice": 1}
    assert spoken[-7:] == words_of(TEXT)[-7:]


@in_virtual_time
async def test_another_target_is_asked_once_before_the_local_voice() -> None:
    voice = WordVoice()
    script = model(answers, target="a", then=model(honest))
    async with scripted_service(script, names=("a", "b"), local_voice=voice) as running:
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert running.requests == WORDINGS + 1
        assert running.service.last_resorts == {"other-target": 1}
    assert not voice.asked


@in_virtual_time
async def test_no_target_is_asked_without_end() -> None:
    voice = WordVoice()
    async with scripted_service(model(answers), names=("a", "b", "c"), local_voice=voice) as running:
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert running.requests == WORDINGS + 2


@pytest.mark.parametrize("words", [3, 5, 8])
@in_virtual_time
async def test_the_local_voice_goes_on_behind_the_last_word_that_was_heard(words: int) -> None:
    def breaks_off(text: str, time: int) -> str:
        return " ".join([*text.split()[:words], "sure i can help you with that"])

    async with scripted_service(model(breaks_off), local_voice=WordVoice()) as running:
        spoken = words_in(await heard(running, TEXT))
    expected = words_of(TEXT)
    # a part of a word may be heard at the seam, and a few short words twice, but none is lost
    rest = [word for word in spoken if word != "?"]
    assert set(expected) <= set(rest)
    assert len(rest) <= len(expected) + 4
    assert len(spoken) <= len(rest) + 1
    assert rest[-3:] == expected[-3:]


def ends_as(status: str, **details: object) -> Script:
    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            response = new_id()
            channel.says(created(event, response))
            channel.says(done(response, status, status_details=StatusDetails(**details)), after=0.4)  # type: ignore[arg-type]

    return script


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        (ends_as("incomplete", reason="content_filter"), 1),
        (ends_as("failed", error=ErrorDetail(code="insufficient_quota")), 1),
        (ends_as("failed", error=ErrorDetail(code="content_filter")), 1),
        (ends_as("completed"), 2),
        (ends_as("incomplete", reason="max_output_tokens"), 3),
        (ends_as("failed", error=ErrorDetail(code="rate_limit_exceeded", message="Try again in 20s.")), 1),
    ],
)
@in_virtual_time
async def test_what_cannot_heal_ends_at_once(script: Script, requests: int) -> None:
    async with scripted_service(script, local_voice=WordVoice()) as running:
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        (turn,) = running.turns
    assert turn.requests == running.requests == requests
    assert turn.total_seconds < 3


@in_virtual_time
async def test_a_refused_text_does_not_set_the_target_aside() -> None:
    async with scripted_service(
        ends_as("incomplete", reason="content_filter"), local_voice=WordVoice()
    ) as running:
        await heard(running, TEXT)
        assert target_states(running.service)["speaking"] == {"default": "good"}


@in_virtual_time
async def test_a_service_that_is_down_is_replaced_by_the_local_voice() -> None:
    async with scripted_service(model(honest), local_voice=WordVoice()) as running:
        running.opener.refusal = errors.AuthenticationFailed("Wrong key.")
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert running.service.last_resorts == {"local-voice": 1}


SOON = 8.5
"""Seconds after which somebody speaks, whatever the service does."""


@pytest.mark.parametrize(
    ("refusal", "handshake"),
    [
        (errors.ConnectFailed("Nobody answers."), 0.2),
        (errors.ConnectFailed("Nobody answers in time."), 10.0),
        (errors.ConnectFailed("Overloaded.", status=503), 0.2),
        (errors.RateLimited("Wait.", retry_after=10.0), 0.2),
    ],
)
@in_virtual_time
async def test_a_service_that_cannot_be_reached_is_not_waited_for_long(
    refusal: errors.BackendError, handshake: float
) -> None:
    async with scripted_service(model(honest), local_voice=WordVoice()) as running:
        running.opener.refusal, running.opener.handshake = refusal, handshake
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert running.turns[0].total_seconds < SOON


def says_nothing(channel: ScriptedChannel, event: client.ClientEvent) -> None:
    pass


def announces_other_words(channel: ScriptedChannel, event: client.ClientEvent) -> None:
    if isinstance(event, client.ResponseCreate):
        response = new_id()
        place: dict[str, Any] = {"response_id": response, "item_id": "i"}
        channel.says(created(event, response))
        channel.says(server.AudioTranscriptDelta(delta=answers("", 1), **place), after=0.2)


@pytest.mark.parametrize(
    "script",
    [says_nothing, announces_other_words, ends_as("failed", error=ErrorDetail(type="server_error"))],
    ids=["nothing", "breaks off", "server error"],
)
@in_virtual_time
async def test_a_service_that_breaks_down_is_not_waited_for_long(script: Script) -> None:
    async with scripted_service(script, local_voice=WordVoice()) as running:
        assert words_in(await heard(running, LONG)) == words_of(LONG)
        (turn,) = running.turns
    assert turn.first_result_seconds is not None
    assert turn.first_result_seconds < SOON
    assert turn.total_seconds < 2 * SOON


class BrokenVoice(WordVoice):
    """As where espeak-ng is not installed."""

    async def speak(self, text: str, language: str, speed: float) -> AsyncGenerator[bytes, None]:
        async for _ in super().speak(text, language, speed):
            raise errors.ResponseFailed("It is not installed.")
        yield b""


@in_virtual_time
async def test_a_service_that_is_late_is_waited_for_where_nobody_else_can_speak() -> None:
    voice = BrokenVoice()
    async with scripted_service(model(honest), local_voice=voice) as running:
        running.opener.refusal = errors.ConnectFailed("Nobody answers.")
        asyncio.get_running_loop().call_later(8.0, setattr, running.opener, "refusal", None)
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert not running.service.last_resorts
    assert voice.asked


@in_virtual_time
async def test_another_target_has_time_although_the_first_one_has_taken_most_of_it() -> None:
    script = model(honest, target="b", then=says_nothing)
    async with scripted_service(script, names=("a", "b"), local_voice=WordVoice()) as running:
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert not running.service.last_resorts
        assert running.turns[0].target == "b"


def announces_the_text(says: Words, *, lags: bool = False) -> Script:
    """Deltas are the text or its beginning, the sound and the whole transcript are something else."""
    times = [0]

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            text, response = asked_for(event), new_id()
            times[0] += 1
            words, announced = says(text, times[0]), text.split()[0] if lags else text
            place: dict[str, Any] = {"response_id": response, "item_id": "i"}
            channel.says(created(event, response))
            channel.says(server.AudioTranscriptDelta(delta=announced, **place), after=0.2)
            for at, word in enumerate(words.split()):
                channel.says(server.AudioDelta(delta=sound_of(word), **place), after=0.3 + at * 0.08)
            channel.says(server.AudioTranscriptDone(transcript=words, **place), after=2.0)
            channel.says(done(response), after=2.1)

    return script


async def test_words_that_take_long_to_compare_are_compared_beside_the_others() -> None:
    """Whole, as from a service that sends its transcript at the end."""

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            response = new_id()
            place: dict[str, Any] = {"response_id": response, "item_id": "i"}
            channel.says(created(event, response))
            channel.says(server.AudioDelta(delta=sound_of(TEXT) * 4, **place))
            channel.says(server.AudioTranscriptDone(transcript="eins zwei drei " * 60, **place))
            channel.says(done(response), after=0.1)

    async with scripted_service(script) as running:
        here, everywhere = time.thread_time(), time.process_time()
        with pytest.raises(errors.ContentMismatch):
            await heard(running, "XIV IX MM " * 30, "uk")
        here, everywhere = time.thread_time() - here, time.process_time() - everywhere
    assert here < everywhere / 2


@pytest.mark.parametrize("lags", [False, True])
@pytest.mark.parametrize("turns_honest", [False, True])
@in_virtual_time
async def test_a_text_is_whole_although_other_words_were_heard(turns_honest: bool, lags: bool) -> None:
    def says(text: str, time: int) -> str:
        return text if turns_honest and time > 1 else answers(text, time)

    async with scripted_service(announces_the_text(says, lags=lags), local_voice=WordVoice()) as running:
        spoken = words_in(await heard(running, TEXT))
    wrong, right = words_of(answers("", 1)), words_of(TEXT)
    assert spoken[-len(right) + 1 :] == right[1:]  # the first word lies at the seam
    heard_wrongly = spoken[: -len(right)]
    assert heard_wrongly == wrong[: len(heard_wrongly)]  # once, not at every attempt
    assert len(heard_wrongly) <= (5 if lags else len(wrong))


@in_virtual_time
async def test_nobody_speaks_instead_where_it_is_forbidden() -> None:
    async with scripted_service(model(honest), Settings()) as running:
        running.opener.refusal = errors.AuthenticationFailed("Wrong key.")
        with pytest.raises(errors.AuthenticationFailed):
            await heard(running, TEXT)


@in_virtual_time
async def test_sound_that_ends_early_is_spoken_to_its_end() -> None:
    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.ResponseCreate):
            response = new_id()
            place: dict[str, Any] = {"response_id": response, "item_id": "i"}
            text = asked_for(event)
            sound = sound_of(text)[: BYTES_PER_SECOND // 2] if channel.requests == 1 else sound_of(text)
            channel.says(created(event, response))
            channel.says(server.AudioTranscriptDelta(delta=text, **place), after=0.2)
            channel.says(server.AudioDelta(delta=sound, **place), after=0.3)
            channel.says(done(response), after=0.5)

    async with scripted_service(script) as running:
        assert words_in(await heard(running, TEXT)) == words_of(TEXT)
        assert running.requests == 2


# --- where to cut, and where to go on


def test_a_cut_is_made_in_a_pause_only() -> None:
    audio = sound_of("the light is on")
    word = len(audio) // 4
    place = quiet_place(audio, 0.27)
    assert place is not None
    assert word - 48 * 60 <= place <= word
    assert quiet_place(sound_of("light")[: 48 * 100] * 10, 0.5) is None
    assert quiet_place(b"", 0.5) is None


@pytest.mark.parametrize(
    ("letters", "rest"),
    [(0, "Es ist 7 Uhr."), (4, "Es ist 7 Uhr."), (6, "ist 7 Uhr."), (9, "7 Uhr."), (99, "")],
)
def test_a_text_goes_on_with_the_word_that_was_not_heard_to_its_end(letters: int, rest: str) -> None:
    assert text_after("Es ist 7 Uhr.", letters) == rest
