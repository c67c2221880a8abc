"""What this process may do, and what is left of it where it ends badly. It imports nothing of ours."""

import ctypes
import os
import resource
from contextlib import suppress
from pathlib import Path

UID = 10300
"""The user that the program runs as in its images."""

_NO_NEW_PRIVS = 38
"""PR_SET_NO_NEW_PRIVS. Source: prctl(2) of Linux."""


def protect_process() -> None:
    """No file with this process's memory when it crashes, and no more rights by any program that it starts.

    Both hold for its children as well and cannot be taken back. The second is there on Linux alone.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)


def become_unprivileged(uid: int, *folders: Path) -> bool:
    """Give root up for the user `uid`, for good; `folders` are made and become that user's.

    Returns whether the program was root; if not, it stays who it is. Raises OSError if the system refuses.
    """
    root = os.geteuid() == 0
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if root:
            os.chown(folder, uid, uid)
    if root:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    return root
