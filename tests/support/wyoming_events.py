"""Wyoming events as clients write them, made without the code under test."""

import json
from typing import Any

import numpy as np
from wyoming.event import Event

PCM_16K = {"rate": 16000, "width": 2, "channels": 1}


def vowel(ms: int, rate: int = 16_000) -> bytes:
    """An "ee" of so many milliseconds, a multiple of 10, as PCM16 mono; it can be repeated without a seam.

    Whoever listens for speech takes it for some.
    """
    harmonics = np.arange(1, 40)[:, None]
    hertz = 200.0 * harmonics
    peaks = [gain / (1 + ((hertz - peak) / width) ** 2) for peak, width, gain in _EE]
    loudness = np.sum(peaks, axis=0) / (1 + hertz / 1500)
    phases = 2 * np.pi * hertz * np.arange(rate // 100) / rate + 0.3 * harmonics**2
    period = (loudness * np.cos(phases)).sum(axis=0)
    period *= 3000 / np.sqrt(np.mean(period**2))
    pcm: bytes = np.rint(period).astype("<i2").tobytes()
    return pcm * (ms // 10)


_EE = ((300, 60, 1.0), (2300, 100, 0.4), (3000, 120, 0.3))
"""Peaks of its spectrum: Hz, half their width, how loud."""

TEN_MS = vowel(10)
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
