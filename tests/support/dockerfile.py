"""A Dockerfile as instructions: enough of its grammar for ours."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    """One instruction with its flags, such as `from` of COPY; `words` of the JSON form, else of the text."""

    name: str
    flags: dict[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        return list(json.loads(self.text)) if self.text.startswith("[") else self.text.split()


def read_dockerfile(path: Path) -> list[Instruction]:
    """All instructions in order."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [_instruction(line) for line in whole.splitlines() if line.strip()]


def stages(instructions: list[Instruction]) -> Iterator[tuple[str, list[Instruction]]]:
    """Every stage's name, empty for the last one, with the instructions after its FROM."""
    starts = [number for number, instruction in enumerate(instructions) if instruction.name == "FROM"]
    for start, end in zip(starts, [*starts[1:], len(instructions)], strict=True):
        words = instructions[start].words
        yield words[2] if words[1:2] == ["AS"] else "", instructions[start + 1 : end]


def _instruction(line: str) -> Instruction:
    name, _, rest = line.strip().partition(" ")
    flags = {}
    while found := re.match(r"\s*--([a-z-]+)=(\S+)\s+", rest):
        flags[found[1]] = found[2]
        rest = rest[found.end() :]
    return Instruction(name, flags, rest.strip())
