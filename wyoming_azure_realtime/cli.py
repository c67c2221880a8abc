"""The command line: which command, its arguments, and what its end means as an exit code.

0: done. 1: something unexpected. 2: settings, usage, a file or a server that is not there; then there is
one line on standard error and no traceback; with --debug a second one names the causes.
"""

import argparse
import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple, NoReturn

from wyoming_azure_realtime import logs
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.errors import ConnectFailed, RequestError, SettingsError, SpeechServiceError

PROGRAM = "wyoming-azure-realtime"
FAILED, REFUSED, INTERRUPTED = 1, 2, 130


class Command(NamedTuple):
    """`module`: where in `commands` it is. `summary`: what it does, for `--help`."""

    module: str
    summary: str


COMMANDS = {
    "serve": Command("server", "run the Wyoming server (the default)"),
    "setup": Command("setup", "ask for a service and its key, try it, and write the settings for it"),
    "settings": Command("server", "print the effective settings and where each comes from"),
    "speak": Command("client", "have a running server speak a text, aloud or into a WAV file"),
    "transcribe": Command("client", "have a running server transcribe a WAV file"),
    "check": Command("client", "ask a running server whether it is there, for health checks"),
    "doctor": Command("doctor", "find out what works and what does not, and what to do about it"),
    "voices": Command("voices", "list Azure's voices, by name, language or part of a name"),
    "report": Command("report", "try what the targets do, and print a report without secrets"),
    "backend": Command("backend", "run the embedded backend alone, for any realtime client"),
    "completion": Command("completion", "print the completion of commands for bash or zsh"),
    "addon": Command("server", "run the server as an add-on of Home Assistant"),
}
_DEFAULT = "serve"

_REFUSED_ERRORS = (SettingsError, RequestError, ConnectFailed)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # a terminal that lacks a letter is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(arguments)
    except SpeechServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201
        _show_causes(error, arguments)
        return REFUSED if isinstance(error, _REFUSED_ERRORS) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of our output is gone: write nothing more, not even while closing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception:
        logging.getLogger(PROGRAM).exception("Unexpected error; please report it")
        return FAILED


def _show_causes(error: SpeechServiceError, arguments: list[str]) -> None:
    """With --debug, print the causes; through the log once it is set up, since it masks secrets."""
    if logs.is_configured():
        logs.log_causes(logging.getLogger(PROGRAM), error)
    elif "--debug" in arguments and (causes := logs.causes_of(error)):
        print(f"Caused by {' '.join(causes.split())}", file=sys.stderr)  # noqa: T201


def _run(arguments: list[str]) -> int:
    """Raises SpeechServiceError."""
    name = arguments.pop(0) if arguments and arguments[0] in COMMANDS else ""
    command = name or _DEFAULT
    return int(getattr(_module(command), f"run_{command}")(parser_of(name).parse_args(arguments)))


def _module(command: str) -> ModuleType:
    """Imported when it runs: each command needs other modules, and most are slow to load."""
    return importlib.import_module(f"wyoming_azure_realtime.commands.{COMMANDS[command].module}")


def parser_of(name: str) -> argparse.ArgumentParser:
    """What reads the arguments of a command; empty: of the default one, with all that has no command."""
    command = name or _DEFAULT
    parser = _Parser(
        prog=f"{PROGRAM} {name}".rstrip(),
        description=_sentence(COMMANDS[command].summary),
        epilog="" if name else _overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if not name:
        parser.add_argument("--version", action="version", version=__version__)
    getattr(_module(command), f"add_{command}_arguments")(parser)
    return parser


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _overview() -> str:
    lines = [f"  {name:11} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(["commands, which come first:", *lines, "", f"See also: {PROGRAM} COMMAND --help"])


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line, as a SettingsError; argparse itself takes several."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{self.prog}: {' '.join(message.split())}.", advice="See --help.")
