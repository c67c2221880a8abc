"""Which field of a JSON object no struct knows, found by walking the struct's type alongside."""

import functools
from typing import Any

import msgspec
from msgspec import inspect

# From field name to what is below it; a list's items stand under `[]`, None accepts anything.
Schema = dict[str, Any] | None


@functools.cache
def schema(event: type[msgspec.Struct]) -> Schema:
    """The names that may appear in `event`, the tag included."""
    names = _below(inspect.type_info(event))
    return {"type": None, **(names or {})}


def unknown_field(value: Any, known: Schema, path: str = "") -> str | None:
    """The dotted path of the first field that `known` does not name, or None."""
    if known is None:
        return None
    if isinstance(value, list) and "[]" in known:
        found = (unknown_field(item, known["[]"], f"{path}[{i}]") for i, item in enumerate(value))
        return next((one for one in found if one), None)
    if not isinstance(value, dict) or "[]" in known:
        return None  # a wrong type, which decoding will find
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if name not in known:
            return here
        if deeper := unknown_field(inner, known[name], here):
            return deeper
    return None


def _below(kind: inspect.Type) -> Schema:
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: _below(field.type) for field in kind.fields}
    if isinstance(kind, inspect.ListType):
        items = _below(kind.item_type)
        return None if items is None else {"[]": items}
    if isinstance(kind, inspect.UnionType):
        return next((names for one in kind.types if (names := _below(one)) is not None), None)
    return None
