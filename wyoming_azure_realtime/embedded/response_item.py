"""The one item of a response: its events from first to last, in the usual order."""

from collections.abc import Awaitable, Callable

from wyoming_azure_realtime.embedded.conversation import Conversation, Entry
from wyoming_azure_realtime.embedded.response_plan import ResponsePlan
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject

Emit = Callable[[events.ServerEvent], Awaitable[None]]


class ResponseItem:
    """Tells what was said so far. `conversation` is None out of band."""

    def __init__(self, plan: ResponsePlan, emit: Emit, conversation: Conversation | None) -> None:
        self._plan = plan
        self._emit = emit
        self._conversation = conversation
        self._previous: str | None = None
        self._audio_done = False
        self.opened = False
        self.said = ""
        self.audio = bytearray()

    async def open(self) -> None:
        """Item and part enter the response, and the conversation if there is one."""
        self.opened = True
        item = self._item("in_progress", [])
        if self._conversation is not None:
            self._previous = self._conversation.add(Entry(item))
        await self._emit(events.OutputItemAdded(response_id=self._plan.id, item=item))
        if self._conversation is not None:
            await self._emit(events.ItemAdded(item=item, previous_item_id=self._previous))
        await self._emit(events.ContentPartAdded(**self._path, part=self._part(empty=True)))

    async def say(self, words: str) -> None:
        """Some words of the transcript, or of the text."""
        self.said += words
        kind = events.AudioTranscriptDelta if self._plan.speaks else events.TextDelta
        await self._emit(kind(**self._path, delta=words))

    async def sound(self, pcm: bytes, encoded: bytes) -> None:
        """Some audio, as it is kept and as it is sent."""
        self.audio += pcm
        await self._emit(events.AudioDelta(**self._path, delta=encoded))

    async def end_audio(self) -> None:
        """Audio is over. Once."""
        if not self._audio_done:
            self._audio_done = True
            await self._emit(events.AudioDone(**self._path))

    async def close(self, status: str) -> JsonObject:
        """The `done` events of everything open; return the item as `response.done` reports it."""
        if self._plan.speaks:
            await self.end_audio()
            await self._emit(events.AudioTranscriptDone(**self._path, transcript=self.said))
        else:
            await self._emit(events.TextDone(**self._path, text=self.said))
        await self._emit(events.ContentPartDone(**self._path, part=self._part()))
        item = self._item(status, [self._content()])
        if self._conversation is not None:
            self._keep(item)
            await self._emit(events.ItemDone(item=item, previous_item_id=self._previous))
        await self._emit(events.OutputItemDone(response_id=self._plan.id, item=item))
        return item

    @property
    def _path(self) -> JsonObject:
        return {"response_id": self._plan.id, "item_id": self._plan.item_id}

    def _keep(self, item: JsonObject) -> None:
        """The client may have deleted it in the meantime."""
        entry = self._conversation.find(self._plan.item_id) if self._conversation is not None else None
        if entry is not None:
            entry.hold(item, bytes(self.audio))

    def _item(self, status: str, content: list[JsonObject]) -> JsonObject:
        return {
            "id": self._plan.item_id,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _content(self) -> JsonObject:
        if self._plan.speaks:
            return {"type": "output_audio", "transcript": self.said}
        return {"type": "output_text", "text": self.said}

    def _part(self, *, empty: bool = False) -> JsonObject:
        """Parts keep their older names in GA as well (vendor's examples)."""
        said = "" if empty else self.said
        if self._plan.speaks:
            return {"type": "audio", "transcript": said}
        return {"type": "text", "text": said}
