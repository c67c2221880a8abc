"""The WebSocket: opened without compression, redirects or surprises; frames in, frames out."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidProxy

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.azure.failures import from_close, from_connect
from wyoming_azure_realtime.settings.addresses import is_loopback

LARGEST_FRAME = 16 << 20  # the service sends whole items with their audio; the library's default is 1 MiB


class _NoRedirects(connect):
    """Redirects are not followed: the credentials in the headers are meant for one host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Connection:
    """One open socket. Every method raises errors of this package only."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def open(cls, url: str, headers: dict[str, str], *, within: float, deployment: str) -> "Connection":
        """Connect, in `within` seconds. `deployment` is named in the error when there is none."""
        options: dict[str, Any] = {"proxy": None} if is_loopback(urlsplit(url).hostname or "") else {}
        try:
            socket = await _NoRedirects(
                url,
                additional_headers=headers,
                user_agent_header=f"wyoming-azure-realtime/{__version__}",
                compression=None,
                max_size=LARGEST_FRAME,
                open_timeout=within,
                close_timeout=1.0,
                **options,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is translated here
            # a proxy's address may hold its password
            cause = None if isinstance(error, InvalidProxy) else error
            raise from_connect(error, deployment) from cause
        return cls(socket)

    @property
    def closed(self) -> bool:
        """Whether the socket has ended, from either side."""
        return self._socket.state.name != "OPEN"

    async def send(self, frame: bytes) -> None:
        """One text frame."""
        try:
            await self._socket.send(frame, text=True)
        except ConnectionClosed as error:
            raise from_close(error) from error

    async def receive(self) -> str | bytes:
        """The next frame."""
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            raise from_close(error) from error

    async def answers(self, within: float) -> bool:
        """Whether a ping is answered within `within` seconds; False when the socket has ended."""
        try:
            async with asyncio.timeout(within):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def wait_closed(self) -> None:
        """Until the socket has ended."""
        await self._socket.wait_closed()

    async def close(self) -> None:
        """Say goodbye, briefly."""
        await self._socket.close()
