"""Read SSML, as it arrives, into passages of plain text with voice, rate and pauses.

In: a document, 64 elements deep, cut anywhere. Out: `Passage`s, once the whole document is known to be well
formed. Elements that are not supported are replaced by their text, sounds by the text that stands for them;
document types are refused, so no entity can be defined or loaded.
Source: W3C SSML 1.1; for the lengths of breaks and the words for rates, what Azure Speech documents.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from xml.parsers import expat

from wyoming_azure_realtime.errors import InvalidRequest
from wyoming_azure_realtime.text.inline import spoken_phonemes, without_emoji
from wyoming_azure_realtime.text.received import without_invisible
from wyoming_azure_realtime.text.sentences import (
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    is_speakable,
    pause_after,
)

MAX_DEPTH = 64
"""Elements within one another."""
LONGEST_PAUSE = 20.0
"""Seconds; longer breaks are shortened to it, as Azure Speech does."""
LONGEST_LANGUAGE = 35
"""Characters of a language code; RFC 5646 asks for room for as many."""

SLOWEST, FASTEST = 0.25, 4.0
"""Rates of speech, relative to the configured one; others are limited to these."""

_BREAKS = {"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25}
_RATES = {"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "default": 1.0, "fast": 1.55, "x-fast": 2.0}
_CLOSING = {
    "p": PARAGRAPH_PAUSE,
    "paragraph": PARAGRAPH_PAUSE,
    "s": SENTENCE_PAUSE,
    "sentence": SENTENCE_PAUSE,
}
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)")
_MANNER = re.compile(r"[A-Za-z][\w-]{0,39}", re.ASCII)
_PITCH = re.compile(r"(?:x-)?(?:low|high)|medium|default|[+-]?\d{1,4}(?:\.\d{1,4})?(?:%|Hz|st)")
_VOLUME = re.compile(r"silent|(?:x-)?(?:soft|loud)|medium|default|[+-]?\d{1,3}(?:\.\d{1,4})?(?:dB|%)?")
_RATE = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,4})?|\.\d{1,4})(%?)")
_PUNCTUATION = re.compile(r"[,.;:!?…，。！？、]+(?!\S)")  # noqa: RUF001
_INCOMPLETE = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_SPELLED = {"characters", "spell-out", "verbatim", "digits", "number_digit"}
_SILENT = {"metadata", "meta", "desc", "lexicon", "title"}


@dataclass(frozen=True, slots=True)
class Passage:
    """Text in one voice at one rate.

    `closing`: seconds of pause for its punctuation or the end of its sentence or paragraph. `silence`:
    seconds that breaks add. `rate`: relative to the configured one. `voice`: a name; empty for the request's.
    `languages`: what `xml:lang` says of its text, the language of most of it first. `lead`: seconds of breaks
    before it, if it is the first. `style`, `pitch`, `volume`: as they are written; empty for the usual ones.
    """

    text: str
    closing: float
    silence: float
    rate: float
    voice: str
    languages: tuple[str, ...] = ()
    lead: float = 0.0
    style: str = ""
    pitch: str = ""
    volume: str = ""

    @property
    def pause(self) -> float:
        """Seconds of silence after it, at most `LONGEST_PAUSE`."""
        return min(self.closing + self.silence, LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class _Style:
    rate: float = 1.0
    voice: str = ""
    manner: str = ""
    pitch: str = ""
    volume: str = ""
    spelled: bool = False
    silent: bool = False
    language: str = ""

    @property
    def sound(self) -> tuple[float, str, str, str, str]:
        """What one passage has throughout."""
        return self.rate, self.voice, self.manner, self.pitch, self.volume


class SsmlReader:
    """Reads one document. Entities of XML itself (`&amp;`) are known, no others.

    `manners`: whether `mstts:express-as` and the pitch and the volume of `prosody` are read, or left out.
    """

    def __init__(self, *, manners: bool = False) -> None:
        self._manners = manners
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._add_text
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._styles: list[_Style] = []
        self._text: list[str] = []
        self._written: Counter[str] = Counter()  # characters of it by language
        self._phonemes = ""  # of an element that has no text so far
        self._lead = 0.0  # seconds of breaks ahead of the first passage
        self._passages: list[Passage] = []
        self.complete = False
        self._failure: InvalidRequest | None = None

    def add(self, text: str) -> None:
        """Append text of the document, cut anywhere. Raises: InvalidRequest if malformed."""
        self._parse(text, final=False)

    def finish(self, *, cut_off: bool = False) -> None:
        """End the document. `cut_off`: it need not be complete. Raises: InvalidRequest if malformed."""
        try:
            self._parse("", final=True)
        except InvalidRequest as error:
            cause = error.__cause__
            if not (cut_off and isinstance(cause, expat.ExpatError) and cause.code in _INCOMPLETE):
                raise
        if not self.complete:
            self._end_passage()
            self.complete = True

    def take(self) -> list[Passage]:
        """Return all passages, once, after the root element has ended (`complete`); nothing before."""
        if not self.complete:
            return []
        passages, self._passages = self._passages, []
        if passages:
            passages[-1] = replace(passages[-1], closing=0.0)
        return passages

    def _parse(self, text: str, *, final: bool) -> None:
        if self._failure:
            raise self._failure
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), final)
        except expat.ExpatError as error:
            self._failure = _invalid(expat.ErrorString(error.code), error.lineno, error.offset)
            raise self._failure from error
        except InvalidRequest as error:
            self._failure = error
            raise

    def _invalid_here(self, reason: str) -> InvalidRequest:
        return _invalid(reason, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._invalid_here("a document type is not allowed")

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        if not self._styles and name != "speak":
            raise self._invalid_here("the root element must be <speak>")
        if len(self._styles) >= MAX_DEPTH:
            raise self._invalid_here(f"elements are nested deeper than {MAX_DEPTH}")
        style = self._styles[-1] if self._styles else _Style()
        entered = self._entered(name, attributes, style)
        if language := attributes.get("xml:lang", "").strip()[:LONGEST_LANGUAGE]:
            entered = replace(entered, language=language)
        if name in _CLOSING or entered.sound != style.sound:
            self._end_passage()
        self._styles.append(entered)
        if name == "break":
            self._end_passage(silence=self._break(attributes))
        elif name == "sub" and "alias" in attributes and not style.silent:
            self._text.append(attributes["alias"])
            self._phonemes = ""
        elif name == "phoneme":
            self._phonemes = attributes.get("ph", "")

    def _entered(self, name: str, attributes: dict[str, str], style: _Style) -> _Style:
        if name == "prosody":
            return self._with_prosody(attributes, style)
        if name == "express-as" and self._manners:
            manner = attributes.get("style", "").strip()
            return replace(style, manner=manner if _MANNER.fullmatch(manner) else style.manner)
        if name == "voice":
            return replace(style, voice=attributes.get("name", "").strip() or style.voice)
        if name == "say-as":
            return replace(style, spelled=attributes.get("interpret-as", "") in _SPELLED)
        if name in _SILENT or (name == "sub" and "alias" in attributes):
            return replace(style, silent=True)
        return style

    def _with_prosody(self, attributes: dict[str, str], style: _Style) -> _Style:
        """A pitch or a volume that is none is left out; a rate is refused, since it was always read."""
        if "rate" in attributes:
            style = replace(style, rate=self._rate(attributes["rate"], style.rate))
        if self._manners:
            pitch, volume = (attributes.get(name, "").strip() for name in ("pitch", "volume"))
            style = replace(
                style,
                pitch=pitch if _PITCH.fullmatch(pitch) else style.pitch,
                volume=volume if _VOLUME.fullmatch(volume) else style.volume,
            )
        return style

    def _close(self, tag: str) -> None:
        left, name = self._styles[-1], _local(tag)
        if name == "phoneme" and not left.silent:
            self._text.append(spoken_phonemes(self._phonemes))
            self._phonemes = ""
        outer = self._styles[-2] if len(self._styles) > 1 else None
        if name in _CLOSING or outer is None or left.sound != outer.sound:
            self._end_passage(closing=_CLOSING.get(name, 0.0))
        self._styles.pop()
        self.complete = not self._styles

    def _add_text(self, text: str) -> None:
        style = self._styles[-1]
        if style.silent:
            return
        if not text.isspace():
            self._phonemes = ""
        if style.spelled:
            text = "".join(f" {character}" for character in text)
        self._text.append(text)
        if style.language:
            self._written[style.language] += len(text)

    def _break(self, attributes: dict[str, str]) -> float:
        if time := attributes.get("time", "").strip():
            match = _TIME.fullmatch(time)
            if not match:
                raise self._invalid_here(f"a break's time must be like 500ms or 2s, not {time[:20]!r}")
            return float(match[1]) / (1000 if match[2] == "ms" else 1)
        strength = attributes.get("strength", "medium").strip()
        if strength not in _BREAKS:
            raise self._invalid_here(f"a break's strength must be one of {', '.join(_BREAKS)}")
        return _BREAKS[strength]

    def _rate(self, rate: str, outer: float) -> float:
        """A word is an absolute rate; a number or a percentage multiplies `outer`, with a sign changes it."""
        rate = rate.strip()
        if rate in _RATES:
            return _RATES[rate]
        match = _RATE.fullmatch(rate)
        if not match:
            raise self._invalid_here(f"a rate must be like 80%, +10%, 1.2 or slow, not {rate[:20]!r}")
        factor = float(match[2]) / (100 if match[3] else 1)
        if match[1]:
            factor = 1 + factor if match[1] == "+" else 1 - factor
        return min(max(outer * factor, SLOWEST), FASTEST)

    def _end_passage(self, *, closing: float = 0.0, silence: float = 0.0) -> None:
        """End the passage in progress; without text, its pause is added to that of the passage before."""
        text = without_emoji(without_invisible(" ".join("".join(self._text).split())))
        languages = tuple(code for code, _ in self._written.most_common())
        self._text, self._written = [], Counter()
        style = self._styles[-1] if self._styles else _Style()
        if mark := self._passages and not self._passages[-1].silence and _PUNCTUATION.match(text):
            self._punctuate(mark.group())
            text = text[mark.end() :].lstrip()
        if is_speakable(text):
            closing = max(closing, pause_after(text))
            lead = 0.0 if self._passages else min(self._lead, LONGEST_PAUSE)
            sound = (style.manner, style.pitch, style.volume)
            self._passages.append(
                Passage(text, closing, silence, style.rate, style.voice, languages, lead, *sound)
            )
        elif self._passages:
            last = self._passages[-1]
            self._passages[-1] = replace(
                last, closing=max(last.closing, closing), silence=last.silence + silence
            )
        else:
            self._lead += silence

    def _punctuate(self, marks: str) -> None:
        """Add punctuation to the passage before: the style changed between a word and its punctuation."""
        last = self._passages[-1]
        text = last.text + marks
        self._passages[-1] = replace(last, text=text, closing=max(last.closing, pause_after(text)))


def _local(tag: str) -> str:
    return tag.rpartition(":")[2].casefold()


def _invalid(reason: str, line: int, column: int) -> InvalidRequest:
    return InvalidRequest(
        f"The SSML is malformed at line {line}, column {column + 1}: {reason}.",
        advice="Send well-formed SSML, or plain text.",
    )
