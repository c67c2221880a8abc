"""No child process gets the keys and tokens that stand in our environment."""

import asyncio
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from wyoming_azure_realtime.offline.children import child_environment
from wyoming_azure_realtime.offline.local_voice import LocalVoiceProcess
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


async def test_no_secret_of_ours_is_in_any_child(model_cache: Path) -> None:
    async with asyncio.timeout(DEADLINE), BackendProcess(engines="sink") as backend:
        clean(backend.pid)
    hears, _ = Recognizer.available()
    if hears:
        async with Recognizer(workers=1, cache=model_cache) as recognizer:
            await eventually(lambda: bool(descendants()))
            clean(*descendants())
            await recognizer.stop()
    speaking = asyncio.create_task(anext(LocalVoiceProcess().speak("Guten Tag. " * 50, "de", 1.0)))
    await eventually(lambda: bool(descendants()))
    clean(*descendants())
    await speaking


def clean(*pids: int) -> None:
    """Also what they have started."""
    for pid in (*pids, *(child for parent in pids for child in descendants(parent))):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert SECRET.encode() not in environment
        assert b"PATH=" in environment


def descendants(pid: int | str = "self") -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in tasks for child in path.read_text().split()]
