"""Divide text into tokens, and reduce writing to what can be compared: folded letters, ASCII figures.

In: a text, or a transcript that arrives in pieces. Out: `Token`s, the same ones however the text was cut.
A run of letters or digits is at most 60 or 40 characters of one token, so no token grows without limit.
"""

# ruff: noqa: RUF001 - many scripts

import enum
import functools
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources


class TokenKind(enum.Enum):
    """What a token is: a word, figures, a sign that is spoken, or a mark between two words ("and/or")."""

    WORD = enum.auto()
    NUMBER = enum.auto()
    SYMBOL = enum.auto()
    JOINER = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token as it is written. `attached`: to the token before it; `dotted`: a full stop follows."""

    kind: TokenKind
    text: str
    attached: bool = False
    dotted: bool = False


UNKNOWN_LETTER = "\N{REPLACEMENT CHARACTER}"
"""What a service sends where it cut a letter in two."""

_LOOK_AHEAD = 5  # how many characters behind a token may still change it; a space never does
_LOOK_BEHIND = 2

_HANGUL = "\uac00-\ud7a3"
_IDEOGRAPHS = "\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Marks that belong to words and are no letters for `re`: accents, and the vowel signs of many scripts.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0971-\u09e3\u09f0-\u0a65\u0a70-\u0ae5\u0af0-\u0b65\u0b70-\u0be5\u0bf0-\u0c65\u0c70-\u0ce5"
    "\u0cf0-\u0d65\u0d70-\u0de5\u0df0-\u0dff\u0e30-\u0e4e\u0eb0-\u0ece\u0f71-\u0f97\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
)
EAST_ASIAN = re.compile(f"[{_IDEOGRAPHS}{_HANGUL}]")
"""A letter of Chinese, Japanese or Korean."""
_LETTER = rf"(?:(?![{_IDEOGRAPHS}{_HANGUL}])(?:[^\W\d_]|[{_MARKS}{UNKNOWN_LETTER}]))"
_DASHES = "\\-\u2010\u2011\u2012\u2013\u2212"
_PRIMES = "'\u2019\u2032"
_MONEY = "$€£¥₹₺₽₩₴₪₫₱₿"
_ENDINGS = (  # of ordinals
    "st|nd|rd|th|s|er|ère|re|ème|eme|e|[.]?º|[.]?ª|de|ste|:e|:a|-[а-яёіїєґ]{1,3}|й|я|го|му|те|ой|ый|ая|ое|-?ος|-?ου|-?η|-?ης|-?ο"
)
_TOKEN = re.compile(
    rf"""
    (?P<MARK> <\|[^|<>]{{0,40}}\|> | \[(?:[A-Z]{{1,20}}_[A-Z]{{1,20}}|MUSIC|NOISE|SILENCE|INAUDIBLE)\] )
  | (?P<NUMERO> [nN][°º](?=\s?\d) )
  | (?P<DOTTED> (?:[^\W\d_]\.){{2,8}} )
  | (?P<NUMBER>
        (?: (?:(?<![\w)%°])|(?<=[{_IDEOGRAPHS}]))[{_DASHES}+±] )?
        [{_MONEY}]? (?: (?<=[{_MONEY}])[{_DASHES}] )?
        (?: \d{{4}}-\d{{1,2}}-\d{{1,2}}(?!\d)
          | \d{{1,3}}:\d{{2}}(?::\d{{2}})?(?!\d)
          | \d{{1,3}}[{_PRIMES}]\d{{2}}(?=["\u201d\u2033])
          | \d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}}|\d{{2}})?(?!\.?\d)
          | \d{{1,4}}/\d{{1,4}}(?:/\d{{2,4}})?(?!\d)
          | (?<!\d[hHuU])\d{{1,15}}(?:[{_DASHES}~]\d{{1,15}}){{1,5}}(?![.,:]?\d)
          | \d{{1,40}}(?:[.,'\u2019\u00a0\u202f]\d{{1,40}}){{0,8}}
          | (?<![\w.])\.\d{{1,40}}
        )
        (?: (?:{_ENDINGS}|{_ENDINGS.upper()})(?![^\W_]) )?
    )
  | (?P<SYMBOL> [°º][CFKcfk\u0421\u0441]?(?![A-Za-z\u00c0-\u052f])
      | [%‰&+=@\#{_MONEY}¢§№\u00d7÷<>≤≥≈±½¼¾⅓⅔→〒√∞] | \?{{3}}
      | ~ | (?<=\d)\*(?=\d) | (?<=\d[ ])\*(?=[ ]\d) | (?<=[\d%°][ ])[{_DASHES}/](?=[ ]\d)
      | (?<=[%°CF])[{_DASHES}](?=\d) | (?<![\w)])[{_DASHES}](?=[{_MONEY}][ \u00a0]?\d) )
  | (?P<IDEOGRAPH> [{_IDEOGRAPHS}] )
  | (?P<HANGUL> [{_HANGUL}]{{1,60}} )
  | (?P<WORD> {_LETTER}{{1,60}}(?:(?:['\u2019\u02bc]|(?<=[\u05d0-\u05ea])"){_LETTER}{{1,60}}){{0,3}}[²³]? )
  | (?P<ELLIPSIS> (?<=[\d%°])(?:\u2026|\.{{2,3}})(?=[{_DASHES}+]?\d) )
  | (?P<PRIME> (?<=\d)(?:[{_PRIMES}](?![\w'])|["\u201d\u2033](?!\w)) )
  | (?P<JOINER> (?<=[\w%°{_MONEY}{_PRIMES}{_MARKS}])(?: :// | [./_:\\·\u22c5{_DASHES}]+ )(?=\w) )
    """,
    re.VERBOSE,
)
_STOP = re.compile(r"\.(?!\w)|/ ")
_BEGUN_MARK = re.compile(r"<(?:\|[^|<>]{0,40}\|?)?\Z|\[[A-Z_]{0,41}\Z")
_KINDS = {
    "NUMERO": TokenKind.WORD,
    "DOTTED": TokenKind.WORD,
    "NUMBER": TokenKind.NUMBER,
    "IDEOGRAPH": TokenKind.WORD,
    "HANGUL": TokenKind.WORD,
    "WORD": TokenKind.WORD,
    "SYMBOL": TokenKind.SYMBOL,
    "JOINER": TokenKind.JOINER,
    "ELLIPSIS": TokenKind.JOINER,
    "PRIME": TokenKind.JOINER,
}

# Characters that are another one, and characters that are none: written alike whatever their width and place.
_SAME: dict[int, str | None] = {
    **{0xFF01 + place: chr(0x21 + place) for place in range(94)},
    **{0x2080 + digit: str(digit) for digit in range(10)},
    **dict.fromkeys(
        [0, 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
    ),
    **dict.fromkeys(range(0xFE00, 0xFE10)),
    **{
        letter: unicodedata.normalize("NFKC", chr(letter)).replace("2", "²").replace("3", "³")
        for letter in range(0x3380, 0x33E0)
    },
    0x30FB: "·",
    0x2103: "°C",
    0x2109: "°F",
    0x066A: "%",
    0x066B: ".",
    0x066C: ",",
    0x301C: "~",
    0xFFE5: "¥",
    0xFFE1: "£",
    0x2044: "/",
    0x05BE: "-",  # Hebrew maqaf
    0x05F4: '"',  # Hebrew gershayim
}


class Lexer:
    """Divides a text that arrives in pieces, cut anywhere, into tokens.

    A token is returned as soon as no text that may follow can change it. Keeps two characters of what was
    divided already, and all that was not. Leaves out marks that services write about the sound.
    """

    def __init__(self) -> None:
        self._text = ""
        self._place = 0
        self._token_end = -1

    @property
    def tail(self) -> str:
        """The text that is not divided yet."""
        return self._text[self._place :]

    def add(self, text: str) -> None:
        """Append text."""
        start = max(0, self._place - _LOOK_BEHIND)
        self._text = self._text[start:] + text.translate(_SAME)
        self._place -= start
        self._token_end -= start

    def take(self, *, finished: bool) -> Token | None:
        """Return the next token, or None if it is not certain yet. `finished`: no more text follows."""
        while self._place < len(self._text):
            found = _TOKEN.match(self._text, self._place)
            end = found.end() if found else self._place + 1
            if not (finished or self._is_settled(end)):
                return None
            attached = self._token_end == self._place
            self._place = end
            if found and found.lastgroup in _KINDS:
                self._token_end = end
                dotted = found.lastgroup == "DOTTED" or _STOP.match(self._text, end) is not None
                return Token(_KINDS[found.lastgroup], found.group(), attached, dotted)
        return None

    def _is_settled(self, end: int) -> bool:
        """Whether no text that follows can change the token that ends there."""
        if self._text[self._place] == " ":
            return True
        if self._text[self._place] in "<[" and _BEGUN_MARK.match(self._text, self._place):
            return False
        behind = self._text[end : end + _LOOK_AHEAD]
        if len(behind) == _LOOK_AHEAD:
            return True
        # some signs look beyond a space, words and numbers do not
        return behind[:1] == " " and self._text[end - 1].isalnum()


def tokens_of(text: str) -> list[Token]:
    """Return all tokens of a complete text."""
    lexer = Lexer()
    lexer.add(text)
    found = []
    while token := lexer.take(finished=True):
        found.append(token)
    return found


_DASH = re.compile("[\u2010\u2011\u2012\u2013\u2212]")
# letters that have another letter as their plain form, beside those that Unicode decomposes
_PLAIN = str.maketrans(
    {
        **dict(zip("łđıøðґىةς\u0901", "ldiodгيهσ\u0902", strict=True)),
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ـ": "",
        "\N{LATIN SMALL LETTER SHARP S}": "ss",
    }
)
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# accents, Hebrew points, Arabic vowel signs and hamza, nukta
_UNWRITTEN = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u093c]")
_NASAL = re.compile("[ङञणनम]\u094d(?=[क-ह])")
_FINAL_YE = re.compile("(?<=.)य[ेी]ं?$")  # दिये, दिए
_VOWEL_FOR_YE = {"े": "ए", "ी": "ई"}
_HIRAGANA = {katakana: katakana - 0x60 for katakana in range(0x30A1, 0x30F7)}


@functools.lru_cache(maxsize=1)
def _to_simplified() -> dict[int, int]:
    """The usual traditional characters of Chinese with the simplified ones."""
    file = resources.files("wyoming_azure_realtime.verification") / "data" / "chinese.txt"
    _, traditional, simplified = file.read_text("utf-8").splitlines()
    return str.maketrans(traditional, simplified)


@functools.lru_cache(maxsize=2048)
def fold(text: str) -> str:
    """Return the letters and digits of a text, without case, accents, punctuation and spaces.

    The marks that some scripts write vowels with stay; compatibility forms are decomposed (NFKD).
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    kept = _UNWRITTEN.sub("", decomposed)
    if not kept.isalnum():
        kept = "".join(c for c in kept if unicodedata.category(c)[0] in "LMN" or c == UNKNOWN_LETTER)
    letters = kept.casefold().translate(_PLAIN)
    highest = max(letters, default="")
    if highest < "\u0900":
        return letters
    if highest >= "\u3000":
        letters = letters.translate(_HIRAGANA).translate(_to_simplified())
    return _FINAL_YE.sub(lambda found: _VOWEL_FOR_YE[found[0][1:2]] + found[0][2:], _NASAL.sub("ं", letters))


@functools.lru_cache(maxsize=2048)
def forms(text: str) -> tuple[str, ...]:
    """Return a word folded in each way that people write it without its special letters ("ö": o, oe)."""
    if text.isascii():
        return (fold(text),)
    if text.endswith(("\u064b\u0627", "\u0627\u064b")):
        return (fold(text), fold(text[:-2]))
    composed = unicodedata.normalize("NFC", text.casefold())
    spelt_out = composed.translate(_SPELT_OUT)
    if spelt_out == composed:
        return (fold(text),)
    return tuple(dict.fromkeys((fold(text), fold(spelt_out))))


def ascii_figures(text: str) -> str:
    """Return the text with the digits of every script as ASCII and every dash as a hyphen."""
    if text.isascii():
        return text
    figures = (str(unicodedata.digit(c)) if c.isdigit() and not c.isascii() else c for c in text)
    return _DASH.sub("-", "".join(figures)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def table_key(symbol: str) -> str:
    """Return a sign as the tables of signs have it: ASCII figures, small letters, one degree sign."""
    return ascii_figures(symbol).casefold().replace("º", "°").replace("\u0441", "c")


_VOWELS = frozenset("aeiouy")
_ALIKE = frozenset({"sz", "zs", "cs", "sc", "ck", "kc", "iy", "yi"})
_SHORTEST = 5  # letters: in shorter words one letter makes another word
_SHORTEST_LEFT_OUT = 6  # a vowel left out
_IE = re.compile("ie$")
_SHORTEST_VOWELS = 8  # "better" and "butter" differ in a vowel, "Katharine" and "Katherine" too


def is_spelling_of(one: str, other: str, share: float) -> bool:
    """Whether two folded words are spellings of one word. `share`: of the letters that may differ.

    Spellings differ in a doubled letter, in s and z, c and k or s, i and y, and in words of eight letters or
    more in a vowel. Another first sound or another consonant makes another word. Words of fewer than five
    letters have one spelling.
    """
    shortest = min(len(one), len(other))
    budget = int(share * shortest)
    if not budget or shortest < _SHORTEST or abs(len(one) - len(other)) > budget:
        return False
    first = one[0] + other[0]
    if one[0] != other[0] and first not in _ALIKE:
        return False
    if one[-2:] == "ie" or other[-2:] == "ie":
        one, other = _IE.sub("y", one), _IE.sub("y", other)
    if shortest >= _SHORTEST_LEFT_OUT and _lacks_a_vowel(*sorted((one, other), key=len)):
        return True
    return _distance(one, other, budget, vowels=shortest >= _SHORTEST_VOWELS) <= budget


def _lacks_a_vowel(short: str, long: str) -> bool:
    """Whether the longer word has one more vowel inside, as "weekend" has and "weeknd" has not."""
    if len(long) != len(short) + 1:
        return False
    place = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    return 2 < place < len(short) and long[place] in _VOWELS and short[place:] == long[place + 1 :]


def _distance(one: str, other: str, limit: int, *, vowels: bool) -> int:
    """Number of edits of spelling from one word to the other; more than `limit` if those do not suffice."""
    never = limit + 1
    row = [0] + [never] * len(other)
    for column in range(1, len(other) + 1):
        row[column] = row[column - 1] + _cost_of_letter(other, column - 1, never, vowels=vowels)
    for line, letter in enumerate(one, 1):
        removed = _cost_of_letter(one, line - 1, never, vowels=vowels)
        next_row = [row[0] + removed]
        for column, other_letter in enumerate(other, 1):
            swap = row[column - 1] + _cost_of_swap(letter, other_letter, never, vowels=vowels)
            added = next_row[column - 1] + _cost_of_letter(other, column - 1, never, vowels=vowels)
            next_row.append(min(swap, row[column] + removed, added))
        if min(next_row) > limit:
            return never
        row = next_row
    return row[-1]


def _cost_of_letter(word: str, place: int, never: int, *, vowels: bool) -> int:
    doubled = place > 0 and word[place] == word[place - 1]
    return 1 if doubled or (vowels and place > 2 and word[place] in _VOWELS) else never


def _cost_of_swap(letter: str, other_letter: str, never: int, *, vowels: bool) -> int:
    if letter == other_letter:
        return 0
    if letter + other_letter in _ALIKE or (vowels and letter in _VOWELS and other_letter in _VOWELS):
        return 1
    return never


_ENGLISH_ENDINGS = [
    (re.compile(pattern), other)
    for pattern, other in (
        ("our(s|ed|ing|ite|ites|able|ful)?$", r"or\1"),
        ("(?<=..)or(s|ed|ing|ite|ites|able|ful)?$", r"our\1"),
        ("is(e|es|ed|ing|ation)$", r"iz\1"),
        ("iz(e|es|ed|ing|ation)$", r"is\1"),
        ("(?<=[tb])re(s|d)?$", r"er\1"),
        ("(?<=[tb])er(s|d)?$", r"re\1"),
        ("ll(ed|ing|er|ers)$", r"l\1"),
        ("(?<=[aeiou])l(ed|ing|er|ers)$", r"ll\1"),
        ("yse(s|d|r)?$", r"yze\1"),
        ("yze(s|d|r)?$", r"yse\1"),
        ("ogue(s)?$", r"og\1"),
        ("og(s)?$", r"ogue\1"),
        ("ence(s)?$", r"ense\1"),
    )
]


@functools.lru_cache(maxsize=512)
def british_or_american(word: str) -> tuple[str, ...]:
    """Return how a folded English word may be spelt on the other side of the Atlantic."""
    if len(word) < 5:
        return ()
    return tuple(pattern.sub(other, word) for pattern, other in _ENGLISH_ENDINGS if pattern.search(word))


def same_stem(one: str, other: str) -> bool:
    """Whether two words differ in their endings only, of at most three letters."""
    shared = 0
    for letter, other_letter in zip(one, other, strict=False):
        if letter != other_letter:
            break
        shared += 1
    longest = max(len(one), len(other)) - shared
    return longest <= 3 and (shared >= 4 or (shared >= 3 and shared == min(len(one), len(other))))


_SCRIPTS = (
    ("ja", "\u3040-\u30ff"),
    ("zh", "\u3400-\u4dbf\u4e00-\u9fff"),
    ("ko", "\uac00-\ud7af\u1100-\u11ff"),
    ("uk", "іїєґІЇЄҐ"),
    ("ru", "\u0400-\u04ff"),
    ("el", "\u0370-\u03ff\u1f00-\u1fff"),
    ("ar", "\u0600-\u06ff"),
    ("he", "\u0590-\u05ff"),
    ("hi", "\u0900-\u097f"),
)
_OF_SCRIPT = [(code, re.compile(f"[{letters}]")) for code, letters in _SCRIPTS]


def language_of_script(text: str) -> str:
    """Return the code of the language that the script of a text tells, "en" for Latin letters."""
    return next((code for code, pattern in _OF_SCRIPT if pattern.search(text)), "en")
