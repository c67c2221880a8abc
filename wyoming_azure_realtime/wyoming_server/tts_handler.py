"""Handles synthesis: text in, at once or streamed; audio out while it arrives from the service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from wyoming.audio import AudioStart, AudioStop
from wyoming.event import Eventable
from wyoming.tts import SynthesizeStopped

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.errors import OutOfOrder, SpeechServiceError, first_of
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.speech.synthesis import Synthesis
from wyoming_azure_realtime.wyoming_server.dispatcher import RequestHandler
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import (
    AudioChunkEncoder,
    Event,
    RequestedVoice,
    SynthesizeStart,
    encode,
    read_data,
    read_text,
)

_MAX_PENDING = 64 << 10
"""Characters that may wait for the synthesis; then the client's bytes wait in its own socket."""

_MAX_CHUNK = 8 << 10
"""Bytes of audio per event (170 ms); satellites prefer small chunks of whole samples."""

REST_SECONDS = 0.3
"""For which the rest of a text is waited for that begins like one that was spoken ahead."""

_AUDIO_START = encode(AudioStart(rate=REALTIME.rate, width=REALTIME.width, channels=REALTIME.channels))
_CHUNKS = AudioChunkEncoder(REALTIME)


class TtsHandler(RequestHandler):
    """One text, spoken as 24 kHz PCM16 mono.

    A client that streams also sends the whole text in a `synthesize`, for servers that cannot stream: it is
    spoken only if no other text came.
    """

    event_types = frozenset({"synthesize", "synthesize-start", "synthesize-chunk", "synthesize-stop"})
    last_event_type = "synthesize-stop"
    holds_session = False

    def __init__(
        self, service: HomeService, writer: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        super().__init__(service, writer, on_ready, client)
        self._start: SynthesizeStart | None = None
        self._streamed = False
        self._audio_started = False
        self._pending: list[str] = []  # texts that the synthesis has not taken yet
        self._pending_length = 0
        self._whole_text = ""  # of a client that streams
        self._chunks = 0
        self._text_arrived = asyncio.Event()

    def take(self, event: Event) -> bool:
        """Keep text for the synthesis; False when too much waits already. Raises RequestError."""
        if event.type == "synthesize-start":
            self._read_start(event)
        elif event.type == "synthesize":
            self._take_whole(event)
        elif not self._streamed:
            raise OutOfOrder(f"A '{event.type}' without a 'synthesize-start'.")
        elif event.type == "synthesize-stop":
            self._stop()
        elif self._pending_length >= _MAX_PENDING:
            return False
        else:
            self._chunks += 1
            self._add(read_text(event))
        return True

    async def run(self) -> None:
        """Feed the synthesis and send its audio. Raises SpeechServiceError."""
        request = self._request()
        if not await self._send_prepared(request):
            async with self._service.synthesize(request) as synthesis:
                if self._streamed:
                    await self._feed_and_send(synthesis)
                else:
                    await self._feed(synthesis)
                    await self._send_audio(synthesis.audio())
        if self._streamed:
            self._writer.send(encode(SynthesizeStopped()))

    def error_events(self, error: SpeechServiceError) -> list[Eventable]:
        """End the audio that began and the stream that was asked for as well, or clients wait for ever."""
        events = super().error_events(error)
        if self._audio_started:
            events.append(AudioStop())
        if self._streamed:
            events.append(SynthesizeStopped())
        return events

    def _read_start(self, event: Event) -> None:
        if self._start is not None:
            raise OutOfOrder(f"A '{event.type}' before the text in progress has ended.")
        self._streamed = event.type == "synthesize-start"
        self._start = read_data(event, SynthesizeStart)

    def _take_whole(self, event: Event) -> None:
        if self._streamed:
            self._whole_text = read_text(event)
            return
        self.input_open = False
        self._read_start(event)
        self._add(read_text(event))

    def _stop(self) -> None:
        self.input_open = False
        self._add("" if self._chunks else self._whole_text)

    def _add(self, text: str) -> None:
        self._pending.append(text)
        self._pending_length += len(text)
        self._text_arrived.set()

    def _request(self) -> SynthesisRequest:
        start = self._start or SynthesizeStart()
        voice = start.voice or RequestedVoice()
        return SynthesisRequest(
            door="wyoming",
            client=self._client,
            voice=voice.name or "",
            language=voice.language or "",
            speaker=voice.speaker or "",
            text_format=start.text_format or "text",
        )

    async def _send_prepared(self, request: SynthesisRequest) -> bool:
        """Send speech of this text that was made before it was asked for; false if there is none.

        As long as a text is the beginning of one that was spoken ahead, the rest is waited for. What has
        failed before any of it was heard counts as if it had not been made.
        """
        text = "".join(self._pending)
        while self.input_open and self._service.may_have_prepared(request, text):
            self._text_arrived.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(REST_SECONDS):
                    await self._text_arrived.wait()
            if text == (text := "".join(self._pending)) and self.input_open:
                break
        self._text_arrived.set()
        prepared = self._service.prepared_speech(request, None if self.input_open else text)
        if prepared is None:
            return False
        try:
            async with prepared:
                await self._send_audio(prepared.audio())
        except SpeechServiceError:
            if self._audio_started:
                raise
            return False
        return True

    async def _feed_and_send(self, synthesis: Synthesis) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._feed(synthesis), name="wyoming text")
                await self._send_audio(synthesis.audio())
        except BaseExceptionGroup as failures:
            failure = first_of(failures)
            raise failure from failure.__cause__

    async def _feed(self, synthesis: Synthesis) -> None:
        while self.input_open or self._pending:
            await self._text_arrived.wait()
            self._text_arrived.clear()
            text = "".join(self._pending)
            self._pending.clear()
            self._pending_length = 0
            self._on_ready()
            if text:
                await synthesis.write(text)
        synthesis.finish()

    async def _send_audio(self, speech: AsyncIterator[bytes]) -> None:
        send = self._writer.send
        async for audio in speech:
            if not self._audio_started:
                self._audio_started = True
                send(_AUDIO_START)
            for at in range(0, len(audio), _MAX_CHUNK):
                piece = audio if len(audio) <= _MAX_CHUNK else memoryview(audio)[at : at + _MAX_CHUNK]
                send(_CHUNKS.head(len(piece)), piece)
                await self._writer.drained()
        self._audio_started = False
        send(encode(AudioStop()))
