"""What is heard and answered by tables, and the control port: faults and counters from outside."""

import asyncio
import functools
import io
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import soxr

from tests.support.eventually import eventually
from tests.support.realtime_peer import GA, Peer, peer, said
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, write_wav
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.control import ControlServer
from wyoming_azure_realtime.emulator.engines import AnswerRequest, ContextItem, sink_engines
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.emulator.hear_table import HearTable
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import AudioTooLong, SettingsError
from wyoming_azure_realtime.offline.backend import BackendOptions, serve_backend

Samples = np.ndarray[Any, np.dtype[np.float64]]
TEXTS = (
    "turn on the lamp",
    "turn off the lamp",
    "what is the capital of France",
    "tell me a long story about the sea",
    "open the front door please",
)


@functools.cache
def syllable(word: str) -> bytes:
    """Harmonics with two moving formants, as long as the word; always the same for a word."""
    chance = np.random.default_rng(list(word.encode()))
    time = np.arange(int(REALTIME.rate * (0.12 + 0.03 * len(word)))) / REALTIME.rate
    sound = np.zeros_like(time)
    centres = []
    for lowest, highest in ((300, 900), (1000, 3000)):
        begin, end = chance.uniform(lowest, highest, 2)
        centres.append(np.linspace(begin, end, len(time)))
    for harmonic in range(1, 30):
        hz = 115 * harmonic
        strength = sum(np.exp(-(((hz - centre) / 180) ** 2)) for centre in centres)
        sound += strength * np.sin(2 * np.pi * hz * time + chance.uniform(0, 6))
    sound += 0.1 * chance.normal(0, 1, len(time)) * (time < 0.04)
    shaped = sound * np.hanning(len(time)) ** 0.3
    return bytes((6000 * shaped / np.abs(shaped).max()).astype("<i2").tobytes())


def sound_of(text: str) -> Samples:
    gap = bytes(REALTIME.bytes_per_second // 40 * 2)
    return np.frombuffer(gap.join(syllable(word) for word in text.split()), "<i2").astype(float)


def pcm_of(samples: Samples) -> bytes:
    return bytes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())


def padded(samples: Samples, before: int, after: int) -> Samples:
    """With so many ms of silence around it."""
    return np.concatenate([np.zeros(24 * before), samples, np.zeros(24 * after)])


def telephone(samples: Samples) -> Samples:
    return np.asarray(soxr.resample(soxr.resample(samples, 24000, 8000), 8000, 24000))


@pytest.fixture(scope="module")
def table() -> HearTable:
    return HearTable([(text, pcm_of(sound_of(text))) for text in TEXTS])


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "changed",
    [
        lambda x: x,
        lambda x: padded(x, 713, 1507),
        lambda x: padded(0.1 * x, 311, 0),
        lambda x: padded(x[len(x) // 12 + 37 : -len(x) // 12], 20, 400),
        lambda x: padded(telephone(x), 5, 800),
        lambda x: padded(x, 400, 400) + np.random.default_rng(1).normal(0, 60, len(x) + 19_200),
    ],
    ids=["as it is", "padded", "soft", "cut", "telephone", "noise"],
)
def test_recordings_are_known_again(table: HearTable, text: str, changed: Any) -> None:
    assert table.text_of(pcm_of(changed(sound_of(text)))) == text


def test_parts_have_the_words_that_lie_within(table: HearTable) -> None:
    whole = sound_of(TEXTS[3])
    at = len(sound_of("tell me a long"))
    assert table.text_of(pcm_of(padded(whole[:at], 0, 300))).split()[:3] == ["tell", "me", "a"]
    assert table.text_of(pcm_of(padded(whole[at:], 200, 300))).split()[-3:] == ["about", "the", "sea"]


def test_what_is_no_recording_is_nothing(table: HearTable) -> None:
    chance = np.random.default_rng(7)
    for sound in (np.zeros(24_000), np.zeros(3), chance.normal(0, 2000, 48_000), sound_of(TEXTS[2])[::-1]):
        assert table.text_of(pcm_of(sound)) == ""


async def test_an_utterance_has_a_longest(table: HearTable) -> None:
    async with table.utterance(None) as stream:  # type: ignore[arg-type]
        with pytest.raises(AudioTooLong):
            stream.feed(bytes(121 * REALTIME.bytes_per_second))
        stream.feed(pcm_of(sound_of(TEXTS[0])))
        assert await stream.finish() == TEXTS[0]
        assert [text async for text in stream.partials()] == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '[{"text": "a", "wav": "missing.wav"}]', '[{"text": "a"}]']
)
def test_a_broken_table_of_recordings_is_a_settings_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hear.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"hear\.json"):
        HearTable.from_file(path)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"answers": 1}', '{"answers": [{"heared": "a"}]}', '{"answers": [{"heard": "/(/"}]}'],
)
def test_a_broken_table_of_answers_is_a_settings_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "brain.json"
    path.write_text(content)
    with pytest.raises(SettingsError):
        TableAnswers.from_file(path)
    with pytest.raises(SettingsError):
        TableAnswers.from_file(tmp_path / "none.json")


def words(kind: Any, text: str, *, by_ear: bool = False) -> ContextItem:
    return ContextItem(kind, text, by_ear=by_ear)


async def test_utterances_in_parts_are_one_question_and_typed_words_are_not() -> None:
    request = AnswerRequest(
        items=(
            words("user", "typed"),
            words("user", "turn on", by_ear=True),
            words("user", "the lamp", by_ear=True),
        )
    )
    assert request.question.text == "turn on the lamp"
    assert [item.text for item in request.question.earlier] == ["typed"]
    request = AnswerRequest(items=(words("user", "one"), words("user", "two"), words("system", "three")))
    assert request.question.text == "two"
    assert AnswerRequest().question.text == ""


async def test_groups_of_the_last_place_fill_text_and_arguments() -> None:
    table = TableAnswers(
        {
            "answers": [
                {
                    "heard": "call me",
                    "after": "/i am (\\w+)( again)?/",
                    "text": "\\1!\\2\\3",
                    "calls": [{"name": "f", "arguments": {"who": ["\\1"], "deep": {"n": 1, "w": "\\1"}}}],
                }
            ]
        }
    )
    earlier = (words("user", "I am Ann again"), words("assistant", "Hello."), words("user", "no, I am Bob"))
    tools = ({"type": "function", "name": "f"},)
    answer = await table.answer(AnswerRequest(items=(*earlier, words("user", "Call me!")), tools=tools))
    assert answer.text == "Bob!"
    assert answer.calls[0].arguments == {"who": ["Bob"], "deep": {"n": 1, "w": "Bob"}}
    told = (words("system", "Result of a lookup: I am Eve."), words("user", "Call me!"))
    assert (await table.answer(AnswerRequest(items=told))).text == "Eve!"
    assert (await table.answer(AnswerRequest(items=told[1:]))).text.startswith("I have no")


async def post(url: str, body: object) -> int:
    async with aiohttp.ClientSession() as http, http.post(url, json=body) as response:
        return response.status


async def stats(url: str) -> dict[str, float]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/stats") as response:
        found: dict[str, float] = await response.json()
        return found


async def answered(client: Peer, text: str) -> str:
    body = {
        "conversation": "none",
        "output_modalities": ["text"],
        "instructions": "Answer.",
        "input": [said(text)],
    }
    await client.send("response.create", response=body)
    done = (await client.until("response.done"))["response"]
    return str(done["output"][0]["content"][0]["text"]) if done["output"] else str(done["status"])


async def test_the_control_port_counts_answers_and_makes_faults() -> None:
    answers = TableAnswers({"answers": [{"heard": "hello", "text": "Good day."}]})
    async with (
        EmulatorServer(ServerOptions(), sink_engines(answers=answers)) as server,
        ControlServer(server, 0) as control,
        peer(server.url, GA) as client,
    ):
        assert await answered(client, "hello") == "Good day."
        assert (await stats(control.url))["answers_done"] == 1
        assert await post(f"{control.url}/faults", {"failed_response": {"times": 1}}) == 200
        assert await answered(client, "hello") == "failed"
        assert await answered(client, "hello") == "Good day."
        wrong: object
        for wrong in ({"mood": "bad"}, [], {"first_token_ms": -1}):
            assert await post(f"{control.url}/faults", wrong) == 400
        assert await post(f"{control.url}/faults", {"first_token_ms": 600_000}) == 200
        body = {"conversation": "none", "output_modalities": ["text"], "input": [said("hello")]}
        await client.send("response.create", response=body)
        await client.until("response.created")
        now = await stats(control.url)
        assert (now["answers_open"], now["answers_cancelled"], now["sessions_open"]) == (1, 0, 1)
        assert await post(f"{control.url}/drop", {}) == 200
        await eventually(lambda: server.record.answers.lost == 1)
        assert (await stats(control.url))["answers_open"] == 0
        assert await post(f"{control.url}/faults", {}) == 200
        assert server.faults == Faults()


async def test_the_backend_hears_and_answers_by_files_and_tells_its_control_port(tmp_path: Path) -> None:
    for number, text in enumerate(TEXTS):
        sound = soxr.resample(sound_of(text), 24000, 16000)
        (tmp_path / f"{number}.wav").write_bytes(
            write_wav(AudioFormat(16_000, 2, 1), pcm_of(np.asarray(sound)))
        )
    lines = [{"text": text, "wav": f"{number}.wav"} for number, text in enumerate(TEXTS)]
    hear, brain = tmp_path / "hear.json", tmp_path / "brain.json"
    hear.write_text(json.dumps(lines))
    brain.write_text(json.dumps({"answers": [{"heard": TEXTS[2], "text": "It is Paris."}]}))
    out = io.StringIO()
    options = BackendOptions(engines="sink", hear=hear, brain=brain, control=0)
    serving = asyncio.ensure_future(serve_backend(options, out))
    await eventually(lambda: out.getvalue().endswith("/stats\n"))
    url, control = re.findall(r"http://127\.0\.0\.1:\d+", out.getvalue())[0], out.getvalue().split()[-1]
    async with peer(url, GA) as client:
        await client.configure(transcription={"model": "whisper-1"})
        await client.append(pcm_of(padded(sound_of(TEXTS[2]), 100, 700)))
        await client.commit()
        item_id = (await client.until("input_audio_buffer.committed"))["item_id"]
        kind = "conversation.item.input_audio_transcription.completed"
        assert (await client.until(kind))["transcript"] == TEXTS[2]
        reference = {"type": "item_reference", "id": item_id}
        body = {"conversation": "none", "output_modalities": ["text"], "input": [reference]}
        await client.send("response.create", response=body)
        done = (await client.until("response.done"))["response"]
        assert done["output"][0]["content"][0]["text"] == "It is Paris."
        assert (await stats(control.removesuffix("/stats")))["answers_done"] == 1
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        await serving
