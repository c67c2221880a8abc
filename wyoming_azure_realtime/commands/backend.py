"""Command `backend`: the embedded backend alone. Its flags are the fields of its options and faults."""

import argparse
import asyncio
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.commands.client import reason
from wyoming_azure_realtime.commands.server import add_options
from wyoming_azure_realtime.emulator.faults import Faults, parse
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.privileges import protect_process

_SCALARS = (int, float, str, bool, str | None)
_SHARED = ("--config", "--debug", "--log-format")


def add_backend_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the server, faults to be simulated, and the shared ones about settings and the log."""
    add_options(parser, only=_SHARED)
    parser.add_argument(
        "--engines",
        choices=("local", "sink"),
        default="local",
        help="sink: tones and a fixed text, for tests.",
    )
    parser.add_argument(
        "--deployment",
        action="append",
        default=[],
        metavar="NAME=MODEL",
        help="A deployment that exists; without any, every model is deployed under its own name.",
    )
    stand_in = parser.add_argument_group("stand-in of a service, for tests")
    stand_in.add_argument("--hear", type=Path, metavar="FILE", help="JSON: recordings and what they say.")
    stand_in.add_argument("--brain", type=Path, metavar="FILE", help="JSON: what is asked and answered.")
    stand_in.add_argument("--control", type=int, metavar="PORT", help="Counters and faults over HTTP.")
    server = parser.add_argument_group("server")
    for field in _server_fields():
        server.add_argument(_flag(field.name), metavar="VALUE", help=f"Default: {field.default!r}.")
    faults = parser.add_argument_group(
        "faults and latencies",
        "A fault takes details such as every=2,skip=1,times=3,probability=0.5, or none.",
    )
    for fault in msgspec.structs.fields(Faults):
        kind = _fault_kind(fault.type)
        if kind is None:
            faults.add_argument(_flag(fault.name), metavar="VALUE")
        else:
            details = ", ".join(kind.__struct_fields__)
            faults.add_argument(_flag(fault.name), nargs="?", const="", metavar="DETAILS", help=details)


def run_backend(args: argparse.Namespace) -> int:
    """Run the backend until a signal ends it. Raises SettingsError."""
    from wyoming_azure_realtime.settings.load import load  # noqa: PLC0415 - not for --help

    protect_process()
    values = vars(args)
    shared = {name: values[name] for name in ("config", "debug", "log_format")}
    settings = load({**shared, "backend": "embedded"}, os.environ).settings
    server = server_options(values)
    logs.configure(settings.log, [server.key] if server.key else [])
    from wyoming_azure_realtime.offline.backend import BackendOptions, serve_backend  # noqa: PLC0415 - slow

    options = BackendOptions(
        server, args.engines, settings.embedded, hear=args.hear, brain=args.brain, control=args.control
    )
    try:
        asyncio.run(serve_backend(options))
    except (OSError, OverflowError) as error:
        raise SettingsError(f"The backend cannot run: {reason(error)}.") from error
    return 0


def server_options(flags: dict[str, Any]) -> ServerOptions:
    """The options of the server in the flags. Raises SettingsError."""
    values: dict[str, Any] = {}
    for field in _server_fields():
        text = flags[field.name]
        if text is not None:
            values[field.name] = _converted(text, field)
    return ServerOptions(
        **values,
        deployments=Deployments(_deployments(flags["deployment"])),
        faults=parse(list(_faults(flags))),
    )


def _converted(text: str, field: "dataclasses.Field[Any]") -> Any:
    try:
        return msgspec.convert(text, field.type, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"{_flag(field.name)} is {text[:80]!r}.", advice=f"Example: {field.default}."
        ) from error


def _deployments(pairs: list[str]) -> dict[str, str]:
    models: dict[str, str] = {}
    for pair in pairs:
        name, equals, model = pair.partition("=")
        if not (name and equals and model):
            raise SettingsError(f"--deployment is {pair[:80]!r}.", advice="Example: voice=gpt-realtime.")
        models[name] = model
    return models


def _faults(flags: dict[str, Any]) -> Iterator[str]:
    """Each fault as the text that `faults.parse` reads."""
    for field in msgspec.structs.fields(Faults):
        text = flags[field.name]
        if text is not None:
            yield f"{field.name}:{text}" if _fault_kind(field.type) else f"{field.name}={text}"


def _server_fields() -> Iterator["dataclasses.Field[Any]"]:
    """The options of a simple type that no fault has as well."""
    for field in dataclasses.fields(ServerOptions):
        if field.type in _SCALARS and field.name not in Faults.__struct_fields__:
            yield field


def _fault_kind(kind: Any) -> type[msgspec.Struct] | None:
    """The struct of details in `Fault | None`; None for a plain number."""
    alternatives = getattr(kind, "__args__", ())
    return next((one for one in alternatives if issubclass(one, msgspec.Struct)), None)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
