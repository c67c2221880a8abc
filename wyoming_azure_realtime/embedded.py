"""The embedded backend as a part of the program: started when something needs it, and again if it ends."""

import asyncio
import logging
from contextlib import AsyncExitStack

from msgspec.structs import replace

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.logs import log_causes
from wyoming_azure_realtime.offline.process import BackendProcess
from wyoming_azure_realtime.settings.addresses import EMBEDDED
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Secret, Settings, Target

_LOGGER = logging.getLogger("wyoming_azure_realtime")

EMBEDDED_MODEL = "gpt-live-transcribe"  # partial text while audio flows, and names of the home as hints
RESTART_SECONDS = 2.0

NOBODYS = Target(name=EMBEDDED, service="embedded", transcription_deployment=EMBEDDED_MODEL)
"""Nobody connects to this one; it tells what the embedded backend costs."""


class EmbeddedBackend:
    """The embedded backend: started when it is needed for the first time, ended with `stack`."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._process: BackendProcess | None = None

    async def started(self, loaded: Loaded) -> BackendProcess:
        """The running process. Raises `SpeechServiceError`."""
        if self._process is None:
            self._process = await _start_backend(loaded, self._stack)
        return self._process


async def _start_backend(loaded: Loaded, stack: AsyncExitStack) -> BackendProcess:
    settings = loaded.settings
    if loaded.uses == "azure":
        because = "to take over while no target answers"
    elif settings.backend == "embedded":
        because = "as asked for"
    else:
        because = "since no Azure endpoint is configured"
    _LOGGER.info("Starting the embedded backend, %s: without a cloud, in English by default", because)
    backend = await stack.enter_async_context(BackendProcess(settings.embedded, log=settings.log))
    if not backend.recognizes:
        _LOGGER.warning("%s", backend.reason)
    keeper = asyncio.create_task(_keep_running(backend))
    stack.callback(keeper.cancel)
    return backend


async def _keep_running(backend: BackendProcess) -> None:
    """Start the embedded backend again, at its old address, whenever it ends by itself."""
    while True:
        code = await backend.ended()
        _LOGGER.error("The embedded backend ended by itself (exit code %d); starting it again", code)
        try:
            await backend.start()
        except SpeechServiceError as error:
            _LOGGER.error("%s", error)
            log_causes(_LOGGER, error)
        await asyncio.sleep(RESTART_SECONDS)


def with_its_languages(settings: Settings, backend: BackendProcess | None) -> Settings:
    """The settings, with the further languages of the embedded backend where it is the only one."""
    if backend is None:
        return settings
    more = tuple(dict.fromkeys((*settings.recognition.more_languages, *backend.languages[1:])))
    return replace(settings, recognition=replace(settings.recognition, more_languages=more))


def embedded_target(backend: BackendProcess) -> Target:
    """The embedded backend, seen as what it is: one more realtime endpoint."""
    return Target(
        name=EMBEDDED,
        endpoint=backend.url,
        service="embedded",
        key=Secret(backend.key),
        transcription_deployment=EMBEDDED_MODEL,
    )
