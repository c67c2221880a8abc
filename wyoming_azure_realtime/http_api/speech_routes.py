"""Recognition and synthesis over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from aiohttp import web
from aiohttp.helpers import parse_mimetype

from wyoming_azure_realtime.audio.pcm import read_wav
from wyoming_azure_realtime.http_api import bodies, calls
from wyoming_azure_realtime.http_api.audio_response import AudioResponse
from wyoming_azure_realtime.http_api.bodies import JSON, BodyLimits, RecognitionOptions
from wyoming_azure_realtime.http_api.media_types import PCM_TYPE, WAV_TYPES, pcm_format, wants_wav
from wyoming_azure_realtime.http_api.problems import DOOR
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.service import SpeechService


class SpeechRoutes:
    """The three POST routes over one service."""

    def __init__(self, service: SpeechService, limits: BodyLimits) -> None:
        self._service = service
        self._limits = limits

    async def recognize(self, request: web.Request) -> web.StreamResponse:
        """JSON with base64, a WAV file, or raw PCM, to `{"text": …}`."""
        options = bodies.read_query(request, RecognitionOptions)
        if request.content_type == JSON:
            body = await bodies.read_json(request, self._limits, bodies.RecognitionBody)
            asked = _asked(request, body.model or options.model, body.language or options.language)
            audio = calls.blocks(calls.pcm_from_base64(body.audio_data))
            result = await calls.recognize(self._service, asked, audio)
        elif request.content_type in WAV_TYPES:
            data = await bodies.read(request, self._limits)
            fmt, pcm = read_wav(data, max_bytes=self._limits.max_bytes)
            asked = _asked(request, options.model, options.language)
            result = await calls.recognize(self._service, asked, calls.blocks(pcm), fmt)
        elif request.content_type == PCM_TYPE:
            fmt = pcm_format(parse_mimetype(request.headers["Content-Type"]).parameters)
            asked = _asked(request, options.model, options.language)
            result = await calls.recognize(self._service, asked, bodies.pieces(request, self._limits), fmt)
        else:
            raise _unsupported(JSON, "audio/wav", PCM_TYPE)
        return web.Response(body=msgspec.json.encode({"text": result.text}), content_type=JSON)

    async def synthesize(self, request: web.Request) -> web.StreamResponse:
        """Text as JSON, to audio with its length."""
        async with aclosing(await self._speak(request)) as audio:
            pcm = await calls.whole(audio)
        return await _response(request).send(pcm)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Text as JSON, to audio while it is generated. Its headers leave with the first audio."""
        return await _response(request).stream(await self._speak(request))

    async def _speak(self, request: web.Request) -> AsyncGenerator[bytes, None]:
        if request.content_type != JSON:
            raise _unsupported(JSON)
        body = await bodies.read_json(request, self._limits, bodies.SynthesisBody)
        asked = SynthesisRequest(
            DOOR,
            voice=body.voice_name or "",
            language=body.language or "",
            text_format=body.text_format or "text",
            client=request.remote or "",
        )
        return calls.speak(self._service, asked, body.text)


def _asked(request: web.Request, model: str | None, language: str | None) -> RecognitionRequest:
    client = request.remote or ""
    return RecognitionRequest(DOOR, model=model or "", language=language or "", client=client)


def _response(request: web.Request) -> AudioResponse:
    return AudioResponse(request, wav=wants_wav(request.headers.get("Accept", "")))


def _unsupported(*kinds: str) -> web.HTTPException:
    """Forms and texts of other types are what a browser sends for any page without asking first."""
    known = ", ".join(kinds)
    text = f"A body of this type is not read here. Set the header Content-Type to one of: {known}."
    return web.HTTPUnsupportedMediaType(text=text, headers={"Accept-Post": known})
