"""What values a setting may have, said in words; from the types in `model`, for messages and tables."""

from typing import Any

import msgspec

from wyoming_azure_realtime.settings.model import Secret


def allowed(kind: Any) -> str:
    """Such as `a number from 1 to 600`, `auto, azure or embedded`, `true or false`."""
    if kind is Secret:
        return "a text"
    info: Any = msgspec.inspect.type_info(kind)
    match info:
        case msgspec.inspect.LiteralType(values=values):
            *first, last = map(str, values)
            return f"{', '.join(first)} or {last}"
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.IntType():
            return f"a whole number {_bounds(info)}".rstrip()
        case msgspec.inspect.FloatType():
            return f"a number {_bounds(info)}".rstrip()
        case msgspec.inspect.VarTupleType():
            return "a list of texts"
        case msgspec.inspect.DictType():
            return "pairs of texts"
    return "a text"


def _bounds(info: Any) -> str:
    least = (
        f"from {info.ge:g}" if info.ge is not None else f"above {info.gt:g}" if info.gt is not None else ""
    )
    most = f"to {_plain(info.le)}" if info.le is not None else ""
    return f"{least}, up {most}" if info.gt is not None and most else f"{least} {most}".strip()


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
