"""The realtime service as a script, without a socket: channels whose answers are functions of what is sent.

Together with virtual time, a whole turn over the real pool and the real engine takes microseconds.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.conversation.agent import conversation_of
from wyoming_azure_realtime.errors import BackendError, SessionLost
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import ObservedEvent, Observer, TurnEnded, TurnRecord
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as server
from wyoming_azure_realtime.realtime.session_config import Hints, SessionConfig, TranscriptionConfig
from wyoming_azure_realtime.realtime.shapes import Response
from wyoming_azure_realtime.settings.model import Cost, Secret, Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.speech.last_resort import LocalVoice
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import Sessions, TurnEngine, session_pool

SAID = "Turn on the lights."
USAGE = {"total_tokens": 10, "output_token_details": {"audio_tokens": 8, "text_tokens": 2}}
LETTER_BYTES = 48 * 60
"""Speech lasts 60 ms a letter."""


class ScriptedChannel:
    """One session. `script(channel, event)` is called with every event that is sent."""

    def __init__(self, config: SessionConfig, script: "Script") -> None:
        self.config = config
        self.kind: Literal["realtime", "transcription"] = (
            "transcription" if isinstance(config, TranscriptionConfig) else "realtime"
        )
        self.hints: Hints | None = Hints()
        self.items: set[str] = set()
        self.expires_at: float | None = None
        self.sent: list[client.ClientEvent] = []
        self.script = script
        self.dead = False  # without anybody being told
        self.mute = False  # a proxy answers pings, but the service behind it is gone
        self.pings_answered = True
        self.requests = 0
        self.audio_bytes = 0
        self._events: asyncio.Queue[server.ServerEvent | server.UnknownEvent] = asyncio.Queue()
        self._ended = asyncio.Event()

    @property
    def closed(self) -> bool:
        return self._ended.is_set()

    async def send(self, event: client.ClientEvent) -> None:
        if self.closed:
            raise SessionLost("The session ended.")
        self.sent.append(event)
        if isinstance(event, client.InputAudioBufferAppend):
            self.audio_bytes += len(event.audio)
        if isinstance(event, client.InputAudioBufferCommit | client.ResponseCreate):
            self.requests += 1
        if not (self.dead or self.mute):
            self.script(self, event)

    async def receive(self) -> server.ServerEvent | server.UnknownEvent:
        ended = asyncio.ensure_future(self._ended.wait())
        event = asyncio.ensure_future(self._events.get())
        try:
            await asyncio.wait({ended, event}, return_when=asyncio.FIRST_COMPLETED)
            if event.done():
                return event.result()
            raise SessionLost("The session ended.")
        finally:
            ended.cancel()
            event.cancel()

    async def answers(self, within: float) -> bool:
        if (
            self.dead or not self.pings_answered or self._events.qsize() > 1
        ):  # as a socket that nobody reads, behind whose data a pong waits
            await asyncio.sleep(within)
            return False
        return not self.closed

    async def wait_closed(self) -> None:
        await self._ended.wait()

    async def close(self) -> None:
        self._ended.set()

    def says(self, *events: server.ServerEvent | server.UnknownEvent, after: float = 0.0) -> None:
        """The service sends these, `after` so many seconds."""

        def say() -> None:
            if not self.dead:
                for event in events:
                    self._events.put_nowait(event)

        asyncio.get_running_loop().call_later(after, say)

    def drops(self, after: float = 0.0) -> None:
        """The connection ends."""
        asyncio.get_running_loop().call_later(after, self._ended.set)


Script = Callable[[ScriptedChannel, client.ClientEvent], None]


# what the service says

_IDS = itertools.count(1)


def text_of(request: client.ResponseCreate) -> str:
    """What shall be spoken."""
    parameters: Any = request.response
    return str(parameters.input[0].content[0].text)


def created(request: client.ResponseCreate, response_id: str) -> server.ServerEvent:
    parameters: Any = request.response
    return server.ResponseCreated(response=Response(id=response_id, metadata=parameters.metadata))


def spoken(text: str, response_id: str) -> list[server.ServerEvent]:
    """The transcript, then the sound."""
    place: dict[str, Any] = {"response_id": response_id, "item_id": f"item_{response_id}"}
    return [
        server.AudioTranscriptDelta(delta=text, **place),
        server.AudioDelta(delta=bytes(LETTER_BYTES * max(1, len(text))), **place),
        server.AudioDone(**place),
        server.AudioTranscriptDone(transcript=text, **place),
    ]


def done(response_id: str, status: str = "completed", **more: Any) -> server.ServerEvent:
    return server.ResponseDone(response=Response(id=response_id, status=status, usage=USAGE, **more))


def transcribed(text: str, item: str) -> list[server.ServerEvent]:
    return [
        server.BufferCommitted(item_id=item),
        server.TranscriptionCompleted(item_id=item, transcript=text, usage=USAGE),
    ]


def new_id() -> str:
    return f"id_{next(_IDS)}"


def service_that_says(
    speech: Callable[[str], str], heard: Callable[[], str], seconds: float = 0.45
) -> Script:
    """A service that answers after `seconds`: reads as `speech` says, hears what `heard` says."""
    cancelled: set[str] = set()

    def script(channel: ScriptedChannel, event: client.ClientEvent) -> None:
        match event:
            case client.InputAudioBufferCommit():
                channel.says(*transcribed(heard(), new_id()), after=seconds)
            case client.ResponseCreate():
                response = new_id()
                channel.says(created(event, response))
                channel.says(*spoken(speech(text_of(event)), response), after=seconds)
                channel.says(done(response), after=seconds + 0.2)
            case client.ResponseCancel() if event.response_id not in cancelled:
                cancelled.add(event.response_id or "")
                channel.says(done(event.response_id or "", "cancelled"), after=0.02)

    return script


HONEST: Script = service_that_says(lambda text: text, lambda: SAID)


@dataclass
class Scripted:
    """A real speech service over channels that follow a script; `script` may be changed at any time."""

    service: HomeService
    sessions: Sessions
    channels: list[ScriptedChannel]
    events: list[ObservedEvent]
    opener: "ScriptedOpener"
    observer: Observer

    @property
    def turns(self) -> list[TurnRecord]:
        return [event.record for event in self.events if isinstance(event, TurnEnded)]

    @property
    def requests(self) -> int:
        return sum(channel.requests for channel in self.channels)

    @property
    def idle(self) -> list[ScriptedChannel]:
        return [channel for channel in self.channels if not channel.closed]

    def lose(self, *, pings_answered: bool = False) -> None:
        """Every open session dies without a word; new ones work."""
        for channel in self.idle:
            channel.dead, channel.mute = not pings_answered, True


@dataclass
class ScriptedOpener:
    """Opens channels after `handshake` seconds, or raises `refusal`. `life`: seconds each announces."""

    script: Script
    handshake: float = 0.15
    refusal: BackendError | None = None
    channels: list[ScriptedChannel] = field(default_factory=list)
    attempts: int = 0

    async def __call__(self, config: SessionConfig) -> ScriptedChannel:
        self.attempts += 1
        await asyncio.sleep(self.handshake)
        if self.refusal is not None:
            raise self.refusal
        channel = ScriptedChannel(config, self.script)
        self.channels.append(channel)
        return channel


@asynccontextmanager
async def scripted_service(
    script: Script = HONEST,
    settings: Settings | None = None,
    *,
    names: Sequence[str] = ("default",),
    local_voice: LocalVoice | None = None,
    home_names: Sequence[str] = (),
    cost: Cost | None = None,
) -> AsyncIterator[Scripted]:
    """`names`: of the targets; `cost`: what may be spent, which is counted then.

    At the end no session is leased and no task is left.
    """
    settings = settings or Settings()
    before = asyncio.all_tasks()
    targets = [
        Target(name=name, endpoint="https://r.example", key=Secret("k"), transcription_deployment="whisper-1")
        for name in names
    ]
    opener = ScriptedOpener(script)
    events: list[ObservedEvent] = []
    observer = Observer(events.append)
    sessions = session_pool(opener, settings.pool, observer)
    catalog = catalog_of(targets[0], settings)
    asr, tts = Backends(targets, "recognition", observer), Backends(targets, "synthesis", observer)
    engine = TurnEngine(sessions)
    service = HomeService(catalog, engine, asr, tts, settings, observer, local_voice=local_voice)
    if cost is not None:
        service.spending = ledger = Ledger(cost, targets, observer)
        observer.subscribe(ledger.count)
    service.conversation = conversation_of(settings, targets, engine, service, observer, lambda: home_names)
    try:
        yield Scripted(service, sessions, opener.channels, events, opener, observer)
        await service.end_ahead()
        await asyncio.sleep(1.0)
        assert "0 leased, 0 waiting" in repr(sessions)
    finally:
        await sessions.close()
    assert asyncio.all_tasks() == before
