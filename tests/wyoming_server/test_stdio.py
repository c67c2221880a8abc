import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes, kinds
from tests.support.wyoming_peer import PATIENCE, Peer

COMMAND = (sys.executable, "-m", "tests.support.stdio_server")
UTTERANCE = (
    event_bytes("transcribe", {"language": "en"})
    + event_bytes("audio-chunk", PCM_16K, TEN_MS) * 20
    + event_bytes("audio-stop")
)


@asynccontextmanager
async def program() -> AsyncIterator[tuple[Peer, asyncio.subprocess.Process]]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Peer(process.stdout, process.stdin), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def left(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(2 * PATIENCE):
        return await process.wait()


async def test_a_client_on_pipes_is_heard_and_spoken_to() -> None:
    async with program() as (peer, process):
        await peer.send("describe")
        await peer.until("info")
        await peer.send_raw(UTTERANCE)
        assert (await peer.until("transcript"))[-1].data["text"] == "turn on the kitchen lights"
        await peer.send("synthesize", {"text": "The light is on."})
        assert kinds(await peer.until("audio-stop")) == ["audio-start", "audio-chunk", "audio-stop"]
        peer.end()
        assert await peer.rest() == []
        assert await left(process) == 0


async def test_a_request_piped_in_whole_is_answered_before_the_program_ends() -> None:
    async with program() as (peer, process):
        await peer.send_raw(event_bytes("describe") + UTTERANCE)
        peer.end()
        assert kinds(await peer.rest()) == ["info", "transcript"]
        assert await left(process) == 0


async def test_a_client_that_closes_our_output_ends_the_program() -> None:
    async with program() as (peer, process):
        await peer.send("describe")
        await peer.until("info")
        transport = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
        transport.close()
        await peer.send_raw(UTTERANCE)
        assert await left(process) == 0


async def test_malformed_input_is_an_error_and_the_end() -> None:
    async with program() as (peer, process):
        await peer.send_raw(b"nonsense\n")
        assert kinds(await peer.rest()) == ["error"]
        assert await left(process) == 0


def test_a_file_in_place_of_a_pipe_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
            text=True,
        )
    assert done.returncode
    assert "Cannot listen on stdio://: standard input or output is a file. Use a pipe." in done.stderr
