import asyncio

from tests.support.wyoming_peer import eventually
from wyoming_azure_realtime.wyoming_server.turns import Turns


async def test_everybody_has_a_turn_in_the_order_in_which_they_came():
    turns, heard = Turns(), []
    for number in range(5):
        turns.queue(lambda number=number: heard.append(number))
    assert heard == []
    await eventually(lambda: len(heard) == 5)
    assert heard == [0, 1, 2, 3, 4]


async def test_others_run_between_one_turn_and_the_next():
    turns, heard, others = Turns(), [], 0
    for _ in range(20):
        turns.queue(lambda: heard.append(others))
    while len(heard) < 20:
        others += 1
        await asyncio.sleep(0)
    assert len(set(heard)) == 20


async def test_who_needs_more_than_one_turn_queues_again():
    turns, left = Turns(), {"a": 3, "b": 2}
    heard: list[str] = []

    def turn(name: str) -> None:
        heard.append(name)
        left[name] -= 1
        if left[name]:
            turns.queue(lambda: turn(name))

    for name in left:
        turns.queue(lambda name=name: turn(name))
    await eventually(lambda: len(heard) == 5)
    assert heard == ["a", "b", "a", "b", "a"]
