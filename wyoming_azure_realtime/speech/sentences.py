"""Text as it arrives, cut into pieces that can be spoken one by one. Pure."""

from collections.abc import Iterator

from sentence_stream import SentenceBoundaryDetector

_ENDINGS = ".!?…。\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}"
LONGEST_PIECE = 1000  # characters: about a minute of speech, well below the service's output cap


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
        ready = list(self._detector.add_chunk(new))
        if self.finished:
            ready.append(self._detector.finish())
        return list(_pieces(" ".join(sentence.strip() for sentence in ready)))


def is_speakable(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(character.isalnum() for character in text)


def _pieces(text: str) -> Iterator[str]:
    while len(text) > LONGEST_PIECE:
        cut = _cut(text)
        yield text[:cut].strip()
        text = text[cut:]
    if text.strip():
        yield text.strip()


def _cut(text: str) -> int:
    """After the last sentence that fits, else the last word, else the last character."""
    head = text[:LONGEST_PIECE]
    for marks in (_ENDINGS, " "):
        cut = max(head.rfind(mark) for mark in marks) + 1
        if cut > 1:
            return cut
    return LONGEST_PIECE
