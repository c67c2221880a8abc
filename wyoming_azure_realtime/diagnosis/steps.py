"""What an examination is made of: steps in their order, each of which may need others, and what they find.

No step lasts longer than its own limit or beyond the end of the whole, whatever it waits for. A step says
what is wrong by raising one of our errors: what was met and what to do stand in that error, and nowhere else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from wyoming_azure_realtime.errors import InternalError, SpeechServiceError

_LOGGER = logging.getLogger(__name__)

Mark = Literal["ok", "note", "failed", "skipped"]
"""How a step ended; `note`: it works, and something about it should be known."""

Result = str | tuple[Mark, str]
"""What a step returns: a detail where all is well, else the mark as well."""


class NotWanted(Exception):
    """A step is left out; the message says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a step: `detail` is one line. `target`: whose, if it was one of a target's."""

    what: str
    mark: Mark
    detail: str
    target: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether it works."""
        return self.mark in ("ok", "note")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is looked at, for `seconds` at most, unless a step that it `needs` did not end well."""

    name: str
    run: Callable[[], Awaitable[Result]]
    needs: tuple[str, ...] = ()
    seconds: float = 10.0


async def examined(steps: Sequence[Step], until: float, target: str = "") -> AsyncIterator[Finding]:
    """What the steps find, one after the other. `until`: the event loop's time at which all has to end."""
    loop = asyncio.get_running_loop()
    unmet: set[str] = set()
    for step in steps:
        began = loop.time()
        needed = next((name for name in step.needs if name in unmet), "")
        if needed:
            mark, detail = _skipped(f"needs {needed}")
        elif began >= until:
            mark, detail = _skipped("no time was left; a longer --timeout gives it some")
        else:
            mark, detail = await _outcome(step, min(step.seconds, until - began))
        if mark in ("failed", "skipped"):
            unmet.add(step.name)
        yield Finding(step.name, mark, " ".join(detail.split()), target, loop.time() - began)


async def examine(groups: Sequence[AsyncIterator[Finding]], report: Callable[[Finding], None]) -> None:
    """Examine groups side by side, and report what they find group after group."""
    queues: list[asyncio.Queue[Finding | None]] = [asyncio.Queue() for _ in groups]

    async def collect(group: AsyncIterator[Finding], queue: asyncio.Queue[Finding | None]) -> None:
        try:
            async for finding in group:
                queue.put_nowait(finding)
        finally:
            queue.put_nowait(None)

    async with asyncio.TaskGroup() as tasks:
        for group, queue in zip(groups, queues, strict=True):
            tasks.create_task(collect(group, queue))
        for queue in queues:
            while (finding := await queue.get()) is not None:
                report(finding)


async def _outcome(step: Step, limit: float) -> tuple[Mark, str]:
    try:
        async with asyncio.timeout(limit):
            result = await step.run()
    except TimeoutError:
        return "failed", f"There was no end of it in {limit:.0f} s."
    except NotWanted as reason:
        return "skipped", str(reason)
    except SpeechServiceError as error:
        return "failed", str(error)
    except Exception as error:
        _LOGGER.exception("The step '%s' failed unexpectedly", step.name)
        return "failed", str(InternalError.of(error))
    return ("ok", result) if isinstance(result, str) else result


def _skipped(why: str) -> tuple[Mark, str]:
    return "skipped", why
