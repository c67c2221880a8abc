"""The ledger: what every request has cost, what may still be spent, and what follows when a limit is reached.

It subscribes to the observer. Before a turn begins, the speech service asks it what the turn may use; then as
much is reserved as the dearest of the latest turns of its kind has cost, until the turn is over and its cost
is known. So however many turns run at a time, a limit is exceeded by what one turn costs at most, if turns
are not dearer than they were. Days and months are those of this machine's clock.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from wyoming_azure_realtime.accounting.prices import KINDS, NANO, Charge, Rate, Tariff
from wyoming_azure_realtime.accounting.store import (
    RESERVED_SECONDS,
    Amounts,
    Changes,
    Keeper,
    Kept,
    Key,
    StatePlace,
    Sums,
    day_of,
)
from wyoming_azure_realtime.observe import (
    ObservedEvent,
    Observer,
    RequestJudged,
    TurnCost,
    TurnEnded,
    TurnKind,
    TurnRecord,
)
from wyoming_azure_realtime.settings.model import Cost, Target
from wyoming_azure_realtime.turns.budget import UNRESTRICTED, Allowance

_LOGGER = logging.getLogger(__name__)

LATEST = 32
"""Turns of a kind whose costs tell what the next one may cost."""

USUAL_SECONDS: Mapping[TurnKind, float] = {"recognition": 15.0, "synthesis": 10.0, "answer": 0.0}
"""Of sound that a turn is expected to take, as long as there was none."""

NEAR = 0.8
"""Share of a limit from which on the log says that it comes near."""

GIVEN_UP_SECONDS = 600.0
"""After which nothing is reserved any more for a turn that never began, or that takes so long."""

_KEPT_COSTS = 256  # of the latest turns, for whoever writes their line
_KINDS: tuple[TurnKind, ...] = get_args(TurnKind)

Status = Literal["unlimited", "within", "near", "reached"]


@dataclass(slots=True)
class _Spent:
    nanodollars: int = 0
    estimated: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Reservation:
    nanodollars: int
    until: float


class Ledger:
    """Subscribe `count`; ask `begin` before a turn. `start` and `stop` the `place` that keeps the sums.

    `targets`: all that may be used, those of this machine, which cost nothing, too. `clock`: Unix time.
    `keeper`: writes to the place, for whoever has more to keep there; None where nothing is kept.
    """

    def __init__(
        self,
        cost: Cost,
        targets: Sequence[Target],
        observer: Observer,
        place: StatePlace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cost = cost
        self._rate = cost.rate or 1.0
        self._observer = observer
        self._clock = clock
        self._tariff = Tariff(targets, cost.prices)
        self._restricted = {kind: self._allowed(kind) for kind in _KINDS}
        self.keeper = Keeper(place, self._kept, _LOGGER.warning) if place else None
        self._sums: Sums = {}  # of this month, as they were kept last
        self._unkept = Changes()  # where there is no place: all of it
        self._elsewhere = 0  # nanodollars that turns of others may cost
        self._reserved: dict[str, _Reservation] = {}
        self._latest: dict[TurnKind, deque[int]] = {kind: deque(maxlen=LATEST) for kind in _KINDS}
        self._costs: dict[str, _Spent] = {}

    def renew(self, cost: Cost, targets: Sequence[Target]) -> None:
        """Count with other limits, prices and targets from now on; what was spent stays spent."""
        self._cost = cost
        self._rate = cost.rate or 1.0
        self._tariff = Tariff(targets, cost.prices, self._tariff)
        self._restricted = {kind: self._allowed(kind) for kind in _KINDS}

    async def start(self) -> None:
        """Read what was spent before."""
        if self.keeper is not None:
            await self.keeper.start(lambda: self._today[:7])

    async def stop(self) -> None:
        """Write what is not written yet."""
        if self.keeper is not None:
            await self.keeper.stop(self._today[:7])

    # --- before a turn

    def begin(self, turn: str, kind: TurnKind) -> Allowance:
        """What a turn may use; from now on as much is reserved as it probably costs, also if asked again."""
        self._release(turn)
        self._give_up()
        status, limit = self._status(self._all_reserved)
        allowance = UNRESTRICTED
        if status == "reached":
            self._say_reached(limit)
            allowance = self._restricted[kind]
        elif status == "near":
            self._say(f"near {self._period(limit)}", f"{self._spent_of(limit)}: the limit comes near")
        free = self._tariff.free(kind)
        if limit and (allowance.targets is None or not set(allowance.targets) <= set(free)):
            self._reserve(turn, self._expected(kind))
        return allowance

    def left(self, kind: TurnKind) -> Allowance:
        """What a turn may use that begins now; nothing is reserved for it."""
        self._give_up()
        status, _ = self._status(self._all_reserved)
        return self._restricted[kind] if status == "reached" else UNRESTRICTED

    def _allowed(self, kind: TurnKind) -> Allowance:
        """What is left of the targets when a limit is reached."""
        match self._cost.action:
            case "fallback":
                return Allowance(self._tariff.free(kind))
            case "mute":
                return UNRESTRICTED if kind == "recognition" else Allowance(self._tariff.free(kind))
            case "cheaper":
                return self._tariff.cheapest(kind)
        return UNRESTRICTED

    def _expected(self, kind: TurnKind) -> int:
        latest = self._latest[kind]
        if latest:
            return max(latest)
        return self._tariff.usual_charge(kind, USUAL_SECONDS[kind])

    def _reserve(self, turn: str, nanodollars: int) -> None:
        now = self._clock()
        self._reserved[turn] = _Reservation(nanodollars, now + GIVEN_UP_SECONDS)
        self._changes.reserved[turn] = (nanodollars, now + RESERVED_SECONDS)
        self._changed()

    def _release(self, turn: str) -> None:
        if self._reserved.pop(turn, None) is not None:
            self._changes.reserved[turn] = (0, 0.0)

    def _give_up(self) -> None:
        now = self._clock()
        for turn in [turn for turn, reserved in self._reserved.items() if reserved.until < now]:
            self._release(turn)

    @property
    def _all_reserved(self) -> int:
        return self._elsewhere + sum(reserved.nanodollars for reserved in self._reserved.values())

    # --- what happens

    def count(self, event: ObservedEvent) -> None:
        """Count a request, or note that a turn is over."""
        if isinstance(event, RequestJudged):
            self._request(event)
        elif isinstance(event, TurnEnded):
            self._ended(event.record)

    def _request(self, event: RequestJudged) -> None:
        rate, charge = self.charge_of(event)
        if not event.asked and not charge.nanodollars:
            return
        if charge.unknown:
            self._say_unknown(rate, event.deployment, charge)
        key = Key(self._today, event.kind, rate.service, rate.model)
        amounts = Amounts(
            nanodollars=charge.nanodollars,
            requests=int(event.asked),
            estimated=int(charge.estimated),
            unknown=int(bool(charge.unknown)),
            heard_ms=round(event.heard_seconds * 1000),
            spoken_ms=round(event.spoken_seconds * 1000),
            **{kind: getattr(charge.tokens, kind) for kind in KINDS},
        )
        self._changes.add(key, amounts)
        cost = self._costs.setdefault(event.turn, _Spent())
        cost.nanodollars += charge.nanodollars
        cost.estimated = cost.estimated or charge.estimated
        cost.unknown = cost.unknown or bool(charge.unknown)
        reserved = self._reserved.get(event.turn)
        if reserved is not None:  # what is spent of it is not to be counted twice
            left = max(0, reserved.nanodollars - charge.nanodollars)
            self._reserved[event.turn] = replace(reserved, nanodollars=left)
            self._changes.reserved[event.turn] = (left, self._clock() + RESERVED_SECONDS)
        self._changed()

    def charge_of(self, event: RequestJudged) -> tuple[Rate, Charge]:
        """What a request costs."""
        rate = self._tariff.rate(event.kind, event.target, event.deployment)
        return rate, rate.charge(event.kind, event.usage, event.heard_seconds, event.spoken_seconds)

    def _ended(self, record: TurnRecord) -> None:
        cost = self._costs.setdefault(record.id, _Spent())
        while len(self._costs) > _KEPT_COSTS:
            del self._costs[next(iter(self._costs))]
        if cost.nanodollars:
            self._latest[record.kind].append(cost.nanodollars)
        self._release(record.id)
        self._changed()

    def cost_of(self, turn: str) -> TurnCost | None:
        """What one of the latest turns has cost so far; None if nothing was spent."""
        spent = self._costs.get(turn)
        if spent is None or not (spent.nanodollars or spent.unknown):
            return None
        amount = self._money(spent.nanodollars)
        return TurnCost(amount, self._cost.currency, spent.estimated, spent.unknown)

    # --- sums

    @property
    def _changes(self) -> Changes:
        return self.keeper.waiting if self.keeper else self._unkept

    def _changed(self) -> None:
        if self.keeper is not None:
            self.keeper.changed()
        else:
            self._unkept.reserved.clear()
            month = self._today[:7]
            if any(key.day[:7] != month for key in self._unkept.sums):
                self._unkept.sums = {
                    key: sums for key, sums in self._unkept.sums.items() if key.day[:7] == month
                }

    def _kept(self, kept: Kept) -> None:
        self._sums = kept.sums
        self._elsewhere = sum(amount for turn, amount in kept.reserved.items() if turn not in self._reserved)

    @property
    def _today(self) -> str:
        return day_of(self._clock())

    @property
    def _all_sums(self) -> list[Sums]:
        changes = [self.keeper.writing, self.keeper.waiting] if self.keeper else [self._unkept]
        return [self._sums, *(each.sums for each in changes)]

    def sums(self) -> Sums:
        """Of this month: by day, kind, service and model."""
        month, total = self._today[:7], Changes()
        for sums in self._all_sums:
            for key, amounts in sums.items():
                if key.day.startswith(month):
                    total.add(key, amounts)
        return total.sums

    def spent(self) -> tuple[int, int]:
        """Nanodollars of today and of this month."""
        today = self._today
        this_month, of_today, of_month = today[:7], 0, 0
        for sums in self._all_sums:
            for key, amounts in sums.items():
                of_today += amounts.nanodollars if key.day == today else 0
                of_month += amounts.nanodollars if key.day.startswith(this_month) else 0
        return of_today, of_month

    def _money(self, nanodollars: float) -> float:
        """In the currency of the settings."""
        return nanodollars / NANO * self._rate

    def _status(self, reserved: int = 0) -> tuple[Status, str]:
        """How near which limit is: `day` or `month`, the nearer one; empty if there is none."""
        limits = {"day": self._cost.day, "month": self._cost.month}
        today, month = self.spent() if any(limits.values()) else (0, 0)
        shares = {
            name: self._money(spent + reserved) / limits[name]
            for name, spent in (("day", today), ("month", month))
            if limits[name]
        }
        if not shares:
            return "unlimited", ""
        nearest = max(shares, key=lambda name: shares[name])
        share = shares[nearest]
        return "reached" if share >= 1 else "near" if share >= NEAR else "within", nearest

    def summary(self) -> dict[str, Any]:
        """What `/info` says of it. Money is in `currency`."""
        today, month = self.spent()
        status, _ = self._status()
        sums = self.sums()
        return {
            "currency": self._cost.currency,
            "today": self.shown(today),
            "month": self.shown(month),
            "limits": {"day": self._cost.day or None, "month": self._cost.month or None},
            "status": status,
            "action": self._cost.action,
            "requests": sum(amounts.requests for amounts in sums.values()),
            "estimatedRequests": sum(amounts.estimated for amounts in sums.values()),
            "requestsWithoutPrice": sum(amounts.unknown for amounts in sums.values()),
            "byModel": self._by_model(sums),
        }

    def _by_model(self, sums: Sums) -> list[dict[str, Any]]:
        """Sums of this month, the dearest first."""
        models: dict[tuple[str, str, str], Amounts] = {}
        for key, amounts in sums.items():
            models.setdefault(key[1:], Amounts()).add(amounts)
        ordered = sorted(models.items(), key=lambda one: -one[1].nanodollars)
        return [
            {
                "kind": kind,
                "service": service,
                "model": model,
                "month": self.shown(amounts.nanodollars),
                "requests": amounts.requests,
                "secondsHeard": round(amounts.heard_ms / 1000),
                "secondsSpoken": round(amounts.spoken_ms / 1000),
            }
            for (kind, service, model), amounts in ordered
        ]

    def shown(self, nanodollars: int) -> float:
        """Money as people see it."""
        return round(self._money(nanodollars), 4)

    # --- what is said, each thing once

    def _period(self, limit: str) -> str:
        return self._today if limit == "day" else self._today[:7]

    def _spent_of(self, limit: str) -> str:
        most = {"day": self._cost.day, "month": self._cost.month}[limit]
        spent = self._money(dict(zip(("day", "month"), self.spent(), strict=True))[limit])
        period = {"day": "today", "month": "this month"}[limit]
        return f"{spent:.2f} of {most:.2f} {self._cost.currency} spent {period}"

    def _say_reached(self, limit: str) -> None:
        expected = self._money(self._all_reserved)
        now_what = {
            "warn": "everything goes on",
            "cheaper": "the cheapest models go on",
            "fallback": "the cloud is not used any more",
            "mute": "the cloud only hears, and does not speak any more",
        }[self._cost.action]
        progress = f", {expected:.2f} expected of requests in progress" if expected else ""
        self._say(
            f"reached {self._period(limit)}",
            f"The limit of cost.{limit} is reached: {self._spent_of(limit)}{progress}. "
            f"Until the next {limit}, {now_what} (cost.action: {self._cost.action})",
        )

    def _say(self, key: str, message: str) -> None:
        self._observer.warn_once(f"cost {key}", message)

    def _say_unknown(self, rate: Rate, deployment: str, charge: Charge) -> None:
        what = (
            "has no known price"
            if rate.price is None
            else f"has no known price for {', '.join(charge.unknown)}"
        )
        limits = ", so that no limit holds" if self._cost.day or self._cost.month else ""
        self._say(
            f"price {rate.service} {rate.model}",
            f"'{rate.model}' at {rate.service} {what}: its requests are counted, and what they cost is not"
            f"{limits}. Give its model or its price in cost.prices, under the name '{deployment}'",
        )
