"""Run the embedded backend alone. Its flags are the fields of its own options and faults."""

import argparse
import asyncio
import dataclasses
import os
from collections.abc import Iterator
from typing import Any

import msgspec

from wyoming_azure_realtime import logs
from wyoming_azure_realtime.commands.client import reason
from wyoming_azure_realtime.commands.options import add_options
from wyoming_azure_realtime.emulator.faults import Faults, parse
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.errors import SettingsError

_SCALARS = (int, float, str, bool, str | None)
_SHARED = ("--config", "--debug", "--log-format")


def arguments(parser: argparse.ArgumentParser) -> None:
    """How the server is set up, what goes wrong on purpose, where settings are."""
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


def run(args: argparse.Namespace) -> int:
    """Until a signal ends it."""
    from wyoming_azure_realtime.settings.load import load  # noqa: PLC0415 - not for --help

    given = vars(args)
    shared = {name: given[name] for name in ("config", "debug", "log_format")}
    settings = load({**shared, "backend": "embedded"}, os.environ).settings
    server = server_options(given)
    logs.configure(settings.log, [server.key] if server.key else [])
    from wyoming_azure_realtime.offline.backend import BackendOptions, serve_backend  # noqa: PLC0415 - slow

    try:
        asyncio.run(serve_backend(BackendOptions(server, args.engines, settings.embedded)))
    except (OSError, OverflowError) as error:
        raise SettingsError(f"The backend cannot run: {reason(error)}.") from error
    return 0


def server_options(given: dict[str, Any]) -> ServerOptions:
    """What the flags say. Raises `SettingsError`."""
    values: dict[str, Any] = {}
    for field in _server_fields():
        text = given[field.name]
        if text is not None:
            values[field.name] = _converted(text, field)
    return ServerOptions(
        **values,
        deployments=Deployments(_deployments(given["deployment"])),
        faults=parse(list(_faults(given))),
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


def _faults(given: dict[str, Any]) -> Iterator[str]:
    """In the form that `faults.parse` reads."""
    for field in msgspec.structs.fields(Faults):
        text = given[field.name]
        if text is not None:
            yield f"{field.name}:{text}" if _fault_kind(field.type) else f"{field.name}={text}"


def _server_fields() -> Iterator["dataclasses.Field[Any]"]:
    """The simple ones; what a fault can do as well is left to the fault."""
    for field in dataclasses.fields(ServerOptions):
        if field.type in _SCALARS and field.name not in Faults.__struct_fields__:
            yield field


def _fault_kind(kind: Any) -> type[msgspec.Struct] | None:
    """The struct of details in `Fault | None`; None for a plain number."""
    alternatives = getattr(kind, "__args__", ())
    return next((one for one in alternatives if issubclass(one, msgspec.Struct)), None)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
