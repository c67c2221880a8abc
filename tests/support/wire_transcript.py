"""Conversations on the wire, as text: what a client sends and what a service answers.

One step a line, `#` begins a comment, an indented line continues the one before:
  connect PATH          open a socket        http STATUS JSON     or be refused with this answer
  header NAME: VALUE    sent with the next connect
  > JSON                the client sends     < JSON               the service sends exactly this next
  <+ JSON               one or more of them  close CODE REASON    the service closes

In what the service sends an object may have more keys than are written. "$any", "$int", "$text", "$base64"
and "$absent" stand for what their names say; "$name" is whatever was there when `$name` first appeared. In
what the client sends "$silence(MS)", "$noise(MS)" and "$bytes(N)" stand for base64 audio.
"""

import base64
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_AUDIO = re.compile(r"\$(silence|noise|bytes)\((\d+)\)")
_KEYWORDS = ("connect", "header", "http", "close", ">", "<+", "<")


@dataclass(frozen=True)
class Step:
    """One line: its keyword, the rest of it, and where it stands."""

    keyword: str
    rest: str
    line: int

    @property
    def json(self) -> Any:
        """The rest as JSON."""
        return json.loads(self.rest)


def read(path: Path) -> list[Step]:
    """All steps of a transcript."""
    steps: list[Step] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            last = steps.pop()
            steps.append(Step(last.keyword, f"{last.rest} {line.strip()}", last.line))
            continue
        keyword, _, rest = line.partition(" ")
        assert keyword in _KEYWORDS, f"{path.name}:{number}: {line}"
        steps.append(Step(keyword, rest.strip(), number))
    return steps


def filled(value: Any, names: dict[str, Any]) -> Any:
    """What a client sends, with audio and remembered names put in."""
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if isinstance(value, str) and (audio := _AUDIO.fullmatch(value)):
        return base64.b64encode(_audio(audio[1], int(audio[2]))).decode()
    return names[value] if isinstance(value, str) and value.startswith("$") else value


def differences(expected: Any, actual: Any, names: dict[str, Any], path: str = "") -> Iterator[str]:
    """What is not as written; learns names on the way."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, inner in expected.items():
            yield from _at_key(inner, key, actual, names, path)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for place, (inner, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(inner, other, names, f"{path}[{place}]")
    elif isinstance(expected, str) and expected.startswith("$"):
        if not _stands_for(expected, actual, names):
            yield f"{path}: {actual!r} is not {expected}"
    elif type(expected) is not type(actual) or expected != actual:
        yield f"{path}: {actual!r} is not {expected!r}"


def _at_key(
    expected: Any, key: str, actual: dict[str, Any], names: dict[str, Any], path: str
) -> Iterator[str]:
    here = f"{path}.{key}" if path else key
    if expected == "$absent":
        if key in actual:
            yield f"{here} should not be there"
    elif key not in actual:
        yield f"{here} is missing"
    else:
        yield from differences(expected, actual[key], names, here)


def _stands_for(expected: str, actual: Any, names: dict[str, Any]) -> bool:
    match expected:
        case "$any":
            return True
        case "$int":
            return type(actual) is int
        case "$text":
            return isinstance(actual, str) and actual != ""
        case "$base64":
            return isinstance(actual, str) and bool(base64.b64decode(actual, validate=True))
    return bool(names.setdefault(expected, actual) == actual)


def _audio(kind: str, amount: int) -> bytes:
    if kind == "bytes":
        return bytes(amount)
    if kind == "silence":
        return bytes(amount * 48)
    chance = random.Random(amount)
    return b"".join(
        chance.randrange(-9000, 9000).to_bytes(2, "little", signed=True) for _ in range(amount * 24)
    )
