"""Commands with the server's settings: `serve` (the default), `settings`, and `addon` (Home Assistant OS)."""

import argparse
import logging
import os
from collections.abc import Container
from contextlib import suppress
from functools import partial
from pathlib import Path

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.privileges import UID, become_unprivileged, protect_process
from wyoming_azure_realtime.settings.declaration import Option
from wyoming_azure_realtime.settings.model import CONFIG, all_options

_MMAP_THRESHOLD, _LARGE = -3, 128 << 10
_ARENA_MAX, _ARENAS = -8, 2

_ADDON_FLAGS = {"uri": "listeners[0].uri", "http": "http.listen"}


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option that has a flag."""
    add_options(parser)


def run_serve(args: argparse.Namespace) -> int:
    """Run the server until a signal ends it. Raises SettingsError."""
    from wyoming_azure_realtime.settings.declaration import secrets  # noqa: PLC0415
    from wyoming_azure_realtime.settings.load import load  # noqa: PLC0415 - not for --help

    protect_process()
    loaded = load(vars(args), os.environ)
    logs.configure(loaded.settings.log, secrets(loaded.settings))
    _give_memory_back()
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.app import serve  # noqa: PLC0415 - slow: wrong settings are reported before

    return asyncio.run(serve(loaded, read=lambda: load(vars(args), os.environ)))


def _give_memory_back() -> None:
    """Have glibc give the memory of large buffers back to the system, and keep less for each thread.

    Otherwise it raises that size each time, up to 32 MB, and keeps in pieces what recordings and speech took.
    Other libraries have no such call, or no need of it. Source: mallopt(3).
    """
    import ctypes  # noqa: PLC0415

    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_ARENA_MAX, _ARENAS)


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """The same as for the server, whose settings these are."""
    add_options(parser)


def run_settings(args: argparse.Namespace) -> int:
    """Print one line per setting: key, value, source. Raises SettingsError."""
    from wyoming_azure_realtime.settings.load import load, report  # noqa: PLC0415 - not for --help

    print(report(load(vars(args), os.environ)))  # noqa: T201
    return 0


def add_addon_arguments(parser: argparse.ArgumentParser) -> None:
    """Where things are; the add-on itself needs none of them."""
    parser.add_argument("--data", metavar="FOLDER", default="/data", help="Where options.json is.")
    parser.add_argument("--supervisor", metavar="URL", default="http://supervisor", help="The Supervisor.")
    parser.add_argument("--user", type=int, default=UID, help="Number of the user to become.")
    parser.add_argument("--uri", metavar="URI", help="Where to listen for Wyoming.")
    parser.add_argument("--http", metavar="HOST:PORT|off", help="Where to listen for HTTP.")


def run_addon(args: argparse.Namespace) -> int:
    """Run the server as an add-on until a signal ends it. Raises SettingsError."""
    from wyoming_azure_realtime.addon.options import STATE, load_options  # noqa: PLC0415 - not for --help
    from wyoming_azure_realtime.settings.declaration import secrets  # noqa: PLC0415

    protect_process()
    folder = Path(args.data)
    flags = {
        key: getattr(args, flag) for flag, key in _ADDON_FLAGS.items() if getattr(args, flag) is not None
    }
    token = os.environ.pop("SUPERVISOR_TOKEN", "")  # nothing that is started from here needs it
    home = (f"{args.supervisor}/core", token) if token else None
    loaded, notices = load_options(folder, flags, home)
    become_unprivileged(args.user, folder / "cache", folder / STATE)
    logs.configure(loaded.settings.log, [*secrets(loaded.settings), *filter(None, [token])])
    for notice in notices:
        logging.getLogger(__name__).warning("%s", notice)
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.addon.discovery import announce  # noqa: PLC0415
    from wyoming_azure_realtime.app import serve  # noqa: PLC0415

    announcing = partial(announce, token=token, supervisor=args.supervisor) if token else None
    return asyncio.run(serve(loaded, announcing))


def add_options(parser: argparse.ArgumentParser, only: Container[str] = ()) -> None:
    """One flag for each setting that has one; `only`: these flags, all if there are none.

    A flag that is not given is None, so that the source of each value is known.
    """
    for option in (CONFIG, *all_options()):
        if option.flag and (not only or option.flag in only):
            _add(parser, option)


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    text = option.setting.help.replace("%", "%%")
    if not option.metavar:
        parser.add_argument(option.flag, action="store_const", const="true", help=text)
    elif option.key == "listeners":
        parser.add_argument(option.flag, action="append", metavar=option.metavar, help=text)
    elif option.key == "zeroconf":
        group = parser.add_mutually_exclusive_group()
        group.add_argument(option.flag, nargs="?", const="true", metavar=option.metavar, help=text)
        negated = f"--no-{option.destination}"
        group.add_argument(
            negated, action="store_const", const="false", dest=option.destination, help="Do not announce it."
        )
    else:
        parser.add_argument(option.flag, metavar=option.metavar, help=text)
