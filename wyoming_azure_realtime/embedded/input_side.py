"""What a session hears: appends, commits, turns, and the transcriptions that follow them."""

from collections.abc import Awaitable, Callable

from wyoming_azure_realtime.embedded.audio_formats import decoder
from wyoming_azure_realtime.embedded.conversation import Conversation, Entry
from wyoming_azure_realtime.embedded.engines import RecognitionEngine
from wyoming_azure_realtime.embedded.faults import FaultPlan
from wyoming_azure_realtime.embedded.input_buffer import InputBuffer, InputRecording
from wyoming_azure_realtime.embedded.options import ServerOptions
from wyoming_azure_realtime.embedded.outlet import Outlet
from wyoming_azure_realtime.embedded.session_state import SessionState
from wyoming_azure_realtime.embedded.tasks import Tasks
from wyoming_azure_realtime.embedded.transcription import RunningTranscription, TranscriptionSettings
from wyoming_azure_realtime.embedded.turns import (
    SegmentContinued,
    SegmentDetector,
    SegmentEvent,
    SegmentStarted,
    SegmentStopped,
    SilenceTimeout,
)
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject

TurnHook = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Nobody wants to know."""


class InputSide:
    """`turn_started` and `turn_ended` are told when turn detection says so and the session wants answers."""

    def __init__(
        self,
        state: SessionState,
        conversation: Conversation,
        outlet: Outlet,
        hearing: RecognitionEngine | None,
        plan: FaultPlan,
        tasks: Tasks,
        options: ServerOptions,
    ) -> None:
        self._state = state
        self._conversation = conversation
        self._emit = outlet.emit
        self._hearing = hearing
        self._plan = plan
        self._tasks = tasks
        self._max_transcriptions = options.max_transcriptions
        self._buffer = InputBuffer(options.max_buffer_bytes)
        self._format: JsonObject = {}
        self._turns: JsonObject | None = None
        self._detector: SegmentDetector | None = None
        self._transcriptions: dict[str, RunningTranscription] = {}
        self.turn_started: TurnHook = _nothing
        self.turn_ended: TurnHook = _nothing
        self.reconfigure()

    def reconfigure(self) -> None:
        """The session's configuration changed: follow it from here on."""
        session_input = self._state.report["audio"]["input"]
        if session_input["format"] != self._format:
            self._format = session_input["format"]
            self._decoder = decoder(self._format)
        self._detect_turns(self._state.turn_detection)
        if self._buffer.recording is not None:
            self._follow(self._buffer.recording)

    def _detect_turns(self, wanted: JsonObject | None) -> None:
        """What was being recorded goes on as it is: by hand, or as a turn."""
        if wanted == self._turns:
            return
        self._turns = wanted
        self._record_rest_of_turn()
        self._detector = None
        if wanted is not None:
            in_segment = self._buffer.recording is not None
            self._detector = SegmentDetector(wanted, self._buffer.elapsed_ms, in_segment=in_segment)

    async def append(self, audio: bytes) -> None:
        """More audio; never acknowledged."""
        await self._take(self._decoder.convert(audio))

    async def _take(self, audio: bytes) -> None:
        pcm = self._buffer.whole_samples(audio)
        if self._detector is None:
            if pcm:
                self._record(pcm)
            return
        for event in self._detector.feed(pcm):
            await self._turn(event)

    async def commit(self) -> InputRecording:
        """Make the buffer an item and say so."""
        await self._flush()
        recording = self._buffer.commit()
        if self._detector is not None:
            self._detector.end_segment()
        await self._announce(recording)
        return recording

    async def clear(self) -> None:
        """Forget what was not committed."""
        held_back = self._buffer.whole_samples(self._decoder.flush())
        self._buffer.clear()
        if self._detector is not None:
            self._detector.skip(held_back)
        await self._emit(events.BufferCleared())

    async def _flush(self) -> None:
        """What the decoder holds back belongs to what is committed, and so does a turn's unfinished frame."""
        await self._take(self._decoder.flush())
        self._record_rest_of_turn()

    def _record_rest_of_turn(self) -> None:
        if self._detector is not None and self._detector.in_segment and (rest := self._detector.rest()):
            self._record(rest)

    def _record(self, pcm: bytes) -> InputRecording:
        begins = self._buffer.recording is None
        recording = self._buffer.append(pcm)
        if begins:
            self._follow(recording)
        return recording

    async def _turn(self, event: SegmentEvent) -> None:
        match event:
            case SegmentStarted(at_ms, audio):
                recording = self._record(audio)
                await self._emit(events.SpeechStarted(audio_start_ms=at_ms, item_id=recording.item_id))
                await self.turn_started()
            case SegmentContinued(audio):
                self._record(audio)
            case SegmentStopped(at_ms):
                recording = self._buffer.seal()
                await self._emit(events.SpeechStopped(audio_end_ms=at_ms, item_id=recording.item_id))
                await self._announce(recording)
                await self.turn_ended()
            case SilenceTimeout(from_ms, to_ms, audio):
                await self._time_out(from_ms, to_ms, audio)

    async def _time_out(self, from_ms: int, to_ms: int, audio: bytes) -> None:
        self._record(audio)
        recording = self._buffer.seal()
        await self._emit(
            events.TimeoutTriggered(audio_start_ms=from_ms, audio_end_ms=to_ms, item_id=recording.item_id)
        )
        await self._announce(recording)
        await self.turn_ended()

    async def _announce(self, recording: InputRecording) -> None:
        """`committed` precedes the item, and the item its transcript."""
        item = _user_item(recording.item_id)
        previous = self._conversation.add(Entry(item, bytes(recording.audio)))
        await self._emit(events.BufferCommitted(item_id=recording.item_id, previous_item_id=previous))
        await self._emit(events.ItemAdded(item=item, previous_item_id=previous))
        await self._emit(events.ItemDone(item=item, previous_item_id=previous))
        recording.announce()

    def _follow(self, recording: InputRecording) -> None:
        """Transcribe the recording as the session says now; start over if it said otherwise before."""
        settings = self._wanted()
        running = self._transcriptions.get(recording.item_id)
        if running is not None and running.settings == settings:
            return
        if running is not None:
            running.abandon()
        if settings is not None:
            self._transcribe(recording, settings)

    def _wanted(self) -> TranscriptionSettings | None:
        if self._state.transcription is None:
            return None
        return TranscriptionSettings(self._state.transcription_facts, self._state.hints)

    def _transcribe(self, recording: InputRecording, settings: TranscriptionSettings) -> None:
        hearing = self._hearing if len(self._transcriptions) < self._max_transcriptions else None
        transcription = RunningTranscription(
            recording, settings, hearing, self._plan, self._emit, self._transcription_ended
        )
        self._transcriptions[recording.item_id] = transcription
        transcription.start(self._tasks)

    def _transcription_ended(self, transcription: RunningTranscription) -> None:
        item_id = transcription.recording.item_id
        entry = self._conversation.find(item_id)
        if entry is not None and transcription.text is not None:
            entry.item = _user_item(item_id, transcription.text)
        if self._transcriptions.get(item_id) is transcription:
            del self._transcriptions[item_id]


def _user_item(item_id: str, transcript: str | None = None) -> JsonObject:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": transcript}],
    }
