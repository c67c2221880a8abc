"""Raw sockets of the driver: what is written goes out at once, what comes is cut into messages."""

import json
import socket
import struct
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.bench import wire

PATIENCE = 60.0
_READ = 1 << 18


@dataclass(frozen=True, slots=True)
class Message:
    """Something that came. `audio` in bytes of PCM."""

    kind: str
    audio: int = 0
    detail: str = ""


class Line(Protocol):
    """An open socket to a server of either kind."""

    socket: socket.socket
    waiting: deque[Message]

    def send(self, data: bytes) -> None:
        """Write it all."""

    def take(self) -> None:
        """Read what is there, without blocking; add whole messages to `waiting`."""

    def close(self) -> None:
        """Hang up."""


class _Socket(ABC):
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.socket(socket.AF_INET)
        # a small window on loopback, whose packets are as large, would cost some of them 40 ms
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting: deque[Message] = deque()
        self._unread = bytearray()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def take(self) -> None:
        try:
            data = self.socket.recv(_READ, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.waiting.append(Message("(hung up)"))
            return
        self._unread += data
        while (message := self._cut()) is not None:
            self.waiting.append(message)

    def close(self) -> None:
        self.socket.close()

    @abstractmethod
    def _cut(self) -> Message | None:
        """The next whole message that has come, if there is one."""


class WyomingLine(_Socket):
    """To a Wyoming server at `tcp://host:port`."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        super().__init__((parts.hostname or "127.0.0.1", parts.port or 10300))

    def _cut(self) -> Message | None:
        end = self._unread.find(b"\n")
        if end < 0:
            return None
        header = json.loads(self._unread[:end])
        data, payload = header.get("data_length") or 0, header.get("payload_length") or 0
        whole = end + 1 + data + payload
        if len(self._unread) < whole:
            return None
        block = bytes(self._unread[end + 1 : end + 1 + data]).decode()
        detail = block or json.dumps(header.get("data") or {})
        del self._unread[:whole]
        return Message(header["type"], payload, detail)


class RealtimeLine(_Socket):
    """A warm session at a realtime service: `uri` is that of the WebSocket, with its query."""

    def __init__(self, uri: str, key: str, configuration: bytes) -> None:
        parts = urlsplit(uri)
        host, port = parts.hostname or "127.0.0.1", parts.port or 80
        super().__init__((host, port))
        self.send(wire.upgrade_request(f"{host}:{port}", f"{parts.path}?{parts.query}", key))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, f"no WebSocket at {uri}: {head[:200]!r}"
            head += byte
        assert b" 101 " in head.split(b"\r\n")[0], f"no WebSocket at {uri}: {head[:200]!r}"
        self.send(configuration)
        self._until("session.updated")

    def _until(self, kind: str) -> None:
        while True:
            self.take()
            while self.waiting:
                message = self.waiting.popleft()
                assert message.kind not in ("error", "(hung up)"), f"the service refused: {message}"
                if message.kind == kind:
                    return

    def _cut(self) -> Message | None:
        buffer = self._unread
        if len(buffer) < 2:
            return None
        head, length = 2, buffer[1] & 0x7F
        if length >= 126:
            form, head = (">H", 4) if length == 126 else (">Q", 10)
            if len(buffer) < head:
                return None
            (length,) = struct.unpack_from(form, buffer, 2)
        if len(buffer) < head + length:
            return None
        opcode, data = buffer[0] & 0x0F, bytes(buffer[head : head + length])
        del buffer[: head + length]
        return _message(data) if opcode == 1 else Message("(control)" if opcode != 8 else "(hung up)")


def _message(data: bytes) -> Message:
    event = wire.READ_EVENT.decode(data)
    if event.type == "response.output_audio.delta":
        return Message(event.type, len(event.delta) * 3 // 4)
    return Message(event.type, detail=_error(data) if event.type == "error" else "")


def _error(data: bytes) -> str:
    told: dict[str, Any] = json.loads(data)
    return str(told.get("error"))
