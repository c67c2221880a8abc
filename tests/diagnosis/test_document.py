"""docs/doctor.md shows what the command prints."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.broken_clouds import AUTHORITY, BROKEN_CLOUDS, CERTIFICATES, HEARS, KEY, SPEAKS, target_at
from tests.support.doctor import Doctor
from tests.support.ports import reserved_ports
from tests.support.word_engines import word_engines
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

DOCUMENT = Path(__file__).parents[2] / "docs" / "doctor.md"
MODEL = "gpt-transcribe"
"""Whose end nobody has announced."""

HOST = "my-resource.openai.azure.com"
SHOWN = re.findall(r"```text\n(.*?)```", DOCUMENT.read_text(), re.DOTALL) if DOCUMENT.exists() else []


@asynccontextmanager
async def cloud_with_a_certificate() -> AsyncIterator[str]:
    """The address of a service that is behind TLS, as real ones are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem", CERTIFICATES / "server.key")
    busy: set[asyncio.Task[None] | None] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    models = Deployments({SPEAKS: "gpt-realtime", HEARS: MODEL})
    async with EmulatorServer(ServerOptions(key=KEY, deployments=models), word_engines()) as inner:
        port = urlsplit(inner.url).port

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            busy.add(asyncio.current_task())
            ahead = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(copy(reader, ahead[1]), copy(ahead[0], writer))

        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
            yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with asyncio.timeout(20):
                await asyncio.gather(*filter(None, busy))


def plain(text: str, folder: Path = Path("/nowhere")) -> list[str]:
    """Lines in which no number counts, nor where things are; without the number of samples that was heard."""
    text = text.replace(str(folder), "/etc/wyoming-azure-realtime").replace("localhost", HOST)
    text = re.sub(r"(kitchen) \d+'", r"\1'", text)
    return [re.sub(r" +", " ", re.sub(r"\d+([.:]\d+)*", "N", line)) for line in text.splitlines()]


@pytest.mark.skipif(not SHOWN, reason="documents are in the checkout only")
async def test_what_it_prints_is_shown(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").touch()
    cost = {"prices": {SPEAKS: {"model": "gpt-realtime"}, HEARS: {"minute": 0.006}}}
    deadlines = {"request": 120, "first_audio": 60, "transcript": 60}
    with reserved_ports(2) as (wyoming, http):
        around = {
            "listeners": [{"uri": f"tcp://127.0.0.1:{wyoming}"}],
            "http": {"listen": f"127.0.0.1:{http}"},
            "cost": cost,
            "deadlines": deadlines,
        }
        environment = {"SSL_CERT_FILE": str(AUTHORITY)}
        async with cloud_with_a_certificate() as endpoint:
            settings = {"targets": [target_at(endpoint) | {"transcription_model": MODEL}], **around}
            code, good = await doctor.text(settings, environment=environment)
        async with BROKEN_CLOUDS["wrong key"]() as cloud:
            failed, broken = await doctor.text({"targets": [dict(cloud.target)], **around})
    assert (code, failed) == (0, 1)
    assert plain(SHOWN[0]) == plain(good, tmp_path)
    shown = plain(SHOWN[1])
    assert [line for line in plain(broken, tmp_path) if line in shown] == shown
