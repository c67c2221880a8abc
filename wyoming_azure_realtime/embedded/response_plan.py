"""What a response will be, settled before it begins: pure, from `response.create` and the session."""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import UNSET

from wyoming_azure_realtime.embedded import session_rules as rules
from wyoming_azure_realtime.embedded.conversation import Conversation
from wyoming_azure_realtime.embedded.ids import fresh
from wyoming_azure_realtime.embedded.item_rules import check_item, created, text_of
from wyoming_azure_realtime.embedded.refusals import invalid, not_one_of, unknown
from wyoming_azure_realtime.embedded.session_state import SessionState
from wyoming_azure_realtime.embedded.usage import text_tokens
from wyoming_azure_realtime.realtime.shapes import (
    Item,
    JsonObject,
    Response,
    ResponseParameters,
    StatusDetails,
)

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
        id=fresh("resp"),
        item_id=fresh("item"),
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
        rules.check_modalities(wanted.output_modalities, "response.output_modalities")
    if wanted.audio is not UNSET and wanted.audio.output is not UNSET:
        if wanted.audio.output.speed is not UNSET:
            raise unknown("response.audio.output.speed")
        rules.check_output(wanted.audio.output, state.facts.voices, "response.audio.output")
    if wanted.max_output_tokens is not UNSET:
        most = state.facts.realtime.max_output_tokens
        rules.check_max_output_tokens(wanted.max_output_tokens, most, "response.max_output_tokens")
    for name in () if state.facts.realtime.reasons else ("reasoning", "parallel_tool_calls"):
        if getattr(wanted, name) is not UNSET:
            raise unknown(f"response.{name}")
    rules.check_tools([] if wanted.tools is UNSET else wanted.tools, wanted.tool_choice, "response")
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
        output["format"] = rules.full_format(wanted.audio.output.format)
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
