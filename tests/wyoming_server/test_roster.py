import asyncio

from wyoming_azure_realtime.wyoming_server.roster import Roster


class Client:
    """A connection that only remembers how it ended."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.aborted = False

    def finish(self) -> None:
        """Nothing to be answered."""

    def give_up(self) -> None:
        """Nothing to be answered."""

    def abort(self) -> None:
        self.aborted = True


async def test_at_the_limit_the_oldest_that_has_said_nothing_makes_room():
    roster, clients = Roster(3), [Client(str(number)) for number in range(5)]
    for client in clients[:3]:
        assert roster.admit(client)
    roster.heard(clients[0])
    assert roster.admit(clients[3])
    assert roster.admit(clients[4])
    assert [client.aborted for client in clients] == [False, True, True, False, False]
    assert set(roster.members()) == {clients[0], clients[3], clients[4]}


async def test_when_everybody_has_spoken_a_newcomer_is_refused_with_a_log_line(caplog):
    roster, clients = Roster(2), [Client(str(number)) for number in range(3)]
    for client in clients[:2]:
        assert roster.admit(client)
        roster.heard(client)
    assert not roster.admit(clients[2])
    assert "2 refused: 2 connections are open" in caplog.text
    roster.remove(clients[0])
    assert roster.admit(clients[2])


async def test_it_is_empty_again_when_everybody_has_gone():
    roster, client = Roster(1), Client("a")
    await asyncio.wait_for(roster.emptied(), 1)
    roster.admit(client)
    waiting = asyncio.create_task(roster.emptied())
    await asyncio.sleep(0)
    assert not waiting.done()
    roster.remove(client)
    await asyncio.wait_for(waiting, 1)


async def test_tasks_are_waited_for_but_not_for_ever():
    roster = Roster(1)
    task = roster.spawn(asyncio.sleep(60))
    await roster.settled(0.01)
    assert not task.done()
    task.cancel()
    await asyncio.wait_for(roster.settled(60), 1)
