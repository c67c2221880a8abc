"""The Wyoming server on standard input and output, as a program: `python -m tests.support.stdio_server`."""

import asyncio
import logging

from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.emulator.faults import Faults


async def main() -> None:
    """Serve until the client has gone."""
    logging.basicConfig(level=logging.INFO)
    async with wyoming_door(uris=("stdio://",), faults=Faults(transcript_ms=50)) as door:
        async with asyncio.timeout(60):
            await door.server.input_ended()


if __name__ == "__main__":
    asyncio.run(main())
