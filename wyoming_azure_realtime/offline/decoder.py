"""Recognize one recording with pocketsphinx and the language model of the home: PCM in, words out.

Names of a session are one word of the language model each, the slot, whatever number of words they have;
the decoder's dictionary is extended by their pronunciations before a recording is decoded.
"""

import itertools
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pocketsphinx
import soxr

from wyoming_azure_realtime.offline.language_model import LanguageModel, language_model, pronounce
from wyoming_azure_realtime.offline.sentences import SLOT, words

WORDS_KEPT = 2000
_WAYS_PER_NAME = 4


class NameSounds:
    """Pronunciations of names. Remembers the last words, as a new one takes 50 ms."""

    def __init__(self, dictionary: Path) -> None:
        self._dictionary = dictionary
        self._known: OrderedDict[str, list[str]] = OrderedDict()

    def ways(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """Every name with its phones, once for each pronunciation; names without one are left out."""
        split = {name: words(name) for name in names}
        self._learn({word for parts in split.values() for word in parts})
        return [(name, phones) for name, parts in split.items() for phones in self._phones(parts)]

    def _learn(self, vocabulary: set[str]) -> None:
        new = vocabulary - self._known.keys()
        if new:
            sounds = pronounce(new, self._dictionary)
            self._known.update({word: sounds.get(word, []) for word in sorted(new)})
        for word in vocabulary:
            self._known.move_to_end(word)
        while len(self._known) > max(WORDS_KEPT, len(vocabulary)):
            self._known.popitem(last=False)

    def _phones(self, parts: list[str]) -> list[str]:
        if not parts:
            return []
        every = itertools.product(*(self._known[word] for word in parts))
        return [" ".join(phones) for phones in itertools.islice(every, _WAYS_PER_NAME)]


Samples = npt.NDArray[np.float32]

_PCM_RATE, _RATE = 24000, 16000
_SHORTEST_SECONDS = 0.25
_FRAME = _RATE * 30 // 1000
# Silence kept or added before and after the speech: more of it distorts the cepstral mean, with less of it
# the decoder misses beginnings and ends.
_MARGIN = _RATE * 3 // 10
# where speech begins and ends: energy over the quiet frames', and over a share of the loudest's (40 dB down)
_OVER_QUIET, _OF_LOUDEST = 4.0, 1e-4
# RMS of the loudest frame, in steps of 16 bits
_SILENCE = 20.0
# loud frames of speech have many times the energy of its quiet ones; hums, tones and hiss do not
_STEADY = 4.0
# Exact zeros spoil the cepstral mean, so noise is added: enough for synthetic speech, which has no noise, and
# little compared with a microphone's. All signals are brought to the same level first.
_PEAK, _DITHER = 16384.0, 23.0

# language weight and word insertion penalty, measured with tests/offline/accuracy.py
_FILLERS = "<[+"
_SEARCH = {"lw": 8.0, "wip": 0.2, "fwdflatlw": 12.0, "bestpathlw": 12.0}


class Decoder:
    """Recognizes whole recordings; holds the interpreter lock meanwhile.

    `built`: its language model is not from the cache. `unsayable`: words of names without a pronunciation.
    """

    def __init__(self, home_names: tuple[str, ...] = (), cache: Path | None = None) -> None:
        dictionary = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
        with language_model(home_names, dictionary, cache) as model:
            self.built, self.unsayable = model.built, model.unsayable
            self._decoder = _load(model)
            self._dictionary = model.dictionary.read_text()
        self._sounds = NameSounds(dictionary)
        self._names: tuple[str, ...] = ()
        # the name of each pronunciation, in the order of the dictionary
        self._pronounced: list[str] = []

    def transcribe(self, pcm: bytes, names: tuple[str, ...] = ()) -> str:
        """Words in `pcm` (24 kHz 16-bit mono), lower case; empty when there is no speech.

        `names` may be spoken in addition to the home's, and are written as they are here.
        """
        speech = _speech(_listen(pcm))
        if speech is None:
            return ""
        self._expect(names)
        # otherwise its estimate of the noise would come from the recording before
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        # the whole recording at once, so that its mean is subtracted and not a running one
        self._decoder.process_raw(_dithered(speech), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        text = "" if hypothesis is None else str(hypothesis.hypstr)
        return self._named() if SLOT in text.split() else text

    def _expect(self, names: tuple[str, ...]) -> None:
        """Give the slot the pronunciations of the names; takes milliseconds, as the language model stays."""
        if names == self._names:
            return
        ways = self._sounds.ways(names)
        lines = [f"{SLOT}{f'({n})' if n > 1 else ''} {phones}" for n, (_, phones) in enumerate(ways, start=1)]
        with tempfile.NamedTemporaryFile("w", suffix=".dict") as file:
            file.write("\n".join([self._dictionary, *lines, ""]))
            file.flush()
            self._decoder.load_dict(file.name)
        self._names, self._pronounced = names, [name for name, _ in ways]

    def _named(self) -> str:
        """The recognized words, with a name in the place of each slot."""
        spoken = (segment.word for segment in self._decoder.seg())
        return " ".join(self._word(word) for word in spoken if word[0] not in _FILLERS)

    def _word(self, entry: str) -> str:
        word, _, number = entry.rstrip(")").partition("(")
        return self._pronounced[int(number or 1) - 1] if word == SLOT else word


def _load(model: LanguageModel) -> pocketsphinx.Decoder:
    config = pocketsphinx.Config(
        hmm=pocketsphinx.get_model_path("en-us/en-us"),
        lm=str(model.arpa),
        dict=str(model.dictionary),
        loglevel="FATAL",
        **_SEARCH,
    )
    return pocketsphinx.Decoder(config)


def _listen(pcm: bytes) -> Samples:
    samples = np.frombuffer(pcm, np.dtype("<i2"), len(pcm) // 2).astype(np.float32)
    resampled: Samples = soxr.resample(samples, _PCM_RATE, _RATE)
    return resampled


def _speech(samples: Samples) -> Samples | None:
    """Cut `samples` to the speech and its margins; None when there is no speech."""
    if len(samples) < _SHORTEST_SECONDS * _RATE:
        return None
    energies = np.mean(np.square(samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)), axis=1)
    quiet, loud = np.percentile(energies, (10, 95))
    if energies.max() < _SILENCE**2 or loud < _STEADY * quiet:
        return None
    (spoken,) = np.nonzero(energies > max(_OVER_QUIET * quiet, _OF_LOUDEST * energies.max()))
    start, end = int(spoken[0]) * _FRAME, int(spoken[-1] + 1) * _FRAME
    with_margins: Samples = np.pad(samples, _MARGIN)[start : end + 2 * _MARGIN]
    return with_margins


def _dithered(samples: Samples) -> bytes:
    # the same noise every time: the same sound gives the same words
    noise = np.random.default_rng(1).normal(0, _DITHER, len(samples))
    level = _PEAK / float(np.abs(samples).max())
    return (samples * level + noise).clip(-32768, 32767).astype("<i2").tobytes()
