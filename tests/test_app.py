import asyncio
import time

import pytest

from tests.support.service import running_service
from wyoming_azure_realtime.app import Doors
from wyoming_azure_realtime.settings.model import Limits, Listener, Zeroconf
from wyoming_azure_realtime.wyoming_server.discovery import Discovery
from wyoming_azure_realtime.wyoming_server.server import WyomingServer


class Goodbye(Discovery):
    """Takes its time to say it, and notes whether the port still accepts when it begins and when it ends."""

    def __init__(self, server: WyomingServer, seconds: float) -> None:
        super().__init__(Zeroconf(enabled=False), server.tcp_addresses)
        self._server = server
        self._seconds = seconds
        self.accepting: list[bool] = []

    async def stop(self) -> None:
        await self._note()
        await asyncio.sleep(self._seconds)
        await self._note()

    async def _note(self) -> None:
        address = self._server.tcp_addresses[0]
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
            writer.close()
        except ConnectionError:
            self.accepting.append(False)
        else:
            self.accepting.append(True)


@pytest.mark.parametrize(("seconds", "accepting"), [(0.05, [True, True]), (1.0, [True, False])])
async def test_announcing_stops_before_accepting_does_but_nobody_waits_long_for_that(seconds, accepting):
    async with running_service() as behind:
        server = WyomingServer(behind.service, [Listener(uri="tcp://127.0.0.1:0")], {}, Limits())
        await server.start()
        goodbye = Goodbye(server, seconds)
        started = time.monotonic()
        await Doors(server, within=2.0, discovery=goodbye).close()
        assert goodbye.accepting == accepting
        assert time.monotonic() - started < 2.0
