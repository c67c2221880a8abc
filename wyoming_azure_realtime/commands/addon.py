"""Run the server as an add-on of Home Assistant."""

import argparse
import logging
import os
from functools import partial
from pathlib import Path

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.addon.user import UID, become_unprivileged

_FLAGS = {"uri": "listeners[0].uri", "http": "http.listen"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where things are; the add-on itself needs none of them."""
    parser.add_argument("--data", metavar="FOLDER", default="/data", help="Where options.json is.")
    parser.add_argument("--supervisor", metavar="URL", default="http://supervisor", help="The Supervisor.")
    parser.add_argument("--user", type=int, default=UID, help="Number of the user to become.")
    parser.add_argument("--uri", metavar="URI", help="Where to listen for Wyoming.")
    parser.add_argument("--http", metavar="HOST:PORT|off", help="Where to listen for HTTP.")


def run(args: argparse.Namespace) -> int:
    """Until a signal ends it."""
    from wyoming_azure_realtime.addon.options import load_options  # noqa: PLC0415 - not for --help
    from wyoming_azure_realtime.settings.walk import secrets  # noqa: PLC0415

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

    told = partial(announce, token=token, supervisor=args.supervisor) if token else None
    return asyncio.run(serve(loaded, told))
