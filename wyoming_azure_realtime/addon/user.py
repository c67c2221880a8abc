"""The user that the add-on runs as: it starts as root, which alone may read its options."""

import os
from pathlib import Path

UID = 10300


def become_unprivileged(uid: int, *folders: Path) -> bool:
    """Give root up for `uid`, for good; `folders` are made and become that user's. Whether there was root."""
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
