"""No process that parses strangers' sound gets keys or rights; no process leaves its memory in a file."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.program import program
from wyoming_azure_realtime.offline.children import child_environment, start_child
from wyoming_azure_realtime.offline.process import BackendProcess
from wyoming_azure_realtime.offline.recognizer import Recognizer

SECRET = "a-secret-for-tests"
SECRETS = ("AZURE_OPENAI_KEY", "WYOMING_AZURE_REALTIME_HTTP_TOKEN", "SUPERVISOR_TOKEN", "DATABASE_PASSWORD")
DEADLINE = 30


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, SECRET)


def test_what_python_and_the_engines_need_is_passed_and_nothing_else() -> None:
    needed = {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "/here", "LD_LIBRARY_PATH": "/lib", "TMPDIR": "/t"}
    secret = dict.fromkeys(("AZURE_OPENAI_KEY", "PATHS", "MY_PYTHON", "A_LC_ALL"), SECRET)
    passed = child_environment(needed | secret)
    assert SECRET not in passed.values()
    assert passed.items() >= needed.items()


async def test_no_child_has_a_secret_or_can_get_rights_or_leaves_its_memory_behind(
    model_cache: Path,
) -> None:
    async with asyncio.timeout(DEADLINE), BackendProcess(engines="sink") as backend:
        harmless(backend.pid)
    hears, _ = Recognizer.available()
    if hears:
        others = set(descendants())  # such as a browser that earlier tests have started
        async with Recognizer(workers=1, cache=model_cache) as recognizer:
            await recognizer.ready()
            (worker,) = set(descendants()) - others
            harmless(worker)
            await recognizer.stop()
    speaking = await start_child("wyoming_azure_realtime.offline.local_voice", quiet=True)
    await eventually(lambda: protected(speaking.pid))
    harmless(speaking.pid)
    await speaking.communicate(b"")  # nothing is to be said


async def test_the_program_can_get_no_rights_either_and_leaves_its_memory_nowhere() -> None:
    flags = ("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf")
    async with program(*flags, environ=dict.fromkeys(SECRETS[1:], SECRET)) as running:
        await running.uri()
        children = descendants(running.process.pid)
        assert children
        harmless(*children)
        assert protected(running.process.pid)


def harmless(*pids: int) -> None:
    """Also what they have started."""
    for pid in (*pids, *(child for parent in pids for child in descendants(parent))):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert SECRET.encode() not in environment
        assert b"PATH=" in environment
        assert protected(pid)


def protected(pid: int) -> bool:
    """Whether it can get no more rights, and no core dump is made of it."""
    status, limits = (Path(f"/proc/{pid}/{name}").read_text() for name in ("status", "limits"))
    no_core = re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    return re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE) is not None and no_core is not None


def descendants(pid: int | str = "self") -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]
