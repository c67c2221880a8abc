import asyncio

from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.limits import ConnectionRegistry, Refusals


class Client:
    """A connection that only remembers how it ended."""

    def __init__(self, peer: str, address: str = "192.0.2.1") -> None:
        self.peer = peer
        self.address = address
        self.aborted = False

    def __repr__(self) -> str:
        return self.peer

    unsent = False
    stalled_since = None

    def end_stalled_request(self) -> None:
        """It has nothing."""

    def close_after_request(self) -> None:
        """Nothing to be answered."""

    def fail_request(self) -> None:
        """Nothing to be answered."""

    def abort(self) -> None:
        self.aborted = True


def registry_of(most: int, per_address: int = 1000) -> ConnectionRegistry:
    refusals = Refusals(Observer(ObservedLog().write))
    return ConnectionRegistry(
        Limits(max_connections=most, max_per_address=per_address), refusals, sessions=16
    )


def clients(number: int, address: str = "192.0.2.1") -> list[Client]:
    return [Client(f"{address}:{at}", address) for at in range(number)]


def speak(registry: ConnectionRegistry, *those: Client) -> None:
    for client in those:
        registry.bytes_received(client)
        registry.event_received(client)


async def test_at_the_limit_the_oldest_that_has_said_nothing_makes_room():
    house, them = registry_of(3), clients(5)
    assert all(house.admit(client) for client in them[:3])
    speak(house, them[0])
    assert house.admit(them[3])
    assert house.admit(them[4])
    assert [client.aborted for client in them] == [False, True, True, False, False]
    assert set(house.members()) == {them[0], them[3], them[4]}
    assert house.refusals.counts == {"limits.max_connections": 2}


async def test_those_who_sent_a_part_of_an_event_make_room_after_those_who_sent_nothing():
    house, them = registry_of(3), clients(5)
    assert all(house.admit(client) for client in them[:3])
    house.bytes_received(them[0])
    speak(house, them[2])
    assert house.admit(them[3])
    speak(house, them[3])
    assert house.admit(them[4])
    assert [client.aborted for client in them] == [True, True, False, False, False]


async def test_those_who_were_answered_for_good_make_room_after_all_others():
    house, them = registry_of(3), clients(5)
    assert all(house.admit(client) for client in them[:3])
    speak(house, *them[:3])
    house.closing(them[1])
    assert house.admit(them[3])
    assert [client.aborted for client in them] == [False, True, False, False, False]


async def test_when_everybody_has_spoken_a_newcomer_is_refused_with_a_log_line(caplog):
    house, them = registry_of(2), clients(3)
    assert all(house.admit(client) for client in them[:2])
    speak(house, *them[:2])
    assert not house.admit(them[2])
    assert "192.0.2.1:2 refused: limits.max_connections is reached" in caplog.text
    house.remove(them[0])
    assert house.admit(them[2])


async def test_one_address_has_a_limit_of_its_own_and_its_own_connections_make_room():
    house, others, them = registry_of(100, per_address=2), clients(3, "192.0.2.9"), clients(4)
    assert house.admit(others[0])
    assert all(house.admit(client) for client in them[:3])
    assert [client.aborted for client in them] == [True, False, False, False]
    assert not others[0].aborted
    speak(house, them[1], them[2])
    assert not house.admit(them[3])
    assert house.admit(others[1])
    assert house.refusals.counts == {"limits.max_per_address": 2}


async def test_clients_on_this_machines_own_ways_are_limited_in_all_only():
    house, them = registry_of(5, per_address=1), clients(5, "")
    assert all(house.admit(client) for client in them)
    speak(house, *them)


@given(st.lists(st.tuples(st.sampled_from(["admit", "stir", "hear", "leave", "go"]), st.integers(0, 30))))
def test_no_history_goes_beyond_a_limit_or_refuses_while_there_is_room_to_make(history):
    async def live() -> None:
        house, present, spoken = registry_of(6, per_address=4), {}, set()
        for what, number in history:
            client = present.get(number)
            if what == "admit" and client is None:
                newcomer = Client(str(number), f"192.0.2.{number % 2}")
                quiet = [c for c in house.members() if c not in spoken]
                if house.admit(newcomer):
                    present[number] = newcomer
                else:
                    crowded = sum(c.address == newcomer.address for c in house.members()) >= 4
                    assert not [c for c in quiet if not crowded or c.address == newcomer.address]
            elif client is not None and what == "go":
                house.remove(client)
            elif client is not None and client in house.members():
                {"stir": house.bytes_received, "hear": house.event_received, "leave": house.closing}.get(
                    what, id
                )(client)
                if what == "hear":
                    house.bytes_received(client)
                    house.event_received(client)
                    spoken.add(client)
                if what == "leave":
                    spoken.discard(client)
            members = house.members()
            present = {key: c for key, c in present.items() if c in members}
            assert len(members) <= 6
            assert max(sum(c.address == a for c in members) for a in ("192.0.2.0", "192.0.2.1")) <= 4
            assert not any(c.aborted for c in members)

    asyncio.run(live())


async def test_it_is_empty_again_when_everybody_has_gone():
    house, client = registry_of(1), Client("a")
    await asyncio.wait_for(house.wait_until_empty(), 1)
    house.admit(client)
    waiting = asyncio.create_task(house.wait_until_empty())
    await asyncio.sleep(0)
    assert not waiting.done()
    house.remove(client)
    house.remove(client)
    await asyncio.wait_for(waiting, 1)


async def test_tasks_are_waited_for_but_not_for_ever():
    house = registry_of(1)
    task = house.start_task(asyncio.sleep(60))
    await house.wait_for_tasks(0.01)
    assert not task.done()
    task.cancel()
    await asyncio.wait_for(house.wait_for_tasks(60), 1)
