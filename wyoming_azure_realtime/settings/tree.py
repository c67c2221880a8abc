"""What was given for settings, before it has types: a tree whose every value knows its source."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

DEFAULT = "default"

Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value as it was written. `source` is told to users: `environment NAME`, `file PATH:LINE`."""

    text: str
    source: str


@dataclass(slots=True)
class Branch:
    """A mapping, or a sequence when its steps are numbers."""

    source: str
    sequence: bool = False
    children: dict[Step, "Node"] = field(default_factory=dict)


Node = Leaf | Branch


def render(path: Path) -> str:
    """A path as users write it: `targets[0].endpoint`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def parse(key: str) -> Path:
    """The way back from `render`, for keys that stand in our own tables."""
    steps: list[Step] = []
    for part in key.split("."):
        name, _, index = part.partition("[")
        steps.append(name)
        if index:
            steps.append(int(index.removesuffix("]")))
    return tuple(steps)


def put(tree: Branch, path: Path, leaf: Leaf) -> None:
    """Set one value, making the branches that lead to it."""
    here = tree
    for step, following in itertools.pairwise(path):
        below = here.children.get(step)
        if not isinstance(below, Branch):
            below = here.children[step] = Branch(leaf.source, sequence=isinstance(following, int))
        here = below
    here.children[path[-1]] = leaf


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


Sources = Mapping[str, str]
"""Where the value of each key came from; a key that is missing here has its default."""
