"""What is heard of a segment that the service would not say: where to cut, and where to go on. Pure.

All audio is 24 kHz PCM16 mono.
"""

import enum
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.audio.samples import decode
from wyoming_azure_realtime.verification.differences import Comparison


class LastResort(enum.StrEnum):
    """What became of a segment that the service did not say as it was asked to, in order of preference."""

    OTHER_TARGET = "other-target"
    FALLBACK = "fallback"
    LOCAL_VOICE = "local-voice"
    BEST_ATTEMPT = "best-attempt"
    LEFT_OUT = "left-out"


class LocalVoice(Protocol):
    """A voice of this machine, or of another one in the home: it says exactly the text."""

    def speak(self, text: str, language: str, speed: float) -> AsyncGenerator[bytes, None]:
        """Speak a text in a language (its code; empty if unknown). Raises `SpeechServiceError`."""


LEAST_MATCHED = 0.6
"""Share of the text's letters that an attempt must have said to be heard after all."""

_DANGEROUS = frozenset({"number", "sign", "negation", "name"})
_SEARCH_SECONDS = 0.5
_FRAME = REALTIME.rate // 50
_QUIET = 10 ** (-30 / 20)
_SHORTEST_PAUSE = 2  # frames of 20 ms: shorter quiet is within words
_EDGE = 0.02


@dataclass(frozen=True, slots=True)
class SpokenAttempt:
    """A response that was not the text, with all of its audio."""

    transcript: str
    audio: bytes
    comparison: Comparison

    @property
    def acceptable(self) -> bool:
        """Whether it is better than silence: most words are the text's, and none of the others mislead."""
        kinds = {difference.kind for difference in self.comparison.differences}
        return self.comparison.matched >= LEAST_MATCHED and not kinds & _DANGEROUS

    def better_than(self, other: "SpokenAttempt | None") -> bool:
        """Whether more of the text was said than in another."""
        return other is None or self.comparison.matched > other.comparison.matched

    def without_additions(self) -> bytes:
        """Its audio without what was said before and behind the text, if there is a quiet place to cut."""
        begin, end = 0, len(self.audio)
        if self.comparison.start > _EDGE:
            begin = quiet_place(self.audio, self.comparison.start) or 0
        if self.comparison.end < 1 - _EDGE:
            end = quiet_place(self.audio, self.comparison.end) or end
        return self.audio[begin : max(begin, end)]


def quiet_place(audio: bytes, share: float) -> int | None:
    """Return the byte in the middle of the best pause near a share (0 to 1) of the audio; None if none.

    A pause is the better the longer it is and the nearer.
    """
    samples = decode(audio[: len(audio) // 2 * 2], REALTIME)
    count = len(samples) // _FRAME
    if not count:
        return None
    levels = np.sqrt(np.mean(np.square(samples[: count * _FRAME].reshape(count, _FRAME)), axis=1))
    quiet = levels < max(float(levels.max()) * _QUIET, 1.0)
    around = round(share * count)
    reach = max(round(_SEARCH_SECONDS * REALTIME.rate / _FRAME), count // 8)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])).astype(int))).reshape(-1, 2)
    best, best_score = None, 0.0
    for begin, end in edges:
        distance = abs((begin + end) / 2 - around)
        if end - begin < _SHORTEST_PAUSE or distance > reach:
            continue
        score = (end - begin) * (1.0 - 0.8 * distance / reach)
        if score > best_score:
            best, best_score = int(begin + end) // 2, score
    return None if best is None else best * _FRAME * REALTIME.frame_bytes


_DOUBT, _DOUBTFUL_LETTERS = 0.1, 2


def text_after(text: str, letters: int) -> str:
    """Return the text from the word on in which that many letters and digits of it have been said.

    It is better to say a word twice than to lose one, and the number is an estimate: a few less are assumed.
    """
    letters = int(letters * (1 - _DOUBT)) - _DOUBTFUL_LETTERS
    said = 0
    word = 0
    for place, character in enumerate(text):
        if said >= letters:
            break
        if character.isspace():
            word = place + 1
        said += character.isalnum()
    else:
        return ""
    return text[word:]
