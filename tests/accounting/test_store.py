"""What was spent outlives the program, in a file and in a Redis, whatever happens to either."""

import asyncio
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.ports import reserved_ports
from wyoming_azure_realtime.accounting.shared import RedisServer
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile, state_path
from wyoming_azure_realtime.accounting.store import (
    KEPT_DAYS,
    RESERVED_SECONDS,
    UNFINISHED,
    Amounts,
    Changes,
    Keeper,
    Kept,
    KeptTurn,
    Key,
    StatePlace,
)
from wyoming_azure_realtime.settings.model import History

MONTH = "2026-11"
KEY = Key("2026-11-30", "synthesis", "azure_openai", "gpt-realtime")
NOON = time.mktime((2026, 11, 30, 12, 0, 0, 0, 0, -1))


class Books:
    """A keeper, and what it was told and said."""

    def __init__(self, place: StatePlace) -> None:
        self.kept: list[Kept] = []
        self.said: list[str] = []
        self.keeper = Keeper(place, self.kept.append, self.said.append)

    async def start(self) -> None:
        await self.keeper.start(lambda: MONTH)

    def spend(self, nanodollars: int) -> None:
        self.keeper.waiting.add(KEY, Amounts(nanodollars=nanodollars, requests=1))
        self.keeper.changed()

    @property
    def total(self) -> int:
        """What is kept, of everybody, and what is not yet."""
        kept = self.kept[-1].sums.get(KEY, Amounts()).nanodollars if self.kept else 0
        changes = (self.keeper.waiting, self.keeper.writing)
        return kept + sum(each.sums.get(KEY, Amounts()).nanodollars for each in changes)

    @property
    def written(self) -> bool:
        return not (self.keeper.waiting or self.keeper.writing)

    async def stop(self) -> None:
        await self.keeper.stop(MONTH)


def turn(number: int, at: float) -> KeptTurn:
    return KeptTurn(f"t{number}", at, f'{{"id":"t{number}"}}')


async def test_sums_are_read_again_and_several_programs_may_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.sqlite"
    one, other = Books(SqliteFile(path)), Books(SqliteFile(path))
    await one.start()
    await other.start()
    for _ in range(50):
        one.spend(1)
        other.spend(10)
        await asyncio.sleep(0)
    await eventually(lambda: one.written and other.written)
    one.spend(1000)
    await eventually(lambda: one.written)
    assert one.total == 1550
    await one.stop()
    await other.stop()
    again = Books(SqliteFile(path))
    await again.start()
    assert again.total == 1550
    await again.stop()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["state.sqlite"]


SPEND = """
import asyncio, sys
from pathlib import Path
from tests.accounting.test_store import Books
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile

async def spend():
    books = Books(SqliteFile(Path(sys.argv[1])))
    await books.start()
    books.spend(77)
    while not books.written:
        await asyncio.sleep(0.001)
    print("written", flush=True)
    await asyncio.sleep(60)

asyncio.run(spend())
"""


async def test_a_program_that_is_killed_has_written_what_it_spent(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SPEND, str(path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    async with asyncio.timeout(30):
        assert await child.stdout.readline() == b"written\n"
        child.kill()
        await child.wait()
    books = Books(SqliteFile(path))
    await books.start()
    assert books.total == 77
    await books.stop()


@pytest.mark.parametrize("trouble", ["a folder", "no database", "in the way"])
async def test_what_cannot_be_written_is_said_once_and_counting_goes_on(tmp_path: Path, trouble: str) -> None:
    path = tmp_path / "state.sqlite"
    if trouble == "a folder":
        path.mkdir()
    elif trouble == "no database":
        path.write_bytes(b"This is somebody's letter. " * 100)
    else:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "state.sqlite"
    before = path.read_bytes() if trouble == "no database" else b""
    books = Books(SqliteFile(path))
    await books.start()
    for _ in range(3):
        books.spend(5)
        await asyncio.sleep(0.01)
    assert books.total == 15
    assert len(books.said) == 1
    assert str(path) in books.said[0]
    if trouble == "no database":
        assert path.read_bytes() == before
    else:
        path.rmdir() if trouble == "a folder" else (tmp_path / "file").unlink()
        await eventually(lambda: books.written)
        assert books.total == 15
        assert len(books.said) == 2
    await books.stop()


async def test_a_batch_that_was_written_twice_counts_once(tmp_path: Path) -> None:
    place = SqliteFile(tmp_path / "state.sqlite")
    changes = Changes(batch="one")
    changes.add(KEY, Amounts(nanodollars=3))
    for _ in range(2):
        kept = await place.write(changes, MONTH, NOON)
    assert kept.sums[KEY].nanodollars == 3
    await place.close()


async def test_what_turns_may_cost_whose_program_broke_down_counts_as_spent_in_the_end(
    tmp_path: Path,
) -> None:
    place = SqliteFile(tmp_path / "state.sqlite")
    changes = Changes(reserved={"a": (40, NOON + RESERVED_SECONDS), "b": (2, NOON + RESERVED_SECONDS)})
    kept = await place.write(changes, MONTH, NOON)
    assert dict(kept.reserved) == {"a": 40, "b": 2}
    kept = await place.write(Changes(reserved={"b": (0, 0.0)}, batch="b"), MONTH, NOON + 1)
    assert dict(kept.reserved) == {"a": 40}
    for batch in "cd":
        kept = await place.write(Changes(batch=batch), MONTH, NOON + RESERVED_SECONDS + 2)
        assert not kept.reserved
        (lost,) = (amounts for key, amounts in kept.sums.items() if key.model == UNFINISHED)
        assert (lost.nanodollars, lost.estimated) == (40, 1)
    await place.close()


async def test_little_is_kept_and_nothing_for_long(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    place = SqliteFile(path)
    old = Changes(batch="old")
    old.add(Key("2025-01-01", *KEY[1:]), Amounts(nanodollars=1))
    old.turns.append(turn(-1, NOON - 8 * 86400))
    await place.write(old, MONTH, NOON - KEPT_DAYS * 86400)
    for batch in range(3):
        changes = Changes(batch=f"b{batch}")
        changes.turns.extend(turn(batch * 500 + number, NOON + batch) for number in range(500))
        await place.write(changes, MONTH, NOON + batch)
    await place.close()
    with sqlite3.connect(path) as database:
        kept = database.execute("SELECT count(*), min(started_at) FROM history").fetchone()
        assert kept == (History().turns, NOON + 1)
        assert database.execute("SELECT count(*) FROM spent").fetchone() == (0,)
    database.close()
    assert path.stat().st_size < 300_000


def test_where_it_is_kept(tmp_path: Path) -> None:
    service = {"STATE_DIRECTORY": "/var/lib/speech:/var/lib/more", "XDG_STATE_HOME": "/x"}
    assert state_path("auto", service) == Path("/var/lib/speech/state.sqlite")
    assert state_path("auto", {"XDG_STATE_HOME": "/x"}) == Path("/x/wyoming-azure-realtime/state.sqlite")
    home = Path.home() / ".local/state/wyoming-azure-realtime/state.sqlite"
    assert state_path("auto", {"XDG_STATE_HOME": "relative"}) == home
    assert state_path(str(tmp_path / "a"), service) == tmp_path / "a"


# --- Redis

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
with_redis = pytest.mark.skipif(not SERVER, reason="needs redis-server or valkey-server")


class Redis:
    """A server that can be away for a while."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/3"
        self._command = [
            *(SERVER or "", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
            *("--requirepass", "a-password", "--appendonly", "yes", "--save", ""),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)

    def books(self, password: str = "a-password") -> Books:
        return Books(RedisServer(self.url, password))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    pytest.importorskip("redis")
    with reserved_ports(1) as (port,), running(Redis(tmp_path, port)) as server:
        yield server


@contextmanager
def running(server: Redis) -> Iterator[Redis]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@with_redis
async def test_several_servers_share_what_is_spent_and_what_turns_may_cost(redis: Redis) -> None:
    one, other = redis.books(), redis.books()
    await one.start()
    await other.start()
    for _ in range(20):
        one.spend(1)
        other.spend(100)
        await asyncio.sleep(0)
    one.keeper.waiting.reserved["a"] = (7, time.time() + 60)
    one.keeper.waiting.turns.append(turn(1, time.time()))
    await eventually(lambda: one.written and other.written)
    other.spend(5)
    await eventually(lambda: other.written)
    assert other.total == 2025
    assert dict(other.kept[-1].reserved) == {"a": 7}
    assert await other.keeper.ask(lambda place: place.turns(10, time.time())) == ['{"id":"t1"}']
    assert await other.keeper.ask(lambda place: place.days("2026-11-30")) == {KEY.day: 2025}
    await one.keeper.ask(lambda place: place.choose("voice", "sage"))
    assert await other.keeper.ask(lambda place: place.choice("voice")) == "sage"
    await other.keeper.ask(lambda place: place.forget_turns())
    assert await one.keeper.ask(lambda place: place.turns(10, time.time())) == []
    one.keeper.waiting.reserved["a"] = (0, 0.0)
    other.keeper.waiting.reserved["lost"] = (40, time.time() - 1)
    one.keeper.changed()
    other.keeper.changed()
    await eventually(lambda: one.written and other.written)
    one.spend(0)
    await eventually(lambda: one.written and not one.kept[-1].reserved)
    lost = [amounts for key, amounts in one.kept[-1].sums.items() if key.model == UNFINISHED]
    assert sum(amounts.nanodollars for amounts in lost) in (0, 40)  # it is of this month, not of the test's
    await one.stop()
    await other.stop()


@with_redis
async def test_while_it_is_away_each_counts_alone_and_says_so_and_nothing_is_lost(redis: Redis) -> None:
    one, other = redis.books(), redis.books()
    await eventually_starts(one)
    await eventually_starts(other)
    one.spend(1)
    other.spend(10)
    await eventually(lambda: one.written and other.written)
    redis.stop()
    for _ in range(5):
        one.spend(100)
        other.spend(1000)
        await asyncio.sleep(0.02)
    await eventually(lambda: one.said and other.said)
    assert one.total >= 501
    assert other.total >= 5010
    assert "counted in memory, by this program alone" in one.said[-1]
    redis.start()
    await eventually(lambda: one.written and other.written)
    one.spend(0)
    await eventually(lambda: one.written)
    assert one.total == 5511
    assert [line.rpartition(" ")[2] for line in one.said[-1:]] == ["again"]
    assert "a-password" not in "".join(one.said + other.said)
    await one.stop()
    await other.stop()


async def eventually_starts(books: Books) -> None:
    """The server may not listen yet."""
    await books.start()
    books.spend(0)
    await eventually(lambda: books.written)
    books.said.clear()


@with_redis
async def test_a_wrong_password_is_said_and_not_shown(redis: Redis) -> None:
    books = redis.books("another-secret")
    await eventually_starts_never(books)
    assert len(books.said) == 1
    assert "secret" not in books.said[0]
    assert books.total == 9
    await books.stop()


async def eventually_starts_never(books: Books) -> None:
    await books.start()
    books.spend(9)
    await asyncio.sleep(0.05)


@with_redis
async def test_a_batch_that_reaches_a_redis_twice_counts_once(redis: Redis) -> None:
    books = redis.books()
    await eventually_starts(books)
    await books.stop()
    place = RedisServer(redis.url, "a-password")
    changes = Changes(batch="one")
    changes.add(KEY, Amounts(nanodollars=3))
    for _ in range(2):
        kept = await place.write(changes, MONTH, NOON)
    assert kept.sums[KEY].nanodollars == 3
    await place.close()
