"""What all connections of a server share."""

from dataclasses import dataclass, field

from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.connection_registry import ConnectionRegistry
from wyoming_azure_realtime.wyoming_server.refusals import Refusals
from wyoming_azure_realtime.wyoming_server.turns import Turns
from wyoming_azure_realtime.wyoming_server.unfinished import BufferBudget

_READ_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class ServerState:
    """`buffer` is where bytes arrive on whichever connection, to be consumed at once.

    Allocating one for every read would cost more than all the rest.
    """

    limits: Limits
    refusals: Refusals
    roster: ConnectionRegistry
    unfinished: BufferBudget
    turns: Turns
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(_READ_BYTES)))

    @classmethod
    def within(cls, limits: Limits, sessions: int, observer: Observer) -> "ServerState":
        """For a server that nobody is connected to yet, and that can serve so many requests at a time."""
        refusals = Refusals(observer)
        roster = ConnectionRegistry(limits, refusals, sessions)
        return cls(limits, refusals, roster, BufferBudget(limits.max_unfinished), Turns())
