"""What receiving alone costs here: a server that reads whatever comes, as ours does, and nothing else.

Run as a process of its own; it prints its port. Started with `--core N` it keeps to that core.
"""

import asyncio
import os
import sys


class Receiver(asyncio.BufferedProtocol):
    """One connection."""

    _buffer = memoryview(bytearray(64 << 10))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Nothing."""


async def serve() -> None:
    """Until killed."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if "--core" in sys.argv:
        os.sched_setaffinity(0, {int(sys.argv[-1])})
    asyncio.run(serve())
