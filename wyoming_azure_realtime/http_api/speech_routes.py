"""Recognition and synthesis over HTTP: three POST routes.

Audio is answered whole, or while it is generated; audio that breaks off never gets a clean end.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from aiohttp import HttpVersion11, web
from aiohttp.helpers import parse_mimetype

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, read_wav, wav_header
from wyoming_azure_realtime.audio.signatures import to_wav
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.http_api import bodies
from wyoming_azure_realtime.http_api.bodies import (
    JSON,
    PCM,
    PCM_TYPE,
    WAV,
    WAV_TYPES,
    BodyLimits,
    RecognitionOptions,
    accepts,
    pcm_format,
    wants_wav,
)
from wyoming_azure_realtime.http_api.connections import claim_of
from wyoming_azure_realtime.http_api.problems import DOOR
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.whole import (
    blocks,
    collect_audio,
    pcm_from_base64,
    raw_pcm,
    recognize_audio,
    synthesize_text,
)

_LOGGER = logging.getLogger(__name__)
_BLOCK_BYTES = 64 << 10
_MEDIA = ("audio/", "video/")
WRITE_SECONDS = 30.0
"""Seconds for which a client may read nothing before it is cut off."""


class SpeechRoutes:
    """The three POST routes over one service."""

    def __init__(self, service: HomeService, limits: BodyLimits) -> None:
        self._service = service
        self._limits = limits

    async def recognize(self, request: web.Request) -> web.StreamResponse:
        """JSON with base64, a WAV file, or raw PCM, to `{"text": …}`."""
        _require_acceptable(request, JSON)
        options = bodies.read_query(request, RecognitionOptions)
        if request.content_type == JSON:
            body = await bodies.read_json(request, self._limits, bodies.RecognitionBody)
            call = _recognition(request, body.model or options.model, body.language or options.language)
            rate = REALTIME.rate if body.sample_rate is None else body.sample_rate
            fmt = AudioFormat(rate, REALTIME.width, REALTIME.channels)
            audio = blocks(pcm_from_base64(body.audio_data, fmt.rate))
            result = await recognize_audio(self._service, call, audio, fmt)
        elif request.content_type in WAV_TYPES:
            data = await bodies.read(request, self._limits)
            fmt, pcm = read_wav(data, max_bytes=self._limits.max_bytes)
            call = _recognition(request, options.model, options.language)
            result = await recognize_audio(self._service, call, blocks(pcm), fmt)
        elif request.content_type == PCM_TYPE:
            fmt = pcm_format(list(parse_mimetype(request.headers["Content-Type"]).parameters.items()))
            call = _recognition(request, options.model, options.language)
            audio = raw_pcm(bodies.pieces(request, self._limits), fmt.rate)
            result = await recognize_audio(self._service, call, audio, fmt)
        else:
            raise _unsupported(JSON, WAV, PCM_TYPE, convert=request.content_type.startswith(_MEDIA))
        return web.Response(body=msgspec.json.encode({"text": result.text}), content_type=JSON)

    async def synthesize(self, request: web.Request) -> web.StreamResponse:
        """Text as JSON, to audio with its length."""
        response = _response(request)
        async with aclosing(await self._speak(request)) as audio:
            pcm = await collect_audio(audio, claim_of(request))
        return await response.send(pcm)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Text as JSON, to audio while it is generated. Its headers leave with the first audio."""
        response = _response(request)
        return await response.stream(await self._speak(request))

    async def _speak(self, request: web.Request) -> AsyncGenerator[bytes, None]:
        if request.content_type != JSON:
            raise _unsupported(JSON)
        body = await bodies.read_json(request, self._limits, bodies.SynthesisBody)
        call = SynthesisRequest(
            DOOR,
            voice=body.voice_name or "",
            language=body.language or "",
            text_format=body.text_format or "text",
            client=request.remote or "",
            rate=body.speed,
            style=body.style or "",
        )
        return synthesize_text(self._service, call, body.text)


class AudioResponse:
    """One audio answer; each write has a deadline. `wav`: with a header, else bare PCM."""

    def __init__(self, request: web.Request, *, wav: bool) -> None:
        self._request = request
        self._wav = wav
        headers = {"Content-Type": WAV if wav else PCM, "Cache-Control": "no-store"}
        self._response = web.StreamResponse(headers=headers)

    async def send(self, pcm: bytes) -> web.StreamResponse:
        """All audio at once, with its length."""
        header = wav_header(REALTIME, len(pcm)) if self._wav else b""
        self._response.content_length = len(header) + len(pcm)
        return await self._send(header, _cut(pcm))

    async def stream(self, audio: AsyncGenerator[bytes, None]) -> web.StreamResponse:
        """Audio as it comes; closes `audio`. Raises only what `audio` raises before its first chunk."""
        return await self._send(wav_header(REALTIME, None) if self._wav else b"", audio)

    async def _send(self, header: bytes, audio: AsyncGenerator[bytes, None]) -> web.StreamResponse:
        response = self._response
        try:
            async with aclosing(audio):
                async for chunk in audio:
                    if not response.prepared:
                        await response.prepare(self._request)
                        await self._write(header)
                    await self._write(chunk)
            await self._finish()
        except (SpeechServiceError, TimeoutError, ConnectionError) as error:
            if not response.prepared:
                raise
            _LOGGER.warning("Audio over HTTP was cut off: %s", getattr(error, "code", type(error).__name__))
            self._cut_off()
        except Exception:
            if not response.prepared:
                raise
            _LOGGER.exception("Audio over HTTP was cut off by an unexpected error")
            self._cut_off()
        return response

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self._response.write(data)

    async def _finish(self) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            await self._response.write_eof()

    def _cut_off(self) -> None:
        transport = self._request.transport
        if transport is None:
            return
        if self._request.version < HttpVersion11:
            # without chunks only a reset differs from the end
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


async def _cut(pcm: bytes) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(pcm), _BLOCK_BYTES):
        yield pcm[at : at + _BLOCK_BYTES]


def _recognition(request: web.Request, model: str | None, language: str | None) -> RecognitionRequest:
    client = request.remote or ""
    return RecognitionRequest(DOOR, model=model or "", language=language or "", client=client)


def _response(request: web.Request) -> AudioResponse:
    """Raises aiohttp's exception for 406."""
    accept = _require_acceptable(request, PCM_TYPE, *sorted(WAV_TYPES))
    return AudioResponse(request, wav=wants_wav(accept) or not accepts(accept, [PCM_TYPE]))


def _require_acceptable(request: web.Request, *kinds: str) -> str:
    """The Accept header, which admits one of these types."""
    accept = ", ".join(request.headers.getall("Accept", []))
    if not accepts(accept, kinds):
        raise web.HTTPNotAcceptable(
            text=f"What the header Accept admits is not made here: there is {' and '.join(kinds[:2])}."
        )
    return accept


def _unsupported(*kinds: str, convert: bool = False) -> web.HTTPException:
    """Other types are refused: forms and plain text are what a browser sends for any page without asking.

    `convert`: say how to make of any sound what is read.
    """
    known = ", ".join(kinds)
    text = f"A body of this type is not read here. Set the header Content-Type to one of: {known}."
    if convert:
        text = f"{text} Convert other audio first: {to_wav()}"
    return web.HTTPUnsupportedMediaType(text=text, headers={"Accept-Post": known})
