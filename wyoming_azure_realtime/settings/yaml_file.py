"""Settings from YAML: a tree of texts. What a text means is decided by the setting's type, not by YAML.

So `listen: off`, `language: no` and `api_version: 2025-04-01` are what they look like, where YAML's own
rules would read false, false and a date.
"""

from collections.abc import Iterator

import yaml

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.tree import Branch, Leaf, Node

MAX_DEPTH = 16
_NULL = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = (None, "!", "tag:yaml.org,2002:str")


def read_tree(text: str, name: str) -> Branch:
    """The tree of one document. Never anything but a `Branch` or `SettingsError`, whatever the text."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader(name)
    try:
        return reader.document(iter(yaml.parse(text, Loader=loader)))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = " ".join(str(error.problem or error.context or "malformed").split())
        # the cause shows the line of the file, which may hold a key
        raise SettingsError(f"{name}:{line} is no YAML: {what}.") from None
    except (yaml.YAMLError, ValueError) as error:
        what = " ".join(str(error).split())
        raise SettingsError(f"{name} is no YAML: {what}.") from error


class _Reader:
    """Builds the tree from parsing events, without tags, aliases or recursion deeper than `MAX_DEPTH`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def document(self, events: Iterator[yaml.Event]) -> Branch:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                documents += 1
                if documents > 1:
                    raise self._error(event, "has a second document", "Keep one.")
                root = self._node(event, events, 1)
        if root is None:
            return Branch(f"file {self._name}")
        if isinstance(root, Leaf) or root.sequence:
            raise SettingsError(
                f"{self._name} is no mapping.", advice="Write lines of the form 'key: value'."
            )
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node | None:
        if depth > MAX_DEPTH:
            raise self._error(event, f"is nested deeper than {MAX_DEPTH} levels", "")
        if isinstance(event, yaml.AliasEvent):
            raise self._error(event, "uses an alias (*)", "Write the value out.")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        self._check_tag(event)
        branch = Branch(self._source(event), sequence=isinstance(event, yaml.SequenceStartEvent))
        fill = self._sequence if branch.sequence else self._mapping
        fill(branch, events, depth + 1)
        return branch

    def _sequence(self, branch: Branch, events: Iterator[yaml.Event], depth: int) -> None:
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            child = self._node(event, events, depth)
            branch.children[len(branch.children)] = child or Leaf("", self._source(event))

    def _mapping(self, branch: Branch, events: Iterator[yaml.Event], depth: int) -> None:
        seen: set[str] = set()
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "has a key that is no plain text", "")
            key = event.value
            if key in seen:
                raise self._error(event, f"has the key {key!r} twice", "Keep one of them.")
            seen.add(key)
            child = self._node(next(events), events, depth)
            if child is not None:
                branch.children[key] = child

    def _scalar(self, event: yaml.ScalarEvent) -> Leaf | None:
        """None for a plain null or nothing: as if the key were not there."""
        self._check_tag(event)
        if event.implicit[0] and event.value in _NULL:
            return None
        return Leaf(event.value, self._source(event))

    def _check_tag(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in _PLAIN_TAGS:
            raise self._error(event, f"has the tag {tag}", "Leave tags out.")

    def _source(self, event: yaml.Event) -> str:
        return f"file {self._name}:{_line(event)}"

    def _error(self, event: yaml.Event, what: str, advice: str) -> SettingsError:
        return SettingsError(f"{self._name}:{_line(event)} {what}.", advice=advice)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
