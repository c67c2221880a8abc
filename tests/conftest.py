"""For all tests."""

import gc
import logging
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import WorkStealingScheduling

from tests.support.loop_watch import HeldLoops, LoopWatch
from tests.support.written import Written

# how long an example takes says more about the machine than about the program
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """For `-n auto` two more than processors: many tests wait for a time-out, or for a program."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Give each worker neighbouring modules, which share what is costly to start, and move what is left."""
    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from all that is loaded for the tests: it would look at it again and again.

    What each test leaves behind is found as always.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let workers ask at once how many tests were rerun.

    pytest-rerunfailures asks the main process about each test, in several small writes. TCP holds all but the
    first back for 40 ms, by which the whole run takes twice as long, unless it is told not to.
    """
    asked = getattr(getattr(session.config, "failures_db", None), "sock", None)
    if asked is not None:
        asked.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


_THIRD_PARTIES = ("aiohttp", "asyncio", "azure", "msal", "urllib3", "websockets", "zeroconf")


@pytest.fixture(scope="session", autouse=True)
def held_loops() -> Iterator[HeldLoops]:
    """Callbacks of the program that held a loop for too long."""
    held = HeldLoops()
    with held.watched():
        yield held


@pytest.fixture
def loops_unwatched(held_loops: HeldLoops) -> Iterator[None]:
    """For a test that looks at every call itself."""
    with held_loops.unwatched():
        yield


@pytest.fixture(autouse=True)
def loop_watch(held_loops: HeldLoops) -> Iterator[LoopWatch]:
    """A test fails for what its event loops would only log, and for what held them."""
    held_loops.failures()
    watch = LoopWatch()
    with watch.installed():
        yield watch
    assert watch.failures == []
    assert held_loops.failures() == []


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """What goes to standard error; everything about logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in _THIRD_PARTIES}
    yield Written(capsys)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where programs keep the recogniser's vocabulary: not at home, once for all workers of a run.

    What was spent is not kept at home either, and each worker has its own.
    """
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("XDG_STATE_HOME", str(base / "state"))
        yield cache
