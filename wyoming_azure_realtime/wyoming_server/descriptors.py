"""File descriptors: every connection takes one, and the system grants a process only so many."""

import logging
import resource

_LOGGER = logging.getLogger(__name__)

_OTHERS = 256
"""For sessions, HTTP, listeners, files and whatever a library opens."""


def room_for(connections: int) -> int:
    """Raise this process's limit as far as it takes and goes; how many connections there is room for."""
    soft, hard = (_number(limit) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    needed = connections + _OTHERS
    if soft < needed:
        soft = _raised(min(needed, hard), soft)
    if soft >= needed:
        return connections
    possible = max(soft - _OTHERS, soft // 2)
    _LOGGER.warning(
        "Only %d connections are possible instead of limits.max_connections = %d: "
        "the system lets this process open %d files (ulimit -n)",
        possible,
        connections,
        soft,
    )
    return possible


def _raised(wanted: int, soft: int) -> int:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except (OSError, ValueError):  # some systems grant less than they promise
        return soft
    return wanted


def _number(limit: int) -> int:
    return 1 << 30 if limit == resource.RLIM_INFINITY else limit
