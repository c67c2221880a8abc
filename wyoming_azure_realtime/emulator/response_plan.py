"""What a response will be, and how it can end.

`settle` is pure: `response.create` and the session in, a plan or `Refused` out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import UNSET

from wyoming_azure_realtime.emulator.checks import (
    check_choice,
    check_max_output_tokens,
    check_modalities,
    check_tools,
    full_format,
)
from wyoming_azure_realtime.emulator.conversation import (
    Conversation,
    Entry,
    audio_of,
    check_calls,
    check_item,
    created,
    text_of,
)
from wyoming_azure_realtime.emulator.engines import AnswerRequest, ContextItem
from wyoming_azure_realtime.emulator.faults import Failure
from wyoming_azure_realtime.emulator.models import PromptPart, prompt_part
from wyoming_azure_realtime.emulator.session_state import SessionState
from wyoming_azure_realtime.emulator.voice_live import check_message, engine_voice, rate_of
from wyoming_azure_realtime.emulator.wire import invalid, new_id, not_one_of, unknown
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
    """One response, which `speaks` or writes; `conversation_id` None: out of band.

    `text`: what a model that reads aloud would say; `reads`: whether it was told to. `context`: what it
    answers from, with `instructions` and tools; `prompt`: all that in parts, for the tokens. `speaker`: the
    engine's voice for `voice`; `language`: of the text, if known. `as_it_stands`: the text was given, so
    that no model made it and its transcript is one delta. `several_calls`: it may call more than one
    function.
    """

    id: str
    conversation_id: str | None
    text: str
    reads: bool
    context: tuple[Entry, ...]
    instructions: str
    tools: tuple[JsonObject, ...]
    tool_choice: str | JsonObject
    several_calls: bool
    prompt: tuple[PromptPart, ...]
    speaks: bool
    voice: str | JsonObject
    speed: float
    format: JsonObject
    requested_max_tokens: int | str
    max_tokens: int
    metadata: dict[str, str] | None
    speaker: str = ""
    language: str = ""
    as_it_stands: bool = False

    @property
    def impossible(self) -> bool:
        """A function that is forced by its name, out of band: such a response fails (field reports)."""
        return self.conversation_id is None and isinstance(self.tool_choice, dict)

    def request(self, sounds: Sequence[str]) -> AnswerRequest:
        """What a model is asked. `sounds`: for each item of the context the words of its sound, or empty."""
        calls = [entry.item for entry in self.context if entry.item["type"] == "function_call"]
        named = {str(call.get("call_id")): str(call.get("name", "")) for call in calls}
        return AnswerRequest(
            self.instructions,
            tuple(_context_item(*item, named) for item in zip(self.context, sounds, strict=True)),
            self.tools,
            self.tool_choice,
            (self.metadata or {}).get("language", ""),
        )

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
    tools = session["tools"] if parameters.tools is UNSET else parameters.tools
    choice = session["tool_choice"] if parameters.tool_choice is UNSET else parameters.tool_choice
    check_choice(tools, choice, "response")
    speaks = (parameters.output_modalities or session["output_modalities"]) == ["audio"]
    limit = parameters.max_output_tokens or session["max_output_tokens"]
    texts = [text for entry in context if (text := text_of(entry.item))]
    message = parameters.pre_generated_assistant_message
    given = check_message(message, "response.pre_generated_assistant_message") if message else ""
    speaker, language = engine_voice(output["voice"])
    return ResponsePlan(
        id=new_id("resp"),
        conversation_id=None if parameters.conversation == "none" else conversation.id,
        text=given or _to_speak(texts[-1] if texts else "", instructions),
        reads=bool(given)
        or (speaks and is_told_to_read(instructions, tools, choice) and not _ends_with_sound(context)),
        context=tuple(context),
        instructions=instructions,
        tools=tuple(tools),
        tool_choice=choice,
        several_calls=parameters.parallel_tool_calls is not False,
        prompt=() if given else _prompt(instructions, tools, context),
        speaks=speaks,
        voice=output["voice"],
        speed=output["speed"] * rate_of(output["voice"]),
        format=output["format"],
        requested_max_tokens=limit,
        max_tokens=limit if isinstance(limit, int) else state.facts.realtime.max_output_tokens,
        metadata=parameters.metadata or None,
        speaker=speaker,
        language=(parameters.metadata or {}).get("language", language),
        as_it_stands=bool(given),
    )


_MARKED = re.compile(r"<text>\n(.*)\n</text>", re.DOTALL)
_READ_ALOUD = re.compile(
    r"\bread(s|ing)? (\w+ ){0,4}aloud\b|\btext-to-speech engine, not\b|\bword for word\b", re.IGNORECASE
)


def is_told_to_read(instructions: str, tools: Sequence[JsonObject], tool_choice: str | JsonObject) -> bool:
    """Whether a model reads the text rather than answers it: it was told to, and has no tool to use instead.

    One that has tools may answer with them, whatever it was told.
    """
    return bool(_READ_ALOUD.search(instructions)) and (not tools or tool_choice == "none")


def _ends_with_sound(context: Sequence[Entry]) -> bool:
    """Whether the user's latest item is a sound, of which there is no text to be read."""
    users = [entry for entry in context if entry.item.get("role") == "user"]
    return bool(users) and has_sound(users[-1])


def _to_speak(message: str, instructions: str) -> str:
    """What a model that does as it is told says: the text between tags, else the latest message."""
    marked = _MARKED.search(message) or _MARKED.search(instructions)
    return marked[1] if marked else message


def _prompt(
    instructions: str, tools: Sequence[JsonObject], context: Iterable[Entry]
) -> tuple[PromptPart, ...]:
    """In the order in which a service keeps it: what changes least comes first."""
    parts = [prompt_part(None, msgspec.json.encode(tools).decode() if tools else "")]
    parts.append(prompt_part(parts[-1], instructions))
    for entry in context:
        words = _words(entry.item)
        made = entry.item.get("role") == "assistant"
        parts.append(prompt_part(parts[-1], words, audio_ms=entry.audio_ms, made=made, name=entry.id))
    return tuple(parts)


_KINDS: dict[str, Literal["call", "result"]] = {"function_call": "call", "function_call_output": "result"}


def _context_item(entry: Entry, sound: str, named: dict[str, str]) -> ContextItem:
    item = entry.item
    kind = _KINDS.get(item["type"]) or item["role"]
    name = named.get(str(item.get("call_id")), "")
    return ContextItem(kind, _words(item) or sound, by_ear=has_sound(entry), name=name)


def has_sound(entry: Entry) -> bool:
    """Whether it is something that somebody said, and no text."""
    parts = entry.item.get("content", ()) if entry.item.get("role") == "user" else ()
    return any(part["type"] == "input_audio" for part in parts)


def _words(item: JsonObject) -> str:
    """All text of an item, that of calls and results too; not what a user was heard to say."""
    if item["type"] != "message":
        return str(item.get("arguments", item.get("output", "")))
    parts = (part for part in item["content"] if part["type"] != "input_audio")
    return "".join(str(part.get("text") or part.get("transcript") or "") for part in parts)


def _check(parameters: ResponseParameters, state: SessionState) -> None:
    if parameters.conversation is not UNSET and parameters.conversation not in ("auto", "none"):
        raise not_one_of("response.conversation", parameters.conversation, ("auto", "none"))
    if parameters.output_modalities is not UNSET:
        check_modalities(parameters.output_modalities, "response.output_modalities")
    if parameters.audio is not UNSET and parameters.audio.output is not UNSET:
        if parameters.audio.output.speed is not UNSET:
            raise unknown("response.audio.output.speed")
        state.check_output(parameters.audio.output, "response.audio.output")
    if parameters.pre_generated_assistant_message is not UNSET and state.facts.voice_live is None:
        raise unknown("response.pre_generated_assistant_message")
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


def _context(parameters: ResponseParameters, conversation: Conversation) -> list[Entry]:
    """The items that the response is made from: its input if it has any, else the conversation."""
    if parameters.input is UNSET:
        return list(conversation)
    check_calls(parameters.input)
    return [_resolved(item, index, conversation) for index, item in enumerate(parameters.input)]


def _resolved(item: Item, index: int, conversation: Conversation) -> Entry:
    path = f"response.input[{index}]"
    if item.type != "item_reference":
        return Entry(created(item), audio_of(item, path))
    entry = conversation.find(item.id or "")
    if entry is None:
        raise invalid(f"{path}.id", f"Item with id '{str(item.id)[:100]}' does not exist.")
    return entry
