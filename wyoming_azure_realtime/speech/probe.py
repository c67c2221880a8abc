"""Looks from time to time whether a target that was set aside is back."""

import asyncio
import logging
from collections.abc import Callable

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime.session_config import SessionConfig
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.speech.sessions import Sessions
from wyoming_azure_realtime.speech.targets import Targets

_LOGGER = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


async def keep_probing(
    targets: Targets, sessions: Sessions, configure: Callable[[Target], SessionConfig]
) -> None:
    """Until cancelled. A target is back when a session there can be opened and configured."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for target in targets.due(loop.time()):
            try:
                lease = await sessions.lease(configure(target))
            except SpeechServiceError as error:
                targets.failed(target.name, error, loop.time())
                _LOGGER.debug("Target '%s' is not back yet: %s", target.name, error.message)
            else:
                lease.release()
                targets.succeeded(target.name)
                _LOGGER.info("Target '%s' is back", target.name)
