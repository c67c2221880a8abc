"""The preview dialect: flat sessions and old names, translated to GA shape and back.

`PreviewDialect` translates whole JSON objects. The checks are for a service (the emulator) that has to refuse
what the preview API refuses, although it would be right once it is translated to GA.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from wyoming_azure_realtime.realtime.dialects.base import (
    GA_NAME,
    PREVIEW_NAME,
    InvalidParameter,
    UnknownParameter,
)
from wyoming_azure_realtime.realtime.shapes import JsonObject

MODALITIES = ({"text"}, {"text", "audio"})
# of a transcription, that came with models which only GA has
NEWER_HINTS = ("languages", "keywords", "delay")
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.6, 1.2


def check_fields(flat: JsonObject, formats: Mapping[str, Any], path: str) -> None:
    """Check the flat fields of a session or a response. Raises `InvalidParameter`, `UnknownParameter`."""
    for name, value in flat.items():
        here = f"{path}.{name}"
        if name.endswith("_audio_format"):
            _check_format(value, list(formats), here)
        elif name == "modalities" and isinstance(value, list):
            _check_modalities(value, here)
        elif name == "temperature":
            _check_temperature(value, here)
        elif name == "input_audio_transcription" and isinstance(value, dict):
            _check_hints(value, here)


def check_parts(item: Any, path: str) -> None:
    """What an assistant says is called `text` here."""
    if not isinstance(item, dict) or item.get("role") != "assistant":
        return
    content = item.get("content")
    for place, part in enumerate(content if isinstance(content, list) else ()):
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind not in ("text", "audio"):
            where = f"{path}.content[{place}].type"
            raise InvalidParameter(where, f"Invalid value: '{kind[:100]}'. Value must be 'text'.")


def _check_hints(transcription: JsonObject, path: str) -> None:
    for hint in NEWER_HINTS:
        if hint in transcription:
            raise UnknownParameter(f"{path}.{hint}")


def _check_format(value: Any, known: list[str], path: str) -> None:
    if not isinstance(value, str):
        message = f"Invalid type for '{path}': expected one of {_listed(known, 'or')}."
        raise InvalidParameter(path, message, code="invalid_type")
    if value not in known:
        message = f"Invalid value: '{value[:100]}'. Supported values are: {_listed(known, 'and')}."
        raise InvalidParameter(path, message)


def _check_modalities(value: Iterable[Any], path: str) -> None:
    if {str(one) for one in value} not in MODALITIES:
        message = (
            f"Invalid modalities: {value!r:.100}. Supported combinations are: ['text'] and ['text', 'audio']."
        )
        raise InvalidParameter(path, message)


def _check_temperature(value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidParameter(path, f"Invalid type for '{path}': expected a number.", code="invalid_type")
    if not LEAST_TEMPERATURE <= value <= MOST_TEMPERATURE:
        message = (
            f"Invalid value for '{path}': expected a number from {LEAST_TEMPERATURE} to {MOST_TEMPERATURE}."
        )
        raise InvalidParameter(path, message)


def _listed(names: list[str], joint: str) -> str:
    quoted = [f"'{name}'" for name in names]
    return f"{', '.join(quoted[:-1])}, {joint} {quoted[-1]}"


DROPPED: tuple[str, ...] = ()  # the path of what is legal here and gone in GA

# Flat name -> path in the nested session. Names that are alike on both sides stand here too: what is not
# in these tables does not exist in the dialect.
SESSION: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "object": ("object",),
    "model": ("model",),
    "expires_at": ("expires_at",),
    "modalities": ("output_modalities",),
    "instructions": ("instructions",),
    "voice": ("audio", "output", "voice"),
    "speed": ("audio", "output", "speed"),
    "input_audio_format": ("audio", "input", "format"),
    "output_audio_format": ("audio", "output", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "tools": ("tools",),
    "tool_choice": ("tool_choice",),
    "max_response_output_tokens": ("max_output_tokens",),
    "temperature": DROPPED,
    "tracing": ("tracing",),
}
TRANSCRIPTION_SESSION = {
    name: SESSION[name]
    for name in (
        "id",
        "object",
        "expires_at",
        "input_audio_format",
        "input_audio_transcription",
        "input_audio_noise_reduction",
        "turn_detection",
    )
} | {"include": ("include",)}
RESPONSE: dict[str, tuple[str, ...]] = {
    "modalities": ("output_modalities",),
    "voice": ("audio", "output", "voice"),
    "output_audio_format": ("audio", "output", "format"),
    "max_response_output_tokens": ("max_output_tokens",),
    "temperature": DROPPED,
    "instructions": ("instructions",),
    "tools": ("tools",),
    "tool_choice": ("tool_choice",),
    "conversation": ("conversation",),
    "metadata": ("metadata",),
    "input": ("input",),
}
RESPONSE_REPORT = RESPONSE | {
    name: (name,)
    for name in ("id", "object", "status", "status_details", "output", "conversation_id", "usage")
}
FORMATS: dict[str, JsonObject] = {
    "pcm16": {"type": "audio/pcm", "rate": 24000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
FORMAT_NAMES = {shape["type"]: name for name, shape in FORMATS.items()}
PART_NAMES = {"output_text": "text", "output_audio": "audio"}


class PreviewDialect:
    """The deprecated API of dated versions, with flat sessions."""

    name = "preview"
    deprecation = "the preview API is deprecated; current models need AZURE_OPENAI_API_VERSION to be empty"

    translated = frozenset(GA_NAME) | frozenset(GA_NAME.values()) | {
        "session.update",
        "session.created",
        "session.updated",
        "transcription_session.update",
        "response.create",
        "response.created",
        "response.done",
        "response.output_item.added",
        "response.output_item.done",
        "conversation.item.create",
        "conversation.item.done",
        "conversation.item.retrieved",
    }  # fmt: skip
    """Those whose name or shape changed between the generations."""

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """Flatten sessions and responses, rename content parts."""
        match event["type"]:
            case "session.update" if event["session"].get("type") == "transcription":
                session = flatten(event["session"], TRANSCRIPTION_SESSION)
                return {**event, "type": "transcription_session.update", "session": session}
            case "session.update":
                return {**event, "session": flatten(event["session"], SESSION)}
            case "response.create" if event.get("response") is not None:
                return {**event, "response": flat_response(event["response"], RESPONSE)}
            case "conversation.item.create":
                return {**event, "item": old_parts(event["item"])}
        return event

    def server_from_wire(self, event: JsonObject) -> JsonObject | None:
        """Nest sessions and responses, give events their GA names."""
        kind = event["type"]
        ga = {**event, "type": GA_NAME.get(kind, kind)}
        if isinstance(event.get("session"), dict):
            flat = TRANSCRIPTION_SESSION if kind.startswith("transcription_session") else SESSION
            session = nest(event["session"], flat, strict=None)
            session["type"] = "transcription" if flat is TRANSCRIPTION_SESSION else "realtime"
            ga["session"] = session
        if isinstance(event.get("response"), dict):
            ga["response"] = nested_response(event["response"], RESPONSE_REPORT, strict=None)
        if isinstance(event.get("item"), dict):
            ga["item"] = new_parts(event["item"])
        return ga

    def client_from_wire(self, event: JsonObject) -> JsonObject | None:
        """The way back for a service; fields of the other dialect raise `UnknownParameter`."""
        match event.get("type"):
            case "session.update" if isinstance(event.get("session"), dict):
                session = nest(event["session"], SESSION, strict="session")
                return {**event, "session": {"type": "realtime", **session}}
            case "transcription_session.update" if isinstance(event.get("session"), dict):
                session = nest(event["session"], TRANSCRIPTION_SESSION, strict="session")
                return {**event, "type": "session.update", "session": {"type": "transcription", **session}}
            case "transcription_session.update":
                return {**event, "type": "session.update"}
            case "response.create" if isinstance(event.get("response"), dict):
                return {**event, "response": nested_response(event["response"], RESPONSE, strict="response")}
            case "conversation.item.create" if isinstance(event.get("item"), dict):
                check_parts(event["item"], "item")
                return {**event, "item": new_parts(event["item"])}
        return event

    def server_to_wire(self, event: JsonObject) -> JsonObject | None:
        """Events that came with GA are left out; the rest gets its old name and shape."""
        kind = event["type"]
        if kind == "conversation.item.done":
            return None
        out = {**event, "type": PREVIEW_NAME.get(kind, kind)}
        if "session" in event:
            transcribes = event["session"].get("type") == "transcription"
            out["session"] = flatten(event["session"], TRANSCRIPTION_SESSION if transcribes else SESSION)
            out["type"] = f"transcription_{kind}" if transcribes else kind
        if isinstance(event.get("response"), dict):
            out["response"] = flat_response(event["response"], RESPONSE_REPORT)
        if isinstance(event.get("item"), dict):
            out["item"] = old_parts(event["item"])
        return out

    def parameter(self, path: str) -> str:
        """`session.audio.output.voice` is `session.voice` here."""
        head, *rest = path.split(".")
        table = {"session": SESSION | TRANSCRIPTION_SESSION, "response": RESPONSE}.get(head, {})
        for flat, nested in table.items():
            if nested is not DROPPED and tuple(rest[: len(nested)]) == nested:
                return ".".join([head, flat, *rest[len(nested) :]])
        return path


def flatten(nested: JsonObject, table: Mapping[str, tuple[str, ...]]) -> JsonObject:
    """Pick every known path out of a nested object. Absent stays absent, null stays null."""
    flat: JsonObject = {}
    for name, path in table.items():
        if path is DROPPED:
            continue
        node: Any = nested
        for key in path[:-1]:
            node = node.get(key) if isinstance(node, dict) else None
        if isinstance(node, dict) and path[-1] in node:
            flat[name] = _old_value(name, node[path[-1]])
    return flat


def nest(flat: JsonObject, table: Mapping[str, tuple[str, ...]], *, strict: str | None) -> JsonObject:
    """The way back. With `strict` (the object's own path) an unknown field raises; else it is ignored."""
    nested: JsonObject = {}
    if strict is not None:
        check_fields({name: value for name, value in flat.items() if name in table}, FORMATS, strict)
    for name, value in flat.items():
        if name not in table:
            if strict is not None:
                raise UnknownParameter(f"{strict}.{name}")
            continue
        if table[name] is DROPPED:
            continue
        node = nested
        for key in table[name][:-1]:
            node = node.setdefault(key, {})
        node[table[name][-1]] = _new_value(name, value)
    return nested


def _old_value(name: str, value: Any) -> Any:
    if name.endswith("_format") and isinstance(value, dict):
        return FORMAT_NAMES.get(value.get("type"), value)
    if name == "modalities" and value == ["audio"]:
        return ["text", "audio"]  # this generation speaks only together with text
    if name == "input_audio_transcription" and isinstance(value, dict):
        return {field: hint for field, hint in value.items() if field not in NEWER_HINTS}
    return value


def _new_value(name: str, value: Any) -> Any:
    if name.endswith("_format") and isinstance(value, str):
        return FORMATS.get(value, {"type": value})
    if name == "modalities" and isinstance(value, list) and "audio" in value:
        return ["audio"]
    return value


def flat_response(response: JsonObject, table: Mapping[str, tuple[str, ...]]) -> JsonObject:
    """A response, or the request for one, with the items in it."""
    flat = flatten(response, table)
    for name in ("input", "output"):
        if isinstance(flat.get(name), list):
            flat[name] = [old_parts(item) for item in flat[name]]
    return flat


def nested_response(
    flat: JsonObject, table: Mapping[str, tuple[str, ...]], *, strict: str | None
) -> JsonObject:
    """The way back of `flat_response`."""
    response = nest(flat, table, strict=strict)
    for name in ("input", "output"):
        if isinstance(response.get(name), list):
            for place, item in enumerate(response[name] if strict is not None else ()):
                check_parts(item, f"{strict}.{name}[{place}]")
            response[name] = [new_parts(item) for item in response[name]]
    return response


def old_parts(item: JsonObject) -> JsonObject:
    """An item whose content parts have their old names."""
    return _renamed_parts(item, PART_NAMES)


def new_parts(item: Any) -> Any:
    """The way back; what is no item stays as it is."""
    return (
        _renamed_parts(item, {old: new for new, old in PART_NAMES.items()})
        if isinstance(item, dict)
        else item
    )


def _renamed_parts(item: JsonObject, names: Mapping[str, str]) -> JsonObject:
    content = item.get("content")
    if not isinstance(content, list):
        return item
    return {**item, "content": [_renamed(part, names) for part in content]}


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    return {**part, "type": names.get(kind, kind)} if isinstance(kind, str) else part
