"""Stand-ins for servers of this protocol's family, each with the rules of its own source or documents.

Hugging Face speech-to-speech 1.1.0 (`api/openai_realtime`), LocalAI of August 2026
(`core/http/endpoints/openai`), speaches of March 2026 (`realtime`, `routers/realtime_ws.py`), and xAI's
reference of October 2026. What they hear is `HEARD`; a model repeats what it is given.
"""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

HEARD = "turn on the kitchen lights"
Event = dict[str, Any]
_IDS = itertools.count(1)


def _id(kind: str) -> str:
    return f"{kind}_{next(_IDS)}"


def sound(text: str) -> str:
    """60 ms a letter, in base64."""
    return base64.b64encode(b"\x10\x02" * (24 * 60 * len(text))).decode()


class OtherServer:
    """What all have in common. `complaints`: every error that it sent; `asked`: the upgrade requests."""

    name: ClassVar[str]
    names: ClassVar[dict[str, str]] = {}
    slots = 100
    release_seconds = 0.0

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.complaints: list[str] = []
        self.open_now = 0
        self.most = 0
        self.breaks = False
        self.url = ""

    def admit(self, _connection: ServerConnection, request: Request) -> Response | None:
        self.asked.append(request)
        return None

    async def converse(self, socket: ServerConnection) -> None:
        if self.open_now >= self.slots:
            await socket.send(json.dumps(self.full()))
            await socket.close(1008, "All session slots are in use")
            return
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        session = Session(parse_qs(urlsplit(self.asked[-1].path).query))
        try:
            for event in self.greeting(session):
                await self._say(socket, event)
            async for frame in socket:
                for event in self.answer(json.loads(frame), session):
                    await self._say(socket, event)
        except (ConnectionClosed, EOFError):
            pass
        finally:
            await asyncio.sleep(self.release_seconds)
            self.open_now -= 1

    async def _say(self, socket: ServerConnection, event: Event) -> None:
        if event["type"] == "error":
            self.complaints.append(event["error"]["message"])
        await socket.send(json.dumps({**event, "type": self.names.get(event["type"], event["type"])}))

    def full(self) -> Event:
        raise NotImplementedError

    def greeting(self, session: "Session") -> Iterator[Event]:
        yield {"type": "session.created", "session": {"id": session.id}}

    def answer(self, event: Event, session: "Session") -> Iterator[Event]:
        raise NotImplementedError

    def transcribed(self, item_id: str) -> Event:
        kind = "conversation.item.input_audio_transcription.completed"
        return {"type": kind, "item_id": item_id, "content_index": 0, "transcript": HEARD, "usage": None}

    def spoken(self, text: str, **response: Any) -> Iterator[Event]:
        """A response's whole life."""
        where = {"response_id": _id("resp"), "item_id": _id("item"), "output_index": 0, "content_index": 0}
        report = {"id": where["response_id"], "object": "realtime.response", **response}
        yield {"type": "response.created", "response": {**report, "status": "in_progress"}}
        yield {"type": "response.output_audio_transcript.delta", **where, "delta": text}
        yield {"type": "response.output_audio.delta", **where, "delta": sound(text)}
        yield {"type": "response.output_audio.done", **where}
        yield {"type": "response.output_audio_transcript.done", **where, "transcript": text}
        yield {"type": "response.done", "response": {**report, "status": "completed", "output": None}}


class Session:
    """What a server remembers of one connection."""

    def __init__(self, query: dict[str, list[str]]) -> None:
        self.query = query
        self.id = _id("sess")
        self.state: dict[str, Any] = {}
        self.audio = b""
        self.items: dict[str, Event] = {}


def error(message: str, **more: Any) -> Event:
    return {"type": "error", "error": {"message": message, **more}}


def text_of(create: Event) -> str:
    """What a response shall say."""
    return str(create["response"]["input"][-1]["content"][0]["text"])


class SpeechToSpeechServer(OtherServer):
    """One slot; it is free again a moment after its client has gone. Its detector ends what is said."""

    name = "speech_to_speech"
    slots = 1
    release_seconds = 0.1

    def full(self) -> Event:
        return error("All 1 session slots are in use. Disconnect an existing client first.",
                     type="session_limit_reached", code=None)  # fmt: skip

    def answer(self, event: Event, session: Session) -> Iterator[Event]:
        match event["type"]:
            case "session.update" if event["session"].get("type") == "transcription":
                message = "Only 'realtime' session type is supported; transcription sessions are not."
                yield error(message, type="invalid_session_type", code=None, event_id=event["event_id"])
            case "session.update" if event["session"].get("type") == "realtime":
                yield {"type": "session.updated", "session": {"id": session.id, **event["session"]}}
            case "input_audio_buffer.append":
                session.audio += base64.b64decode(event["audio"])
                heard = session.audio.rstrip(b"\0")
                if heard and len(session.audio) - len(heard) > 48 * 500:
                    session.audio = b""
                    item = _id("item")
                    yield {"type": "input_audio_buffer.speech_started", "audio_start_ms": 0, "item_id": item}
                    yield {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 1, "item_id": item}
                    yield {"type": "input_audio_buffer.committed", "item_id": item}
                    yield self.transcribed(item)
                    session.state["answering"] = True
            case "input_audio_buffer.commit":
                pass  # which ends nothing
            case "response.cancel":
                session.state["answering"] = False
            case "conversation.item.delete":
                message = f"No conversation item with id '{event['item_id']}' found."
                yield error(message, type="conversation_item_not_found", event_id=event["event_id"])
            case "response.create" if session.state.get("answering"):
                message = "Cannot create response while another response is in progress or pending."
                kind = "conversation_already_has_active_response"
                yield error(message, type=kind, event_id=event["event_id"])
            case "response.create":
                yield from self.spoken(text_of(event), metadata=event["response"]["metadata"])
            case _:
                yield error(f"Unknown or invalid event: {event['type']}", type="unknown_or_invalid_event")


class LocalAiServer(OtherServer):
    """An item has another name where it is transcribed; errors name no event of the client's."""

    name = "localai"

    def greeting(self, session: Session) -> Iterator[Event]:
        if session.query.get("model") != ["my-pipeline"]:
            yield error("Failed to load model config", type="invalid_request_error", code="model_load_error")
            raise EOFError
        yield {
            "type": "session.created",
            "event_id": "event_TODO",
            "session": {"id": session.id, "object": ""},
        }

    def answer(self, event: Event, session: Session) -> Iterator[Event]:
        match event["type"]:
            case "session.update":
                output = event["session"].get("audio", {}).get("output", {})
                if output.get("voice", "amy") != "amy":
                    yield error("Failed to update session: no such voice", code="session_update_error")
                    return
                session.state |= event["session"]
                yield {"type": "session.updated", "event_id": "event_TODO", "session": {"id": session.id}}
            case "input_audio_buffer.append":
                session.audio += base64.b64decode(event["audio"])
            case "input_audio_buffer.commit":
                yield {"type": "input_audio_buffer.committed", "item_id": _id("item")}
                yield self.transcribed(_id("item"))
                if session.state["type"] == "realtime":  # its model answers
                    yield from self.spoken("The light is on.")
            case "conversation.item.delete":
                yield error("Item to delete not found", code="invalid_item_id", event_id="event_TODO")
            case "response.create" if self.breaks:
                response = {
                    "id": _id("resp"),
                    "status": "in_progress",
                    "metadata": event["response"]["metadata"],
                }
                yield {"type": "response.created", "response": response}
                yield error("TTS generation failed: no model", code="tts_error", event_id=_id("item"))
            case "response.create":
                response = event["response"]
                yield from self.spoken(
                    response["input"][-1]["content"][0]["text"], metadata=response["metadata"]
                )


class SpeachesServer(OtherServer):
    """Flat events; fields that it cannot set are complained of; nothing stands beside the conversation."""

    name = "speaches"
    names: ClassVar = {
        "response.output_audio.delta": "response.audio.delta",
        "response.output_audio.done": "response.audio.done",
        "response.output_audio_transcript.delta": "response.audio_transcript.delta",
        "response.output_audio_transcript.done": "response.audio_transcript.done",
    }

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        super().admit(connection, request)
        if "model=" not in request.path:
            return Response(403, "Forbidden", Headers({"Content-Length": "0"}), b"")
        return None

    def answer(self, event: Event, session: Session) -> Iterator[Event]:
        match event["type"]:
            case "session.update":
                yield from self._updated(event["session"], session)
            case "input_audio_buffer.append":
                session.audio += base64.b64decode(event["audio"])
                assert session.state["turn_detection"]["threshold"] == 1.0, "its detector would cut"
            case "input_audio_buffer.commit":
                item = _id("item")
                yield {"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": item}
                yield {"type": "conversation.item.created", "previous_item_id": None, "item": {"id": item}}
                yield self.transcribed(item)
            case "conversation.item.create":
                session.items[event["item"]["id"]] = event["item"]
                yield {"type": "conversation.item.created", "previous_item_id": None, "item": event["item"]}
            case "conversation.item.delete" if event["item_id"] not in session.items:
                yield error(f"Error deleting item: the item with id '{event['item_id']}' does not exist.")
            case "conversation.item.delete":
                del session.items[event["item_id"]]
                yield {"type": "conversation.item.deleted", "item_id": event["item_id"]}
            case "response.create":
                for field in ("conversation", "input", "metadata"):
                    if event["response"].get(field) is not None:
                        yield self._unsupported(f"response.{field}")
                (only,) = session.items.values()
                yield from self.spoken(only["content"][0]["text"])
            case _:
                yield error(f"1 validation error: {event['type']} is no client event")

    def _updated(self, update: Event, session: Session) -> Iterator[Event]:
        detection = update.get("turn_detection", session.state.get("turn_detection"))
        fields = {"type", "threshold", "prefix_padding_ms", "silence_duration_ms", "create_response"}
        if "turn_detection" in update and (detection is None or set(detection) != fields):
            yield error("1 validation error for session.update: turn_detection")
            return
        for field in ("input_audio_format", "output_audio_format"):
            if field in update:
                yield self._unsupported(f"session.{field}")
        if "turn_detection" in update:
            yield self._unsupported("session.turn_detection.prefix_padding_ms")
        session.state |= update
        yield {"type": "session.updated", "session": {"id": session.id, **session.state}}

    def _unsupported(self, field: str) -> Event:
        return error(f"Specifying `{field}` is not supported.", type="invalid_request_error")


class XaiServer(OtherServer):
    """Its model answers whatever it is asked; a `force_message` is spoken as it stands."""

    name = "xai"

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        super().admit(connection, request)
        if request.headers.get("Authorization") != "Bearer hunter2":
            return Response(401, "Unauthorized", Headers({"Content-Length": "0"}), b"")
        return None

    def greeting(self, session: Session) -> Iterator[Event]:
        yield {"type": "session.created", "session": {"id": session.id, "object": "realtime.session"}}
        yield {"type": "conversation.created", "conversation": {"id": _id("conv")}}

    def answer(self, event: Event, session: Session) -> Iterator[Event]:
        match event["type"]:
            case "session.update":
                update = event["session"]
                if update.get("voice", "eve") not in ("eve", "ara", "leo", "rex", "sal"):
                    yield error(
                        f"Unknown voice {update['voice']}", code="invalid_value", param="session.voice"
                    )
                    return
                session.state |= update
                yield {"type": "session.updated", "session": {"id": session.id, **session.state}}
            case "input_audio_buffer.append":
                session.audio += base64.b64decode(event["audio"])
            case "input_audio_buffer.commit":
                assert session.state["turn_detection"] is None
                assert session.state["audio"]["input"]["transcription"]["model"] == "grok-transcribe"
                item = _id("item")
                yield {"type": "input_audio_buffer.committed", "item_id": item}
                kind = "conversation.item.input_audio_transcription.updated"
                yield {"type": kind, "item_id": item, "transcript": "turn on"}
                yield self.transcribed(item)
            case "conversation.item.create" if event["item"]["type"] == "force_message":
                yield from self.spoken(event["item"]["content"][0]["text"])
            case "response.create":
                yield from self.spoken("I am Grok.")
            case _:
                yield error(f"Invalid event type {event['type']}", type="invalid_request_error")


@asynccontextmanager
async def other_server(server: OtherServer) -> AsyncIterator[OtherServer]:
    """Runs on a free loopback port."""
    async with serve(
        server.converse, "127.0.0.1", 0, process_request=server.admit, compression=None
    ) as running:
        port = next(iter(running.sockets)).getsockname()[1]
        server.url = f"http://127.0.0.1:{port}"
        yield server
