"""Telling Home Assistant, through the Supervisor, where the add-on listens."""

import asyncio
import logging
import socket

import aiohttp

_LOGGER = logging.getLogger(__name__)

SUPERVISOR = "http://supervisor"
ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
ANSWER_SECONDS = 10.0


async def announce(port: int, token: str, supervisor: str = SUPERVISOR, pause: float = FIRST_PAUSE) -> bool:
    """Whether the Supervisor has taken it; `port` is the Wyoming port. A busy Supervisor is asked again."""
    # on the Supervisor's network a container's name is its host name
    uri = f"tcp://{socket.gethostname()}:{port}"
    limits = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=limits, headers={"Authorization": f"Bearer {token}"}) as session:
        for attempt in range(ATTEMPTS):
            trouble = await _post(session, f"{supervisor}/discovery", uri)
            if not trouble:
                _LOGGER.info("Home Assistant has been told of %s", uri)
                return True
            _LOGGER.debug("The Supervisor did not take the discovery of %s: %s", uri, trouble)
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(min(LONGEST_PAUSE, pause * 2.0**attempt))
    _LOGGER.warning(
        "Home Assistant could not be told of %s (%s): add the Wyoming Protocol integration by hand",
        uri,
        trouble,
    )
    return False


async def _post(session: aiohttp.ClientSession, url: str, uri: str) -> str:
    """What went wrong, or nothing."""
    try:
        async with session.post(url, json={"service": "wyoming", "config": {"uri": uri}}) as answer:
            return "" if answer.ok else f"status {answer.status}"
    except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
        return type(error).__name__
