"""The Redis or Valkey by which several servers share what may be spent; `store` says what is kept.

A server that is away costs nothing but the sharing: every program goes on counting alone, and says so once.
What it counted then is added when the server is back. A limit holds within one turn for each program, since
they hear of each other's turns a moment late.
"""

import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from wyoming_azure_realtime.accounting.sqlite_file import DEFAULT_HISTORY, SqliteFile, state_path
from wyoming_azure_realtime.accounting.store import (
    COLUMNS,
    KEPT_DAYS,
    WRITE_SECONDS,
    Amounts,
    Changes,
    Kept,
    Key,
    StatePlace,
    Sums,
    Unwritable,
    day_of,
    lost_key,
    row_of,
)
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import History

PREFIX = "wyoming-azure-realtime"

# One call, so that all or nothing of a batch is added, and a batch that was sent twice is added once.
_SCRIPT = """
if redis.call('SET', ARGV[1], 1, 'NX', 'EX', 86400) then
  local changes = cjson.decode(ARGV[2])
  for _, change in ipairs(changes.sums) do
    redis.call('HINCRBY', change[1], change[2], change[3])
    redis.call('EXPIRE', change[1], ARGV[6])
  end
  for _, change in ipairs(changes.reserved) do
    if change[2] == '' then redis.call('HDEL', ARGV[4], change[1])
    else redis.call('HSET', ARGV[4], change[1], change[2]) end
  end
  for _, turn in ipairs(changes.turns) do
    redis.call('ZADD', ARGV[5], turn[1], turn[2])
  end
  redis.call('ZREMRANGEBYRANK', ARGV[5], 0, -1 - tonumber(ARGV[7]))
  redis.call('ZREMRANGEBYSCORE', ARGV[5], '-inf', ARGV[9])
  redis.call('EXPIRE', ARGV[5], ARGV[8])
end
return {redis.call('HGETALL', ARGV[3]), redis.call('HGETALL', ARGV[4])}
"""


class RedisServer:
    """A Redis or Valkey that several servers share. Needs the package `redis`. `url`: without a password."""

    def __init__(self, url: str, password: str, history: History = DEFAULT_HISTORY) -> None:
        from redis.asyncio import Redis  # noqa: PLC0415 - an extra
        from redis.exceptions import RedisError  # noqa: PLC0415

        self.name = url
        self._history = history
        self._errors = (RedisError, OSError)
        self._redis: Any = Redis.from_url(
            url,
            password=password or None,
            socket_timeout=WRITE_SECONDS / 2,
            socket_connect_timeout=WRITE_SECONDS / 2,
            decode_responses=True,
        )

    async def write(self, changes: Changes, month: str, now: float) -> Kept:
        """In one round trip, or two where a turn of a program that broke down is counted as spent."""
        try:
            kept = await self._apply(changes, month, now)
            lost = {
                turn: amount for turn, (amount, until) in kept[1].items() if until < now and turn and amount
            }
            if lost:
                taken = Changes(
                    reserved=dict.fromkeys(lost, (0, 0.0)),
                    batch=uuid.uuid5(uuid.NAMESPACE_OID, " ".join(sorted(lost))).hex,
                )
                taken.add(lost_key(now), Amounts(nanodollars=sum(lost.values()), estimated=1))
                kept = await self._apply(taken, month, now)
        except self._errors as error:
            raise _unwritable(error) from error
        return Kept(kept[0], {turn: amount for turn, (amount, _) in kept[1].items()})

    async def turns(self, most: int, now: float) -> list[str]:
        """The latest first."""
        oldest = now - self._history.days * 86400
        found = await self._ask("zrevrangebyscore", f"{PREFIX}:history", "+inf", oldest, start=0, num=most)
        return list(found)

    async def forget_turns(self) -> None:
        """Those of all servers."""
        await self._ask("delete", f"{PREFIX}:history")

    async def days(self, since: str) -> dict[str, int]:
        """Nanodollars by day; of this month and the one of `since`, and those between."""
        months, today = [since[:7]], day_of(time.time())
        while months[-1] < today[:7]:
            year, month = map(int, months[-1].split("-"))
            months.append(f"{year + month // 12:04}-{month % 12 + 1:02}")
        days: dict[str, int] = {}
        for month_name in months:
            sums = _read_sums(await self._ask("hgetall", f"{PREFIX}:spent:{month_name}"))
            for key, amounts in sums.items():
                if key.day >= since:
                    days[key.day] = days.get(key.day, 0) + amounts.nanodollars
        return days

    async def choice(self, name: str) -> str:
        """What was chosen; empty if nothing was."""
        return await self._ask("hget", f"{PREFIX}:choices", name) or ""

    async def choose(self, name: str, value: str) -> None:
        """Remember a choice, for all servers at their next start."""
        await self._ask("hset", f"{PREFIX}:choices", name, value)

    async def _ask(self, command: str, *values: Any, **more: Any) -> Any:
        try:
            return await getattr(self._redis, command)(*values, **more)
        except self._errors as error:
            raise _unwritable(error) from error

    async def close(self) -> None:
        """Close the connections."""
        with suppress(*self._errors):
            await self._redis.aclose()

    async def _apply(
        self, changes: Changes, month: str, now: float
    ) -> tuple[Sums, dict[str, tuple[int, float]]]:
        sums = [
            (f"{PREFIX}:spent:{key.day[:7]}", msgspec.json.encode([*key, name]).decode(), str(amount))
            for key, amounts in changes.sums.items()
            for name, amount in zip(COLUMNS, row_of(amounts), strict=True)
            if amount
        ]
        reserved = [
            (turn, f"{amount} {until:.0f}" if amount else "")
            for turn, (amount, until) in changes.reserved.items()
        ]
        turns = [(f"{turn.started_at:.3f}", turn.body) for turn in changes.turns]
        most, days = self._history.turns, self._history.days
        body = msgspec.json.encode({"sums": sums, "reserved": reserved, "turns": turns}).decode()
        found, others = await self._redis.eval(
            _SCRIPT,
            0,
            f"{PREFIX}:batch:{changes.batch}",
            body,
            f"{PREFIX}:spent:{month}",
            f"{PREFIX}:reserved",
            f"{PREFIX}:history",
            KEPT_DAYS * 86400,
            most,
            days * 86400,
            f"{now - days * 86400:.3f}",
        )
        return _read_sums(_pairs(found)), {
            turn: _read_reserved(text) for turn, text in _pairs(others).items()
        }


def place_of(
    setting: str, password: str, environ: Mapping[str, str], history: History = DEFAULT_HISTORY
) -> StatePlace | None:
    """What `state` means; None if it is off. Raises `SettingsError` where a package for that is missing."""
    if setting == "off":
        return None
    if "://" not in setting:
        return SqliteFile(state_path(setting, environ), history)
    try:
        return RedisServer(setting, password, history)
    except ImportError as error:
        raise SettingsError(
            "The state is to be kept in Redis, and the package for that is missing.",
            advice="Install the extra: pip install 'wyoming-azure-realtime[redis]'.",
        ) from error


def _unwritable(error: Exception) -> Unwritable:
    """A message with an @ in it may tell a password."""
    return Unwritable(type(error).__name__ if "@" in str(error) else str(error))


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _read_sums(found: Mapping[str, str]) -> Sums:
    sums: Sums = {}
    for name, number in found.items():
        *key, column = msgspec.json.decode(name, type=tuple[str, str, str, str, str])
        if column in COLUMNS:
            setattr(sums.setdefault(Key(*key), Amounts()), column, int(number))
    return sums


def _read_reserved(text: str) -> tuple[int, float]:
    amount, _, until = text.partition(" ")
    return int(amount), float(until)
