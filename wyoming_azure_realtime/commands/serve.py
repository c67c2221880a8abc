"""Run the server."""

import argparse
import os

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.commands.options import add_options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Every option that has a flag."""
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Until a signal ends it."""
    from wyoming_azure_realtime.settings.declaration import secrets  # noqa: PLC0415
    from wyoming_azure_realtime.settings.load import load  # noqa: PLC0415 - not for --help

    loaded = load(vars(args), os.environ)
    logs.configure(loaded.settings.log, secrets(loaded.settings))
    import asyncio  # noqa: PLC0415

    from wyoming_azure_realtime.app import serve  # noqa: PLC0415 - slow, and wrong settings are told at once

    return asyncio.run(serve(loaded))
