"""Turn Markdown within a paragraph into the words that are spoken, while it arrives.

Emphasis, tags and emoji are dropped, links become their text, web addresses are shortened. A mark whose end
has not arrived is kept back, at most `LONGEST_MARK` characters of it.
"""

import html
import re

from wyoming_azure_realtime.text.received import without_invisible

LONGEST_MARK = 600
"""Characters of a link, a tag or a code span that are kept back until it ends; beyond, it is plain text."""

_PICTURES = (
    "\U0001f000-\U0001faff"  # pictures, flags, skin tones
    "\u2600-\u2668\u2670-\u27bf"  # weather, stars, dingbats; the signs of music between them are spoken
    "\u231a-\u231b\u23e9-\u23fa\u25a0-\u25ff\u2b00-\u2bff\u2934\u2935"
)
# a text character that is made an emoji by the selector after it, as in a keycap, keeps its digit
_EMOJI = re.compile(
    rf"[{_PICTURES}][\ufe0e\ufe0f\u20e3\u200d{_PICTURES}\U000e0020-\U000e007f]*|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]+|[\u200d](?=[{_PICTURES}])"
    r"|[©®™\u203c\u2049\u2139\u2190-\u21ff\u3030\u303d\u3297\u3299]\ufe0f"
)

_PHONEMES = re.compile(r"""\sph\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)

_URL = re.compile(r"(?:(?:https?|ftp)://)?(?:[^/?#@]*@)?(?:www\.)?([^/?#]+)([^?#]*)", re.IGNORECASE)
_TRAILING = ".,;:!?'\"*_~)]}»”’"  # noqa: RUF001
_LONGEST_PATH = 24

_DEEPEST = 3  # links within images within links

_SPECIAL = re.compile(rf"[\\`*_~!\[<&]|(?i:\b(?:https?|ftp)://|\bwww\.(?=\w))|{_EMOJI.pattern}")
_UNFINISHED = re.compile(
    r"\b(?:h|ht|htt|https?|https?:|https?:/|f|ft|ftp|ftp:|ftp:/|w|ww|www|www\.)\Z|[©®™\u200d\u203c-\u303d]\Z",
    re.IGNORECASE,
)
_URL_CHARACTERS = re.compile(r"[^\s<>\"`|\\^{}]*")
_TAG_NAMES = (
    "a|abbr|audio|b|big|blockquote|bookmark|br|break|center|cite|code|dd|del|desc|details|div|dl|dt|em|emphasis|"
    "figure|font|h[1-6]|hr|i|img|ins|kbd|lang|lexicon|li|mark|meta|metadata|mstts:[a-z-]{1,30}|ol|p|paragraph|"
    "phoneme|pre|prosody|q|s|samp|say-as|say|sentence|small|span|speak|strong|sub|summary|sup|table|tbody|td|tfoot|"
    "th|thead|token|tr|tt|u|ul|var|voice|w|wbr"
)
_TAG = re.compile(rf"</?({_TAG_NAMES})(?:[\s/][^<>]{{0,500}})?>", re.IGNORECASE)
_OPEN_TAG = re.compile(r"<(?:!|!-|/?[A-Za-z][A-Za-z0-9:-]{0,30}(?:[\s/][^<>]{0,500})?|/)?\Z")
_COMMENT = re.compile(r"<!--.{0,500}?-->", re.DOTALL)
_AUTOLINK = re.compile(r"<(?:mailto:)?([a-z][a-z0-9+.-]{1,30}:[^\s<>]*|[^\s<>@]+@[^\s<>@]+)>", re.IGNORECASE)
_OPEN_AUTOLINK = re.compile(r"<[^\s<>]{0,600}\Z")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_OPEN_ENTITY = re.compile(r"&(?:#?[A-Za-z0-9]{0,31})\Z")
_SQUARE, _ROUND = re.compile(r"[\[\]]"), re.compile(r"[()]")
_ESCAPABLE = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_BREAKING = frozenset(("br", "p", "div", "li", "tr", "hr", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6"))

_Step = tuple[str, int] | None
"""What a mark becomes and the place behind it; None if only more text can tell."""


class Inline:
    """Converts the text of one paragraph after the other. `depth`: brackets of links that it is within."""

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._kept = ""
        self._awaited = ""  # the character without which what is kept back stays so; empty if any counts
        self._before = ""  # the character before what is kept back
        self._open = {"*": 0, "_": 0, "~": 0}
        self._pairs: dict[str, dict[int, int]] = {}  # of what is read at the moment

    def add(self, text: str) -> str:
        """Append text of the paragraph; return the words that are certain by now."""
        self._kept += text
        if self._awaited and self._awaited not in text and len(self._kept) <= LONGEST_MARK:
            return ""
        return self._read(final=False)

    def end(self) -> str:
        """End the paragraph; return its last words."""
        rest = self._read(final=True)
        self._before = ""
        self._open = dict.fromkeys(self._open, 0)
        return rest

    def _read(self, *, final: bool) -> str:
        text, at, spoken = self._before + self._kept, len(self._before), []
        self._pairs, self._awaited = {}, ""
        while at < len(text):
            match = _SPECIAL.search(text, at)
            plain_end = match.start() if match else len(text)
            if not match and not final and (unfinished := _UNFINISHED.search(text, max(at, len(text) - 8))):
                plain_end = unfinished.start()
            spoken.append(text[at:plain_end])
            at = plain_end
            if match is None:
                break
            step = self._step(text, match, final=final or len(text) - at > LONGEST_MARK)
            if step is None:
                break
            words, at = step
            spoken.append(words)
        self._before, self._kept = text[at - 1 : at] if at else "", text[at:]
        return "".join(spoken)

    def _step(self, text: str, match: re.Match[str], *, final: bool) -> _Step:
        at, mark = match.start(), match.group()
        match mark[0]:
            case "\\":
                return _escape(text, at, final=final)
            case "`":
                return _code(text, at, final=final)
            case "*" | "_" | "~":
                return self._emphasis(text, at, final=final)
            case "!" | "[":
                return self._link(text, at, final=final)
            case "<":
                return _angle(text, at, final=final)
            case "&":
                return _entity(text, at, final=final)
        if mark[0].isascii():
            return _bare_url(text, at, final=final)
        return "", match.end()

    def _emphasis(self, text: str, at: int, *, final: bool) -> _Step:
        mark, end = text[at], at
        while end < len(text) and text[end] == mark and end - at < LONGEST_MARK:
            end += 1
        if end == len(text) and not final:
            return None
        run, before, after = text[at:end], text[at - 1] if at else "", text[end : end + 1]
        return self._emphasized(run, before, after), end

    def _emphasized(self, run: str, before: str, after: str) -> str:
        """What a run of marks becomes: nothing if it opens or closes an emphasis, else itself."""
        mark, length = run[0], len(run)
        opens, closes = bool(after and not after.isspace()), bool(before and not before.isspace())
        if length > 3 or (mark == "~" and length != 2) or not (opens or closes):
            return run
        if before.isalnum() and after.isalnum():
            letters = before.isalpha() and after.isalpha()
            intraword = mark == "_" or not letters or (length == 1 and not self._open[mark])
            if intraword and not (mark == "*" and length > 1 and self._open[mark]):
                return run
        if closes and self._open[mark] and not (opens and not after.isalnum() and not before.isalnum()):
            self._open[mark] -= 1
            return ""
        if opens and not before.isalnum() and (closes or after not in ".,;:)!?"):
            self._open[mark] += 1
            return ""
        if mark == "*" and length > 1 and opens and before.isalpha():
            self._open[mark] += 1
            return ""
        return run

    def _link(self, text: str, at: int, *, final: bool) -> _Step:
        """What a link or an image becomes: its text. A bracket that begins neither stays."""
        image = text[at] == "!"
        bracket = at + image
        if bracket == len(text):
            return ("!", bracket) if final else None
        if text[bracket] != "[":
            return "!", bracket
        limit = at + LONGEST_MARK
        close = self._closing(text, bracket, _SQUARE, limit)
        if close is None or close + 1 == len(text):
            self._awaited = "]" if close is None and not final else ""
            return (text[at : bracket + 1], bracket + 1) if final else None
        label = text[bracket + 1 : close]
        if label.startswith("^"):
            return "", close + 1
        if text[close + 1] in "([":
            kind = _ROUND if text[close + 1] == "(" else _SQUARE
            end = self._closing(text, close + 1, kind, limit)
            if end is None and not final:
                self._awaited = ")" if kind is _ROUND else "]"
                return None
            if end is not None:
                return self._within(label), end + 1
        return text[at : bracket + 1], bracket + 1

    def _closing(self, text: str, at: int, kind: re.Pattern[str], limit: int) -> int | None:
        """The place of the bracket that closes the one at `at`; None if it is not before `limit`."""
        if (
            kind.pattern not in self._pairs
        ):  # of all that follow, or nested ones would be counted again and again
            self._pairs[kind.pattern] = _pairs(text, kind)
        close = self._pairs[kind.pattern].get(at)
        return close if close is not None and close < limit else None

    def _within(self, label: str) -> str:
        if self._depth >= _DEEPEST:
            return label
        inner = Inline(self._depth + 1)
        return inner.add(label) + inner.end()


def _escape(text: str, at: int, *, final: bool) -> _Step:
    if at + 1 == len(text):
        return ("\\", at + 1) if final else None
    return (text[at + 1], at + 2) if text[at + 1] in _ESCAPABLE else ("\\", at + 1)


def _code(text: str, at: int, *, final: bool) -> _Step:
    """What code becomes: the text between two runs of as many backticks, unchanged."""
    end = at
    while end < len(text) and text[end] == "`" and end - at < LONGEST_MARK:
        end += 1
    run = end - at
    if end == len(text) and not final:
        return None
    close = re.compile(rf"(?<!`)`{{{run}}}(?!`)").search(text, end, at + LONGEST_MARK)
    if close is None or (close.end() == len(text) and not final):
        return (text[at:end], end) if final else None
    return without_emoji(text[end : close.start()]), close.end()


def _angle(text: str, at: int, *, final: bool) -> _Step:
    if match := _COMMENT.match(text, at):
        return "", match.end()
    if match := _TAG.match(text, at):
        return _tag(match[1].casefold(), match.group()), match.end()
    if match := _AUTOLINK.match(text, at):
        return spoken_url(match[1]) if "://" in match[1] else match[1], match.end()
    if not final and (
        _OPEN_TAG.match(text, at) or _OPEN_AUTOLINK.match(text, at) or text.startswith("<!--", at)
    ):
        return None
    return "<", at + 1


def _tag(name: str, tag: str) -> str:
    """What is spoken of a tag: where it has the place of a word, how that sounds."""
    if name == "phoneme" and tag.endswith("/>") and (phonemes := _PHONEMES.search(tag)):
        return spoken_phonemes(html.unescape(phonemes[1]))
    return "\n" if name in _BREAKING else ""


def _entity(text: str, at: int, *, final: bool) -> _Step:
    if match := _ENTITY.match(text, at):
        return without_invisible(html.unescape(match.group())), match.end()
    if not final and _OPEN_ENTITY.match(text, at):
        return None
    return "&", at + 1


def _bare_url(text: str, at: int, *, final: bool) -> _Step:
    match = _URL_CHARACTERS.match(text, at, at + LONGEST_MARK)
    if match is None:
        return text[at], at + 1
    if match.end() == len(text) and not final:
        return None
    end = url_end(text, at, match.end())
    return spoken_url(text[at:end]), max(end, at + 1)


def _pairs(text: str, kind: re.Pattern[str]) -> dict[int, int]:
    """The places of the brackets that are closed, with the places of those that close them."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for match in kind.finditer(text):
        if match.group() in "([":
            opened.append(match.start())
        elif opened:
            pairs[opened.pop()] = match.start()
    return pairs


def without_emoji(text: str) -> str:
    """Return the text without emoji: voices read out their names, which interrupts the sentence."""
    return _EMOJI.sub("", text)


def spoken_phonemes(phonemes: str) -> str:
    """Return what is spoken of a phonetic spelling without a word: its letters, which readers make out."""
    return "".join(character for character in phonemes if character.isalpha() and character not in "ˈˌːˑ")


def spoken_url(url: str) -> str:
    """Return what is spoken of a URL: the host, and the path if it is short and of plain words."""
    match = _URL.match(url)
    if match is None:
        return url
    host, path = match[1], match[2].rstrip("/")
    plain = len(path) <= _LONGEST_PATH and re.fullmatch(r"(?:/[A-Za-z][A-Za-z-]*)*", path)
    return host + path if plain and not url.endswith(("?", "#")) else host


def url_end(text: str, start: int, end: int) -> int:
    """Return where the URL in `text[start:end]` ends: closing punctuation belongs to the sentence."""
    while end > start and text[end - 1] in _TRAILING:
        if text[end - 1] == ")" and text.count("(", start, end) >= text.count(")", start, end):
            break
        end -= 1
    return end
