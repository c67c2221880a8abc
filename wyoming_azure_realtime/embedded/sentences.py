"""Sentences people would say to their home, drawn at random from sentence templates."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

import home_assistant_intents
from hassil.numbers import get_rbnf_engine

from wyoming_azure_realtime.embedded import home_templates, templates
from wyoming_azure_realtime.embedded.templates import Lists, Template

SLOT = "zzname"
"""Stands for the names that a session tells: a word of the language model that sounds like each of them."""

_LANGUAGE = "en"
_INTENTS_SHARE, _SPEECH_SHARE, _COMMANDS_SHARE = 0.25, 0.25, 0.50
# a name somebody configured is worth several that are merely usual
_GIVEN_WEIGHT = 3

# spellings of one sound: the recogniser must not have to choose
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


@dataclass(frozen=True)
class HomeVocabulary:
    """What the home has besides the usual: names of its devices, names of its rooms."""

    names: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


def sentences(home: HomeVocabulary, count: int, seed: int = 1) -> Iterator[list[str]]:
    """Draw `count` sentences as lists of words; the same arguments always give the same sentences."""
    lists, names = _lists(home), _names(home)
    yield from _drawn(_sources(lists, names), count, seed)


def slot_sentences(count: int, seed: int = 2) -> Iterator[list[str]]:
    """Draw `count` sentences with the slot as every name and room; those without either are left out."""
    slot = templates.chunks([SLOT])
    names = dict.fromkeys(home_templates.NAMES, slot)
    own = dict.fromkeys(("area", *home_templates.DOMAIN_LISTS), slot)
    drawn = _drawn(_sources({**_lists(HomeVocabulary()), **own}, names), count, seed)
    return (sentence for sentence in drawn if SLOT in sentence)


def _drawn(sources: list[tuple[list[Template], float]], count: int, seed: int) -> Iterator[list[str]]:
    rng = Random(seed)  # noqa: S311 - sampling, not secrecy
    chosen = rng.choices([source for source, _ in sources], [share for _, share in sources], k=count)
    for source in chosen:
        if drawn := words(rng.choice(source).draw(rng)):
            yield drawn


def words(text: str) -> list[str]:
    """Split `text` into words as they are said: lower case, numbers spelled out, no punctuation."""
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
    sources = [(templates.parsed(home_templates.COMMANDS, lists), _COMMANDS_SHARE)]
    for load, share in (
        (home_assistant_intents.get_intents, _INTENTS_SHARE),
        (home_assistant_intents.get_speech_to_phrase_intents, _SPEECH_SHARE),
    ):
        if (data := load(_LANGUAGE)) is not None:
            sources.append((templates.from_intents(data, lists, names), share))
    return sources


def _lists(home: HomeVocabulary) -> Lists:
    names = _names(home)
    lists = {
        "area": templates.chunks((*home_templates.AREAS, *home.areas * _GIVEN_WEIGHT)),
        "floor": templates.chunks(home_templates.FLOORS),
        **{name: templates.chunks(values) for name, values in home_templates.FILLERS.items()},
        **{name: templates.numbers(values) for name, values in home_templates.NUMBERS.items()},
    }
    for name, domains in home_templates.DOMAIN_LISTS.items():
        lists[name] = [value for domain in domains for value in names[domain]]
    return lists


def _names(home: HomeVocabulary) -> Lists:
    given = home.names * _GIVEN_WEIGHT
    return {domain: templates.chunks((*usual, *given)) for domain, usual in home_templates.NAMES.items()}
