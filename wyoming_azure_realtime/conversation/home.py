"""What is known of the home: what the settings say, the names that are known, and what Home Assistant tells.

`Home` puts them together for the agent. It acts on nothing.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from wyoming_azure_realtime.conversation.tools import TOOLS
from wyoming_azure_realtime.realtime.answer_turn import ToolCall
from wyoming_azure_realtime.realtime.shapes import JsonObject

MOST_READ_AT_ONCE = 4
"""Calls of one answer that are read; the others get no result."""

MOST_CHARACTERS = 16_000
"""Of all results of these calls together, which share it."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HomeReader(Protocol):
    """Home Assistant's own account of the home. Nothing of it raises; what fails is not told."""

    @property
    def tools(self) -> Sequence[JsonObject]:
        """Function tools that change nothing, by names that a model may call; none while it fails."""

    @property
    def names(self) -> Collection[str]:
        """Of what Assist may see, and of the rooms where that is."""

    def kinds_of(self, name: str) -> frozenset[str]:
        """Domain and device class of what is called so; empty if they are not known."""

    def room_of(self, device_id: str) -> str:
        """The area of a device; empty if it is not known."""

    async def refresh(self, device_id: str) -> None:
        """Ask again for what was told too long ago. `device_id`: whose room is wanted, or empty."""

    async def call(self, name: str, arguments: str, device_id: str) -> str:
        """What one of `tools` tells, or why it does not. `arguments`: in JSON."""

    @property
    def addresses(self) -> Collection[str]:
        """From which Home Assistant asks, as `look_up` found them."""

    async def look_up(self) -> None:
        """Look for its addresses, where that was long ago."""

    async def ask_aloud(self, satellite_id: str, question: str) -> bool:
        """Have a satellite say the question and listen for the answer. Whether it is going to."""


class Home:
    """`rooms`: of satellites and devices, by their ids. `known`: names from everywhere else."""

    def __init__(
        self, rooms: Mapping[str, str], known: Callable[[], Collection[str]], reader: HomeReader | None = None
    ) -> None:
        self._rooms = rooms
        self._known = known
        self._reader = reader

    def names(self) -> Collection[str]:
        """Of things and rooms, from all sources."""
        return {*self._known(), *(self._reader.names if self._reader else ())}

    def kinds_of(self, name: str) -> frozenset[str]:
        """Domains and device classes of what is called so; empty if they are not known."""
        return self._reader.kinds_of(name) if self._reader else frozenset()

    def room_of(self, device_id: str, satellite_id: str) -> str:
        """Where one of them is, by the settings, else as Home Assistant says; empty if that is not known."""
        named = next((self._rooms[one] for one in (device_id, satellite_id) if one in self._rooms), "")
        return named or (self._reader.room_of(device_id) if self._reader and device_id else "")

    @property
    def tools(self) -> tuple[JsonObject, ...]:
        """Function tools that only read, but for those that are intents here: a name may be there once."""
        tools = self._reader.tools if self._reader else ()
        return tuple(tool for tool in tools if tool["name"] not in TOOLS)

    async def refresh(self, device_id: str) -> None:
        """See `HomeReader.refresh`."""
        if self._reader:
            await self._reader.refresh(device_id)

    def lookups(self, calls: Sequence[ToolCall]) -> list[ToolCall]:
        """Those of the calls that only look something up."""
        names = {tool["name"] for tool in self.tools}
        return [call for call in calls if call.name in names]

    async def read(self, calls: Sequence[ToolCall], device_id: str) -> list[str]:
        """What the calls tell, each as a text for the model."""
        reader = self._reader
        if reader is None:
            return []
        wanted = list(dict.fromkeys(calls))[:MOST_READ_AT_ONCE]
        results = await asyncio.gather(
            *(reader.call(call.name, call.arguments, device_id) for call in wanted)
        )
        return [
            f"Result of {call.name} with {call.arguments[:_LONGEST_SHOWN] or '{}'}: {_cut(text, len(wanted))}"
            for call, text in zip(wanted, results, strict=True)
        ]

    @property
    def is_told(self) -> bool:
        """Whether Home Assistant is asked how the home is."""
        return self._reader is not None

    async def look_up(self) -> None:
        """Learn from which addresses Home Assistant asks, where that was long ago."""
        if self._reader:
            await self._reader.look_up()

    def may_be_asked_from(self, address: Address) -> bool:
        """Whether an address may ask where none is allowed by name: not everybody may learn of the home."""
        return self._reader is None or address.is_loopback or str(address) in self._reader.addresses

    async def ask_aloud(self, satellite_id: str, question: str) -> bool:
        """See `HomeReader.ask_aloud`; never without a reader or a satellite."""
        return bool(self._reader and satellite_id and await self._reader.ask_aloud(satellite_id, question))


_LONGEST_SHOWN = 500  # characters of a call's arguments


def _cut(text: str, results: int) -> str:
    """What one of so many results may be, and a word to the model if there was more."""
    most = MOST_CHARACTERS // results
    return text if len(text) <= most else f"{text[:most]}\n(There is more: ask for less.)"


def plain_address(client: str) -> Address:
    """Without its zone, and IPv4 also where it came as IPv6. Raises ValueError."""
    address = ipaddress.ip_address(client.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
