"""What a realtime model makes of a text that it is asked to read: words to say, and a transcript of them."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.support.read_texts import UNSPACED, Part, Row, SpokenWord, added, corpus, words_of

Ending = Literal["completed", "content_filter", "insufficient_quota"]


@dataclass(slots=True)
class Saying:
    """One response: what is heard, and what the service writes about it. `share`: of the sound that comes.

    `deltas`: the transcript as it comes; `done`: as it is at the end. `written`: as text in place of sound.
    """

    spoken: list[SpokenWord]
    deltas: str
    done: str | None
    share: float = 1.0
    ending: Ending = "completed"
    written: bool = False


RIGHT = ("plain", "replacement signs", "control tokens", "only in done", "no transcript")
DEBATABLE = ("debatable words",)
WRONG = (
    "answers",
    "refuses",
    "head added",
    "tail added",
    "other words",
    "word left out",
    "other number",
    "stops early",
    "content_filter",
    "text for audio",
)
NEVER = tuple(way for way in WRONG if way != "text for audio")
NO_QUOTA = "insufficient_quota"

Form = Literal["message", "instructions", "item"]
Class = Literal["right", "debatable", "right later", "never right"]


@dataclass(frozen=True, slots=True)
class Temper:
    """How the model takes to a piece: in which way, until which attempt, or unless it is asked otherwise.

    `same`: it says the same at every attempt, where it is wrong.
    """

    way: str
    kind: Class
    until: int = 1
    unless: tuple[Form, ...] = ()
    same: bool = True
    seed: int = 0

    def way_of(self, attempt: int, form: Form) -> str:
        """What the model does this time. Attempts count from 1."""
        if self.kind in ("right", "debatable") or (attempt < self.until and form not in self.unless):
            return self.way
        return "plain"


@dataclass(frozen=True, slots=True)
class Shares:
    """Of all pieces, which share is taken in which way; the rest is plain."""

    odd: float = 0.12  # right words, told in an odd way
    debatable: float = 0.03
    later: float = 0.12
    never: float = 0.01


ALWAYS = 1000


def temper(chance: random.Random, shares: Shares) -> Temper:
    """One by chance."""
    seed = chance.randrange(2**32)
    odd, debatable, later, never = shares.odd, shares.debatable, shares.later, shares.never
    (kind,) = chance.choices(
        ("odd", "debatable", "later", "never", "plain"),
        (odd, debatable, later, never, 1 - odd - debatable - later - never),
    )
    same = chance.random() < 0.5
    if kind == "odd":
        return Temper(chance.choice(RIGHT[1:]), "right", seed=seed)
    if kind == "debatable":
        return Temper(DEBATABLE[0], "debatable", seed=seed)
    if kind == "later":
        way, obeyed = chance.choice(WRONG), chance.random()
        if obeyed < 0.2:  # only if it is asked in another form, or at the last attempt
            return Temper(way, "right later", 3, ("instructions", "item"), same, seed)
        return Temper(way, "right later", 2 if obeyed < 0.85 else 3, (), same, seed)
    if kind == "never":
        return Temper(chance.choice(NEVER), "never right", ALWAYS, (), same, seed)
    return Temper("plain", "right", seed=seed)


HEADS = {
    "de": "Klar, hier ist der Text:",
    "en": "Sure, here you go:",
    "fr": "Bien sûr, voici :",
    "es": "Claro, aquí tienes:",
    "it": "Certo, ecco qui:",
    "nl": "Natuurlijk, daar gaan we:",
}
TAILS = {
    "de": "Kann ich sonst noch etwas für dich tun?",
    "en": "Is there anything else I can help you with?",
    "fr": "Puis-je vous aider avec autre chose ?",
    "es": "¿Hay algo más en lo que pueda ayudarte?",
    "it": "C'è altro che posso fare per te?",
    "nl": "Kan ik nog iets anders voor je doen?",
}
ANSWERS = {
    "de": "Das ist gut zu wissen, danke für die Information. Möchtest du, dass ich daran etwas ändere?",
    "en": "Thanks for letting me know. Would you like me to do something about it?",
    "fr": "Merci pour cette information. Voulez-vous que je change quelque chose ?",
    "es": "Gracias por avisarme. ¿Quieres que haga algo al respecto?",
    "it": "Grazie per avermelo detto. Vuoi che faccia qualcosa?",
    "nl": "Bedankt voor het doorgeven. Zal ik er iets aan doen?",
}
REFUSALS = {
    "de": "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "en": "I'm sorry, but I can't assist with that.",
    "fr": "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "es": "Lo siento, pero no puedo ayudar con eso.",
    "it": "Mi dispiace, ma non posso aiutarti con questo.",
    "nl": "Het spijt me, maar daar kan ik niet mee helpen.",
}


@dataclass(slots=True)
class Piece:
    """Some of an answer that the program asked for, and how often. `end`: where it ends in the answer."""

    text: str
    parts: list[Part]
    temper: Temper
    language: str
    start: int
    end: int
    requests: int = 0
    ways: list[str] = field(default_factory=list)

    def say(self, parts: Sequence[Part], form: Form) -> Saying:
        """The next attempt at the piece, or at those `parts` of it."""
        self.requests += 1
        way = self.temper.way_of(self.requests, form)
        self.ways.append(way)
        again = 0 if self.temper.same else self.requests
        return _Reader(parts, self.language, random.Random(self.temper.seed + again)).say(way)


class _Reader:
    """Makes a saying of a piece."""

    def __init__(self, parts: Sequence[Part], language: str, chance: random.Random) -> None:
        self._parts = parts
        self._chance = chance
        self._language = language
        self._between = "" if language in UNSPACED else " "

    def say(self, way: str) -> Saying:
        if way in RIGHT:
            return self._honest(way)
        if way == "debatable words":
            return self._with(self._one(lambda row: row.debatable), right=True)
        if way == "other words":
            return self._with(self._one(lambda row: row.wrong), otherwise=self._swapped)
        if way == "other number":
            return self._with(self._one(_with_another_number), otherwise=self._other_number)
        if way == "word left out":
            return self._with({}, otherwise=self._without_a_word)
        if way in ("answers", "refuses"):
            texts = ANSWERS if way == "answers" else REFUSALS
            words = added(text := _in(texts, self._language), self._parts[0].at)
            return Saying(words, text, text)
        return self._spoilt(way, self._honest("plain"))

    def _spoilt(self, way: str, saying: Saying) -> Saying:
        match way:
            case "head added":
                head = _in(HEADS, self._language)
                saying.spoken[:0] = added(head, self._parts[0].at)
                saying.deltas = saying.done = f"{head} {saying.done}"
            case "tail added":
                tail = _in(TAILS, self._language)
                saying.spoken += added(tail, self._parts[-1].at)
                saying.deltas = saying.done = f"{saying.done} {tail}"
            case "stops early":
                saying.share = self._chance.choice((0.0, 0.3, 0.6, 0.8))
            case "content_filter":
                saying.share, saying.ending = self._chance.choice((0.0, 0.4, 0.7)), "content_filter"
            case _ if way == NO_QUOTA:
                saying.share, saying.ending = 0.0, "insufficient_quota"
            case "text for audio":
                saying.written = True
        return saying

    def _honest(self, way: str) -> Saying:
        spoken = [word for part in self._parts for word in part.read(_said(part), right=True)]
        text = self._between.join(self._transcript(part) for part in self._parts)
        match way:
            case "replacement signs":
                return Saying(spoken, _with_replacement_signs(text, self._chance), text)
            case "control tokens":
                token = self._chance.choice(("<|audio_text|>", "<|audio|>", "<|endoftext|>"))
                deltas = f"{token}{text}" if self._chance.random() < 0.7 else f"{text}{token}"
                return Saying(spoken, deltas, self._chance.choice((deltas, text)))
            case "only in done":
                return Saying(spoken, "", text)
            case "no transcript":
                return Saying(spoken, "", self._chance.choice(("", None)))
        return Saying(spoken, text, text)

    def _transcript(self, part: Part) -> str:
        return self._chance.choice(part.row.fair) if part.row else part.text

    def _one(self, of: Callable[[Row], tuple[str, ...]]) -> dict[int, str]:
        """One part said as one of those transcripts, if any of them has some."""
        having = [at for at, part in enumerate(self._parts) if part.row and of(part.row)]
        if not having:
            return {}
        at = self._chance.choice(having)
        row = self._parts[at].row
        return {at: self._chance.choice(of(row))} if row else {}

    def _with(
        self, others: dict[int, str], *, right: bool = False, otherwise: Callable[[str], str] | None = None
    ) -> Saying:
        """Some parts said as another text; without any, one of them changed."""
        if not others and otherwise is not None:
            at = self._chance.randrange(len(self._parts))
            others = {at: otherwise(self._transcript(self._parts[at]))}
        spoken, texts = list[SpokenWord](), list[str]()
        for at, part in enumerate(self._parts):
            if at in others:
                spoken += part.read(others[at], right=right)
                texts.append(others[at])
            else:
                spoken += part.read(_said(part), right=True)
                texts.append(self._transcript(part))
        text = self._between.join(texts)
        return Saying(spoken, text, text)

    def _without_a_word(self, text: str) -> str:
        words = text.split()
        if len(words) < 3:
            return self._swapped(text)
        del words[self._chance.randrange(1, len(words))]
        return " ".join(words)

    def _other_number(self, text: str) -> str:
        number = re.search(r"\d+", text)
        if number is None:
            return self._swapped(text)
        other = str(int(number[0]) + self._chance.choice((1, 2, 10)))
        return text[: number.start()] + other + text[number.end() :]

    def _swapped(self, text: str) -> str:
        """Another word in place of one of it."""
        rows = corpus()[self._language]
        word = self._chance.choice(words_of(self._chance.choice(rows).text))
        words = text.split() if self._between else list(text)
        words[self._chance.randrange(len(words))] = f"{word}{word}"
        return self._between.join(words)


def _said(part: Part) -> str:
    return part.row.said if part.row else part.text


def _in(texts: dict[str, str], language: str) -> str:
    return texts.get(language, texts["en"])


def _with_another_number(row: Row) -> tuple[str, ...]:
    fair = {tuple(re.findall(r"\d+", text)) for text in row.fair}
    return tuple(
        text for text in row.wrong if (figures := tuple(re.findall(r"\d+", text))) and figures not in fair
    )


def _with_replacement_signs(text: str, chance: random.Random) -> str:
    """As it comes where characters of several bytes were cut: one sign for the character, or two."""
    wide = [at for at, one in enumerate(text) if ord(one) > 127] or [chance.randrange(len(text))]
    at = chance.choice(wide)
    return text[:at] + "\ufffd" * chance.choice((1, 2)) + text[at + 1 :]
