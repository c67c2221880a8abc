"""The real speech service over an embedded server in this process, for tests of whatever stands on it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from wyoming_azure_realtime.emulator.engines import Engines, sink_engines
from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.observe import ObservedEvent, Observer, TurnEnded, TurnRecord
from wyoming_azure_realtime.settings.model import Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.transport.session import SessionOpener
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import Sessions, TurnEngine, session_pool

KEY = "a-key-for-tests"
DEFAULTS = Settings()
PREVIEW = "2025-04-01-preview"


@dataclass
class Running:
    """A service, the server behind it, its pool, the records of its turns, and all that was observed."""

    service: SpeechService
    server: EmulatorServer
    sessions: Sessions
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
    **target: object,
) -> AsyncIterator[Running]:
    """`target`: fields of the target that differ from the default, such as `api_version`."""
    options = options or ServerOptions(key=KEY, faults=faults)
    async with EmulatorServer(options, engines or sink_engines()) as server:
        # a model without partial text, so that tests see results alone
        plain = Target(endpoint=server.url, key=Secret(KEY), transcription_deployment="whisper-1")
        aim = msgspec.structs.replace(plain, **target)
        opener = SessionOpener([aim], settings.deadlines)
        events: list[ObservedEvent] = []
        observer = Observer(events.append)
        sessions = session_pool(opener, settings.pool, observer)
        catalog = catalog_of(aim, settings)
        turns: list[TurnRecord] = []
        asr, tts = Backends([aim], "recognition", observer), Backends([aim], "synthesis", observer)
        observer.subscribe(records_into(turns))
        service = SpeechService(catalog, TurnEngine(sessions), asr, tts, settings, observer, home_names)
        try:
            yield Running(service, server, sessions, turns, events)
        finally:
            await sessions.close()
            await opener.close()


@asynccontextmanager
async def speech_service(**options: object) -> AsyncIterator[SpeechService]:
    """The service alone."""
    async with running_service(**options) as running:
        yield running.service
