"""How a response ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET

from wyoming_azure_realtime.emulator.conversation import Conversation, Entry, check_item, created, text_of
from wyoming_azure_realtime.emulator.faults import Failure
from wyoming_azure_realtime.emulator.models import text_tokens
from wyoming_azure_realtime.emulator.session_state import (
    SessionState,
    check_max_output_tokens,
    check_modalities,
    check_output,
    check_tools,
    full_format,
)
from wyoming_azure_realtime.emulator.wire import Emit, invalid, new_id, not_one_of, unknown
from wyoming_azure_realtime.realtime import server_events as events
from wyoming_azure_realtime.realtime.shapes import (
    Item,
    JsonObject,
    Response,
    ResponseParameters,
    StatusDetails,
)

ResponseStatus = Literal["completed", "cancelled", "incomplete", "failed"]


@dataclass(frozen=True, slots=True)
class ResponseOutcome:
    """One of the four final statuses, with its reason."""

    status: ResponseStatus
    details: StatusDetails | None = None

    @property
    def item_status(self) -> str:
        """What becomes of the item that was being spoken."""
        return "completed" if self.status == "completed" else "incomplete"


COMPLETED = ResponseOutcome("completed")


def cancelled(reason: Literal["turn_detected", "client_cancelled"]) -> ResponseOutcome:
    """Somebody asked for the end."""
    return ResponseOutcome("cancelled", StatusDetails(type="cancelled", reason=reason))


def incomplete(reason: Literal["max_output_tokens", "content_filter"]) -> ResponseOutcome:
    """It had to stop before its end."""
    return ResponseOutcome("incomplete", StatusDetails(type="incomplete", reason=reason))


def failed(failure: Failure) -> ResponseOutcome:
    """It could not be made."""
    return ResponseOutcome("failed", StatusDetails(type="failed", error=failure.detail()))


_NOTHING_SAID = ResponseParameters()


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """`text` is read aloud (or written). `conversation_id` None: out of band."""

    id: str
    item_id: str
    conversation_id: str | None
    text: str
    speaks: bool
    voice: str
    speed: float
    format: JsonObject
    asked_max_tokens: int | str
    most_tokens: int
    metadata: dict[str, str] | None
    input_tokens: int

    def report(
        self,
        status: str = "in_progress",
        *,
        details: StatusDetails | None = None,
        output: Iterable[JsonObject] = (),
        usage: JsonObject | None = None,
    ) -> Response:
        """The response as an event tells it."""
        return Response(
            id=self.id,
            status=status,
            status_details=details,
            output=list(output),
            conversation_id=self.conversation_id,
            output_modalities=["audio" if self.speaks else "text"],
            max_output_tokens=self.asked_max_tokens,
            audio={"output": {"format": self.format, "voice": self.voice}},
            usage=usage,
            metadata=self.metadata,
        )


def settle(
    wanted: ResponseParameters | None, state: SessionState, conversation: Conversation
) -> ResponsePlan:
    """The plan, or `Refused`."""
    wanted = wanted or _NOTHING_SAID
    _check(wanted, state)
    session = state.report
    output = session["audio"]["output"] | _output(wanted)
    context = _context(wanted, conversation)
    instructions = session["instructions"] if wanted.instructions is UNSET else wanted.instructions
    modalities = wanted.output_modalities or session["output_modalities"]
    asked = wanted.max_output_tokens or session["max_output_tokens"]
    texts = [text for item in context if (text := text_of(item))]
    return ResponsePlan(
        id=new_id("resp"),
        item_id=new_id("item"),
        conversation_id=None if wanted.conversation == "none" else conversation.id,
        text=texts[-1] if texts else "",
        speaks=modalities == ["audio"],
        voice=output["voice"],
        speed=output["speed"],
        format=output["format"],
        asked_max_tokens=asked,
        most_tokens=asked if isinstance(asked, int) else state.facts.realtime.max_output_tokens,
        metadata=wanted.metadata or None,
        input_tokens=text_tokens(instructions) + sum(text_tokens(text) for text in texts),
    )


def _check(wanted: ResponseParameters, state: SessionState) -> None:
    if wanted.conversation is not UNSET and wanted.conversation not in ("auto", "none"):
        raise not_one_of("response.conversation", wanted.conversation, ("auto", "none"))
    if wanted.output_modalities is not UNSET:
        check_modalities(wanted.output_modalities, "response.output_modalities")
    if wanted.audio is not UNSET and wanted.audio.output is not UNSET:
        if wanted.audio.output.speed is not UNSET:
            raise unknown("response.audio.output.speed")
        check_output(wanted.audio.output, state.facts.voices, "response.audio.output")
    if wanted.max_output_tokens is not UNSET:
        most = state.facts.realtime.max_output_tokens
        check_max_output_tokens(wanted.max_output_tokens, most, "response.max_output_tokens")
    for name in () if state.facts.realtime.reasons else ("reasoning", "parallel_tool_calls"):
        if getattr(wanted, name) is not UNSET:
            raise unknown(f"response.{name}")
    check_tools([] if wanted.tools is UNSET else wanted.tools, wanted.tool_choice, "response")
    _check_metadata(wanted.metadata or {})
    for place, item in enumerate(wanted.input or ()):
        check_item(item, f"response.input[{place}]", references=True)


def _check_metadata(metadata: dict[str, str]) -> None:
    """16 pairs, keys of 64 and values of 512 characters (vendor limits)."""
    if len(metadata) > 16:
        raise invalid("response.metadata", "Invalid 'response.metadata': at most 16 pairs are allowed.")
    for key, value in metadata.items():
        if len(key) > 64 or len(value) > 512:
            told = "Invalid 'response.metadata': keys take 64 characters and values 512."
            raise invalid("response.metadata", told)


def _output(wanted: ResponseParameters) -> JsonObject:
    if wanted.audio is UNSET or wanted.audio.output is UNSET:
        return {}
    output: JsonObject = {}
    if wanted.audio.output.voice is not UNSET:
        output["voice"] = wanted.audio.output.voice
    if wanted.audio.output.format is not UNSET:
        output["format"] = full_format(wanted.audio.output.format)
    return output


def _context(wanted: ResponseParameters, conversation: Conversation) -> list[JsonObject]:
    """What the response sees: its own input if it has any, else the conversation."""
    if wanted.input is UNSET:
        return [entry.item for entry in conversation]
    return [_resolved(item, place, conversation) for place, item in enumerate(wanted.input)]


def _resolved(item: Item, place: int, conversation: Conversation) -> JsonObject:
    if item.type != "item_reference":
        return created(item)
    entry = conversation.find(item.id or "")
    if entry is None:
        path = f"response.input[{place}].id"
        raise invalid(path, f"Item with id '{str(item.id)[:100]}' does not exist.")
    return entry.item


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
