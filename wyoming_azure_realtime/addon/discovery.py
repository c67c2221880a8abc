"""Announces to Home Assistant, through the Supervisor, where the add-on listens.

One request to the Supervisor's API; a busy Supervisor is asked again, `ATTEMPTS` times in about two minutes.
"""

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
    """Announce the Wyoming port. Returns whether the Supervisor took it; raises nothing.

    `token`: the Supervisor's. `pause`: seconds until the second attempt; it doubles from one to the next.
    """
    # on the Supervisor's network a container's name is its host name
    uri = f"tcp://{socket.gethostname()}:{port}"
    limits = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=limits, headers={"Authorization": f"Bearer {token}"}) as session:
        for attempt in range(ATTEMPTS):
            problem = await _post(session, f"{supervisor}/discovery", uri)
            if not problem:
                _LOGGER.info("Announced %s to Home Assistant", uri)
                return True
            _LOGGER.debug("The Supervisor did not take the discovery of %s: %s", uri, problem)
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(min(LONGEST_PAUSE, pause * 2.0**attempt))
    _LOGGER.warning(
        "%s could not be announced to Home Assistant (%s): add the Wyoming Protocol integration by hand",
        uri,
        problem,
    )
    return False


async def _post(session: aiohttp.ClientSession, url: str, uri: str) -> str:
    """Returns what went wrong, or an empty text."""
    try:
        async with session.post(url, json={"service": "wyoming", "config": {"uri": uri}}) as answer:
            return "" if answer.ok else f"status {answer.status}"
    except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
        return type(error).__name__
