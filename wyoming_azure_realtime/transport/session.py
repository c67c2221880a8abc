"""Realtime sessions: opened at a target (address, credentials, upgrade, configuration), then used by turns.

Every step has its deadline. A target whose transcription sessions are refused transcribes in conversations.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConcurrencyError, ConnectionClosed
from websockets.protocol import State

from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    BackendTimeout,
    ConnectFailed,
    DeploymentNotFound,
    ProtocolViolation,
    RateLimited,
    SessionLost,
    SpeechServiceError,
    UnknownVoice,
    UnsupportedVersion,
)
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.client_events import ClientEvent, SessionUpdate
from wyoming_azure_realtime.realtime.codec import decode_server, encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.failures import from_error, is_harmless
from wyoming_azure_realtime.realtime.server_events import (
    Error,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    UnknownEvent,
)
from wyoming_azure_realtime.realtime.session_config import (
    Hints,
    SessionConfig,
    SpeechConfig,
    TranscriptionConfig,
    opening_update,
)
from wyoming_azure_realtime.realtime.shapes import JsonObject
from wyoming_azure_realtime.settings.addresses import is_loopback
from wyoming_azure_realtime.settings.model import Deadlines, Target
from wyoming_azure_realtime.transport.credentials import Credentials, credentials_for
from wyoming_azure_realtime.transport.failures import PASSING_CLOSES, Asked, from_close
from wyoming_azure_realtime.transport.websocket import open_websocket

_OTHER_SERVICE = (
    "If you mean Azure Voice Live, which this resource has too, add /voice-live to the endpoint "
    "or set the target's service to {service}."
)
_LOGGER = logging.getLogger(__name__)
_Greeting = TypeVar("_Greeting", SessionCreated, SessionUpdated)

LAST_SECOND = 1 << 40
"""Unix time far beyond every session's end: what is not below it is in no seconds."""

DOUBT_SECONDS = 0.2
"""In which a service that complained of a configuration may take the rest of it all the same."""

PLACE_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between tries to get the place of a session that has just ended."""

REFUSAL_SECONDS = 3600.0
"""For which a target that refused a transcription session is asked for none."""


class RealtimeSession:
    """An open session in one dialect, as a turn's channel.

    `hints`: those that it has, None if that is not known; `items`: ids of all items so far; `expires_at`:
    Unix time.
    """

    def __init__(self, socket: ClientConnection, dialect: Dialect, kind: SessionKind) -> None:
        self._socket = socket
        self._dialect = dialect
        self.kind: SessionKind = kind
        self.id = ""
        self.expires_at: float | None = None
        self.hints: Hints | None = Hints()
        self._reading = False  # somebody waits for an event
        self.items: set[str] = set()
        self._reported: set[str] = (
            set()
        )  # paths of fields that could not be read: as many as there are fields

    def __repr__(self) -> str:
        return (
            f"<session {self.id or '?'} {self.kind} {self._dialect.name}{' closed' if self.closed else ''}>"
        )

    @property
    def closed(self) -> bool:
        """Whether the socket has ended, from either side."""
        return self._socket.state is not State.OPEN

    async def configure(self, config: SessionConfig) -> None:
        """Await the greeting, configure, await the acknowledgement. Raises a `BackendError`."""
        self._greeted((await self._expect(SessionCreated)).session)
        await self.send(SessionUpdate(session=opening_update(config, self.kind), event_id="configure"))
        try:
            self._greeted((await self._expect(SessionUpdated)).session)
        except ProtocolViolation as complaint:
            try:
                self._greeted((await self._taken_all_the_same(complaint)).session)
            except ProtocolViolation as refusal:
                if isinstance(config, SpeechConfig) and "voice" in refusal.message.lower():
                    raise UnknownVoice(
                        f"The service refuses the voice '{config.voice}': {refusal.message}"
                    ) from refusal
                raise

    async def send(self, event: ClientEvent) -> None:
        """Send one event in the session's dialect. Raises the `BackendError` that the socket's end means."""
        try:
            for frame in encode_client(event, self._dialect):
                await self._socket.send(frame, text=True)
        except ConnectionClosed as error:
            raise await self._last_words() or from_close(error) from error

    async def receive(self) -> ServerEvent | UnknownEvent:
        """Return the next event. Raises as `send` does.

        What cannot be decoded is logged and skipped; a field that cannot be read is logged once a session.
        """
        while True:
            lost: list[str] = []
            self._reading = True
            try:
                event = decode_server(await self._socket.recv(decode=False), self._dialect, lost)
            except ConnectionClosed as error:
                raise from_close(error) from error
            except ConcurrencyError as error:
                raise SessionLost("The session ended while something was sent.") from error
            except ProtocolViolation as error:
                _LOGGER.warning("Skipped an event of session %s: %s", self.id, error.message)
            else:
                if lost:
                    self._note_lost(lost)
                return event
            finally:
                self._reading = False

    async def answers(self, within: float) -> bool:
        """Whether a ping is answered within `within` seconds; False when the socket has ended."""
        try:
            async with asyncio.timeout(within):
                await (await self._socket.ping())
        except (TimeoutError, ConnectionClosed):
            return False
        return True

    async def wait_closed(self) -> None:
        """Until the socket has ended."""
        await self._socket.wait_closed()

    async def close(self) -> None:
        """Close the socket, waiting at most a second for the other side."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._socket.close())
            tasks.create_task(self._discard_unread())

    async def _discard_unread(self) -> None:
        """Events that nobody took are in the way of the other side's end."""
        with suppress(ConnectionClosed, ConcurrencyError):
            while True:
                await self._socket.recv(decode=False)

    def _note_lost(self, lost: list[str]) -> None:
        for path in sorted({*lost} - self._reported):
            _LOGGER.warning("Session %s: the service sends a %s that is not understood", self.id, path)
        self._reported.update(lost)

    async def _expect(self, expected: type[_Greeting]) -> _Greeting:
        while True:
            event = await self.receive()
            if isinstance(event, expected):
                return event
            if isinstance(event, Error):
                raise from_error(event.error)

    async def _taken_all_the_same(self, complaint: ProtocolViolation) -> SessionUpdated:
        """Some services complain of single fields and take the others. Raises the complaint if not."""
        with suppress(TimeoutError, ProtocolViolation, SessionLost):
            async with asyncio.timeout(DOUBT_SECONDS):
                while not isinstance(event := await self.receive(), SessionUpdated):
                    pass
            _LOGGER.info("Session %s is open, but the service says: %s", self.id, complaint.message)
            return event
        raise complaint

    async def _last_words(self) -> BackendError | None:
        """What the service said before it closed, of which nobody has heard yet."""
        if self._reading:  # whoever waits for events has had them all
            return None
        said = None
        with suppress(BackendError):
            while True:
                event = await self.receive()  # does not wait any more
                if isinstance(event, Error) and not is_harmless(event.error):
                    said = from_error(event.error)
        return said

    def _greeted(self, session: JsonObject) -> None:
        self.id = str(session.get("id") or self.id)[:100]
        expires = session.get("expires_at")
        if isinstance(expires, int | float) and 0 < expires < LAST_SECOND:
            self.expires_at = float(expires)


class TargetOpener:
    """Opens sessions at one target, and remembers which kind of session transcribes there.

    Raises `SettingsError` for what can be known to be impossible.
    """

    def __init__(self, target: Target, deadlines: Deadlines) -> None:
        self._target = target
        self._deadlines = deadlines
        self._provider = provider_of(target)
        self._provider.check()
        self._dialect = self._provider.dialect
        if self._dialect.deprecation:
            _LOGGER.warning("Target '%s': %s", target.name, self._dialect.deprecation)
        self._credentials: Credentials = credentials_for(self._provider)
        self._refused_at: float | None = None  # when no transcription session could be had
        url = urlsplit(self._provider.upgrade_url("realtime"))  # an impossible address is found at the start
        if url.scheme == "ws" and not is_loopback(url.hostname or ""):
            _LOGGER.warning(
                "Target '%s': what is said, what is heard and the key travel in the clear to %s",
                target.name,
                url.netloc,
            )

    async def open(self, config: SessionConfig) -> RealtimeSession:
        """Open a configured session. Raises a `BackendError`, or `UnknownVoice`."""
        try:
            return await self._open_for(config)
        except (AuthenticationFailed, DeploymentNotFound, UnsupportedVersion, ProtocolViolation) as refusal:
            if other := self._provider.other_service:
                refusal.advice = f"{refusal.advice} {_OTHER_SERVICE.format(service=other)}".lstrip()
            raise

    async def _open_for(self, config: SessionConfig) -> RealtimeSession:
        if not isinstance(config, TranscriptionConfig) or self._hears_in_conversations:
            return await self._open(config, "realtime")
        try:
            return await self._open(config, "transcription")
        except BackendError as refusal:
            if not (_is_refusal(refusal) and self._may_hear_in_conversations(config)):
                raise
            try:
                session = await self._open(config, "realtime")
            except DeploymentNotFound:
                if isinstance(refusal, DeploymentNotFound) and refusal.missing:
                    raise refusal  # noqa: B904 - what hears is missing, whatever else is
                raise
            self._refused_at = time.monotonic()
            _LOGGER.info(
                "Target '%s' has no transcription sessions (%s); transcribing in conversations instead",
                self._target.name,
                refusal.message,
            )
            return session

    @property
    def _hears_in_conversations(self) -> bool:
        recently = self._refused_at is not None and time.monotonic() - self._refused_at < REFUSAL_SECONDS
        return recently or self._provider.transcribes_over == "realtime"

    def _may_hear_in_conversations(self, config: TranscriptionConfig) -> bool:
        """Whether the model works there, as far as is known."""
        able = not config.model.lower().startswith(self._provider.not_in_conversations)
        return able and bool(self._target.realtime_deployment)

    async def close(self) -> None:
        """Close the credentials."""
        await self._credentials.close()

    async def _open(self, config: SessionConfig, kind: SessionKind) -> RealtimeSession:
        """Where sessions are few, the place of one that has just ended may not be free yet."""
        for wait in PLACE_WAITS if self._provider.most_sessions else ():
            with suppress(RateLimited):
                return await self._open_once(config, kind)
            await asyncio.sleep(wait)
        return await self._open_once(config, kind)

    async def _open_once(self, config: SessionConfig, kind: SessionKind) -> RealtimeSession:
        hears = isinstance(config, TranscriptionConfig)
        provider = self._provider if hears else self._provider.speaking_with(config.deployment)
        if kind == "transcription":
            asked = Asked(config.deployment, "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT", self._provider.role)
        else:
            asked = Asked(provider.target.realtime_deployment, role=self._provider.role)
        socket = await open_websocket(
            provider.upgrade_url(kind),
            await self._credentials.headers(),
            within=self._deadlines.upgrade,
            asked=asked,
        )
        session = RealtimeSession(socket, self._dialect, kind)
        try:
            async with asyncio.timeout(self._deadlines.configuration):
                await session.configure(config)
        except TimeoutError as error:
            await _discard(session)
            raise BackendTimeout(
                "The service did not acknowledge the session's configuration in time."
            ) from error
        except BaseException:
            await _discard(session)
            raise
        return session


class SessionOpener:
    """The pool's opener: returns an open session for a config."""

    def __init__(self, targets: Sequence[Target], deadlines: Deadlines) -> None:
        self._openers = {target.name: TargetOpener(target, deadlines) for target in targets}

    async def __call__(self, config: SessionConfig) -> RealtimeSession:
        """Open a session at the config's target. Raises a `BackendError`."""
        return await self._openers[config.target].open(config)

    async def close(self) -> None:
        """Close all credentials."""
        for opener in self._openers.values():
            with suppress(SpeechServiceError):
                await opener.close()


def _is_refusal(error: BackendError) -> bool:
    """Whether the service understood what it was asked for, and has it not."""
    if isinstance(error, SessionLost):
        return error.close_code not in PASSING_CLOSES
    return isinstance(error, DeploymentNotFound | UnsupportedVersion | ProtocolViolation)


async def _discard(session: RealtimeSession) -> None:
    with suppress(ConnectFailed, OSError):
        await session.close()
