"""Synthesis: text in, at once or streamed; audio out while it arrives."""

import asyncio
from collections.abc import Callable

from wyoming.audio import AudioStart, AudioStop
from wyoming.event import Eventable
from wyoming.tts import SynthesizeStopped

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.errors import OutOfOrder, first_of
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.speech.synthesis import Synthesis
from wyoming_azure_realtime.wyoming_server.encoding import AudioChunkEncoder, encode
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import Event, SynthesizeStart, Text, Voice, read_data
from wyoming_azure_realtime.wyoming_server.request_handler import RequestHandler

_MAX_WAITING = 64 << 10
"""Characters that may wait for the synthesis; then the client's bytes wait in its own socket."""

_MAX_CHUNK = 8 << 10
"""Bytes of audio per event (170 ms); satellites prefer small chunks of whole samples."""

_AUDIO_START = encode(AudioStart(rate=REALTIME.rate, width=REALTIME.width, channels=REALTIME.channels))
_CHUNKS = AudioChunkEncoder(REALTIME)


class TtsHandler(RequestHandler):
    """One text, spoken. A client that streams repeats the text in a `synthesize`, for servers that cannot."""

    events = frozenset({"synthesize", "synthesize-start", "synthesize-chunk", "synthesize-stop"})
    last = "synthesize-stop"
    holds_session = False

    def __init__(
        self, service: SpeechService, outbox: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        super().__init__(service, outbox, on_ready, client)
        self._asked: SynthesizeStart | None = None
        self._streamed = False
        self._speaking = False
        self._waiting: list[str] = []
        self._waiting_length = 0
        self._copy = ""
        self._chunks = 0
        self._arrived = asyncio.Event()

    def take(self, event: Event) -> bool:
        """Text waits for the synthesis, within a bound. Raises RequestError."""
        if event.type == "synthesize-start":
            self._open(event)
        elif event.type == "synthesize":
            self._take_whole(event)
        elif not self._streamed:
            raise OutOfOrder(f"A '{event.type}' without a 'synthesize-start'.")
        elif event.type == "synthesize-stop":
            self._stop()
        elif self._waiting_length >= _MAX_WAITING:
            return False
        else:
            self._chunks += 1
            self._add(read_data(event, Text).text)
        return True

    async def run(self) -> None:
        """Feed the synthesis and write its audio. Raises SpeechServiceError."""
        async with self._service.synthesize(self._request()) as synthesis:
            if self._streamed:
                await self._feed_and_speak(synthesis)
            else:
                await self._feed(synthesis)
                await self._speak(synthesis)
            if self._streamed:
                self._outbox.send(encode(SynthesizeStopped()))

    async def _feed_and_speak(self, synthesis: Synthesis) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._feed(synthesis), name="wyoming text")
                await self._speak(synthesis)
        except BaseExceptionGroup as failures:
            failure = first_of(failures)
            raise failure from failure.__cause__

    def after_error(self) -> list[Eventable]:
        """End the audio that began and the stream that was asked for, or clients wait for ever."""
        told: list[Eventable] = []
        if self._speaking:
            told.append(AudioStop())
        if self._streamed:
            told.append(SynthesizeStopped())
        return told

    def _open(self, event: Event) -> None:
        if self._asked is not None:
            raise OutOfOrder(f"A '{event.type}' before the text in progress has ended.")
        self._streamed = event.type == "synthesize-start"
        self._asked = read_data(event, SynthesizeStart)

    def _take_whole(self, event: Event) -> None:
        if self._streamed:
            self._copy = read_data(event, Text).text
            return
        self.input_open = False
        self._open(event)
        self._add(read_data(event, Text).text)

    def _stop(self) -> None:
        self.input_open = False
        # a client that streams nothing but the copy gets an answer, too
        self._add("" if self._chunks else self._copy)

    def _add(self, text: str) -> None:
        self._waiting.append(text)
        self._waiting_length += len(text)
        self._arrived.set()

    def _request(self) -> SynthesisRequest:
        voice = (self._asked and self._asked.voice) or Voice()
        return SynthesisRequest(
            door="wyoming",
            client=self._client,
            voice=voice.name or "",
            language=voice.language or "",
            speaker=voice.speaker or "",
            text_format=(self._asked and self._asked.text_format) or "text",
        )

    async def _feed(self, synthesis: Synthesis) -> None:
        while self.input_open or self._waiting:
            await self._arrived.wait()
            self._arrived.clear()
            text = "".join(self._waiting)
            self._waiting.clear()
            self._waiting_length = 0
            self._on_ready()
            if text:
                await synthesis.write(text)
        synthesis.finish()

    async def _speak(self, synthesis: Synthesis) -> None:
        send = self._outbox.send
        async for audio in synthesis.audio():
            if not self._speaking:
                self._speaking = True
                send(_AUDIO_START)
            for at in range(0, len(audio), _MAX_CHUNK):
                piece = audio if len(audio) <= _MAX_CHUNK else memoryview(audio)[at : at + _MAX_CHUNK]
                send(_CHUNKS.head(len(piece)), piece)
                await self._outbox.drained()
        self._speaking = False
        send(encode(AudioStop()))
