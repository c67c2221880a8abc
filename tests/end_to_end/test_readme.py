"""What the documents tell people to type does what it says: with other ports, and installed already."""

import asyncio
import json
import re
import shutil
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.support.home_commands import plain
from tests.support.ports import reserved_ports
from tests.support.program import START_SECONDS, Program, clean_environment
from tests.support.readme import ROOT, Block, blocks, under
from wyoming_azure_realtime.offline.recognizer import Recognizer
from wyoming_azure_realtime.wyoming_server.server import _HANDLERS

HEARS, DEAF_BECAUSE = Recognizer.available()
needs_ears = pytest.mark.skipif(not HEARS, reason=DEAF_BECAUSE)
COMMAND = ".venv/bin/wyoming-azure-realtime"
TALK = "A conversation by voice"
OPENAI = "For clients of OpenAI's audio API"
SAID = "turn on the kitchen lights"

# .ci/run runs the line that tests, tests/long/four_ways.py the one that installs
ELSEWHERE = {"Development"}
# what starts things that a test has not
OUTSIDE = re.compile(r"\b(docker|podman|kubectl|systemctl|sudo|apt|apt-get|git|pip)\b")


class Place:
    """A folder that looks like a checkout in which the program is installed."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
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

    async def begin(
        self, text: str, *, name: str = "sh", environ: Mapping[str, str] | None = None
    ) -> Process:
        """A block, started; its standard error is the program's log."""
        text = text.replace("127.0.0.1:5000", f"127.0.0.1:{self.http}")
        command = [sys.executable, "-c"] if name == "python" else ["sh", "-eu", "-c"]
        return await asyncio.create_subprocess_exec(
            *command,
            text,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environ | dict(environ or {}),
            cwd=self.folder,
        )

    async def does(
        self,
        text: str,
        *,
        name: str = "sh",
        environ: Mapping[str, str] | None = None,
        within: float = START_SECONDS,
    ) -> str:
        """What a block prints."""
        process = await self.begin(text, name=name, environ=environ)
        async with asyncio.timeout(within):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode().strip()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with reserved_ports(2) as ports:
        yield Place(tmp_path_factory.mktemp("readme"), ports)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(place: Place) -> AsyncIterator[Program]:
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
    async def test_try_it_speaks_and_hears(self, place: Place) -> None:
        text = under("Try it", "sh")[1]
        assert plain(await place.does(text)) == SAID

    @needs_ears
    @pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
    async def test_openais_routes_speak_and_hear(self, place: Place) -> None:
        (text,) = under(OPENAI, "sh", "docs/openai.md")
        assert json.loads(await place.does(text))["text"]
        assert (place.folder / "hello.wav").read_bytes()[:4] == b"RIFF"

    @needs_ears
    async def test_openais_package_speaks_and_hears(self, place: Place) -> None:
        (text,) = under(OPENAI, "python", "docs/openai.md")
        assert plain(await place.does(text, name="python")) == "hello"

    async def test_the_page_is_where_the_readme_says(self, place: Place) -> None:
        (address,) = re.findall(r"<(http://\S+)>", (ROOT / "README.md").read_text(encoding="utf-8"))
        async with aiohttp.ClientSession() as client:
            async with client.get(address.replace(":5000", f":{place.http}")) as answer:
                assert answer.content_type == "text/html"


@needs_ears
async def test_python_prints_what_was_said(place: Place) -> None:
    (text,) = under("Python", "python", "docs/python.md")
    assert plain(await place.does(text, name="python")) == SAID


@needs_ears
async def test_python_prints_what_was_answered(place: Place) -> None:
    """Without a key: the embedded backend hears, does sums, and speaks."""
    (text,) = under(TALK, "python", "docs/python.md")
    heard, answer, seconds = (await place.does(text, name="python", within=120)).split(" - ")
    assert heard
    assert answer
    assert float(seconds.split()[0]) > 0.5


async def test_the_backend_alone_is_a_realtime_endpoint(place: Place) -> None:
    (text,) = under("Alone", "sh", "docs/embedded.md")
    process = await place.begin(f"exec {text}".replace("--port 8080", "--port 0"))
    try:
        async with asyncio.timeout(START_SECONDS):
            assert process.stdout
            line = (await process.stdout.readline()).decode()
        address = line.split(" on ")[1].split()[0]
        async with aiohttp.ClientSession() as client:
            async with client.ws_connect(f"{address}/v1/realtime?model=gpt-realtime") as session:
                assert (await session.receive_json())["type"] == "session.created"
    finally:
        process.terminate()
        await process.communicate()


def settings_of(text: str) -> str:
    """The block with the start, if it has one, replaced by a look at the settings."""
    return re.sub(rf"^{re.escape(COMMAND)}.*", "", text, flags=re.MULTILINE) + f"\n{COMMAND} settings"


@pytest.mark.parametrize("block", [block for block in blocks() if "export " in block.text])
async def test_every_variable_that_is_set_counts(place: Place, block: Block) -> None:
    shown = await place.does(settings_of(block.text))
    for name in re.findall(r"^export (\w+)=", block.text, re.MULTILINE):
        assert name in shown


@pytest.mark.parametrize("block", [block for block in blocks() if block.language == "yaml"])
async def test_every_piece_of_a_settings_file_is_understood(place: Place, block: Block) -> None:
    (place.folder / "settings.yaml").write_text(block.text)
    environ = {"WYOMING_AZURE_REALTIME_URI": ""}  # it would win over the file's listeners
    shown = await place.does(f"{COMMAND} settings --config settings.yaml", environ=environ)
    assert "settings.yaml" in shown


async def test_the_container_is_started_with_settings_that_there_are(place: Place) -> None:
    (run,) = [line for line in under("Try it", "sh")[2].replace("\\\n", " ").splitlines() if " run " in line]
    given = dict(pair.split("=", 1) for pair in re.findall(r"-e (\S+)", run))
    shown = await place.does(f"{COMMAND} settings", environ=given)
    assert all(name in shown for name in given)
    published = re.findall(r"-p (?:[\d.]+:)?\d+:(\d+)", run)
    assert published == ["10300", given["WYOMING_AZURE_REALTIME_HTTP"].rpartition(":")[2]]


def test_the_readme_is_a_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_link_leads_somewhere() -> None:
    dead = []
    for page in documents():
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            file, _, anchor = target.partition("#")
            there = (page.parent / file).resolve() if file else page
            if not there.exists() or (anchor and anchor not in anchors(there)):
                dead.append(f"{page.relative_to(ROOT)}: {target}")
    assert dead == []


def documents() -> list[Path]:
    """All of the project's, also those that are not for users."""
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "config").rglob("*.md")]


def anchors(page: Path) -> set[str]:
    """Of its headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}


NO_SETTINGS = {"conversation.azure_realtime", "conversation.item.truncate", "limits.py"}
"""What has the shape of a setting: an entity of Home Assistant, an event, a module."""


def test_every_setting_that_is_named_exists() -> None:
    """By the headings of docs/settings.md, which are made from the declarations."""
    headings = re.findall(
        r"^##+ `([^`]+)`", (ROOT / "docs/settings.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    known = {re.sub(r"\[\w*\]", "", name) for name in headings}
    sections = {name.partition(".")[0] for name in known if "." in name}
    unknown = set()
    for page in documents():
        named = re.findall(r"`(\w+(?:\[\w*\])?(?:\.[a-z_]+)+)(?:: [^`]*)?`", page.read_text(encoding="utf-8"))
        names = {re.sub(r"\[\w*\]", "", name) for name in named} - NO_SETTINGS
        unknown |= {name for name in names if name.partition(".")[0] in sections and name not in known}
    assert {name for name in unknown if not name.startswith("speech.audio.")} == set()  # events of OpenAI's


def test_the_notes_on_wyoming_name_every_event_that_is_served() -> None:
    text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    served = {"describe", "ping", "select-program"}.union(*(one.event_types for one in _HANDLERS))
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row)} == served


def test_no_command_is_left_out() -> None:
    tested = {"Try it", OPENAI, "Python", TALK, "Alone"}
    left = [
        block
        for block in blocks()
        if block.language in {"sh", "python", "bash", "console"}
        and block.heading not in tested | ELSEWHERE
        and "export " not in block.text
        and not OUTSIDE.search(block.text)
    ]
    assert left == []
