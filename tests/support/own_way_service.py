"""A realtime service that says things its own way: the GA protocol at real latencies, no code of ours."""

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as Upgrade

from tests.support.coded_sounds import RATE
from tests.support.own_way_model import Model, Rendering, Request

JsonObject = dict[str, Any]
Timed = tuple[float, str, JsonObject]

HANDSHAKE_SECONDS = 0.15
FIRST_SOUND_SECONDS = 0.3
TIMES_REAL_TIME = 3.0
TRANSCRIPT_AHEAD = 0.2
_CREATED_SECONDS = 0.02
_OPENED_SECONDS = 0.08
_FAILED_SECONDS = 0.15
_DELTA_BYTES = (4800, 7200, 12000)  # as they are seen; the last goes on
_RATE_LIMITS = [{"name": "requests", "limit": 200, "remaining": 199, "reset_seconds": 0.3}]


@asynccontextmanager
async def own_way_service(model: Model) -> AsyncIterator[str]:
    """Its address, on a free port of loopback."""

    async def slowly(_connection: ServerConnection, _upgrade: Upgrade) -> None:
        await asyncio.sleep(HANDSHAKE_SECONDS)

    async def session(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await _Session(connection, model).run()

    options: dict[str, Any] = {"compression": None, "max_size": None, "process_request": slowly}
    async with serve(session, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}"


class _Session:
    """One connection; its responses run beside each other."""

    def __init__(self, connection: ServerConnection, model: Model) -> None:
        self._connection = connection
        self._model = model
        self._ids = itertools.count(1)
        self._items: dict[str, str] = {}  # texts of the conversation, by id
        self._responses: dict[str, tuple[_Response, asyncio.Task[None]]] = {}
        kind = (
            "transcription"
            if "intent=transcription" in (connection.request.path if connection.request else "")
            else "realtime"
        )
        self._session: JsonObject = {
            "type": kind,
            "object": "realtime.session",
            "id": f"sess_{id(self):x}",
            "model": "gpt-realtime",
            "expires_at": int(time.time()) + 3600,
            "output_modalities": ["audio"],
            "instructions": "",
            "audio": {"output": {"format": {"type": "audio/pcm", "rate": RATE}, "voice": "marin"}},
            "tools": [],
            "tool_choice": "auto",
        }

    async def run(self) -> None:
        await self.emit("session.created", session=self._session)
        try:
            async for frame in self._connection:
                event = json.loads(frame)
                await self._take(event["type"], event)
        finally:
            for _, task in self._responses.values():
                task.cancel()

    async def emit(self, kind: str, **fields: Any) -> None:
        event = {"type": kind, "event_id": f"event_{next(self._ids)}", **fields}
        await self._connection.send(json.dumps(event))

    async def _take(self, kind: str, event: JsonObject) -> None:
        match kind:
            case "session.update":
                _merge(self._session, event["session"])
                await self.emit("session.updated", session=self._session)
            case "conversation.item.create":
                item = {"id": f"item_{next(self._ids)}", **event["item"]}
                self._items[item["id"]] = _text_of(item)
                for name in ("added", "done"):
                    await self.emit(f"conversation.item.{name}", item=item, previous_item_id=None)
            case "conversation.item.delete":
                self._items.pop(event["item_id"], None)
                await self.emit("conversation.item.deleted", item_id=event["item_id"])
            case "response.create":
                self._create(event.get("response") or {})
            case "response.cancel":
                await self._cancel(event)
            case "input_audio_buffer.append" | "input_audio_buffer.clear" | "input_audio_buffer.commit":
                pass
            case _:
                await self._refuse("invalid_event", f"Unknown event {kind}.", event)

    def _create(self, parameters: JsonObject) -> None:
        response_id = f"resp_{next(self._ids)}_{id(self):x}"
        rendering = self._model.render(self._request(parameters))
        response = _Response(self, response_id, parameters, rendering)
        task = asyncio.create_task(response.run())
        self._responses[response_id] = response, task
        task.add_done_callback(lambda _: self._responses.pop(response_id, None))

    def _request(self, parameters: JsonObject) -> Request:
        """Without an input the conversation counts, with one only what it refers to."""
        given = parameters.get("input")
        items: list[str] = list(self._items.values()) if given is None else []
        messages: list[str] = []
        for item in given or []:
            if item["type"] == "item_reference":
                items.append(self._items.get(item["id"], ""))
            elif item.get("role") == "user":
                messages.append(_text_of(item))
            else:
                items.append(_text_of(item))
        instructions = parameters.get("instructions", self._session["instructions"])
        return Request(tuple(messages), tuple(items), instructions or "")

    async def _cancel(self, event: JsonObject) -> None:
        response, task = self._responses.get(event.get("response_id", ""), (None, None))
        if response is None or task is None or response.ending:
            message = "Cancellation failed: no active response found"
            await self._refuse("response_cancel_not_active", message, event)
        else:
            task.cancel()

    async def _refuse(self, code: str, message: str, event: JsonObject) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
        await self.emit("error", error={**error, "event_id": event.get("event_id")})


class _Response:
    """One response, from `response.created` to `response.done`."""

    def __init__(
        self, session: _Session, response_id: str, parameters: JsonObject, rendering: Rendering
    ) -> None:
        self._session = session
        self._id = response_id
        self._parameters = parameters
        self._rendering = rendering
        self._item = response_id.replace("resp", "item")
        self._path = {
            "response_id": response_id,
            "item_id": self._item,
            "output_index": 0,
            "content_index": 0,
        }
        self._created = self._opened = False
        self._said = ""
        self.ending = False

    async def run(self) -> None:
        began = asyncio.get_running_loop().time()
        status = {"insufficient_quota": "failed", "content_filter": "incomplete"}.get(
            self._rendering.saying.ending, "completed"
        )
        try:
            for after, kind, fields in self._events():
                wait = began + after - asyncio.get_running_loop().time()
                if wait > 0:
                    await asyncio.sleep(wait)
                self._created = True
                self._opened = self._opened or kind == "response.output_item.added"
                self._said += fields["delta"] if kind.endswith("transcript.delta") else ""
                await self._session.emit(kind, **fields)
        except asyncio.CancelledError:
            status = "cancelled"
        except ConnectionClosed:
            return
        self.ending = True
        with suppress(ConnectionClosed):
            if not self._created:
                await self._session.emit("response.created", response=self._report("in_progress"))
            await self._end(status)

    def _events(self) -> Iterator[Timed]:
        """What is sent when, in seconds from the request."""
        saying = self._rendering.saying
        yield _CREATED_SECONDS, "response.created", {"response": self._report("in_progress")}
        if saying.ending == "insufficient_quota":
            yield _FAILED_SECONDS, "rate_limits.updated", {"rate_limits": _RATE_LIMITS}
            return
        item = {**self._message("in_progress"), "content": []}
        yield (
            _OPENED_SECONDS,
            "response.output_item.added",
            {"response_id": self._id, "output_index": 0, "item": item},
        )
        part = {"type": "text", "text": ""} if saying.written else {"type": "audio", "transcript": ""}
        yield _OPENED_SECONDS, "response.content_part.added", {**self._path, "part": part}
        yield from self._text() if saying.written else self._speech()

    def _text(self) -> Iterator[Timed]:
        for number, chunk in enumerate(_tokens(text := self._rendering.saying.deltas)):
            yield (
                FIRST_SOUND_SECONDS + number * 0.01,
                "response.output_text.delta",
                {**self._path, "delta": chunk},
            )
        yield 0.0, "response.output_text.done", {**self._path, "text": text}

    def _speech(self) -> Iterator[Timed]:
        return iter(sorted([*self._words(), *self._audio()], key=lambda timed: timed[0]))

    def _words(self) -> Iterator[Timed]:
        saying, seconds, at = self._rendering.saying, self._rendering.seconds, 0
        # all of it comes where the sound stops early, unless a filter stops both
        share = saying.share if saying.ending == "content_filter" else 1.0
        come = min(seconds, max(len(self._rendering.pcm) / RATE / 2, 0.1)) / TIMES_REAL_TIME
        for chunk in _tokens(saying.deltas):
            if at > share * len(saying.deltas):
                break
            due = seconds * at / len(saying.deltas) / TIMES_REAL_TIME - TRANSCRIPT_AHEAD
            due = FIRST_SOUND_SECONDS + min(due, come)
            yield (
                max(_OPENED_SECONDS, due),
                "response.output_audio_transcript.delta",
                {**self._path, "delta": chunk},
            )
            at += len(chunk)

    def _audio(self) -> Iterator[Timed]:
        pcm, sizes, at = (
            self._rendering.pcm,
            itertools.chain(_DELTA_BYTES, itertools.repeat(_DELTA_BYTES[-1])),
            0,
        )
        while at < len(pcm):
            chunk = pcm[at : at + next(sizes)]
            at += len(chunk)
            ahead = max(0, at - _DELTA_BYTES[0]) / RATE / 2 / TIMES_REAL_TIME
            fields = {**self._path, "delta": base64.b64encode(chunk).decode()}
            yield FIRST_SOUND_SECONDS + ahead, "response.output_audio.delta", fields

    async def _end(self, status: str) -> None:
        saying = self._rendering.saying
        output = []
        if self._opened:
            part: JsonObject = {"type": "text", "text": saying.deltas}
            if not saying.written:
                transcript = saying.done if status == "completed" else self._said
                await self._session.emit("response.output_audio.done", **self._path)
                if transcript is not None:
                    kind = "response.output_audio_transcript.done"
                    await self._session.emit(kind, **self._path, transcript=transcript)
                part = {"type": "audio", "transcript": transcript}
            await self._session.emit("response.content_part.done", **self._path, part=part)
            item = self._message("completed" if status == "completed" else "incomplete")
            item["content"] = [{**part, "type": f"output_{part['type']}"}]
            await self._session.emit(
                "response.output_item.done", response_id=self._id, output_index=0, item=item
            )
            output = [item]
        await self._session.emit("response.done", response=self._report(status, output))
        await self._session.emit("rate_limits.updated", rate_limits=_RATE_LIMITS)

    def _message(self, status: str) -> JsonObject:
        message = {"id": self._item, "object": "realtime.item", "type": "message"}
        return {**message, "status": status, "role": "assistant"}

    def _report(self, status: str, output: list[JsonObject] | None = None) -> JsonObject:
        return {
            "object": "realtime.response",
            "id": self._id,
            "status": status,
            "status_details": _details(status),
            "output": output or [],
            "conversation_id": None if self._parameters.get("conversation") == "none" else "conv_1",
            "output_modalities": ["audio"],
            "metadata": self._parameters.get("metadata"),
            "usage": None if status == "in_progress" else self._usage(),
        }

    def _usage(self) -> JsonObject:
        sound, text = round(self._rendering.seconds * 20), len(self._said) // 4
        details = {"audio_tokens": sound, "text_tokens": text}
        tokens = {"input_tokens": 100, "output_tokens": sound + text, "total_tokens": 100 + sound + text}
        return {**tokens, "output_token_details": details}


def _details(status: str) -> JsonObject | None:
    match status:
        case "cancelled":
            return {"type": status, "reason": "client_cancelled"}
        case "incomplete":
            return {"type": status, "reason": "content_filter"}
        case "failed":
            message = "You exceeded your current quota, please check your plan and billing details."
            error = {"type": "insufficient_quota", "code": "insufficient_quota", "message": message}
            return {"type": status, "error": error}
    return None


def _tokens(text: str) -> Iterator[str]:
    """Word by word with the space before it; four characters at a time where there are no spaces."""
    for number, word in enumerate(text.split(" ")):
        lead = " " if number else ""
        if len(word) > 24:
            for at in range(0, len(word), 4):
                yield (lead if not at else "") + word[at : at + 4]
        elif lead or word:
            yield lead + word


def _text_of(item: JsonObject) -> str:
    return " ".join(part.get("text") or part.get("transcript") or "" for part in item.get("content") or [])


def _merge(into: JsonObject, update: JsonObject) -> None:
    for name, value in update.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
