"""What a response will be, how it can end, and the events of its one item.

`settle` is pure: `response.create` and the session in, a plan or `Refused` out.
"""

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
    """The final status of a response, with its reason."""

    status: ResponseStatus
    details: StatusDetails | None = None

    @property
    def item_status(self) -> str:
        """The final status of the response's item."""
        return "completed" if self.status == "completed" else "incomplete"


COMPLETED = ResponseOutcome("completed")


def cancelled(reason: Literal["turn_detected", "client_cancelled"]) -> ResponseOutcome:
    """The client or its speech ended the response."""
    return ResponseOutcome("cancelled", StatusDetails(type="cancelled", reason=reason))


def incomplete(reason: Literal["max_output_tokens", "content_filter"]) -> ResponseOutcome:
    """The response was cut at a limit."""
    return ResponseOutcome("incomplete", StatusDetails(type="incomplete", reason=reason))


def failed(failure: Failure) -> ResponseOutcome:
    """The response failed."""
    return ResponseOutcome("failed", StatusDetails(type="failed", error=failure.detail()))


_NO_PARAMETERS = ResponseParameters()


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """One response. `text` is spoken, or written if not `speaks`; `conversation_id` None: out of band."""

    id: str
    item_id: str
    conversation_id: str | None
    text: str
    speaks: bool
    voice: str
    speed: float
    format: JsonObject
    requested_max_tokens: int | str
    max_tokens: int
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
        """The response as it stands in an event."""
        return Response(
            id=self.id,
            status=status,
            status_details=details,
            output=list(output),
            conversation_id=self.conversation_id,
            output_modalities=["audio" if self.speaks else "text"],
            max_output_tokens=self.requested_max_tokens,
            audio={"output": {"format": self.format, "voice": self.voice}},
            usage=usage,
            metadata=self.metadata,
        )


def settle(
    parameters: ResponseParameters | None, state: SessionState, conversation: Conversation
) -> ResponsePlan:
    """Decide what a response will be. Raises: Refused."""
    parameters = parameters or _NO_PARAMETERS
    _check(parameters, state)
    session = state.report
    output = session["audio"]["output"] | _output(parameters)
    context = _context(parameters, conversation)
    instructions = session["instructions"] if parameters.instructions is UNSET else parameters.instructions
    modalities = parameters.output_modalities or session["output_modalities"]
    limit = parameters.max_output_tokens or session["max_output_tokens"]
    texts = [text for item in context if (text := text_of(item))]
    return ResponsePlan(
        id=new_id("resp"),
        item_id=new_id("item"),
        conversation_id=None if parameters.conversation == "none" else conversation.id,
        text=texts[-1] if texts else "",
        speaks=modalities == ["audio"],
        voice=output["voice"],
        speed=output["speed"],
        format=output["format"],
        requested_max_tokens=limit,
        max_tokens=limit if isinstance(limit, int) else state.facts.realtime.max_output_tokens,
        metadata=parameters.metadata or None,
        input_tokens=text_tokens(instructions) + sum(text_tokens(text) for text in texts),
    )


def _check(parameters: ResponseParameters, state: SessionState) -> None:
    if parameters.conversation is not UNSET and parameters.conversation not in ("auto", "none"):
        raise not_one_of("response.conversation", parameters.conversation, ("auto", "none"))
    if parameters.output_modalities is not UNSET:
        check_modalities(parameters.output_modalities, "response.output_modalities")
    if parameters.audio is not UNSET and parameters.audio.output is not UNSET:
        if parameters.audio.output.speed is not UNSET:
            raise unknown("response.audio.output.speed")
        check_output(parameters.audio.output, state.facts.voices, "response.audio.output")
    if parameters.max_output_tokens is not UNSET:
        most = state.facts.realtime.max_output_tokens
        check_max_output_tokens(parameters.max_output_tokens, most, "response.max_output_tokens")
    for name in () if state.facts.realtime.reasons else ("reasoning", "parallel_tool_calls"):
        if getattr(parameters, name) is not UNSET:
            raise unknown(f"response.{name}")
    check_tools([] if parameters.tools is UNSET else parameters.tools, parameters.tool_choice, "response")
    _check_metadata(parameters.metadata or {})
    for index, item in enumerate(parameters.input or ()):
        check_item(item, f"response.input[{index}]", references=True)


def _check_metadata(metadata: dict[str, str]) -> None:
    """16 pairs, keys of 64 and values of 512 characters (vendor limits)."""
    if len(metadata) > 16:
        raise invalid("response.metadata", "Invalid 'response.metadata': at most 16 pairs are allowed.")
    for key, value in metadata.items():
        if len(key) > 64 or len(value) > 512:
            message = "Invalid 'response.metadata': keys take 64 characters and values 512."
            raise invalid("response.metadata", message)


def _output(parameters: ResponseParameters) -> JsonObject:
    if parameters.audio is UNSET or parameters.audio.output is UNSET:
        return {}
    output: JsonObject = {}
    if parameters.audio.output.voice is not UNSET:
        output["voice"] = parameters.audio.output.voice
    if parameters.audio.output.format is not UNSET:
        output["format"] = full_format(parameters.audio.output.format)
    return output


def _context(parameters: ResponseParameters, conversation: Conversation) -> list[JsonObject]:
    """The items that the response is made from: its input if it has any, else the conversation."""
    if parameters.input is UNSET:
        return [entry.item for entry in conversation]
    return [_resolved(item, index, conversation) for index, item in enumerate(parameters.input)]


def _resolved(item: Item, index: int, conversation: Conversation) -> JsonObject:
    if item.type != "item_reference":
        return created(item)
    entry = conversation.find(item.id or "")
    if entry is None:
        path = f"response.input[{index}].id"
        raise invalid(path, f"Item with id '{str(item.id)[:100]}' does not exist.")
    return entry.item


class ResponseItem:
    """Sends the events of the response's item, in their order. `conversation` None: out of band."""

    def __init__(self, plan: ResponsePlan, emit: Emit, conversation: Conversation | None) -> None:
        self._plan = plan
        self._emit = emit
        self._conversation = conversation
        self._previous: str | None = None
        self._audio_done = False
        self.opened = False
        self.text = ""
        self.audio = bytearray()

    async def open(self) -> None:
        """Add the item and its part to the response, and to the conversation if there is one."""
        self.opened = True
        item = self._item("in_progress", [])
        if self._conversation is not None:
            self._previous = self._conversation.add(Entry(item))
        await self._emit(events.OutputItemAdded(response_id=self._plan.id, item=item))
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
            self._store(item)
            await self._emit(events.ItemDone(item=item, previous_item_id=self._previous))
        await self._emit(events.OutputItemDone(response_id=self._plan.id, item=item))
        return item

    @property
    def _path(self) -> JsonObject:
        return {"response_id": self._plan.id, "item_id": self._plan.item_id}

    def _store(self, item: JsonObject) -> None:
        """Store the final item, unless the client has deleted it."""
        entry = self._conversation.find(self._plan.item_id) if self._conversation is not None else None
        if entry is not None:
            entry.replace(item, bytes(self.audio))

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
            return {"type": "output_audio", "transcript": self.text}
        return {"type": "output_text", "text": self.text}

    def _part(self, *, empty: bool = False) -> JsonObject:
        """Parts keep their older names in GA as well (vendor's examples)."""
        text = "" if empty else self.text
        if self._plan.speaks:
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}
