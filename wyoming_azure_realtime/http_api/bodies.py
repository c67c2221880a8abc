"""What HTTP clients send and ask for: bodies within bounds of size and time, their fields, audio types."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import InvalidRequest, UnsupportedAudio
from wyoming_azure_realtime.http_api.connections import claim_of
from wyoming_azure_realtime.settings.declaration import NotUtf8, utf8_text

JSON = "application/json"
WAV_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})
PCM_TYPE = "audio/pcm"
WAV = "audio/wav"
# Not audio/L16, which RFC 2586 makes big-endian.
PCM = f"{PCM_TYPE};rate={REALTIME.rate};encoding=signed-int;bits=16;channels=1;endian=little"

_PARAMETERS = ("rate", "bits", "channels", "encoding", "endian")
_SHOWN = 40
_LONGEST_REASON = 200

_Name = Annotated[str, msgspec.Meta(max_length=100)]
_Style = Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z-]{0,39}$")]
_Speed = Annotated[float, msgspec.Meta(ge=0.25, le=4.0)]
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
    """A recognition as JSON: the audio as base64 of PCM16 mono, `sample_rate` in Hz (default: 24000)."""

    audio_data: str
    sample_rate: int | None = None


class SynthesisBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A synthesis as JSON. `text_format`: "text" or "ssml". `style`, `speed`: where SSML does not say it."""

    text: str
    voice_name: _Name | None = None
    language: _Name | None = None
    text_format: _Name | None = None
    style: _Style | None = None
    speed: _Speed = 1.0


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
    """The whole body. Raises as `pieces`, and TooManyRequests."""
    body = bytearray()
    claim = claim_of(request)
    async for piece in pieces(request, limits):
        claim.hold(2 * len(piece))  # what is read from it is a copy
        body += piece
    claim.owed = False
    return bytes(body)


async def read_json(request: web.Request, limits: BodyLimits, kind: type[_S]) -> _S:
    """The body as a `kind`. Raises as `pieces`, and InvalidRequest."""
    body = await read(request, limits)
    try:
        return msgspec.json.decode(utf8_text(body), type=kind)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The JSON is not what this path takes: {reason(error)}.", advice=_fields(kind)
        ) from error
    except NotUtf8 as error:
        raise InvalidRequest(f"The body {error}.", advice=_fields(kind)) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is no valid JSON: {reason(error)}.", advice=_fields(kind)) from error


def read_query(request: web.Request, kind: type[_S], *, numbers: bool = False) -> _S:
    """The query as a `kind`, which may have `numbers`. Raises InvalidRequest."""
    query: dict[str, Any] = dict(request.query)
    try:
        return msgspec.convert(query, kind, strict=not numbers)
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            f"The query is not what this path takes: {reason(error)}.", advice=_fields(kind)
        ) from error


def reason(error: Exception) -> str:
    """What msgspec says is wrong, which may quote names that a client made up: not all of a long one."""
    text = str(error)
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def _fields(kind: type[msgspec.Struct]) -> str:
    fields = msgspec.structs.fields(kind)
    names = (f"'{field.encode_name}'{'' if field.required else ' (optional)'}" for field in fields)
    return f"Its fields are {', '.join(names)}."


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


def accepts(accept: str, kinds: Collection[str]) -> bool:
    """Whether an Accept header admits one of these types. One in which there is no type admits all."""
    ranks = {
        kind: quality for kind, quality, _ in (_rank(item, 0) for item in accept.split(",")) if "/" in kind
    }
    return not ranks or any(_quality(ranks, kind) > 0 for kind in kinds)


def _quality(ranks: Mapping[str, float], kind: str) -> float:
    """That of the most particular range that the type is in."""
    ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((ranks[one] for one in ranges if one in ranks), 0.0)


def pcm_format(parameters: Sequence[tuple[str, str]]) -> AudioFormat:
    """The format in the parameters of an `audio/pcm` type; 16 bits and mono where that is missing.

    The rate has no default, since a wrong one makes nonsense of speech; `samplerate`, as Azure Speech has it,
    means the same. Raises UnsupportedAudio for a missing, unknown, wrong or repeated parameter, for other
    encodings, and for big-endian samples.
    """
    values = _known_values(parameters)
    if values.get("encoding", "signed-int") != "signed-int" or values.get("endian", "little") != "little":
        raise UnsupportedAudio(
            "Raw audio is read as signed little-endian integers only.",
            advice="Convert it, or send a WAV file.",
        )
    if "rate" not in values:
        raise UnsupportedAudio(
            "Raw audio does not tell its sample rate.", advice=f"Write {PCM_TYPE};rate=16000, or what it is."
        )
    bits = _number(values, "bits", 8 * REALTIME.width)
    if bits not in {16, 24, 32}:
        raise UnsupportedAudio(f"Raw audio of {bits} bits is not read.", advice="Send 16, 24 or 32 bits.")
    return AudioFormat(
        rate=_number(values, "rate", REALTIME.rate),
        width=bits // 8,
        channels=_number(values, "channels", REALTIME.channels),
    )


def _known_values(parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parameters:
        known = "rate" if name == "samplerate" else name
        if known not in _PARAMETERS:
            raise UnsupportedAudio(
                f"The parameter {name[:_SHOWN]!a} of {PCM_TYPE} is not known.",
                advice=f"Known are {', '.join(_PARAMETERS)}.",
            )
        if values.setdefault(known, value.strip().lower()) != value.strip().lower():
            raise UnsupportedAudio(f"{PCM_TYPE} has two values of '{known}'.", advice="Send one.")
    return values


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    text = values.get(name, str(default))
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
    except ValueError:  # it says nothing
        return "", 0.0, at
