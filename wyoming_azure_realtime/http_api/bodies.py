"""What HTTP clients send and ask for: bodies within bounds of size and time, their fields, audio types."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest, UnsupportedAudio

JSON = "application/json"
WAV_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})
PCM_TYPE = "audio/pcm"
WAV = "audio/wav"
# Not audio/L16, which RFC 2586 makes big-endian.
PCM = f"{PCM_TYPE};rate={REALTIME.rate};encoding=signed-int;bits=16;channels=1;endian=little"

_Name = Annotated[str, msgspec.Meta(max_length=100)]
_S = TypeVar("_S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of one body, seconds between two pieces of it, seconds for all of it.

    `total` leaves room for the longest recording that the settings allow, sent as it is spoken.
    """

    max_bytes: int
    between: float = 15.0
    total: float = 660.0


class RecognitionOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a recognition, in the query or in JSON."""

    language: _Name | None = None
    model: _Name | None = None


class RecognitionBody(RecognitionOptions, frozen=True, kw_only=True, rename="camel"):
    """A recognition as JSON: the audio as base64."""

    audio_data: str


class SynthesisBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A synthesis as JSON. `text_format`: "text" or "ssml"."""

    text: str
    voice_name: _Name | None = None
    language: _Name | None = None
    text_format: _Name | None = None


async def pieces(request: web.Request, limits: BodyLimits) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises aiohttp's exceptions for 400, 408 (too slow) and 413 (too large)."""
    if (request.content_length or 0) > limits.max_bytes:
        raise _too_large(limits, request.content_length)
    loop = asyncio.get_running_loop()
    end = loop.time() + limits.total
    received = 0
    while True:
        try:
            async with asyncio.timeout_at(min(end, loop.time() + limits.between)):
                piece = await request.content.readany()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="The body did not arrive in time.") from error
        except (web.RequestPayloadError, HttpProcessingError) as error:
            raise web.HTTPBadRequest(text="The body's transfer or content encoding is damaged.") from error
        if not piece:
            return
        received += len(piece)
        if received > limits.max_bytes:
            raise _too_large(limits, received)
        yield piece


async def read(request: web.Request, limits: BodyLimits) -> bytes:
    """The whole body. Raises as `pieces`."""
    body = bytearray()
    async for piece in pieces(request, limits):
        body += piece
    return bytes(body)


async def read_json(request: web.Request, limits: BodyLimits, kind: type[_S]) -> _S:
    """The body as a `kind`. Raises as `pieces`, and InvalidRequest."""
    body = await read(request, limits)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The JSON is not what this path takes: {error}.", advice=_fields(kind)
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is no valid JSON: {error}.", advice=_fields(kind)) from error


def read_query(request: web.Request, kind: type[_S]) -> _S:
    """The query as a `kind`. Raises InvalidRequest."""
    query: dict[str, Any] = dict(request.query)
    try:
        return msgspec.convert(query, kind)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The query is not what this path takes: {error}.", advice=_fields(kind)
        ) from error


def _fields(kind: type[msgspec.Struct]) -> str:
    fields = msgspec.structs.fields(kind)
    names = (f"'{field.encode_name}'{'' if field.required else ' (optional)'}" for field in fields)
    return f"Its texts are {', '.join(names)}."


def _too_large(limits: BodyLimits, size: int | None) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(
        max_size=limits.max_bytes,
        actual_size=size or 0,
        text=f"The body has more than {limits.max_bytes} bytes. Send less, or raise http.max_body.",
    )


# Audio types.


def wants_wav(accept: str) -> bool:
    """Whether an Accept header ranks WAV above PCM; a client that names neither gets PCM."""
    ranks = [_rank(item, at) for at, item in enumerate(accept.split(","))]
    named = [
        (quality, -at, kind) for kind, quality, at in ranks if kind in {*WAV_TYPES, PCM_TYPE} and quality > 0
    ]
    return bool(named) and max(named)[2] in WAV_TYPES


def pcm_format(parameters: Mapping[str, str]) -> AudioFormat:
    """The format in the parameters of an `audio/pcm` type; 24 kHz, 16 bits, mono where one is missing.

    Raises UnsupportedAudio for a wrong number, other encodings, and big-endian samples.
    """
    if (
        parameters.get("encoding", "signed-int") != "signed-int"
        or parameters.get("endian", "little") != "little"
    ):
        raise UnsupportedAudio(
            "Raw audio is read as signed little-endian integers only.", advice="Convert it."
        )
    bits = _number(parameters, "bits", 8 * REALTIME.width)
    if bits not in {16, 24, 32}:
        raise UnsupportedAudio(f"Raw audio of {bits} bits is not read.", advice="Send 16, 24 or 32 bits.")
    return AudioFormat(
        rate=_number(parameters, "rate", REALTIME.rate),
        width=bits // 8,
        channels=_number(parameters, "channels", REALTIME.channels),
    )


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise UnsupportedAudio(
            f"The '{name}' of the audio type is no number.", advice=f"Write {name}={default}."
        )
    return int(text)


def _rank(item: str, at: int) -> tuple[str, float, int]:
    kind, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return kind, float(quality), at
    except ValueError:
        return kind, 0.0, at
