"""Draw sentences that people would say to their home from sentence templates.

Templates come from `home.toml` and from Home Assistant's own intents, both in the language of `hassil`,
Home Assistant's sentence matcher. They are parsed once, together with the lists they refer to; out come
lists of words for the language model, always the same for the same arguments.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import home_assistant_intents
import msgspec
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
from hassil.numbers import get_rbnf_engine
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
        """Return one of the sentences it stands for.

        Raises: TypeError for an expression that this module does not know.
        """
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
    """Turn plain texts into the values of a list."""
    return [TextChunk(text) for text in texts]


def numbers(values: Iterable[float]) -> list[Expression]:
    """Turn numbers into the values of a list; round ones are repeated, as people ask for them more often."""
    every = list(values)
    round_ones = [value for value in every if value % 5 == 0]
    repeats = 2 * len(every) // max(1, len(round_ones))
    return chunks(f"{value:g}" for value in every + round_ones * repeats)


def parsed(texts: Iterable[str], lists: Lists) -> list[Template]:
    """Parse texts in the language of hassil."""
    return [Template(parse_sentence(text), {}, lists) for text in texts]


def from_intents(data: dict[str, Any], lists: Lists, names: Lists) -> list[Template]:
    """Turn a file of Home Assistant's intents into templates; those that need an unknown list are left out.

    `lists` have precedence over the lists of the file. `names` are the devices of each domain, and a sentence
    takes those of the domains that it is meant for.
    """
    intents = Intents.from_dict(data)
    file_lists = {name: _values(slot_list) for name, slot_list in intents.slot_lists.items()}
    templates = []
    for block in (block for intent in intents.intents.values() for block in intent.data):
        known = {**file_lists, **lists, "name": _device_names(block, names)}
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


def _device_names(block: IntentData, names: Lists) -> list[Expression]:
    meant = [domain for domain in names if domain in block.domains] or list(names)
    return [name for domain in meant for name in names[domain]]


SLOT = "zzname"
"""The word of the language model that stands for a session's names and sounds like each of them."""

_LANGUAGE = "en"
_INTENTS_SHARE, _SPEECH_SHARE, _COMMANDS_SHARE = 0.25, 0.25, 0.50
# a configured name counts as often as several of the usual ones
_GIVEN_WEIGHT = 3

# one spelling for what sounds the same, so that the recognizer need not choose
_SPELLINGS = {
    "1/2": "half",
    "whats": "what's",
    "hows": "how's",
    "wheres": "where's",
    "todays": "today's",
    "nevermind": "never mind",
}
_SPELLING = re.compile(rf"(?<!\w)(?:{'|'.join(_SPELLINGS)})(?!\w)")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d{1,9}(?:\.\d{1,3})?")


class _TypicalHome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The contents of `home.toml`."""

    areas: tuple[str, ...]
    floors: tuple[str, ...]
    commands: tuple[str, ...]
    names: dict[str, tuple[str, ...]]
    domain_lists: dict[str, tuple[str, ...]]
    fillers: dict[str, tuple[str, ...]]
    numbers: dict[str, tuple[int, int]]


_TYPICAL = msgspec.toml.decode(Path(__file__).with_name("home.toml").read_bytes(), type=_TypicalHome)


def draw_sentences(home_names: tuple[str, ...], count: int, seed: int = 1) -> Iterator[list[str]]:
    """Draw at most `count` sentences, as lists of words; the same arguments give the same sentences.

    `home_names`: what is called by a name in this home, in addition to the usual devices.
    """
    lists, names = _lists(home_names), _names(home_names)
    yield from _drawn(_sources(lists, names), count, seed)


def draw_slot_sentences(count: int, seed: int = 2) -> Iterator[list[str]]:
    """Draw at most `count` sentences that have the slot in place of every name and room."""
    slot = chunks([SLOT])
    names = dict.fromkeys(_TYPICAL.names, slot)
    slots = dict.fromkeys(("area", *_TYPICAL.domain_lists), slot)
    drawn = _drawn(_sources({**_lists(()), **slots}, names), count, seed)
    return (sentence for sentence in drawn if SLOT in sentence)


def _drawn(sources: list[tuple[list[Template], float]], count: int, seed: int) -> Iterator[list[str]]:
    rng = Random(seed)  # noqa: S311 - sampling, not secrecy
    chosen = rng.choices([source for source, _ in sources], [share for _, share in sources], k=count)
    for source in chosen:
        if drawn := words(rng.choice(source).draw(rng)):
            yield drawn


def words(text: str) -> list[str]:
    """Split `text` into spoken words: lower case, numbers spelled out, no punctuation."""
    plain = (
        text.lower()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        .replace("%", " percent ")
        .replace("°", " degrees ")
    )
    plain = _SPELLING.sub(lambda match: _SPELLINGS[match[0]], plain)
    return list(itertools.chain.from_iterable(_spoken(token) for token in _WORD.findall(plain)))


@cache
def _spoken(token: str) -> tuple[str, ...]:
    if not token[0].isdigit():
        return (token,)
    number = float(token) if "." in token else int(token)
    return tuple(re.findall("[a-z]+", get_rbnf_engine(_LANGUAGE).format_number(number).text))


def _sources(lists: Lists, names: Lists) -> list[tuple[list[Template], float]]:
    sources = [(parsed(_TYPICAL.commands, lists), _COMMANDS_SHARE)]
    for load, share in (
        (home_assistant_intents.get_intents, _INTENTS_SHARE),
        (home_assistant_intents.get_speech_to_phrase_intents, _SPEECH_SHARE),
    ):
        if (data := load(_LANGUAGE)) is not None:
            sources.append((from_intents(data, lists, names), share))
    return sources


def _lists(home_names: tuple[str, ...]) -> Lists:
    names = _names(home_names)
    lists = {
        "area": chunks(_TYPICAL.areas),
        "floor": chunks(_TYPICAL.floors),
        **{name: chunks(values) for name, values in _TYPICAL.fillers.items()},
        **{name: numbers(range(first, last + 1)) for name, (first, last) in _TYPICAL.numbers.items()},
    }
    for name, domains in _TYPICAL.domain_lists.items():
        lists[name] = [value for domain in domains for value in names[domain]]
    return lists


def _names(home_names: tuple[str, ...]) -> Lists:
    given = home_names * _GIVEN_WEIGHT
    return {domain: chunks((*usual, *given)) for domain, usual in _TYPICAL.names.items()}
