"""How the dialects are spoken by servers that are not the vendors': what they lack, and say otherwise.

Each is GA or preview with exceptions, from the server's source or documents, all read in November 2026:
Hugging Face speech-to-speech 1.1.0, LocalAI of August 2026, speaches of March 2026, xAI's reference.
"""

import base64
from typing import Any

from wyoming_azure_realtime.realtime.dialects.base import GaDialect
from wyoming_azure_realtime.realtime.dialects.preview import PreviewDialect
from wyoming_azure_realtime.realtime.shapes import JsonObject

DEFAULT_VOICE = "default"
"""The voice that a server has where none is named; it is not sent."""

SILENCE_SECONDS = 1.0
"""After which the detector of speech-to-speech has surely ended an utterance."""

_SILENCE = base64.b64encode(bytes(int(48_000 * SILENCE_SECONDS))).decode()

_NO_DETECTION = {
    "type": "server_vad",
    "threshold": 1.0,  # which no sound reaches
    "prefix_padding_ms": 0,
    "silence_duration_ms": 500,
    "create_response": False,
}


class LocalAiDialect(GaDialect):
    """A voice that is named is loaded, so that the pipeline's own is not named."""

    translated = GaDialect.translated | {"session.update"}

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """Without the voice that only this program knows."""
        return _without_default_voice(event) if event["type"] == "session.update" else event


class SpeechToSpeechDialect(GaDialect):
    """Its detector ends every utterance, so that a commit needs quiet; and it answers what it hears."""

    translated = LocalAiDialect.translated | {"input_audio_buffer.commit", "conversation.item.delete"}

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """Quiet ahead of a commit; and when an item is done with, nothing more is to be said about it."""
        match event["type"]:
            case "session.update":
                return _without_default_voice(event)
            case "input_audio_buffer.commit":
                return [{"type": "input_audio_buffer.append", "audio": _SILENCE}, event]
            case "conversation.item.delete":
                return [event, {"type": "response.cancel"}]
        return event


class SpeachesDialect(PreviewDialect):
    """One kind of session, no responses beside the conversation, and a detector that is always on."""

    deprecation = ""

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """Only what it knows; a text to be spoken is in the conversation while its response begins."""
        match event["type"]:
            case "session.update":
                session = {**event["session"], "type": "realtime"}
                flat: Any = super().client_to_wire({**event, "session": session})
                return {**flat, "session": _for_speaches(flat["session"])}
            case "response.create" if event.get("response") is not None:
                flat = super().client_to_wire(event)
                return _in_conversation(flat)
        return super().client_to_wire(event)


class XaiDialect(GaDialect):
    """Voice and detection are at the session's top, and a text is spoken as it is by a kind of item."""

    translated = GaDialect.translated | {
        "session.update",
        "response.create",
        "conversation.item.delete",
        "conversation.created",
    }

    def client_to_wire(self, event: JsonObject) -> JsonObject | list[JsonObject] | None:
        """Items cannot be deleted there."""
        match event["type"]:
            case "session.update":
                return {**event, "session": _for_xai(event["session"])}
            case "response.create":
                return {"type": "conversation.item.create", "item": _forced(event.get("response") or {})}
            case "conversation.item.delete":
                return None
        return event

    def server_from_wire(self, event: JsonObject) -> JsonObject | None:
        """Older reports have another first event."""
        if event["type"] == "conversation.created":
            return {**event, "type": "session.created", "session": {}}
        return super().server_from_wire(event)


def _without_default_voice(event: JsonObject) -> JsonObject:
    audio = event["session"].get("audio", {})
    output = audio.get("output")
    if output is None or output.get("voice") != DEFAULT_VOICE:
        return event
    unnamed = {name: value for name, value in output.items() if name != "voice"}
    return {**event, "session": {**event["session"], "audio": {**audio, "output": unnamed}}}


def _for_speaches(flat: JsonObject) -> JsonObject:
    known = ("modalities", "instructions", "voice", "input_audio_transcription", "tools", "tool_choice")
    session = {name: flat[name] for name in known if name in flat}
    if session.get("voice") == DEFAULT_VOICE:
        del session["voice"]
    if "turn_detection" in flat:  # every field has to be there
        asked = flat["turn_detection"]
        session["turn_detection"] = _NO_DETECTION | ({"threshold": 0.9, **asked} if asked else {})
    return session


def _in_conversation(event: JsonObject) -> list[JsonObject]:
    """The response's input as items, which are removed as soon as the response has taken them."""
    response = dict(event["response"])
    for name in ("conversation", "metadata"):
        response.pop(name, None)
    items = [
        {**item, "id": f"{event.get('event_id')}-{place}"}
        for place, item in enumerate(response.pop("input", []))
    ]
    return [
        *({"type": "conversation.item.create", "item": item} for item in items),
        {**event, "response": response},
        *({"type": "conversation.item.delete", "item_id": item["id"]} for item in items),
    ]


def _for_xai(session: JsonObject) -> JsonObject:
    audio = session.get("audio", {})
    source, sink = audio.get("input", {}), audio.get("output", {})
    top: JsonObject = {name: session[name] for name in ("instructions",) if name in session}
    if "voice" in sink:
        top["voice"] = sink["voice"]
    if "turn_detection" in source:
        top["turn_detection"] = source["turn_detection"]
    inside: JsonObject = {
        name: {"format": side["format"]} for name, side in audio.items() if "format" in side
    }
    if "transcription" in source:
        asked = source["transcription"] or {}
        transcription = {"model": asked.get("model"), "language_hint": asked.get("language")}
        written = {name: value for name, value in transcription.items() if value}
        inside["input"] = {**inside.get("input", {}), "transcription": written}
    return {**top, "audio": inside}


def _forced(response: JsonObject) -> JsonObject:
    """The response's text as what is to be said: a finished message, else the message of the input."""
    said = response.get("pre_generated_assistant_message") or (response.get("input") or [{}])[-1]
    text = "".join(part.get("text") or "" for part in said.get("content", []))
    content = [{"type": "output_text", "text": text}]
    return {"type": "force_message", "role": "assistant", "interruptible": False, "content": content}
