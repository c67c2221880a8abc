import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info

from tests.support.addon_pictures import FOLDER
from tests.support.program import Program, program
from tests.support.stock_client import use

UID = 10300


def user() -> int:
    """The add-on's own, where there is root to give up and others may read this Python; else this one."""
    if os.geteuid() != 0:
        return os.geteuid()
    needed = [sys.executable, "-c", "import asyncio, wyoming_azure_realtime.app"]
    try:
        subprocess.run(needed, user=UID, group=UID, capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        return 0
    return UID


USER = user()
FORM = yaml.safe_load((FOLDER / "config.yaml").read_text())["options"]


@contextmanager
def data_folder(options: dict[str, Any]) -> Iterator[Path]:
    """As the Supervisor makes it: root's, with options that root alone may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "options.json").write_text(json.dumps(options))
        (folder / "options.json").chmod(0o600)
        yield folder


@asynccontextmanager
async def supervisor() -> AsyncIterator[tuple[str, list[tuple[str, Any]]]]:
    """One that notes what it is told."""
    told: list[tuple[str, Any]] = []

    async def discovery(request: web.Request) -> web.Response:
        told.append((request.headers["Authorization"], await request.json()))
        return web.json_response({"result": "ok"})

    application = web.Application()
    application.router.add_post("/discovery", discovery)
    async with TestServer(application) as server:
        yield str(server.make_url("")).rstrip("/"), told


def users_of(pid: int) -> set[int]:
    """Real, effective and saved user of a process."""
    line = re.search(r"^Uid:(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert line
    return set(map(int, line[1].split()))


async def offered(uri: str) -> Info:
    host, port = uri.removeprefix("tcp://").split(":")
    async with AsyncTcpClient(host, int(port), 5, 5) as client:
        await client.write_event(Describe().event())
        return Info.from_event(await client.read_event())


@asynccontextmanager
async def started(options: dict[str, Any]) -> AsyncIterator[tuple[Program, list[tuple[str, Any]]]]:
    """The add-on of these options, and what it told the Supervisor."""
    doors = ("--uri", "tcp://127.0.0.1:0", "--http", "127.0.0.1:0")
    with data_folder(options) as folder:
        async with supervisor() as (url, told):
            flags = ("--data", str(folder), "--supervisor", url, "--user", str(USER), *doors)
            async with program("addon", *flags, environ={"SUPERVISOR_TOKEN": "supervisor-token"}) as running:
                yield running, told


async def test_the_add_on_as_installed_is_found_speaks_hears_and_shows_its_page() -> None:
    async with started({**FORM, "names": ["snug"]}) as (running, told):
        uri = await running.uri()
        await running.said("Announced tcp:.* to Home Assistant")
        config = {"uri": f"tcp://{socket.gethostname()}:{uri.rpartition(':')[2]}"}
        assert told == [("Bearer supervisor-token", {"service": "wyoming", "config": config})]
        await use(uri)
        async with aiohttp.ClientSession() as client, client.get(await running.http()) as page:
            assert '<script type="module" src="page/' in await page.text()
        assert users_of(running.process.pid) == {USER}
        assert await running.stop() == 0
    assert "supervisor-token" not in "\n".join(running.log)


async def test_options_of_an_older_version_start_it_with_a_line_in_the_log() -> None:
    older = {"region": "westeurope", "voice": "echo"}
    async with started(older) as (running, _):
        voice = (await offered(await running.uri())).tts[0].voices[0]
        await running.said("Ignored the option region: this version has none")
    assert voice.name


async def test_wrong_options_are_told_in_one_line() -> None:
    async with started({**FORM, "other_settings": [{"name": "deadlines.request", "value": "soon"}]}) as (
        running,
        told,
    ):
        assert await running.process.wait() == 2
        await running.said("deadlines.request is .*add-on option other_settings")
    assert told == []
