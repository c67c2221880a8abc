"""Between the session's audio formats and the 24 kHz PCM16 that everything inside works on."""

from typing import Protocol

import soxr

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler, decode, encode
from wyoming_azure_realtime.embedded.g711 import Law, compress, expand
from wyoming_azure_realtime.realtime.shapes import JsonObject

TELEPHONE = AudioFormat(8000, 2, 1)


class Converter(Protocol):
    """A stream of one format on its way to another."""

    def convert(self, audio: bytes) -> bytes:
        """Bytes in, bytes out; some may come later."""

    def flush(self) -> bytes:
        """What is still inside. The stream may begin anew afterwards."""


class _Unchanged:
    def convert(self, audio: bytes) -> bytes:
        return audio

    def flush(self) -> bytes:
        return b""


class _FromTelephone:
    def __init__(self, law: Law) -> None:
        self._law = law
        self._resampler = StreamResampler(TELEPHONE)

    def convert(self, audio: bytes) -> bytes:
        return self._resampler.process(expand(audio, self._law))

    def flush(self) -> bytes:
        rest, self._resampler = self._resampler.flush(), StreamResampler(TELEPHONE)
        return rest


class _ToTelephone:
    def __init__(self, law: Law) -> None:
        self._law = law
        self._stream = soxr.ResampleStream(REALTIME.rate, TELEPHONE.rate, 1, dtype="float32")
        self._odd = b""

    def convert(self, audio: bytes) -> bytes:
        whole = self._odd + audio
        cut = len(whole) - len(whole) % REALTIME.frame_bytes
        self._odd = whole[cut:]
        return self._resampled(whole[:cut], last=False)

    def flush(self) -> bytes:
        return self._resampled(b"", last=True)

    def _resampled(self, pcm: bytes, *, last: bool) -> bytes:
        samples = self._stream.resample_chunk(decode(pcm, REALTIME), last=last)
        return compress(encode(samples), self._law)


def decoder(audio: JsonObject) -> Converter:
    """From the session's input format."""
    law = audio["type"]
    return _Unchanged() if law == "audio/pcm" else _FromTelephone(law)


def encoder(audio: JsonObject) -> Converter:
    """To the session's or the response's output format."""
    law = audio["type"]
    return _Unchanged() if law == "audio/pcm" else _ToTelephone(law)
