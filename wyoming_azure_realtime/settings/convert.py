"""From a tree of texts to typed settings. Every message names the key, its source and what is allowed."""

from collections.abc import Sequence
from typing import Any, get_args, get_origin

import msgspec

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import Secret, Settings, SettingsModel
from wyoming_azure_realtime.settings.options import Unreadable, nearest, read_switch
from wyoming_azure_realtime.settings.tree import Branch, Leaf, Node, Path, render

MAX_ITEMS = 10_000


def to_settings(tree: Branch) -> Settings:
    """The settings that a tree gives, defaults filled in. Raises `SettingsError`."""
    settings = _slice(Settings, tree, ())
    assert isinstance(settings, Settings)  # noqa: S101 - for the type checker
    return settings


def impossible(key: str, told: str, source: str, allowed: str) -> SettingsError:
    """The error for a value that a setting cannot have."""
    return SettingsError(f"{key} is {told} ({source}).", advice=f"Allowed: {allowed}.")


def quote(text: str) -> str:
    """A value as it may stand in a message: one line, not endless, printable."""
    return ascii(text) if len(text) <= 80 else f"{text[:80]!a}… ({len(text)} characters)"


def _node(kind: Any, node: Node, path: Path) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, SettingsModel):
        return _slice(kind, _branch(node, path, sequence=False), path)
    if origin is tuple:
        return _sequence(args[0], node, path)
    if origin is dict:
        return _mapping(args[1], node, path)
    if isinstance(node, Branch):
        told = "a list" if node.sequence else "a mapping"
        raise impossible(render(path), told, node.source, _allowed(kind))
    return _leaf(kind, node, path)


def _slice(kind: type[SettingsModel], branch: Branch, path: Path) -> SettingsModel:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name, child in branch.children.items():
        if name not in fields:
            raise _unknown(path, str(name), child.source, sorted(fields))
    for name, field in fields.items():
        if field.required and name not in branch.children:
            raise SettingsError(f"{render((*path, name))} is missing ({branch.source}).")
    given = {str(name): (fields[str(name)], child) for name, child in branch.children.items()}
    return kind(**{name: _field(field, child, (*path, name)) for name, (field, child) in given.items()})


def _field(field: Any, node: Node, path: Path) -> Any:
    """Mappings that have entries by default keep those that nobody gave."""
    value = _node(field.type, node, path)
    if isinstance(value, dict) and field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory() | value
    return value


def _sequence(kind: Any, node: Node, path: Path) -> tuple[Any, ...]:
    if isinstance(node, Leaf) and kind is str:
        parts = [part.strip() for part in node.text.split(",")]
        node = Branch(node.source, True, {i: Leaf(part, node.source) for i, part in enumerate(parts) if part})
    branch = _branch(node, path, sequence=True)
    return tuple(_node(kind, child, (*path, step)) for step, child in branch.children.items())


def _mapping(kind: Any, node: Node, path: Path) -> dict[str, Any]:
    if isinstance(node, Leaf) and kind is str:
        node = _pairs(node, path)
    branch = _branch(node, path, sequence=False)
    return {
        _text(str(step), node.source, path): _node(kind, child, (*path, step))
        for step, child in branch.children.items()
    }


def _pairs(leaf: Leaf, path: Path) -> Branch:
    branch = Branch(leaf.source)
    for pair in filter(None, map(str.strip, leaf.text.split(","))):
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise impossible(render(path), quote(leaf.text), leaf.source, "pairs such as nova=coral,onyx=ash")
        branch.children[name.strip()] = Leaf(value.strip(), leaf.source)
    return branch


def _branch(node: Node, path: Path, *, sequence: bool) -> Branch:
    wanted = "a list" if sequence else "a mapping (lines of the form 'key: value')"
    if isinstance(node, Leaf):
        raise impossible(render(path), "a single text", node.source, wanted)
    if node.sequence != sequence:
        raise impossible(render(path), "a list" if node.sequence else "a mapping", node.source, wanted)
    if len(node.children) > MAX_ITEMS:
        raise impossible(render(path), "too long", node.source, f"{MAX_ITEMS} items")
    return node


def _leaf(kind: Any, leaf: Leaf, path: Path) -> Any:
    secret = kind is Secret
    text = _text(leaf.text, leaf.source, path)
    try:
        if secret:
            return Secret(text)
        if kind is bool:
            return read_switch(text)
        return msgspec.convert(text if kind is str else text.strip(), kind, strict=False)
    except (Unreadable, ValueError) as error:
        raise impossible(render(path), quote(text), leaf.source, _allowed(kind)) from error


def _text(text: str, source: str, path: Path) -> str:
    """Texts travel in JSON, headers and file names: all of them must be encodable."""
    if "\0" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise impossible(render(path), "not text in UTF-8", source, "text in UTF-8 without NUL characters")
    return text


def _unknown(path: Path, name: str, source: str, known: Sequence[str]) -> SettingsError:
    where = f" of {render(path)}" if path else ""
    return SettingsError(
        f"Unknown key {quote(render((*path, name)))} ({source}).",
        advice=f"{nearest(name, known)} Keys{where}: {', '.join(known)}.".strip(),
    )


def _allowed(kind: Any) -> str:
    from wyoming_azure_realtime.settings.allowed import allowed  # noqa: PLC0415 - only when something is wrong

    return allowed(kind)
