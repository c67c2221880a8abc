"""docs/http.md names every route and no other, and its examples are what comes."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from tests.support.http_door import INFO, Door, http_door
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.http_api.server import PREFIX
from wyoming_azure_realtime.settings.model import History

DOCUMENT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
SAID = "hello"


def routes_of(door: Door) -> set[tuple[str, str]]:
    """Methods and paths that the server knows; of the page's files and OpenAI's what they begin with."""
    found = set()
    for route in door.server._runner.app.router.routes():
        path = str(getattr(route.resource, "canonical", "")).replace("{path}", "…")
        shortened = re.sub(r"^/v1/audio/.*", "/v1/audio/…", path)
        if route.method != "HEAD":
            found.add((route.method, shortened))
    return found


def described_routes() -> set[tuple[str, str]]:
    cells = " ".join(line.split("|")[1] for line in DOCUMENT.splitlines() if line.startswith("| `"))
    found = re.findall(r"`(GET|PUT|POST|DELETE) ([^`?]+)(?:\?[^`]*)?`", cells)
    return {(method, PREFIX + path[1:] if path.startswith("…") else path) for method, path in found}


async def test_it_names_every_route_and_no_other() -> None:
    async with http_door() as door:
        assert routes_of(door) == described_routes()


async def test_what_it_shows_of_a_turn_is_what_a_turn_has() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    example = msgspec.json.decode(shown)
    async with http_door(engines=sink_engines((SAID,))) as door:
        await door.post(f"{PREFIX}/synthesize", json={"text": "Hello."})
        (turn,) = (await door.get(f"{PREFIX}/turns")).json["turns"]
        costs = (await door.get(f"{PREFIX}/costs")).json
        figures = (await door.get(f"{PREFIX}/figures")).json
    assert set(turn) == set(example)
    assert set(turn["cost"]) == set(example["cost"])
    assert set(turn["seconds"]) <= set(example["seconds"])
    for name in (*example["seconds"], *costs, *costs["cap"], *figures["series"]):
        assert re.search(rf"`(series\.)?{name}`", DOCUMENT), name


async def test_its_commands_work(tmp_path: Path) -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    first, second = commands.replace("\\\n", "").splitlines()
    async with http_door(engines=sink_engines((SAID,))) as door:
        sound = await door.ask(**request_of(first, tmp_path))
        (tmp_path / "hello.wav").write_bytes(sound.body)
        heard = await door.ask(**request_of(second, tmp_path))
        assert (await door.get(INFO)).status == 200
    assert sound.body.startswith(b"RIFF")
    assert heard.status == 200
    assert set(heard.json) == {"text"}


def request_of(command: str, folder: Path) -> dict[str, Any]:
    """What curl would send."""
    words = shlex.split(command)
    headers, data = {}, b""
    for option, value in pairwise(words):
        if option == "-H":
            name, _, header = value.partition(": ")
            headers[name] = header
        elif option in ("-d", "--data-binary"):
            data = (folder / value[1:]).read_bytes() if value.startswith("@") else value.encode()
    (address,) = (word for word in words if word.startswith("http://127.0.0.1:5000"))
    path = address.removeprefix("http://127.0.0.1:5000")
    return {"method": "POST", "path": path, "headers": headers, "data": data}


def test_its_numbers_are_those_of_the_program() -> None:
    assert f"The latest {History().turns:,} turns" in DOCUMENT
    assert History().days == 7
    assert not History().texts
