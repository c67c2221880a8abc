"""Text as it arrives, cut into pieces that can be spoken one by one. Pure."""

import re
from collections.abc import Iterator

from sentence_stream import SentenceBoundaryDetector

LONGEST_PIECE = 1000  # characters: about a minute of speech, well below the service's output cap

_SENTENCE = re.compile(r"[.!?…](?=\s)|[。\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}]")
_WORD = re.compile(r"\s")
# The detector deletes asterisks as emphasis, but "2 * 3" is text: a noncharacter stands for them inside.
_ASTERISK = "\N{ASTERISK}"
_STAND_IN = "\ufdd0"
# It also takes time with the square of a run of these, which nobody can hear.
_RUN = re.compile("[\N{DEVANAGARI DANDA}\N{DEVANAGARI DOUBLE DANDA}]{3,}")


class Pieces:
    """Collects text, gives whole sentences; what is ready together is spoken together.

    Text that is already complete when it is first taken is not split at all, only kept below the cap.
    """

    def __init__(self) -> None:
        self._detector = SentenceBoundaryDetector()
        self._new = ""
        self._started = False
        self.finished = False

    def add(self, text: str) -> None:
        """More text, cut anywhere."""
        self._new += text

    def finish(self) -> None:
        """No more text."""
        self.finished = True

    def take(self) -> list[str]:
        """Everything that is ready, in pieces of at most `LONGEST_PIECE` characters."""
        new, self._new = self._new, ""
        if self.finished and not self._started:
            return list(_pieces(new))
        self._started = self._started or bool(new)
        ready = list(self._sentences(new.replace(_ASTERISK, _STAND_IN)))
        if self.finished:
            ready.append(self._detector.finish())
        text = " ".join(sentence.strip() for sentence in ready)
        return list(_pieces(text.replace(_STAND_IN, _ASTERISK)))

    def _sentences(self, text: str) -> Iterator[str]:
        """Whole sentences; of what outgrows a piece without ending, the words so far."""
        for start in range(0, len(text), LONGEST_PIECE):
            more = self._detector.remaining_text + text[start : start + LONGEST_PIECE]
            self._detector.remaining_text = _RUN.sub("\N{DEVANAGARI DANDA}", more)
            yield from self._detector.add_chunk("")
            pending = self._detector.current_sentence + self._detector.remaining_text
            if len(pending) > LONGEST_PIECE:
                cut = _cut(pending)
                self._detector = SentenceBoundaryDetector()
                yield pending[:cut]
                yield from self._detector.add_chunk(pending[cut:])


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in text)


def _pieces(text: str) -> Iterator[str]:
    text = text.strip()
    while len(text) > LONGEST_PIECE:
        cut = _cut(text)
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def _cut(text: str) -> int:
    """After the last sentence that fits, else the last word, else the last character."""
    for end in (_SENTENCE, _WORD):
        cuts = [match.end() for match in end.finditer(text, 0, LONGEST_PIECE)]
        if cuts:
            return cuts[-1]
    return LONGEST_PIECE
