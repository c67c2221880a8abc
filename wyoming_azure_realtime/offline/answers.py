"""Answers without a language model: what Home Assistant's own sentences mean, the time, the date and sums.

It stands for a model in the embedded backend: out of instructions, tools and what was asked come calls of the
tools that are offered, or a sentence. A request that is no sentence of Home Assistant's is answered with what
this cannot do. Names of the home are those of the settings and of the instructions, whose kind is taken from
the instructions or guessed from the name.
"""

import asyncio
import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from wyoming_azure_realtime.emulator.engines import Answer, AnswerRequest, FunctionCall
from wyoming_azure_realtime.offline.sums import sum_in

if TYPE_CHECKING:
    from hassil.intents import Intents, SlotList
    from hassil.recognize import RecognizeResult

_JsonObject = dict[str, Any]

MOST_CHARACTERS, MOST_WORDS = 200, 30
"""Of a request; whatever is longer is no sentence to a home."""

MOST_NAMES = 500
HERE = "here"
"""The area of whoever asks, where the instructions or the tools know it."""

_LANGUAGES_KEPT = 3
_EXAMPLE = "turn on the light"  # in any language, it makes all sentences be read

_PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "time": "It is {0.hour}:{0:%M}.",
        "date": "Today is {weekday}, {day} {month} {year}.",
        "sum": "That is {0}.",
        "done": "Done.",
        "timer": "The timer is running.",
        "room": "In which room?",
        "unable": "I cannot answer that. Without a language model I can operate things in the home, tell the "
        "time and the date, and do sums.",
        "powerless": "I cannot operate anything in this home.",
    },
    "de": {
        "time": "Es ist {0.hour}:{0:%M} Uhr.",
        "date": "Heute ist {weekday}, der {day}. {month} {year}.",
        "sum": "Das ist {0}.",
        "done": "Erledigt.",
        "timer": "Der Timer läuft.",
        "room": "In welchem Raum?",
        "unable": "Das kann ich nicht beantworten. Ohne Sprachmodell kann ich Geräte im Haus bedienen, "
        "Uhrzeit und Datum nennen und rechnen.",
        "powerless": "Ich kann hier im Haus nichts bedienen.",
    },
}
_OTHER_PHRASES = {
    "room": "?",
    "time": "{0.hour}:{0:%M}",
    "date": "{0:%Y-%m-%d}",
    "sum": "{0}",
    "done": "OK.",
    "timer": "OK.",
}
_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
_LANGUAGE_NAMES = {
    "Arabic": "ar", "Bulgarian": "bg", "Catalan": "ca", "Chinese": "zh-CN", "Croatian": "hr", "Czech": "cs",
    "Danish": "da", "Dutch": "nl", "English": "en", "Finnish": "fi", "French": "fr", "German": "de",
    "Greek": "el", "Hebrew": "he", "Hindi": "hi", "Hungarian": "hu", "Italian": "it", "Japanese": "ja",
    "Korean": "ko", "Norwegian": "nb", "Polish": "pl", "Portuguese": "pt", "Romanian": "ro", "Russian": "ru",
    "Slovak": "sk", "Spanish": "es", "Swedish": "sv", "Turkish": "tr", "Ukrainian": "uk", "Vietnamese": "vi",
}  # fmt: skip
_SPEAKS = re.compile(rf"\b(?:speaks?|answer in|language is) ({'|'.join(_LANGUAGE_NAMES)})\b", re.IGNORECASE)

# what a thing is, by a part of its name; else it may be anything that is switched
_KINDS = (
    (r"light|lamp|licht|leuchte|lampe", ("light",)),
    (r"blind|shutter|curtain|awning|rollladen|rollo|jalousie|vorhang|markise", ("cover",)),
    (r"garage|gate|\btor\b", ("cover",)),
    (r"door|lock|tür|schloss", ("lock", "cover")),
    (r"\btv\b|tele|radio|speaker|fernseh|lautsprecher|musik|music", ("media_player",)),
    (r"\bfan\b|ventilator|lüfter", ("fan",)),
    (r"thermostat|heat|heiz|climate|klima", ("climate",)),
    (r"vacuum|staubsaug", ("vacuum",)),
    (r"list|liste", ("todo",)),
)
_ANYTHING = ("light", "switch", "scene", "script", "fan", "cover", "media_player", "vacuum", "input_boolean")
_LISTED = re.compile(r"^Names in (?:this|the) home: (.+?)\.?$", re.MULTILINE | re.IGNORECASE)
_STATIC = re.compile(
    r"^\s*-? *names: *(?P<names>.+)\n(?:\s+domain: *(?P<domain>\w+)\n?)?(?:\s+areas: *(?P<areas>.+))?",
    re.MULTILINE,
)
_SLOT = re.compile(r"\{\{\s*slots\.(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class _Home:
    """What may be meant: names with the kinds of things that they may be, and rooms."""

    names: tuple[tuple[str, tuple[str, ...]], ...]
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a sentence means: an intent with its slots, and how Home Assistant would confirm it."""

    intent: str
    slots: dict[str, Any]
    response: str


def _local_time() -> datetime.datetime:
    return datetime.datetime.now().astimezone()


class HomeAnswers:
    """The engine. `names`: of the home; `languages`: those to try where a request does not name its own."""

    def __init__(
        self,
        names: Iterable[str] = (),
        languages: Sequence[str] = ("en",),
        clock: Callable[[], datetime.datetime] = _local_time,
    ) -> None:
        self._names = tuple(names)
        self._languages = tuple(languages)[:_LANGUAGES_KEPT] or ("en",)
        self._clock = clock
        # one at a time: what is parsed late is shared, and no request needs a processor of its own
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answers")

    def warm(self) -> None:
        """Read the sentences of the first language now, in its thread, and not with the first request."""
        self._thread.submit(_meaning, _EXAMPLE, self._languages[0], _Home((), ()))

    def close(self) -> None:
        """End its thread; requests that wait are not answered."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def reads_aloud(self, _instructions: str) -> bool | None:
        """As the emulator thinks."""
        return None

    async def answer(self, request: AnswerRequest) -> Answer:
        """A call, or a sentence; never an error."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, request)

    def _answer(self, request: AnswerRequest) -> Answer:
        text = " ".join(request.question.text.split())
        named = _language_of(request)
        languages = (named,) if named else self._languages
        if (value := sum_in(text, languages[0])) is not None:
            return Answer(_phrase(languages[0], "sum").format(value))
        if len(text) <= MOST_CHARACTERS and text.count(" ") < MOST_WORDS:
            home = _home(self._names, request.instructions)
            for language in languages:
                if (meaning := _meaning(text, language, home)) is not None:
                    return self._act(meaning, language, request)
        return Answer(_unable(languages[0], able=bool(request.tools)))

    def _act(self, meaning: _Meaning, language: str, request: AnswerRequest) -> Answer:
        if meaning.intent == "HassGetCurrentTime":
            return Answer(_phrase(language, "time").format(self._clock()))
        if meaning.intent == "HassGetCurrentDate":
            return Answer(_date(language, self._clock()))
        if meaning.intent == "HassRespond":
            return Answer(meaning.response or _unable(language, able=bool(request.tools)))
        tool = _tool(meaning.intent, request)
        if tool is not None and meaning.slots.get("area") == HERE and not _knows_here(request):
            return Answer(_phrase(language, "room"))
        if tool is None and meaning.intent == "HassNevermind":
            return Answer()
        if tool is None:
            return Answer(_unable(language, able=bool(request.tools)), undeclared=1)
        return Answer(calls=(FunctionCall(str(tool["name"]), _arguments(meaning, tool, language)),))


def _language_of(request: AnswerRequest) -> str:
    """The language of the request by what came with it; empty if nothing tells."""
    if request.language:
        return _known_language(request.language)
    notes = [item.text for item in request.items if item.kind == "system"]
    for text in (*reversed(notes), request.instructions):
        if found := _SPEAKS.search(text):
            return _known_language(_LANGUAGE_NAMES[found[1].capitalize()])
    return ""


def _known_language(tag: str) -> str:
    """The language as its sentences are filed: with its region if there are some for it."""
    try:
        from home_assistant_intents import get_languages  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return tag.partition("-")[0]
    known = get_languages()
    plain = tag.partition("-")[0].lower()
    regional = sorted(one for one in known if one.startswith(f"{plain}-"))
    return next((one for one in (tag, plain, *regional) if one in known), plain)


def _phrase(language: str, name: str) -> str:
    return _PHRASES.get(language.partition("-")[0], _OTHER_PHRASES)[name]


def _date(language: str, now: datetime.datetime) -> str:
    plain = language.partition("-")[0]
    if plain not in _WEEKDAYS:
        return _OTHER_PHRASES["date"].format(now)
    weekday, month = _WEEKDAYS[plain].split()[now.weekday()], _MONTHS[plain].split()[now.month - 1]
    return _phrase(language, "date").format(weekday=weekday, month=month, day=now.day, year=now.year)


def _unable(language: str, *, able: bool) -> str:
    """What cannot be done; in most languages by Home Assistant's own words. `able`: there are tools."""
    phrases = _PHRASES.get(language.partition("-")[0])
    if phrases is not None:
        return phrases["unable" if able else "powerless"]
    errors = _responses(language).get("errors", {})
    return str(errors.get("no_intent") or _PHRASES["en"]["unable"])


def _knows_here(request: AnswerRequest) -> bool:
    """Whether the tools take `here` for the room of whoever asks."""
    return f"'{HERE}'" in request.instructions or any(f"'{HERE}'" in str(tool) for tool in request.tools)


def _home(names: Iterable[str], instructions: str) -> _Home:
    """The home of the settings and of the instructions, each name once."""
    things: dict[str, tuple[str, ...]] = {}
    areas: dict[str, None] = {}
    for entry in _STATIC.finditer(instructions):
        for name in entry["names"].split(","):
            things.setdefault(name.strip(), (entry["domain"],) if entry["domain"] else _kinds(name))
        areas.update(dict.fromkeys(area.strip() for area in (entry["areas"] or "").split(",")))
    listed = [name for found in _LISTED.finditer(instructions) for name in found[1].split(",")]
    for name in (*names, *listed):
        things.setdefault(name.strip(), _kinds(name))
        areas.setdefault(name.strip())  # nobody tells which of them are rooms
    things.pop("", None)
    areas.pop("", None)
    return _Home(tuple(things.items())[:MOST_NAMES], tuple(areas)[:MOST_NAMES])


def _kinds(name: str) -> tuple[str, ...]:
    for pattern, kinds in _KINDS:
        if re.search(pattern, name, re.IGNORECASE):
            return kinds
    return _ANYTHING


def _meaning(text: str, language: str, home: _Home) -> _Meaning | None:
    """What the sentence means, with `HERE` where a room is meant that is not named.

    None if it is no sentence of Home Assistant's.
    """
    loaded = _sentences(language)
    if loaded is None:
        return None
    from hassil.recognize import recognize_best  # noqa: PLC0415 - an optional dependency

    found = recognize_best(
        text,
        loaded,
        slot_lists=_slot_lists(language, home),
        language=language,
        intent_context={"area": HERE},
        best_slot_name="name",
    )
    return None if found is None else _read(found, language)


def _read(found: "RecognizeResult", language: str) -> _Meaning:
    slots = {name: _plain(entity.value) for name, entity in found.entities.items()}
    responses = _responses(language).get("intents", {}).get(found.intent.name, {})
    template = str(responses.get(found.response or "default", ""))
    texts = {name: entity.text.strip() or str(entity.value) for name, entity in found.entities.items()}
    response = _SLOT.sub(lambda slot: texts.get(slot[1], ""), template).strip()
    usable = response and not re.search(r"[{}]", response) and not _SLOT.sub("", template).count("{")
    return _Meaning(found.intent.name, slots, response if usable else "")


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _slot_lists(language: str, home: _Home) -> "dict[str, SlotList]":
    from hassil.expression import TextChunk  # noqa: PLC0415 - an optional dependency
    from hassil.intents import TextSlotList, TextSlotValue  # noqa: PLC0415

    names = [
        TextSlotValue(TextChunk(name), name, context={"domain": kind})
        for name, kinds in home.names
        for kind in kinds
    ]
    areas = list(dict.fromkeys((*home.areas, *_ROOMS.get(language.partition("-")[0], ()))))
    return {
        "name": TextSlotList("name", names),
        "area": TextSlotList("area", [TextSlotValue(TextChunk(area), area) for area in areas]),
        "floor": TextSlotList("floor", []),
    }


_ROOMS = {
    "en": ("Kitchen", "Bedroom", "Living room", "Bathroom", "Hall", "Hallway", "Office", "Garage", "Garden"),
    "de": ("Küche", "Schlafzimmer", "Wohnzimmer", "Bad", "Badezimmer", "Flur", "Büro", "Garage", "Garten"),
}


@lru_cache(_LANGUAGES_KEPT)
def _data(language: str) -> _JsonObject:
    try:
        from home_assistant_intents import get_intents  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return {}
    found: _JsonObject | None = get_intents(language)
    return found or {}


def _responses(language: str) -> _JsonObject:
    responses: _JsonObject = _data(language).get("responses", {})
    return responses


@lru_cache(_LANGUAGES_KEPT)
def _sentences(language: str) -> "Intents | None":
    """Home Assistant's sentences; None if there are none, or what reads them is not installed."""
    data = _data(language)
    try:
        from hassil.intents import Intents  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return None
    return Intents.from_dict(data) if data else None


def _tool(intent: str, request: AnswerRequest) -> _JsonObject | None:
    """The tool of an intent, whatever stands before its name."""
    if request.tool_choice == "none":
        return None
    names = ((tool, str(tool.get("name"))) for tool in request.tools)
    return next((tool for tool, name in names if name == intent or name.endswith(f"__{intent}")), None)


def _arguments(meaning: _Meaning, tool: _JsonObject, language: str) -> _JsonObject:
    """What the tool takes of the slots, after what is to be said when it has worked."""
    properties: _JsonObject = (tool.get("parameters") or {}).get("properties") or {}
    arguments: _JsonObject = {"say": _say(meaning, tool, language)} if "say" in properties else {}
    for name, value in meaning.slots.items():
        if name in properties or not properties:
            several = (properties.get(name) or {}).get("type") == "array"
            arguments[name] = [value] if several and not isinstance(value, list) else value
    return arguments


def _say(meaning: _Meaning, tool: _JsonObject, language: str) -> str:
    """A state is put where the tool's description says that it goes."""
    if "{state}" in str(tool.get("description")):
        subject = str(meaning.slots.get("name") or meaning.slots.get("area") or "")
        return "{state}" if subject in ("", HERE) else f"{subject}: {{state}}."
    if meaning.intent == "HassNevermind":
        return ""
    if meaning.intent == "HassStartTimer" and not meaning.response:
        return _phrase(language, "timer")
    said = meaning.response
    return (said if said.endswith((".", "!")) else f"{said}.") if said else _phrase(language, "done")
