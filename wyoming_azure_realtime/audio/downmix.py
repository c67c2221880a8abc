"""Streams of any format as PCM16 mono at the same rate.

A plain mean of the channels loses what people say where a microphone is wired in antiphase (nothing is left),
or where one of eight inputs is connected (18 dB are lost, and detectors overlook what is faint). So channels
are turned over and left out, by what they have in common and how loud they are.
"""

import math
import operator
from collections.abc import Sequence

import numpy as np

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import Samples, decode, decode_channels, encode

_BLOCKS_PER_SECOND = 50
# Frames converted at once: whatever size a chunk has, its temporaries stay small.
_LARGEST_FRAMES = 8192

# powers in 16-bit steps: -96 dBFS, below the dither of 16 bits; and -80 dBFS, where nothing is to be heard
_LEAST_POWER = 32768.0**2 * 10**-9.6
_AUDIBLE_POWER = 32768.0**2 * 10**-8.0
# a channel is left out when it is so many dB below the loudest on average, and taken back by the first block
# that comes so near to it: the difference keeps it from coming and going
_FAR_BELOW, _NEAR = 15.0, 9.0
# the average of decibels, so that a bang does not count for more than it lasts: over 0.5 s where it rises,
# and 1.5 s where it falls, or every pause would turn the choice
_RISE, _FALL = 1 / (0.5 * _BLOCKS_PER_SECOND), 1 / (1.5 * _BLOCKS_PER_SECOND)
# the products, over 0.4 s
_KEPT = 1 - 1 / (0.4 * _BLOCKS_PER_SECOND)
# correlation with the others from which a channel is turned over; sounds without relation stay below
_OPPOSITE = -0.5
_ROUNDING = 1e-6


class ChannelWeights:
    """How the channels of one stream are added up, by what was heard so far. Pure.

    It begins with the mean of all, and remains that for microphones that hear the same, for silence, and for
    sounds without relation. `weights` has one number per channel; their magnitudes add up to 1. Computed with
    plain floats: for so few numbers arrays cost more.
    """

    def __init__(self, channels: int) -> None:
        self._signs = [1.0] * channels  # 0: left out
        self._levels: list[float] = []
        self._products = [[0.0] * channels] * channels
        self.weights = [1 / channels] * channels

    def update(self, products: Sequence[Sequence[float]]) -> None:
        """Take a block of 20 ms: the covariance of every channel with every other, in 16-bit steps."""
        powers = [row[channel] for channel, row in enumerate(products)]
        if max(powers) < _AUDIBLE_POWER:
            return
        self._products = [
            [_KEPT * kept + new for kept, new in zip(*rows, strict=True)]
            for rows in zip(self._products, products, strict=True)
        ]
        before = self._signs[:]
        self._choose([10 * math.log10(max(power, _LEAST_POWER)) for power in powers])
        self._turn_over()
        if self._signs != before:
            used = sum(map(abs, self._signs))
            self.weights = [sign / used for sign in self._signs]

    def _choose(self, levels: list[float]) -> None:
        """Leave channels out and take them back. `levels`: in dB."""
        averages = self._levels = self._levels or levels[:]
        for channel, level in enumerate(levels):
            above = level - averages[channel]
            averages[channel] += above * (_RISE if above > 0 else _FALL)
        loudest, loudest_now = max(averages), max(levels)
        for channel, level in enumerate(levels):
            if self._signs[channel]:
                if averages[channel] < loudest - _FAR_BELOW:
                    self._signs[channel] = 0.0
            elif level > max(loudest, loudest_now) - _NEAR:
                self._signs[channel] = 1.0
                averages[channel] = level

    def _turn_over(self) -> None:
        """Turn over the channel that is most opposed to the sum of the others, if it is."""
        signs = self._signs
        own = [row[channel] for channel, row in enumerate(self._products)]
        with_all = [
            sign * sum(map(operator.mul, row, signs)) for sign, row in zip(signs, self._products, strict=True)
        ]
        total = sum(with_all)
        most, worst = -1, _OPPOSITE
        for channel, sign in enumerate(signs):
            if not sign:
                continue
            with_others = with_all[channel] - own[channel]
            others = total - own[channel] - 2 * with_others  # their power
            scale = math.sqrt(max(own[channel] * others, 0.0))
            # the last of equals, so that the first channel keeps its sign
            if scale > _LEAST_POWER and with_others <= (worst + _ROUNDING) * scale:
                most, worst = channel, with_others / scale
        if most >= 0:
            signs[most] = -signs[most]


class Downmix:
    """Converts one stream of `source` audio to `source.mono`, without delay.

    Any way of cutting the input, within a sample too, gives the same bytes. What a block of 20 ms shows
    counts from the next one on, within which the old weights fade into the new ones.
    """

    def __init__(self, source: AudioFormat) -> None:
        self._source = source
        self._partial = b""
        self._choice = ChannelWeights(source.channels)
        self._block_frames = source.rate // _BLOCKS_PER_SECOND
        self._block: Samples = np.empty((source.channels, 0), np.float32)  # as far as it has come
        self._old = self._new = self._choice.weights
        self._fade = (np.arange(self._block_frames, dtype=np.float32) + 1) / self._block_frames

    def process(self, data: bytes) -> bytes:
        """Take the next piece of the stream; return all of its whole frames."""
        data = self._partial + data if self._partial else data
        size = self._source.frame_bytes
        whole = len(data) - len(data) % size
        self._partial = data[whole:]
        step = _LARGEST_FRAMES * size
        return b"".join(self._convert(data[at : min(at + step, whole)]) for at in range(0, whole, step))

    def _convert(self, frames: bytes) -> bytes:
        if self._source.channels == 1:
            return encode(decode(frames, self._source))
        begun = self._block.shape[1]
        samples = np.concatenate((self._block, decode_channels(frames, self._source)), axis=1)
        mono = np.empty(samples.shape[1], np.float32)
        start, end = begun, 0
        for products in _covariances(samples, self._block_frames):
            end += self._block_frames
            self._choice.update(products)
            if self._old is not self._new or self._new is not self._choice.weights:
                mono[start:end] = self._mixed(samples[:, start:end], start)
                self._old, self._new = self._new, self._choice.weights
                start = end
        mono[start:] = self._mixed(samples[:, start:], start)
        self._block = samples[:, end:].copy()
        return encode(mono[begun:])

    def _mixed(self, samples: Samples, start: int) -> Samples:
        """With constant weights; or with those that fade, within one block. `start`: in frames of blocks."""
        if self._old is self._new:
            return _sum(samples, self._new)
        at = start % self._block_frames
        fade = self._fade[at : at + samples.shape[1]]
        new, old = _sum(samples, self._new), _sum(samples, self._old)
        new *= fade
        old *= 1 - fade
        new += old
        return new


def _covariances(samples: Samples, size: int) -> list[list[list[float]]]:
    """Of every channel with every other, for each whole block of `size` frames; an offset is no sound."""
    count = samples.shape[1] // size
    rows = samples[:, : count * size].reshape(len(samples), count, size)
    blocks = np.ascontiguousarray(rows.transpose(1, 0, 2), np.float64)
    blocks -= blocks.mean(axis=2, keepdims=True)
    covariances: list[list[list[float]]] = (blocks @ blocks.transpose(0, 2, 1) / size).tolist()
    return covariances


def _sum(samples: Samples, weights: Sequence[float]) -> Samples:
    """Row by row: a product of matrices rounds differently for other lengths."""
    parts = [row * weight for row, weight in zip(samples, weights, strict=True) if weight]
    mono: Samples = parts[0]
    for part in parts[1:]:
        mono += part
    return mono
