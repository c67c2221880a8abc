"""Realtime sessions: opened at a target (address, credentials, upgrade, configuration), then used by turns.

Every step has its deadline. A target whose transcription sessions are refused transcribes in conversations.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from wyoming_azure_realtime.errors import (
    BackendTimeout,
    ConnectFailed,
    DeploymentNotFound,
    ProtocolViolation,
    SpeechServiceError,
    UnsupportedVersion,
)
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.client_events import ClientEvent, SessionUpdate
from wyoming_azure_realtime.realtime.codec import decode_server, encode_client
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.failures import from_error
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
    TranscriptionConfig,
    opening_update,
)
from wyoming_azure_realtime.realtime.shapes import JsonObject
from wyoming_azure_realtime.settings.model import Deadlines, Target
from wyoming_azure_realtime.transport.credentials import Credentials, credentials_for
from wyoming_azure_realtime.transport.websocket import WebSocketConnection

_LOGGER = logging.getLogger(__name__)
_Greeting = TypeVar("_Greeting", SessionCreated, SessionUpdated)


class RealtimeSession:
    """An open session in one dialect, as a turn's channel.

    `hints`: those that were sent last; `items`: ids of all items so far; `expires_at`: Unix time.
    """

    def __init__(self, connection: WebSocketConnection, dialect: Dialect, kind: SessionKind) -> None:
        self._connection = connection
        self._dialect = dialect
        self.kind: SessionKind = kind
        self.id = ""
        self.expires_at: float | None = None
        self.hints = Hints()
        self.items: set[str] = set()

    def __repr__(self) -> str:
        return (
            f"<session {self.id or '?'} {self.kind} {self._dialect.name}{' closed' if self.closed else ''}>"
        )

    @property
    def closed(self) -> bool:
        """Whether the socket has ended."""
        return self._connection.closed

    async def configure(self, config: SessionConfig) -> None:
        """Await the greeting, configure, await the acknowledgement. Raises a `BackendError`."""
        self._greeted((await self._expect(SessionCreated)).session)
        await self.send(SessionUpdate(session=opening_update(config, self.kind), event_id="configure"))
        self._greeted((await self._expect(SessionUpdated)).session)

    async def send(self, event: ClientEvent) -> None:
        """Send one event in the session's dialect."""
        frame = encode_client(event, self._dialect)
        if frame is not None:
            await self._connection.send(frame)

    async def receive(self) -> ServerEvent | UnknownEvent:
        """Return the next event. One that cannot be decoded is logged and skipped."""
        while True:
            frame = await self._connection.receive()
            try:
                return decode_server(frame, self._dialect)
            except ProtocolViolation as error:
                _LOGGER.warning("Skipped an event of session %s: %s", self.id, error.message)

    async def answers(self, within: float) -> bool:
        """Whether a ping is answered within `within` seconds; False when the socket has ended."""
        return await self._connection.answers(within)

    async def wait_closed(self) -> None:
        """Until the socket has ended."""
        await self._connection.wait_closed()

    async def close(self) -> None:
        """Close the socket."""
        await self._connection.close()

    async def _expect(self, expected: type[_Greeting]) -> _Greeting:
        while True:
            event = await self.receive()
            if isinstance(event, expected):
                return event
            if isinstance(event, Error):
                raise from_error(event.error)

    def _greeted(self, session: JsonObject) -> None:
        self.id = str(session.get("id") or self.id)
        expires = session.get("expires_at")
        if isinstance(expires, int | float) and expires > 0:
            self.expires_at = float(expires)


class TargetOpener:
    """Opens sessions at one target, and remembers which kind of session transcribes there."""

    def __init__(self, target: Target, deadlines: Deadlines) -> None:
        self._target = target
        self._deadlines = deadlines
        self._provider = provider_of(target)
        self._dialect = self._provider.dialect
        if self._dialect.deprecation:
            _LOGGER.warning("Target '%s': %s", target.name, self._dialect.deprecation)
        self._credentials: Credentials = credentials_for(self._provider)
        self._transcribes_over: SessionKind = self._provider.transcribes_over
        self._provider.upgrade_url("realtime")  # an impossible address is found at the start

    async def open(self, config: SessionConfig) -> RealtimeSession:
        """Open a configured session. Raises a `BackendError`."""
        if not isinstance(config, TranscriptionConfig):
            return await self._open(config, "realtime")
        kind = self._transcribes_over
        try:
            return await self._open(config, kind)
        except (DeploymentNotFound, UnsupportedVersion) as refusal:
            if kind == "realtime" or not self._target.realtime_deployment:
                raise
            session = await self._open(config, "realtime")
            _LOGGER.info(
                "Target '%s' has no transcription sessions (%s); transcribing in conversations instead",
                self._target.name,
                refusal.message,
            )
            self._transcribes_over = "realtime"
            return session

    async def close(self) -> None:
        """Close the credentials."""
        await self._credentials.close()

    async def _open(self, config: SessionConfig, kind: SessionKind) -> RealtimeSession:
        deployment = config.deployment if kind == "transcription" else self._target.realtime_deployment
        connection = await WebSocketConnection.open(
            self._provider.upgrade_url(kind),
            await self._credentials.headers(),
            within=self._deadlines.upgrade,
            deployment=deployment,
        )
        session = RealtimeSession(connection, self._dialect, kind)
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


async def _discard(session: RealtimeSession) -> None:
    with suppress(ConnectFailed, OSError):
        await session.close()
