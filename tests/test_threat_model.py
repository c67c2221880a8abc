"""Every promise of the threat model in SECURITY.md names a test that exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")


def names_in(file: Path) -> set[str]:
    """`test_one` and `TestMany::test_one`, as pytest calls them."""
    if not file.is_file():
        return set()
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{one.name}" for one in node.body if isinstance(one, _FUNCTIONS)}
        elif isinstance(node, _FUNCTIONS):
            names.add(node.name)
    return names


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(SECURITY)
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in names_in(ROOT / file)] == []


def test_every_promise_names_one() -> None:
    model = SECURITY.partition("## Threat model\n")[2].partition("\n## ")[0]
    promises = re.findall(r"^- .*(?:\n  .*)*", model, re.MULTILINE)
    assert promises
    assert [promise for promise in promises if not NAMED.search(promise)] == []
