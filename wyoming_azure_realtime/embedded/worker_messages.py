"""What the recogniser and its worker processes say to each other over a worker's standard streams.

To the worker: frames of a 32-bit big-endian length and that many bytes; first a Setup as JSON, then for one
utterance at a time what to expect as JSON, and its PCM. From the worker: one JSON message a line; first Ready
or Failed, then an answer to each utterance in turn.
"""

import struct

import msgspec

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size
LONGEST_LINE = 1 << 20


class Setup(msgspec.Struct, frozen=True):
    """The home whose speech to expect, and where language models are kept (None: the user's cache)."""

    names: tuple[str, ...]
    areas: tuple[str, ...]
    cache: str | None


class Expected(msgspec.Struct, frozen=True):
    """Names that the utterance to come may hold besides those of the home."""

    names: tuple[str, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The model is loaded. `unsayable`: words of names that had to be left out."""

    built: bool
    seconds: float
    unsayable: tuple[str, ...]


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """The words of the utterance."""

    text: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The model could not be loaded, or the utterance not be decoded."""

    reason: str


WorkerAnswer = Ready | Heard | Failed


def frame(content: bytes) -> bytes:
    """Put the length before a frame's content."""
    return _LENGTH.pack(len(content)) + content


def length(header: bytes) -> int:
    """Return how many bytes follow the header."""
    size: int = _LENGTH.unpack(header)[0]
    return size


def line(answer: WorkerAnswer) -> bytes:
    """Write an answer as one line."""
    return msgspec.json.encode(answer) + b"\n"


def parse(text: bytes) -> WorkerAnswer:
    """Read an answer; msgspec.MsgspecError when it is none."""
    answer: WorkerAnswer = msgspec.json.decode(text, type=WorkerAnswer)
    return answer
