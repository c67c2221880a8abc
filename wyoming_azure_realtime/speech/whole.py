"""Whole inputs: one recognition of audio and one synthesis of a text, for the HTTP API and the Python API.

PCM is 24 kHz, 16 bits, mono, little-endian unless a format is given. A wrong input raises InvalidRequest.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing

import msgspec

from wyoming_azure_realtime.admission.memory import Claim
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.signatures import HEAD_BYTES, refuse_files
from wyoming_azure_realtime.errors import InternalError, InvalidRequest, TextTooLong
from wyoming_azure_realtime.speech.requests import (
    Partial,
    RecognitionRequest,
    RecognitionResult,
    SynthesisRequest,
)
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.text.received import joined_surrogates

MAX_WHOLE_BYTES = 64 << 20
"""Most bytes of audio that are collected in memory: 23 minutes."""

_BLOCK_BYTES = 24 << 10  # half a second at most is listened to at once
_BLANKS = b" \t\r\n"


def pcm_from_base64(text: str, rate: int = REALTIME.rate) -> bytes:
    """The PCM of `rate` Hz in base64; blanks and line breaks in it are passed over.

    Raises: InvalidRequest for wrong base64 and for a WAV file in it, UnsupportedAudio for other files.
    """
    try:
        pcm = _decoded(text)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise InvalidRequest(
            "The audio is no valid base64.",
            advice=f"{_expected(rate)}, in standard base64 with padding, without a 'data:' prefix.",
        ) from error
    refuse_files(pcm[:HEAD_BYTES], rate)
    return pcm


def _decoded(text: str) -> bytes:
    try:
        return msgspec.convert(text, bytes)  # as strict as the standard library's, six times as fast
    except msgspec.ValidationError:
        # the encoders of MIME and many shells break lines
        return msgspec.convert(text.encode("ascii").translate(None, _BLANKS).decode(), bytes)


async def raw_pcm(audio: AsyncIterable[bytes], rate: int) -> AsyncIterator[bytes]:
    """Pass on PCM of `rate` Hz while it arrives. Raises as `pcm_from_base64` where it is a file."""
    head = b""
    async for piece in audio:
        if len(head) < HEAD_BYTES:
            head += piece[: HEAD_BYTES - len(head)]
            refuse_files(head, rate)
        yield piece


def _expected(rate: int) -> str:
    return f"Send PCM of 16 bits, {rate} Hz, mono, little-endian"


async def blocks(pcm: bytes) -> AsyncIterator[bytes]:
    """Audio in blocks of half a second; other tasks run between them."""
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
    async with aclosing(recognition_results(service, request, audio, fmt)) as results:
        async for result in results:
            if isinstance(result, RecognitionResult):
                return result
    raise InternalError("The utterance ended without a result.")


async def recognition_results(
    service: SpeechService,
    request: RecognitionRequest,
    audio: AsyncIterable[bytes],
    fmt: AudioFormat = REALTIME,
) -> AsyncGenerator[Partial | RecognitionResult, None]:
    """Partial texts, once all of the audio is there, and then the result. Raises SpeechServiceError."""
    received = 0
    async with service.recognize(request) as utterance:
        utterance.begin(fmt)
        async for data in audio:
            received += len(data)
            utterance.write(data)
        if not received:
            raise InvalidRequest("There is no audio.", advice="Send PCM, or a WAV file with sound in it.")
        if received % fmt.frame_bytes:
            raise InvalidRequest(
                f"The audio ends in the middle of a sample: {received} bytes of {fmt}.",
                advice=f"Send a multiple of {fmt.frame_bytes} bytes.",
            )
        utterance.finish()
        async for result in utterance.results():
            yield result


async def synthesize_text(
    service: SpeechService, request: SynthesisRequest, text: str
) -> AsyncGenerator[bytes, None]:
    """24 kHz PCM16 mono while it is generated; closing it cancels the rest. Raises SpeechServiceError.

    A text that is too long is an error before anything is spoken: nobody could be told of it later.
    """
    if not text.strip():
        raise InvalidRequest("The text is empty.", advice="Send the words to be spoken.")
    text = joined_surrogates(text)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest("The text holds half a surrogate pair.", advice="Send valid Unicode.") from error
    async with service.synthesize(request) as synthesis:
        await synthesis.write(text)
        synthesis.finish()
        synthesis.require_whole()
        async for audio in synthesis.audio():
            yield audio


async def collect_audio(audio: AsyncIterator[bytes], claim: Claim | None = None) -> bytes:
    """All of the audio. `claim`: of the request for which it is held in memory.

    Raises: TextTooLong past `MAX_WHOLE_BYTES`, which only a long text can reach; TooManyRequests.
    """
    pcm = bytearray()
    async for chunk in audio:
        if claim is not None:
            claim.hold(2 * len(chunk))  # a copy of it is returned
        pcm += chunk
        if len(pcm) > MAX_WHOLE_BYTES:
            raise TextTooLong("The speech is too long to be held whole.", advice="Ask for it as a stream.")
    return bytes(pcm)
