"""Who hears and speaks while no target does: other services in the home, in order of preference.

Each is either a service with a protocol of its own, or the embedded backend, which
the engine asks as it asks a target. One that does not answer is passed over for a while. With a fallback,
nobody waits for a target: it gets one attempt, and none while it is known to be down.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from wyoming_azure_realtime.errors import (
    BackendError,
    DeploymentNotFound,
    PoolTimeout,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import FallbackInUse, Observer, TurnKind
from wyoming_azure_realtime.providers.languages import matches
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.health import HealthRecord

UNANSWERED = (BackendError, PoolTimeout, TooManyRequests)
"""Failures after which somebody else may be asked; with others the program is stopping, or wrong."""

LOOK_SECONDS = 1.0


class FallbackService(Protocol):
    """A service in the home. `name`: its address, which holds no secret."""

    name: str

    def serves(self, language: str) -> bool:
        """Whether it knows a language (a BCP 47 tag; empty: unknown), as far as is known."""

    async def check(self) -> None:
        """See whether it is there. Raises `BackendError`."""


class FallbackRecognizer(FallbackService, Protocol):
    """Hears."""

    async def transcribe(
        self,
        audio: AsyncIterator[bytes],
        language: str,
        names: Sequence[str],
        on_partial: Callable[[str], None],
    ) -> str:
        """The text of 24 kHz PCM16 mono, which may still grow; `on_partial` gets all text so far.

        It may answer before the audio has ended. Raises `BackendError`.
        """


class FallbackVoice(FallbackService, Protocol):
    """Says exactly the text."""

    def speak(self, text: str, language: str, speed: float) -> AsyncGenerator[bytes, None]:
        """24 kHz PCM16 mono, as it is made. Raises `BackendError`."""


@dataclass(frozen=True)
class RealtimeFallback:
    """Targets that are asked only when the others fail. `languages`: empty if they know all."""

    backends: Backends
    languages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """That of its first target."""
        return self.backends.first.name

    def serves(self, language: str) -> bool:
        """Whether it knows a language."""
        return not (language and self.languages) or any(matches(one, language) for one in self.languages)


S = TypeVar("S", bound=FallbackService)


class FallbackServices(Generic[S]):
    """The services for one kind of turn in their order, with their health."""

    def __init__(self, services: Sequence[S | RealtimeFallback], kind: TurnKind, observer: Observer) -> None:
        self._services = tuple(services)
        self._observer = observer
        own = (one.name for one in services if not isinstance(one, RealtimeFallback))
        self._health = HealthRecord(own, kind, observer, fallback=True)
        self._in_use = ""

    @property
    def realtime(self) -> list[Backends]:
        """The targets among them, to be probed as targets are."""
        return [one.backends for one in self._services if isinstance(one, RealtimeFallback)]

    def candidates(self, language: str, *, at_any_rate: bool = False) -> list[S | RealtimeFallback]:
        """Those that know the language and work; if none works, `at_any_rate` those that know it."""
        serving = [one for one in self._services if one.serves(language)]
        ready = [one for one in serving if self._works(one)]
        return ready or (serving if at_any_rate else [])

    def succeeded(self, service: S | RealtimeFallback, *, in_use: bool) -> None:
        """It did what it was asked for; `in_use`: since no target answers."""
        if not isinstance(service, RealtimeFallback):
            self._health.succeeded(service.name, asyncio.get_running_loop().time())
        if in_use and service.name != self._in_use:
            self._in_use = service.name
            self._observer.report(FallbackInUse(service.name, self._health.kind))

    def failed(self, service: S | RealtimeFallback, error: SpeechServiceError) -> None:
        """It did not, so that it is passed over for a while, unless it only lacks the language."""
        if not isinstance(service, RealtimeFallback) and not isinstance(error, DeploymentNotFound):
            self._health.failed(service.name, error, asyncio.get_running_loop().time(), at_once=True)

    def not_needed(self) -> None:
        """A target answered."""
        self._in_use = ""

    def states(self, *, needed: bool) -> dict[str, str]:
        """The state of each in a word or two; `needed`: no target works."""
        states = {one.name: "ready" if self._works(one) else "set aside" for one in self._services}
        first = next((name for name, state in states.items() if state == "ready"), "")
        return states | {first: "in use"} if needed and first else states

    async def keep_probing(self) -> None:
        """Until cancelled: learn what each has, and look whether those that failed are back."""
        services = [one for one in self._services if not isinstance(one, RealtimeFallback)]
        due = services
        while services:
            await asyncio.gather(*(self._check(one) for one in due))
            await asyncio.sleep(LOOK_SECONDS)
            now = asyncio.get_running_loop().time()
            due = [one for one in services if self._health.is_due(one.name, now)]

    async def _check(self, service: S) -> None:
        try:
            await service.check()
        except SpeechServiceError as error:
            self._health.failed(service.name, error, asyncio.get_running_loop().time())
        else:
            self._health.succeeded(service.name, asyncio.get_running_loop().time())

    def _works(self, service: S | RealtimeFallback) -> bool:
        if isinstance(service, RealtimeFallback):
            return service.backends.working()
        return self._health.is_trusted(service.name)


@dataclass(frozen=True)
class Fallbacks:
    """For both kinds of turn."""

    hearing: FallbackServices[FallbackRecognizer]
    speaking: FallbackServices[FallbackVoice]

    @classmethod
    def of(
        cls,
        hearing: Sequence[FallbackRecognizer | RealtimeFallback | None],
        speaking: Sequence[FallbackVoice | RealtimeFallback | None],
        observer: Observer,
    ) -> "Fallbacks":
        """These services, each list in order of preference; None is left out."""
        return cls(
            FallbackServices([one for one in hearing if one], "recognition", observer),
            FallbackServices([one for one in speaking if one], "synthesis", observer),
        )
