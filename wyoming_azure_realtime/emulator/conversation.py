"""The conversation of a session: its items in order, what a client may create, and the events about them.

At most 1000 items and 64 MiB of their audio are kept; beyond that the oldest go first, as with the vendor's
truncation.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.emulator.wire import Emit, Refused, invalid, missing, new_id, not_one_of
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import ContentPart, Item, JsonObject

MAX_ITEMS = 1000
MAX_AUDIO_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Entry:
    """One item as it is reported, and its audio. `cut_ms`: where it was truncated, None if it was not."""

    item: JsonObject
    audio: bytes = b""
    audio_ms: int = field(init=False, default=0)
    cut_ms: int | None = None

    def __post_init__(self) -> None:
        self.replace(self.item, self.audio)

    @property
    def id(self) -> str:
        """The item's id."""
        return str(self.item["id"])

    def replace(self, item: JsonObject, audio: bytes) -> None:
        """Set the content, so far or as it is at the end; what was truncated stays so."""
        self.item, self.audio, self.audio_ms = item, audio, int(duration_ms(len(audio)))
        if self.cut_ms is not None:
            self.truncate(self.cut_ms)

    def truncate(self, ms: int) -> None:
        """Cut the audio, and drop its transcript."""
        self.cut_ms, self.audio_ms = ms, ms
        self.audio = self.audio[: ms * 48]
        self.item = {**self.item, "content": [{"type": "output_audio", "transcript": None}]}


class Conversation:
    """The items, oldest first."""

    def __init__(self) -> None:
        self.id = new_id("conv")
        self._entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def find(self, item_id: str) -> Entry | None:
        """The item with that id, None if there is none."""
        return next((entry for entry in self._entries if entry.id == item_id), None)

    def add(self, entry: Entry, previous_item_id: str | None = None) -> str | None:
        """Insert after `previous_item_id` (`root`: first; None: last); return the id before it."""
        if self.find(entry.id):
            raise invalid("item.id", f"Error adding item: an item with id '{entry.id}' already exists.")
        place = self._place(previous_item_id)
        self._entries.insert(place, entry)
        previous = self._entries[place - 1].id if place else None
        self._forget_oldest()
        return previous

    def get(self, item_id: str, doing: str) -> Entry:
        """The item, or a refusal; `doing`: retrieve, delete or truncate."""
        entry = self.find(item_id)
        if entry is None:
            raise Refused(
                f"item_{doing}_invalid_item_id",
                f"Error {_ING[doing]} item: the item with id '{item_id[:100]}' does not exist.",
                "item_id",
            )
        return entry

    def delete(self, item_id: str) -> None:
        """Remove an item."""
        self._entries.remove(self.get(item_id, "delete"))

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Cut the audio of an assistant's item, and drop its transcript."""
        entry = self.get(item_id, "truncate")
        if entry.item.get("role") != "assistant" or not entry.audio_ms:
            raise invalid("item_id", "Only model output audio messages can be truncated.")
        if content_index != 0:
            raise invalid("content_index", f"Invalid value: {content_index}. The item has one content part.")
        if audio_end_ms < 0:
            raise invalid("audio_end_ms", f"Invalid value: {audio_end_ms}. It must not be negative.")
        if audio_end_ms > entry.audio_ms:
            raise invalid(
                "audio_end_ms",
                f"Audio content of {entry.audio_ms}ms is already shorter than {audio_end_ms}ms",
            )
        entry.truncate(audio_end_ms)

    def has_call(self, call_id: str) -> bool:
        """Whether a call of that id was made."""
        return any(
            entry.item["type"] == "function_call" and entry.item.get("call_id") == call_id
            for entry in self._entries
        )

    def _place(self, previous_item_id: str | None) -> int:
        if previous_item_id is None:
            return len(self._entries)
        if previous_item_id == "root":
            return 0
        previous = self.find(previous_item_id)
        if previous is None:
            raise invalid(
                "previous_item_id",
                f"Error adding item: the previous item with id '{previous_item_id[:100]}' does not exist.",
            )
        return self._entries.index(previous) + 1

    def _forget_oldest(self) -> None:
        del self._entries[:-MAX_ITEMS]
        spare = MAX_AUDIO_BYTES
        for entry in reversed(self._entries):
            spare -= len(entry.audio)
            if spare < 0:
                entry.audio = b""


_ING = {"retrieve": "retrieving", "delete": "deleting", "truncate": "truncating"}


_CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_PARTS = {
    "user": ("input_text", "input_audio", "input_image"),
    "system": ("input_text",),
    "assistant": ("output_text",),
}
_REQUIRED = {
    "function_call": ("name", "arguments"),
    "function_call_output": ("call_id", "output"),
    "item_reference": ("id",),
}


def check_item(item: Item, path: str, *, references: bool = False) -> None:
    """Refuse an item that no client may create. `references`: references to other items are allowed."""
    kinds = ("message", "function_call", "function_call_output", *(("item_reference",) * references))
    if item.type not in kinds:
        raise not_one_of(f"{path}.type", item.type, kinds)
    for name in _REQUIRED.get(item.type, ()):
        if getattr(item, name) is UNSET:
            raise missing(f"{path}.{name}")
    if item.call_id is not UNSET and not _CALL_ID.fullmatch(item.call_id):
        where = f"{path}.call_id"
        raise invalid(
            where,
            f"Invalid '{where}': string does not match pattern. Expected a string that matches the pattern "
            f"'^{_CALL_ID.pattern}$'.",
        )
    if item.type == "message":
        _check_message(item, path)


def check_calls(items: Sequence[Item]) -> None:
    """Refuse results in a response's input without their calls beside them.

    A call that the session holds does not count (field reports).
    """
    calls = {item.call_id for item in items if item.type == "function_call"}
    for index, item in enumerate(items):
        if item.type == "function_call_output" and item.call_id not in calls:
            raise _no_such_call(str(item.call_id), f"response.input[{index}].call_id")


def _no_such_call(call_id: str, path: str) -> Refused:
    message = f"Tool call ID '{call_id[:100]}' not found in conversation."
    return Refused("invalid_tool_call_id", message, path)


def created(item: Item) -> JsonObject:
    """The item as it is reported, without audio."""
    content = [_reported(part) for part in item.content or ()]
    report: JsonObject = {
        "id": item.id or new_id("item"),
        "object": "realtime.item",
        "type": item.type,
        "status": "completed",
    }
    optional = ("role", "call_id", "name", "arguments", "output", "phase")
    named = {name: getattr(item, name) for name in optional if getattr(item, name) is not UNSET}
    if item.type == "function_call":
        named.setdefault("call_id", new_id("call"))
    return report | named | ({"content": content} if item.type == "message" else {})


def audio_of(item: Item, path: str) -> bytes:
    """The audio of a user's item; refuses what is not base64."""
    pieces = []
    for index, part in enumerate(item.content or ()):
        try:
            pieces.append(base64.b64decode(part.audio or "", validate=True))
        except (binascii.Error, ValueError) as error:
            where = f"{path}.content[{index}].audio"
            raise invalid(where, f"Invalid '{where}'. Expected base64-encoded audio bytes.") from error
    return b"".join(pieces)


def text_of(item: JsonObject) -> str:
    """The text of a user's message; empty for other items."""
    if item.get("type") != "message" or item.get("role") != "user":
        return ""
    return "".join(str(part["text"]) for part in item["content"] if part["type"] == "input_text")


def _check_message(item: Item, path: str) -> None:
    if item.role is UNSET:
        raise missing(f"{path}.role")
    if item.role not in _PARTS:
        raise not_one_of(f"{path}.role", item.role, tuple(_PARTS))
    if item.content is UNSET:
        raise missing(f"{path}.content")
    for index, part in enumerate(item.content):
        _check_part(part, item.role, f"{path}.content[{index}]")


def _check_part(part: ContentPart, role: str, path: str) -> None:
    if role == "assistant" and part.type == "output_audio":
        raise missing(
            f"{path}.text"
        )  # the service's answer to speech that is played back to it (field reports)
    if part.type not in _PARTS[role]:
        raise not_one_of(f"{path}.type", part.type, _PARTS[role])
    needed = {"input_audio": "audio", "input_image": "image_url"}.get(part.type, "text")
    if not isinstance(getattr(part, needed), str):
        raise missing(f"{path}.{needed}")


def _reported(part: ContentPart) -> JsonObject:
    report: JsonObject = {"type": part.type}
    if part.type == "input_audio":
        return report | {"transcript": part.transcript if isinstance(part.transcript, str) else None}
    if part.type == "input_image":
        return report | {"image_url": part.image_url}
    return report | {"text": part.text}


class ItemEvents:
    """Handles the client events that create, retrieve, truncate and delete items."""

    def __init__(self, conversation: Conversation, emit: Emit) -> None:
        self._conversation = conversation
        self._emit = emit

    async def create(self, event: client.ConversationItemCreate) -> None:
        """Add an item; answered by added and done, in the older dialect by created."""
        check_item(event.item, "item")
        call_id = event.item.call_id
        if event.item.type == "function_call_output" and not self._conversation.has_call(str(call_id)):
            raise _no_such_call(str(call_id), "item.call_id")
        entry = Entry(created(event.item), audio_of(event.item, "item"))
        previous = self._conversation.add(entry, event.previous_item_id)
        await self._emit(events.ItemAdded(item=entry.item, previous_item_id=previous))
        await self._emit(events.ItemDone(item=entry.item, previous_item_id=previous))

    async def retrieve(self, event: client.ConversationItemRetrieve) -> None:
        """Answer with the item and its audio."""
        entry = self._conversation.get(event.item_id, "retrieve")
        await self._emit(events.ItemRetrieved(item=_with_audio(entry)))

    async def truncate(self, event: client.ConversationItemTruncate) -> None:
        """Cut an item's audio and confirm it."""
        self._conversation.truncate(event.item_id, event.content_index, event.audio_end_ms)
        await self._emit(
            events.ItemTruncated(
                item_id=event.item_id, content_index=event.content_index, audio_end_ms=event.audio_end_ms
            )
        )

    async def delete(self, event: client.ConversationItemDelete) -> None:
        """Remove an item and confirm it."""
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
