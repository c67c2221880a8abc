"""What is around the server at home: its ports, who hears of it, Home Assistant, and the fallbacks."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from wyoming.info import Describe

from wyoming_azure_realtime.app import http_addresses
from wyoming_azure_realtime.diagnosis.steps import Result, Step
from wyoming_azure_realtime.errors import AddressInUse, BackendError, ConnectFailed, SettingsError
from wyoming_azure_realtime.home_assistant.home import HomeAssistantConnection, HomeAssistantFailed, connected
from wyoming_azure_realtime.home_assistant.names import websocket_url
from wyoming_azure_realtime.home_assistant.reader import AssistReader, ReadingFailed
from wyoming_azure_realtime.settings.addresses import (
    EMBEDDED,
    Address,
    StdioAddress,
    TcpAddress,
    UnixAddress,
    parse_host_port,
    parse_uri,
)
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Fallback, HomeAssistant
from wyoming_azure_realtime.wyoming_client import connected as wyoming_connected
from wyoming_azure_realtime.wyoming_client import fields_of
from wyoming_azure_realtime.wyoming_fallback import WyomingRecognizer, WyomingService, WyomingVoice
from wyoming_azure_realtime.wyoming_server.server import PROGRAM

ANSWER_SECONDS = 3.0
"""For whoever listens on a port of this machine to say who that is."""

BROWSE_SECONDS = 4.0
"""For which an announcement is waited for: servers answer within one."""

_BY_HAND = "Home Assistant can be told address and port by hand as well."
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - replaced, not bound
_NO_ANSWER = (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
_LARGEST_ANSWER = 64 << 10
_LISTENING = "0A"  # in /proc/net/tcp
_MOST_PROCESSES = 20_000

ABILITIES: Sequence[tuple[tuple[int, int], str]] = (
    ((2025, 7), "begins to speak before the whole text is there"),
    ((2026, 8), "shows errors of a command"),
    ((2026, 9), "notices changed voices"),
    ((2026, 10), "lets this server end a command"),
)
"""What Home Assistant can do of what the server offers, and since which version."""


class HomeExamination:
    """Ports, announcement and Home Assistant, by the settings; `doctor` runs where the server does."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._settings = loaded.settings
        self._ours: list[int] = []  # ports on which this program answers

    def steps(self) -> list[Step]:
        """In their order."""
        ports = [
            Step(f"Wyoming port{self._number(index)}", partial(self._wyoming, one.uri))
            for index, one in enumerate(self._settings.listeners)
        ]
        access, lookups = self._settings.home_assistant, self._settings.conversation.token
        home = [Step("Home Assistant", self._home_assistant, seconds=30.0)] if access.url else []
        if access.url and lookups:
            home = [*(home if access.token else []), Step("how the home is", self._how_the_home_is)]
        return [
            *ports,
            Step("HTTP port", self._http),
            Step("zeroconf", self._zeroconf, seconds=3 * BROWSE_SECONDS),
            *home,
        ]

    def _number(self, index: int) -> str:
        return f" {index + 1}" if len(self._settings.listeners) > 1 else ""

    # --- ports

    async def _wyoming(self, uri: str) -> Result:
        address = parse_uri(uri)
        if isinstance(address, StdioAddress):
            return "standard input and output: nobody else can have them"
        if isinstance(address, TcpAddress) and not address.port:
            return f"{uri}: a free one is taken at the start"
        here = _here(address)
        try:
            info = await _described(here)
        except ConnectFailed:
            return _free(address)
        except BackendError as error:
            raise _taken(address, "what listens there is no Wyoming server") from error
        programs = [one for kind in ("tts", "asr") for one in _programs(info, kind)]
        names = [str(one.get("name")) for one in programs]
        if PROGRAM not in names:
            raise _taken(address, f"the Wyoming server of '{names[0] if names else '?'}' has it")
        version = next((one.get("version") for one in programs if one.get("name") == PROGRAM), "?")
        if isinstance(address, TcpAddress):
            self._ours.append(address.port)
        return f"{uri}: this program answers there, version {version}"

    async def _http(self) -> Result:
        if self._settings.http.listen == "off":
            return "off (http.listen): no page, no HTTP API"
        *before, last = http_addresses(self._loaded)
        for listen in before:
            try:
                return await _http_at(listen)
            except AddressInUse as error:
                result = await _http_at(last)
                detail = result if isinstance(result, str) else result[1]
                return "note", f"{error.message} In its place: {detail}"
        return await _http_at(last)

    # --- the network

    async def _zeroconf(self) -> Result:
        if not self._settings.zeroconf.enabled:
            return "off (zeroconf.enabled): Home Assistant is told the address by hand"
        if not self._ours:
            return "skipped", "needs the server to run"
        from wyoming_azure_realtime.wyoming_server.discovery import heard_on  # noqa: PLC0415 - slow to load

        try:
            announced = await heard_on(self._ours, BROWSE_SECONDS, loopback=self._on_loopback_alone())
        except OSError as error:
            return "note", f"This machine has no multicast ({error.strerror or error}). {_BY_HAND}"
        if not announced:
            return "note", (
                f"No announcement of port {self._ours[0]} was heard. A container needs the host's network; "
                f"a firewall must let UDP port 5353 through. {_BY_HAND}"
            )
        return f"heard as {announced}"

    def _on_loopback_alone(self) -> bool:
        addresses = [parse_uri(one.uri) for one in self._settings.listeners]
        return all(one.loopback for one in addresses if isinstance(one, TcpAddress))

    # --- Home Assistant

    async def _home_assistant(self) -> Result:
        access = self._settings.home_assistant
        if not access.token:
            raise SettingsError(
                "home_assistant.url is set, and home_assistant.token is not.",
                advice="Make a long-lived token in Home Assistant: your profile, Security.",
            )
        try:
            return await home_assistant_result(access)
        except HomeAssistantFailed as error:
            raise ConnectFailed(
                f"Home Assistant at {access.url}: {error}.",
                advice="Check home_assistant.url and .token; your profile there makes a long-lived one.",
            ) from error

    async def _how_the_home_is(self) -> Result:
        url = self._settings.home_assistant.url
        reader = AssistReader(url, self._settings.conversation.token)
        try:
            await reader.read()
        except ReadingFailed as error:
            raise ConnectFailed(
                f"Home Assistant at {url}: {error}.",
                advice="Check home_assistant.url and conversation.token, and add the integration "
                "'Model Context Protocol Server' there (docs/conversation.md).",
            ) from error
        finally:
            await reader.close()
        names = [str(tool["name"]) for tool in reader.tools]
        said = f"Assist may see {len(reader.names)} names"
        if not names:
            return "note", f"{said}; it has no tools that only read: that needs 2026.10"
        return f"{said}; {', '.join(names)} can be asked"


def falls_back_on_embedded(fallback: Fallback) -> bool:
    """Whether the embedded backend answers while no target does."""
    return EMBEDDED in (*fallback.asr, *fallback.tts)


def fallback_steps(fallback: Fallback) -> list[Step]:
    """Each of the Wyoming services that answer while no target does."""
    services: list[tuple[str, WyomingService]] = [
        *(("hearing", WyomingRecognizer(uri)) for uri in fallback.asr if uri != EMBEDDED),
        *(("speaking", WyomingVoice(uri)) for uri in fallback.tts if uri != EMBEDDED),
    ]
    return [Step(f"fallback for {what}", partial(_fallback, service)) for what, service in services]


async def _fallback(service: WyomingService) -> Result:
    await service.check()
    found = service.offered
    if not found:
        raise ConnectFailed(
            f"'{service.name}' answers, and has no {service.parts}.",
            advice="Is it the right port? What hears and what speaks have one each.",
        )
    languages = sorted({tag for one in found for tag in one.languages})
    more = "…" if len(languages) > 8 else ""
    return f"{service.name} has {len(found)} {service.parts} for {', '.join(languages[:8])}{more}"


async def home_assistant_result(access: HomeAssistant) -> Result:
    """Its version, what that can do, and whether Wyoming is set up. Raises `HomeAssistantFailed`."""
    async with connected(websocket_url(access.url), access.token) as home:
        config = await home.call("get_config")
        entries = await _entries(home)
    config = config if isinstance(config, dict) else {}
    version = str(config.get("version", ""))[:20]
    can, cannot = abilities(version)
    said = f"version {version or 'unknown'} answers; it {', '.join(can) or 'reads whole texts alone'}"
    if cannot:
        said += f". Only a newer one {', '.join(cannot)}"
    components = config.get("components")
    if isinstance(components, list) and "wyoming" not in components:
        return "note", (
            f"{said}. Its Wyoming integration is not set up: Settings > Devices & services > "
            "Add integration > Wyoming Protocol"
        )
    return ("note" if cannot else "ok"), f"{said}{entries}"


def abilities(version: str) -> tuple[list[str], list[str]]:
    """What a version can do, and what it cannot; of an unknown one, everything is hoped."""
    year, _, rest = version.partition(".")
    month = rest.partition(".")[0]
    known = (int(year), int(month)) if year.isdecimal() and month.isdecimal() else (9999, 0)
    can = [what for since, what in ABILITIES if known >= since]
    return can, [f"{what} ({since[0]}.{since[1]})" for since, what in ABILITIES if known < since]


async def _entries(home: HomeAssistantConnection) -> str:
    """How many servers its Wyoming integration has, and whether they are loaded; empty if it will not say."""
    try:
        found = await home.call("config_entries/get", domain="wyoming")
    except HomeAssistantFailed:
        return ""
    states = (
        [str(one.get("state")) for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    )
    loaded = states.count("loaded")
    return f"; {loaded} of {len(states)} Wyoming servers there are loaded" if states else ""


# --- who listens


async def _http_at(listen: str) -> Result:
    """Who has this address. Raises `AddressInUse` if that is another program."""
    address = parse_host_port(listen)
    if not address.port:
        return f"{listen}: a free one is taken at the start"
    try:
        status, server, body = await _asked(_host(address.host), address.port, "/readyz")
    except _NO_ANSWER:
        return _free(address)
    if isinstance(body, dict) and isinstance(body.get("ready"), bool):
        ready = "ready" if body["ready"] else "not ready"
        return ("ok" if body["ready"] else "note"), f"{listen}: this program answers there, and is {ready}"
    who = f"a server that calls itself '{server}' has it" if server else f"it answers HTTP {status}"
    raise _taken(address, who)


async def _described(uri: str) -> dict[str, Any]:
    """What a Wyoming server says of itself. Raises `ConnectFailed` if nobody listens, `BackendError`."""
    async with wyoming_connected(uri, ANSWER_SECONDS) as connection:
        await connection.send_event(Describe())
        while (event := await connection.receive(ANSWER_SECONDS)).type != "info":
            pass
        return fields_of(event)


def _programs(info: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    found = info.get(kind)
    yield from (one for one in (found if isinstance(found, list) else ()) if isinstance(one, dict))


async def _asked(host: str, port: int, path: str) -> tuple[int, str, Any]:
    """Status, `Server`, and the body if it is JSON. Raises one of `_NO_ANSWER`."""
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_connection(host, port, limit=_LARGEST_ANSWER)
        try:
            named = f"[{host}]" if ":" in host else host
            lines = (f"GET {path} HTTP/1.1", f"Host: {named}:{port}", "Connection: close", "", "")
            writer.write("\r\n".join(lines).encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            body = await reader.read(_LARGEST_ANSWER)
        finally:
            writer.transport.abort()
    first, *headers = head.splitlines()
    servers = [line.partition(":")[2].strip() for line in headers if line.lower().startswith("server:")]
    with suppress(ValueError, RecursionError):
        return int(first.split()[1]), "", json.loads(body)
    return int(first.split()[1]), (servers or [""])[0][:60], None


def _here(address: TcpAddress | UnixAddress) -> str:
    """The URI by which a client of this machine reaches it."""
    if isinstance(address, UnixAddress):
        return f"unix://{address.path}"
    return f"tcp://{TcpAddress(_host(address.host), address.port)}"


def _host(host: str) -> str:
    return _ANYWHERE.get(host, host)


def _free(address: Address) -> Result:
    """That an address can be taken, at which nobody answers. Raises `SettingsError` if it cannot."""
    if isinstance(address, UnixAddress):
        folder = Path(address.path).parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise SettingsError(
                f"The socket {address.path} cannot be made: {folder} is missing, or not this user's.",
                advice="Make the folder, or name another with --uri.",
            )
        return f"{address.path} is free; no server runs there now"
    assert isinstance(address, TcpAddress)  # noqa: S101 - whoever calls has looked at the others
    try:
        _bind(address)
    except OSError as error:
        owner = _owner(address.port)
        if owner:
            raise _taken(address, f"the program '{owner}' has it, and does not answer") from error
        raise SettingsError(
            f"Nobody answers on {address}, and it cannot be taken: {error.strerror or error}.",
            advice="Choose another address or port.",
        ) from error
    return f"{address} is free; no server runs there now"


def _bind(address: TcpAddress) -> None:
    """Take the port and let it go. Raises OSError."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, where = found[0]
    with socket.socket(family, kind, protocol) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trying.bind(where)


def _taken(address: Address, who: str) -> AddressInUse:
    if isinstance(address, TcpAddress):
        owner = _owner(address.port)
        who = f"{who} (program '{owner}')" if owner and owner not in who else who
        where, flag = str(address), "--uri or --http"
    else:
        where, flag = str(getattr(address, "path", "")), "--uri"
    return AddressInUse(
        f"{where} is taken: {who}.", advice=f"Stop that program, or choose another with {flag}."
    )


def _owner(port: int) -> str:
    """The name of the program that listens on a port, as far as Linux tells this user; else empty."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    if not sockets:
        return ""
    for number, folder in enumerate(Path("/proc").glob("[0-9]*")):
        if number > _MOST_PROCESSES:
            break
        with suppress(OSError):
            if any(str(one.readlink()) in sockets for one in (folder / "fd").iterdir()):
                return (folder / "comm").read_text().strip()
    return ""


def _listening(port: int) -> Iterator[str]:
    """The inodes of the sockets that listen on a port."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
