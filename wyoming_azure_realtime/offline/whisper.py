"""Recognize one recording with Whisper on CTranslate2: PCM in, text out, as people write it.

What the home is like goes in twice: sentences and names in the prompt, so that the model expects them, and
its language model, which chooses among the texts that the model finds likely. Both make commands of noise, so
what is no speech is told apart first, by the detector and by the model's own doubts.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import soxr

from wyoming_azure_realtime.audio.endpointer import Endpointer
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.offline.home_language import home_language
from wyoming_azure_realtime.offline.sentences import SLOT, words
from wyoming_azure_realtime.offline.whisper_model import (
    RATE,
    WINDOW_SECONDS,
    Samples,
    Vocabulary,
    log_mel,
    prepare_model,
)

_SHORTEST_SECONDS = 0.25
# the peak that the detector of speech should see, and how much louder a recording is made for it
_LOUD_ENOUGH, _MOST_GAIN = 8_192.0, 16.0
# of a window that is cut: where the cut may be, and the length of the quiet that is looked for
_EARLIEST_CUT, _CUT_FRAME = 20 * RATE, RATE // 10
_PROMPT_TOKENS = 190
_MOST_TOKENS = 200
# the most that is written for a window, so that a model that repeats itself comes to an end
_TOKENS_AT_LEAST, _TOKENS_PER_SECOND = 16, 10
_MOST_THREADS = 4
_BEAM = 5
# how a question begins: its mark shows the model to write one
_QUESTIONS = re.compile(r"(what|how|when|where|who|why|is|are|will|can|could)\b", re.IGNORECASE)
# what is told of a name: of 50 commands with made-up ones 46 are right, and 37 with a mere list of names
_NAMED = (" Turn on the {}.", " Turn off the {}.", " Is the {} on?", " The {}.")
# measured with tests/offline/accuracy.py: share of the home's language model, and what each word is worth
_HOME_WEIGHT, _WORD_BONUS = 0.3, 1.3
# The model's doubts with which nothing is heard: the probability that nobody speaks, the mean logarithm of
# its tokens' probabilities, and both together. Commands in kitchen noise have at most 0.10 and at least
# -1.44; kitchen noise alone, music and hiss at least 0.32, chimes 0.17 and -1.5.
_NO_SPEECH, _LEAST_LIKELY = 0.25, -1.6
_DOUBTFUL_SPEECH, _DOUBTFUL_WORDS = 0.1, -1.0


class Abandoned(Exception):
    """A partial text was given up, since something more important waits."""


@dataclass(slots=True)
class _Candidate:
    text: str
    likelihood: float
    words: tuple[str, ...] = field(default=())


class WhisperDecoder:
    """Recognizes whole recordings. `built`: the home's language model is not from the cache.

    `model`: a folder, or empty for the package's. `downloads`: a folder for what may be, or None.
    Raises: SettingsError when there is no model.
    """

    unsayable: tuple[str, ...] = ()

    def __init__(
        self,
        home_names: tuple[str, ...] = (),
        cache: Path | None = None,
        model: str = "",
        downloads: Path | None = None,
    ) -> None:
        folder = prepare_model(model, downloads)
        self._vocabulary = Vocabulary(folder)
        self._model = ctranslate2.models.Whisper(
            str(folder),
            device="cpu",
            compute_type="int8",
            intra_threads=max(1, min(_MOST_THREADS, os.cpu_count() or 1)),
        )
        self._home, self.built = home_language(home_names, cache)
        self._home_names = home_names
        special = self._vocabulary.special
        self._begin, self._before = special("startoftranscript"), special("startofprev")
        self._plain = special("notimestamps")
        self._prompts: tuple[tuple[tuple[str, ...], str], list[int]] = (((), "-"), [])

    def transcribe(
        self,
        pcm: bytes,
        names: tuple[str, ...] = (),
        languages: tuple[str, ...] = (),
        *,
        partial: bool = False,
        abandoned: Callable[[], bool] = bool,
    ) -> str:
        """The text of `pcm` (24 kHz 16-bit mono); empty when nobody speaks.

        `names` may be spoken in addition to the home's. `languages`: codes; the model finds out
        if they are none, or several. `partial`: with less care.
        Raises: Abandoned as soon as `abandoned` is true for a partial one.
        """
        if not _holds_speech(pcm):
            return ""
        texts = []
        for samples in windows(_listen(pcm)):
            if partial and abandoned():
                raise Abandoned
            encoded = self._encoded(samples)
            if partial and abandoned():
                raise Abandoned
            seconds = len(samples) / RATE
            language = self._language(encoded, languages)
            beam = 1 if partial else _BEAM
            texts.append(self._decoded(encoded, seconds, names, language, beam))
        return " ".join(text for text in texts if text)

    def measure(self) -> float:
        """Seconds that one recording takes, were nothing else running; what it holds hardly matters."""
        began, used = time.perf_counter(), time.process_time()
        hum = np.sin(np.arange(RATE) / 7).astype(np.float32) / 8
        language = "en" if self._vocabulary.multilingual else ""
        self._decoded(self._encoded(hum.astype(np.float32)), 1.0, (), language, _BEAM)
        # on a busy machine, as at a start, the processor's time is the shorter one
        return min(time.perf_counter() - began, time.process_time() - used)

    def _encoded(self, samples: Samples) -> Any:
        spectra = log_mel(samples, self._model.n_mels)[np.newaxis]
        return self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(spectra)))

    def _decoded(self, encoded: Any, seconds: float, names: tuple[str, ...], language: str, beam: int) -> str:
        most = min(_MOST_TOKENS, _TOKENS_AT_LEAST + int(_TOKENS_PER_SECOND * seconds))
        prompt = [*self._prompt(names, language), *self._start(language)]
        (found,) = self._model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=len(prompt) + most,
            return_scores=True,
            return_no_speech_prob=True,
        )
        if _is_no_speech(found.no_speech_prob, max(found.scores)):
            return ""
        candidates = self._candidates(found)
        if language in {"", "en"} and len(candidates) > 1:
            known = (*names, *self._home_names)
            best = max(candidates, key=lambda it: self._worth(it, known))
        else:
            best = candidates[0]
        return _with_names(best.text, names)

    def _candidates(self, found: Any) -> list[_Candidate]:
        """The texts that were found, those of the same words together, with all that speaks for them."""
        by_words: dict[tuple[str, ...], _Candidate] = {}
        for score, tokens in zip(found.scores, found.sequences_ids, strict=True):
            text = self._vocabulary.decode(tokens)
            # scores are means over the tokens and the end
            likelihood, spoken = score * (len(tokens) + 1), tuple(words(text))
            known = by_words.setdefault(spoken, _Candidate(text, -np.inf, spoken))
            known.likelihood = float(np.logaddexp(known.likelihood, likelihood))
        return list(by_words.values())

    def _worth(self, candidate: _Candidate, names: Sequence[str]) -> float:
        """How likely sound and home make a text; a bonus makes up for what the home takes from each word."""
        sentence = f" {' '.join(candidate.words)} "
        for name in sorted({" ".join(words(name)) for name in names}, key=len, reverse=True):
            if name:
                sentence = sentence.replace(f" {name} ", f" {SLOT} ")
        home = self._home.log_probability(sentence.split())
        return candidate.likelihood + _HOME_WEIGHT * home + _WORD_BONUS * len(candidate.words)

    def _language(self, encoded: Any, asked: Sequence[str]) -> str:
        """The code of the language to write; empty for a model that knows English alone."""
        if not self._vocabulary.multilingual:
            return ""
        known = self._vocabulary.languages
        plain = [code for code in (one.partition("-")[0].lower() for one in asked) if code in known]
        if len(plain) == 1:
            return plain[0]
        (likely,) = self._model.detect_language(encoded)
        found = [token.strip("<|>") for token, _ in likely]
        return next((code for code in found if not plain or code in plain), "en")

    def _start(self, language: str) -> list[int]:
        if not language:
            return [self._begin, self._plain]
        special = self._vocabulary.special
        return [self._begin, special(language), special("transcribe"), self._plain]

    def _prompt(self, names: tuple[str, ...], language: str) -> list[int]:
        """What the model is to believe was said before: names, then sentences, as many as have room."""
        if self._prompts[0] != (names, language):
            sentences = self._home.examples if language in {"", "en"} else ()
            self._prompts = (
                (names, language),
                self._written(list(dict.fromkeys((*names, *self._home_names))), sentences),
            )
        return self._prompts[1]

    def _written(self, names: Sequence[str], sentences: Sequence[str]) -> list[int]:
        encode, listed = self._vocabulary.encode, list[int]()
        for number, name in enumerate(names):
            tokens = encode(_NAMED[number % len(_NAMED)].format(name))
            if len(listed) + len(tokens) > _PROMPT_TOKENS * 2 // 3:
                break
            listed += tokens
        said: list[int] = []
        for sentence in reversed(sentences):
            mark = "?" if _QUESTIONS.match(sentence) else "."
            tokens = encode(f" {sentence[0].upper()}{sentence[1:]}{mark}")
            if len(listed) + len(said) + len(tokens) > _PROMPT_TOKENS:
                break
            said = tokens + said
        return [self._before, *listed, *said] if listed or said else []


def windows(samples: Samples) -> Iterator[Samples]:
    """Cut a recording into what the model hears at once, where the last third of a window is quietest."""
    longest = WINDOW_SECONDS * RATE
    while len(samples) > longest:
        late = samples[_EARLIEST_CUT:longest]
        levels = np.square(late[: len(late) // _CUT_FRAME * _CUT_FRAME].reshape(-1, _CUT_FRAME)).mean(axis=1)
        cut = _EARLIEST_CUT + int(levels.argmin()) * _CUT_FRAME + _CUT_FRAME // 2
        yield samples[:cut]
        samples = samples[cut:]
    yield samples


def _holds_speech(pcm: bytes) -> bool:
    if len(pcm) < _SHORTEST_SECONDS * REALTIME.bytes_per_second:
        return False
    samples = np.frombuffer(pcm, np.dtype("<i2"), len(pcm) // 2).astype(np.float32)
    # it overlooks what is very soft
    gain = min(_MOST_GAIN, max(1.0, _LOUD_ENOUGH / max(1.0, float(np.abs(samples).max()))))
    listener = Endpointer(REALTIME)
    listener.feed(np.rint(samples * gain).astype("<i2").tobytes())
    return listener.speech > 0


def _is_no_speech(probability: float, likelihood: float) -> bool:
    if probability > _DOUBTFUL_SPEECH and likelihood < _DOUBTFUL_WORDS:
        return True
    return probability > _NO_SPEECH or likelihood < _LEAST_LIKELY


def _listen(pcm: bytes) -> Samples:
    samples = np.frombuffer(pcm, np.dtype("<i2"), len(pcm) // 2).astype(np.float32) / 32768
    resampled: Samples = soxr.resample(samples, REALTIME.rate, RATE)
    return resampled


def _with_names(text: str, names: Sequence[str]) -> str:
    """The text with the names as they were told, whatever letters are small or large."""
    for name in names:
        parts = re.split(rf"(?<!\w){re.escape(name)}(?!\w)", text, flags=re.IGNORECASE)
        text = name.join(parts)
    return text
