"""Reads the home over Home Assistant's Model Context Protocol, as far as Assist may see it; changes nothing.

Only `/api/mcp/assist` is asked, which knows what is exposed to Assist and nothing else, and of its tools only
those that Home Assistant calls read-only. What was told counts for `FRESH_SECONDS`; states are always asked
for. While it fails, there are no tools, names and kinds stay as they were, and it is tried again after
`RETRY_SECONDS`; a token that was refused is not sent again, since Home Assistant bans those who keep trying.

The one thing beside reading is `ask_aloud`, the only service that this program ever calls in Home Assistant.
It is called where `conversation.listen_again` is on, and starts a conversation at the satellite that asked.

Source: the `mcp_server` integration of Home Assistant 2026.11, and the Model Context Protocol's JSON-RPC.
"""

import asyncio
import json
import logging
import re
import socket
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from wyoming_azure_realtime.home_assistant.names import (
    JsonObject,
    Overview,
    ReadOnlyTool,
    area_in,
    base_url,
    listed_prompt,
    overview_in,
    plain_name,
    prompt_text,
    read_only_tools,
    result_text,
)
from wyoming_azure_realtime.logs import log_causes
from wyoming_azure_realtime.settings.model import Secret

_LOGGER = logging.getLogger(__name__)

PATH = "/api/mcp/assist"
STATES_TOOL = "GetLiveContext"
"""The tool whose answer tells the kinds of things; without it they are not known."""

ANSWER_SECONDS = 3.0
"""For one answer, and for all that `refresh` asks, at most."""

FRESH_SECONDS = 60.0
USABLE_SECONDS = 600.0
"""For which what was told is used while it is asked for again: nobody waits for names, kinds and rooms."""

RETRY_SECONDS = 10.0
LOG_SECONDS = 60.0
"""Between two lines of the log that say that it fails."""

LARGEST_ANSWER = 2 << 20
_PIECE = 64 << 10
MOST_ROOMS = 256
"""Devices whose rooms are kept; the one that was asked for longest ago is forgotten first."""

LISTENING_SECONDS = 0.7
"""For which a refusal to listen is waited for; a satellite that listens says nothing until it is over."""

ASKING_SECONDS = 60.0
MOST_ASKING = 16
_SATELLITE = re.compile(r"assist_satellite\.[a-z0-9_]{1,200}")
_ADD_ON_HOSTS = {"supervisor": ("supervisor", "homeassistant")}
"""In an add-on the Supervisor passes on what is asked of Home Assistant, which itself has another address."""


class ReadingFailed(Exception):
    """Home Assistant did not tell; the message says why and may be logged. `for_good`: it will not either."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


class AssistReader:
    """`url`: Home Assistant's address. `token`: of one of its users, who need not be an administrator.

    `within`: seconds for everything that is asked of it at a time, `ANSWER_SECONDS` at most.
    """

    def __init__(self, url: str, token: Secret, within: float = ANSWER_SECONDS) -> None:
        self.within = min(within, ANSWER_SECONDS)
        self._base = base_url(url)
        self._token = token
        self._host = urlsplit(self._base).hostname or ""
        self._http: aiohttp.ClientSession | None = None
        self._tools: dict[str, ReadOnlyTool] = {}
        self._overview = Overview()
        self._rooms: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._read_at = self._failed_at = self._logged_at = self._resolved_at = -1e9
        self.addresses: frozenset[str] = frozenset()
        self._refused = False
        self._reading, self._looking_up = asyncio.Lock(), asyncio.Lock()
        self._asking: set[asyncio.Task[bool]] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._resolving: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Give up what is not over yet."""
        tasks = [*self._asking, *filter(None, (self._renewing, self._resolving))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    # --- what was told

    @property
    def tools(self) -> Sequence[JsonObject]:
        """Function tools that read, in one order; none while it fails."""
        return () if self._fails else [tool.function for tool in self._tools.values()]

    @property
    def names(self) -> Sequence[str]:
        """Of areas and of things in them that Assist may see."""
        return self._overview.names

    def kinds_of(self, name: str) -> frozenset[str]:
        """Domain and device class of what is called so; empty if they are not known."""
        return self._overview.kinds.get(plain_name(name), frozenset())

    def room_of(self, device_id: str) -> str:
        """The area of a device for which `refresh` asked; empty if it is in none."""
        return self._rooms.get(device_id, ("", 0.0))[0]

    @property
    def _fails(self) -> bool:
        return self._refused or self._failed_at > self._read_at

    # --- reading

    async def refresh(self, device_id: str) -> None:
        """Ask for what is not known, and in the background for what was told too long ago; raises nothing."""
        known_at = min(self._read_at, self._room_read_at(device_id))
        if not self._fails and _now() - known_at < USABLE_SECONDS:
            if _now() - known_at >= FRESH_SECONDS and (self._renewing is None or self._renewing.done()):
                self._renewing = asyncio.create_task(self._read_unless_failing(device_id))
            return
        with suppress(TimeoutError):  # others read before, one after the other
            async with asyncio.timeout(2 * self.within):
                await self._read_unless_failing(device_id)

    async def _read_unless_failing(self, device_id: str) -> None:
        async with self._reading:
            if self._refused or _now() - self._failed_at < RETRY_SECONDS:
                return
            try:
                await self.read(device_id)
            except ReadingFailed as failure:
                self._failed(failure)

    async def read(self, device_id: str = "") -> None:
        """Ask for what was told too long ago. Raises `ReadingFailed`."""
        try:
            async with asyncio.timeout(self.within):
                await self._read(device_id)
        except TimeoutError as error:
            raise ReadingFailed("it did not answer in time") from error

    async def _read(self, device_id: str) -> None:
        old = _now() - self._read_at >= FRESH_SECONDS or self._fails
        if not old and _now() - self._room_read_at(device_id) < FRESH_SECONDS:
            return
        name = listed_prompt(await self._rpc("prompts/list", {}, device_id))
        prompt = prompt_text(await self._rpc("prompts/get", {"name": name}, device_id)) if name else ""
        if old:
            tools = read_only_tools(await self._rpc("tools/list", {}, device_id))
            states = next((tool.name for tool in tools if tool.function["name"] == STATES_TOOL), "")
            listed = result_text(await self._call(states, {}, device_id)) if states else ""
            named = await asyncio.to_thread(overview_in, prompt)
            with_states = await asyncio.to_thread(overview_in, _unwrapped(listed))
            self._tools = {str(tool.function["name"]): tool for tool in tools}
            self._overview = Overview(named.names or with_states.names, with_states.kinds)
            if self._failed_at > self._read_at:
                _LOGGER.info("Home Assistant tells about the home: %d tools that only read", len(tools))
            self._read_at = _now()
        if device_id:
            self._rooms[device_id] = (area_in(prompt), _now())
            self._rooms.move_to_end(device_id)
            if len(self._rooms) > MOST_ROOMS:
                self._rooms.popitem(last=False)

    def _room_read_at(self, device_id: str) -> float:
        """When it was asked where a device is; without one, nothing has to be asked."""
        return self._rooms.get(device_id, ("", -1e9))[1] if device_id else self._read_at

    async def call(self, name: str, arguments: str, device_id: str) -> str:
        """What a read-only tool tells, or a sentence that it does not. `arguments`: in JSON."""
        tool = self._tools.get(name)
        if tool is None or self._fails:
            return "Home Assistant cannot be asked at the moment."
        try:
            given = json.loads(arguments or "{}")
            if not isinstance(given, dict):
                return "The arguments are no JSON object."
            async with asyncio.timeout(self.within):
                return _unwrapped(result_text(await self._call(tool.name, given, device_id)))
        except (ValueError, RecursionError):
            return "The arguments are no JSON."
        except TimeoutError:
            self._failed(ReadingFailed("it did not answer in time"))
            return "Home Assistant did not answer."
        except ReadingFailed as failure:
            self._failed(failure)
            return "Home Assistant did not answer."

    async def _call(self, tool: str, arguments: JsonObject, device_id: str) -> Any:
        return await self._rpc("tools/call", {"name": tool, "arguments": arguments}, device_id)

    async def _rpc(self, method: str, parameters: JsonObject, device_id: str) -> Any:
        """The result of one JSON-RPC request. Raises `ReadingFailed`."""
        if device_id:
            parameters = {**parameters, "_meta": {"io.home-assistant/device_id": device_id}}
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        answer = await self._post(PATH, request)
        if "result" not in answer:
            raise ReadingFailed(f"it refused '{method}'")
        return answer["result"]

    async def _post(self, path: str, body: JsonObject) -> JsonObject:
        """The JSON object that is answered. Raises `ReadingFailed`.

        Redirects are not followed, since the token is meant for one host.
        """
        headers = {"Accept": "application/json"}
        try:
            async with self._session().post(
                self._base + path, json=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise _failure(answer.status)
                data = bytearray()
                async for piece in answer.content.iter_chunked(_PIECE):
                    data += piece
                    if len(data) > LARGEST_ANSWER:
                        raise ReadingFailed("its answer is too large")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ReadingFailed(f"it cannot be reached ({type(error).__name__})") from error
        try:
            read = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ReadingFailed("what answers there is no Home Assistant") from error
        return read if isinstance(read, dict) else {}

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=8),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Authorization": f"Bearer {self._token.reveal()}", "Accept-Encoding": "identity"},
                auto_decompress=False,
            )
        return self._http

    def _failed(self, failure: ReadingFailed) -> None:
        """One line a minute at most."""
        self._failed_at = _now()
        self._refused = self._refused or failure.for_good
        if _now() - self._logged_at < LOG_SECONDS:
            return
        self._logged_at = _now()
        _LOGGER.warning("Home Assistant does not tell about the home: %s", failure)
        log_causes(_LOGGER, failure)

    # --- who asks

    async def look_up(self) -> None:
        """Find the `addresses` of Home Assistant's name, once a minute at most; while it fails, they stay.

        While there are none, nobody else than this machine is answered, so that it is tried again soon.
        """
        if not self._resolves_again:
            return
        if not self.addresses:
            await self._resolve()
        elif self._resolving is None or self._resolving.done():
            self._resolving = asyncio.create_task(self._resolve())

    @property
    def _resolves_again(self) -> bool:
        return _now() - self._resolved_at >= (FRESH_SECONDS if self.addresses else RETRY_SECONDS)

    async def _resolve(self) -> None:
        async with self._looking_up:
            if self._resolves_again:
                hosts = _ADD_ON_HOSTS.get(self._host, (self._host,))
                found = await asyncio.gather(*(_addresses_of(host, self.within) for host in hosts))
                self.addresses = frozenset().union(*found) or self.addresses
                self._resolved_at = _now()

    # --- the one service

    async def ask_aloud(self, satellite_id: str, question: str) -> bool:
        """Have a satellite say the question and listen. Returns whether nothing spoke against it in time.

        Home Assistant ends the conversation that runs there and answers when the satellite has listened.
        """
        if self._refused or not _SATELLITE.fullmatch(satellite_id) or len(self._asking) >= MOST_ASKING:
            return False
        body = {"entity_id": satellite_id, "start_message": question, "preannounce": False}
        asking = asyncio.create_task(self._start_conversation(body))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        await asyncio.wait([asking], timeout=LISTENING_SECONDS)
        return not asking.done() or asking.result()

    async def _start_conversation(self, body: JsonObject) -> bool:
        path = "/api/services/assist_satellite/start_conversation"
        try:
            async with (
                asyncio.timeout(ASKING_SECONDS),
                self._session().post(self._base + path, json=body, allow_redirects=False) as answer,
            ):
                why = "" if answer.status == 200 else f"status {answer.status}"
                if answer.status == 401:
                    self._failed(_failure(401))
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a time-out is an OSError
            why = type(error).__name__
        if why:
            _LOGGER.info("A satellite could not be told to listen again: %s", why)
        return not why


def _failure(status: int) -> ReadingFailed:
    """What a status other than 200 says."""
    match status:
        case 401:
            return ReadingFailed("it refused the token (conversation.token)", for_good=True)
        case 403:
            return ReadingFailed("the token's user may not do that")
        case 404:
            return ReadingFailed(
                "its integration 'Model Context Protocol Server' is not set up, or it is older than 2026.8"
            )
    return ReadingFailed(f"it answered with status {status}")


def _unwrapped(text: str) -> str:
    """What a tool tells is a text in an object; the text alone is shorter."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return text
    result = read.get("result") if isinstance(read, dict) else None
    return result if isinstance(result, str) else text


async def _addresses_of(host: str, within: float) -> set[str]:
    try:
        async with asyncio.timeout(within):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return set()
    return {str(address[0]).partition("%")[0] for *_, address in found}


def _now() -> float:
    return asyncio.get_running_loop().time()
