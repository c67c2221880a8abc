"""The real speech service over an embedded server in this process, for tests of whatever stands on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from wyoming_azure_realtime.conversation.agent import conversation_of
from wyoming_azure_realtime.conversation.home import HomeReader
from wyoming_azure_realtime.conversation.voice_sessions import voice_sessions_of
from wyoming_azure_realtime.emulator.engines import Engines, sink_engines
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import ObservedEvent, Observer, TurnEnded, TurnRecord
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.settings.model import Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.speech.fallback import (
    FallbackRecognizer,
    Fallbacks,
    FallbackVoice,
    RealtimeFallback,
)
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import Spending, Unlimited
from wyoming_azure_realtime.turns.engine import Sessions, TurnEngine, session_pool

KEY = "a-key-for-tests"
DEFAULTS = Settings()
PREVIEW = "2025-04-01-preview"


@dataclass
class Running:
    """A service, the server behind it, its pool, who observes it, records of turns, all that was observed."""

    service: HomeService
    server: EmulatorServer
    sessions: Sessions
    observer: Observer
    turns: list[TurnRecord] = field(default_factory=list)
    events: list[ObservedEvent] = field(default_factory=list)


def records_into(turns: list[TurnRecord]) -> Callable[[ObservedEvent], None]:
    """A subscriber that keeps the records of turns."""

    def keep(event: ObservedEvent) -> None:
        if isinstance(event, TurnEnded):
            turns.append(event.record)

    return keep


@asynccontextmanager
async def running_service(
    *,
    faults: Faults = NO_FAULTS,
    engines: Engines | None = None,
    settings: Settings = DEFAULTS,
    options: ServerOptions | None = None,
    home_names: Callable[[], Sequence[str]] = tuple,
    home_reader: HomeReader | None = None,
    spending: Callable[[Target, Observer], Spending] = lambda target, observer: Unlimited(),
    hearing: Sequence[FallbackRecognizer | RealtimeFallback] = (),
    speaking: Sequence[FallbackVoice | RealtimeFallback] = (),
    **target: object,
) -> AsyncIterator[Running]:
    """`target`: fields of the target that differ from the default, such as `api_version`.

    `spending`: makes what is asked before every turn.

    With `hearing` or `speaking`, who answers while it does not, targets are probed too.
    """
    options = options or ServerOptions(key=KEY, faults=faults)
    async with EmulatorServer(options, engines or sink_engines()) as server:
        # a model without partial text, so that tests see results alone
        plain = Target(endpoint=server.url, key=Secret(KEY), transcription_deployment="whisper-1")
        aim = msgspec.structs.replace(plain, **target)
        opener = SessionOpener([aim], settings.deadlines)
        events: list[ObservedEvent] = []
        observer = Observer(events.append)
        rates = {aim.name: provider_of(aim).most_connections}
        sessions = session_pool(opener, settings.pool, observer, rates)
        catalog = catalog_of(aim, settings)
        turns: list[TurnRecord] = []
        asr, tts = Backends([aim], "recognition", observer), Backends([aim], "synthesis", observer)
        observer.subscribe(records_into(turns))
        engine, fallbacks = TurnEngine(sessions), Fallbacks.of(hearing, speaking, observer)
        service = HomeService(
            catalog,
            engine,
            asr,
            tts,
            settings,
            observer,
            home_names,
            fallbacks=fallbacks,
        )
        service.spending = spending(aim, observer)
        service.conversation = conversation_of(
            settings, [aim], engine, service, observer, home_names, home_reader
        )
        service.voice_sessions = voice_sessions_of(settings, [aim], opener, service, observer)
        probing = asyncio.create_task(service.keep_probing()) if hearing or speaking else None
        try:
            yield Running(service, server, sessions, observer, turns, events)
        finally:
            if probing is not None:
                probing.cancel()
                await asyncio.gather(probing, return_exceptions=True)
            await service.end_ahead()
            await sessions.close()
            await opener.close()


def target_states(service: HomeService) -> dict[str, dict[str, str]]:
    """Each target's state in a word, by its use."""
    return {
        use: {name: state.state for name, state in by_target.items()}
        for use, by_target in service.backend_states().items()
    }


@asynccontextmanager
async def speech_service(**options: Any) -> AsyncIterator[HomeService]:
    """The service alone."""
    async with running_service(**options) as running:
        yield running.service
