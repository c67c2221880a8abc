"""Request bodies within bounds of size and time, and what they say."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from wyoming_azure_realtime.errors import InvalidRequest

JSON = "application/json"

Name = Annotated[str, msgspec.Meta(max_length=100)]
S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes of one body, seconds between two pieces of it, seconds for all of it.

    `total` leaves room for the longest recording that the settings allow, sent as it is spoken.
    """

    max_bytes: int
    between: float = 15.0
    total: float = 660.0


class RecognitionOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a recognition may be told, in the query or in JSON."""

    language: Name | None = None
    model: Name | None = None


class RecognitionBody(RecognitionOptions, frozen=True, kw_only=True, rename="camel"):
    """Recognition as JSON: the audio as base64."""

    audio_data: str


class SynthesisBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Synthesis as JSON. `text_format`: "text" or "ssml"."""

    text: str
    voice_name: Name | None = None
    language: Name | None = None
    text_format: Name | None = None


async def pieces(request: web.Request, limits: BodyLimits) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises the refusals 400, 408 and 413."""
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


async def read_json(request: web.Request, limits: BodyLimits, kind: type[S]) -> S:
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


def read_query(request: web.Request, kind: type[S]) -> S:
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
    told = (f"'{field.encode_name}'{'' if field.required else ' (optional)'}" for field in fields)
    return f"Its texts are {', '.join(told)}."


def _too_large(limits: BodyLimits, size: int | None) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(
        max_size=limits.max_bytes,
        actual_size=size or 0,
        text=f"The body has more than {limits.max_bytes} bytes. Send less, or raise http.max_body.",
    )
