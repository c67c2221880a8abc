"""Decide how much of a response's audio may be played, by its transcript and its length. No I/O, no clock.

The audio is 24 kHz PCM16 mono. Where a service speaks exactly its text, only the length is judged
(`LengthGate`). Where a model speaks, its transcript is compared (`TranscriptGate`). That usually runs
ahead of the audio, but nobody says by how much; some services send it only at the end, and some send none.
"""

import functools
import math
from collections.abc import Callable, Iterable

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import ContentMismatch
from wyoming_azure_realtime.text.sentences import weight
from wyoming_azure_realtime.verification.readings import Substitution
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

FASTEST = 28.0
"""Characters a second that no voice exceeds at normal speed; wide ones (Chinese, …) count twice."""

_USUAL, _USUAL_SYMBOL = 14.0, 0.35
"""Letters a second of a usual voice, and seconds that it takes for a digit or a sign."""

_OTHER_WORDS = "The service did not say the text that it was given."
_SLOW_LETTER, _SLOW_SYMBOL, _SLOW_LEAD = 0.2, 1.0, 0.5
"""Seconds that a slow voice takes for a letter, for a digit or a sign, and before the first one: audio that
is further ahead of its transcript waits for it."""

_SLOWEST_LETTER = 0.3
_SLOWEST_SYMBOL = 1.5
_LONGEST_LEAD = 4.0
"""Seconds that a slow voice may take for a letter, for a digit, sign or ideograph, and for pauses."""


def plausible_seconds(text: str, speed: float) -> tuple[float, float]:
    """Return between which lengths speech of `text` must lie. `speed`: 1 is normal."""
    letters, symbols = _letters_and_symbols(text)
    longest = _LONGEST_LEAD + (letters * _SLOWEST_LETTER + symbols * _SLOWEST_SYMBOL) / speed
    return _seconds_at_fastest(text, speed), longest


def _letters_and_symbols(text: str) -> tuple[int, int]:
    """How many letters, and how many digits, signs and ideographs, each of which may be a word."""
    letters = sum(char.isalpha() and ord(char) < 0x2E80 for char in text)
    return letters, len(text) - letters - text.count(" ")


def _seconds_if_slow(text: str, speed: float) -> float:
    letters, symbols = _letters_and_symbols(text)
    return (_SLOW_LEAD + letters * _SLOW_LETTER + symbols * _SLOW_SYMBOL) / speed


def usual_seconds(text: str, speed: float) -> float:
    """Seconds that a usual voice takes for a text, figures and signs included; never zero."""
    letters = weight("".join(char for char in text if char.isalpha()))
    symbols = sum(not char.isalpha() and not char.isspace() for char in text)
    return max(0.1, (letters / _USUAL + symbols * _USUAL_SYMBOL) / speed)


def _letters_and_digits(text: str) -> int:
    return sum(character.isalnum() for character in text)


def _seconds_at_fastest(text: str, speed: float) -> float:
    """Seconds that any voice takes at least; figures and signs may be said in one syllable or in ten."""
    return weight("".join(char for char in text if char.isalpha())) / FASTEST / speed


MOST_SUBSTITUTIONS = 200
"""That are remembered for one voice and language; the oldest is forgotten first."""

MOST_VOICES = 100
"""Voices, each in each of its languages, of which anything is remembered; likewise."""


class ModelHabits:
    """Other words that voices say for words of a text, by agreement of two attempts, as long as we run."""

    def __init__(self) -> None:
        self._accepted: dict[tuple[str, str], dict[Substitution, None]] = {}

    def accepted(self, model: str, language: str) -> frozenset[Substitution]:
        """What counts as the text, from this model (`deployment/voice`) in this language."""
        return frozenset(self._accepted.get((model, language), ()))

    def learn(self, model: str, language: str, substitutions: Iterable[Substitution]) -> None:
        """Remember what was agreed upon."""
        if new := dict.fromkeys(substitutions):
            known = self._accepted.pop((model, language), {}) | new  # the latest is the last one
            self._accepted[model, language] = dict(list(known.items())[-MOST_SUBSTITUTIONS:])
            for oldest in list(self._accepted)[:-MOST_VOICES]:
                del self._accepted[oldest]


class LengthGate:
    """Releases a response's audio as it comes; it must be about as long as the text.

    Every method returns the audio that may be played. Raises: ContentMismatch, once; from then on audio is
    only collected, and `finish` raises it again. `speed`: that the voice was asked for.
    """

    def __init__(self, text: str, speed: float) -> None:
        self._text = text
        self._shortest, self._longest = plausible_seconds(text, speed)
        self._usual = usual_seconds(text, speed)
        self._released = 0
        self._mismatch: ContentMismatch | None = None
        self.audio_bytes = bytearray()
        self.transcript = ""

    def prepare(self) -> None:
        """Do what can be done ahead of the response, which may take a moment. For a thread."""

    @property
    def mismatch(self) -> bool:
        """Whether it is certain that the response is not the text."""
        return self._mismatch is not None

    @property
    def plausible(self) -> bool:
        """Whether speech of the text may be as long as the audio."""
        return self._shortest <= len(self.audio_bytes) / BYTES_PER_SECOND <= self._longest

    @property
    def letters_released(self) -> int:
        """About how many letters and digits of the text were released: what a usual voice says meanwhile."""
        return int(_letters_and_digits(self._text) * self._released / BYTES_PER_SECOND / self._usual)

    def is_misleading(self) -> bool:
        """Whether most of what was released was other words: it was found out too late."""
        return False

    def text(self, spoken: str) -> bytes:
        """Take more of the transcript."""
        self.transcript += spoken
        return self._release()

    def audio(self, pcm: bytes) -> bytes:
        """Take more audio."""
        self.audio_bytes += pcm
        if len(self.audio_bytes) > self._longest * BYTES_PER_SECOND:
            raise self._failed("The service speaks for much longer than the text takes.")
        return self._release()

    def text_ended(self, transcript: str) -> bytes:
        """Take the whole transcript as the service gives it at the end; empty if it does not."""
        self.transcript = transcript or self.transcript
        return self._release()

    def finish(self) -> bytes:
        """End the response: its sound must be of a plausible length."""
        if self._mismatch is not None:
            raise self._mismatch
        if len(self.audio_bytes) < self._shortest * BYTES_PER_SECOND:
            raise self._failed("The service's speech is much shorter than the text.")
        return self._rest(len(self.audio_bytes))

    def _release(self) -> bytes:
        return b"" if self._mismatch is not None else self._rest(len(self.audio_bytes))

    def _rest(self, end: int) -> bytes:
        """What was not released yet, up to a place in the audio."""
        released = bytes(self.audio_bytes[self._released : end]) if end > self._released else b""
        self._released += len(released)
        return released

    def _failed(self, message: str) -> ContentMismatch:
        self._mismatch = ContentMismatch(message)
        return self._mismatch


class TranscriptGate(LengthGate):
    """Releases a response's audio only while its transcript matches the requested text.

    The newest `margin` seconds are held as long as more of the transcript may come, except what the words so
    far take at the least, and all beyond what those words can take. Everything is held while there is no
    transcript, or while it is not understood; everything is released once all of the text was said.
    `make_verifier` makes that of the text, when it is first needed or by `prepare`. `whole`: nothing is
    released before the whole transcript is the text.
    """

    def __init__(
        self,
        text: str,
        make_verifier: Callable[[], TranscriptVerifier],
        margin: float,
        speed: float,
        *,
        whole: bool = False,
    ) -> None:
        super().__init__(text, speed)
        self._whole = whole
        self._make_verifier = make_verifier
        self._margin = round(margin * BYTES_PER_SECOND) & ~1
        self._speed = speed
        self._agreeing = "", ""  # a transcript, and what of it is the text

    @functools.cached_property
    def _verifier(self) -> TranscriptVerifier:
        return self._make_verifier()

    def prepare(self) -> None:
        """Make the verifier: up to 0.1 s for a long text."""
        _ = self._verifier

    @property
    def letters_released(self) -> int:
        """About how many letters and digits of the text were released; rather too few than too many.

        Figures and signs are said with more letters than they are written with, so both ways to estimate it
        count: by what share of the transcript was released, and by what a usual voice says in that time. Of a
        response that is not the text, what it said after it became another one does not count.
        """
        released = self._released / BYTES_PER_SECOND
        usual = _letters_and_digits(self._text) * released / self._usual
        return int(min(self._letters_of_transcript, usual, self._letters_agreeing))

    def is_misleading(self) -> bool:
        """Whether most of what was released was other words: it was found out too late."""
        return self.mismatch and self._letters_agreeing < self._letters_of_transcript / 2

    @property
    def _letters_of_transcript(self) -> float:
        """About how many letters and digits of the transcript were released."""
        letters, released = _letters_and_digits(self.transcript), self._released / BYTES_PER_SECOND
        spoken = max(len(self.audio_bytes) / BYTES_PER_SECOND, letters / _USUAL / self._speed)
        return letters * released / spoken if spoken else 0.0

    @property
    def _letters_agreeing(self) -> float:
        """How many letters and digits the transcript holds before it becomes another text."""
        if not (self.mismatch and self._released):
            return math.inf
        if self._agreeing[0] != self.transcript:
            self._agreeing = self.transcript, self._verifier.agreeing(self.transcript)
        return _letters_and_digits(self._agreeing[1])

    def text(self, spoken: str) -> bytes:
        """Take more of the transcript."""
        self._verifier.add(spoken)
        return super().text(spoken)

    def text_ended(self, transcript: str) -> bytes:
        """Take the whole transcript as the service gives it at the end; empty if it does not."""
        if transcript.strip() and transcript != self.transcript:
            self.transcript = transcript
            self._verifier.replace(transcript)
            if self._verifier.verdict != "mismatch":
                self._mismatch = None
        if self.transcript.strip():
            self._verifier.finish()
        return self._release()

    def finish(self) -> bytes:
        """End the response: all of the text must have been said, by sound of a plausible length."""
        if self.transcript.strip():
            self._verifier.finish()
            if self._verifier.verdict == "mismatch" and self._mismatch is None:
                raise self._failed(_OTHER_WORDS)
            if self._mismatch is None and self._verifier.verdict != "complete":
                raise self._failed("It is not certain that the service said the text that it was given.")
        return super().finish()

    def _release(self) -> bytes:
        if self._mismatch is not None:
            return b""
        verdict = self._verifier.verdict
        if verdict == "mismatch":
            raise self._failed(_OTHER_WORDS)
        if verdict == "complete":
            return self._rest(len(self.audio_bytes))
        if self._whole or verdict in {"undecided", "unsure"} or not self.transcript.strip():
            return b""
        # no voice speaks the words of the transcript so far in less time: that much is theirs
        certain = round(_seconds_at_fastest(self.transcript, self._speed) * BYTES_PER_SECOND) & ~1
        most = round(_seconds_if_slow(self.transcript, self._speed) * BYTES_PER_SECOND) & ~1
        end = max(len(self.audio_bytes) - self._margin, min(len(self.audio_bytes), certain))
        return self._rest(min(end, most))
