"""The embedded backend as a child process: start it, learn its address, and stop it for certain.

The child gets everything, its key included, in one JSON line on its standard input, whose end is its end. It
answers with one JSON line as soon as it listens; the recognizer may still be loading its model then.
"""

import asyncio
import contextlib
import logging
import secrets
from types import TracebackType
from typing import Literal, Self

import msgspec

from wyoming_azure_realtime.emulator.faults import NO_FAULTS, Faults
from wyoming_azure_realtime.errors import BackendTimeout, ConnectFailed
from wyoming_azure_realtime.offline.children import start_child
from wyoming_azure_realtime.settings.model import Embedded, Log

_LOG = logging.getLogger(__name__)
_MODULE = "wyoming_azure_realtime.offline.backend"
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


class LaunchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How the child shall serve; `port` 0: any free one. `level`: of logging, below which it says nothing."""

    key: str
    port: int = 0
    engines: Literal["local", "sink"] = "local"
    settings: Embedded = Embedded()
    faults: Faults = NO_FAULTS
    log: Log = Log()
    level: int = logging.DEBUG

    def __repr__(self) -> str:
        return f"LaunchRequest(port={self.port}, engines={self.engines!r})"  # never the key


class LaunchReply(msgspec.Struct, frozen=True, kw_only=True):
    """The child listens. `recognizes`: it has a recognizer, for `languages`; if not, `reason` says why.

    `voice`: the engines that speak, the languages `spoken`.
    """

    port: int
    recognizes: bool
    reason: str = ""
    languages: tuple[str, ...] = ("en",)
    voice: str = ""
    spoken: tuple[str, ...] = ("en",)


class BackendProcess:
    """Use as a context manager, or `start` and `stop`. Keeps its address and key when started again."""

    def __init__(
        self,
        settings: Embedded | None = None,
        *,
        engines: Literal["local", "sink"] = "local",
        faults: Faults = NO_FAULTS,
        log: Log | None = None,
    ) -> None:
        self._request = LaunchRequest(
            key=secrets.token_urlsafe(24),
            engines=engines,
            settings=settings or Embedded(),
            faults=faults,
            log=log or Log(),
            level=_LOG.getEffectiveLevel(),  # a program that uses it as a library may want no lines
        )
        self._process: asyncio.subprocess.Process | None = None
        self._reply = LaunchReply(port=0, recognizes=False, reason="It was not started.")

    @property
    def url(self) -> str:
        """The resource's address, as an endpoint setting takes it."""
        return f"http://127.0.0.1:{self._reply.port}"

    @property
    def key(self) -> str:
        """The only key that the backend accepts."""
        return self._request.key

    @property
    def recognizes(self) -> bool:
        """Whether the backend has a recognizer."""
        return self._reply.recognizes

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that its recognizer knows, English first."""
        return self._reply.languages

    @property
    def voice(self) -> str:
        """What people call the engines that speak; empty if none does."""
        return self._reply.voice

    @property
    def spoken(self) -> tuple[str, ...]:
        """Codes of the languages that it speaks, English first."""
        return self._reply.spoken

    @property
    def reason(self) -> str:
        """Why it has no recognizer or no voice, in one sentence for each; else empty."""
        return self._reply.reason

    @property
    def pid(self) -> int:
        """The process's id, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start the child and wait until it listens, for 30 s at most.

        Raises: BackendTimeout, ConnectFailed.
        """
        await self.stop()
        self._process = await start_child(_MODULE)
        try:
            self._reply = await self._launched(self._process)
        except BaseException:
            await self.stop()
            raise
        self._request = msgspec.structs.replace(self._request, port=self._reply.port)

    async def ended(self) -> int:
        """Wait for the child's end and return its exit code; `start` starts a new one."""
        return 0 if self._process is None else await self._process.wait()

    async def stop(self) -> None:
        """Close the child's input; terminate it after 5 s, and kill it after 5 more."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for end in (process.terminate, process.kill):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await process.communicate()
                return
            _LOG.warning("The embedded backend does not stop when its input ends")
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

    async def _launched(self, process: asyncio.subprocess.Process) -> LaunchReply:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        process.stdin.write(msgspec.json.encode(self._request) + b"\n")
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await process.stdout.readline()
            return msgspec.json.decode(line, type=LaunchReply)
        except TimeoutError as error:
            message = f"The embedded backend did not start within {_START_SECONDS:g} s."
            raise BackendTimeout(message) from error
        except (msgspec.DecodeError, ValueError) as error:
            raise ConnectFailed(
                "The embedded backend did not start.", advice="Its messages are above this line."
            ) from error
