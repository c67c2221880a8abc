r"""A model that answers from a table: what it was asked, what it says or calls. For tests and benches.

The table is JSON:

    {"answers": [{"heard": "what is my name", "after": "/my name is (\\w+)/", "text": "You are \\1."},
                 {"heard": "lights please",
                  "calls": [{"name": "HassTurnOn", "arguments": {"say~": "Done.", "area": "here"}}]},
                 {"tool": "/GetLiveContext/", "output": "/21/", "text": "It is 21 degrees."}],
     "misheard": {"lamp on": "lamp off"},
     "otherwise": "I have no answer to that.",
     "read_aloud": "/read .* aloud/"}

The first entry that fits answers. A text between slashes is a regular expression that is searched for; its
groups are put where the answer has `\1` and so on. Other texts are compared without case and punctuation.
`after` must occur in what was said before, or told by the system, where the last place counts. `tool` and
`output` fit the result of a call that came last. A call's name fits a tool `intent__HassTurnOn` as well,
and may be a list, of which the first that is a tool is called; an argument `say~` is left out where the
tool has no `say`. `misheard`: what the model hears where the transcript says something else. `read_aloud`:
instructions by which a text is read.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from wyoming_azure_realtime.emulator.engines import Answer, AnswerRequest, FunctionCall
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.shapes import JsonObject

OTHERWISE = "I have no answer to that."
_MOST_ENTRIES = 10_000

_Said: TypeAlias = str | None


class TableCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call of an answer."""

    name: str | list[str]
    arguments: JsonObject = {}

    @property
    def names(self) -> list[str]:
        """The functions that it may be, the best first."""
        return [self.name] if isinstance(self.name, str) else self.name


class TableEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"question": "heard"}):
    """What fits, and what is answered then."""

    question: _Said = None
    after: _Said = None
    tool: _Said = None
    output: _Said = None
    text: str = ""
    calls: list[TableCall] = []


class AnswerTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table."""

    answers: Annotated[list[TableEntry], Meta(max_length=_MOST_ENTRIES)] = []
    misheard: dict[str, str] = {}
    otherwise: str = OTHERWISE
    read_aloud: _Said = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the entries are compared with. `tool`: of the result that came last, or empty."""

    question: str
    before: str
    tool: str
    output: str


class TableAnswers:
    """The engine. `table`: in the shape that the module describes. Raises: SettingsError for another one."""

    def __init__(self, table: JsonObject | bytes) -> None:
        try:
            read = msgspec.json.decode(table) if isinstance(table, bytes) else table
            self._table = msgspec.convert(read, AnswerTable)
            self._patterns = {said: _pattern(said) for said in self._all_said()}
        except (msgspec.MsgspecError, UnicodeError, re.error) as error:
            raise SettingsError(f"The table of answers cannot be read: {error}.") from error
        self._misheard = {_plain(said): sound for said, sound in self._table.misheard.items()}

    @classmethod
    def from_file(cls, path: Path) -> "TableAnswers":
        """Read a table. Raises: SettingsError."""
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise SettingsError(f"The table of answers {path} cannot be read: {error}.") from error

    async def answer(self, request: AnswerRequest) -> Answer:
        """The answer of the first entry that fits."""
        asked = self._asked(request)
        for entry in self._table.answers:
            if (groups := self._fits(entry, asked)) is not None:
                return _made(entry, groups, request)
        return Answer(self._table.otherwise)

    def reads_aloud(self, instructions: str) -> bool | None:
        """Whether these instructions say that a text is to be read; None if the table does not know."""
        said = self._table.read_aloud
        return None if said is None else self._search(said, instructions) is not None

    def _asked(self, request: AnswerRequest) -> _Asked:
        question, last = request.question, request.items[-1:]
        text = question.text
        if question.by_ear:
            text = self._misheard.get(_plain(text), text)
        spoken = ("user", "assistant", "system")
        before = "\n".join(item.text for item in question.earlier if item.kind in spoken)
        if last and last[0].kind == "result":
            return _Asked(text, before, last[0].name, last[0].text)
        return _Asked(text, before, "", "")

    def _fits(self, entry: TableEntry, asked: _Asked) -> tuple[str, ...] | None:
        """The groups of its patterns, those of the last one that has any; None if it does not fit."""
        if bool(entry.tool) != bool(asked.tool):
            return None
        found: tuple[str, ...] = ()
        result = ((entry.tool, asked.tool), (entry.output, asked.output))
        for said, text in (
            *(result if entry.tool else ((entry.question, asked.question),)),
            (entry.after, asked.before),
        ):
            if said is None:
                continue
            groups = self._search(said, text)
            if groups is None:
                return None
            found = groups or found
        return found

    def _search(self, said: str, text: str) -> tuple[str, ...] | None:
        pattern = self._patterns[said]
        if pattern is None:
            return () if _plain(said) == _plain(text) else None
        places = deque(pattern.finditer(text), maxlen=1)
        return tuple(group or "" for group in places[0].groups()) if places else None

    def _all_said(self) -> set[str]:
        table = self._table
        entries = (said for one in table.answers for said in (one.question, one.after, one.tool, one.output))
        return {said for said in (*entries, table.read_aloud) if said is not None}


def _pattern(said: str) -> re.Pattern[str] | None:
    if len(said) > 2 and said.startswith("/") and said.endswith("/"):
        return re.compile(said[1:-1], re.IGNORECASE | re.DOTALL)
    return None


def _plain(text: str) -> str:
    """Without case, punctuation and more than one blank."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.casefold()).split())


def _made(entry: TableEntry, groups: Sequence[str], request: AnswerRequest) -> Answer:
    """The answer of an entry, with calls of functions that there are; without any if one is missing."""
    text = _filled(entry.text, groups)
    calls, undeclared = [], 0
    for call in entry.calls:
        tool = _tool(call, request) if request.tool_choice != "none" else None
        if tool is None:
            undeclared += 1
        else:
            calls.append(FunctionCall(str(tool["name"]), _arguments(call, tool, groups)))
    if undeclared:
        return Answer(text or "I cannot do that.", undeclared=undeclared)
    return Answer(text, tuple(calls))


def _tool(call: TableCall, request: AnswerRequest) -> JsonObject | None:
    for name in call.names:
        for tool in request.tools:
            if str(tool.get("name")) == name or str(tool.get("name")).endswith(f"__{name}"):
                return tool
    return None


def _arguments(call: TableCall, tool: JsonObject, groups: Sequence[str]) -> JsonObject:
    known = (tool.get("parameters") or {}).get("properties")
    arguments: JsonObject = {}
    for name, value in call.arguments.items():
        plain = name.removesuffix("~")
        if plain == name or known is None or plain in known:
            arguments[plain] = _filled(value, groups)
    return arguments


def _filled(value: Any, groups: Sequence[str]) -> Any:
    r"""The value with the groups in the place of `\1` and so on."""
    if isinstance(value, str):
        return re.sub(r"\\([1-9])", lambda number: _group(groups, int(number[1])), value)
    if isinstance(value, list):
        return [_filled(one, groups) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, groups) for name, one in value.items()}
    return value


def _group(groups: Sequence[str], number: int) -> str:
    return groups[number - 1] if number <= len(groups) else ""
