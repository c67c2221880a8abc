# ruff: noqa: RUF001 (characters as they are spoken and written)
"""Smart-home answers with fair ways to say them, and with ways to get them wrong."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from num2words import num2words

from tests.verification.values import KINDS, Value

# Answers written by hand; `{written|spoken|spoken}` is how a part of one may be said.
HANDWRITTEN = Path(__file__).with_name("handwritten.txt").read_text(encoding="utf-8").splitlines()

TEMPLATES = """
It's {temperature} in the {room}.
The {room} is at {temperature} with {percent} humidity.
Right now it is {temperature} outside, and it feels like {temperature}.
I set the thermostat in the {room} to {temperature}.
Tomorrow's high will be {temperature}, the low {temperature}, with a {percent} chance of rain.
The {room} light is now at {percent}.
I dimmed the {room} lights to {percent} and turned off the {initials}.
The battery of the {room} sensor is at {percent}; please replace it soon.
Your alarm is set for {clock}.
Okay, I'll wake you at {clock} on {date}.
Sunrise is at {clock} and sunset at {clock}.
The train leaves at {clock_24} and arrives at {clock_24}.
Your next appointment is with {title} on {date} at {clock}.
Reminder for {person}: dentist at {street}, {date}, {clock}.
You used {measure} today, that's {percent} less than yesterday.
The solar panels produced {measure}; the grid supplied {measure}.
Electricity costs {money} at the moment.
Your bill for this month is {money}, up from {money}.
The washing machine has used {measure} and will finish in {count} minutes.
There are {count} lights on: {room}, {room}, and {room}.
Wind from the west at {measure}, gusting up to {measure}.
Air pressure is {measure} and rising.
The {initials} sensor reads {measure} in the {room}.
The timer for {count} minutes has {count} seconds left.
It takes {span} minutes to get to {street}.
Expect {span} millimeters of rain this afternoon.
{person} arrived home at {clock}; {person} isn't home yet.
Call {person} at {telephone} or write to {mail}.
You can read more at {site}.
Home Assistant {version} is available; you're running {version}.
This is the {ordinal} reminder since {date}.
The warranty expires in {year}, not in {year}.
Add {fraction} cup of sugar and {measure} of flour.
The car is charged to {percent} with a range of {measure}.
The garage door has been open for {count} minutes. Shall I close it?
Is the {room} window open? It's {temperature} outside.
No, the {room} door isn't locked, and neither is the {room} door.
I couldn't find a device called {room} lamp.
The package from {street} arrives on {date} between {clock} and {clock}.
{title} moved the meeting from {clock} to {clock}.
Milk costs {money}, bread {money} and eggs {money}.
It's {clock} on {date}.
Your flight is delayed by {count} minutes; boarding starts at {clock} at gate {count}.
The {room} camera saw {count} people at {clock}.
Water usage: {measure} today, {measure} this week.
The vacuum has cleaned {measure} and its battery is down to {percent}.
Playing track {count} of {count} in the {room}.
The {initials} is off, but the {initials} in the {room} is still on.
{person} & {person} are in the {room}.
The {ordinal} floor is {temperature}, i.e. warmer than the {ordinal} floor.
""".strip().splitlines()

PREFIXES = ("Sure! ", "Okay, ", "Of course. ", "Here you go: ", "The text says: ", "Let me read that. ")
SUFFIXES = (" Anything else?", " Let me know if I can help.", " right now", " please", " Thanks!")
ADDED = ("now", "very", "really", "not", "the", "just", "also", "a", "please", "actually")
CONFUSABLE = {
    "on": "off",
    "off": "on",
    "is": "isn't",
    "isn't": "is",
    "can": "can't",
    "open": "closed",
    "up": "down",
    "and": "or",
    "with": "without",
    "the": "a",
    "light": "lights",
    "lights": "light",
    "was": "is",
    "will": "would",
    "to": "from",
    "from": "to",
    "high": "low",
    "less": "more",
    "outside": "inside",
    "kitchen": "chicken",
    "today": "tonight",
    "yesterday": "today",
    "west": "east",
    "rising": "raising",
    "locked": "unlocked",
    "set": "sat",
    "left": "lift",
    "at": "by",
    "in": "on",
    "has": "had",
    "your": "our",
    "her": "his",
    "no": "yes",
    "couldn't": "could",
    "home": "house",
    "now": "not",
    "arrives": "arrived",
    "are": "were",
    "you": "they",
    "heating": "heading",
    "door": "doors",
    "open?": "closed?",
    "isn’t": "is",
    "living": "leaving",
}


@dataclass(frozen=True)
class Answer:
    parts: tuple[str | Value, ...]

    @property
    def text(self) -> str:
        return "".join(part.written if isinstance(part, Value) else part for part in self.parts)

    def spoken(self, way: int) -> str:
        return "".join(
            part.spoken[way % len(part.spoken)] if isinstance(part, Value) else part for part in self.parts
        )

    def renderings(self) -> list[str]:
        """Every way of every value, as a model writes transcripts: as given, plain, in small letters."""
        most = max((len(part.spoken) for part in self.parts if isinstance(part, Value)), default=1)
        said = [self.spoken(way) for way in range(most)]
        bare = [re.sub(r"(?<!\d)[.,;:!?](?=\s|$)|(?<=\d)[,;!?.](?=\s|$)", "", text).lower() for text in said]
        return list(dict.fromkeys([self.text, *said, *bare, self.text.replace("'", "’"), self.text.upper()]))


def answers(seed: int = 5, copies: int = 24) -> list[Answer]:
    """At least 1,200 different ones, with those written by hand."""
    chance = random.Random(seed)
    found = {answer.text: answer for answer in map(_handwritten, HANDWRITTEN)}
    for template in TEMPLATES:
        for _ in range(copies):
            answer = _filled(template, chance)
            found.setdefault(answer.text, answer)
    return list(found.values())


def _filled(template: str, chance: random.Random) -> Answer:
    pieces = re.split(r"\{(\w+)\}", template)
    return Answer(tuple(KINDS[piece](chance) if place % 2 else piece for place, piece in enumerate(pieces)))


def _handwritten(line: str) -> Answer:
    """`{written|spoken|spoken}` within the text."""
    pieces = re.split(r"\{([^}]*)\}", line)
    parts: list[str | Value] = []
    for place, piece in enumerate(pieces):
        written, *spoken = piece.split("|")
        parts.append(Value(written, tuple(spoken)) if place % 2 else piece)
    return Answer(tuple(parts))


def corruptions(answer: Answer, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Kind and transcript. Words go, double and change only outside values: in these some may."""
    said = answer.spoken(chance.randrange(6))
    yield "prefixed", chance.choice(PREFIXES) + said
    yield "suffixed", said.rstrip() + chance.choice(SUFFIXES)
    yield "said twice", f"{said} {said}"
    yield "another answer", chance.choice(_INSTEAD)
    yield from _of_words(answer, said, chance)
    yield from _of_values(answer, chance)
    for pattern, other in _PARAPHRASES:
        changed = re.sub(pattern, other, said, count=1)
        if changed != said:
            yield "paraphrase", changed


def _of_words(answer: Answer, said: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    words = said.split()
    yield "truncated", " ".join(words[: chance.randint(0, max(0, len(words) // 2))])
    fixed = [part if isinstance(part, str) else part.spoken[0] for part in answer.parts]
    places = [place for place, part in enumerate(answer.parts) if isinstance(part, str) and part.split()]
    if not places:
        return
    place = chance.choice(places)
    words = fixed[place].split()
    number = chance.randrange(len(words))

    def with_words(changed: list[str]) -> str:
        return " ".join([*fixed[:place], " ".join(changed), *fixed[place + 1 :]])

    if any(character.isalnum() for character in words[number]):
        yield "dropped word", with_words(words[:number] + words[number + 1 :])
        yield "doubled word", with_words(words[: number + 1] + words[number:])
        other = chance.choice([word for word in _WORDS if word != words[number].lower().strip(".,;:!?")])
        yield "replaced word", with_words([*words[:number], other, *words[number + 1 :]])
    yield "added word", with_words([*words[:number], chance.choice(ADDED), *words[number:]])
    for number, word in enumerate(words):
        other = CONFUSABLE.get(word.lower().strip(".,;:"), "")
        if other:
            yield "confusable word", with_words([*words[:number], other, *words[number + 1 :]])
    last = answer.parts[-1]
    if isinstance(last, str) and len(last.split()) > 1 and any(map(str.isalnum, last.split()[-1])):
        yield "last word missing", " ".join([*fixed[:-1], *fixed[-1].split()[:-1]])


def _of_values(answer: Answer, chance: random.Random) -> Iterator[tuple[str, str]]:
    """One figure or number word of a value exchanged."""
    values = [place for place, part in enumerate(answer.parts) if isinstance(part, Value)]
    fixed = [part if isinstance(part, str) else part.spoken[0] for part in answer.parts]
    for place in values:
        value = answer.parts[place]
        assert isinstance(value, Value)
        for way in value.spoken[:3]:
            for change in (_other_figure, _other_number_word, _without_minus):
                changed = change(way, chance)
                if changed and changed not in value.spoken:
                    yield "wrong number", "".join([*fixed[:place], changed, *fixed[place + 1 :]])


_NUMBERS: list[str] = [num2words(number) for number in (*range(1, 21), *range(30, 100, 10))]
_NUMBER = re.compile(rf"\b({'|'.join(_NUMBERS)})\b")


def _other_figure(said: str, chance: random.Random) -> str:
    places = [place for place, character in enumerate(said) if character.isdigit()]
    if not places:
        return ""
    place = chance.choice(places)
    return (
        said[:place]
        + chance.choice([figure for figure in "123456789" if figure != said[place]])
        + said[place + 1 :]
    )


def _other_number_word(said: str, chance: random.Random) -> str:
    found = list(_NUMBER.finditer(said))
    if not found:
        return ""
    word = chance.choice(found)
    near = {"teen": "ty", "ty": "teen"}
    other = chance.choice([number for number in _NUMBERS if number != word.group()])
    for ending, replacement in near.items():
        twin = word.group().removesuffix(ending) + replacement
        other = (
            twin if word.group().endswith(ending) and twin in _NUMBERS and chance.random() < 0.5 else other
        )
    return said[: word.start()] + other + said[word.end() :]


def _without_minus(said: str, _: random.Random) -> str:
    return said.removeprefix("minus ").removeprefix("-") if said.startswith(("minus", "-")) else ""


_WORDS = sorted(
    {word for template in TEMPLATES for word in re.findall(r"(?<!\{)\b[a-z]{2,}\b(?!\})", template)}
)
_INSTEAD = (
    "I'm sorry, I can't help with that.",
    "Sure, what would you like to know?",
    "Es sind einundzwanzig Grad im Wohnzimmer.",
    "La lumière de la cuisine est allumée.",
    "Done.",
    "Thank you for letting me know!",
    "",
)
_PARAPHRASES = (
    (r"\bIt['’]s\b", "It is currently"),
    (r"\bis now at\b", "has been set to"),
    (r"\bI set\b", "I have set"),
    (r"\bYour\b", "The"),
    (r"\bThere are\b", "We have"),
    (r"\bThe\b", "Your"),
    (r"\bleft\b", "remaining"),
    (r"\bfinish in\b", "be done in"),
    (r"\band\b", "as well as"),
    (r"\bwith\b", "having"),
    (r"\bwill be\b", "is going to be"),
    (r"\bcosts?\b", "is priced at"),
    (r"\bcouldn't\b", "was unable to"),
    (r"\bright now\b", "at the moment"),
    (r"\bturned off\b", "switched off"),
    (r"\bturned on\b", "switched on"),
)
