"""The embedded server against conversations written from the vendor's reference."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.wire_transcript import Step, differences, filled, read
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer

HERE = Path(__file__).parent
TRANSCRIPTS = sorted(HERE.glob("*/*.txt"))
SECONDS = 10


@pytest.fixture
async def url(transcript: Path) -> AsyncIterator[str]:
    key = "right" if transcript.stem == "upgrades" else None
    async with EmulatorServer(ServerOptions(key=key), sink_engines()) as server:
        yield server.url.replace("http", "ws")


class Player:
    """Plays a client's lines and compares the service's."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._headers: dict[str, str] = {}
        self._socket: ClientConnection | None = None
        self._refused: InvalidStatus | None = None
        self._names: dict[str, Any] = {}
        self._pending: Any = None

    async def play(self, step: Step) -> None:
        match step.keyword:
            case "header":
                name, _, value = step.rest.partition(": ")
                self._headers[name] = value
            case "connect":
                await self._connect(step.rest)
            case "http":
                self._check_refusal(step)
            case ">":
                await self._open.send(json.dumps(filled(step.json, self._names)))
            case "<":
                self._check(step, await self._next())
            case "<+":
                await self._check_many(step)
            case "close":
                await self._check_close(step)

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        self._socket, self._pending, self._names = None, None, {}

    @property
    def _open(self) -> ClientConnection:
        assert self._socket is not None, f"not connected: {self._refused}"
        return self._socket

    async def _connect(self, path: str) -> None:
        await self.leave()
        headers, self._headers, self._refused = self._headers, {}, None
        try:
            self._socket = await connect(
                self._url + path, additional_headers=headers, max_size=None, compression=None
            )
        except InvalidStatus as refused:
            self._refused = refused

    async def _next(self) -> Any:
        event, self._pending = self._pending, None
        if event is not None:
            return event
        async with asyncio.timeout(SECONDS):
            return json.loads(await self._open.recv())

    def _check(self, step: Step, event: Any) -> None:
        wrong = list(differences(step.json, event, self._names))
        assert not wrong, f"line {step.line}: {wrong}\n{str(event)[:2000]}"

    async def _check_many(self, step: Step) -> None:
        self._check(step, await self._next())
        while (event := await self._next())["type"] == step.json["type"]:
            self._check(step, event)
        self._pending = event

    def _check_refusal(self, step: Step) -> None:
        status, _, body = step.rest.partition(" ")
        assert self._refused is not None, f"line {step.line}: was let in"
        response = self._refused.response
        assert response.status_code == int(status)
        self._check(Step("http", body, step.line), json.loads(response.body or b"null"))

    async def _check_close(self, step: Step) -> None:
        code, _, reason = step.rest.partition(" ")
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(SECONDS):
                await self._open.recv()
        frame = closed.value.rcvd
        assert frame is not None
        assert (frame.code, frame.reason) == (int(code), reason)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_server_answers_as_the_reference_says(transcript: Path, url: str) -> None:
    player = Player(url)
    try:
        for step in read(transcript):
            await player.play(step)
    finally:
        await player.leave()


def test_there_are_transcripts_of_every_dialect() -> None:
    assert {path.parent.name for path in TRANSCRIPTS} == {"ga", "preview", "voice_live"}
