"""What a response puts out: messages, spoken or written, and function calls, with their pace and faults.

An item sends its events in their order, and enters the conversation if the response belongs to it.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from itertools import chain, cycle, islice
from typing import Protocol

import msgspec

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.emulator.conversation import Conversation, Entry
from wyoming_azure_realtime.emulator.engines import MS_PER_CHARACTER, FunctionCall, SynthesisEngine
from wyoming_azure_realtime.emulator.faults import Disconnect, ResponseFaults
from wyoming_azure_realtime.emulator.models import spoken_tokens, text_tokens
from wyoming_azure_realtime.emulator.response_plan import (
    COMPLETED,
    ResponseOutcome,
    ResponsePlan,
    failed,
    incomplete,
)
from wyoming_azure_realtime.emulator.wire import Emit, encoder, new_id, words
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject


class ResponseItem(Protocol):
    """One item of a response, from `open` to `close`. `text`: what it says so far, for its tokens."""

    text: str

    async def open(self) -> None:
        """Add the item to the response, and to the conversation if there is one."""

    async def close(self, status: str) -> JsonObject:
        """Send the `done` events of everything open; return the item for `response.done`."""


class MessageItem:
    """A message. `conversation` None: out of band. `index`: its place in the response."""

    def __init__(
        self, plan: ResponsePlan, emit: Emit, conversation: Conversation | None, index: int = 0
    ) -> None:
        self._plan = plan
        self._emit = emit
        self._conversation = conversation
        self._index = index
        self._id = new_id("item")
        self._entry: Entry | None = None
        self._previous: str | None = None
        self._audio_done = False
        self.text = ""
        self.audio = bytearray()

    async def open(self) -> None:
        """Add the item and its part to the response, and to the conversation if there is one."""
        item = self._item("in_progress", [])
        if self._conversation is not None:
            self._entry = Entry(item)
            self._previous = self._conversation.add(self._entry)
        await self._emit(
            events.OutputItemAdded(response_id=self._plan.id, output_index=self._index, item=item)
        )
        if self._conversation is not None:
            await self._emit(events.ItemAdded(item=item, previous_item_id=self._previous))
        await self._emit(events.ContentPartAdded(**self._path, part=self._part(empty=True)))

    async def add_words(self, words: str) -> None:
        """Send words of the transcript, or of the text."""
        self.text += words
        kind = events.AudioTranscriptDelta if self._plan.speaks else events.TextDelta
        await self._emit(kind(**self._path, delta=words))

    async def add_audio(self, pcm: bytes, encoded: bytes) -> None:
        """Send audio. `pcm`: as it is kept; `encoded`: as it is sent."""
        self.audio += pcm
        if self._entry is not None and self._entry.cut_ms is None:
            self._entry.audio_ms = int(duration_ms(len(self.audio)))  # it may be truncated already
        await self._emit(events.AudioDelta(**self._path, delta=encoded))

    async def end_audio(self) -> None:
        """Send that the audio is done, once."""
        if not self._audio_done:
            self._audio_done = True
            await self._emit(events.AudioDone(**self._path))

    async def close(self, status: str) -> JsonObject:
        """Send the `done` events of everything open; return the item for `response.done`."""
        if self._plan.speaks:
            await self.end_audio()
            await self._emit(events.AudioTranscriptDone(**self._path, transcript=self.text))
        else:
            await self._emit(events.TextDone(**self._path, text=self.text))
        await self._emit(events.ContentPartDone(**self._path, part=self._part()))
        item = self._item(status, [self._content()])
        if self._conversation is not None:
            _store(self._conversation, item, bytes(self.audio))
            await self._emit(events.ItemDone(item=item, previous_item_id=self._previous))
        await self._emit(
            events.OutputItemDone(response_id=self._plan.id, output_index=self._index, item=item)
        )
        return item

    @property
    def _path(self) -> JsonObject:
        return {"response_id": self._plan.id, "item_id": self._id, "output_index": self._index}

    def _item(self, status: str, content: list[JsonObject]) -> JsonObject:
        return {
            "id": self._id,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _content(self) -> JsonObject:
        if self._plan.speaks:
            return {"type": "output_audio", "transcript": self.text}
        return {"type": "output_text", "text": self.text}

    def _part(self, *, empty: bool = False) -> JsonObject:
        """Parts keep their older names in GA as well (vendor's examples)."""
        text = "" if empty else self.text
        if self._plan.speaks:
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}


class CallItem:
    """A function call, whose arguments are streamed as JSON text; cut short they are no JSON."""

    def __init__(
        self,
        plan: ResponsePlan,
        emit: Emit,
        conversation: Conversation | None,
        index: int,
        call: FunctionCall,
    ) -> None:
        self._plan = plan
        self._emit = emit
        self._conversation = conversation
        self._index = index
        self._id, self._call_id = new_id("item"), new_id("call")
        self._name = call.name
        self._previous: str | None = None
        self.arguments = msgspec.json.encode(call.arguments).decode()
        self.text = ""

    async def open(self) -> None:
        """Add the item to the response, and to the conversation if there is one."""
        item = self._item("in_progress")
        if self._conversation is not None:
            self._previous = self._conversation.add(Entry(item))
        await self._emit(
            events.OutputItemAdded(response_id=self._plan.id, output_index=self._index, item=item)
        )
        if self._conversation is not None:
            await self._emit(events.ItemAdded(item=item, previous_item_id=self._previous))

    async def add_arguments(self, piece: str) -> None:
        """Send a piece of the arguments."""
        self.text += piece
        await self._emit(events.FunctionCallArgumentsDelta(**self._path, delta=piece))

    async def close(self, status: str) -> JsonObject:
        """Send the `done` events; return the item for `response.done`."""
        await self._emit(events.FunctionCallArgumentsDone(**self._path, name=self._name, arguments=self.text))
        item = self._item(status)
        if self._conversation is not None:
            _store(self._conversation, item, b"")
            await self._emit(events.ItemDone(item=item, previous_item_id=self._previous))
        await self._emit(
            events.OutputItemDone(response_id=self._plan.id, output_index=self._index, item=item)
        )
        return item

    @property
    def _path(self) -> JsonObject:
        return {
            "response_id": self._plan.id,
            "item_id": self._id,
            "output_index": self._index,
            "call_id": self._call_id,
        }

    def _item(self, status: str) -> JsonObject:
        return {
            "id": self._id,
            "object": "realtime.item",
            "type": "function_call",
            "status": status,
            "call_id": self._call_id,
            "name": self._name,
            "arguments": self.text,
        }


def _store(conversation: Conversation, item: JsonObject, audio: bytes) -> None:
    """Store a final item, unless the client has deleted it."""
    entry = conversation.find(str(item["id"]))
    if entry is not None:
        entry.replace(item, audio)


# odd on purpose: a delta need not end on a whole sample; the first is short, so that audio begins early
_FIRST = (2401,)
_LATER = (4801, 7203, 2399, 9605, 5997, 12001, 3599)
WORDS_AT_FIRST = 4
WORDS_PER_DELTA = 2


async def irregular(audio: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in deltas of 50 to 250 ms; closes `audio` at the end."""
    sizes, waiting = chain(_FIRST, cycle(_LATER)), bytearray()
    size = next(sizes)
    async with aclosing(audio):
        async for piece in audio:
            waiting += piece
            while len(waiting) >= size:
                yield bytes(waiting[:size])
                del waiting[:size]
                size = next(sizes)
    if waiting:
        yield bytes(waiting)


class TextAhead:
    """The words of a transcript, taken slightly before their audio."""

    def __init__(self, text: str) -> None:
        self._words = words(text)

    def take(self, count: int) -> Iterator[str]:
        """The next words."""
        return islice(self._words, count)


class FaultInjection:
    """Makes the faults of one response happen, and keeps the pace of its output.

    Where a fault says that nothing follows, it waits until the response is stopped.
    """

    def __init__(
        self, faults: ResponseFaults, emit: Emit, disconnect: Callable[[Disconnect], Awaitable[None]]
    ) -> None:
        self.faults = faults
        self._emit, self._disconnect = emit, disconnect
        self._asked_at = self._started_at = time.monotonic()

    async def before_created(self) -> None:
        """Wait for ever when the response shall send nothing."""
        if self.faults.silent:
            await _forever()

    def instead(self) -> ResponseOutcome | None:
        """The outcome of a response that ends before its item; None when it goes on."""
        if self.faults.failed:
            return failed(self.faults.failed)
        return COMPLETED if self.faults.empty else None

    async def before_tokens(self) -> None:
        """Delay the first token; the time since the response was asked for counts."""
        await _until(self._asked_at + self.faults.first_token_ms / 1000)
        self._started_at = time.monotonic()

    async def before_audio(self) -> None:
        """Delay the first audio."""
        await asyncio.sleep(self.faults.first_audio_ms / 1000)
        self._started_at = time.monotonic()

    async def amid_audio(self, sent_ms: float) -> ResponseOutcome | None:
        """Keep the pace, and let the faults after `sent_ms` of audio happen; return an early outcome."""
        await _until(self._started_at + sent_ms / 1000 * self.faults.generation_pace)
        return await self._strike(sent_ms)

    async def amid_text(self, written: str) -> ResponseOutcome | None:
        """The same after `written`, all text of the response so far."""
        if self.faults.tokens_per_second:
            await _until(self._started_at + text_tokens(written) / self.faults.tokens_per_second)
        return await self._strike(len(written) * MS_PER_CHARACTER)

    async def _strike(self, sent_ms: float) -> ResponseOutcome | None:
        faults = self.faults
        if faults.disconnect and sent_ms >= faults.disconnect.after_ms:
            await self._disconnect(faults.disconnect)
            await _forever()
        if faults.error:
            await self._emit(events.Error(error=faults.error.detail()))
            await _forever()
        if faults.stall and sent_ms >= faults.stall.after_ms:
            await _forever()
        if faults.shortened and sent_ms >= faults.shortened.after_ms:
            return incomplete(faults.shortened.reason)
        return None


async def _until(due: float) -> None:
    """Until `time.monotonic()` is `due`; lets others run in any case."""
    await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _forever() -> None:
    """Until the response is stopped, or its session ends."""
    await asyncio.Event().wait()


class SpeechGeneration:
    """Speaks a text as the audio of one message. `audio_sent` is called with every delta of audio."""

    def __init__(
        self, message: MessageItem, text: str, plan: ResponsePlan, audio_sent: Callable[[], None]
    ) -> None:
        self._message = message
        self._text = text
        self._words = TextAhead(text)
        self._plan = plan
        self._audio_sent = audio_sent

    async def run(self, synthesizer: SynthesisEngine, injection: FaultInjection) -> ResponseOutcome:
        """Send all words and all audio, unless a limit or a fault ends it. Raises: SpeechServiceError."""
        if self._plan.as_it_stands:
            await self._message.add_words("".join(self._words.take(sys.maxsize)))
        await self._send_words(WORDS_AT_FIRST)
        await injection.before_audio()
        spoken = synthesizer.speak(
            self._text, voice=self._plan.speaker, speed=self._plan.speed, language=self._plan.language
        )
        outcome = await self._synthesize(irregular(spoken), injection)
        if outcome is COMPLETED:
            await self._send_words(sys.maxsize)
        return outcome

    async def _synthesize(
        self, audio: AsyncGenerator[bytes, None], injection: FaultInjection
    ) -> ResponseOutcome:
        late = injection.faults.late_audio
        convert, held = encoder(self._plan.format), b""
        async with aclosing(audio):
            async for pcm in audio:
                end = await injection.amid_audio(duration_ms(len(self._message.audio)))
                if end is not None:
                    return end
                if self._tokens(len(pcm)) > self._plan.max_tokens:
                    return incomplete("max_output_tokens")
                now, held = (held, pcm) if late else (pcm, b"")
                await self._send_audio(now, convert.convert(now))
        if late:
            await self._message.end_audio()
        await self._send_audio(held, convert.convert(held) + convert.flush())
        return COMPLETED

    async def _send_audio(self, pcm: bytes, encoded: bytes) -> None:
        await self._send_words(WORDS_PER_DELTA)
        if encoded:
            self._audio_sent()
            await self._message.add_audio(pcm, encoded)

    async def _send_words(self, count: int) -> None:
        for word in self._words.take(count):
            await self._message.add_words(word)

    def _tokens(self, more_audio: int) -> int:
        return spoken_tokens(len(self._message.audio) + more_audio) + text_tokens(self._message.text)
