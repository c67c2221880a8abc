"""What all clients share, for tests of one of them."""

from wyoming_azure_realtime.admission.connections import ConnectionRegistry, Refusals
from wyoming_azure_realtime.admission.memory import Claim, MemoryBudget
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.model import Limits


def registry_of(limits: Limits | None = None, observer: Observer | None = None) -> ConnectionRegistry:
    """Without connections."""
    return ConnectionRegistry(limits or Limits(), Refusals(observer or Observer()))


def claim_of(most: int = 1 << 30) -> Claim:
    """The only one in so many bytes."""
    return MemoryBudget(most).claim("", lambda _: None)
