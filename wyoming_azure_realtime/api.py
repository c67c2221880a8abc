"""Speech in a program of your own, without a server: the same service, in the same process.

    from wyoming_azure_realtime import recognize_speech_realtime, synthesize_speech_realtime

    pcm = await synthesize_speech_realtime("Turn on the kitchen lights")
    text = await recognize_speech_realtime(base64.b64encode(pcm).decode())

    async with converse_realtime() as conversation:  # speech for speech
        await conversation.send(pcm)
        async for event in conversation:
            ...

Settings come from the environment, as the server's do; without any, the embedded backend is started. Audio
is 24 kHz PCM16 mono, little-endian, without a header. The first call in an event loop opens the service for
that loop; `close_realtime` closes it, and so does the end of `asyncio.run`. `open_realtime` gives a service
of your own for the length of a block. Whatever fails raises a `SpeechServiceError`, see `errors`.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from wyoming_azure_realtime.app import log_observer, open_service
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.conversation.voice import (
    AnswerEnded,
    AnswerSound,
    AnswerWords,
    Heard,
    HeardPartly,
    PersonStarted,
    PersonStopped,
    SoundStarted,
    SoundStopped,
    ToolRequest,
    Trouble,
    VoiceConversation,
)
from wyoming_azure_realtime.conversation.voice_sessions import CallTool, VoiceRequest
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.settings.load import load
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.whole import (
    blocks,
    collect_audio,
    pcm_from_base64,
    recognize_audio,
    synthesize_text,
)

__all__ = [
    "AnswerEnded", "AnswerSound", "AnswerWords", "AudioFormat", "Heard", "HeardPartly", "PersonStarted",
    "PersonStopped", "RealtimeSpeech", "SoundStarted", "SoundStopped", "ToolRequest", "Trouble",
    "VoiceConversation", "close_realtime", "converse_realtime", "open_realtime", "recognize_speech_realtime",
    "synthesize_speech_realtime", "synthesize_speech_stream_realtime",
]  # fmt: skip

_DOOR = "python"


class RealtimeSpeech:
    """Recognition and synthesis over one open service; calls may run side by side."""

    def __init__(self, service: HomeService) -> None:
        self._service = service

    async def recognize(self, audio_base64: str, *, language: str = "") -> str:
        """The text of base64 PCM; empty for silence. Raises SpeechServiceError."""
        request = RecognitionRequest(_DOOR, language=language)
        audio = blocks(pcm_from_base64(audio_base64))
        return (await recognize_audio(self._service, request, audio)).text

    async def synthesize(self, text: str, voice: str = "alloy") -> bytes:
        """All of the speech as PCM. Raises SpeechServiceError."""
        async with aclosing(self.stream(text, voice)) as audio:
            return await collect_audio(audio)

    def converse(
        self,
        *,
        language: str = "",
        voice: str = "",
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        call_tool: CallTool | None = None,
        push_to_talk: bool = False,
        source: AudioFormat = REALTIME,
    ) -> VoiceConversation:
        """A conversation by voice, to be entered and iterated. Raises SpeechServiceError.

        `tools`: each with `name`, `description`, and a JSON schema as `parameters`; `call_tool` is given what
        the model asks for, and returns the result as text. `push_to_talk`: the person's turn ends with
        `finish`, else where the service hears its end. `source`: the format of what is sent.
        """
        functions = tuple({"type": "function", **tool} for tool in tools)
        request = VoiceRequest(
            _DOOR, "", language, voice, instructions, functions, not push_to_talk, source, call_tool
        )
        return VoiceConversation(self._service.voice_sessions, request)

    def stream(self, text: str, voice: str = "alloy") -> AsyncGenerator[bytes, None]:
        """PCM while it is generated. Closing the generator cancels the rest. Raises SpeechServiceError."""
        return synthesize_text(self._service, SynthesisRequest(_DOOR, voice=voice), text)


@asynccontextmanager
async def open_realtime(environ: Mapping[str, str] | None = None) -> AsyncIterator[RealtimeSpeech]:
    """A service for the length of a block, with settings from `environ` (default: the process's)."""
    loaded = load({}, os.environ if environ is None else environ)
    async with open_service(loaded, log_observer()) as service:
        yield RealtimeSpeech(service)


async def recognize_speech_realtime(audio_base64: str) -> str:
    """The text of base64 PCM; empty for silence. Raises SpeechServiceError."""
    return await (await _shared()).recognize(audio_base64)


async def synthesize_speech_realtime(text: str, voice: str = "alloy") -> bytes:
    """All of the speech as PCM. Raises SpeechServiceError."""
    return await (await _shared()).synthesize(text, voice)


async def synthesize_speech_stream_realtime(text: str, voice: str = "alloy") -> AsyncGenerator[bytes, None]:
    """PCM while it is generated. Closing the generator cancels the rest. Raises SpeechServiceError."""
    async with aclosing((await _shared()).stream(text, voice)) as audio:
        async for chunk in audio:
            yield chunk


@asynccontextmanager
async def converse_realtime(**how: Any) -> AsyncIterator[VoiceConversation]:
    """A conversation by voice, see `RealtimeSpeech.converse`. Raises SpeechServiceError."""
    async with (await _shared()).converse(**how) as conversation:
        yield conversation


async def close_realtime() -> None:
    """Close the running loop's service, if there is one; the next call opens another."""
    kept = _KEPT.pop(asyncio.get_running_loop(), None)
    if kept is not None:
        await kept.close()


class _Kept:
    """A loop's service, entered and left by one task, so that the loop's end closes it too."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[RealtimeSpeech] = self._loop.create_future()
        self._unneeded = asyncio.Event()
        self._task = self._loop.create_task(self._keep())

    async def speech(self) -> RealtimeSpeech:
        """The service, once it is open. Raises what kept it from opening."""
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        self._unneeded.set()
        await asyncio.wait([self._task])

    async def _keep(self) -> None:
        try:
            async with open_realtime() as speech:
                self._ready.set_result(speech)
                await self._unneeded.wait()
        except Exception as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)
        finally:
            self._ready.cancel()
            if _KEPT.get(self._loop) is self:
                del _KEPT[self._loop]


_KEPT: dict[asyncio.AbstractEventLoop, _Kept] = {}


async def _shared() -> RealtimeSpeech:
    loop = asyncio.get_running_loop()
    kept = _KEPT.get(loop)
    if kept is None:
        kept = _KEPT[loop] = _Kept()
    return await kept.speech()
