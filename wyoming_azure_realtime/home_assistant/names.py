"""What Home Assistant's answers tell of the home: names, kinds, rooms, tools. Shapes as its APIs send them.

Of names, areas and floors come first, since commands name them most, then entities by how often people ask
for their kind. The answers are not trusted: what has another shape is left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

JsonObject = dict[str, Any]

ASSISTANT = "conversation"  # what Home Assistant calls its own Assist where it lists who may see an entity
MOST_ENTITIES = 2000
MOST_NAMES = 1000
LONGEST_NAME = 60

# Kinds of entities, the ones that people talk to most first; the others follow in the order of their ids.
_KINDS = (
    "light", "switch", "cover", "climate", "media_player", "fan", "scene", "script", "lock", "vacuum",
    "todo", "input_boolean", "humidifier", "valve", "lawn_mower", "water_heater", "button", "person", "timer",
)  # fmt: skip


def websocket_url(url: str) -> str:
    """The WebSocket API's address for that of Home Assistant; one that ends in `/websocket` is it already."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    path = path if path.endswith("/websocket") else f"{path}/api/websocket"
    return urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, path, "", ""))


def base_url(url: str) -> str:
    """The address below which the HTTP API is, for that of Home Assistant or of its WebSocket API."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/websocket").removesuffix("/api")
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def exposed_ids(answer: Any) -> list[str]:
    """Entities that Assist may see, from `homeassistant/expose_entity/list`; likeliest first, bounded."""
    listed = answer.get("exposed_entities") if isinstance(answer, dict) else None
    seen = listed.items() if isinstance(listed, dict) else ()
    ids = [entity for entity, to in seen if isinstance(to, dict) and to.get(ASSISTANT) is True]
    return sorted(ids, key=_rank)[:MOST_ENTITIES]


def entity_names(ids: list[str], states: Any, entries: Any) -> list[str]:
    """Names and aliases, from `get_states` and `config/entity_registry/get_entries`."""
    friendly = {str(state.get("entity_id")): state.get("attributes") for state in _objects(states)}
    entries = entries if isinstance(entries, dict) else {}
    names: list[str] = []
    for entity in ids:
        attributes, entry = friendly.get(entity), entries.get(entity)
        if isinstance(attributes, dict):
            names.append(attributes.get("friendly_name", ""))
        if isinstance(entry, dict):
            names.extend(_aliases(entry))
    return _names(names)


def place_names(areas: Any, floors: Any) -> list[str]:
    """Names and aliases, from `config/area_registry/list` and `config/floor_registry/list`."""
    names: list[str] = []
    for place in (*_objects(areas), *_objects(floors)):
        names += [place.get("name", ""), *_aliases(place)]
    return _names(names)


def _rank(entity: str) -> tuple[int, str]:
    kind = entity.partition(".")[0]
    return (_KINDS.index(kind) if kind in _KINDS else len(_KINDS), entity)


def _aliases(of: JsonObject) -> list[Any]:
    """A null among them stands for the name itself."""
    aliases = of.get("aliases")
    return aliases if isinstance(aliases, list) else []


def _names(values: list[Any]) -> list[str]:
    return [name for name in values if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME][:MOST_NAMES]


def _objects(answer: Any) -> Iterator[JsonObject]:
    for item in answer if isinstance(answer, list) else ():
        if isinstance(item, dict):
            yield item


# --- by the Model Context Protocol

LARGEST_OVERVIEW = 200_000
"""Characters of an overview that are read."""

MOST_TOOLS = 8
_LONGEST_DESCRIPTION = 1200
_MOST_PARAMETERS = 12
_MOST_CHOICES = 100
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AREA = re.compile(r"You are in area (.{1,100}?)(?: \(floor .{1,100}?\))? and all generic commands")
_OVERVIEW = "An overview of the areas and the devices in this smart home:"
_SIMPLE = frozenset({"string", "integer", "number", "boolean"})


@dataclass(frozen=True, slots=True)
class ReadOnlyTool:
    """A tool that changes nothing. `name`: Home Assistant's; `function`: as a model is offered it."""

    name: str
    function: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class Overview:
    """What Assist may see. `kinds`: domain and device class by plain name, complete only with the states."""

    names: tuple[str, ...] = field(default=(), repr=False)
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)


def read_only_tools(answer: Any) -> list[ReadOnlyTool]:
    """Those of `tools/list` that Home Assistant calls read-only; models know them without its prefix."""
    found: dict[str, ReadOnlyTool] = {}
    for tool in _objects(answer.get("tools") if isinstance(answer, dict) else None):
        annotations, name = tool.get("annotations"), tool.get("name")
        if not (isinstance(annotations, dict) and annotations.get("readOnlyHint") is True):
            continue
        short = name.rpartition("__")[2] if isinstance(name, str) else ""
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(short) or short in found:
            continue
        description = tool.get("description")
        function = {
            "type": "function",
            "name": short,
            "description": description[:_LONGEST_DESCRIPTION] if isinstance(description, str) else "",
            "parameters": _parameters(tool.get("inputSchema")),
        }
        found[short] = ReadOnlyTool(name, function)
    return [found[name] for name in sorted(found)][:MOST_TOOLS]


def _parameters(schema: Any) -> JsonObject:
    """A schema that every service takes: of each parameter its type, its choices and what it is for."""
    given = schema.get("properties") if isinstance(schema, dict) else None
    listed = [*(given.items() if isinstance(given, dict) else ())][:_MOST_PARAMETERS]
    known = {
        name: _parameter(one) for name, one in listed if isinstance(one, dict) and _TOOL_NAME.fullmatch(name)
    }
    required = schema.get("required") if isinstance(schema, dict) else None
    needed = [name for name in required if name in known] if isinstance(required, list) else []
    return {"type": "object", "properties": known, **({"required": needed} if needed else {})}


def _parameter(schema: JsonObject) -> JsonObject:
    """Where there are alternatives: several values, rather than one."""
    forms = [*_objects(schema.get("anyOf")), schema]
    form = next((one for one in forms if one.get("type") == "array"), forms[0])
    items, description = form.get("items"), schema.get("description")
    found = _simple(form)
    if form.get("type") == "array":
        found = {"type": "array", "items": _simple(items if isinstance(items, dict) else {})}
    if isinstance(description, str):
        found["description"] = description[:_LONGEST_DESCRIPTION]
    return found


def _simple(schema: JsonObject) -> JsonObject:
    kind, choices = schema.get("type"), schema.get("enum")
    found: JsonObject = {"type": kind if isinstance(kind, str) and kind in _SIMPLE else "string"}
    if isinstance(choices, list) and choices and all(isinstance(one, str) for one in choices):
        found["enum"] = choices[:_MOST_CHOICES]
    return found


def listed_prompt(answer: Any) -> str:
    """The name of the first prompt in `prompts/list`; empty if there is none."""
    for prompt in _objects(answer.get("prompts") if isinstance(answer, dict) else None):
        if isinstance(name := prompt.get("name"), str):
            return name
    return ""


def prompt_text(answer: Any) -> str:
    """The text of `prompts/get`."""
    messages = _objects(answer.get("messages") if isinstance(answer, dict) else None)
    return "\n".join(_text_of(message.get("content")) for message in messages)


def result_text(answer: Any) -> str:
    """The text of `tools/call`."""
    return "\n".join(map(_text_of, _objects(answer.get("content") if isinstance(answer, dict) else None)))


def area_in(prompt: str) -> str:
    """The area in which a prompt says that the device is; empty if it says none."""
    found = _AREA.search(prompt)
    return found[1] if found else ""


def overview_in(text: str) -> Overview:
    """What is in the list of things of a prompt, or of the states; empty if there is no list."""
    listing = text.partition(_OVERVIEW)[2][:LARGEST_OVERVIEW]
    names: dict[str, None] = {}
    areas: dict[str, None] = {}
    kinds: dict[str, frozenset[str]] = {}
    for thing in _objects(_yaml_list(listing)):
        attributes = thing.get("attributes")
        device_class = attributes.get("device_class") if isinstance(attributes, dict) else None
        kind = frozenset(one for one in (thing.get("domain"), device_class) if isinstance(one, str))
        areas.update(dict.fromkeys(_split(thing.get("areas"))))
        for name in _split(thing.get("names")):
            names[name] = None
            kinds[plain_name(name)] = kinds.get(plain_name(name), frozenset()) | kind
    return Overview(tuple(_names([*areas, *names])), kinds)


def plain_name(name: str) -> str:
    """As names are compared."""
    return " ".join(name.casefold().split())


def _split(names: Any) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()] if isinstance(names, str) else []


def _yaml_list(text: str) -> Any:
    """The list at the beginning of a text, up to the first line that is none of it."""
    lines = []
    for line in text.strip("\n").splitlines():
        if not line.startswith(("- ", "  ")):
            break
        lines.append(line)
    try:
        return yaml.load("\n".join(lines), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _text_of(content: Any) -> str:
    text = content.get("text") if isinstance(content, dict) else None
    return text if isinstance(text, str) else ""
