"""The backend alone: what it tells whoever starts it."""

import asyncio
import io
import os
import re
import signal
import socket

import pytest

from tests.support.realtime_peer import eventually, peer
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.offline.backend import BackendOptions, serve_backend


async def test_it_says_where_it_listens_and_how_to_use_it_and_ends_on_a_signal() -> None:
    out = io.StringIO()
    serving = asyncio.ensure_future(serve_backend(BackendOptions(engines="sink"), out))
    await eventually(lambda: out.getvalue().endswith("\n"))
    told = out.getvalue()
    (url,) = set(re.findall(r"http://127\.0\.0\.1:\d+", told))
    assert f"AZURE_OPENAI_ENDPOINT={url}" in told
    assert f'base_url="{url}/openai/v1"' in told
    async with peer(url):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        await serving


async def test_a_taken_port_is_told_as_what_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = BackendOptions(ServerOptions(port=port), "sink")
        with pytest.raises(SettingsError, match=f"Port {port} is taken"):
            await serve_backend(options, io.StringIO())
