"""Counts what a newcomer meets in the source: modules, imports between them, sizes, names defined twice.

Run with `python -m tests.structure`; `--json` for programs; a path counts another checkout of the package.
"""

import argparse
import ast
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

PACKAGE = "wyoming_azure_realtime"
# fmt: off
PRIVATE_WORDS = (
    "Take", "Rendition", "Hold", "Gate", "Patience", "Commons", "Relief", "Roster", "Pulse", "Outbox",
    "Intake", "Exchange", "AsrExchange", "TtsExchange", "Dialogue", "Wording", "Ear", "Turns",
)
# fmt: on
"""Names of classes of this project's own making, where the field has a word."""

PRIVATE_VARIABLES = ("told", "heard", "by")
"""Names that are no nouns."""


class Source:
    """All modules of a checkout, parsed."""

    def __init__(self, root: Path) -> None:
        self.root = root / PACKAGE
        self.trees = {
            self._name(path): ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(self.root.rglob("*.py"))
        }
        self.lines = {
            self._name(path): len(path.read_text(encoding="utf-8").splitlines())
            for path in sorted(self.root.rglob("*.py"))
        }

    def _name(self, path: Path) -> str:
        parts = path.relative_to(self.root.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def modules(self) -> list[str]:
        """Those with code: a package's docstring is none."""
        return [name for name, tree in self.trees.items() if not self._only_docstring(tree)]

    @staticmethod
    def _only_docstring(tree: ast.Module) -> bool:
        return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in tree.body)

    def edges(self) -> set[tuple[str, str]]:
        """Who imports whom, among our own modules, each pair once."""
        found = set()
        for importer, tree in self.trees.items():
            for node in ast.walk(tree):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module]
                imported = {self._module_of(name) for name in names} - {"", importer, PACKAGE}
                found |= {(importer, module) for module in imported}
        return {(one, other) for one, other in found if not self._only_docstring(self.trees[other])}

    def _module_of(self, name: str) -> str:
        """The module of ours that holds what is imported under `name`; empty if it is none."""
        while name and name not in self.trees:
            name = name.rpartition(".")[0]
        return name

    def functions(self) -> list[tuple[int, str]]:
        """Length and name of every function."""
        return [
            ((node.end_lineno or node.lineno) - node.lineno + 1, f"{module}.{node.name}")
            for module, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def types_defined_twice(self) -> dict[str, list[str]]:
        """Public classes and type aliases at the top of several modules."""
        places: dict[str, list[str]] = defaultdict(list)
        for module, tree in self.trees.items():
            for node in tree.body:
                for name in _types_of(node):
                    if not name.startswith("_"):
                        places[name].append(module)
        return {name: where for name, where in sorted(places.items()) if len(where) > 1}

    def private_words(self) -> Counter[str]:
        """How often each is a name in the code: a class, an argument, a variable, an attribute."""
        counts: Counter[str] = Counter()
        for tree in self.trees.values():
            for node in ast.walk(tree):
                for name in _names_of(node):
                    bare = name.lstrip("_")
                    if name in PRIVATE_WORDS or bare in PRIVATE_VARIABLES:
                        counts[name if name in PRIVATE_WORDS else bare] += 1
        return counts


def _types_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.unparse(node.annotation):
        return [ast.unparse(node.target)]
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name, value = node.targets[0].id, ast.unparse(node.value)
        if re.fullmatch(r"_?[A-Z][a-zA-Z]*[a-z][a-zA-Z]*", name) and re.match(
            r"(Literal|Callable|[A-Z]\w+ \|)", value
        ):
            return [name]
    return []


def _names_of(node: ast.AST) -> list[str]:
    match node:
        case ast.ClassDef(name=name):
            return [name]
        case ast.arg(arg=name):
            return [name]
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def count(root: Path) -> dict[str, object]:
    """The figures of a checkout."""
    source = Source(root)
    modules, edges = source.modules, source.edges()
    lines = sum(source.lines.values())
    importers = Counter(imported for _, imported in edges)
    return {
        "modules": len(modules),
        "lines": lines,
        "lines per module": round(lines / len(modules)),
        "import edges": len(edges),
        "import edges per 1,000 lines": round(1000 * len(edges) / lines, 1),
        "modules with one importer": sum(importers[module] == 1 for module in modules),
        "longest module": max((number, name) for name, number in source.lines.items()),
        "longest function": max(source.functions()),
        "public types defined twice": source.types_defined_twice(),
        "private words": dict(source.private_words()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).parents[2])
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = count(args.root)
    if args.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
