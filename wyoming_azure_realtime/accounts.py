"""What is counted, and where it is kept: the parts of the accounts put together, as the settings say."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wyoming_azure_realtime.accounting.history import TurnHistory
from wyoming_azure_realtime.accounting.ledger import Ledger
from wyoming_azure_realtime.accounting.metrics import Metrics
from wyoming_azure_realtime.accounting.shared import place_of
from wyoming_azure_realtime.embedded import NOBODYS
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Target

_LOGGER = logging.getLogger(__name__)


class Accounts:
    """What is counted, and where it is kept."""

    def __init__(self, loaded: Loaded, observer: Observer) -> None:
        settings, clouds = loaded.settings, clouds_of(loaded)
        password = settings.redis_password.reveal()
        place = place_of(settings.state, password, os.environ, settings.history) if clouds else None
        self._is_kept = place is not None
        self.ledger = Ledger(settings.cost, [*clouds, NOBODYS], observer, place)
        self.metrics = Metrics(self.ledger, [target.name for target in clouds])
        self.history = TurnHistory(self.ledger, settings.history)
        self.history.timelines.sessions = self.metrics.open_and_idle
        observer.subscribe(self.ledger.count)
        observer.subscribe(self.metrics.count)
        observer.subscribe(self.history.count)

    async def start(self) -> None:
        """Read what was spent before, and the latest turns."""
        await self.ledger.start()
        await self.history.start()

    def watch(self, service: HomeService) -> None:
        """Tell of its sessions and its last resorts."""
        self.metrics.sessions = service.session_counts
        self.metrics.last_resorts = lambda: service.last_resorts

    def renew(self, loaded: Loaded, service: HomeService) -> None:
        """Count by these settings from now on."""
        clouds = clouds_of(loaded)
        if clouds and not self._is_kept and loaded.settings.state != "off":
            _LOGGER.warning("What is spent is kept from the next start on: there was no cloud at this one")
        self.ledger.renew(loaded.settings.cost, [*clouds, NOBODYS])
        self.metrics.renew([target.name for target in clouds])
        self.watch(service)


def clouds_of(loaded: Loaded) -> tuple[Target, ...]:
    """The targets that are in use; none where only the embedded backend is."""
    return () if loaded.uses == "embedded" else loaded.settings.targets


@asynccontextmanager
async def open_accounts(loaded: Loaded, observer: Observer) -> AsyncIterator[Accounts]:
    """What is counted, with what was spent before; kept at the end."""
    accounts = Accounts(loaded, observer)
    await accounts.start()
    try:
        yield accounts
    finally:
        await accounts.ledger.stop()
