"""Where a client comes from, as its transport tells it."""

import asyncio
from dataclasses import dataclass

from wyoming_azure_realtime.wyoming_server.networks import IpAddress, unmapped


@dataclass(frozen=True, slots=True)
class Origin:
    """`peer`: what the log calls the client. `address`: None unless it came by tcp. `remote`: by a socket."""

    peer: str
    address: IpAddress | None
    remote: bool

    @classmethod
    def of(cls, transport: asyncio.BaseTransport) -> "Origin":
        """From what the transport knows."""
        remote = transport.get_extra_info("socket") is not None
        name = transport.get_extra_info("peername")
        if not isinstance(name, tuple):
            return cls("a client on the unix socket" if remote else "the client on stdio", None, remote)
        address = unmapped(name[0])
        host = f"[{address}]" if address.version == 6 else str(address)
        return cls(f"{host}:{name[1]}", address, remote)
