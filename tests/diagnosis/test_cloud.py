"""Clouds that are broken in one way each, and one that is not."""

import asyncio
import json
import os
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.broken_clouds import (
    AUTHORITY,
    BROKEN_CLOUDS,
    CERTIFICATES,
    HEARS,
    KEY,
    SPEAKS,
    emulator,
    target_at,
)
from tests.support.doctor import Doctor, target
from tests.support.program import run_to_end
from tests.support.word_engines import word_engines
from wyoming_azure_realtime.cli import REFUSED
from wyoming_azure_realtime.diagnosis.way import WayProbe, certificate_result
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

WHERE = {
    "wrong key": "authentication",
    "forbidden": "authentication",
    "self-signed certificate": "TLS",
    "wrong name in the certificate": "TLS",
    "expired certificate": "TLS",
    "certificate not yet valid": "TLS",
    "captive portal": "upgrade",
    "redirect": "upgrade",
    "not TLS": "TLS",
    "missing speaking deployment": "speaking deployment",
    "missing transcription deployment": "heard sentence",
    "quota used up": "spoken sentence",
    "unknown host": "DNS",
    "refused connection": "TCP",
    "internal error": "upgrade",
    "silent upgrade": "upgrade",
    "dead proxy": "TCP",
}
WAY = ("DNS", "TCP", "TLS", "upgrade", "authentication")
MOST_CONNECTIONS = 8
GENEROUS = {"request": 120, "first_audio": 60, "transcript": 60}
"""Deadlines that a busy machine keeps."""


def test_every_broken_cloud_is_looked_at() -> None:
    assert WHERE.keys() == BROKEN_CLOUDS.keys()


@pytest.mark.parametrize("name", BROKEN_CLOUDS)
async def test_a_broken_cloud_is_named_where_it_is_broken(name: str, doctor: Doctor) -> None:
    case = BROKEN_CLOUDS[name]
    async with case() as cloud:
        # nothing that is final waits for it, and what is silent need not be waited for as long as usual
        settings = target(cloud.target, deadlines={"upgrade": 1 if name == "silent upgrade" else 10})
        told = await doctor(settings, environment=cloud.environment)
        tries = cloud.tries() if cloud.tries else 0
    where = WHERE[name]
    assert told.code == 1
    assert next(iter(told.failed)) == where
    assert case.lacking(told.failed[where]) == []
    assert len(told.failed) == len(case.fails) if name == "quota used up" else 1
    passed = [one["what"] for one in told.findings if one["mark"] in ("ok", "note")]
    before = WAY[: WAY.index(where)] if where in WAY else WAY
    assert set(before) <= {*passed, "TLS"}
    assert tries <= MOST_CONNECTIONS
    assert KEY not in json.dumps(told.json)
    assert all("\n" not in one["detail"] for one in told.findings)


@asynccontextmanager
async def good_cloud() -> AsyncIterator[dict[str, Any]]:
    """The fields of a target at which words are heard as they were spoken."""
    models = Deployments({SPEAKS: "gpt-realtime", HEARS: "whisper-1"})
    async with EmulatorServer(ServerOptions(key=KEY, deployments=models), word_engines()) as server:
        yield target_at(server.url)


async def test_a_good_cloud_speaks_and_hears_its_sentence_and_costs_what_is_counted(
    doctor: Doctor, tmp_path: Path
) -> None:
    state = tmp_path / "state.sqlite"
    state.touch()
    prices = {"my-speaking": {"model": "gpt-realtime"}, "my-hearing": {"minute": 0.006}}
    async with good_cloud() as fields:
        told = await doctor(target(fields, cost={"prices": prices}, deadlines=GENEROUS))
    assert (told.code, told.failed) == (0, {})
    marks = told.marks()
    assert "; 7 of 7 words right" in told.detail("heard sentence")
    assert [marks[what] for what in (*WAY, "clock", "dialect", "spoken sentence", "heard sentence")] == [
        "ok"
    ] * 9
    cost = told.json["cost"]
    assert cost["amount"] > 0
    assert not cost["unpriced"]
    with sqlite3.connect(state) as database:
        [(spent,)] = database.execute("SELECT sum(nanodollars) FROM spent").fetchall()
        left = database.execute("SELECT count(*) FROM reserved").fetchall()
    database.close()
    assert spent == pytest.approx(cost["amount"] * 1e9, rel=0.01)
    assert left == [(0,)]


async def test_without_speech_nothing_is_asked_for(doctor: Doctor) -> None:
    async with emulator()() as cloud:
        told = await doctor(target(cloud.target), "--no-speech")
    assert told.code == 0
    assert {told.marks()[what] for what in ("spoken sentence", "heard sentence")} == {"skipped"}
    assert told.json["cost"]["amount"] == 0


async def test_where_nothing_more_may_be_spent_it_spends_nothing(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").touch()
    cost = {"day": 0.00001, "action": "fallback", "prices": {"my-speaking": {"model": "gpt-realtime"}}}
    async with emulator()() as cloud:
        await doctor(target(cloud.target, cost=cost))
        told = await doctor(target(cloud.target, cost=cost))
    assert "cost.day" in told.failed["spoken sentence"]
    assert "The limit is reached" in told.failed["budget"]
    assert told.json["cost"]["amount"] == 0


async def test_several_targets_have_their_names_at_their_lines(doctor: Doctor) -> None:
    async with emulator()() as good, BROKEN_CLOUDS["refused connection"]() as bad:
        settings = target(good.target) | {
            "targets": [{"name": "near", **good.target}, {"name": "far", **bad.target}]
        }
        told = await doctor(settings)
    assert [(one["target"], one["what"]) for one in told.findings if one["mark"] == "failed"] == [
        ("far", "TCP")
    ]
    assert {one["target"] for one in told.findings} == {"near", "far", ""}


async def test_all_ends_in_time_and_says_what_there_was_no_time_for(doctor: Doctor) -> None:
    async with BROKEN_CLOUDS["silent upgrade"]() as cloud:
        told = await doctor(target(cloud.target), "--timeout", "1")
    assert told.code == 1
    assert any("no time was left" in one["detail"] for one in told.findings if one["mark"] == "skipped")


async def test_the_command_ends_with_its_codes_and_prints_nothing_but_json() -> None:
    environ = {
        "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
        "AZURE_OPENAI_KEY": KEY,
        "WYOMING_AZURE_REALTIME_URI": "tcp://127.0.0.1:0",
        "WYOMING_AZURE_REALTIME_HTTP": "off",
        "WYOMING_AZURE_REALTIME_STATE": "off",
    }
    code, out, _ = await run_to_end("doctor", "--json", environ=environ)
    assert code == 1
    assert [one["what"] for one in json.loads(out)["findings"] if one["mark"] == "failed"] == ["TCP"]
    code, out, told = await run_to_end("doctor", "--timeout", "0", environ=environ)
    assert (code, out, told.count("\n")) == (REFUSED, "", 1)


# --- the way


@asynccontextmanager
async def web_server(date: str, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Answers everything with 404 and a date."""
    busy: set[asyncio.Task[None] | None] = set()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        busy.add(asyncio.current_task())
        try:
            if await reader.read(65536):
                writer.write(f"HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20):
            while not busy:  # noqa: ASYNC110 - whoever has left again may not have been noticed
                await asyncio.sleep(0.01)
            await asyncio.gather(*filter(None, busy))


@pytest.mark.parametrize(
    ("hours", "mark", "words"),
    [
        (-50, "failed", "2 days ahead of the service's"),
        (9, "failed", "9 hours behind"),
        (0.05, "note", "3 minutes behind"),
        (0, "ok", "that of the service"),
    ],
)
async def test_a_wrong_clock_is_told_by_the_service_s(
    hours: float, mark: str, words: str, doctor: Doctor
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours, seconds=5 if hours else 0), usegmt=True)
    async with web_server(date) as port:
        told = await doctor(target(target_at(f"http://127.0.0.1:{port}")))
    assert told.marks()["clock"] == mark
    assert words in told.detail("clock")


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"])
async def test_a_service_that_tells_no_time_is_no_trouble(date: str, doctor: Doctor) -> None:
    async with web_server(date) as port:
        told = await doctor(target(target_at(f"http://127.0.0.1:{port}")))
    assert told.marks()["clock"] == "skipped"


async def test_a_certificate_is_told_by_its_name_and_its_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "server.key")
    async with web_server("", context) as port:
        result = await WayProbe(f"wss://127.0.0.1:{port}/").handshake()
    assert "certificate of" in result
    assert "more days" in result


def test_a_certificate_that_ends_soon_is_a_note() -> None:
    ends = "Dec 10 00:00:00 2026 GMT"
    certificate = {"subjectAltName": (("DNS", "speech.example"),), "notAfter": ends}
    now = ssl.cert_time_to_seconds(ends)
    assert certificate_result(certificate, "TLSv1.3", now - 30 * 86400) == (
        "TLSv1.3, certificate of speech.example for 30 more days"
    )
    soon = certificate_result(certificate, "TLSv1.3", now - 3 * 86400)
    assert soon[0] == "note"
    assert "renew" in soon[1]


async def test_a_proxy_of_the_environment_is_the_way_except_to_the_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", "http://someone:secret@127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example")
    probe = WayProbe("wss://cloud.example/openai/v1/realtime?model=x")
    assert (probe.host, probe.port) == ("127.0.0.1", 3128)
    assert await probe.resolve() == "of the proxy 127.0.0.1:3128 of HTTPS_PROXY: 127.0.0.1"
    assert [WayProbe(f"wss://{host}/").host for host in ("direct.example", "192.168.1.5", "localhost")] == [
        "direct.example",
        "192.168.1.5",
        "localhost",
    ]
