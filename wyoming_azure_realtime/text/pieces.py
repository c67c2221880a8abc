"""Text of any accepted format as it arrives, made into the pieces that are spoken."""

from dataclasses import dataclass

from wyoming_azure_realtime.errors import InvalidRequest
from wyoming_azure_realtime.text.markdown import MarkdownToSpeech
from wyoming_azure_realtime.text.splitting import Splitter
from wyoming_azure_realtime.text.ssml import Passage, SsmlReader

FORMATS = ("text", "ssml")

_ROOTS = ("<speak", "<?xml")


@dataclass(frozen=True, slots=True)
class Piece:
    """What is spoken in one go: at most `LONGEST_PIECE` characters, never without a letter or a digit."""

    text: str
    pause: float  # seconds of silence that belong after it
    rate: float = 1.0  # relative to the configured one
    voice: str = ""  # as SSML names it; empty: the request's


class Pieces:
    """Collects text, gives pieces. `text_format` "text" may be Markdown, or SSML if its root is `<speak>`.

    Raises InvalidRequest for an unknown format, and from any method for malformed SSML.
    """

    def __init__(self, *, language: str = "", text_format: str = "text") -> None:
        if text_format not in FORMATS:
            raise InvalidRequest(
                f"Text of the format '{text_format}' is not spoken.", advice="Send text or SSML."
            )
        self._language = language
        self._splitter = Splitter(language)
        self._markdown = MarkdownToSpeech()
        self._ssml: SsmlReader | None = SsmlReader() if text_format == "ssml" else None
        self._undecided: str | None = None if self._ssml else ""
        self.finished = False

    def add(self, text: str) -> None:
        """More text, cut anywhere."""
        if self._undecided is not None:
            text, self._undecided = self._undecided + text, None
            start = text.lstrip("\ufeff \t\r\n")
            if any(root.startswith(start[: len(root)]) for root in _ROOTS):
                if len(start) < len(_ROOTS[0]):
                    self._undecided = start
                    return
                self._ssml = SsmlReader()
                text = start
        self._read(text)

    def finish(self) -> None:
        """No more text."""
        if self._undecided:
            text, self._undecided = self._undecided, None
            self._read(text)
        self.finished = True
        if self._ssml:
            self._ssml.finish()
        else:
            self._splitter.add(self._markdown.finish())
            self._splitter.finish()

    def take(self, *, hurry: bool = False) -> list[Piece]:
        """Everything that is ready now, in order.

        In a `hurry`, because no more text came for a while: also a short sentence that would have been
        spoken together with the next, and one whose end is likely but not certain.
        """
        if self._ssml:
            return [piece for passage in self._ssml.take() for piece in self._of_passage(passage)]
        return [Piece(cut.text, cut.pause) for cut in self._splitter.take(hurry=hurry)]

    def _read(self, text: str) -> None:
        if self._ssml:
            self._ssml.add(text)
        else:
            self._splitter.add(self._markdown.add(text))

    def _of_passage(self, passage: Passage) -> list[Piece]:
        """Its cuts; what SSML wants of silence comes after the last."""
        splitter = Splitter(self._language)
        splitter.add(passage.text)
        splitter.finish()
        cuts = splitter.take()
        return [
            Piece(cut.text, cut.pause if cut is not cuts[-1] else passage.pause, passage.rate, passage.voice)
            for cut in cuts
        ]
