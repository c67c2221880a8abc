"""Handles recognition: audio in; partial text and one transcript out.

The client sends `transcribe`, `audio-start`, any number of `audio-chunk`, `audio-stop`.
"""

import asyncio
from collections.abc import Callable

from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import OutOfOrder, UnsupportedAudio
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest, RecognitionResult
from wyoming_azure_realtime.speech.utterance import Utterance
from wyoming_azure_realtime.wyoming_server.dispatcher import RequestHandler
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import Event, Transcribe, encode, read_data, read_format


class AsrHandler(RequestHandler):
    """One utterance. `transcribe` and `audio-start` may be missing: each chunk has its format in its data.

    Audio waits in the client's socket until the utterance is open; how much of it waits then, and how long an
    utterance may be, is limited by the speech service.
    """

    event_types = frozenset({"transcribe", "audio-start", "audio-chunk", "audio-stop"})
    last_event_type = "audio-stop"
    holds_session = True

    def __init__(
        self, service: HomeService, writer: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        super().__init__(service, writer, on_ready, client)
        self._request: RecognitionRequest | None = None
        self._utterance: Utterance | None = None
        self._format: AudioFormat | None = None
        self._chunk_data = b""  # of the last chunk, checked
        self._partials_started = False

    def take(self, event: Event) -> bool:
        """Pass audio to the utterance as it comes; False until that is open. Raises RequestError."""
        if event.type == "transcribe":
            self._read_request(event)
            return True
        utterance = self._utterance
        if utterance is None:
            return False
        if event.type == "audio-chunk":
            self._write(utterance, event)
        elif event.type == "audio-start":
            self._begin(utterance, read_format(event))
        else:
            self._finish(utterance)
        return True

    async def run(self) -> None:
        """Open the utterance, then send its results until the transcript. Raises SpeechServiceError."""
        request = self._request = self._request or RecognitionRequest("wyoming", client=self._client)
        async with self._service.recognize(request) as utterance:
            self._utterance = utterance
            self._on_ready()
            await asyncio.sleep(0)  # one of the events that had to wait may have cancelled this
            async for result in utterance.results():
                if isinstance(result, Partial):
                    self._send_partial(result)
                else:
                    self._send_transcript(result)
                await self._writer.drained()

    def _read_request(self, event: Event) -> None:
        if self._request is not None:
            raise OutOfOrder("A second 'transcribe' before the first was answered.")
        data = read_data(event, Transcribe)
        self._request = RecognitionRequest(
            door="wyoming",
            client=self._client,
            model=data.name or "",
            language=data.language or "",
            names=data.names,
            terms=data.terms,
            vad_sensitivity=data.sensitivity,
        )

    def _begin(self, utterance: Utterance, fmt: AudioFormat) -> None:
        if self._format is not None:
            raise OutOfOrder("An 'audio-start' in the middle of the audio.")
        self._format = fmt
        utterance.begin(fmt)

    def _write(self, utterance: Utterance, event: Event) -> None:
        if event.data != self._chunk_data:  # the data of chunks are mostly the same, to the letter
            self._chunk_data, fmt = event.data, read_format(event)
            if self._format is None:
                self._begin(utterance, fmt)
            elif fmt != self._format:
                raise UnsupportedAudio(f"The audio changed from {self._format} to {fmt} in mid-stream.")
        utterance.write(event.payload)

    def _finish(self, utterance: Utterance) -> None:
        self.input_open = False
        if self._format is None:  # an utterance without audio is one of silence
            utterance.begin(REALTIME)
        utterance.finish()

    def _send_partial(self, partial: Partial) -> None:
        if not self._service.catalog.partials:  # then `info` has not announced any
            return
        if not self._partials_started:
            self._partials_started = True
            self._writer.send(encode(TranscriptStart()))
        self._writer.send(encode(TranscriptChunk(text=partial.text)))

    def _send_transcript(self, result: RecognitionResult) -> None:
        self._writer.send(encode(Transcript(text=result.text, language=result.language or None)))
        if self._partials_started:
            self._writer.send(encode(TranscriptStop()))
