"""Tells the local network where the server is, so that Home Assistant finds it by itself.

Nothing waits for this and nothing depends on it: where multicast is impossible it says so once.
"""

import asyncio
import logging
import secrets
import socket
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from wyoming_azure_realtime.settings.addresses import TcpAddress
from wyoming_azure_realtime.settings.model import Zeroconf
from wyoming_azure_realtime.wyoming_server import interfaces
from wyoming_azure_realtime.wyoming_server.announcement import (
    SERVICE_TYPE,
    Announcement,
    default_name,
    plan,
)

_LOGGER = logging.getLogger(__name__)

_LOOK_AGAIN = 30.0
"""Seconds after which changed addresses are noticed: a network may come up after the server."""

_GOODBYE = 2.0
_MOST_APART = 250  # ms, as RFC 6762 section 8.1 has it


class Discovery:
    """Announces every TCP port in the background until stopped."""

    def __init__(self, settings: Zeroconf, bound: Sequence[TcpAddress]) -> None:
        self._name = settings.name
        self._bound = bound if settings.enabled else ()
        self._task: asyncio.Task[None] | None = None
        self._warned = False
        self._senders = 0
        self._unable: set[str] = set()

    def start(self) -> None:
        """Begin to announce; returns at once. Call it when the ports listen."""
        if self._bound:
            self._task = asyncio.get_running_loop().create_task(self._keep_announced(), name="zeroconf")

    async def stop(self) -> None:
        """Say goodbye to the network, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2 * _GOODBYE)

    async def _keep_announced(self) -> None:
        logger = logging.getLogger("zeroconf")
        logger.addFilter(self._judge)
        try:
            while True:
                try:
                    await self._announce(self._plan())
                except (OSError, ZeroconfError) as error:
                    self._warn(str(error) or type(error).__name__)
                except Exception:  # the server must run on
                    _LOGGER.exception("Announcing hit a bug")
                await asyncio.sleep(_LOOK_AGAIN)
        finally:
            logger.removeFilter(self._judge)

    async def _announce(self, announcements: list[Announcement]) -> None:
        """Announce until the addresses change."""
        if not any(announcement.addresses for announcement in announcements):
            raise OSError("there is no network")
        network = self._open()
        try:
            await network.zeroconf.async_wait_for_start()
            self._senders = len(network.zeroconf.engine.senders)
            # two servers that start together must not look for a free name at the same instant
            await asyncio.sleep(secrets.randbelow(_MOST_APART) / 1000)
            for announcement in announcements:
                if announcement.addresses:
                    await _register(network, announcement)
            await self._changed(announcements)
        finally:
            for farewell in (network.async_unregister_all_services, network.async_close):
                with suppress(TimeoutError, OSError, ZeroconfError):
                    await asyncio.wait_for(farewell(), _GOODBYE)

    async def _changed(self, announcements: list[Announcement]) -> None:
        """Wait until something else would have to be said. There is no portable event for that."""
        while self._plan() == announcements:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN)

    def _plan(self) -> list[Announcement]:
        return plan(self._name or _own_name(), self._bound, interfaces.addresses())

    def _open(self) -> AsyncZeroconf:
        """Join the multicast groups where the ports are reachable: everywhere, or on what is bound."""
        hosts = [address.host for address in self._bound if not address.loopback]
        hosts = hosts or [address.host for address in self._bound]
        versions = {":" in host for host in hosts}
        version = IPVersion.All if len(versions) > 1 else (IPVersion.V4Only, IPVersion.V6Only)[versions.pop()]
        if not {"0.0.0.0", "::"}.isdisjoint(hosts):  # noqa: S104 - compared, not bound
            return AsyncZeroconf(InterfaceChoice.All, ip_version=version)
        return AsyncZeroconf(hosts, ip_version=version)

    def _judge(self, record: logging.LogRecord) -> bool:
        """Zeroconf reports every socket that cannot send; it matters, once, when no socket can."""
        if record.levelno < logging.WARNING:
            return True
        failed = record.exc_info and record.exc_info[1]
        if isinstance(failed, OSError):
            self._unable.add(record.msg)  # it names the socket
            if 0 < self._senders <= len(self._unable):
                self._warn(str(failed))
        _LOGGER.debug("zeroconf: %s", record.getMessage())
        return False

    def _warn(self, reason: str) -> None:
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        _LOGGER.log(level, "Home Assistant may not find this server by itself (zeroconf): %s", reason)


async def _register(network: AsyncZeroconf, announcement: Announcement) -> None:
    info = AsyncServiceInfo(
        SERVICE_TYPE,
        f"{announcement.name}.{SERVICE_TYPE}",
        port=announcement.port,
        parsed_addresses=list(announcement.addresses),
        # not the default, the instance name: if that is taken, the other host's addresses would be mixed in
        server=f"wyoming-{secrets.token_hex(6)}.local.",
    )
    await (await network.async_register_service(info, allow_name_change=True))
    where = ", ".join(announcement.addresses)
    _LOGGER.info("Announced as '%s': port %d at %s", _instance(info), announcement.port, where)


def _instance(info: AsyncServiceInfo) -> str:
    """The name it got in the end."""
    return str(info.name).removesuffix(f".{SERVICE_TYPE}")


def _own_name() -> str:
    """The default name. Containers may have no machine id, but the address of a network card."""
    try:
        machine = Path("/etc/machine-id").read_text().strip()
    except OSError:
        machine = ""
    return default_name(socket.gethostname(), machine or f"{uuid.getnode():012x}")
