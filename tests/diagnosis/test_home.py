"""Ports, the network, Home Assistant, fallbacks."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.assist_api import TOKEN as ASSIST_TOKEN
from tests.support.assist_api import assist_api
from tests.support.broken_clouds import emulator
from tests.support.doctor import ALONE, Doctor, Told, target
from tests.support.home_assistant import TOKEN, ScriptedHome, scripted_home
from tests.support.ports import reserved_ports
from tests.support.program import program
from tests.support.wyoming_stand_in import piper, stand_in, whisper
from wyoming_azure_realtime.commands.doctor import VisitCosts, embedded_findings, settings_result
from wyoming_azure_realtime.diagnosis.home import abilities
from wyoming_azure_realtime.settings.load import load

_COMM = Path("/proc/self/comm")
ITSELF = _COMM.read_text().strip() if _COMM.exists() else ""
"""This process, as the system calls it."""

CONFIG = {"version": "2026.11.0", "components": ["wyoming", "light"]}


def around(uri: str = "tcp://127.0.0.1:0", **further: Any) -> dict[str, Any]:
    """Settings with the embedded backend, of which nothing is looked at but what is around it."""
    return {**ALONE, "listeners": [{"uri": uri}], **further}


async def told_of(doctor: Doctor, **settings: Any) -> Told:
    async with emulator()() as cloud:
        return await doctor(target(cloud.target) | around(**settings), "--no-speech")


@asynccontextmanager
async def somebody(answer: bytes) -> AsyncIterator[int]:
    """Listens on a port, and says the same to everybody."""
    busy: set[asyncio.Task[None] | None] = set()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        busy.add(asyncio.current_task())
        try:
            await reader.readline()
            writer.write(answer)
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20):
            await asyncio.gather(*filter(None, busy))


# --- ports


async def test_free_ports_are_free(doctor: Doctor) -> None:
    with reserved_ports(2) as (wyoming, http):
        told = await told_of(
            doctor, uri=f"tcp://127.0.0.1:{wyoming}", http={"listen": f"127.0.0.1:{http}"}, zeroconf={}
        )
    assert told.code == 0
    assert "is free" in told.detail("Wyoming port")
    assert "is free" in told.detail("HTTP port")
    assert told.marks()["zeroconf"] == "skipped"


async def test_a_port_of_another_wyoming_server_is_taken_by_it(doctor: Doctor) -> None:
    async with stand_in(whisper("en")) as other:
        told = await told_of(doctor, uri=other.uri)
    assert told.code == 1
    assert "is taken: the Wyoming server of 'ears' has it" in told.failed["Wyoming port"]
    assert "--uri" in told.failed["Wyoming port"]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[]\n", b""])
async def test_a_port_of_something_else_is_taken(answer: bytes, doctor: Doctor) -> None:
    async with somebody(answer) as port:
        told = await told_of(doctor, uri=f"tcp://127.0.0.1:{port}")
    assert (
        f"127.0.0.1:{port} is taken: what listens there is no Wyoming server" in told.failed["Wyoming port"]
    )


async def test_the_http_port_is_taken_by_whom_its_server_says_it_is(doctor: Doctor) -> None:
    airplay = b"HTTP/1.1 403 Forbidden\r\nServer: AirTunes/925.5.1\r\nContent-Length: 0\r\n\r\n"
    async with somebody(airplay) as port:
        told = await told_of(doctor, http={"listen": f"127.0.0.1:{port}"})
    assert "a server that calls itself 'AirTunes/925.5.1' has it" in told.failed["HTTP port"]
    if ITSELF:
        assert f"(program '{ITSELF}')" in told.failed["HTTP port"]


async def test_where_the_usual_http_port_is_taken_and_nobody_chose_it_the_other_one_is_named(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    airplay = b"HTTP/1.1 403 Forbidden\r\nServer: AirTunes/925.5.1\r\nContent-Length: 0\r\n\r\n"
    with reserved_ports(1) as (other,):
        async with somebody(airplay) as port:
            usual = (f"127.0.0.1:{port}", f"127.0.0.1:{other}")
            monkeypatch.setattr("wyoming_azure_realtime.diagnosis.home.http_addresses", lambda _: usual)
            told = await told_of(doctor, http={})
    assert told.marks()["HTTP port"] == "note"
    assert "'AirTunes/925.5.1' has it" in told.detail("HTTP port")
    assert f"In its place: 127.0.0.1:{other} is free" in told.detail("HTTP port")


async def test_a_socket_needs_a_folder(doctor: Doctor, tmp_path: Path) -> None:
    told = await told_of(doctor, uri=f"unix://{tmp_path}/missing/socket")
    assert "Make the folder" in told.failed["Wyoming port"]
    told = await told_of(doctor, uri=f"unix://{tmp_path}/socket")
    assert "is free" in told.detail("Wyoming port")


async def test_several_listeners_have_a_line_each(doctor: Doctor) -> None:
    listeners = [{"uri": "tcp://127.0.0.1:0"}, {"uri": "stdio://"}]
    async with emulator()() as cloud:
        told = await doctor(target(cloud.target) | {"listeners": listeners}, "--no-speech")
    assert {"Wyoming port 1", "Wyoming port 2"} <= told.marks().keys()


# --- a server that runs


async def test_a_server_that_runs_is_found_by_its_ports_and_by_its_announcement(doctor: Doctor) -> None:
    with reserved_ports(2) as (wyoming, http):
        uri, listen = f"tcp://127.0.0.1:{wyoming}", f"127.0.0.1:{http}"
        async with program(
            "--uri", uri, "--http", listen, "--zeroconf", "test-doctor", "--backend", "embedded"
        ) as running:
            await running.http()
            told = await told_of(doctor, uri=uri, http={"listen": listen}, zeroconf={"name": "test-doctor"})
    assert "this program answers there, version" in told.detail("Wyoming port")
    assert "this program answers there, and is ready" in told.detail("HTTP port")
    assert told.marks()["zeroconf"] in ("ok", "note")
    if "no multicast" not in told.detail("zeroconf"):
        assert f"heard as 'test-doctor-{wyoming}' at 127.0.0.1" in told.detail("zeroconf")


# --- Home Assistant


async def told_of_home(doctor: Doctor, home: ScriptedHome, token: str = TOKEN) -> Told:
    return await told_of(doctor, home_assistant={"url": home.url, "token": token})


async def test_home_assistant_is_told_by_its_version_and_what_that_can_do(doctor: Doctor) -> None:
    async with scripted_home() as home:
        home.answers["get_config"] = CONFIG
        home.answers["config_entries/get"] = [{"state": "loaded"}, {"state": "setup_retry"}]
        told = await told_of_home(doctor, home)
    assert told.marks()["Home Assistant"] == "ok"
    assert "version 2026.11.0" in told.detail("Home Assistant")
    assert "lets this server end a command" in told.detail("Home Assistant")
    assert "1 of 2 Wyoming servers there are loaded" in told.detail("Home Assistant")
    assert TOKEN not in json.dumps(told.json)


async def test_an_older_one_is_told_what_only_newer_ones_can(doctor: Doctor) -> None:
    async with scripted_home() as home:
        home.answers["get_config"] = {"version": "2026.3.2", "components": ["wyoming"]}
        home.refused.add("config_entries/get")
        told = await told_of_home(doctor, home)
    assert told.marks()["Home Assistant"] == "note"
    assert "Only a newer one shows errors of a command (2026.8)" in told.detail("Home Assistant")


async def test_a_home_without_wyoming_is_told_how_to_add_it(doctor: Doctor) -> None:
    async with scripted_home() as home:
        home.answers["get_config"] = {"version": "2026.11.0", "components": ["light"]}
        home.answers["config_entries/get"] = []
        told = await told_of_home(doctor, home)
    assert "Add integration > Wyoming Protocol" in told.detail("Home Assistant")


async def test_a_refused_token_and_a_home_that_is_not_there_are_failures(doctor: Doctor) -> None:
    async with scripted_home() as home:
        refused = await told_of_home(doctor, home, "another-token")
    assert "it refused the token" in refused.failed["Home Assistant"]
    gone = await told_of_home(doctor, home)
    assert "cannot be reached" in gone.failed["Home Assistant"]
    missing = await told_of(doctor, home_assistant={"url": home.url})
    assert "home_assistant.token is not" in missing.failed["Home Assistant"]


async def test_with_a_token_for_lookups_it_is_told_whether_they_work(doctor: Doctor) -> None:
    async with assist_api() as api:
        home: dict[str, Any] = {
            "home_assistant": {"url": api.url},
            "conversation": {"token": ASSIST_TOKEN},
        }
        works = await told_of(doctor, **home)
        api.status = 404
        lacks = await told_of(doctor, **home)
        refused = await told_of(doctor, **home | {"conversation": {"token": "another-token"}})
    assert works.detail("how the home is") == "Assist may see 8 names; GetLiveContext can be asked"
    assert "Home Assistant" not in works.marks()
    assert "'Model Context Protocol Server'" in lacks.failed["how the home is"]
    assert "it refused the token" in refused.failed["how the home is"]
    assert "another-token" not in json.dumps(refused.json)


def test_abilities_are_those_of_the_version() -> None:
    assert abilities("2025.6.3")[0] == []
    assert len(abilities("2026.9.0")[0]) == 3
    assert abilities("2026.10.1")[1] == []
    assert abilities("2027.1.0.dev0")[1] == []
    assert abilities("")[1] == []


# --- fallbacks


async def test_fallbacks_are_asked_what_they_have(doctor: Doctor) -> None:
    async with stand_in(whisper("en", "de")) as hears, stand_in(piper()) as speaks:
        told = await told_of(doctor, fallback={"asr": [hears.uri], "tts": [speaks.uri]})
        wrong = await told_of(doctor, fallback={"asr": [speaks.uri]})
    assert "has 1 models for de, en" in told.detail("fallback for hearing")
    assert "voices for" in told.detail("fallback for speaking")
    assert "has no models" in wrong.failed["fallback for hearing"]


async def test_a_fallback_that_is_not_there_fails(doctor: Doctor) -> None:
    with reserved_ports(1) as (port,):
        told = await told_of(doctor, fallback={"tts": [f"tcp://127.0.0.1:{port}"]})
    assert told.code == 1
    assert f"tcp://127.0.0.1:{port}" in told.failed["fallback for speaking"]


# --- settings, and no cloud


async def test_wrong_settings_are_a_failure_with_what_is_allowed(doctor: Doctor) -> None:
    told = await doctor({"pool": {"max_size": "many"}})
    assert told.code == 1
    assert told.failed.keys() == {"settings"}
    assert "pool.max_size" in told.failed["settings"]


def test_what_is_probably_meant_otherwise_is_a_note() -> None:
    loaded = load({"backend": "embedded"}, {})
    assert settings_result(loaded) == "embedded backend; from command line --backend, the rest by default"
    doubted = settings_result(replace(loaded, warnings=("AZURE_OPENAI_KY is probably AZURE_OPENAI_KEY.",)))
    assert doubted[0] == "note"
    assert doubted[1].endswith("AZURE_OPENAI_KY is probably AZURE_OPENAI_KEY.")


def test_with_nothing_configured_it_says_what_is_used_and_how_to_have_the_cloud() -> None:
    result = settings_result(load({}, {}))
    assert result[0] == "note"
    assert result[1].startswith("embedded backend; ")
    assert "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY" in result[1]


async def test_the_embedded_backend_speaks_and_hears_too() -> None:
    loaded = load({}, {})
    until = asyncio.get_running_loop().time() + 60
    findings = embedded_findings(loaded.settings, VisitCosts(loaded, speech=True), until, "", engines="sink")
    found = {one.what: one async for one in findings}
    assert found["embedded backend"].mark == "ok"
    assert found["spoken sentence"].mark == "ok"
    assert "'turn on the kitchen lights'" in found["heard sentence"].detail
    assert {one.mark for one in found.values()} <= {"ok", "note"}


async def test_the_lines_are_for_people(doctor: Doctor) -> None:
    async with emulator()() as cloud:
        code, text = await doctor.text(target(cloud.target), "--no-speech")
    *lines, last = text.splitlines()
    assert code == 0
    assert {line[:4].strip() for line in lines} == {"ok", "skip", "note"}
    assert last.startswith("Nothing failed. It took ")
    assert last.endswith(" and cost nothing.")
    assert "azure backend; from file" in lines[0]
