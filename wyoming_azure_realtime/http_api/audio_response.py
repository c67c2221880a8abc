"""Audio as an answer: whole, or while it is generated. No clean end for audio that is not all there."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import HttpVersion11, web

from wyoming_azure_realtime.audio.pcm import REALTIME, wav_header
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.http_api.media_types import PCM, WAV

_LOGGER = logging.getLogger(__name__)
_BLOCK_BYTES = 64 << 10
WRITE_SECONDS = 30.0
"""How long a client may take nothing before it is given up."""


class AudioResponse:
    """One answer, written with a deadline. `wav`: with a header, else bare PCM."""

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
