"""For all tests."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.loop_watch import LoopWatch

# how long an example takes says more about the machine than about the program
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

_THIRD_PARTIES = ("aiohttp", "asyncio", "azure", "msal", "urllib3", "websockets", "zeroconf")


@pytest.fixture(autouse=True)
def loop_watch() -> Iterator[LoopWatch]:
    """A test fails for what its event loops would only log."""
    watch = LoopWatch()
    with watch.installed():
        yield watch
    assert watch.failures == []


class Written:
    """Standard error so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def written(capsys):
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
    """Where programs keep the recogniser's vocabulary: not at home, once for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        yield cache
