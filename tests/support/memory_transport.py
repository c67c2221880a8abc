"""A transport without a network: it only remembers what a connection did with it."""

import asyncio
from typing import Any


class Healthy:
    """A socket of whose client nothing bad is known."""

    def getsockopt(self, *_: int) -> int:
        return 0


class MemoryTransport(asyncio.Transport):
    """To a client over TCP from `address`, or on a unix socket if that is empty."""

    def __init__(self, address: str = "") -> None:
        super().__init__({"socket": Healthy(), "peername": (address, 5) if address else None})
        self.reads = True
        self.written = b""
        self.aborted = self.closed = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """It has none."""

    def is_closing(self) -> bool:
        return False

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True
