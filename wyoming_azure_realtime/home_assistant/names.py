"""Home Assistant's answers to names of things and places, the likeliest first; shapes as its API sends them.

Areas and floors come first, since commands name them most, then entities by how often people ask for their
kind. The answers are not trusted: what has another shape is left out.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

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
