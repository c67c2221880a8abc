"""The seam between turns and the pool: sessions by config, as channels."""

from typing import Protocol

from wyoming_azure_realtime.pool.pool import Poolable, SessionPool
from wyoming_azure_realtime.realtime.channel import Channel
from wyoming_azure_realtime.realtime.session_config import SessionConfig


class PooledChannel(Channel, Poolable, Protocol):
    """A session that can be talked to and kept."""


Sessions = SessionPool[SessionConfig, PooledChannel]
