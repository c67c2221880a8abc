"""The recipe for TLS in front of Wyoming, as config/stunnel-*.conf has it."""

import asyncio
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.support.ports import reserved_ports
from tests.support.program import program
from tests.support.stock_client import use

CONFIG = Path(__file__).parents[2] / "config"
STUNNEL = shutil.which("stunnel4") or shutil.which("stunnel")
HOST = "speech.example"

pytestmark = pytest.mark.skipif(not (STUNNEL and shutil.which("openssl")), reason="needs stunnel and openssl")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificates(folder: Path) -> None:
    """A CA, a server's and a client's certificate, and one that the CA knows nothing of."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "stranger"):
        openssl(
            folder,
            "req",
            "-x509",
            *key,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-subj",
            f"/CN={name}",
        )
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key")
    for name in ("server", "client"):
        names = ("-addext", f"subjectAltName=DNS:{HOST}")
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
        openssl(folder, "req", "-x509", *key, *signed, *files, *names)


@asynccontextmanager
async def tunnel(folder: Path, name: str, port: list[int]) -> AsyncIterator[None]:
    """The sample with this machine's places."""
    text = (CONFIG / name).read_text().replace("/etc/stunnel/", f"{folder}/")
    text = re.sub(r"/run/\S+socket$", f"{folder}/socket", text, flags=re.MULTILINE)
    text = text.replace("accept = 10301", f"accept = 127.0.0.1:{port[1]}").replace(
        "127.0.0.1:10300", f"127.0.0.1:{port[0]}"
    )
    text = text.replace(f"connect = {HOST}:10301", f"connect = 127.0.0.1:{port[1]}")
    file = folder / name
    file.write_text(text)
    silent = asyncio.subprocess.DEVNULL
    assert STUNNEL
    process = await asyncio.create_subprocess_exec(STUNNEL, file, stdout=silent, stderr=silent)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def answer(folder: Path, port: int, name: str) -> bytes:
    """What the outside says to a client with this certificate, or with none."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the test's CA is a plain one
    if name:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            writer.write(b'{"type": "describe"}\n')
            line = await reader.readline()
            writer.close()
            return line
    except (ssl.SSLError, ConnectionError):
        return b""


async def test_through_tls_it_speaks_and_hears_for_holders_of_a_certificate_and_for_nobody_else(
    tmp_path: Path,
) -> None:
    certificates(tmp_path)
    flags = ("--uri", f"unix://{tmp_path}/socket", "--http", "off", "--no-zeroconf", "--backend", "embedded")
    with reserved_ports(2) as ports:
        async with program(*flags) as running:
            await running.said("Ready")
            async with (
                tunnel(tmp_path, "stunnel-server.conf", ports),
                tunnel(tmp_path, "stunnel-client.conf", ports),
            ):
                await listening(ports[1])
                await listening(ports[0])
                await use(f"tcp://127.0.0.1:{ports[0]}")
                assert b'"info"' in await answer(tmp_path, ports[1], "client")
                assert await answer(tmp_path, ports[1], "") == b""
                assert await answer(tmp_path, ports[1], "stranger") == b""
