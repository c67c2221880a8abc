"""Inputs that are no request: nonsense, events gone wrong, floods, and good ones cut off or out of order."""

import json
import random
from collections.abc import Callable
from typing import Any

from tests.support.wyoming_events import PCM_16K, TEN_MS, event_bytes

_KINDS = (
    *("describe", "ping", "transcribe", "audio-start", "audio-chunk", "audio-stop"),
    *("synthesize", "synthesize-start", "synthesize-chunk", "synthesize-stop", "info", "played", "x"),
)
_ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**31, 2**64, 10**10, 1.5, 1e308, "", "x", "0", "9" * 400, [], {}, [[]] * 50),
    *({"text": None}, "\u0000", "\ud83d\ude00", "é" * 200),
)
_FIELDS = ("type", "data", "data_length", "payload_length", "version", "text", "rate", "width", "channels")


def malformed(chance: random.Random) -> bytes:
    """One input for one connection; what is sent after it belongs to another."""
    return chance.choice(_RECIPES)(chance)


def _nonsense(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((1, 2, 17, 300, 5000, 70_000)))


def _lines(chance: random.Random) -> bytes:
    return b"\n".join(chance.randbytes(chance.randrange(40)) for _ in range(chance.randrange(30))) + b"\n"


def _other_protocols(chance: random.Random) -> bytes:
    return chance.choice(
        (
            b"GET / HTTP/1.1\r\nHost: home\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(200),
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"\x05\x01\x00",
            b"*1\r\n$4\r\nPING\r\n",
        )
    )


def _odd_header(chance: random.Random) -> bytes:
    header: dict[str, Any] = {"type": chance.choice(_KINDS)}
    for _ in range(chance.randrange(1, 4)):
        header[chance.choice(_FIELDS)] = chance.choice(_ODD)
    return json.dumps(header).encode(errors="surrogatepass") + b"\n" + chance.randbytes(chance.randrange(50))


def _odd_data(chance: random.Random) -> bytes:
    data: dict[str, Any] = {chance.choice(_FIELDS): chance.choice(_ODD) for _ in range(3)}
    return _mutated(chance, event_bytes(chance.choice(_KINDS), data, chance.randbytes(chance.randrange(100))))


def _declared(chance: random.Random) -> bytes:
    """Far more is announced than ever comes."""
    length = chance.choice((10**10, 2**63, 2**20 + 1, 2**20, 5000))
    which = chance.choice(("data_length", "payload_length"))
    header = {"type": chance.choice(_KINDS), which: length}
    return json.dumps(header).encode() + b"\n" + chance.randbytes(chance.choice((0, 10, 4000, 60_000)))


def _endless_line(chance: random.Random) -> bytes:
    return b'{"type":"' + b"x" * chance.choice((1000, 65_000, 66_000, 200_000))


def _deep(chance: random.Random) -> bytes:
    depth = chance.choice((10, 900, 5000, 30_000))
    return b'{"type":"ping","data":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}\n"


def _wide(chance: random.Random) -> bytes:
    """Little JSON that becomes many objects."""
    block = b'{"a":[' + b",".join([b"[]"] * chance.choice((100, 10_000, 80_000))) + b"]}"
    return b'{"type":"ping","data_length":%d}\n' % len(block) + block


def _out_of_order(chance: random.Random) -> bytes:
    events = [_event(chance) for _ in range(chance.randrange(2, 8))]
    return b"".join(events) + b"nonsense\n"


def _cut(chance: random.Random) -> bytes:
    event = _event(chance)
    return event[: chance.randrange(len(event))]


def _garbled(chance: random.Random) -> bytes:
    return _mutated(chance, b"".join(_event(chance) for _ in range(3)))


def _event(chance: random.Random) -> bytes:
    """As it should be; but none that begins a request which could be answered."""
    kind = chance.choice(("describe", "ping", "audio-stop", "synthesize-stop", "audio-start", "audio-chunk"))
    if kind == "audio-chunk":
        return event_bytes(kind, {**PCM_16K, "rate": chance.choice((16000, 1, 10**9))}, TEN_MS)
    return event_bytes(kind, PCM_16K if kind == "audio-start" else {})


def _mutated(chance: random.Random, text: bytes) -> bytes:
    changed = bytearray(text)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randrange(1, 9)]
            case _:
                changed[at:at] = chance.randbytes(chance.randrange(1, 9))
        changed = changed or bytearray(b"\n")
    return bytes(changed)


_RECIPES: tuple[Callable[[random.Random], bytes], ...] = (
    _nonsense,
    _lines,
    _other_protocols,
    _odd_header,
    _odd_data,
    _declared,
    _endless_line,
    _deep,
    _wide,
    _out_of_order,
    _cut,
    _garbled,
)
