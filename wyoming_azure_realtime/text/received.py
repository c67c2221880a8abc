"""Text as clients send it, cut anywhere, to the text that is read: whole characters, no thoughts, a limit.

Models put what they think between `<think>` and `</think>` into their answers; it is left out, and does not
count towards the limit. One that is never closed was no thought: it is read when the text ends, but not more
than `LONGEST_UNCLOSED` characters of it are kept.
"""

import re

from wyoming_azure_realtime.errors import InvalidRequest, RequestError, TextTooLong

LONGEST_UNCLOSED = 2000
"""Characters of a thought that are kept for the case that it is never closed."""

LONGEST_THOUGHTS = 1 << 20
"""Characters of all thoughts; beyond, the text ends."""

_LONGEST_WORD = 64  # characters at the limit that wait for the end of a word

_HIGH, _SURROGATE = re.compile("[\ud800-\udbff]\\Z"), re.compile("[\ud800-\udfff]")
# direction, breaks and joints of words, soft hyphens
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
# joiners are spelling where letters change their shape; emoji are made of them, too
_JOINERS = re.compile("(?<![\u0590-\U0010ffff])[\u200c\u200d]+")
_NAMES = ("think", "thinking", "thought", "reasoning")
_TAG = re.compile(rf"<(/?)({'|'.join(_NAMES)})>", re.IGNORECASE)
_TAGS = tuple(f"<{slash}{name}>" for name in _NAMES for slash in ("", "/"))
_OPEN_TAG = re.compile(r"</?[a-z]{0,9}\Z", re.IGNORECASE)


def without_invisible(text: str) -> str:
    """Return the text without characters that have neither a sound nor a place of their own."""
    return text if text.isascii() else _JOINERS.sub("", _INVISIBLE.sub("", text))


def joined_surrogates(text: str) -> str:
    """Return the text with each pair of surrogates made the character that it stands for; halves stay."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class ReceivedText:
    """What is to be read of one text. `most`: characters, without thoughts.

    `left_out`: the error that follows what is read, because the rest is not; None if everything is.
    """

    def __init__(self, most: int) -> None:
        self.left_out: RequestError | None = None
        self._most = most
        self._half = ""  # a surrogate whose other half may come
        self._last = ""  # the character before
        self._thoughts = _Thoughts()
        self._read = 0  # characters that were returned
        self._kept = ""  # those that may have to end with a word, at the limit

    def add(self, text: str) -> str:
        """Append text, cut anywhere; return what is certain to be read, nothing once a part is left out."""
        if self.left_out:
            return ""
        read = self._within_limit(self._thoughts.add(self._visible(self._whole_characters(text))))
        if self._thoughts.skipped > LONGEST_THOUGHTS:
            self.left_out = TextTooLong(f"The text has more than {LONGEST_THOUGHTS} characters of thoughts.")
        return read

    def finish(self) -> str:
        """End the text; return the rest."""
        half, self._half = "\ufffd" if self._half else "", ""
        read = self._within_limit(self._thoughts.add(half) + self._thoughts.finish())
        if not self.left_out and self._thoughts.lost:
            self.left_out = InvalidRequest(
                f"The text ends within a thought of more than {LONGEST_UNCLOSED} characters.",
                advice="Close it with </think>.",
            )
        kept, self._kept = self._kept, ""
        return read + kept

    def _whole_characters(self, text: str) -> str:
        """Join surrogates of which each may come by itself; a half without the other is no character."""
        text, self._half = self._half + text, ""
        if match := _HIGH.search(text):
            text, self._half = text[: match.start()], match.group()
        return _SURROGATE.sub("\ufffd", joined_surrogates(text))

    def _visible(self, text: str) -> str:
        seen = without_invisible(self._last + text)[len(self._last) :]
        self._last = (self._last + seen).rstrip("\u200c\u200d")[-1:]
        return seen

    def _within_limit(self, text: str) -> str:
        """Return what is certain to be within the limit. Where the text is cut, a word has ended."""
        if self.left_out:
            return ""
        text, self._kept = self._kept + text, ""
        room = self._most - self._read
        if len(text) > room:
            self.left_out = TextTooLong(f"The text is longer than {self._most} characters.")
            return _whole_words(text, room)
        certain = max(0, min(len(text), room - _LONGEST_WORD))
        self._kept = text[certain:]
        self._read += certain
        return text[:certain]


class _Thoughts:
    """Leaves out what is between the tags of a thought.

    `skipped`: how many characters. `lost`: the text ended within a thought that was not kept.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.lost = False
        self._kept = ""  # what may be the beginning of a tag
        self._end: re.Pattern[str] | None = None  # of the thought in progress
        self._thought: list[str] = []
        self._length = 0
        self._before = ""  # the last character that was returned
        self._parted = False

    def add(self, text: str) -> str:
        """Append text; return what is known to be none of a thought."""
        text, self._kept = self._kept + text, ""
        at, read = 0, []
        while match := (self._end or _TAG).search(text, at):
            before = text[at : match.start()]
            at = match.end()
            if self._end:
                self._forget(before)
            elif (before[-1:] or self._before) == "`":
                read.append(self._returned(before + match.group()))
            else:
                read.append(self._returned(before))
                self._parted = True
                self._end = None if match[1] else re.compile(f"</{match[2]}>", re.IGNORECASE)
        text = text[at:]
        if (tail := _OPEN_TAG.search(text)) and any(tag.startswith(tail.group().lower()) for tag in _TAGS):
            text, self._kept = text[: tail.start()], tail.group()
        if self._end:
            self._keep(text)
        else:
            read.append(self._returned(text))
        return "".join(read)

    def finish(self) -> str:
        """End the text; return the rest: also what is in a thought that was not closed."""
        self._keep(self._kept) if self._end else self._thought.append(self._kept)
        self.lost = self._length > LONGEST_UNCLOSED
        rest, self._thought, self._kept, self._end = "".join(self._thought), [], "", None
        return "" if self.lost else self._returned(rest)

    def _keep(self, thought: str) -> None:
        self._length += len(thought)
        self.skipped += len(thought)
        if self._length > LONGEST_UNCLOSED:
            self._thought.clear()
        else:
            self._thought.append(thought)

    def _forget(self, thought: str) -> None:
        """The thought in progress has ended."""
        self.skipped += len(thought)
        self._thought.clear()
        self._end, self._length = None, 0

    def _returned(self, text: str) -> str:
        """The text, with a space where a thought stood between two words."""
        if text:
            parted = self._parted and self._before and not self._before.isspace() and not text[0].isspace()
            self._before, self._parted = text[-1], False
            return f" {text}" if parted else text
        return ""


def _whole_words(text: str, most: int) -> str:
    """The first characters of a longer text, without the word that is cut."""
    for at in range(most, max(0, most - _LONGEST_WORD), -1):
        if text[at].isspace():
            return text[:at]
    return text[:most]
