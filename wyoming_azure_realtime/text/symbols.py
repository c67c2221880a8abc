"""What is written but not said: emoji and the tails of addresses."""

import re

_EMOJI = (
    "\U0001f000-\U0001faff"  # pictures, flags, skin tones
    "\u2600-\u2668\u2670-\u27bf"  # weather, stars, dingbats; the signs of music between them are spoken
    "\u231a-\u231b\u23e9-\u23fa\u25a0-\u25ff\u2b00-\u2bff\u2934\u2935"
)
# a text character that is made an emoji by the selector after it, as in a keycap, keeps its digit
EMOJI = re.compile(
    rf"[{_EMOJI}][\ufe0e\ufe0f\u20e3\u200d{_EMOJI}\U000e0020-\U000e007f]*|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f]+|[\u200d](?=[{_EMOJI}])"
    r"|[©®™\u203c\u2049\u2139\u2190-\u21ff\u3030\u303d\u3297\u3299]\ufe0f"
)

_ADDRESS = re.compile(r"(?:(?:https?|ftp)://)?(?:[^/?#@]*@)?(?:www\.)?([^/?#]+)([^?#]*)", re.IGNORECASE)
_TRAILING = ".,;:!?'\"*_~)]}»”’"  # noqa: RUF001
_LONGEST_PATH = 24


def without_emoji(text: str) -> str:
    """The text without pictures: a listener did not ask to hear their names, which interrupt the sentence."""
    return EMOJI.sub("", text)


def spoken_address(address: str) -> str:
    """What somebody would read out of a web address: the host, and the path if it is short and plain."""
    match = _ADDRESS.match(address)
    if match is None:
        return address
    host, path = match[1], match[2].rstrip("/")
    plain = len(path) <= _LONGEST_PATH and re.fullmatch(r"(?:/[A-Za-z][A-Za-z-]*)*", path)
    return host + path if plain and not address.endswith(("?", "#")) else host


def address_end(text: str, start: int, end: int) -> int:
    """Where the address in `text[start:end]` ends: closing punctuation belongs to the sentence."""
    while end > start and text[end - 1] in _TRAILING:
        if text[end - 1] == ")" and text.count("(", start, end) >= text.count(")", start, end):
            break
        end -= 1
    return end
