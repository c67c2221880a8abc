"""Wyoming events as clients write them, made without the code under test."""

import json
from typing import Any

from wyoming.event import Event

PCM_16K = {"rate": 16000, "width": 2, "channels": 1}
TEN_MS = b"\x10\x20" * 160
"""320 bytes, as Home Assistant sends them; no silence."""


def event_bytes(kind: str, data: dict[str, Any] | None = None, payload: bytes = b"") -> bytes:
    """One event as the `wyoming` package writes it."""
    block = json.dumps(data).encode() if data else b""
    header: dict[str, Any] = {"type": kind, "version": "1.10.2"}
    if block:
        header["data_length"] = len(block)
    if payload:
        header["payload_length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + block + payload


def kinds(events: list[Event]) -> list[str]:
    """The types, with runs of the same type as one."""
    return [event.type for at, event in enumerate(events) if not at or events[at - 1].type != event.type]
