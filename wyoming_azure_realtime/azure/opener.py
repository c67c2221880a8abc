"""Opens sessions: address, credentials, upgrade, configuration, each within its deadline."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from wyoming_azure_realtime.azure.auth import Credentials, credentials_for
from wyoming_azure_realtime.azure.connection import Connection
from wyoming_azure_realtime.azure.session import RealtimeSession
from wyoming_azure_realtime.errors import (
    BackendTimeout,
    ConnectFailed,
    DeploymentNotFound,
    SpeechServiceError,
    UnsupportedVersion,
)
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.session_config import SessionConfig, TranscriptionConfig
from wyoming_azure_realtime.settings.model import Deadlines, Target

_LOGGER = logging.getLogger(__name__)


class TargetOpener:
    """Opens sessions at one target, and remembers which kind of socket transcribes there."""

    def __init__(self, target: Target, deadlines: Deadlines) -> None:
        self._target = target
        self._deadlines = deadlines
        self._provider = provider_of(target)
        self._dialect = self._provider.dialect
        if self._dialect.deprecation:
            _LOGGER.warning("Target '%s': %s", target.name, self._dialect.deprecation)
        self._credentials: Credentials = credentials_for(self._provider)
        self._transcribes_over: SessionKind = self._provider.transcribes_over
        self._provider.upgrade_url("realtime")  # an impossible address is found at the start

    async def open(self, config: SessionConfig) -> RealtimeSession:
        """A configured session. Raises a `BackendError`."""
        if not isinstance(config, TranscriptionConfig):
            return await self._open(config, "realtime")
        kind = self._transcribes_over
        try:
            return await self._open(config, kind)
        except (DeploymentNotFound, UnsupportedVersion) as refusal:
            if kind == "realtime" or not self._target.realtime_deployment:
                raise
            session = await self._open(config, "realtime")
            _LOGGER.info(
                "Target '%s' has no transcription sessions (%s); transcribing in conversations instead",
                self._target.name,
                refusal.message,
            )
            self._transcribes_over = "realtime"
            return session

    async def close(self) -> None:
        """Let go of the credentials."""
        await self._credentials.close()

    async def _open(self, config: SessionConfig, kind: SessionKind) -> RealtimeSession:
        deployment = config.deployment if kind == "transcription" else self._target.realtime_deployment
        connection = await Connection.open(
            self._provider.upgrade_url(kind),
            await self._credentials.headers(),
            within=self._deadlines.upgrade,
            deployment=deployment,
        )
        session = RealtimeSession(connection, self._dialect, kind)
        try:
            async with asyncio.timeout(self._deadlines.configuration):
                await session.configure(config)
        except TimeoutError as error:
            await _discard(session)
            raise BackendTimeout(
                "The service did not acknowledge the session's configuration in time."
            ) from error
        except BaseException:
            await _discard(session)
            raise
        return session


class SessionOpener:
    """The function that a pool of sessions is handed: from a config to an open session."""

    def __init__(self, targets: Sequence[Target], deadlines: Deadlines) -> None:
        self._openers = {target.name: TargetOpener(target, deadlines) for target in targets}

    async def __call__(self, config: SessionConfig) -> RealtimeSession:
        """Open a session at the config's target. Raises a `BackendError`."""
        return await self._openers[config.target].open(config)

    async def close(self) -> None:
        """Let go of all credentials."""
        for opener in self._openers.values():
            with suppress(SpeechServiceError):
                await opener.close()


async def _discard(session: RealtimeSession) -> None:
    with suppress(ConnectFailed, OSError):
        await session.close()
