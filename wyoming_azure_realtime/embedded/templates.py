"""Sentence templates: parsed once, with the lists they refer to, then drawn from at random.

They are written in the language of `hassil`, Home Assistant's sentence matcher.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import IntentData, Intents, RangeSlotList, SlotList, TextSlotList
from hassil.parse_expression import parse_sentence

Rules = Mapping[str, Sentence]
Lists = Mapping[str, Sequence[Expression]]


@dataclass(frozen=True)
class Template:
    """One sentence with the rules and lists it may refer to."""

    sentence: Sentence
    rules: Rules
    lists: Lists

    @property
    def complete(self) -> bool:
        """Whether everything it refers to is there."""
        return all(self.lists.get(name) for name in self.sentence.list_names(dict(self.rules)))

    def draw(self, rng: Random) -> str:
        """Return one of the sentences it stands for."""
        return self._draw(self.sentence.expression, rng)

    def _draw(self, node: Expression, rng: Random) -> str:
        match node:
            case TextChunk():
                return node.original_text
            case Alternative():
                return self._draw(rng.choice(node.items), rng)
            case Permutation():
                return " ".join(self._draw(item, rng) for item in rng.sample(node.items, len(node.items)))
            case Group():
                return "".join([self._draw(item, rng) for item in node.items])
            case RuleReference():
                return self._draw(self.rules[node.rule_name].expression, rng)
            case ListReference():
                return self._draw(rng.choice(self.lists[node.list_name]), rng)
            case _:
                raise TypeError(f"hassil has a new kind of expression: {type(node).__name__}")


def chunks(texts: Iterable[str]) -> list[Expression]:
    """Make a list's values of plain texts."""
    return [TextChunk(text) for text in texts]


def numbers(values: Iterable[float]) -> list[Expression]:
    """Make a list's values of numbers: round ones come up more often, as they do in what people ask for."""
    every = list(values)
    round_ones = [value for value in every if value % 5 == 0]
    repeats = 2 * len(every) // max(1, len(round_ones))
    return chunks(f"{value:g}" for value in every + round_ones * repeats)


def parsed(texts: Iterable[str], lists: Lists) -> list[Template]:
    """Turn texts into templates."""
    return [Template(parse_sentence(text), {}, lists) for text in texts]


def from_intents(data: dict[str, Any], lists: Lists, names: Lists) -> list[Template]:
    """Turn a file of Home Assistant's intents into templates, without those that need an unknown list.

    `lists` come before the file's own; `names` are the devices of each domain, and a sentence takes those of
    the domains it is meant for.
    """
    intents = Intents.from_dict(data)
    own = {name: _values(slot_list) for name, slot_list in intents.slot_lists.items()}
    templates = []
    for block in (block for intent in intents.intents.values() for block in intent.data):
        known = {**own, **lists, "name": _names(block, names)}
        templates += [Template(sentence, intents.expansion_rules, known) for sentence in block.sentences]
    return [template for template in templates if template.complete]


def _values(slot_list: SlotList) -> list[Expression]:
    match slot_list:
        case TextSlotList():
            return [value.text_in for value in slot_list.values]
        case RangeSlotList():
            return numbers(slot_list.get_numbers())
        case _:
            return []


def _names(block: IntentData, names: Lists) -> list[Expression]:
    meant = [domain for domain in names if domain in block.domains] or list(names)
    return [name for domain in meant for name in names[domain]]
