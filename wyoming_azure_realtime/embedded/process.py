"""The embedded backend as a child process: started, found, stopped, and never left behind.

The child is told everything, its key included, in one JSON line on its standard input, whose end is its end.
It answers with one JSON line as soon as it listens; the recogniser may still be loading then.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import sys
from types import TracebackType
from typing import Literal, Self

import msgspec

from wyoming_azure_realtime.embedded.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.errors import BackendTimeout, ConnectFailed
from wyoming_azure_realtime.settings.model import Embedded, Log

_LOG = logging.getLogger(__name__)
_MODULE = "wyoming_azure_realtime.embedded"
_ANNOUNCE_SECONDS = 30.0
_GRACE_SECONDS = 5.0
_LINE_LIMIT = 64 * 1024


class LaunchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is told."""

    key: str
    port: int = 0
    engines: Literal["local", "sink"] = "local"
    settings: Embedded = Embedded()
    faults: Faults = NO_FAULTS
    log: Log = Log()

    def __repr__(self) -> str:
        return f"Orders(port={self.port}, engines={self.engines!r})"  # never the key


class LaunchReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the child answers. `reason` says why it does not hear, if it does not."""

    port: int
    recognizes: bool
    reason: str = ""


class BackendProcess:
    """Use as a context manager, or `start` and `stop`. Started again it keeps its address and its key."""

    def __init__(
        self,
        settings: Embedded | None = None,
        *,
        engines: Literal["local", "sink"] = "local",
        faults: Faults = NO_FAULTS,
        log: Log | None = None,
    ) -> None:
        self._orders = LaunchRequest(
            key=secrets.token_urlsafe(24),
            engines=engines,
            settings=settings or Embedded(),
            faults=faults,
            log=log or Log(),
        )
        self._process: asyncio.subprocess.Process | None = None
        self._announcement = LaunchReply(port=0, recognizes=False, reason="It was not started.")

    @property
    def url(self) -> str:
        """The resource's address, as an endpoint setting takes it."""
        return f"http://127.0.0.1:{self._announcement.port}"

    @property
    def key(self) -> str:
        """The only key it accepts."""
        return self._orders.key

    @property
    def recognizes(self) -> bool:
        """Whether it has a recogniser."""
        return self._announcement.recognizes

    @property
    def reason(self) -> str:
        """Why it does not hear, in one sentence."""
        return self._announcement.reason

    @property
    def pid(self) -> int:
        """The process's id, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start the child and wait until it listens. Raises `BackendTimeout` and `ConnectFailed`."""
        await self.stop()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            _MODULE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_LIMIT,
            # numpy would start a thread for every core, which nothing there needs
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            # an interrupt typed at the terminal is for the service, which ends its backend itself
            start_new_session=True,
        )
        try:
            self._announcement = await self._announced(self._process)
        except BaseException:
            await self.stop()
            raise
        self._orders = msgspec.structs.replace(self._orders, port=self._announcement.port)

    async def ended(self) -> int:
        """Wait for the child's end and return its exit code; call `start` again to have it back."""
        return 0 if self._process is None else await self._process.wait()

    async def stop(self) -> None:
        """Let the child finish, then end it in whatever state it is."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for end in (process.terminate, process.kill):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_SECONDS):
                    await process.communicate()
                return
            _LOG.warning("The embedded backend does not stop by itself")
            with contextlib.suppress(ProcessLookupError):
                end()
        await process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _announced(self, process: asyncio.subprocess.Process) -> LaunchReply:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        process.stdin.write(msgspec.json.encode(self._orders) + b"\n")
        try:
            async with asyncio.timeout(_ANNOUNCE_SECONDS):
                line = await process.stdout.readline()
            return msgspec.json.decode(line, type=LaunchReply)
        except TimeoutError as error:
            told = f"The embedded backend did not start within {_ANNOUNCE_SECONDS:g} s."
            raise BackendTimeout(told) from error
        except (msgspec.DecodeError, ValueError) as error:
            raise ConnectFailed(
                "The embedded backend did not start.", advice="What it said stands above this line."
            ) from error
