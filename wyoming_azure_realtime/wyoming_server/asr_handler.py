"""Recognition: transcribe, audio-start, audio-chunk, audio-stop in; partial text and one transcript out."""

import asyncio
from collections.abc import Callable

from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import OutOfOrder, UnsupportedAudio
from wyoming_azure_realtime.speech.requests import Partial, RecognitionRequest, RecognitionResult
from wyoming_azure_realtime.speech.service import SpeechService
from wyoming_azure_realtime.speech.utterance import Utterance
from wyoming_azure_realtime.wyoming_server.encoding import encode
from wyoming_azure_realtime.wyoming_server.event_writer import EventWriter
from wyoming_azure_realtime.wyoming_server.events import Event, Transcribe, read_data, read_format
from wyoming_azure_realtime.wyoming_server.request_handler import RequestHandler


class AsrHandler(RequestHandler):
    """One utterance. `transcribe` and `audio-start` may be missing: each chunk says its format itself."""

    events = frozenset({"transcribe", "audio-start", "audio-chunk", "audio-stop"})
    last = "audio-stop"
    holds_session = True

    def __init__(
        self, service: SpeechService, outbox: EventWriter, on_ready: Callable[[], None], client: str
    ) -> None:
        super().__init__(service, outbox, on_ready, client)
        self._request: RecognitionRequest | None = None
        self._utterance: Utterance | None = None
        self._format: AudioFormat | None = None
        self._described = b""
        self._streaming = False

    def take(self, event: Event) -> bool:
        """Audio goes to the utterance as it comes, once that is open. Raises RequestError."""
        if event.type == "transcribe":
            self._describe(event)
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
        """Open the utterance, then pass its results on until the transcript. Raises SpeechServiceError."""
        request = self._request = self._request or RecognitionRequest("wyoming", client=self._client)
        async with self._service.recognize(request) as utterance:
            self._utterance = utterance
            self._on_ready()
            await asyncio.sleep(0)  # one of the events that had to wait may have cancelled this
            async for result in utterance.results():
                self._tell(result)
                await self._outbox.drained()

    def _describe(self, event: Event) -> None:
        if self._request is not None:
            raise OutOfOrder("A second 'transcribe' before the first was answered.")
        asked = read_data(event, Transcribe)
        self._request = RecognitionRequest(
            door="wyoming",
            client=self._client,
            model=asked.name or "",
            language=asked.language or "",
            names=asked.names,
            terms=asked.terms,
            vad_sensitivity=asked.sensitivity,
        )

    def _begin(self, utterance: Utterance, fmt: AudioFormat) -> None:
        if self._format is not None:
            raise OutOfOrder("An 'audio-start' in the middle of the audio.")
        self._format = fmt
        utterance.begin(fmt)

    def _write(self, utterance: Utterance, event: Event) -> None:
        if event.data != self._described:  # the data of chunks are mostly the same, to the letter
            self._described, now, fmt = event.data, read_format(event), self._format
            if fmt is None:
                self._begin(utterance, now)
            elif now != fmt:
                raise UnsupportedAudio(f"The audio changed from {fmt} to {now} in mid-stream.")
        utterance.write(event.payload)

    def _finish(self, utterance: Utterance) -> None:
        self.input_open = False
        if self._format is None:  # an utterance without audio is one of silence
            utterance.begin(REALTIME)
        utterance.finish()

    def _tell(self, result: Partial | RecognitionResult) -> None:
        send = self._outbox.send
        if isinstance(result, Partial):
            if self._service.catalog.partials:  # as `describe` has announced
                self._tell_partial(result)
            return
        send(encode(Transcript(text=result.text, language=result.language or None)))
        if self._streaming:
            send(encode(TranscriptStop()))

    def _tell_partial(self, partial: Partial) -> None:
        if not self._streaming:
            self._streaming = True
            self._outbox.send(encode(TranscriptStart()))
        self._outbox.send(encode(TranscriptChunk(text=partial.text)))
