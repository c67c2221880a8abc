"""The input of a session: audio appended, cut into segments by turn detection or by commits, and made items.

Audio comes in at `InputSide.append`, is decoded to 24 kHz PCM16, and passes the segment detector if the
session has turn detection. Every recording becomes an item of the conversation and, if the session has a
model for it, is transcribed meanwhile. Energy decides what is speech, in frames of 20 ms; times count from
the first byte of the session.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.conversation import Conversation, Entry
from wyoming_azure_realtime.emulator.engines import RecognitionEngine
from wyoming_azure_realtime.emulator.faults import FaultPlan
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.session_state import SessionState
from wyoming_azure_realtime.emulator.transcription import (
    InputBuffer,
    InputRecording,
    RunningTranscription,
    StartTask,
    TranscriptionSettings,
)
from wyoming_azure_realtime.emulator.wire import Emit, decoder
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject

FRAME_MS = 20
FRAME_BYTES = REALTIME.bytes_per_second * FRAME_MS // 1000
_QUIETEST_DB, _LOUDEST_DB = -60.0, -20.0
_ABOVE_NOISE_DB = 9.0
_NOISE_FOLLOWS = 0.05


class EnergyVad:
    """Finds speech by its energy. `threshold` 0 to 1: -60 to -20 dBFS; steady noise raises it."""

    def __init__(self, threshold: float = 0.5) -> None:
        self._least_db = _QUIETEST_DB + threshold * (_LOUDEST_DB - _QUIETEST_DB)
        self._noise_db = _QUIETEST_DB - _ABOVE_NOISE_DB

    def decide(self, frames: bytes) -> list[bool]:
        """For each whole frame of `frames`, whether it has speech."""
        samples = np.frombuffer(frames, "<i2").reshape(-1, FRAME_BYTES // REALTIME.frame_bytes)
        power = np.square(samples.astype(np.float64)).mean(axis=1)
        levels = 10 * np.log10(power / 32768.0**2 + 1e-12)
        return [self._is_speech(float(level)) for level in levels]

    def _is_speech(self, level: float) -> bool:
        speech = level > max(self._least_db, self._noise_db + _ABOVE_NOISE_DB)
        if not speech:
            self._noise_db += (level - self._noise_db) * _NOISE_FOLLOWS
        return speech


ONSET_FRAMES = 3
"""The number of frames of speech in a row that begin a segment."""

# the vendor waits for at most 8, 4 and 2 s; with nothing but energy to decide on, less is enough
_SEMANTIC_SILENCE_MS = {"low": 2000, "medium": 1000, "auto": 1000, "high": 500}
_BYTES_PER_MS = REALTIME.bytes_per_second // 1000


@dataclass(frozen=True, slots=True)
class SegmentStarted:
    """A segment begins; `audio`: what it has so far, with the prefix padding."""

    at_ms: int
    audio: bytes


@dataclass(frozen=True, slots=True)
class SegmentContinued:
    """More audio of the segment."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class SegmentStopped:
    """The segment ends; the silence at its end is part of it."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SilenceTimeout:
    """The idle timeout passed without speech; `audio`: the end of it, at most the prefix padding."""

    from_ms: int
    to_ms: int
    audio: bytes


SegmentEvent = SegmentStarted | SegmentContinued | SegmentStopped | SilenceTimeout


class SegmentDetector:
    """Cuts audio into segments by the session's `turn_detection`; the first byte is at `start_ms`."""

    def __init__(self, settings: JsonObject, start_ms: int = 0, *, in_segment: bool = False) -> None:
        semantic = settings["type"] == "semantic_vad"
        self._vad = EnergyVad(0.5 if semantic else settings["threshold"])
        self._padding_ms: int = 300 if semantic else settings["prefix_padding_ms"]
        self._silence_ms: int = (
            _SEMANTIC_SILENCE_MS[settings["eagerness"]] if semantic else settings["silence_duration_ms"]
        )
        self._idle_ms: int | None = settings.get("idle_timeout_ms")
        self._start_ms = self._idle_since = start_ms
        self._passed = 0
        self._rest = b""
        self._before = bytearray()
        self._onset = 0
        self._quiet_ms = 0
        self.in_segment = in_segment

    def feed(self, pcm: bytes) -> Iterator[SegmentEvent]:
        """Yield what happens in the audio, in order; to be consumed before the next call."""
        audio = self._rest + pcm
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        for index, speech in enumerate(self._vad.decide(audio[:whole]) if whole else ()):
            frame = audio[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
            self._passed += FRAME_BYTES
            yield from self._in_segment(frame, speech) if self.in_segment else self._in_silence(frame, speech)

    @property
    def _now_ms(self) -> int:
        return self._start_ms + self._passed // _BYTES_PER_MS

    def rest(self) -> bytes:
        """Remove and return the audio that is not a whole frame yet."""
        rest, self._rest = self._rest, b""
        self._passed += len(rest)
        return rest

    def skip(self, pcm: bytes) -> None:
        """Count the audio in time and drop it, with what came before: the buffer was cleared."""
        self._rest += pcm
        self.end_segment()

    def end_segment(self) -> None:
        """End the segment, as the client committed it."""
        self.rest()
        self._restart()

    def _restart(self) -> None:
        self.in_segment, self._onset, self._quiet_ms = False, 0, 0
        self._before.clear()
        self._idle_since = self._now_ms

    def _in_silence(self, frame: bytes, speech: bool) -> Iterator[SegmentEvent]:
        self._before += frame
        self._onset = self._onset + 1 if speech else 0
        keep = (self._padding_ms + max(1, self._onset) * FRAME_MS) * _BYTES_PER_MS
        del self._before[: max(0, len(self._before) - keep)]
        if self._onset >= ONSET_FRAMES:
            self.in_segment, self._quiet_ms = True, 0
            yield SegmentStarted(self._now_ms - len(self._before) // _BYTES_PER_MS, bytes(self._before))
            self._before.clear()
        elif self._idle_ms is not None and self._now_ms - self._idle_since >= self._idle_ms:
            yield SilenceTimeout(self._idle_since, self._now_ms, bytes(self._before))
            self._restart()

    def _in_segment(self, frame: bytes, speech: bool) -> Iterator[SegmentEvent]:
        self._quiet_ms = 0 if speech else self._quiet_ms + FRAME_MS
        yield SegmentContinued(frame)
        if not speech and self._quiet_ms >= self._silence_ms:
            self._restart()
            yield SegmentStopped(self._now_ms)


SegmentHook = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Do nothing."""


class InputSide:
    """Makes items of the audio; awaits `segment_started` and `segment_ended` for turn detection."""

    def __init__(
        self,
        state: SessionState,
        conversation: Conversation,
        emit: Emit,
        recognizer: RecognitionEngine | None,
        plan: FaultPlan,
        start: StartTask,
        options: ServerOptions,
    ) -> None:
        self._state = state
        self._conversation = conversation
        self._emit = emit
        self._recognizer = recognizer
        self._plan = plan
        self._start = start
        self._max_transcriptions = options.max_transcriptions
        self._buffer = InputBuffer(options.max_buffer_bytes)
        self._format: JsonObject = {}
        self._detection: JsonObject | None = None
        self._detector: SegmentDetector | None = None
        self._transcriptions: dict[str, RunningTranscription] = {}
        self.segment_started: SegmentHook = _nothing
        self.segment_ended: SegmentHook = _nothing
        self.reconfigure()

    def reconfigure(self) -> None:
        """Apply a changed configuration to the audio from here on."""
        session_input = self._state.report["audio"]["input"]
        if session_input["format"] != self._format:
            self._format = session_input["format"]
            self._decoder = decoder(self._format)
        self._change_detection(self._state.turn_detection)
        if self._buffer.recording is not None:
            self._update_transcription(self._buffer.recording)

    def _change_detection(self, settings: JsonObject | None) -> None:
        """Change the turn detection; a recording in progress goes on, as a segment or until its commit."""
        if settings == self._detection:
            return
        self._detection = settings
        self._record_rest()
        self._detector = None
        if settings is not None:
            in_segment = self._buffer.recording is not None
            self._detector = SegmentDetector(settings, self._buffer.elapsed_ms, in_segment=in_segment)

    async def append(self, audio: bytes) -> None:
        """Add audio in the session's input format; has no answer."""
        await self._process(self._decoder.convert(audio))

    async def _process(self, audio: bytes) -> None:
        pcm = self._buffer.whole_samples(audio)
        if self._detector is None:
            if pcm:
                self._record(pcm)
            return
        for event in self._detector.feed(pcm):
            await self._apply(event)

    async def commit(self) -> InputRecording:
        """Make an item of the buffer; answered by committed, added and done. Raises: Refused below 100 ms."""
        await self._flush()
        recording = self._buffer.commit()
        if self._detector is not None:
            self._detector.end_segment()
        await self._announce(recording)
        return recording

    async def clear(self) -> None:
        """Drop what was not committed; answered by cleared."""
        held_back = self._buffer.whole_samples(self._decoder.flush())
        self._buffer.clear()
        if self._detector is not None:
            self._detector.skip(held_back)
        await self._emit(events.BufferCleared())

    async def _flush(self) -> None:
        """Add what the converter and the detector still hold to the recording."""
        await self._process(self._decoder.flush())
        self._record_rest()

    def _record_rest(self) -> None:
        if self._detector is not None and self._detector.in_segment and (rest := self._detector.rest()):
            self._record(rest)

    def _record(self, pcm: bytes) -> InputRecording:
        begins = self._buffer.recording is None
        recording = self._buffer.append(pcm)
        if begins:
            self._update_transcription(recording)
        return recording

    async def _apply(self, event: SegmentEvent) -> None:
        match event:
            case SegmentStarted(at_ms, audio):
                recording = self._record(audio)
                await self._emit(events.SpeechStarted(audio_start_ms=at_ms, item_id=recording.item_id))
                await self.segment_started()
            case SegmentContinued(audio):
                self._record(audio)
            case SegmentStopped(at_ms):
                recording = self._buffer.seal()
                await self._emit(events.SpeechStopped(audio_end_ms=at_ms, item_id=recording.item_id))
                await self._announce(recording)
                await self.segment_ended()
            case SilenceTimeout(from_ms, to_ms, audio):
                await self._time_out(from_ms, to_ms, audio)

    async def _time_out(self, from_ms: int, to_ms: int, audio: bytes) -> None:
        self._record(audio)
        recording = self._buffer.seal()
        await self._emit(
            events.TimeoutTriggered(audio_start_ms=from_ms, audio_end_ms=to_ms, item_id=recording.item_id)
        )
        await self._announce(recording)
        await self.segment_ended()

    async def _announce(self, recording: InputRecording) -> None:
        """Send committed, then the item, and allow its transcript."""
        item = _user_item(recording.item_id)
        previous = self._conversation.add(Entry(item, bytes(recording.audio)))
        await self._emit(events.BufferCommitted(item_id=recording.item_id, previous_item_id=previous))
        await self._emit(events.ItemAdded(item=item, previous_item_id=previous))
        await self._emit(events.ItemDone(item=item, previous_item_id=previous))
        recording.announce()

    def _update_transcription(self, recording: InputRecording) -> None:
        """Transcribe the recording with the settings in effect; start again if they have changed."""
        settings = self._transcription_settings()
        running = self._transcriptions.get(recording.item_id)
        if running is not None and running.settings == settings:
            return
        if running is not None:
            running.abandon()
        if settings is not None:
            self._transcribe(recording, settings)

    def _transcription_settings(self) -> TranscriptionSettings | None:
        if self._state.transcription is None:
            return None
        return TranscriptionSettings(self._state.transcription_facts, self._state.hints)

    def _transcribe(self, recording: InputRecording, settings: TranscriptionSettings) -> None:
        recognizer = self._recognizer if len(self._transcriptions) < self._max_transcriptions else None
        transcription = RunningTranscription(
            recording, settings, recognizer, self._plan, self._emit, self._transcription_ended
        )
        self._transcriptions[recording.item_id] = transcription
        transcription.start(self._start)

    async def heard(self, entry: Entry) -> str:
        """The words of an item's sound: as they were transcribed, else recognized now; empty if unknown.

        What the model hears is not what the client is sent: a transcript may be late, lost or failed.
        """
        if (running := self._transcriptions.get(entry.id)) is not None:
            return await running.recognized()
        known = [part.get("transcript") for part in entry.item["content"] if part["type"] == "input_audio"]
        if all(text is not None for text in known):
            return " ".join(known)
        if self._recognizer is None:
            return ""
        async with self._recognizer.utterance(self._state.hints) as stream:
            stream.feed(entry.audio)
            return await stream.finish()

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
