"""What a request to a service costs: a dated table of prices, the service's account of tokens, arithmetic.

Money is a whole number of nanodollars (10^-9 US dollars), so that sums are exact on every server. Where the
service gave no account, tokens are estimated from the seconds that were heard and spoken, and the charge says
so. What has no known price is counted apart; it is never free. Pure but for the table, which is read once.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files
from math import inf
from re import sub
from typing import Any, get_args

from wyoming_azure_realtime.observe import TurnKind
from wyoming_azure_realtime.providers.base import Provider
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.settings.model import ModelPrice, Target
from wyoming_azure_realtime.turns.budget import Allowance

NANO = 1_000_000_000
"""Nanodollars of a dollar."""

TOKENS_HEARD, TOKENS_SPOKEN = 10, 20
"""Tokens of a second of sound: one for 100 ms that is heard, for 50 ms that is spoken (vendor's guide)."""

TEXT_TOKENS = 4
"""Tokens of text that go with a second of speech, for estimates: about three words."""

INSTRUCTION_TOKENS = 160
"""Tokens of the instructions that go with every text to be spoken, for estimates."""

ANSWER_TOKENS_IN, ANSWER_TOKENS_OUT = 4500, 60
"""Tokens of text that a model reads (instructions and tools above all) and writes for an answer, likewise."""

MOST_TOKENS = 10_000_000
"""More than that in one request is a mistake of whoever counted; it is cut."""


_OFFERING = ("openai",)
"""Services at which every model is there for everybody, under its own name."""

_AT_HOME = ("embedded", "localai", "speaches", "speech_to_speech")
"""Services that somebody runs himself: nobody sends a bill, unless `cost.prices` says so."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a request by their kinds. What was `cached` is not in `text_in` and `audio_in`."""

    text_in: int = 0
    text_cached: int = 0
    text_out: int = 0
    audio_in: int = 0
    audio_cached: int = 0
    audio_out: int = 0

    def items(self) -> Iterable[tuple[str, int]]:
        """Kinds and numbers, those that are not zero."""
        return ((kind, number) for kind in KINDS if (number := getattr(self, kind)))


KINDS = tuple(field.name for field in fields(Tokens))


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: dollars for a million tokens of a kind, and for a minute heard; None: not known.

    `source`: how it is known: `published`, `reported`, `assumed`, `settings`, `free`. `read`: when it was.
    """

    text_in: float | None = None
    text_cached: float | None = None
    text_out: float | None = None
    audio_in: float | None = None
    audio_cached: float | None = None
    audio_out: float | None = None
    minute: float | None = None
    source: str = "assumed"
    read: date | None = None

    @property
    def is_free(self) -> bool:
        """Whether it is known to cost nothing at all."""
        return not self.minute and all(getattr(self, kind) == 0 for kind in KINDS)


FREE = Price(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, source="free")
"""That of what runs in the home."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request cost. `unknown`: kinds of tokens, or `minute`, that were used and have no price."""

    nanodollars: int
    tokens: Tokens
    estimated: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """A deployment of a target, seen as what it costs. `price` is None where nothing is known of it."""

    service: str
    model: str
    price: Price | None

    def per_minute(self, kind: TurnKind) -> float | None:
        """About what a minute costs in dollars that is heard or spoken; None: not known."""
        seconds = 0.0 if kind == "answer" else 60.0  # in writing
        charge = self.charge(kind, {}, seconds, seconds)
        return None if self.price is None or "audio" in str(charge.unknown) else charge.nanodollars / NANO

    def charge(self, kind: TurnKind, usage: Mapping[str, Any], sent: float, received: float) -> Charge:
        """The cost of a request. `usage`: the service's account; `sent`, `received`: seconds of audio."""
        seconds = _number(usage.get("seconds"), 86_400.0) if usage.get("type") == "duration" else None
        tokens = tokens_of(kind, usage)
        estimated = tokens == Tokens() and seconds is None
        if estimated:
            tokens = estimated_tokens(kind, sent, received)
        price = self.price
        if price is not None and price.minute is not None and kind == "recognition":
            if seconds is None:
                seconds = tokens.audio_in / TOKENS_HEARD if tokens.audio_in else sent
            tokens = Tokens() if estimated else tokens
            return Charge(round(price.minute * NANO * seconds / 60), tokens, estimated)
        if seconds is not None:  # paid by tokens, told by the second
            tokens = estimated_tokens(kind, seconds, received)
        if price is None:
            return Charge(0, tokens, estimated, tuple(kind for kind, _ in tokens.items()) or ("minute",))
        dollars, unknown = 0.0, []
        for name, number in tokens.items():
            each = getattr(price, name)
            if each is None:
                unknown.append(name)
            else:
                dollars += each * number / 1e6
        return Charge(round(dollars * NANO), tokens, estimated, tuple(unknown))


def tokens_of(kind: TurnKind, usage: Mapping[str, Any]) -> Tokens:
    """The service's account by kinds, as far as it tells them; whatever is no number counts as nothing.

    What it does not tell apart counts as the dearer: as sound.
    """
    given, taken = _part(usage, "input_token_details"), _part(usage, "output_token_details")
    inputs, outputs = _count(usage, "input_tokens"), _count(usage, "output_tokens")
    text_in, audio_in = _count(given, "text_tokens"), _count(given, "audio_tokens")
    if not (text_in or audio_in):
        text_in, audio_in = (0, inputs) if kind == "recognition" else (inputs, 0)
    text_out, audio_out = _count(taken, "text_tokens"), _count(taken, "audio_tokens")
    if not (text_out or audio_out):
        text_out, audio_out = (0, outputs) if kind == "synthesis" else (outputs, 0)
    cached = _part(given, "cached_tokens_details")
    text_cached, audio_cached = _count(cached, "text_tokens"), _count(cached, "audio_tokens")
    if not (text_cached or audio_cached):
        in_all = _count(given, "cached_tokens")
        text_cached = min(in_all, text_in)
        audio_cached = min(in_all - text_cached, audio_in)
    text_cached, audio_cached = min(text_cached, text_in), min(audio_cached, audio_in)
    return Tokens(
        text_in - text_cached, text_cached, text_out, audio_in - audio_cached, audio_cached, audio_out
    )


def estimated_tokens(kind: TurnKind, sent: float, received: float) -> Tokens:
    """What a request probably took, where the service gave no account of it; `sent`, `received`: seconds."""
    if kind == "recognition":
        return Tokens(audio_in=round(sent * TOKENS_HEARD), text_out=round(sent * TEXT_TOKENS))
    if kind == "answer":
        if not received:
            return Tokens(text_in=ANSWER_TOKENS_IN, text_out=ANSWER_TOKENS_OUT)
        return Tokens(  # by voice
            text_in=INSTRUCTION_TOKENS,
            audio_in=round(sent * TOKENS_HEARD),
            text_out=round(received * TEXT_TOKENS),
            audio_out=round(received * TOKENS_SPOKEN),
        )
    words = round(received * TEXT_TOKENS)
    return Tokens(
        text_in=INSTRUCTION_TOKENS + words, text_out=words, audio_out=round(received * TOKENS_SPOKEN)
    )


class Tariff:
    """What may be used, seen as what it costs. `own`: prices of the settings.

    `before`: what counted until now; requests in progress may have been made by it.
    """

    def __init__(
        self, targets: Sequence[Target], own: Mapping[str, ModelPrice], before: "Tariff | None" = None
    ) -> None:
        providers = [provider_of(target) for target in targets]
        self._targets = tuple(provider.target for provider in providers)
        self._rates: dict[tuple[TurnKind, str], dict[str, Rate]] = {
            (kind, provider.target.name): _rates(provider, own, kind)
            for kind in get_args(TurnKind)
            for provider in providers
        }
        self._of_turns = {  # what writes down what is said in conversations
            (provider.target.name, writes): _rate(provider.service, writes, writes, own)
            for provider in providers
            if (writes := provider.turn_transcriber)
        }
        self._former = {key: dict(rates) for key, rates in before._rates.items()} if before else {}  # noqa: SLF001 - its own class

    def rate(self, kind: TurnKind, target: str, deployment: str) -> Rate:
        """That of a deployment; of one that is not in the settings nothing is known."""
        former = self._former.get((kind, target), {}).get(deployment)
        known = self._rates.get((kind, target), {}).get(deployment, former)
        if kind == "recognition" and known is None:
            known = self._of_turns.get((target, deployment))
        return known or Rate("unknown", deployment, None)

    def free(self, kind: TurnKind) -> tuple[str, ...]:
        """The targets that cost nothing."""
        usual = (
            (target.name, self.rate(kind, target.name, _usual(kind, target))) for target in self._targets
        )
        return tuple(name for name, rate in usual if rate.price is not None and rate.price.is_free)

    def cheapest(self, kind: TurnKind) -> Allowance:
        """Every target with its cheapest deployment, the cheapest first; unknown prices come last.

        What is free comes behind them: it is a fallback, and no saving.
        """
        free, found = self.free(kind), []
        for target in self._targets:
            rates, usual = self._rates[kind, target.name], _usual(kind, target)
            known = {
                name: price for name, rate in rates.items() if (price := rate.per_minute(kind)) is not None
            }
            least = min(known, key=lambda name: (known[name], name != usual)) if known else usual
            found.append((target.name in free, known.get(least, inf), target.name, least, least != usual))
        found.sort(key=lambda one: one[:2])
        other = {
            target: (name, self.rate(kind, target, name).model) for *_, target, name, other in found if other
        }
        return Allowance(tuple(target for _, _, target, _, _ in found), other)

    def usual_charge(self, kind: TurnKind, seconds: float) -> int:
        """Nanodollars for so many seconds at the preferred target."""
        first = self._targets[0]
        rate = self.rate(kind, first.name, _usual(kind, first))
        return rate.charge(kind, {}, seconds, seconds).nanodollars


def _usual(kind: TurnKind, target: Target) -> str:
    match kind:
        case "recognition":
            return target.transcription_deployment
        case "answer":
            return target.answers_with
    return target.realtime_deployment


def _rates(provider: Provider, own: Mapping[str, ModelPrice], kind: TurnKind) -> dict[str, Rate]:
    """Those of the deployments of a target that may serve this kind of turn."""
    target = provider.target
    if kind == "recognition":
        models = {deployment.name: deployment.model for deployment in provider.deployments}
    else:
        usual = target.answers_with if kind == "answer" else target.realtime_deployment
        names = (usual, target.cheaper_deployment)
        models = {name: name for name in names if name}
    if provider.service in _OFFERING:
        offers = provider.transcription_models if kind == "recognition" else provider.speech_models
        models |= {
            offer.name: offer.name for offer in offers if offer.ends is None and offer.name not in models
        }
    return {name: _rate(provider.service, name, model, own) for name, model in models.items()}


def _rate(service: str, deployment: str, model: str, own: Mapping[str, ModelPrice]) -> Rate:
    given = own.get(deployment) or own.get(model)
    if given is not None and given.model:
        model, given = given.model, None
    if given is not None:
        amounts = {name: getattr(given, name) for name in given.__struct_fields__ if name != "model"}
        # a price by the minute that is not given is none, while tokens that are not given cost nothing
        return Rate(service, model, Price(**amounts | {"minute": given.minute or None}, source="settings"))
    if service in _AT_HOME:
        return Rate(service, model, FREE)
    undated = sub(r"-\d{4}-\d{2}-\d{2}$", "", model.lower())
    return Rate(service, model, _table().get((service, undated)))


@cache
def _table() -> dict[tuple[str, str], Price]:
    """The prices by service and model, from `prices.toml`, which explains its words."""
    text = files(__package__).joinpath("prices.toml").read_text(encoding="utf-8")
    table = {}
    for entry in tomllib.loads(text)["prices"]:
        models, services = entry.pop("models"), entry.pop("services")
        for service, source in services.items():
            table.update({(service, model): Price(**entry, source=source) for model in models})
    return table


def _part(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = usage.get(name)
    return part if isinstance(part, Mapping) else {}


def _count(usage: Mapping[str, Any], name: str) -> int:
    return int(_number(usage.get(name), MOST_TOKENS) or 0)


def _number(value: object, most: float) -> float | None:
    """A number from 0 to `most`; None for anything else. Not a number compares as neither."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value >= 0:
        return None
    return min(float(value), most)
