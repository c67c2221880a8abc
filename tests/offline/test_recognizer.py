import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.home_commands import ROUND_TRIP, plain
from wyoming_azure_realtime.errors import (
    AudioTooLong,
    BackendTimeout,
    OutOfOrder,
    TooManyRequests,
    TranscriptionFailed,
)
from wyoming_azure_realtime.offline.choice import RecognizerChoice
from wyoming_azure_realtime.offline.espeak import EspeakVoice
from wyoming_azure_realtime.offline.recognizer import Recognizer, RecognizerLimits

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMAND = ROUND_TRIP[0]
CHUNK = 2_880
DEADLINE = 30.0


@pytest_asyncio.fixture(loop_scope="module")
async def recognizer(model_cache: Path, choice: RecognizerChoice) -> AsyncIterator[Recognizer]:
    async with Recognizer(cache=model_cache, workers=1, choice=choice) as recognizer:
        yield recognizer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(model_cache: Path, choice: RecognizerChoice) -> AsyncIterator[Recognizer]:
    """One whose only worker has its model, for tests after which it is as before."""
    async with Recognizer(cache=model_cache, workers=1, choice=choice) as recognizer:
        await recognizer.ready()
        yield recognizer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def command() -> bytes:
    voice = EspeakVoice()
    pcm = b"".join([piece async for piece in voice.speak(COMMAND)])
    voice.close()
    return pcm


async def heard(recognizer: Recognizer, pcm: bytes) -> str:
    async with recognizer.utterance() as utterance:
        utterance.feed(pcm)
        return plain(await utterance.finish())


@asynccontextmanager
async def frozen(recognizer: Recognizer) -> AsyncIterator[int]:
    """Stop the only worker meanwhile, so that what it holds stays undecoded."""
    await recognizer.ready()
    (pid,) = recognizer.worker_pids
    os.kill(pid, signal.SIGSTOP)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.005)


async def until_ended(pid: int) -> None:
    await eventually(lambda: not running(pid))


async def handed_over(recognizer: Recognizer) -> None:
    """Wait until the worker has been given what there was."""
    await eventually(lambda: not recognizer.idle)


def running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_a_command_is_heard_though_nobody_waited_for_the_model(
    recognizer: Recognizer, command: bytes
) -> None:
    assert recognizer.worker_pids == []
    assert await heard(recognizer, command) == COMMAND


async def test_it_does_not_matter_how_the_audio_is_cut(shared: Recognizer, command: bytes) -> None:
    async with shared.utterance() as utterance:
        for start in range(0, len(command), 999):
            utterance.feed(command[start : start + 999])
        assert plain(await utterance.finish()) == COMMAND


async def test_silence_and_nothing_are_empty(shared: Recognizer) -> None:
    assert await heard(shared, bytes(96_000)) == ""
    assert await heard(shared, b"") == ""


async def test_partial_text_comes_while_the_audio_flows(shared: Recognizer, command: bytes) -> None:
    async with shared.utterance() as utterance, asyncio.timeout(DEADLINE):
        partials, sound = utterance.partials(), bytes(24_000) + command
        cut = len(sound) // 8 * 6
        utterance.feed(sound[:cut])
        first = await anext(partials)
        utterance.feed(sound[cut:])
        assert plain(first).split()[:2] == COMMAND.split()[:2]
        rest = asyncio.create_task(collect(partials))
        assert plain(await utterance.finish()) == COMMAND
        # the end of the utterance ends them
        assert len(await rest) <= 1


async def collect(texts: AsyncIterator[str]) -> list[str]:
    return [text async for text in texts]


async def test_partials_of_silence_are_none(shared: Recognizer) -> None:
    async with shared.utterance() as utterance:
        texts = asyncio.create_task(collect(utterance.partials()))
        for _ in range(20):
            utterance.feed(bytes(9_600))
            await asyncio.sleep(0)
        assert await utterance.finish() == ""
        assert await texts == []


async def test_many_at_once_each_get_their_own(
    model_cache: Path, choice: RecognizerChoice, command: bytes
) -> None:
    async with Recognizer(cache=model_cache, workers=2, choice=choice) as recognizer:
        sounds = [command, bytes(48_000), command[: len(command) // 2]] * 3
        alone = [await heard(recognizer, sound) for sound in sounds[:3]]
        assert await asyncio.gather(*(heard(recognizer, sound) for sound in sounds)) == alone * 3


async def test_a_worker_killed_while_idle_is_replaced_and_nobody_notices(
    recognizer: Recognizer, command: bytes
) -> None:
    await recognizer.ready()
    (pid,) = recognizer.worker_pids
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: recognizer.worker_pids != [pid])
    assert await heard(recognizer, command) == COMMAND


async def test_a_worker_killed_over_an_utterance_fails_that_one_alone(
    recognizer: Recognizer, command: bytes
) -> None:
    async with frozen(recognizer) as pid:
        held = asyncio.create_task(heard(recognizer, command))
        await handed_over(recognizer)
        waiting = asyncio.create_task(heard(recognizer, command))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(TranscriptionFailed):
            await held
        assert await waiting == COMMAND


async def test_a_worker_that_hangs_is_a_timeout_and_is_replaced(
    model_cache: Path, choice: RecognizerChoice, command: bytes
) -> None:
    limits = RecognizerLimits(decode_seconds=3.0)
    async with Recognizer(cache=model_cache, workers=1, limits=limits, choice=choice) as recognizer:
        async with frozen(recognizer) as pid:
            with pytest.raises(BackendTimeout):
                await heard(recognizer, command)
            await until_ended(pid)
        assert await retried(recognizer, command) == COMMAND


async def retried(recognizer: Recognizer, pcm: bytes) -> str:
    """Seconds are little for a new worker on a busy machine."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return await heard(recognizer, pcm)
            except BackendTimeout:
                continue


async def test_a_partial_text_gives_way_to_a_whole_one(
    model_cache: Path, choice: RecognizerChoice, command: bytes
) -> None:
    if choice.name != "whisper":
        pytest.skip("pocketsphinx needs no longer than a moment")
    async with Recognizer(cache=model_cache, workers=1, choice=choice) as recognizer:
        async with frozen(recognizer) as pid, recognizer.utterance() as other:
            partials = asyncio.create_task(collect(other.partials()))
            other.feed(command)
            await handed_over(recognizer)
            whole = asyncio.create_task(heard(recognizer, command))
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGCONT)
            assert await whole == COMMAND
        # nothing came of it: it was given up before there was a text
        assert await partials == []


async def test_an_utterance_given_up_leaves_no_trace(shared: Recognizer, command: bytes) -> None:
    async with frozen(shared):
        given_up = [asyncio.create_task(heard(shared, command)) for _ in range(3)]
        await handed_over(shared)
        for task in given_up:
            task.cancel()
        await asyncio.gather(*given_up, return_exceptions=True)
    assert await heard(shared, command) == COMMAND


async def test_longer_than_the_longest_is_refused_and_the_rest_kept(
    model_cache: Path, choice: RecognizerChoice, command: bytes
) -> None:
    limits = RecognizerLimits(utterance_seconds=len(command) / 48_000)
    recognizer = Recognizer(cache=model_cache, workers=1, limits=limits, choice=choice)
    async with recognizer, recognizer.utterance() as utterance:
        utterance.feed(command)
        with pytest.raises(AudioTooLong):
            utterance.feed(b"\0\0")
        assert plain(await utterance.finish()) == COMMAND


async def test_only_so_many_are_heard_at_once(model_cache: Path, choice: RecognizerChoice) -> None:
    recognizer = Recognizer(cache=model_cache, limits=RecognizerLimits(utterances=2), choice=choice)
    first, second = recognizer.utterance(), recognizer.utterance()
    with pytest.raises(TooManyRequests):
        recognizer.utterance()
    first.close()
    first.close()
    third = recognizer.utterance()
    with pytest.raises(TooManyRequests):
        recognizer.utterance()
    for utterance in (second, third):
        utterance.close()


async def test_an_utterance_ends_once(shared: Recognizer, command: bytes) -> None:
    async with shared.utterance() as utterance:
        utterance.feed(command)
        await utterance.finish()
        with pytest.raises(OutOfOrder):
            utterance.feed(command)
        with pytest.raises(OutOfOrder):
            await utterance.finish()


async def test_without_a_start_nothing_is_heard(model_cache: Path, command: bytes) -> None:
    with pytest.raises(TranscriptionFailed, match="not been started"):
        await heard(Recognizer(cache=model_cache), command)


async def test_stopping_fails_what_is_still_open_and_leaves_no_process(
    model_cache: Path, choice: RecognizerChoice, command: bytes
) -> None:
    recognizer = Recognizer(cache=model_cache, workers=1, choice=choice)
    await recognizer.start()
    async with frozen(recognizer) as pid:
        held = asyncio.create_task(heard(recognizer, command))
        await handed_over(recognizer)
        stopping = asyncio.create_task(recognizer.stop())
        with pytest.raises(TranscriptionFailed, match="stopping"):
            await held
    await stopping
    assert not running(pid)


async def test_stopping_while_the_model_loads_leaves_no_process(
    model_cache: Path, choice: RecognizerChoice
) -> None:
    recognizer = Recognizer(cache=model_cache, workers=2, choice=choice)
    before = children()
    await recognizer.start()
    await eventually(lambda: children() != before)
    await recognizer.stop()
    assert children() == before


def children() -> set[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in tasks for pid in path.read_text().split()}


async def test_what_keeps_workers_from_starting_is_told(
    model_cache: Path,
    choice: RecognizerChoice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: bytes,
) -> None:
    package = {"whisper": "ctranslate2", "pocketsphinx": "pocketsphinx"}[str(choice.name)]
    (tmp_path / f"{package}.py").write_text("raise ImportError('broken wheel')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    recognizer = Recognizer(cache=model_cache, workers=1, choice=choice)
    async with recognizer, asyncio.timeout(DEADLINE):
        with pytest.raises(TranscriptionFailed, match="broken wheel"):
            await heard(recognizer, command)
        monkeypatch.delenv("PYTHONPATH")
        while True:
            try:
                assert await heard(recognizer, command) == COMMAND
                break
            except TranscriptionFailed:
                await asyncio.sleep(0.1)


PARENT = """
import asyncio, sys
from pathlib import Path
from wyoming_azure_realtime.offline.recognizer import Recognizer

async def main():
    recognizer = Recognizer(cache=Path(sys.argv[1]), workers=1)
    await recognizer.start()
    await recognizer.ready()
    print(*recognizer.worker_pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(not Recognizer.available()[0], reason=Recognizer.available()[1])
async def test_workers_do_not_outlive_a_killed_parent(model_cache: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(model_cache), stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(DEADLINE):
        pid = int(await parent.stdout.readline())
    assert running(pid)
    parent.kill()
    await parent.wait()
    await until_ended(pid)


async def test_workers_inherit_no_sockets(model_cache: Path, choice: RecognizerChoice) -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with server, Recognizer(cache=model_cache, workers=1, choice=choice) as recognizer:
        await recognizer.ready()
        (pid,) = recognizer.worker_pids
        assert not [name for name in open_files(pid) if name.startswith("socket:")]


def open_files(pid: int) -> list[str]:
    return [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
