"""State machine of one written answer, from `response.create` to `response.done`. No socket, no clock.

The answer is text, calls of tools, or both. Calls count only when the response is complete: a response that
was cancelled or cut off may hold arguments that end in the middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.shapes import Item, JsonObject, Response, ResponseParameters
from wyoming_azure_realtime.realtime.turn import ResponseTurn, ToSend, transcript_of

LONGEST_ANSWER = 20_000
"""Characters of an answer, and of a call's arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `arguments` as they came, in JSON."""

    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AnswerText:
    """More text of the answer; empty where a call is being written."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The whole answer. `cut`: it met the limit of its length; then there are no calls."""

    text: str = field(repr=False)
    calls: tuple[ToolCall, ...] = ()
    cut: bool = False


AnswerOutcome = AnswerText | ModelAnswer | ToSend


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What is asked of a model, whatever the session.

    `input`: all that it knows of the conversation. `tools`: those that it may call. `most_tokens`: of the
    answer. `effort`: of thinking before it, for models that do; empty: as the model does by itself.
    """

    instructions: str = field(repr=False)
    input: tuple[Item, ...] = field(repr=False)
    tools: tuple[JsonObject, ...] = field(default=(), repr=False)
    most_tokens: int = 1000
    effort: str = ""


class AnswerTurn(ResponseTurn):
    """One request, answered in writing."""

    def __init__(self, turn_id: str, request: ModelRequest) -> None:
        super().__init__(turn_id)
        self._request = request
        self._texts: dict[tuple[int, int], str] = {}  # by their places in the response
        self._calls: dict[str, ToolCall] = {}  # by the ids of their items
        self._names: dict[str, str] = {}  # of the tools that are called, likewise

    def begin(self) -> list[send.ClientEvent]:
        """The request. `metadata` is echoed in `response.created` and tells whose response it is."""
        request = self._request
        parameters = ResponseParameters(
            conversation="none",
            metadata={"turn": self._id},
            output_modalities=["text"],
            instructions=request.instructions,
            tools=list(request.tools),
            tool_choice="auto" if request.tools else "none",
            input=list(request.input),
            max_output_tokens=request.most_tokens,
            reasoning={"effort": request.effort} if request.effort else UNSET,
        )
        return [send.ResponseCreate(event_id=f"{self._id}-create", response=parameters)]

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer is there."""
        return bool(self._texts or self._calls or self._names)

    def _take(self, event: got.ServerEvent | got.UnknownEvent) -> Sequence[AnswerOutcome]:
        """Text and calls. Where a service speaks although it was asked to write, what it says."""
        match event:
            case got.TextDelta() | got.AudioTranscriptDelta() if self._is_of_ours(event.response_id):
                return self._more(event, event.delta)
            case got.TextDone() if self._is_of_ours(event.response_id):
                self._texts[event.output_index, event.content_index] = event.text[:LONGEST_ANSWER]
            case got.AudioTranscriptDone() if self._is_of_ours(event.response_id):
                self._texts[event.output_index, event.content_index] = event.transcript[:LONGEST_ANSWER]
            case got.OutputItemAdded() | got.OutputItemDone() if self._is_of_ours(event.response_id):
                self._item(event.item)
            case got.FunctionCallArgumentsDelta() if self._is_of_ours(event.response_id):
                return [AnswerText("")]
            case got.FunctionCallArgumentsDone() if self._is_of_ours(event.response_id):
                name = event.name if event.name is not UNSET else self._names.get(event.item_id, "")
                self._call(event.item_id, str(name), event.arguments)
        return []

    def _more(self, event: got.TextDelta | got.AudioTranscriptDelta, delta: str) -> Sequence[AnswerOutcome]:
        place = (event.output_index, event.content_index)
        before = self._texts.get(place, "")
        if len(before) + len(delta) > LONGEST_ANSWER:
            raise errors.ContentMismatch("The service does not stop writing.")
        self._texts[place] = before + delta
        return [AnswerText(delta)]

    def _item(self, item: JsonObject) -> None:
        if item.get("type") != "function_call":
            return
        key, name, arguments = (item.get(part) for part in ("id", "name", "arguments"))
        if isinstance(key, str) and isinstance(name, str):
            self._names[key] = name
            if isinstance(arguments, str) and item.get("status") == "completed":
                self._call(key, name, arguments)

    def _call(self, key: str, name: str, arguments: str) -> None:
        if len(arguments) > LONGEST_ANSWER:
            raise errors.ContentMismatch("The service does not stop writing.")
        self._calls[key] = ToolCall(name, arguments)

    def _completed(self, response: Response) -> Sequence[AnswerOutcome]:
        """What the response holds at its end, if it tells, else what came."""
        calls = [item for item in response.output if item.get("type") == "function_call"]
        if calls:
            self._calls = {}
        for place, item in enumerate(calls):
            self._item({**item, "id": f"output {place}", "status": "completed"})
        text = self._text(response)
        if not (text or self._calls):
            raise errors.ResponseFailed("The service finished its response without an answer.")
        return [ModelAnswer(text, tuple(self._calls.values()))]

    def _cut_off(self, response: Response) -> Sequence[AnswerOutcome]:
        text = self._text(response)
        if not text or self._calls or self._names:
            return super()._cut_off(response)
        return [ModelAnswer(text, cut=True)]

    def _text(self, response: Response) -> str:
        came = "".join(text for _, text in sorted(self._texts.items())).strip()
        return came or transcript_of(response)[:LONGEST_ANSWER]
