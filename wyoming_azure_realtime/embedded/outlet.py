"""The way out of a session: events in the client's dialect, in order, with a deadline for slow readers."""

import asyncio
import logging
import time
from collections import deque

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from wyoming_azure_realtime.embedded.faults import Disconnect, Fault, FaultPlan, Oversized
from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.record import SessionRecord
from wyoming_azure_realtime.embedded.wire import encode_server
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.server_events import (
    ResponseDone,
    ServerEvent,
    TranscriptionCompleted,
    TranscriptionFailed,
)

_ENDS = (ResponseDone, TranscriptionCompleted, TranscriptionFailed)
_LOG = logging.getLogger(__name__)


class Outlet:
    """Sends to one client. Once the client is gone, sending does nothing: whoever reads will notice."""

    def __init__(
        self,
        connection: ServerConnection,
        dialect: Dialect,
        plan: FaultPlan,
        send_seconds: float,
        record: SessionRecord | None = None,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self._plan = plan
        self._send_seconds = send_seconds
        self._record = record
        self._earlier: deque[bytes] = deque(maxlen=8)

    async def emit(self, event: ServerEvent) -> None:
        """Give the event its id and send it."""
        numbered = msgspec.structs.replace(event, event_id=fresh("event"))
        frame = encode_server(numbered, self._dialect)
        if frame is None:
            return
        for one in self._troubled(frame):
            await self._send(one)
        if self._record is not None and isinstance(event, _ENDS):
            self._record.finished = time.monotonic()

    async def close(self, code: int, reason: str = "") -> None:
        """End with a close frame; 1005 and 1006 end without one."""
        if code in (1005, 1006):
            self._connection.transport.abort()
            return
        await self._connection.close(code, reason)

    async def cut(self, fault: Disconnect) -> None:
        """End as a fault says."""
        await self.close(fault.code, fault.reason)

    async def _send(self, frame: bytes) -> None:
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._connection.send(frame, text=True)
        except ConnectionClosed:
            return
        except TimeoutError:
            _LOG.warning("A client did not read for %g s; its connection is cut", self._send_seconds)
            self._connection.transport.abort()

    def _troubled(self, frame: bytes) -> list[bytes]:
        """The frame, and what a fault adds around it."""
        frames = [frame]
        if fault := self._plan.strikes(Oversized, "oversized_frame"):
            frames = [_padded(frame, fault.padding)]
        if self._plan.strikes(Fault, "duplicate_event"):
            frames = [*frames, *frames]
        if self._plan.strikes(Fault, "unknown_event"):
            frames = [b'{"type":"session.weather.updated","event_id":"event_x","forecast":["rain"]}', *frames]
        if self._earlier and self._plan.strikes(Fault, "late_event"):
            frames = [self._earlier[0], *frames]
        self._earlier.append(frame)
        return frames


def _padded(frame: bytes, size: int) -> bytes:
    return frame[:-1] + b',"obfuscation":"' + b"x" * size + b'"}'
