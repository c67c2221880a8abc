"""The backend as a child process, and alone."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.realtime_peer import GA, eventually, peer, tone
from wyoming_azure_realtime.emulator.faults import Fault, Faults
from wyoming_azure_realtime.errors import BackendTimeout, ConnectFailed
from wyoming_azure_realtime.offline.process import BackendProcess

SECONDS = 20
PARENT = """
import asyncio
from wyoming_azure_realtime.offline.process import BackendProcess
from wyoming_azure_realtime.errors import BackendTimeout, ConnectFailed

async def main():
    backend = BackendProcess(engines="sink")
    await backend.start()
    print(backend.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_it_starts_answers_and_stops() -> None:
    async with asyncio.timeout(SECONDS), BackendProcess(engines="sink") as backend:
        pid = backend.pid
        assert backend.recognizes
        assert backend.reason == ""
        headers = {"api-key": backend.key}
        async with peer(backend.url, additional_headers=headers) as client:
            await client.configure(transcription={"model": "whisper-1"})
            await client.append(tone(200))
            await client.commit()
            await client.until("conversation.item.input_audio_transcription.completed")
    assert not _runs(pid)


async def test_it_lets_in_nobody_without_its_key() -> None:
    async with BackendProcess(engines="sink") as backend:
        with pytest.raises(InvalidStatus):
            await connect(backend.url.replace("http", "ws") + GA)
        assert backend.key not in _proc(backend.pid, "cmdline") + _proc(backend.pid, "environ")
    assert backend.key not in repr(backend)


async def test_every_start_has_a_key_of_its_own() -> None:
    assert BackendProcess().key != BackendProcess().key


async def test_faults_reach_it() -> None:
    async with BackendProcess(engines="sink", faults=Faults(unknown_deployment=Fault())) as backend:
        with pytest.raises(InvalidStatus) as refused:
            await connect(backend.url.replace("http", "ws") + GA, additional_headers={"api-key": backend.key})
        assert refused.value.response.status_code == 404


async def test_its_unexpected_end_is_told_and_it_comes_back_where_it_was() -> None:
    async with asyncio.timeout(SECONDS), BackendProcess(engines="sink") as backend:
        url, key, pid = backend.url, backend.key, backend.pid
        ended = asyncio.ensure_future(backend.ended())
        os.kill(pid, signal.SIGKILL)
        assert await ended == -signal.SIGKILL
        await backend.start()
        assert (backend.url, backend.key) == (url, key)
        assert backend.pid != pid
        async with peer(url, additional_headers={"api-key": key}):
            pass


async def test_it_ends_with_its_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(SECONDS):
        pid = int(await parent.stdout.readline())
        parent.kill()
        await parent.wait()
    await eventually(lambda: not _runs(pid))


async def test_a_child_that_hangs_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.offline.process._STOP_SECONDS", 0.2)
    backend = BackendProcess(engines="sink")
    await backend.start()
    pid = backend.pid
    os.kill(pid, signal.SIGSTOP)
    async with asyncio.timeout(SECONDS):
        await backend.stop()
    assert not _runs(pid)


async def test_stopping_twice_or_before_the_start_is_nothing() -> None:
    backend = BackendProcess(engines="sink")
    await backend.stop()
    await backend.start()
    await backend.stop()
    await backend.stop()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    return _proc(pid, "stat").rpartition(")")[2].split()[0] == "Z"


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


async def test_a_child_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.offline.process._MODULE", "wyoming_azure_realtime.nothing")
    with pytest.raises(ConnectFailed, match="did not start"):
        await BackendProcess().start()


async def test_a_child_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wyoming_azure_realtime.offline.process._START_SECONDS", 0.01)
    backend = BackendProcess(engines="sink")
    with pytest.raises(BackendTimeout):
        await backend.start()
    assert backend.pid == 0
