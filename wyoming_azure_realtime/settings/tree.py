"""What was given for settings, as a tree of texts whose every value knows its source; and its way to types.

A tree is made of variables or flags (by `load`) or of YAML (here). One tree is laid over another; `convert`
makes settings of the result. Every message names the key, its source (`file PATH:LINE`) and what is allowed.
Lists and mappings are limited by their declarations, nesting by `MAX_DEPTH`.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct, field

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.declaration import (
    Path,
    Secret,
    SettingsModel,
    Step,
    Unreadable,
    allowed,
    bare,
    lengths,
    nearest,
    read_switch,
    render,
)

DEFAULT = "default"
MAX_DEPTH = 16

Sources = Mapping[str, str]
"""Where the value of each key came from; a key that is missing here has its default."""

_NULL = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = (None, "!", "tag:yaml.org,2002:str")
_Model = TypeVar("_Model", bound=SettingsModel)


class Leaf(Struct, frozen=True):
    """One value as it was written. `source` is shown to users: `environment NAME`, `file PATH:LINE`."""

    text: str
    source: str


class Branch(Struct):
    """A mapping, or a sequence when its steps are numbers."""

    source: str
    sequence: bool = False
    children: dict[Step, "Node"] = field(default_factory=dict)


Node = Leaf | Branch


def parse(key: str) -> Path:
    """The path of a key, where names in it have no dots: `targets[0].key` is `("targets", 0, "key")`."""
    steps: list[Step] = []
    for part in key.split("."):
        name, _, index = part.partition("[")
        steps.append(name)
        if index:
            steps.append(int(index.removesuffix("]")))
    return tuple(steps)


def put(tree: Branch, path: Path, node: "Node") -> None:
    """Set one value, making the branches that lead to it."""
    here = tree
    for step, following in itertools.pairwise(path):
        below = here.children.get(step)
        if not isinstance(below, Branch):
            below = here.children[step] = Branch(node.source, sequence=isinstance(following, int))
        here = below
    here.children[path[-1]] = node


def overlay(under: Branch, over: Branch, path: Path = ()) -> Branch:
    """Both together; `over` wins value by value, but listeners are replaced as a whole."""
    children = dict(under.children)
    for step, node in over.children.items():
        below = children.get(step)
        here = (*path, step)
        if isinstance(node, Branch) and isinstance(below, Branch) and here != ("listeners",):
            children[step] = overlay(below, node, here)
        else:
            children[step] = node
    return Branch(over.source or under.source, under.sequence, children)


def origins(node: Node, path: Path = ()) -> Iterator[tuple[str, str]]:
    """The key and the source of every value, empty lists and mappings included."""
    if isinstance(node, Leaf) or (path and not node.children):
        yield render(path), node.source
        return
    for step, child in node.children.items():
        yield from origins(child, (*path, step))


def impossible(key: str, value: str, source: str, possible: str) -> SettingsError:
    """The error for a value that a setting cannot have; `value`: the value, or what it is, in words."""
    return SettingsError(f"{key} is {value} ({source}).", advice=f"Allowed: {possible}.")


def quote(text: str) -> str:
    """A value as it may stand in a message: one line, not endless, printable."""
    return ascii(text) if len(text) <= 80 else f"{text[:80]!a}… ({len(text)} characters)"


def convert(tree: Branch, model: type[_Model]) -> _Model:
    """The settings that a tree gives, defaults filled in. Raises `SettingsError`."""
    return _section(model, tree, ())


def _node(kind: Any, node: Node, path: Path) -> Any:
    outer = bare(kind)
    origin = get_origin(outer)
    if isinstance(outer, type) and issubclass(outer, SettingsModel):
        return _section(outer, _branch(kind, node, path, sequence=False), path)
    if origin is tuple:
        return _sequence(kind, node, path)
    if origin is dict:
        return _mapping(kind, node, path)
    if isinstance(node, Branch):
        raise impossible(render(path), _form(node), node.source, allowed(kind))
    return _leaf(kind, node, path)


def _section(model: type[_Model], branch: Branch, path: Path) -> _Model:
    fields = {declared.name: declared for declared in msgspec.structs.fields(model)}
    for step, child in branch.children.items():
        if step not in fields:
            raise _unknown(path, str(step), child.source, sorted(fields))
    for name, declared in fields.items():
        if declared.required and name not in branch.children:
            raise SettingsError(f"{render((*path, name))} is missing ({branch.source}).")
    given = {str(step): child for step, child in branch.children.items()}
    return model(**{name: _value(fields[name], child, (*path, name)) for name, child in given.items()})


def _value(declared: msgspec.structs.FieldInfo, node: Node, path: Path) -> Any:
    """Mappings that have entries by default keep those that nobody gave."""
    value = _node(declared.type, node, path)
    if isinstance(value, dict) and declared.default_factory is not msgspec.NODEFAULT:
        return declared.default_factory() | value
    return value


def _sequence(kind: Any, node: Node, path: Path) -> tuple[Any, ...]:
    inner = get_args(bare(kind))[0]
    if isinstance(node, Leaf) and inner is str:
        parts = [part.strip() for part in node.text.split(",")]
        node = Branch(node.source, True, {i: Leaf(part, node.source) for i, part in enumerate(parts) if part})
    branch = _branch(kind, node, path, sequence=True)
    return tuple(_node(inner, child, (*path, step)) for step, child in branch.children.items())


def _mapping(kind: Any, node: Node, path: Path) -> dict[str, Any]:
    inner = get_args(bare(kind))[1]
    if isinstance(node, Leaf) and inner is str:
        node = _pairs(node, path)
    branch = _branch(kind, node, path, sequence=False)
    return {
        _text(str(step), node.source, path): _node(inner, child, (*path, step))
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


def _branch(kind: Any, node: Node, path: Path, *, sequence: bool) -> Branch:
    """The node, if it is of the form that the type asks for and has neither too few nor too many items."""
    if isinstance(node, Leaf) or node.sequence != sequence:
        form = "a list" if sequence else "a mapping (lines of the form 'key: value')"
        raise impossible(render(path), _form(node), node.source, form)
    least, most = lengths(kind)
    if not least <= len(node.children) <= most:
        number, bound = f"{_form(node)} of {len(node.children)}", f"{least} to" if least else "at most"
        raise impossible(render(path), number, node.source, f"{bound} {most} items")
    return node


def _form(node: Node) -> str:
    return "a single text" if isinstance(node, Leaf) else "a list" if node.sequence else "a mapping"


def _leaf(kind: Any, leaf: Leaf, path: Path) -> Any:
    text, outer = _text(leaf.text, leaf.source, path), bare(kind)
    if outer is Secret:
        return Secret(text)
    try:
        if outer is bool:
            return read_switch(text)
        return msgspec.convert(text if outer is str else text.strip(), kind, strict=False)
    except (Unreadable, ValueError) as error:
        raise impossible(render(path), quote(text), leaf.source, allowed(kind)) from error


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


def read_yaml(text: str, name: str) -> Branch:
    """The tree of one document of YAML; `name` is the file's, for messages.

    What a text means is decided by the setting's type and not by YAML: `listen: off`, `language: no` and
    `api_version: 2025-04-01` are what they look like, where YAML's rules would read false, false and a date.
    Never anything but a `Branch` or `SettingsError`, whatever the text.
    """
    return _YamlReader(name).document(_events(text, name))


class _Event(Struct, frozen=True):
    """A part of a document. `plain`: a text without quotes, which may mean null."""

    kind: Literal["text", "list", "mapping", "end", "alias"]
    line: int
    text: str = ""
    tag: str | None = None
    plain: bool = False


def _events(text: str, name: str) -> Iterator[_Event]:
    """Raises `SettingsError` for what is no YAML."""
    import yaml  # noqa: PLC0415 - a slow import

    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.ScalarEvent):
                yield _Event("text", line, event.value, event.tag, event.implicit[0])
            elif isinstance(event, yaml.CollectionStartEvent):
                kind: Literal["list", "mapping"] = (
                    "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                )
                yield _Event(kind, line, tag=event.tag)
            elif isinstance(event, yaml.CollectionEndEvent):
                yield _Event("end", line)
            elif isinstance(event, yaml.AliasEvent):
                yield _Event("alias", line)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = " ".join(str(error.problem or error.context or "malformed").split())
        # the cause shows the line of the file, which may hold a key
        raise SettingsError(f"{name}:{line} is no YAML: {problem}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{name} is no YAML: {' '.join(str(error).split())}.") from error


class _YamlReader:
    """Builds the tree from events, without tags, aliases or recursion deeper than `MAX_DEPTH`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def document(self, events: Iterator[_Event]) -> Branch:
        root: Node | None = None
        for number, event in enumerate(events):
            if number:
                raise self._error(event, "has a second document", "Keep one.")
            root = self._node(event, events, 1)
        if root is None:
            return Branch(f"file {self._name}")
        if isinstance(root, Leaf) or root.sequence:
            raise SettingsError(
                f"{self._name} is no mapping.", advice="Write lines of the form 'key: value'."
            )
        return root

    def _node(self, event: _Event, events: Iterator[_Event], depth: int) -> Node | None:
        """None for a plain null or nothing: as if the key were not there."""
        if depth > MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH} levels", "")
        if event.kind == "alias":
            raise self._error(event, "uses an alias (*)", "Write the value out.")
        if event.tag not in _PLAIN_TAGS:
            # without the tag, which is the beginning of a key that was not put in quotes
            advice = "Leave tags such as !secret out, and put a text that begins with ! in quotes."
            raise self._error(event, "has a tag", advice)
        if event.kind == "text":
            null = event.plain and event.text in _NULL
            return None if null else Leaf(event.text, self._source(event))
        branch = Branch(self._source(event), sequence=event.kind == "list")
        fill = self._sequence if branch.sequence else self._mapping
        fill(branch, events, depth + 1)
        return branch

    def _sequence(self, branch: Branch, events: Iterator[_Event], depth: int) -> None:
        for event in events:
            if event.kind == "end":
                return
            child = self._node(event, events, depth)
            branch.children[len(branch.children)] = child or Leaf("", self._source(event))

    def _mapping(self, branch: Branch, events: Iterator[_Event], depth: int) -> None:
        seen: set[str] = set()
        for event in events:
            if event.kind == "end":
                return
            if event.kind != "text":
                raise self._error(event, "has a key that is no plain text", "")
            if event.text in seen:
                raise self._error(event, f"has the key {quote(event.text)} twice", "Keep one of them.")
            seen.add(event.text)
            child = self._node(next(events), events, depth)
            if child is not None:
                branch.children[event.text] = child

    def _source(self, event: _Event) -> str:
        return f"file {self._name}:{event.line}"

    def _error(self, event: _Event, problem: str, advice: str) -> SettingsError:
        return SettingsError(f"{self._name}:{event.line} {problem}.", advice=advice)
