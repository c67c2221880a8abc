"""Run the server as an add-on of Home Assistant.

It starts as root, which alone may read the add-on's options, and becomes an unprivileged user when it has.
"""

import argparse
import logging
import os
from functools import partial
from pathlib import Path

from wyoming_azure_realtime import logs

UID = 10300
"""The user that the program runs as in its images."""

_FLAGS = {"uri": "listeners[0].uri", "http": "http.listen"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where things are; the add-on itself needs none of them."""
    parser.add_argument("--data", metavar="FOLDER", default="/data", help="Where options.json is.")
    parser.add_argument("--supervisor", metavar="URL", default="http://supervisor", help="The Supervisor.")
    parser.add_argument("--user", type=int, default=UID, help="Number of the user to become.")
    parser.add_argument("--uri", metavar="URI", help="Where to listen for Wyoming.")
    parser.add_argument("--http", metavar="HOST:PORT|off", help="Where to listen for HTTP.")


def run(args: argparse.Namespace) -> int:
    """Run until a signal ends it. Raises `SettingsError` for options that cannot be."""
    from wyoming_azure_realtime.addon.options import load_options  # noqa: PLC0415 - not for --help
    from wyoming_azure_realtime.settings.declaration import secrets  # noqa: PLC0415

    folder = Path(args.data)
    flags = {key: getattr(args, flag) for flag, key in _FLAGS.items() if getattr(args, flag) is not None}
    token = os.environ.pop("SUPERVISOR_TOKEN", "")  # nothing that is started from here needs it
    home = {"home_assistant.url": f"{args.supervisor}/core", "home_assistant.token": token} if token else {}
    loaded, notices = load_options(folder, flags, home)
    become_unprivileged(args.user, folder / "cache")
    logs.configure(loaded.settings.log, [*secrets(loaded.settings), *filter(None, [token])])
    for notice in notices:
        logging.getLogger(__name__).warning("%s", notice)
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.addon.discovery import announce  # noqa: PLC0415
    from wyoming_azure_realtime.app import serve  # noqa: PLC0415

    when_ready = partial(announce, token=token, supervisor=args.supervisor) if token else None
    return asyncio.run(serve(loaded, when_ready))


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
