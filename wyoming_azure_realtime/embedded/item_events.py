"""Client events that touch the conversation's items, and what answers them."""

import base64
from collections.abc import Awaitable, Callable

from wyoming_azure_realtime.embedded.conversation import Conversation, Entry
from wyoming_azure_realtime.embedded.item_rules import audio_of, check_item, created
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import JsonObject

Emit = Callable[[events.ServerEvent], Awaitable[None]]


class ItemEvents:
    """Create, retrieve, truncate, delete."""

    def __init__(self, conversation: Conversation, emit: Emit) -> None:
        self._conversation = conversation
        self._emit = emit

    async def create(self, event: client.ConversationItemCreate) -> None:
        """Answered by added and done (in the older dialect: created)."""
        check_item(event.item, "item")
        entry = Entry(created(event.item), audio_of(event.item, "item"))
        previous = self._conversation.add(entry, event.previous_item_id)
        await self._emit(events.ItemAdded(item=entry.item, previous_item_id=previous))
        await self._emit(events.ItemDone(item=entry.item, previous_item_id=previous))

    async def retrieve(self, event: client.ConversationItemRetrieve) -> None:
        """Answered with the audio."""
        entry = self._conversation.get(event.item_id, "retrieve")
        await self._emit(events.ItemRetrieved(item=_with_audio(entry)))

    async def truncate(self, event: client.ConversationItemTruncate) -> None:
        """Answered when it is cut."""
        self._conversation.truncate(event.item_id, event.content_index, event.audio_end_ms)
        await self._emit(
            events.ItemTruncated(
                item_id=event.item_id, content_index=event.content_index, audio_end_ms=event.audio_end_ms
            )
        )

    async def delete(self, event: client.ConversationItemDelete) -> None:
        """Answered when it is gone."""
        self._conversation.delete(event.item_id)
        await self._emit(events.ItemDeleted(item_id=event.item_id))


def _with_audio(entry: Entry) -> JsonObject:
    if not entry.audio:
        return entry.item
    audio = base64.b64encode(entry.audio).decode()
    content = [
        {**part, "audio": audio} if part["type"] in ("input_audio", "output_audio") else part
        for part in entry.item["content"]
    ]
    return {**entry.item, "content": content}
