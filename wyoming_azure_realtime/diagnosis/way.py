"""The way to a service, bit by bit: its name, a connection, a certificate, a clock. No secret is sent."""

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from wyoming_azure_realtime.diagnosis.steps import Result
from wyoming_azure_realtime.settings.addresses import is_loopback
from wyoming_azure_realtime.transport.websocket import way_to

PROBE_SECONDS = 3.0
"""For a name in DNS, a connection, a handshake or the service's time, each."""

EXPIRES_SOON = 14
"""Days before a certificate's end from which on it is mentioned."""

_LARGEST_HEAD = 16 << 10
_DATE = re.compile(rb"^date:[ \t]*([ -~]{1,60})\r?$", re.IGNORECASE | re.MULTILINE)
_NO_HEAD = (OSError, TimeoutError, ValueError, asyncio.LimitOverrunError, asyncio.IncompleteReadError)


class WayProbe:
    """The way to a `ws://` or `wss://` address, as the program goes: directly, or through a proxy.

    Every method raises OSError, TimeoutError or ValueError for what it meets.
    """

    def __init__(self, url: str) -> None:
        way, proxy = way_to(url)
        through = urlsplit(proxy or "")
        self._netloc = urlsplit(url).netloc
        self._secure = way.secure
        self._proxy = f"the proxy {way.proxy} of {way.variable}" if proxy else ""
        self.host = (through.hostname or "") if proxy else way.host
        self.port = (through.port or 80) if proxy else way.port

    async def resolve(self) -> Result:
        """The addresses behind the name."""
        async with asyncio.timeout(PROBE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port, type=1)
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        of = f"of {self._proxy}: " if self._proxy else ""
        return f"{of}{', '.join(addresses[:4])}"

    async def connect(self) -> Result:
        """Whether somebody listens."""
        began = time.monotonic()
        async with self._connected():
            return f"{self._proxy or f'port {self.port}'} answers in {time.monotonic() - began:.3f} s"

    async def handshake(self) -> Result:
        """Whose certificate it is, and for how long."""
        if not self._secure:
            here = is_loopback(self.host)
            return (
                "none: it is on this machine" if here else ("note", "none: words and key travel in the clear")
            )
        if self._proxy:
            return f"inside of the tunnel of {self._proxy}"
        async with self._connected(ssl.create_default_context()) as (_, writer):
            inside = writer.get_extra_info("ssl_object")
            return certificate_result(inside.getpeercert(), str(inside.version()), time.time())

    async def date(self) -> datetime | None:
        """The service's time, as it says itself; nothing secret is sent, so any certificate will do."""
        if self._proxy:
            return None
        context = None
        if self._secure:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        with suppress(*_NO_HEAD):
            async with asyncio.timeout(PROBE_SECONDS), self._connected(context) as (reader, writer):
                lines = ("GET / HTTP/1.1", f"Host: {self._netloc}", "Connection: close", "", "")
                writer.write("\r\n".join(lines).encode())
                head = await reader.readuntil(b"\r\n\r\n")
                found = _DATE.search(head)
                said = parsedate_to_datetime(found[1].decode()) if found else None
                return said if said and said.tzinfo else None
        return None

    @asynccontextmanager
    async def _connected(
        self, context: ssl.SSLContext | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection(
                self.host, self.port, ssl=context, limit=_LARGEST_HEAD
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


def certificate_result(certificate: dict[str, Any], version: str, now: float) -> Result:
    """What to say of a certificate that is good. `now`: Unix time."""
    names = [name for kind, name in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - now) / 86400
    said = f"{version}, certificate of {names[0] if names else 'nobody'} for {days:.0f} more days"
    return ("note", f"{said}: whoever runs the service has to renew it") if days < EXPIRES_SOON else said
