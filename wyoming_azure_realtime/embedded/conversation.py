"""The conversation: items in order, with as much of their audio as memory allows."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from wyoming_azure_realtime.audio.pcm import duration_ms
from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.refusals import Refused, invalid
from wyoming_azure_realtime.realtime.shapes import JsonObject

MAX_ITEMS = 1000
MAX_AUDIO_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Entry:
    """One item as it is reported, its audio apart from it."""

    item: JsonObject
    audio: bytes = b""
    audio_ms: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.hold(self.item, self.audio)

    @property
    def id(self) -> str:
        """The item's id."""
        return str(self.item["id"])

    def hold(self, item: JsonObject, audio: bytes) -> None:
        """Have its final content."""
        self.item, self.audio, self.audio_ms = item, audio, int(duration_ms(len(audio)))


class Conversation:
    """Items by id, oldest first; beyond the limits the oldest leave, as the vendor's truncation does."""

    def __init__(self) -> None:
        self.id = fresh("conv")
        self._entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def find(self, item_id: str) -> Entry | None:
        """The item of that id."""
        return next((entry for entry in self._entries if entry.id == item_id), None)

    def add(self, entry: Entry, previous_item_id: str | None = None) -> str | None:
        """Insert after `previous_item_id` (`root`: in front; None: at the end); return what it follows."""
        if self.find(entry.id):
            raise invalid("item.id", f"Error adding item: an item with id '{entry.id}' already exists.")
        place = self._place(previous_item_id)
        self._entries.insert(place, entry)
        previous = self._entries[place - 1].id if place else None
        self._forget_oldest()
        return previous

    def get(self, item_id: str, doing: str) -> Entry:
        """The item, or the refusal of `doing` (retrieve, delete, truncate) something to it."""
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
        """Cut the audio of something the assistant said, and forget its transcript."""
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
        entry.audio = entry.audio[: audio_end_ms * 48]
        entry.audio_ms = audio_end_ms
        entry.item = {**entry.item, "content": [{"type": "output_audio", "transcript": None}]}

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
