"""Recognition and synthesis as clients of OpenAI's audio API ask for them: the same service, other words.

`POST /v1/audio/speech`, `POST /v1/audio/transcriptions` and `GET /v1/models`, as OpenAI's reference of
November 2026 has them. Sound is WAV or PCM in both directions. Errors have OpenAI's shape, with our stable
codes.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from email.parser import BytesHeaderParser
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from aiohttp import web
from aiohttp.helpers import parse_mimetype

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, duration_ms, read_wav, wav_header
from wyoming_azure_realtime.errors import (
    InternalError,
    InvalidRequest,
    SpeechServiceError,
    UnknownLanguage,
    UnknownModel,
    UnknownVoice,
    UnsupportedAudio,
)
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api import bodies
from wyoming_azure_realtime.http_api.bodies import JSON, BodyLimits
from wyoming_azure_realtime.http_api.problems import DOOR, Handler, Problem, status_of
from wyoming_azure_realtime.http_api.speech_routes import WRITE_SECONDS, AudioResponse
from wyoming_azure_realtime.speech.requests import (
    Partial,
    RecognitionRequest,
    RecognitionResult,
    SynthesisRequest,
)
from wyoming_azure_realtime.speech.whole import blocks, recognition_results, synthesize_text

_LOGGER = logging.getLogger(__name__)

PREFIX = "/v1"
FORM = "multipart/form-data"
_PROBLEM = "application/problem+json"
_OWNER = "wyoming-azure-realtime"

_SPOKEN_FORMATS = ("wav", "pcm")
_WRITTEN_FORMATS = ("json", "text", "verbose_json", "srt", "vtt")
_MOST_FIELDS = 100
_LONGEST_FIELD = 4096
_LONGEST_HEAD = 8192
_MOST_WORDS = 100

_Name = Annotated[str, msgspec.Meta(max_length=100)]
_Events: TypeAlias = AsyncGenerator[dict[str, Any], None]
_Text = Annotated[str, msgspec.Meta(max_length=_LONGEST_FIELD)]

# What of a request an error is about, by its code.
_PARAMETERS = {
    UnknownVoice.code: "voice",
    UnknownModel.code: "model",
    UnknownLanguage.code: "language",
    UnsupportedAudio.code: "file",
}
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class VoiceId(msgspec.Struct, frozen=True):
    """A voice as an object."""

    id: _Name


class SpeechBody(msgspec.Struct, frozen=True, kw_only=True):
    """A synthesis. `model` is not looked at: the deployment of the settings speaks. Others may be there."""

    input: str
    model: _Name = ""
    voice: _Name | VoiceId = ""
    instructions: _Text = ""
    response_format: _Name | None = None
    speed: Annotated[float, msgspec.Meta(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


class TranscriptionFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a recognition, beside its file."""

    model: _Name = ""
    language: _Name = ""
    prompt: _Text = ""
    response_format: _Name = "json"
    stream: bool = False
    keywords: tuple[_Name, ...] = ()
    timestamp_granularities: tuple[_Name, ...] = ()


class OpenAiRoutes:
    """The routes over one service."""

    def __init__(self, service: HomeService, limits: BodyLimits) -> None:
        self._service = service
        self._limits = limits

    def routes(self) -> list[web.RouteDef]:
        """All of them, for the application."""
        return [
            web.post(f"{PREFIX}/audio/speech", self.speak),
            web.post(f"{PREFIX}/audio/transcriptions", self.transcribe),
            web.get(f"{PREFIX}/models", self.models),
        ]

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """Text as JSON, to WAV or PCM while it is generated, bare or as server-sent events."""
        if request.content_type != JSON:
            raise web.HTTPUnsupportedMediaType(text=f"Set the header Content-Type to {JSON}.")
        body = await bodies.read_json(request, self._limits, SpeechBody)
        wav = _spoken_format(body.response_format) == "wav"
        voice = body.voice if isinstance(body.voice, str) else body.voice.id
        call = SynthesisRequest(
            DOOR,
            voice=voice,
            client=request.remote or "",
            rate=body.speed,
            instructions=body.instructions.strip(),
        )
        audio = synthesize_text(self._service, call, body.input)
        if body.stream_format == "sse":
            return await _send_events(request, _spoken_events(audio, wav=wav))
        return await AudioResponse(request, wav=wav).stream(audio)

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """A form with a WAV file, to text in one of five formats, or to server-sent events."""
        fields, file = await self._form(request)
        if fields.response_format not in _WRITTEN_FORMATS:
            raise InvalidRequest(
                f"The response_format {fields.response_format[:40]!a} is not written here.",
                advice=f"There is {', '.join(_WRITTEN_FORMATS)}.",
            )
        if "word" in fields.timestamp_granularities:
            raise InvalidRequest("The times of words are not known here.", advice="Ask for segments.")
        fmt, pcm = read_wav(file, max_bytes=self._limits.max_bytes)
        call = RecognitionRequest(
            DOOR,
            model=self._model(fields.model),
            language=fields.language,
            terms=fields.keywords[:_MOST_WORDS],
            prompt=fields.prompt,
            client=request.remote or "",
        )
        results = recognition_results(self._service, call, blocks(pcm), fmt)
        if fields.stream:
            return await _send_events(request, _written_events(results))
        async with aclosing(results):
            result = [one async for one in results][-1]
        assert isinstance(result, RecognitionResult)  # noqa: S101 - the last one is
        return _written(result, fields.response_format, _seconds(pcm, fmt))

    async def models(self, request: web.Request) -> web.StreamResponse:
        """What hears, under the names that a transcription may ask for, and what speaks."""
        catalog = self._service.catalog
        names = [*(model.name for model in catalog.models), catalog.speech_model]
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": _OWNER} for name in dict.fromkeys(names)
        ]
        return _json({"object": "list", "data": listed})

    def _model(self, asked: str) -> str:
        """The model that was asked for, if it is offered: most clients have OpenAI's names built in."""
        models = self._service.catalog.models
        known = {name for model in models for name in (model.name, model.deployment.name)}
        return asked if asked in known else ""

    async def _form(self, request: web.Request) -> tuple[TranscriptionFields, bytes]:
        """The fields and the file. Raises InvalidRequest, and aiohttp's exceptions for 408, 413 and 415."""
        boundary = parse_mimetype(request.headers.get("Content-Type", "")).parameters.get("boundary", "")
        if request.content_type != FORM or not boundary:
            raise web.HTTPUnsupportedMediaType(
                text=f"Send the file as {FORM}, in the field 'file'.", headers={"Accept-Post": FORM}
            )
        body = await bodies.read(request, self._limits)
        parts = parts_of(body, boundary.encode())
        file = next((content for name, content in parts if name == "file"), None)
        if file is None:
            raise InvalidRequest("The form has no field 'file'.", advice="Send a WAV file in it.")
        return _fields(parts), file


def parts_of(body: bytes, boundary: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of a form (RFC 7578). Raises InvalidRequest."""
    sections = (b"\r\n" + body).split(b"\r\n--" + boundary, _MOST_FIELDS + 1)
    if len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise InvalidRequest(f"The form is damaged, or has more than {_MOST_FIELDS} fields.")
    found = []
    for section in sections[1:-1]:
        head, blank, content = section.partition(b"\r\n\r\n")
        if not blank or len(head) > _LONGEST_HEAD:
            raise InvalidRequest("A field of the form has no head, or one that is too long.")
        fields = BytesHeaderParser().parsebytes(head.lstrip(b" \t\r\n") + b"\r\n\r\n")
        name = fields.get_param("name", "", header="content-disposition")
        found.append((name if isinstance(name, str) else "", content))
    return found


def _fields(parts: list[tuple[str, bytes]]) -> TranscriptionFields:
    """The fields of a form that are known; those whose names end in `[]` are lists."""
    values: dict[str, Any] = {}
    for name, content in parts:
        if name == "file":
            continue
        if len(content) > _LONGEST_FIELD:
            raise InvalidRequest(f"The field {name[:40]!a} has more than {_LONGEST_FIELD} bytes.")
        text = content.decode(errors="replace").strip()
        if name in ("keywords", "timestamp_granularities") or name.endswith("[]"):
            values.setdefault(name.removesuffix("[]"), []).append(text)
        else:
            values[name] = text
    try:
        return msgspec.convert(values, TranscriptionFields, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The form is not what this path takes: {bodies.reason(error)}.") from error


def _spoken_format(asked: str | None) -> str:
    """Where nothing is asked for, OpenAI sends MP3: WAV is what most can play besides."""
    if asked in (None, *_SPOKEN_FORMATS):
        return asked or "wav"
    raise InvalidRequest(
        f"The response_format {asked[:40]!a} is not made here, since nothing is compressed.",
        advice="Ask for wav, or for pcm (24000 Hz, 16 bits, mono, little-endian).",
    )


async def _spoken_events(audio: AsyncGenerator[bytes, None], *, wav: bool) -> _Events:
    async with aclosing(audio):
        head = wav_header(REALTIME, None) if wav else b""
        async for pcm in audio:
            yield {"type": "speech.audio.delta", "audio": base64.b64encode(head + pcm).decode()}
            head = b""
    yield {"type": "speech.audio.done"}


async def _written_events(
    results: AsyncGenerator[Partial | RecognitionResult, None],
) -> _Events:
    async with aclosing(results):
        async for result in results:
            if isinstance(result, Partial):
                yield {"type": "transcript.text.delta", "delta": result.text}
            else:
                yield {"type": "transcript.text.done", "text": result.text}


async def _send_events(request: web.Request, events: _Events) -> web.StreamResponse:
    """Each as a server-sent event. An error ends them, as an event; before the first it is raised."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    try:
        async with aclosing(events):
            async for event in events:
                if not response.prepared:
                    await response.prepare(request)
                await _write_event(response, event)
    except (TimeoutError, ConnectionError) as error:
        if not response.prepared:
            raise
        _LOGGER.warning("Events over HTTP were cut off: %s", type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    except Exception as error:
        if not response.prepared:
            raise
        await _write_event(response, _error_event(error))
    return response


async def _write_event(response: web.StreamResponse, event: dict[str, Any]) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(b"data: " + msgspec.json.encode(event) + b"\n\n")


def _error_event(error: Exception) -> dict[str, Any]:
    """An error in the midst of events, for the client; the log has it too."""
    if not isinstance(error, SpeechServiceError):
        _LOGGER.error("Events over HTTP were cut off by an unexpected error", exc_info=error)
        error = InternalError.of(error)
    _LOGGER.warning("Events over HTTP were cut off: %s", error.code)
    return _error(status_of(error).status, error.code, str(error))


def _written(result: RecognitionResult, form: str, seconds: float) -> web.Response:
    """The text in one of the formats. Of its times only those of the whole are known."""
    usage = {"type": "duration", "seconds": round(seconds, 3)}
    match form:
        case "text":
            return web.Response(text=f"{result.text}\n")
        case "srt":
            return web.Response(
                text=_cue("1\n", result.text, seconds, ","), content_type="application/x-subrip"
            )
        case "vtt":
            return web.Response(
                text=f"WEBVTT\n\n{_cue('', result.text, seconds, '.')}", content_type="text/vtt"
            )
        case "verbose_json":
            segments = [_segment(result.text, seconds)] if result.text else []
            return _json(
                {
                    "task": "transcribe",
                    "language": result.language,
                    "duration": round(seconds, 3),
                    "text": result.text,
                    "segments": segments,
                    "usage": usage,
                }
            )
    return _json({"text": result.text, "usage": usage})


def _segment(text: str, seconds: float) -> dict[str, Any]:
    """The only one. Clients insist on the figures of Whisper's decoder, of which nothing is known: 0."""
    return {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": round(seconds, 3),
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 0.0,
        "no_speech_prob": 0.0,
    }


def _cue(number: str, text: str, seconds: float, point: str) -> str:
    """A subtitle for all of the sound; nothing where nobody speaks."""
    start, end = (_time(moment, point) for moment in (0.0, seconds))
    return f"{number}{start} --> {end}\n{text}\n\n" if text else ""


def _time(seconds: float, point: str) -> str:
    minutes, ms = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}{point}{ms % 1000:03}"


def _seconds(pcm: bytes, fmt: AudioFormat) -> float:
    return duration_ms(len(pcm), fmt) / 1000


def _json(fields: Mapping[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type=JSON)


def _error(status: int, code: str, message: str) -> dict[str, Any]:
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": _PARAMETERS.get(code), "code": code}}


@web.middleware
async def in_openai_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware around that of `problems`: below `PREFIX`, problem documents become OpenAI's errors."""
    response = await handler(request)
    below = request.path.startswith(f"{PREFIX}/")
    body = response.body if isinstance(response, web.Response) else None
    if not below or response.content_type != _PROBLEM or not isinstance(body, bytes):
        return response
    problem = msgspec.json.decode(body, type=Problem)
    answer = _json(_error(problem.status, problem.code, problem.detail))
    answer.set_status(problem.status)
    for name in ("Allow", "WWW-Authenticate", "Accept-Post", "Retry-After"):
        if name in response.headers:
            answer.headers[name] = response.headers[name]
    if problem.status >= 500:  # clients try again at every such status unless they are told not to
        answer.headers["x-should-retry"] = "true" if problem.retryable else "false"
    return answer
