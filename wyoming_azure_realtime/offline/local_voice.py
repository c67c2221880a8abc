"""The voice of this machine for texts that the service does not speak, in a child process.

The process lives as long as one text takes, so that nothing of it is in memory where it is never needed.
`python -m wyoming_azure_realtime.offline.local_voice` is that child: it reads one JSON line, writes 24 kHz
PCM16 mono and ends.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator

import msgspec

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import BackendTimeout, ResponseFailed, SpeechServiceError
from wyoming_azure_realtime.offline.children import start_child

MOST_AT_A_TIME = 2
"""Texts that are spoken at a time; others wait."""

MOST_BYTES = 600 * BYTES_PER_SECOND
"""Of audio; what a piece of a text takes beyond it is not heard."""

_MODULE = "wyoming_azure_realtime.offline.local_voice"
_SECONDS_WITHOUT_AUDIO = 8.0
_BLOCK_BYTES = 24_000


class SpeakRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the child shall speak."""

    text: str
    language: str
    speed: float


class LocalVoiceProcess:
    """Implements `speech.last_resort.LocalVoice`."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(MOST_AT_A_TIME)

    async def speak(self, text: str, language: str, speed: float) -> AsyncGenerator[bytes, None]:
        """Speak a text at the nearest speed that there is. Closing the generator ends the process.

        The process is over before the first of its audio is passed on: it makes a minute in a quarter of a
        second, and who listens in real time must not keep others from being spoken to.
        Raises: ResponseFailed, BackendTimeout.
        """
        async with self._room:
            pcm = await _spoken(SpeakRequest(text=text, language=language, speed=speed))
        for start in range(0, len(pcm), _BLOCK_BYTES):
            yield pcm[start : start + _BLOCK_BYTES]


async def _spoken(request: SpeakRequest) -> bytes:
    """All of a text's audio; the process is over, whatever happens."""
    process = await _started()
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - started with pipes
    pcm = bytearray()
    try:
        process.stdin.write(msgspec.json.encode(request) + b"\n")
        while len(pcm) < MOST_BYTES and (block := await _read(process.stdout)):
            pcm += block
        if len(pcm) < MOST_BYTES and (code := await process.wait()):
            raise ResponseFailed(f"The local voice does not speak (exit code {code}); is one installed?")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        while await process.stdout.read(_BLOCK_BYTES):
            pass  # a process counts as ended when its pipes are empty
        await process.wait()
    if not pcm:
        raise ResponseFailed("The local voice has no sounds for the text.")
    return bytes(pcm[: min(len(pcm), MOST_BYTES) & ~1])


async def _started() -> asyncio.subprocess.Process:
    try:
        return await start_child(_MODULE, quiet=True)
    except OSError as error:
        raise ResponseFailed(f"No process for the local voice could be started: {error}.") from error


async def _read(stdout: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(_SECONDS_WITHOUT_AUDIO):
            return await stdout.read(_BLOCK_BYTES)
    except TimeoutError as error:
        raise BackendTimeout(f"The local voice said nothing for {_SECONDS_WITHOUT_AUDIO:g} s.") from error


async def _speak_once() -> None:
    # the engines are for the child alone: they take memory and a tenth of a second
    from wyoming_azure_realtime.offline.espeak import FASTEST, SLOWEST  # noqa: PLC0415
    from wyoming_azure_realtime.offline.voices import machine_voices  # noqa: PLC0415

    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=SpeakRequest)
    voices, reason = machine_voices()
    if voices is None:
        raise ResponseFailed(reason)
    speed = min(FASTEST, max(SLOWEST, request.speed))
    async for pcm in voices.speak(request.text, speed=speed, language=request.language):
        sys.stdout.buffer.write(pcm)
        sys.stdout.buffer.flush()


def main() -> int:
    """Speak one text; exit code 2 when it cannot be spoken."""
    try:
        asyncio.run(_speak_once())
    except (SpeechServiceError, msgspec.MsgspecError, BrokenPipeError):
        return 2
    return 0


if __name__ == "__main__":
    os._exit(main())
