"""One request for speech in progress: text in, as it comes; audio out, as it is generated.

The text is cut into pieces, and every piece is spoken by a segment of its own; the next one is generated
while one is played. Reading text, splitting it, asking for speech and handing out audio wait for each other
only where a limit is reached: two segments, and the audio that each keeps. A text that is longer than it may
be is spoken up to the limit; then comes the error.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from types import TracebackType

from wyoming_azure_realtime.admission.memory import Claim, MemoryBudget
from wyoming_azure_realtime.audio.joining import Joiner
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, silence
from wyoming_azure_realtime.errors import (
    ContentMismatch,
    InternalError,
    PoolClosed,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.speech.catalog import Voice
from wyoming_azure_realtime.speech.segment_request import SynthesisContext
from wyoming_azure_realtime.speech.segment_synthesis import SegmentSynthesis
from wyoming_azure_realtime.text.pieces import Piece, Pieces

SILENCE_MS = 20
"""What a text without anything to say becomes, since clients wait for audio."""

MOST_SEGMENTS = 2
"""Segments at a time: the one that is played, and the next."""

_AT_ONCE = 1000  # characters that are read before others have their turn

HURRY_SECONDS = 0.3
"""Without more text for so long, the text so far is spoken although its sentence may go on."""

AFTER_FAILURE_SECONDS = 5.0
"""For which the service may be waited for with a piece after one of the same text was left out."""

_LOGGER = logging.getLogger(__name__)


class Synthesis:
    """Enter it, `write` the text, `finish`, and read `audio`. Leaving it early cancels the responses.

    `memory`: that of all requests; `client`: the address that asks, empty if unknown.
    """

    def __init__(
        self, context: SynthesisContext, voice: Voice, pieces: Pieces, memory: MemoryBudget, client: str = ""
    ) -> None:
        self.voice = voice
        self._memory = memory
        self._client = client
        self._claim: Claim | None = None
        self._context = context
        self._recorder = context.recorder
        self._pieces = pieces
        self._more_text = asyncio.Event()
        self._under_way = asyncio.Semaphore(MOST_SEGMENTS)
        self._segments: asyncio.Queue[SegmentSynthesis | SpeechServiceError | None] = asyncio.Queue()
        self._started: set[SegmentSynthesis] = set()
        self._task: asyncio.Task[None] | None = None
        self._failure: SpeechServiceError | None = None  # of the first piece that was left out

    async def __aenter__(self) -> "Synthesis":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for segment in self._started:
            segment.abandon()
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            for segment in self._started:
                segment.abandon()
                await segment.ended()
        finally:
            if self._claim is not None:
                self._claim.release()
            self._recorder.end()

    def begun_ahead(self) -> None:
        """Nobody has asked for it yet, and perhaps nobody will."""
        self._recorder.begun_ahead()

    def claimed(self) -> None:
        """Somebody asks for what was begun ahead."""
        self._recorder.claimed()

    async def write(self, text: str) -> None:
        """Add text, cut anywhere; beyond `speech.max_characters` it is ignored. Raises `InvalidRequest`."""
        for at in range(0, len(text), _AT_ONCE):
            if at:
                await asyncio.sleep(0)
            if self._pieces.finished:
                break
            part = text[at : at + _AT_ONCE]
            self._recorder.characters += len(part)
            self._recorder.said(part)
            self._pieces.add(part)
        self._more_text.set()

    def finish(self) -> None:
        """End the text. Raises `InvalidRequest`."""
        self._recorder.input_ended()
        self._pieces.finish()
        self._more_text.set()

    def require_whole(self) -> None:
        """Refuse a text of which only a part would be spoken. Raises `TextTooLong`, `InvalidRequest`."""
        if error := self._pieces.left_out:
            self._recorder.failed(error)
            raise error

    async def audio(self) -> AsyncIterator[bytes]:
        """24 kHz PCM16 mono, as it is generated. Read it once. Raises the turn's `SpeechServiceError`."""
        try:
            async for pcm in self._joined():
                if pcm:
                    self._recorder.first_result()
                    self._recorder.audio_seconds += len(pcm) / BYTES_PER_SECOND
                    yield pcm
        except SpeechServiceError as error:
            self._recorder.failed(error)
            raise
        except Exception as error:
            _LOGGER.exception("Synthesis %s failed unexpectedly", self._recorder.id)
            failure = InternalError.of(error)
            self._recorder.failed(failure)
            raise failure from error
        self._recorder.outcome = "completed" if self._recorder.audio_seconds else "empty"
        if not self._recorder.audio_seconds:
            yield silence(SILENCE_MS)

    async def _joined(self) -> AsyncIterator[bytes]:
        """The audio of all segments, in order, joined. The next is spoken also after one that failed."""
        joiner, lead = Joiner(), self._context.speech.lead_in
        while (segment := await self._segments.get()) is not None:
            if isinstance(segment, SpeechServiceError):
                raise segment
            lead += segment.piece.lead
            try:
                async for pcm in segment.audio():
                    if lead and pcm:
                        yield silence(lead * 1000)
                        lead = 0.0
                    yield joiner.feed(pcm)
            except PoolClosed:
                raise
            except SpeechServiceError as error:
                self._failure = self._failure or error
            yield joiner.end(segment.piece.pause)
            await segment.ended()
            self._started.discard(segment)
            self._under_way.release()
        failure, some = self._failure, self._recorder.audio_seconds > 0
        # what the service would not say was logged; that it broke down must be known to the client
        if failure is not None and not (some and isinstance(failure, ContentMismatch)):
            raise failure

    async def _run(self) -> None:
        """Put every segment into the queue, then the end (None), or an error in the text."""
        current_turn.set(self._recorder.id)
        end: SpeechServiceError | None = None
        try:
            await self._begin_pieces()
            end = self._pieces.left_out
        except SpeechServiceError as error:
            end = error
        except Exception as error:
            _LOGGER.exception("Synthesis %s failed unexpectedly", self._recorder.id)
            end = InternalError.of(error)
        await self._segments.put(end)

    async def _begin_pieces(self) -> None:
        """Begin a segment for every piece, as soon as there is room for it."""
        hurry = False
        while True:
            finished = self._pieces.finished
            for piece in self._pieces.take(hurry=hurry):
                await self._under_way.acquire()
                segment = SegmentSynthesis(self._context, piece, self._patience, self._hold)
                self._started.add(segment)
                await self._segments.put(segment)
            if self._pieces.pending:
                await asyncio.sleep(0)
                continue
            if finished:
                return
            if not self._started:
                self._warm()
            hurry = await self._nothing_came(None if hurry else HURRY_SECONDS)

    def _hold(self, more: int) -> None:
        """So many bytes of audio more are in memory, or fewer. Where they are too many, all of it ends."""
        if not more:
            return
        if self._claim is None:
            self._claim = self._memory.claim(self._client, self._evicted)
            self._claim.owed = False
        try:
            self._claim.hold(more)
        except TooManyRequests as error:
            self._evicted(error)

    def _evicted(self, error: TooManyRequests) -> None:
        """Others need the memory."""
        if self._task is not None:
            self._task.cancel()
        for segment in self._started:
            segment.fail(error)
        self._segments.put_nowait(error)

    @property
    def _patience(self) -> float:
        """Seconds for the service to speak a piece; few after it has failed with one of this text."""
        usual = self._context.deadlines.request
        return usual if self._failure is None else min(usual, AFTER_FAILURE_SECONDS)

    def _warm(self) -> None:
        context = self._context
        if not context.backends.working() and context.fallback.candidates(""):
            return
        if context.backends.available:
            context.engine.sessions.warm(context.configure(context.backends.choose(), Piece("", 0.0)))

    async def _nothing_came(self, within: float | None) -> bool:
        """Whether there was no more text for so long; without a limit, only when there is."""
        try:
            async with asyncio.timeout(within):
                await self._more_text.wait()
        except TimeoutError:
            return True
        self._more_text.clear()
        return False
