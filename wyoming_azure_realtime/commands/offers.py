"""What a resource accepts of what its service has: tried by sessions, each with what a minute costs.

A model that speaks is there if a session with it opens. One that hears has to transcribe a second of sound
as well: services open sessions for deployments that are not there. That costs a hundredth of a cent in all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from math import pi, sin

from msgspec.structs import replace

from wyoming_azure_realtime.accounting.prices import Tariff
from wyoming_azure_realtime.diagnosis.trial import Trial
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    BackendTimeout,
    ConnectFailed,
    QuotaExceeded,
    RequestError,
    SettingsError,
    SpeechServiceError,
    UnsupportedVersion,
    WrongEndpoint,
)
from wyoming_azure_realtime.observe import TurnKind
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.base import SOON
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.session_config import Hints
from wyoming_azure_realtime.settings.model import Settings, Target

AT_A_TIME = 3
MOST_NAMES = 16
"""Of one kind that are tried."""

_RATE = 16000
_SOUND = b"".join(
    round(4000 * sin(2 * pi * 300 * at / _RATE)).to_bytes(2, "little", signed=True) for at in range(_RATE)
)
"""A second of it."""

_OF_THE_WAY = (ConnectFailed, WrongEndpoint, UnsupportedVersion, BackendTimeout)
_OF_THE_ACCOUNT = (AuthenticationFailed, QuotaExceeded)
"""What is no deployment's fault: the next one would fail in the same way."""

PREVIEW = "2025-04-01-preview"
"""The deprecated API, where a resource has no other."""

PREFERRED = ("gpt-live-transcribe", "gpt-realtime-whisper", "gpt-transcribe")
"""Of those that hear: they take names of the home, or send text while somebody speaks."""


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A deployment that is there. `price`: dollars for a minute, None if not known; `ends`: of its model."""

    name: str
    price: float | None = None
    ends: date | None = None

    @property
    def lasts(self) -> bool:
        """Whether its model is there for so long that no start warns of its end."""
        return self.ends is None or self.ends - datetime.now(UTC).date() > SOON

    @property
    def facts(self) -> str:
        """What it costs, and until when its model is there."""
        cost = "price not known" if self.price is None else f"{self.price:.4g} USD a minute"
        cost = "free" if self.price == 0 else cost
        if self.ends is None:
            return cost
        return f"{cost}, {'until' if self.ends > datetime.now(UTC).date() else 'retired on'} {self.ends}"


@dataclass
class ModelOffers:
    """What speaks and what hears. `usual`: the service's models; `missing`: why others are not there."""

    speaking: list[ModelOffer] = field(default_factory=list)
    hearing: list[ModelOffer] = field(default_factory=list)
    usual: tuple[str, ...] = ()
    missing: dict[str, SpeechServiceError] = field(default_factory=dict)

    def proposed(self, there: Sequence[ModelOffer], wanted: Sequence[str]) -> ModelOffer:
        """Of those that are there: what was asked for, else the usual one if it lasts, else one that does."""
        asked = next(filter(None, (self.named(there, name) for name in wanted)), None)
        lasting = [offer for offer in there if offer.lasts] or there
        usual = next(filter(None, (self.named(lasting, name) for name in (*self.usual, *PREFERRED))), None)
        return asked or usual or lasting[0]

    def named(self, there: Sequence[ModelOffer], name: str) -> ModelOffer | None:
        """The one of this name, if there is one."""
        return next((offer for offer in there if offer.name == name), None)

    def cheaper(self, than: ModelOffer) -> ModelOffer | None:
        """The cheapest that speaks, if it costs less."""
        known = [offer for offer in self.speaking if offer.price is not None and offer.lasts]
        least = min(known, key=lambda offer: offer.price or 0.0, default=None)
        return least if least and than.price and (least.price or 0.0) < than.price else None


async def find_offers(
    target: Target, settings: Settings, speaking: Sequence[str] = (), hearing: Sequence[str] = ()
) -> tuple[Target, ModelOffers]:
    """Try the names that were asked for and those of the service's models; the target as it answers.

    Where the GA API has nothing, the deprecated one is tried. Raises the `SpeechServiceError` for which the
    resource cannot be used at all.
    """
    versions = ("", target.api_version or PREVIEW) if type(provider_of(target)) is AzureOpenAi else ("",)
    refusal: SpeechServiceError | None = None
    first: tuple[Target, ModelOffers] | None = None
    for version in versions:
        there = replace(target, api_version=version)
        try:
            found = await _offers_of(there, settings, speaking, hearing)
        except UnsupportedVersion as error:
            refusal = refusal or error
            continue
        if found.speaking:
            return there, found
        first = first or (there, found)
    if first is None:
        assert refusal is not None  # noqa: S101 - one of both happened
        raise refusal
    return first


async def _offers_of(
    target: Target, settings: Settings, speaking: Sequence[str], hearing: Sequence[str]
) -> ModelOffers:
    provider = provider_of(target)
    usual = provider.default_models
    target = replace(target, **usual)
    found = ModelOffers(usual=(usual["realtime_deployment"],))
    names = [*speaking, usual["realtime_deployment"], *(model.name for model in provider.speech_models)]
    final = (*_OF_THE_WAY, *_OF_THE_ACCOUNT)
    talkers = await _tried(names, lambda name: _speaks(target, settings, name), found, final)
    ends = {model.name: model.ends for model in (*provider.speech_models, *provider.transcription_models)}
    found.speaking = [ModelOffer(name, _price(target, "synthesis", name), ends.get(name)) for name in talkers]
    # where transcription sessions are refused, a conversation hears, with a model that is there
    speaker = next((name for name in talkers if name in found.usual), talkers[0] if talkers else "")
    base = replace(target, realtime_deployment=speaker)
    names = [*hearing, usual["transcription_deployment"], *(it.name for it in provider.transcription_models)]
    hearers: list[str] = []
    if talkers:
        hearers = await _tried(names, lambda name: _hears(base, settings, name), found, _OF_THE_ACCOUNT)
    found.hearing = [
        ModelOffer(name, _price(target, "recognition", name), ends.get(name)) for name in hearers
    ]
    return found


async def _tried(
    names: Iterable[str],
    attempt: Callable[[str], Awaitable[None]],
    found: ModelOffers,
    decisive: tuple[type[SpeechServiceError], ...],
) -> list[str]:
    """Those of the names that are there, in their order.

    The first is tried before all others; an error of the `decisive` ones is raised then.
    """
    first, *others = list(dict.fromkeys(filter(None, names)))[:MOST_NAMES]
    room = asyncio.Semaphore(AT_A_TIME)

    async def one(name: str) -> SpeechServiceError | None:
        async with room:
            try:
                await attempt(name)
            except TimeoutError:
                return BackendTimeout(f"'{name}' answered nothing in time.")
            except (BackendError, RequestError, SettingsError) as error:
                return error
            return None

    error = await one(first)
    if isinstance(error, decisive):
        raise error
    failures = dict(zip((first, *others), [error, *await asyncio.gather(*map(one, others))], strict=True))
    found.missing |= {name: failure for name, failure in failures.items() if failure}
    return [name for name, failure in failures.items() if failure is None]


async def _speaks(target: Target, settings: Settings, name: str) -> None:
    there = replace(target, realtime_deployment=name)
    trial = Trial(there, settings)
    try:
        async with trial.session(trial.speech()):
            pass
    finally:
        await trial.close()


async def _hears(target: Target, settings: Settings, name: str) -> None:
    trial = Trial(replace(target, transcription_deployment=name), settings)
    trial.recorded = _SOUND
    try:
        await trial.hear(Hints("en-US"))
    finally:
        await trial.close()


def _price(target: Target, kind: TurnKind, name: str) -> float | None:
    there = replace(target, realtime_deployment=name, transcription_deployment=name)
    return Tariff([there], {}).rate(kind, there.name, name).per_minute(kind)
