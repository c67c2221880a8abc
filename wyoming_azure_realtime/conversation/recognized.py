"""Recognized requests that Home Assistant may ask about, and whose answers are worth making ahead. Pure.

A recognition says nothing of who spoke, and Home Assistant changes no byte of its text. So a later request is
told to be about a recognition by the address of whoever asks and by the text. Not everything that is
recognized is asked about: Home Assistant may have understood it by itself, or have another agent. And where
several people talk at a time, it is not known whose conversation goes on. Answers are made ahead only for
clients that ask about what they had recognized, and not for a while after several were in vain.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

CLAIM_SECONDS = 2.0
"""After a transcript, for which its answer waits to be asked for."""

RECENT_SECONDS = 10.0
"""After a transcript, for which a request may still be about it."""

MOST_AHEAD = 4
"""Answers that are made ahead at a time."""

MOST_UNCLAIMED = 3
"""Answers in a row that nobody asked for, after which none is made ahead until a client asks again; and to
other requests than were asked, after which none is until a client asks what was to be expected."""

MOST_TRANSCRIPTS = 64
"""That are remembered; the oldest is forgotten first."""

MOST_CLIENTS = 256
"""Whose habits are known; whoever was silent for longest is forgotten first."""

_MOST_LANGUAGES = 8


@dataclass(slots=True, eq=False)
class RecognizedRequest:
    """What one recognition has found. `ahead`: its answer is being made, or is there, and nobody asked yet.

    `language` is what the recognition was told; `text` that of its latest draft, then of its transcript,
    which was sent at `transcribed`.
    """

    client: str
    language: str
    text: str = field(default="", repr=False)
    transcribed: float | None = None
    ahead: bool = False
    over: bool = False


class NextStep(Enum):
    """What is to be done about the answer of a recognized request."""

    GO_ON = auto()
    """Nothing."""
    BEGIN = auto()
    """An answer to the new text, in place of that to the old one."""
    LEAVE_OFF = auto()
    """Nobody will ask for the old one."""


@dataclass(slots=True)
class _Client:
    """`asks`: about what it had recognized. `languages`: in which it asked, by those of the recognitions.

    `misjudged`: requests in a row that were other ones than expected, as when two satellites talk in turn.
    """

    asks: bool = False
    unclaimed: int = 0
    misjudged: int = 0
    languages: dict[str, str] = field(default_factory=dict)


class RecognizedRequests:
    """Tell it what is recognized and what is asked about, and do what it says about the answers.

    Every answer that it had begun ends in one way: it is claimed, left off, failed, or unclaimed.
    """

    def __init__(self, most_ahead: int = MOST_AHEAD) -> None:
        self._most_ahead = most_ahead
        self._open: list[RecognizedRequest] = []  # those with an answer, and those with a recent transcript
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    def go_on_from(self, other: "RecognizedRequests") -> None:
        """Know the habits of the clients that another one knows."""
        self._clients = other._clients  # noqa: SLF001 - one of the same

    def drafted(self, recognized: RecognizedRequest, text: str) -> NextStep:
        """What was said so far may be all."""
        if recognized.over or text == recognized.text:
            return NextStep.GO_ON
        recognized.text = text
        was_ahead, recognized.ahead = recognized.ahead, False
        recognized.ahead = bool(text) and self._may_begin(recognized)
        self._keep(recognized)
        if recognized.ahead:
            return NextStep.BEGIN
        return NextStep.LEAVE_OFF if was_ahead else NextStep.GO_ON

    def transcribed(self, recognized: RecognizedRequest, text: str, now: float) -> NextStep:
        """That is all, and the client has it."""
        step = self.drafted(recognized, text)
        if not recognized.over and text:
            recognized.transcribed = now
            self._keep(recognized)
        return step

    def gone(self, recognized: RecognizedRequest) -> NextStep:
        """The client has no transcript, and never will. Any further call does nothing."""
        if recognized.transcribed is not None:
            return NextStep.GO_ON
        return self._end(recognized)

    def failed(self, recognized: RecognizedRequest) -> None:
        """There will be no answer; it may be asked for all the same."""
        recognized.ahead = False
        self._keep(recognized)

    def claimed(self, client: str, text: str, language: str, now: float) -> RecognizedRequest | None:
        """A client asks about a text in a language: the oldest recognition of it; None: none lately.

        Its answer was there for it if `ahead` is true.
        """
        self._forget(now)
        for recognized in sorted(self._open, key=lambda one: one.transcribed or 0.0):
            if recognized.transcribed is not None and (recognized.client, recognized.text) == (client, text):
                known = self._client(client)
                known.asks, known.unclaimed = True, 0
                if len(known.languages) < _MOST_LANGUAGES or recognized.language in known.languages:
                    known.languages[recognized.language] = language
                recognized.over = True
                self._open.remove(recognized)
                return recognized
        return None

    def judge(self, client: str, *, expected: bool) -> None:
        """Whether a request that was claimed is the one for which an answer was made, or would have been."""
        known = self._client(client)
        known.misjudged = 0 if expected else known.misjudged + 1

    def unclaimed(self, now: float) -> list[RecognizedRequest]:
        """Those whose answers nobody has asked for in time: each once."""
        late = [
            recognized
            for recognized in self._open
            if recognized.ahead and _since(recognized, now) >= CLAIM_SECONDS
        ]
        for recognized in late:
            recognized.ahead = False
            known = self._client(recognized.client)
            known.unclaimed += 1
            known.asks = known.asks and known.unclaimed < MOST_UNCLAIMED
        self._forget(now)
        return late

    def language_of(self, recognized: RecognizedRequest) -> str:
        """In which it will be asked about, as far as the client's habits tell."""
        known = self._clients.get(recognized.client)
        return known.languages.get(recognized.language, recognized.language) if known else recognized.language

    def asks(self, client: str) -> bool:
        """Whether answers are made ahead for it."""
        known = self._clients.get(client)
        return known is not None and known.asks and known.misjudged < MOST_UNCLAIMED

    @property
    def ahead(self) -> int:
        """How many answers are being made, or are there, that nobody has asked for."""
        return sum(recognized.ahead for recognized in self._open)

    def end(self) -> Iterator[RecognizedRequest]:
        """Nothing is asked about any more: those whose answers are to be left off."""
        for recognized in [*self._open]:
            if self._end(recognized) is NextStep.LEAVE_OFF:
                yield recognized

    def _may_begin(self, recognized: RecognizedRequest) -> bool:
        return self.asks(recognized.client) and self.ahead < self._most_ahead

    def _keep(self, recognized: RecognizedRequest) -> None:
        """Among the open ones while it has an answer or a transcript."""
        wanted = recognized.ahead or recognized.transcribed is not None
        if not wanted:
            if recognized in self._open:
                self._open.remove(recognized)
        elif recognized not in self._open:
            self._open.append(recognized)
            idle = [one for one in self._open if not one.ahead]
            if len(idle) > MOST_TRANSCRIPTS:
                self._open.remove(idle[0])

    def _end(self, recognized: RecognizedRequest) -> NextStep:
        was_ahead, recognized.ahead, recognized.over = recognized.ahead, False, True
        if recognized in self._open:
            self._open.remove(recognized)
        return NextStep.LEAVE_OFF if was_ahead else NextStep.GO_ON

    def _forget(self, now: float) -> None:
        """Transcripts that nobody will ask about. Those with an answer are told to be unclaimed first."""
        self._open = [
            recognized
            for recognized in self._open
            if recognized.ahead or _since(recognized, now) < RECENT_SECONDS
        ]

    def _client(self, address: str) -> _Client:
        known = self._clients.setdefault(address, _Client())
        self._clients.move_to_end(address)
        if len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        return known


def _since(recognized: RecognizedRequest, now: float) -> float:
    """Seconds since its transcript; less than none where there is none."""
    return -1.0 if recognized.transcribed is None else now - recognized.transcribed
