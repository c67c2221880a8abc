"""Looks from time to time whether a target that was set aside is back."""

import asyncio
from collections.abc import Callable

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.realtime.session_config import SessionConfig
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.sessions import Sessions

LOOK_SECONDS = 1.0


async def keep_probing(
    backends: Backends, sessions: Sessions, configure: Callable[[Target], SessionConfig]
) -> None:
    """Until cancelled. A target is back when a session there can be opened and configured."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for target in backends.due(loop.time()):
            try:
                lease = await sessions.lease(configure(target))
            except SpeechServiceError as error:
                backends.failed(target.name, error, loop.time())
            else:
                lease.release()
                backends.succeeded(target.name)
