"""How an embedded server is set up."""

from dataclasses import dataclass, field

from wyoming_azure_realtime.embedded.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.embedded.models import Deployments


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """`key` None: any key or none is let in. `path_prefix`: what a gateway puts in front of every path.

    `transcription_sockets` false: `intent=transcription` is refused, as some resources do.
    """

    host: str = "127.0.0.1"
    port: int = 0
    key: str | None = field(default=None, repr=False)
    path_prefix: str = ""
    deployments: Deployments = field(default_factory=Deployments)
    transcription_sockets: bool = True
    session_seconds: float = 3600
    max_sessions: int = 256
    max_buffer_bytes: int = 32 * 1024 * 1024
    max_responses: int = 16
    max_transcriptions: int = 16
    send_seconds: float = 30
    """A client that does not read for so long loses its connection."""
    faults: Faults = NO_FAULTS
