"""Requests whose answers are checked word by word, one after the other or several at a time."""

import asyncio
import difflib
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from tests.support.callers import MICROPHONE, Caller, NoAnswer
from tests.support.word_engines import recording_of
from tests.support.word_sounds import sentences, words_in, words_of

Kind = Literal["recognition", "synthesis"]
KINDS: tuple[Kind, ...] = ("recognition", "synthesis")


@dataclass(frozen=True)
class Asked:
    """A request that is over. `seconds`: from the end of its input to the end of its answer.

    `first`: to the beginning of its answer; `hush`: how long that fell silent after it had begun.
    `error` and `wrong`: what became of it instead, if anything; `broken_off`: after a part had been heard.
    `foreign`: words that were heard and are not in the text, or not in its order.
    """

    kind: Kind
    began: float
    first: float = 0.0
    seconds: float = 0.0
    hush: float = 0.0
    error: str = ""
    wrong: str = ""
    broken_off: bool = False
    foreign: int = 0

    @property
    def waited(self) -> float:
        """Seconds that a person had to wait: for the transcript, or in silence."""
        return self.first + self.hush

    @property
    def right(self) -> bool:
        """Answered, and every word of it as it should be."""
        return not self.error and not self.wrong

    def __str__(self) -> str:
        return f"{self.kind}: {self.error or self.wrong or 'right'}"


async def ask(
    kind: Kind, caller: Caller, chance: random.Random, *, words: int = 5, pace: float = 0.0, voice: str = ""
) -> Asked:
    """One request with random words."""
    text, began = sentences(chance, words), time.monotonic()
    try:
        if kind == "synthesis":
            spoken = await caller.speak(text, voice=voice)
            expected, got = words_of(text), words_in(spoken.pcm)
            wrong, foreign = _difference(expected, got), _foreign(expected, got)
            return Asked(kind, began, spoken.first, spoken.seconds, spoken.hush, wrong=wrong, foreign=foreign)
        pcm, transcript = recording_of(text, MICROPHONE)
        heard = await caller.hear(pcm, pace=pace)
        wrong = _difference(transcript.split(), heard.text.split())
        return Asked(kind, began, heard.seconds, heard.seconds, wrong=wrong)
    except NoAnswer as error:
        seconds = time.monotonic() - began
        return Asked(kind, began, seconds=seconds, error=str(error), broken_off=error.heard)


async def in_lanes(
    count: int, lanes: int, request: Callable[[int], Awaitable[Asked]]
) -> AsyncIterator[list[Asked]]:
    """That many requests, so many at a time; what is over since the last time, twice a second."""
    numbers, over = iter(range(count)), list[Asked]()

    async def lane() -> None:
        for number in numbers:
            over.append(await request(number))

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(lane()) for _ in range(lanes)]
        while not all(task.done() for task in running):
            await asyncio.wait(running, timeout=0.5)
            done, over[:] = list(over), []
            yield done


def turns(callers: Iterable[Caller]) -> Callable[[], Caller]:
    """One caller after the other."""
    endless = itertools.cycle(callers)
    return lambda: next(endless)


def _difference(expected: list[str], got: list[str]) -> str:
    return "" if got == expected else f"'{' '.join(expected)}' became '{' '.join(got)}'"


def _foreign(expected: list[str], got: list[str]) -> int:
    blocks = difflib.SequenceMatcher(None, expected, got, autojunk=False).get_matching_blocks()
    return len(got) - sum(block.size for block in blocks)
