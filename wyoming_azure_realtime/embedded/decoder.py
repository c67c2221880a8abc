"""One utterance in, its words out: pocketsphinx with the home's language model."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pocketsphinx
import soxr

from wyoming_azure_realtime.embedded.language_model import LanguageModel, language_model
from wyoming_azure_realtime.embedded.sentences import Home

Samples = npt.NDArray[np.float32]

_PCM_RATE, _RATE = 24000, 16000
_SHORTEST_SECONDS = 0.25
_FRAME = _RATE * 30 // 1000
_MARGIN = _RATE // 5
# RMS of the loudest frame, in steps of 16 bits
_SILENCE = 20.0
# loud frames of speech have many times the energy of its quiet ones; hums, tones and hiss do not
_STEADY = 4.0
# Exact zeros spoil the cepstral mean. The level goes with the signal's: enough of it for synthetic speech,
# which has no noise of its own, and inaudible under a microphone's.
_DITHER, _LEAST_DITHER = 0.0014, 5.0

# language weight and word insertion penalty, measured with tests/embedded/accuracy.py
_SEARCH = {"lw": 8.0, "wip": 0.2}


class Decoder:
    """Recognises whole utterances; holds the interpreter lock meanwhile.

    `built` and `unsayable` tell how its language model came about.
    """

    def __init__(self, home: Home, cache: Path | None = None) -> None:
        dictionary = pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")
        with language_model(home, Path(dictionary), cache) as model:
            self.built, self.unsayable = model.built, model.unsayable
            self._decoder = _load(model)

    def transcribe(self, pcm: bytes) -> str:
        """Words in `pcm` (24 kHz 16-bit mono), lower case; empty when nobody speaks."""
        heard = _listen(pcm)
        if not _has_speech(heard):
            return ""
        self._decoder.start_utt()
        # the whole utterance at once, so that its own mean is taken off and not a running one
        self._decoder.process_raw(_prepare(heard), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return "" if hypothesis is None else str(hypothesis.hypstr)


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


def _has_speech(samples: Samples) -> bool:
    if len(samples) < _SHORTEST_SECONDS * _RATE:
        return False
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    energies = np.mean(np.square(frames), axis=1)
    quiet, loud = np.percentile(energies, (10, 95))
    return bool(energies.max() > _SILENCE**2 and loud > _STEADY * quiet)


def _prepare(samples: Samples) -> bytes:
    sigma = max(_LEAST_DITHER, _DITHER * float(np.abs(samples).max()))
    # the same noise every time: the same sound gives the same words
    noisy = np.random.default_rng(1).normal(0, sigma, len(samples) + 2 * _MARGIN)
    noisy[_MARGIN:-_MARGIN] += samples
    return noisy.clip(-32768, 32767).astype("<i2").tobytes()
