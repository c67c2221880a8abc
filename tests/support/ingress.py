"""Home Assistant's ingress: a proxy that serves somebody's page under a prefix with a token.

    python -m tests.support.ingress http://127.0.0.1:5000

As the Supervisor does it, the path behind the prefix is passed on with the browser's own Host and Origin.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import ClientSession, TCPConnector, web

ADDRESS = "127.0.0.2"
"""Where its requests come from."""

PREFIX = "/api/hassio_ingress/uS3kz8Yx-L0ng_t0ken/"
_NOT_PASSED_ON = {"content-length", "transfer-encoding", "content-encoding", "connection"}


@asynccontextmanager
async def ingress(behind: str) -> AsyncIterator[str]:
    """The page's address through it; `behind`: the address without it."""

    async def passed_on(request: web.Request) -> web.StreamResponse:
        headers = _kept(request.headers) | {"X-Ingress-Path": PREFIX.rstrip("/")}
        address = f"{behind}/{request.match_info['path']}"
        body = await request.read()
        async with client.request(request.method, address, headers=headers, data=body) as answer:
            passing = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
            await passing.prepare(request)
            async for piece in answer.content.iter_any():  # as it comes: some answers have no end
                await passing.write(piece)
            return passing

    application = web.Application()
    application.router.add_route("*", PREFIX + "{path:.*}", passed_on)
    connector = TCPConnector(local_addr=(ADDRESS, 0))
    async with ClientSession(connector=connector) as client:
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}{PREFIX}"
        finally:
            await runner.cleanup()


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}


async def main() -> None:
    async with ingress(sys.argv[1]) as address:
        print(address, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
