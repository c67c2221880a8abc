"""Flags for the settings that have one, for every command that takes settings."""

import argparse
from collections.abc import Container

from wyoming_azure_realtime.settings.declaration import Option
from wyoming_azure_realtime.settings.model import CONFIG, all_options


def add_options(parser: argparse.ArgumentParser, only: Container[str] = ()) -> None:
    """Add the flags. What is not given is None, so that the source of a value is known.

    `only`: these flags, all if there are none.
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
