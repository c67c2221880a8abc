"""The seam between turns and the pool: sessions by config, as channels."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from wyoming_azure_realtime.observe import Observer, TurnKind
from wyoming_azure_realtime.pool.pool import Poolable, SessionPool
from wyoming_azure_realtime.realtime.channel import Channel
from wyoming_azure_realtime.realtime.session_config import SessionConfig, TranscriptionConfig
from wyoming_azure_realtime.settings.model import Pool


class PooledChannel(Channel, Poolable, Protocol):
    """A session that can be talked to and kept."""


Sessions = SessionPool[SessionConfig, PooledChannel]


def session_pool(
    opener: Callable[[SessionConfig], Awaitable[PooledChannel]], limits: Pool, observer: Observer
) -> Sessions:
    """A pool of sessions, of which those at one target share their fate."""
    return Sessions(opener, limits, observer, group=lambda config: config.target, describe=_describe)


def _describe(config: SessionConfig) -> tuple[str, TurnKind]:
    return config.target, "recognition" if isinstance(config, TranscriptionConfig) else "synthesis"
