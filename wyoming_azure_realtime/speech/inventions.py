"""What somebody said, out of what a transcription model wrote about it. Pure.

Models that hear silence, noise or music write all the same: notes in brackets, the ends of videos, credits of
subtitles (`inventions.toml` has them, by language), or what they were told to expect. Notes are never kept.
The others are kept where somebody surely spoke for about as long as it takes to say them, since people do say
"thank you", and the name of a lamp may be a whole answer. What is none of these is kept in any case: somebody
may have spoken too softly for the detector.
"""

import re
import unicodedata
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from wyoming_azure_realtime.realtime.session_config import Hints

SHARE = 0.6
"""Of the time that a text takes when it is said fast: for so long somebody must surely have spoken."""

LEAST_SECONDS = 0.25
"""With less of it nobody has spoken, however short the text is."""

_LONGEST_COMPARED = 1000  # characters
_LONGEST_REPEATED = 400  # letters

# letters a second, fast, in scripts where a letter is about a syllable; all others are about a sound
_LETTERS_A_SECOND = {"CJK": 5.0, "HIRAGANA": 9.0, "KATAKANA": 9.0, "HANGUL": 7.0, "DIGIT": 6.0}
_SOUNDS_A_SECOND = 18.0

# Languages that are not written in Latin letters, and the first words of their letters' names in Unicode.
_SCRIPTS = {
    **dict.fromkeys(("be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "uk"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "ps", "ur"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    "bn": ("BENGALI",), "el": ("GREEK",), "gu": ("GUJARATI",), "he": ("HEBREW",), "hy": ("ARMENIAN",),
    "iw": ("HEBREW",), "ja": ("HIRAGANA", "KATAKANA", "CJK"), "ka": ("GEORGIAN",), "kn": ("KANNADA",),
    "ko": ("HANGUL", "CJK"), "ml": ("MALAYALAM",), "pa": ("GURMUKHI", "ARABIC"), "ta": ("TAMIL",),
    "te": ("TELUGU",), "th": ("THAI",), "yi": ("HEBREW",), "yue": ("CJK",), "zh": ("CJK",),
}  # fmt: skip

_FOREIGN = frozenset(script for scripts in _SCRIPTS.values() for script in scripts)

_CONTROL = re.compile(r"<\|[^|<>]{0,40}\|>")
# round, square, also in their wide forms, lenticular; asterisks; musical notes
_NOTE = re.compile(
    r"\[[^\[\]]*\]|\([^()]*\)|\uff08[^\uff08\uff09]*\uff09|\u3010[^\u3010\u3011]*\u3011|\*[^*]*\*"
    r"|[\u2669-\u266c][^\u2669-\u266c]*[\u2669-\u266c]"
)
_AROUND = re.compile(r"^[\s\-\u2013\u2014_\u2669-\u266c>]+(?![\d.,])|[\s\-\u2013\u2014_\u2669-\u266c<]+$")
_SENTENCE_END = re.compile(r"(?<=[.!?,\u2026])\s+|(?<=[\u3002\uff01\uff1f\uff0c\u3001])\s*|\s*\n\s*")


class _Known(msgspec.Struct, frozen=True):
    """What is invented in one language, and where that was seen."""

    language: str
    seen: str
    whole: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()


class _Inventions(msgspec.Struct, frozen=True):
    """The contents of `inventions.toml`."""

    annotations: tuple[str, ...]
    known: tuple[_Known, ...]


def spoken_text(text: str, hints: Hints, seconds: float) -> str:
    """The text without notes, or empty where nobody can have said it.

    `hints`: what was asked for, with a BCP 47 tag. `seconds`: for so long somebody has surely spoken.
    """
    text = _without_notes(text, hints)
    if len(text) > _LONGEST_COMPARED:
        return "" if _repeats(text) and not _can_be_said(text, seconds) else text
    while not _can_be_said(text, seconds):
        shorter = _without_last_invention(text)
        if shorter == text:
            break
        text = shorter
    if _can_be_said(text, seconds):
        return text
    invented = _is_known(text) or _repeats(text) or echoes(text, hints)
    return "" if invented or not _is_in_script_of(hints, text) else text


def seconds_to_say(text: str) -> float:
    """How long it takes to say the text fast."""
    return sum(1 / _LETTERS_A_SECOND.get(_script(char), _SOUNDS_A_SECOND) for char in text if char.isalnum())


def echoes(text: str, hints: Hints) -> bool:
    """Whether `text` is nothing but what the model was told to expect, as it may say when it hears nothing.

    That is: names in any order, one of them, any repeated; or words of the prompt as they follow each other.
    """
    letters = _letters(text)
    parts = {_letters(part) for part in (*re.split(r"[^\w\s'\u2019-]+", hints.prompt), *hints.keywords)} - {
        ""
    }
    if not letters or not parts:
        return False
    if len(text.split()) > 1 and f" {_words(text)} " in f" {_words(hints.prompt)} ":
        return True
    ends = {0}
    for place in range(len(letters)):
        if place in ends:
            ends.update(place + len(part) for part in parts if letters.startswith(part, place))
    return len(letters) in ends


def _can_be_said(text: str, seconds: float) -> bool:
    return seconds >= max(LEAST_SECONDS, SHARE * seconds_to_say(text))


def _without_notes(text: str, hints: Hints) -> str:
    """Notes are left out, except where a name that was told has the same brackets."""
    names = " ".join((*hints.keywords, hints.prompt)).casefold()

    def rest(note: re.Match[str]) -> str:
        inside = _letters(note[0])
        if inside and note[0].casefold() in names:
            return note[0]
        is_note = note[0][0] not in "(*\uff08" or not inside or inside in _ANNOTATIONS
        return " " if is_note else note[0]

    text = _NOTE.sub(rest, _CONTROL.sub(" ", text))
    if not any(map(str.isalnum, _NOTE.sub(" ", text))) and text.casefold().strip() not in names:
        return ""
    return " ".join(_AROUND.sub("", text.replace("\u200b", "")).split())


def _without_last_invention(text: str) -> str:
    """The text up to a sentence that is known to be invented, and that goes to the text's end."""
    starts = (end.end() for end in _SENTENCE_END.finditer(text))
    start = next((start for start in starts if _is_known(text[start:])), len(text))
    return text[:start].rstrip(" ,\uff0c\u3001")


def _is_known(text: str) -> bool:
    letters = _letters(text)
    return letters in _WHOLE or letters.startswith(_BEGINNINGS)


def _repeats(text: str) -> bool:
    """Whether it is the same three times or more, as models write that have lost the thread."""
    letters = _letters(text)
    longest = min(len(letters) // 3, _LONGEST_REPEATED)
    return any(letters[period:] == letters[:-period] for period in range(1, longest + 1))


def _is_in_script_of(hints: Hints, text: str) -> bool:
    """Whether there are letters of the language or of a name, or Latin ones, which are at home everywhere.

    So it is where the script is one that nothing is known of.
    """
    own = (*_SCRIPTS.get(re.split("[-_]", hints.language.lower())[0], ()), "LATIN")
    names = " ".join((*hints.keywords, hints.prompt)).casefold()
    letters = [char for char in text.casefold() if char.isalpha()]
    foreign = _FOREIGN.difference(own)
    return not letters or any(char in names or _script(char) not in foreign for char in letters)


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _letters(text: str) -> str:
    """Letters and digits alone, so that neither punctuation, case nor spaces matter."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u0131", "i")  # the dotless i
    return "".join(filter(str.isalnum, folded))


def _words(text: str) -> str:
    return " ".join(filter(None, map(_letters, text.split())))


def _credits(known: tuple[_Known, ...]) -> Iterator[str]:
    return (_letters(beginning) for language in known for beginning in language.begins)


_INVENTIONS = msgspec.toml.decode(
    files("wyoming_azure_realtime.speech").joinpath("inventions.toml").read_bytes(), type=_Inventions
)
_ANNOTATIONS = frozenset(map(_letters, _INVENTIONS.annotations))
_WHOLE = frozenset(_letters(sentence) for language in _INVENTIONS.known for sentence in language.whole)
_BEGINNINGS = tuple(_credits(_INVENTIONS.known))
