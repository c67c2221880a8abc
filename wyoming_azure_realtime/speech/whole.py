"""Whole inputs: one recognition of audio and one synthesis of a text, for the HTTP API and the Python API.

PCM is 24 kHz, 16 bits, mono, little-endian unless a format is given. A wrong input raises InvalidRequest.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

import msgspec

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import InternalError, InvalidRequest, TextTooLong
from wyoming_azure_realtime.speech.requests import RecognitionRequest, RecognitionResult, SynthesisRequest
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.speech.utterance import Utterance

MAX_WHOLE_BYTES = 64 << 20
"""Most bytes of audio that are collected in memory: 23 minutes."""

_BLOCK_BYTES = 128 << 10
_EXPECTED = "Send PCM of 16 bits, 24 kHz, mono, little-endian"


def pcm_from_base64(text: str) -> bytes:
    """The PCM in base64. Raises InvalidRequest for wrong base64, and for a WAV file in it."""
    try:
        pcm = msgspec.convert(text, bytes)  # as strict as the standard library's, six times as fast
    except msgspec.ValidationError as error:
        raise InvalidRequest(
            "The audio is no valid base64.",
            advice=f"{_EXPECTED}, in standard base64 with padding, without line breaks or a 'data:' prefix.",
        ) from error
    if pcm[:4] == b"RIFF" and pcm[8:12] == b"WAVE":
        raise InvalidRequest(
            "The base64 holds a WAV file.",
            advice=f"{_EXPECTED}, without a header; HTTP takes WAV as audio/wav.",
        )
    return pcm


async def blocks(pcm: bytes) -> AsyncIterator[bytes]:
    """Audio in blocks of 128 KiB; other tasks run between them."""
    view = memoryview(pcm)
    for at in range(0, len(pcm), _BLOCK_BYTES):
        yield bytes(view[at : at + _BLOCK_BYTES])
        await asyncio.sleep(0)


async def recognize_audio(
    service: SpeechService,
    request: RecognitionRequest,
    audio: AsyncIterable[bytes],
    fmt: AudioFormat = REALTIME,
) -> RecognitionResult:
    """The text of `audio`, which is sent to the service while it arrives. Raises SpeechServiceError."""
    received = 0
    async with service.recognize(request) as utterance:
        utterance.begin(fmt)
        async for data in audio:
            received += len(data)
            utterance.write(data)
        if not received:
            raise InvalidRequest("There is no audio.", advice=f"{_EXPECTED}, or a WAV file with sound in it.")
        if received % fmt.frame_bytes:
            raise InvalidRequest(
                f"The audio ends in the middle of a sample: {received} bytes of {fmt}.",
                advice=f"Send a multiple of {fmt.frame_bytes} bytes.",
            )
        utterance.finish()
        return await _final(utterance)


async def synthesize_text(
    service: SpeechService, request: SynthesisRequest, text: str
) -> AsyncGenerator[bytes, None]:
    """24 kHz PCM16 mono while it is generated; closing it cancels the rest. Raises SpeechServiceError."""
    if not text.strip():
        raise InvalidRequest("The text is empty.", advice="Send the words to be spoken.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidRequest(
                "The text holds half a surrogate pair.", advice="Send valid Unicode."
            ) from error
    async with service.synthesize(request) as synthesis:
        await synthesis.write(text)
        synthesis.finish()
        async for audio in synthesis.audio():
            yield audio


async def collect_audio(audio: AsyncIterator[bytes]) -> bytes:
    """All of the audio. Raises TextTooLong past `MAX_WHOLE_BYTES`, which only a long text can reach."""
    pcm = bytearray()
    async for chunk in audio:
        pcm += chunk
        if len(pcm) > MAX_WHOLE_BYTES:
            raise TextTooLong("The speech is too long to be held whole.", advice="Ask for it as a stream.")
    return bytes(pcm)


async def _final(utterance: Utterance) -> RecognitionResult:
    async for result in utterance.results():
        if isinstance(result, RecognitionResult):
            return result
    raise InternalError("The utterance ended without a result.")
