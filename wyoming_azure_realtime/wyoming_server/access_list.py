"""The gate before the tcp listeners: asks the networks, and looks at the interfaces when that decides."""

import time
from collections.abc import Callable, Iterable, Sequence

from wyoming_azure_realtime.settings.addresses import IpNetwork
from wyoming_azure_realtime.wyoming_server.interfaces import prefixes
from wyoming_azure_realtime.wyoming_server.networks import AllowedNetworks, IpAddress

_LOOK_AGAIN = 5.0
"""Seconds for which the interfaces count as unchanged; looking takes a millisecond of everybody's time."""


class AccessList:
    """`allowed`: as in the setting. Raises ValueError for what is no network."""

    def __init__(
        self,
        allowed: Sequence[str],
        look: Callable[[], Iterable[IpNetwork]] = prefixes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._networks = AllowedNetworks(allowed)
        self._look = look
        self._clock = clock
        self._own: Iterable[IpNetwork] = ()
        self._looked_at = float("-inf")

    def admits(self, address: IpAddress) -> bool:
        """Whether it may connect."""
        return self._networks.admits(address, self._own_networks)

    def advice(self, address: IpAddress) -> str:
        """What to do to let it in."""
        return (
            f"To allow it, set WYOMING_AZURE_REALTIME_ALLOWED_NETWORKS={self._networks.with_added(address)}"
            " (in a settings file: allowed_networks)."
        )

    def _own_networks(self) -> Iterable[IpNetwork]:
        now = self._clock()
        if now - self._looked_at >= _LOOK_AGAIN:
            self._looked_at = now
            self._own = tuple(self._look())
        return self._own
