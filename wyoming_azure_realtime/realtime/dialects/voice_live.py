"""The dialect of Azure Voice Live: the preview's flat sessions with fields of its own, to GA shape and back.

Sources, read in November 2026: the request and event models of azure-ai-voicelive 1.3.1, the vendor's
reference. Beside the preview it has one kind of session alone; phrases in place of keywords; several
languages in one text; a rate of the input; no speed, no prompt, and no events about rate limits.
"""

from typing import Any

from wyoming_azure_realtime.realtime.dialects.base import (
    GA_NAME,
    PREVIEW_NAME,
    InvalidParameter,
    UnknownParameter,
)
from wyoming_azure_realtime.realtime.dialects.preview import (
    DROPPED,
    FORMATS,
    RESPONSE,
    RESPONSE_REPORT,
    SESSION,
    PreviewDialect,
    check_parts,
    flat_response,
    flatten,
    nest,
    nested_response,
    new_parts,
    old_parts,
)
from wyoming_azure_realtime.realtime.shapes import JsonObject

RATES = (8000, 16000, 24000)
"""Hz of PCM16 that a client may send."""

_ABSENT = ("speed", "tracing", "max_response_output_tokens", "conversation", "input")

_ABSENT_IN_SESSION = ("object", "speed", "tracing")
VOICE_LIVE_SESSION = {name: path for name, path in SESSION.items() if name not in _ABSENT_IN_SESSION} | {
    "input_audio_echo_cancellation": ("audio", "input", "echo_cancellation"),
    "parallel_tool_calls": ("parallel_tool_calls",),
    "include": ("include",),
}
VOICE_LIVE_RESPONSE = {name: path for name, path in RESPONSE.items() if name not in _ABSENT} | {
    "max_output_tokens": ("max_output_tokens",),
    "input_items": ("input",),
    "pre_generated_assistant_message": ("pre_generated_assistant_message",),
}
VOICE_LIVE_REPORT = {name: path for name, path in RESPONSE_REPORT.items() if name not in _ABSENT} | {
    "max_output_tokens": ("max_output_tokens",)
}
_HINTS = ("model", "language", "phrase_list", "custom_speech")
_FORMAT, _RATE, _TRANSCRIPTION = (
    "input_audio_format",
    "input_audio_sampling_rate",
    "input_audio_transcription",
)
_COMPLETED = "conversation.item.input_audio_transcription.completed"
_ITEMS, _MESSAGE = "input_items", "pre_generated_assistant_message"


class VoiceLiveDialect:
    """One kind of session, which hears and speaks."""

    name = "voice_live"
    deprecation = ""
    translated = PreviewDialect.translated | {"rate_limits.updated", _COMPLETED}

    def client_to_wire(self, event: JsonObject) -> JsonObject | None:
        """Flatten sessions and responses, rename content parts."""
        match event["type"]:
            case "session.update":
                return {**event, "session": _flat_session(event["session"])}
            case "response.create" if event.get("response") is not None:
                return {**event, "response": _flat_response(event["response"])}
            case "conversation.item.create":
                return {**event, "item": old_parts(event["item"])}
        return event

    def server_from_wire(self, event: JsonObject) -> JsonObject | None:
        """Nest sessions and responses, give events their GA names."""
        ga = {**event, "type": GA_NAME.get(event["type"], event["type"])}
        if isinstance(event.get("session"), dict):
            ga["session"] = {"type": "realtime", **_nested_session(event["session"], strict=None)}
        if isinstance(event.get("response"), dict):
            ga["response"] = nested_response(event["response"], VOICE_LIVE_REPORT, strict=None)
        if isinstance(event.get("item"), dict):
            ga["item"] = new_parts(event["item"])
        return ga

    def client_from_wire(self, event: JsonObject) -> JsonObject | None:
        """The way back for a service; fields of another dialect raise `UnknownParameter`."""
        match event.get("type"):
            case "transcription_session.update":
                return None
            case "session.update" if isinstance(event.get("session"), dict):
                session = _nested_session(event["session"], strict="session")
                return {**event, "session": {"type": "realtime", **session}}
            case "response.create" if isinstance(event.get("response"), dict):
                return {**event, "response": _nested_request(event["response"])}
            case "conversation.item.create" if isinstance(event.get("item"), dict):
                check_parts(event["item"], "item")
                return {**event, "item": new_parts(event["item"])}
        return event

    def server_to_wire(self, event: JsonObject) -> JsonObject | None:
        """What this service does not send is left out; the rest gets its name and shape here."""
        kind = event["type"]
        if kind in ("conversation.item.done", "rate_limits.updated"):
            return None
        out = {**event, "type": PREVIEW_NAME.get(kind, kind)}
        if kind == _COMPLETED:
            out.pop("usage", None)
        if "session" in event:
            out["session"] = _flat_session(event["session"])
        if isinstance(event.get("response"), dict):
            out["response"] = flat_response(event["response"], VOICE_LIVE_REPORT)
        if isinstance(event.get("item"), dict):
            out["item"] = old_parts(event["item"])
        return out

    def parameter(self, path: str) -> str:
        """`session.audio.input.transcription.keywords` is `session.input_audio_transcription.phrase_list`."""
        head, *rest = path.split(".")
        table = {"session": VOICE_LIVE_SESSION, "response": VOICE_LIVE_RESPONSE}.get(head, {})
        for flat, nested in table.items():
            if nested is not DROPPED and tuple(rest[: len(nested)]) == nested:
                named = ".".join([head, flat, *rest[len(nested) :]])
                return named.replace("_transcription.keywords", "_transcription.phrase_list").replace(
                    "_transcription.languages", "_transcription.language"
                )
        return path


def _flat_session(session: JsonObject) -> JsonObject:
    """Absent stays absent, null stays null."""
    flat = flatten(session, VOICE_LIVE_SESSION)
    audio = session.get("audio") or {}
    side: JsonObject = audio.get("input") or {}
    if isinstance(side.get("format"), dict) and "rate" in side["format"]:
        flat[_RATE] = side["format"]["rate"]
    if isinstance(side.get("transcription"), dict):
        flat[_TRANSCRIPTION] = _flat_hints(side["transcription"])
    return flat


def _flat_hints(transcription: JsonObject) -> JsonObject:
    languages = transcription.get("languages") or [transcription.get("language")]
    flat: JsonObject = {name: transcription[name] for name in ("model",) if name in transcription}
    if any(languages):
        flat["language"] = ",".join(languages)
    if "keywords" in transcription:
        flat["phrase_list"] = transcription["keywords"]
    return flat


def _flat_response(response: JsonObject) -> JsonObject:
    flat = flatten(response, VOICE_LIVE_RESPONSE)
    if _ITEMS in flat:
        flat[_ITEMS] = [old_parts(item) for item in flat[_ITEMS]]
    if _MESSAGE in flat:
        flat[_MESSAGE] = old_parts(flat[_MESSAGE])
    if response.get("conversation") == "none":
        flat["commit"] = False
    return flat


def _nested_session(flat: JsonObject, *, strict: str | None) -> JsonObject:
    """With `strict` (the object's own path) an unknown field raises."""
    plain = {name: value for name, value in flat.items() if name not in (_RATE, _TRANSCRIPTION)}
    session = nest(plain, VOICE_LIVE_SESSION, strict=strict)
    if _RATE in flat or _TRANSCRIPTION in flat:
        side = session.setdefault("audio", {}).setdefault("input", {})
        if _RATE in flat:
            named = flat.get(_FORMAT, "pcm16")
            if strict is not None:
                _check_rate(named, flat[_RATE], f"{strict}.{_RATE}")
            if named == "pcm16":
                side["format"] = {**FORMATS["pcm16"], "rate": flat[_RATE]}
        if _TRANSCRIPTION in flat:
            side["transcription"] = _nested_hints(flat[_TRANSCRIPTION], strict)
    return session


def _check_rate(name: Any, rate: Any, path: str) -> None:
    rates = RATES if name == "pcm16" else (8000,)
    if rate not in rates:
        raise InvalidParameter(path, f"Invalid value: {rate!r:.40}. Supported values are: {rates}.")


def _nested_hints(hints: Any, strict: str | None) -> Any:
    if not isinstance(hints, dict):
        return hints
    for name in hints if strict is not None else ():
        if name not in _HINTS:
            raise UnknownParameter(f"{strict}.{_TRANSCRIPTION}.{name}")
    nested: JsonObject = {name: hints[name] for name in ("model",) if name in hints}
    if isinstance(hints.get("language"), str):
        nested["languages"] = [tag.strip() for tag in hints["language"].split(",")]
    if "phrase_list" in hints:
        nested["keywords"] = hints["phrase_list"]
    return nested


def _nested_request(flat: JsonObject) -> JsonObject:
    plain = {name: value for name, value in flat.items() if name != "commit"}
    response = nested_response(plain, VOICE_LIVE_RESPONSE, strict="response")
    if _MESSAGE in flat:
        check_parts(flat[_MESSAGE], f"response.{_MESSAGE}")
        response[_MESSAGE] = new_parts(flat[_MESSAGE])
    if flat.get("commit") is False:
        response["conversation"] = "none"
    return response
