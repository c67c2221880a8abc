"""How a WebSocket is opened: directly or through a proxy, without following redirects."""

from dataclasses import replace
from urllib.parse import urlsplit
from urllib.request import getproxies

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidProxy
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.settings.addresses import is_private
from wyoming_azure_realtime.transport.failures import Asked, Route, from_connect

LARGEST_FRAME = 16 << 20  # the service sends whole items with their audio; the library's default is 1 MiB
WAITING_FRAMES = 2
"""Frames beyond which nothing is read until somebody takes them; an idle session has nobody who does."""


class _Connection(connect):
    """Redirects are not followed: the credentials in the headers are meant for one host."""

    connected = False
    """Whether the service's machine was reached, by TLS where that is asked for."""

    async def open_tcp_connection(self) -> ClientConnection:
        """To the endpoint, or through a proxy."""
        connection = await super().open_tcp_connection()
        self.connected = True
        return connection

    def process_redirect(self, exc: Exception) -> Exception:
        """It is the error of the opening."""
        return exc


async def open_websocket(
    url: str, headers: dict[str, str], *, within: float, asked: Asked
) -> ClientConnection:
    """Connect, in `within` seconds. Raises the `BackendError` that says why not."""
    way, opening = Route(), None
    try:
        way, proxy = way_to(url)
        opening = _Connection(
            url,
            additional_headers=headers,
            user_agent_header=f"wyoming-azure-realtime/{__version__}",
            compression=None,
            max_size=LARGEST_FRAME,
            max_queue=WAITING_FRAMES,
            open_timeout=within,
            close_timeout=1.0,
            proxy=proxy,
        )
        return await opening
    except Exception as error:  # noqa: BLE001 - whatever it is, it is translated here
        way = replace(way, connected=opening is not None and opening.connected)
        # a proxy's address may hold its password
        cause = None if isinstance(error, InvalidProxy) else error
        raise from_connect(error, asked, way) from cause


def way_to(url: str) -> tuple[Route, str | None]:
    """How to get there, and the proxy's whole address if there is one. Raises `InvalidURI`."""
    uri = parse_uri(url)
    proxy = None if is_private(uri.host) else get_proxy(uri)
    way = Route(uri.host, uri.port, uri.secure)
    if proxy is None:
        return way, None
    parts = urlsplit(proxy)
    schemes = ("wss", "socks", "https") if uri.secure else ("ws", "socks", "https", "http")
    known = getproxies()
    variable = next((f"{scheme.upper()}_PROXY" for scheme in schemes if scheme in known), "a variable")
    return replace(way, proxy=parts.netloc.rpartition("@")[2][:200], variable=variable), proxy
