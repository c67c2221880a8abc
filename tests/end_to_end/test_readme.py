"""What the README tells people to type does what it says: with other ports, and installed already."""

import asyncio
import json
import re
import shutil
import sys

import aiohttp
import pytest
import pytest_asyncio

from tests.support.ports import reserved_ports
from tests.support.program import START_SECONDS, Program, clean_environment
from tests.support.readme import blocks, under
from wyoming_azure_realtime.offline.recognizer import Recognizer

HEARS, DEAF_BECAUSE = Recognizer.available()
needs_ears = pytest.mark.skipif(not HEARS, reason=DEAF_BECAUSE)
COMMAND = ".venv/bin/wyoming-azure-realtime"
SAID = "turn on the kitchen lights"

# .ci/run runs the line that tests, tests/long/four_ways.py the one that installs
ELSEWHERE = {"Development"}
# what starts things that a test has not
OUTSIDE = re.compile(r"\b(docker|podman|kubectl|systemctl|sudo|apt|apt-get|git|pip)\b")


class Place:
    """A folder that looks like a checkout in which the program is installed."""

    def __init__(self, folder, ports):
        self.folder = folder
        self.wyoming, self.http = ports
        self.environ = clean_environment(
            {
                "WYOMING_AZURE_REALTIME_URI": f"tcp://127.0.0.1:{self.wyoming}",
                "WYOMING_AZURE_REALTIME_HTTP": f"127.0.0.1:{self.http}",
                "WYOMING_AZURE_REALTIME_ZEROCONF_ENABLED": "false",
            }
        )
        start = folder / COMMAND
        start.parent.mkdir(parents=True)
        start.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wyoming_azure_realtime "$@"\n')
        start.chmod(0o755)

    async def begin(self, text, *, name="sh", environ=None):
        """A block, started; its standard error is the program's log."""
        text = text.replace("127.0.0.1:5000", f"127.0.0.1:{self.http}")
        command = [sys.executable, "-c"] if name == "python" else ["sh", "-eu", "-c"]
        return await asyncio.create_subprocess_exec(
            *command,
            text,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environ | (environ or {}),
            cwd=self.folder,
        )

    async def does(self, text, **how):
        """What a block prints."""
        process = await self.begin(text, **how)
        async with asyncio.timeout(START_SECONDS):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode().strip()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with reserved_ports(2) as ports:
        yield Place(tmp_path_factory.mktemp("readme"), ports)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(place):
    """What the first block starts, once it is installed."""
    install, _, start = under("Try it", "sh")[0].rpartition("&& ")
    assert "pip install" in install
    running = Program(await place.begin(f"exec {start}"))
    reading = asyncio.create_task(running.read_log())
    try:
        await running.uri()
        await running.http()
        yield running
    finally:
        assert await running.stop() == 0
        await reading


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.usefixtures("server")
class TestWithTheServer:
    @needs_ears
    async def test_try_it_speaks_and_hears(self, place):
        (text,) = under("Try it", "sh")[1:]
        assert await place.does(text) == SAID

    @needs_ears
    @pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
    async def test_http_api_speaks_and_hears(self, place):
        (text,) = under("HTTP API", "sh")
        assert json.loads(await place.does(text))["text"]
        assert (place.folder / "hello.wav").read_bytes()[:4] == b"RIFF"


@needs_ears
async def test_python_prints_what_was_said(place):
    (text,) = under("Python", "python")
    assert await place.does(text, name="python") == SAID


async def test_the_backend_alone_is_a_realtime_endpoint(place):
    (text,) = under("The embedded backend alone", "sh")
    process = await place.begin(f"exec {text}".replace("--port 8080", "--port 0"))
    try:
        async with asyncio.timeout(START_SECONDS):
            line = (await process.stdout.readline()).decode()
        address = line.split(" on ")[1].split()[0]
        async with aiohttp.ClientSession() as client:
            async with client.ws_connect(f"{address}/v1/realtime?model=gpt-realtime") as session:
                assert (await session.receive_json())["type"] == "session.created"
    finally:
        process.terminate()
        await process.communicate()


def settings_of(text):
    """The block with the start, if it has one, replaced by a look at the settings."""
    return re.sub(rf"^{re.escape(COMMAND)}.*", "", text, flags=re.MULTILINE) + f"\n{COMMAND} settings"


@pytest.mark.parametrize("block", [block for block in blocks() if "export " in block.text])
async def test_every_variable_that_is_set_counts(place, block):
    shown = await place.does(settings_of(block.text))
    for name in re.findall(r"^export (\w+)=", block.text, re.MULTILINE):
        assert name in shown


@pytest.mark.parametrize("block", [block for block in blocks() if block.language == "yaml"])
async def test_every_piece_of_a_settings_file_is_understood(place, block):
    (place.folder / "settings.yaml").write_text(block.text)
    environ = {"WYOMING_AZURE_REALTIME_URI": ""}  # it would win over the file's listeners
    shown = await place.does(f"{COMMAND} settings --config settings.yaml", environ=environ)
    assert "settings.yaml" in shown


def test_no_command_is_left_out():
    tested = {"Try it", "HTTP API", "Python", "The embedded backend alone"}
    left = [
        block
        for block in blocks()
        if block.language in {"sh", "python", "bash", "console"}
        and block.heading not in tested | ELSEWHERE
        and "export " not in block.text
        and not OUTSIDE.search(block.text)
    ]
    assert left == []
