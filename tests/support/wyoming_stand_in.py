"""Two services of a home, on the `wyoming` package's own server: one that hears words, one that speaks them.

They do what wyoming-faster-whisper and wyoming-piper do, with `word_sounds` for speech, or what is wrong.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from wyoming.asr import Transcribe, Transcript, TranscriptChunk
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, Eventable
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info, TtsProgram, TtsVoice
from wyoming.server import AsyncEventHandler, AsyncTcpServer
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

from tests.support.word_engines import transcript
from tests.support.word_sounds import sound_of, words_in
from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler

Fault = Literal["", "silent", "error", "hangs_up", "breaks_off", "early", "empty_early"]

PIPER = AudioFormat(22_050, 2, 1)
NOBODY = Attribution("nobody", "https://example.invalid")
BEFORE_BREAK = 0.6
"""Of the audio, after which it breaks off."""


@dataclass
class StandIn:
    """What the server is like, and what it was asked. `speaks`: voices with their languages.

    `open`: connections at this moment; `hung_up`: those whose clients left in the middle of a request.
    """

    hears: tuple[str, ...] = ()
    speaks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    streams: bool = True
    fmt: AudioFormat = PIPER
    fault: Fault = ""
    delay: float = 0.0
    port: int = 0
    open: int = 0
    hung_up: int = 0
    described: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def info(self) -> Info:
        def artifact(name: str) -> dict[str, Any]:
            about = {"attribution": NOBODY, "description": None, "version": None}
            return {"name": name, "installed": True, **about}

        models = [AsrModel(languages=list(self.hears), **artifact("words"))]
        voices = [TtsVoice(languages=list(tags), **artifact(name)) for name, tags in self.speaks.items()]
        asr = [AsrProgram(models=models, supports_transcript_streaming=self.streams, **artifact("ears"))]
        tts = [TtsProgram(voices=voices, supports_synthesize_streaming=self.streams, **artifact("mouth"))]
        return Info(asr=asr if self.hears else [], tts=tts if self.speaks else [])


class _Handler(AsyncEventHandler):
    def __init__(self, home: StandIn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._home = home
        self._request: dict[str, Any] = {}
        self._pcm = bytearray()
        self._resampler: StreamResampler | None = None
        self._answered = False
        self._text: list[str] | None = None
        home.open += 1

    async def disconnect(self) -> None:
        self._home.open -= 1
        self._home.hung_up += bool(self._request) and not self._answered

    async def handle_event(self, event: Event) -> bool:
        home = self._home
        if Describe.is_type(event.type):
            home.described += 1
            await self._say(home.info)
        elif Transcribe.is_type(event.type):
            self._ask(language=event.data.get("language"), names=event.data.get("transcript_names"))
        elif AudioChunk.is_type(event.type):
            return await self._hear(AudioChunk.from_event(event))
        elif AudioStop.is_type(event.type):
            return await self._transcribe()
        elif SynthesizeStart.is_type(event.type):
            self._ask(voice=event.data.get("voice"))
            self._text = []
        elif SynthesizeChunk.is_type(event.type) and self._text is not None:
            self._text.append(event.data["text"])
        elif SynthesizeStop.is_type(event.type) and self._text is not None:
            return await self._speak("".join(self._text), SynthesizeStopped())
        elif Synthesize.is_type(event.type):
            self._ask(voice=event.data.get("voice"))
            return await self._speak(event.data["text"])
        return True

    def _ask(self, **request: Any) -> None:
        self._request = request
        self._home.requests.append(request)

    async def _say(self, event: Eventable) -> bool:
        await self.write_event(event.event())
        return True

    async def _hear(self, chunk: AudioChunk) -> bool:
        if self._resampler is None:
            self._resampler = StreamResampler(AudioFormat(chunk.rate, chunk.width, chunk.channels))
        self._pcm += self._resampler.process(chunk.audio)
        self._request["format"] = (chunk.rate, chunk.width, chunk.channels)
        early = self._home.fault in ("early", "empty_early") and len(self._pcm) > REALTIME.bytes_per_second
        return await self._transcribe() if early else True

    async def _transcribe(self) -> bool:
        home = self._home
        await asyncio.sleep(home.delay)
        if home.fault == "silent":
            return True
        self._answered = True
        if home.fault == "hangs_up":
            return False
        if home.fault == "error":
            await self._say(Error("The model is broken.", "ValueError"))
            return False
        if self._resampler is not None:
            self._pcm += self._resampler.flush()
            self._resampler = None
        said = transcript(words_in(bytes(self._pcm)), len(self._pcm) // REALTIME.frame_bytes)
        if home.fault == "empty_early":
            said, home.fault = "", ""
        if home.streams:
            for word in said.split():
                await self._say(TranscriptChunk(f"{word} "))
        self._request["text"] = said
        await self._say(Transcript(said))
        return False

    async def _speak(self, text: str, *after: Eventable) -> bool:
        home, fmt = self._home, self._home.fmt
        self._request["text"] = text
        await asyncio.sleep(home.delay)
        if home.fault == "silent":
            return True
        if home.fault == "hangs_up":
            self._answered = True
            return False
        if home.fault == "error":
            self._answered = True
            await self._say(Error("The voice is broken.", "ValueError"))
            return False
        pcm = sound_of(text, fmt)
        await self._say(AudioStart(fmt.rate, fmt.width, fmt.channels))
        for at in range(0, len(pcm), 2048):
            await self._say(AudioChunk(fmt.rate, fmt.width, fmt.channels, pcm[at : at + 2048]))
            if home.fault == "breaks_off" and at > BEFORE_BREAK * len(pcm):
                self._answered = True
                return False
        self._answered = True
        for event in (AudioStop(), *after):
            await self._say(event)
        return True


@asynccontextmanager
async def stand_in(home: StandIn) -> AsyncIterator[StandIn]:
    """The service on a free port of loopback, for the length of a block."""
    server = AsyncTcpServer("127.0.0.1", home.port)
    await server.start(partial(_Handler, home))
    listener = server._server
    assert isinstance(listener, asyncio.Server)
    home.port = listener.sockets[0].getsockname()[1]
    try:
        yield home
    finally:
        await server.stop()


def whisper(*languages: str, **what: Any) -> StandIn:
    """A service that hears, in English and German if nothing else is said."""
    return StandIn(hears=languages or ("en", "de"), **what)


def piper(**what: Any) -> StandIn:
    """A service that speaks, with a voice for English and one for German."""
    voices: dict[str, tuple[str, ...]] = {"en_GB-alba": ("en_GB",), "de_DE-thorsten": ("de_DE",)}
    return StandIn(speaks=voices, **what)
