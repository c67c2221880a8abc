"""The small SQLite file with what was spent, the latest turns, what was chosen: `store` says what is kept."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from wyoming_azure_realtime.accounting.store import (
    COLUMNS,
    KEPT_DAYS,
    WRITE_SECONDS,
    Amounts,
    Changes,
    Kept,
    Key,
    Unwritable,
    day_of,
    lost_key,
    row_of,
)
from wyoming_azure_realtime.settings.model import History

STATE_NAME = "state.sqlite"
DEFAULT_HISTORY = History()

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS spent (
    day TEXT, kind TEXT, service TEXT, model TEXT,
    {", ".join(f"{name} INTEGER NOT NULL" for name in COLUMNS)},
    PRIMARY KEY (day, kind, service, model)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserved (turn TEXT PRIMARY KEY, nanodollars INTEGER, until REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, written_at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (id TEXT PRIMARY KEY, started_at REAL, body TEXT);
CREATE INDEX IF NOT EXISTS history_by_time ON history (started_at);
CREATE TABLE IF NOT EXISTS choices (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""  # the columns' names are ours
_ADD = (
    f"INSERT INTO spent VALUES ({', '.join('?' * (4 + len(COLUMNS)))}) "  # noqa: S608 - so are these
    f"ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in COLUMNS)}"
)


def state_path(setting: str, environ: Mapping[str, str]) -> Path:
    """The file that a setting means; `auto`: in the service's state folder, else in the user's."""
    if setting != "auto":
        return Path(setting).expanduser()
    service = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if service:
        return Path(service) / STATE_NAME
    home = environ.get("XDG_STATE_HOME", "")
    try:
        folder = Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:  # a user without a home; that nothing can be written there is said later
        folder = Path("/.local/state")
    return folder / "wyoming-azure-realtime" / STATE_NAME


class SqliteFile:
    """A file of this machine, which several programs may share. It is opened when it is needed.

    The file is the user's alone. It stays whole when the power fails; what was written in the last moment
    before that may be missing.
    """

    def __init__(self, path: Path, history: History = DEFAULT_HISTORY) -> None:
        self.name = str(path)
        self._history = history
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._one_at_a_time = threading.Lock()
        self._swept = ""

    async def write(self, changes: Changes, month: str, now: float) -> Kept:
        """In a thread: a card may take its time."""
        return await asyncio.to_thread(self._write, changes, month, now)

    async def turns(self, most: int, now: float) -> list[str]:
        """The latest first."""
        asked = "SELECT body FROM history WHERE started_at >= ? ORDER BY started_at DESC LIMIT ?"
        rows = await asyncio.to_thread(self._query, asked, (self._oldest(now), most))
        return [body for (body,) in rows]

    async def forget_turns(self) -> None:
        """What they said is overwritten in the file and in its journal."""
        await asyncio.to_thread(self._query, "DELETE FROM history", ())
        await asyncio.to_thread(self._query, "PRAGMA wal_checkpoint(TRUNCATE)", ())

    async def days(self, since: str) -> dict[str, int]:
        """Nanodollars by day."""
        asked = "SELECT day, sum(nanodollars) FROM spent WHERE day >= ? GROUP BY day"
        return dict(await asyncio.to_thread(self._query, asked, (since,)))

    async def choice(self, name: str) -> str:
        """What was chosen; empty if nothing was."""
        rows = await asyncio.to_thread(self._query, "SELECT value FROM choices WHERE name = ?", (name,))
        return rows[0][0] if rows else ""

    async def choose(self, name: str, value: str) -> None:
        """Remember a choice."""
        await asyncio.to_thread(self._query, "INSERT OR REPLACE INTO choices VALUES (?, ?)", (name, value))

    async def close(self) -> None:
        """Also folds the journal into the file."""
        await asyncio.to_thread(self._close_when_idle)

    def _write(self, changes: Changes, month: str, now: float) -> Kept:
        with self._opened() as database:
            with database:  # a transaction: all or nothing
                database.execute("BEGIN IMMEDIATE")
                self._apply(database, changes, now)
            sums = {
                Key(*row[:4]): Amounts(*row[4:])
                for row in database.execute("SELECT * FROM spent WHERE day LIKE ? || '-%'", (month,))
            }
            reserved = dict(database.execute("SELECT turn, nanodollars FROM reserved"))
        return Kept(sums, reserved)

    def _query(self, statement: str, values: Sequence[object]) -> list[Any]:
        with self._opened() as database:
            return database.execute(statement, values).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The open file, for one thread at a time. Raises `Unwritable`."""
        if not self._one_at_a_time.acquire(timeout=WRITE_SECONDS / 2):
            raise Unwritable("an earlier writing has not ended yet")
        try:
            yield self._connection or self._open()
        except (sqlite3.Error, OSError) as error:
            self._close()
            raise Unwritable(str(error)) from error
        finally:
            self._one_at_a_time.release()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(
            self._path, timeout=WRITE_SECONDS / 2, isolation_level=None, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA journal_size_limit = 1048576")
            database.execute("PRAGMA secure_delete = ON")
            database.executescript(_SCHEMA)
        except BaseException:
            database.close()
            raise
        self._connection = database
        return database

    def _apply(self, database: sqlite3.Connection, changes: Changes, now: float) -> None:
        written = database.execute("INSERT OR IGNORE INTO batches VALUES (?, ?)", (changes.batch, now))
        if written.rowcount:
            database.executemany(_ADD, [(*key, *row_of(amounts)) for key, amounts in changes.sums.items()])
            database.executemany(
                "INSERT OR REPLACE INTO reserved VALUES (?, ?, ?)",
                [(turn, *what) for turn, what in changes.reserved.items()],
            )
            if self._history.turns:
                turns = list(changes.turns)
                database.executemany("INSERT OR REPLACE INTO history VALUES (?, ?, ?)", turns)
        lost = database.execute(
            "SELECT sum(nanodollars) FROM reserved WHERE until < ? AND nanodollars", (now,)
        ).fetchone()[0]
        database.execute("DELETE FROM reserved WHERE until < ? OR NOT nanodollars", (now,))
        if lost:
            database.execute(_ADD, (*lost_key(now), *row_of(Amounts(nanodollars=lost, estimated=1))))
        today = day_of(now)
        if today != self._swept or changes.turns:
            database.execute("DELETE FROM spent WHERE day < ?", (day_of(now - KEPT_DAYS * 86400),))
            database.execute("DELETE FROM history WHERE started_at < ?", (self._oldest(now),))
            database.execute(
                "DELETE FROM history WHERE id IN "
                "(SELECT id FROM history ORDER BY started_at DESC LIMIT -1 OFFSET ?)",
                (self._history.turns,),
            )
            database.execute("DELETE FROM batches WHERE written_at < ?", (now - 86400,))
            self._swept = today

    def _oldest(self, now: float) -> float:
        return now - self._history.days * 86400

    def _close_when_idle(self) -> None:
        """A writing that was given up may go on in its thread; then the process's end closes the file."""
        if self._one_at_a_time.acquire(timeout=WRITE_SECONDS / 2):
            self._close()
            self._one_at_a_time.release()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with closing(connection), suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
