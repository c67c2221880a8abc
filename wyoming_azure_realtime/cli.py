"""The command line: which command, its arguments, and what its end means as an exit code.

0: done. 1: something unexpected. 2: settings, usage, a file or a server that is not there; then there is
one line on standard error and no traceback; with --debug a second one names the causes. What a command needs
is imported when it runs.
"""

import argparse
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, Protocol

from wyoming_azure_realtime import __version__, logs
from wyoming_azure_realtime.errors import ConnectFailed, RequestError, SettingsError, SpeechServiceError

PROGRAM = "wyoming-azure-realtime"
FAILED, REFUSED, INTERRUPTED = 1, 2, 130

COMMANDS = {
    "serve": "run the Wyoming server (the default)",
    "settings": "print the effective settings and where each comes from",
    "speak": "have a running server speak a text into a WAV file",
    "transcribe": "have a running server transcribe a WAV file",
    "check": "ask a running server whether it is there, for health checks",
    "backend": "run the embedded backend alone, for any realtime client",
    "addon": "run the server as an add-on of Home Assistant",
}
_DEFAULT = "serve"

_USERS_FAULT = (SettingsError, RequestError, ConnectFailed)


class Command(Protocol):
    """What every module in `commands` offers."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; returns the exit code, raises `SpeechServiceError`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a terminal that lacks a letter is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(given)
    except SpeechServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201
        _show_causes(error, given)
        return REFUSED if isinstance(error, _USERS_FAULT) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read our output has gone; nothing is left to be said, not even while closing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:
        logging.getLogger(PROGRAM).exception("Unexpected error; please report it")
        return FAILED


def _show_causes(error: SpeechServiceError, given: list[str]) -> None:
    """With --debug, what caused it. Once logging is set up, it knows the secrets that it has to mask."""
    if logs.is_configured():
        logs.log_causes(logging.getLogger(PROGRAM), error)
    elif "--debug" in given and (causes := logs.causes_of(error)):
        print(f"Caused by {' '.join(causes.split())}", file=sys.stderr)  # noqa: T201


def _run(given: list[str]) -> int:
    name = given.pop(0) if given and given[0] in COMMANDS else ""
    command: Command = importlib.import_module(f"wyoming_azure_realtime.commands.{name or _DEFAULT}")
    parser = _Parser(
        prog=f"{PROGRAM} {name}".rstrip(),
        description=_sentence(COMMANDS[name or _DEFAULT]),
        epilog="" if name else _overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if not name:
        parser.add_argument("--version", action="version", version=__version__)
    command.arguments(parser)
    return command.run(parser.parse_args(given))


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _overview() -> str:
    lines = [f"  {name:11} {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(["commands, which come first:", *lines, "", f"See also: {PROGRAM} COMMAND --help"])


class _Parser(argparse.ArgumentParser):
    """Argparse's own way to fail takes several lines."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{self.prog}: {' '.join(message.split())}.", advice="See --help.")
