import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import wyoming_azure_realtime
from tests.support.http_door import SAID, base64_of, until
from tests.support.program import clean_environment
from tests.support.spoken_words import speaking
from wyoming_azure_realtime import (
    AnswerEnded,
    AnswerSound,
    AnswerWords,
    AudioFormat,
    Heard,
    SoundStopped,
    ToolRequest,
    close_realtime,
    converse_realtime,
    open_realtime,
    recognize_speech_realtime,
    synthesize_speech_realtime,
    synthesize_speech_stream_realtime,
)
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER, sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import InvalidRequest, SettingsError, UnknownVoice

WARM = "It is 21 degrees."
WARMTH = {"name": "warmth", "description": "How warm it is.", "parameters": {"type": "object"}}
TABLE: dict[str, Any] = {
    "answers": [
        {"heard": SAID, "calls": [{"name": "warmth", "arguments": {"room": "kitchen"}}]},
        {"tool": "warmth", "output": "/(\\d+)/", "text": "It is \\1 degrees."},
    ],
    "read_aloud": "/word for word|read .* aloud|text-to-speech/",
}
BYTES = len(SAID) * MS_PER_CHARACTER * 48


def variables(server: EmulatorServer) -> dict[str, str]:
    return {"AZURE_OPENAI_ENDPOINT": server.url, "AZURE_OPENAI_KEY": "any"}


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[EmulatorServer]:
    """A realtime endpoint, to which the environment points."""
    async with EmulatorServer(ServerOptions(), sink_engines(answers=TableAnswers(TABLE))) as server:
        for name in set(os.environ) - set(clean_environment({})):
            monkeypatch.delenv(name)
        for name, value in variables(server).items():
            monkeypatch.setenv(name, value)
        yield server
        await close_realtime()


async def test_text_becomes_pcm_and_pcm_becomes_text(server: EmulatorServer) -> None:
    assert len(await synthesize_speech_realtime(SAID)) == BYTES
    assert len(await synthesize_speech_realtime(SAID, "echo")) == BYTES
    assert await recognize_speech_realtime(base64_of(speaking(0.5, REALTIME))) == SAID


async def test_a_stream_is_the_same_pcm_in_pieces(server: EmulatorServer) -> None:
    whole = await synthesize_speech_realtime(SAID, "sage")
    pieces = [piece async for piece in synthesize_speech_stream_realtime(SAID, "sage")]
    assert len(pieces) > 1
    assert b"".join(pieces) == whole


async def test_closing_a_stream_early_lets_the_next_one_speak(server: EmulatorServer) -> None:
    stream = synthesize_speech_stream_realtime("a long story " * 50)
    assert await anext(stream)
    await stream.aclose()
    assert len(await synthesize_speech_realtime(SAID)) == BYTES


async def test_calls_at_the_same_time_share_one_service(server: EmulatorServer) -> None:
    results = await asyncio.gather(*(synthesize_speech_realtime(SAID) for _ in range(5)))
    assert {len(pcm) for pcm in results} == {BYTES}
    await synthesize_speech_realtime(SAID)
    assert server.record.upgrades <= 6


async def test_closed_it_lets_go_of_its_sessions_and_opens_again(server: EmulatorServer) -> None:
    await close_realtime()
    await synthesize_speech_realtime(SAID)
    assert server.record.open_sessions
    await close_realtime()
    await until(lambda: not server.record.open_sessions)
    assert len(await synthesize_speech_realtime(SAID)) == BYTES


async def test_failures_are_the_package_s_own_errors(server: EmulatorServer) -> None:
    with pytest.raises(InvalidRequest):
        await recognize_speech_realtime("not base64!")
    with pytest.raises(InvalidRequest):
        await synthesize_speech_realtime(" ")
    with pytest.raises(UnknownVoice, match="alloy"):
        await synthesize_speech_realtime("hi", "hal")
    with pytest.raises(UnknownVoice):
        async for _ in synthesize_speech_stream_realtime("hi", "hal"):
            pass


async def test_impossible_settings_are_told_to_every_caller_and_may_be_mended(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_OPENAI_KEY")
    for result in await asyncio.gather(
        *(synthesize_speech_realtime(SAID) for _ in range(3)), return_exceptions=True
    ):
        assert isinstance(result, SettingsError)
    monkeypatch.setenv("AZURE_OPENAI_KEY", "any")
    assert len(await synthesize_speech_realtime(SAID)) == BYTES


async def test_a_block_has_a_service_of_its_own(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = variables(server)
    for name in environ:
        monkeypatch.delenv(name)
    async with open_realtime(environ) as speech:
        pcm = await speech.synthesize(SAID, "shimmer")
        assert pcm == b"".join([piece async for piece in speech.stream(SAID, "shimmer")])
        assert await speech.recognize(base64_of(pcm), language="en") == SAID
    await until(lambda: not server.record.open_sessions)


END_OF_LOOP = """
import asyncio
from wyoming_azure_realtime import synthesize_speech_realtime

async def main():
    print(len(await synthesize_speech_realtime("hello")))

asyncio.run(main())
asyncio.run(main())
"""


def test_the_end_of_the_loop_closes_everything_quietly() -> None:
    """On the embedded backend, whose process would be left behind; a second loop starts anew."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-W", "error::RuntimeWarning", "-c", END_OF_LOOP],
        env=clean_environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    first, second = map(int, done.stdout.split())
    assert first > 0
    assert second > 0


def test_importing_the_package_imports_none_of_it() -> None:
    code = (
        "import sys, wyoming_azure_realtime; print(*sorted(n for n in sys.modules if 'wyoming_azure' in n))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["wyoming_azure_realtime", "wyoming_azure_realtime._version"]
    with pytest.raises(AttributeError, match="no_such_name"):
        wyoming_azure_realtime.no_such_name  # noqa: B018


def test_its_functions_are_shown_before_they_are_used() -> None:
    command = (
        "import sys, wyoming_azure_realtime as package\n"
        "assert set(package.__all__) <= set(dir(package)), dir(package)\n"
        "assert 'wyoming_azure_realtime.api' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", command], check=True, env=clean_environment({}))


async def test_a_conversation_is_answered_by_voice_and_calls_tools(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[ToolRequest] = []

    async def warmth(request: ToolRequest) -> str:
        called.append(request)
        return "21 degrees"

    spoken = AudioFormat(16_000, 2, 1)
    how: dict[str, Any] = {"tools": [WARMTH], "call_tool": warmth, "push_to_talk": True, "source": spoken}
    async with converse_realtime(**how) as conversation, asyncio.timeout(30):
        await conversation.send(speaking(1, spoken))
        await conversation.finish()
        events = []
        async for event in conversation:
            events.append(event)
            if isinstance(event, AnswerEnded) and event.answer == 2:
                break
        # heard at its right length, though it came in another format
        assert server.record.sessions[-1].audio_bytes == pytest.approx(48_000, abs=200)
        conversation.played(500)
        conversation.interrupt()
        async for event in conversation:
            if isinstance(event, SoundStopped):
                assert (event.interrupted, event.ms) == (True, 500)
                break
    assert [(one.name, one.arguments) for one in called] == [("warmth", {"room": "kitchen"})]
    (text,) = {event.text for event in events if isinstance(event, Heard)} or {SAID}
    assert text == SAID
    words = [event.text for event in events if isinstance(event, AnswerWords)]
    assert words[-1] == WARM
    sound = b"".join(event.pcm for event in events if isinstance(event, AnswerSound))
    assert len(sound) == len(WARM) * MS_PER_CHARACTER * 48
    await until(lambda: not server.record.open_sessions)
    assert "degrees" not in repr(events)
    with pytest.raises(UnknownVoice):
        async with converse_realtime(voice="hal"):
            pass
