import asyncio

from tests.support.fake_clock import on_a_fake_clock
from tests.support.wyoming_peer import eventually, wyoming_door
from wyoming_azure_realtime.wyoming_server import event_writer
from wyoming_azure_realtime.wyoming_server.connection import ClientConnection
from wyoming_azure_realtime.wyoming_server.event_writer import WRITE_BUFFER, StallReaper


class Holder:
    """A request that has waited for its client for so many seconds; None: the service is at work."""

    def __init__(self, house: "House", seconds: float | None) -> None:
        self._house = house
        now = asyncio.get_running_loop().time()
        self.stalled_since = None if seconds is None else now - seconds

    def end_stalled_request(self) -> None:
        self._house.remove(self)
        self._house.gave_way.append(self)


class House(list[Holder]):
    def __init__(self, sessions: int) -> None:
        super().__init__()
        self.gave_way: list[Holder] = []
        self.reaper = StallReaper(sessions, lambda: len(self), lambda: list(self))

    def begin(self, seconds: float | None) -> Holder:
        self.append(Holder(self, seconds))
        self.reaper.check()
        return self[-1]


async def looked_twice() -> None:
    await asyncio.sleep(2.5 * event_writer._STALL_CHECK_SECONDS)


@on_a_fake_clock
async def test_nobody_gives_way_while_there_is_a_session_for_everybody() -> None:
    house = House(3)
    for _ in range(3):
        house.begin(seconds=100)
    await looked_twice()
    assert house.gave_way == []


@on_a_fake_clock
async def test_those_who_hold_up_for_longest_end_stalled_request_and_no_more_of_them_than_needed() -> None:
    house = House(2)
    some, longest, _, _ = house.begin(10), house.begin(20), house.begin(5), house.begin(None)
    await looked_twice()
    assert house.gave_way == [longest, some]


@on_a_fake_clock
async def test_a_short_wait_is_no_reason_and_work_upstream_is_none() -> None:
    house = House(1)
    house.begin(None)
    house.begin(0.5)
    await looked_twice()
    assert house.gave_way == []
    await asyncio.sleep(2)
    assert len(house.gave_way) == 1


@on_a_fake_clock
async def test_it_looks_no_more_when_there_is_room() -> None:
    house = House(1)
    house.begin(None)
    house.begin(None)
    house.clear()
    await looked_twice()
    house.append(Holder(house, 100))
    house.append(Holder(house, 100))
    await looked_twice()
    assert house.gave_way == []


async def test_for_a_client_on_a_socket_few_bytes_wait_in_this_process() -> None:
    async with wyoming_door() as door, door.peer():
        await eventually(door.server._clients.open)
        [connection] = door.server._clients.open()
        assert isinstance(connection, ClientConnection)
        assert connection._transport.get_write_buffer_limits()[1] == WRITE_BUFFER
