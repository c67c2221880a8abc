"""Through how many modules four things pass: a chunk of sound, a text, a setting, an error.

Every function of the program that runs between the two ends is noted by the profiler, in the real server over
the emulator; modules of the emulator and of the tests do not count. What looks on beside the way, at a copy,
is told apart. Run: `python -m tests.structure.walks`.
"""

import asyncio
import functools
import gc
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_stack
from types import CodeType, FrameType
from typing import Any

import wyoming_azure_realtime
from tests.support.eventually import eventually
from tests.support.spoken_words import speaking
from tests.support.wyoming_events import PCM_16K, event_bytes
from tests.support.wyoming_peer import Door, wyoming_door
from wyoming_azure_realtime.emulator.faults import Disconnect, Faults
from wyoming_azure_realtime.settings.load import load
from wyoming_azure_realtime.settings.model import Deadlines, Settings

ROOT = Path(wyoming_azure_realtime.__file__).parent
PREFIX = "WYOMING_AZURE_REALTIME_"
NOT_COUNTED = ("emulator", "offline")
TIMERS = ("SilenceWatch.",)
"""What runs every second, whatever passes meanwhile."""


@functools.cache
def module_of(code: CodeType) -> str:
    """`pool.slots`; empty for code that is not the program's."""
    path = code.co_filename
    return (
        path.removeprefix(f"{ROOT}/").removesuffix(".py").replace("/", ".")
        if path.startswith(str(ROOT))
        else ""
    )


@functools.cache
def is_not_counted(code: CodeType) -> bool:
    """Whether what this calls is on no way."""
    return code.co_qualname.startswith(TIMERS) or module_of(code).startswith(NOT_COUNTED)


class Walk:
    """The modules that ran, in the order in which they were entered first.

    `onlooker`: the module that gets a copy of what passes. What ran only below it is `beside`. Of what is
    recorded several times only what ran each time is on the way: the rest happened to run meanwhile.
    """

    def __init__(self, onlooker: str | None = None) -> None:
        self._onlooker = onlooker
        self.modules: dict[str, None] = {}
        self._below: dict[str, None] = {}
        self._recorded = False

    @property
    def beside(self) -> list[str]:
        """The onlooker, and whom it calls."""
        return [module for module in self._below if module not in self.modules]

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not (module := module_of(frame.f_code)):
            return
        codes = [one.f_code for one, _ in walk_stack(frame)]
        if any(map(is_not_counted, codes)):
            return  # the emulator runs in this process, and uses modules of ours
        looks_on = self._onlooker and self._onlooker in map(module_of, codes)
        modules = self._below if looks_on else self.modules
        modules[module] = None

    @contextmanager
    def recorded(self) -> Iterator[None]:
        gc.disable()  # what other tests left behind is closed later, and not on the way
        before, self.modules = self.modules, {}
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(None)
            gc.enable()
        if self._recorded:
            self.modules = {module: None for module in before if module in self.modules}
        self._recorded = True


SPEECH = [
    event_bytes("audio-chunk", {**PCM_16K, "timestamp": None}, speaking(1.0)[at : at + 320])
    for at in range(0, 32_000, 320)
]
"""A second of it, as Home Assistant sends it."""


async def chunk_in() -> Walk:
    """From the client's socket to the service's: chunks that make one append, in the middle of a command.

    Who listens for the end of the speech is beside the way: it gets the sound when that is recorded.
    """
    walk = Walk(onlooker="speech.endpointing")
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("audio-start", PCM_16K)
        for chunk in SPEECH[:60]:
            await peer.send_raw(chunk)
            await asyncio.sleep(0.01)
        for begin in (60, 72, 84):
            sent = sent_bytes(door)
            with walk.recorded():
                for chunk in SPEECH[begin : begin + 12]:
                    await peer.send_raw(chunk)
                    await asyncio.sleep(0.01)
                await eventually(lambda: sent_bytes(door) > sent)  # noqa: B023 - called at once
    return walk


def sent_bytes(door: Door) -> int:
    return sum(session.audio_bytes for session in door.behind.server.record.sessions)


async def text_out() -> Walk:
    """From a `synthesize` to its last chunk of sound."""
    walk = Walk()
    async with wyoming_door() as door, door.peer() as peer:
        await peer.send("synthesize", {"text": "Hello."})
        await peer.until("audio-stop")
        for _ in range(3):
            with walk.recorded():
                await peer.send("synthesize", {"text": "The kitchen light is on."})
                await peer.until("audio-stop")
    return walk


async def error_back() -> Walk:
    """From a broken socket, the last one that may be tried, to the client's `error`."""
    walk = Walk(onlooker="speech.endpointing")
    faults = Faults(closed_after_commit=Disconnect(code=1006))
    settings = Settings(deadlines=Deadlines(request=0.3))
    async with wyoming_door(faults=faults, settings=settings) as door:
        for _ in range(3):
            async with door.peer() as peer:
                sent = sent_bytes(door)
                await peer.send("audio-start", PCM_16K)
                for chunk in SPEECH[:60]:
                    await peer.send_raw(chunk)
                await eventually(lambda: sent_bytes(door) > sent)  # noqa: B023 - called at once
                with walk.recorded():
                    await peer.send("audio-stop")
                    await peer.until("error")
    return walk


def setting_to_effect() -> Walk:
    """From `speech.tolerance` in a file to the comparison: what loads it, and what passes it on by name."""
    walk = Walk()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "settings.yaml")
        file.write_text("speech: {tolerance: 0.1}\n")
        environment = {
            "WYOMING_AZURE_REALTIME_CONFIG": str(file),
            "WYOMING_AZURE_REALTIME_BACKEND": "embedded",
        }
        with walk.recorded():
            load({}, environment)
    for path in ROOT.rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if "tolerance" in path.read_text(encoding="utf-8"):
            walk.modules[name] = None
    return walk


async def main() -> None:
    for title, walk in (
        ("a chunk of sound, from socket to socket", await chunk_in()),
        ("a text, to sound", await text_out()),
        ("a setting, to its effect", setting_to_effect()),
        ("an error, back to the client", await error_back()),
    ):
        print(f"{title}: {len(walk.modules)} modules: {', '.join(walk.modules)}")
        if walk.beside:
            print(f"  and beside it {len(walk.beside)}: {', '.join(walk.beside)}")


if __name__ == "__main__":
    asyncio.run(main())
