"""Print the effective settings."""

import argparse
import os

from wyoming_azure_realtime.commands.options import add_options


def arguments(parser: argparse.ArgumentParser) -> None:
    """The same as for the server, whose settings these are."""
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """One line per setting: key, value, source."""
    from wyoming_azure_realtime.settings.load import load, report  # noqa: PLC0415 - not for --help

    print(report(load(vars(args), os.environ)))  # noqa: T201
    return 0
