"""How good and how costly resampling is, measured on its 16-bit result: python -m tests.audio.quality."""

import cmath
import math
import sys
import timeit
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat, duration_ms
from wyoming_azure_realtime.audio.samples import StreamResampler

Signal = npt.NDArray[np.float64]

RATES = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)
HALF_SCALE = 16_384.0
_EDGE = REALTIME.rate // 10
_FLOOR_DB = -140.0


def mono(rate: int) -> AudioFormat:
    return AudioFormat(rate, 2, 1)


def tone(rate: int, hz: float, amplitude: float = HALF_SCALE, seconds: float = 1.0) -> Signal:
    signal: Signal = amplitude * np.sin(2 * math.pi * hz / rate * np.arange(round(rate * seconds)))
    return signal


def pcm16(signal: Signal) -> bytes:
    return np.rint(signal).clip(-32768, 32767).astype("<i2").tobytes()


def resampled(fmt: AudioFormat, pcm: bytes) -> Signal:
    """Return what the realtime API would get, as numbers."""
    resampler = StreamResampler(fmt)
    return np.frombuffer(resampler.process(pcm) + resampler.flush(), "<i2").astype(np.float64)


def lawful_length(fmt: AudioFormat, byte_count: int) -> int:
    """Return round(n * 24000 / rate), a half rounded up, of n whole frames; in integers, hence exact."""
    frames = byte_count // fmt.frame_bytes
    return (2 * frames * REALTIME.rate + fmt.rate) // (2 * fmt.rate)


def fit(signal: Signal, *hz: float) -> tuple[list[complex], Signal]:
    """Fit sines into 24 kHz audio: amplitude and phase of each (0: a sine from 0), and what is left."""
    times = np.arange(len(signal)) / REALTIME.rate
    columns = [np.ones(len(signal))]
    for frequency in hz:
        columns += [np.sin(2 * math.pi * frequency * times), np.cos(2 * math.pi * frequency * times)]
    basis = np.stack(columns, axis=1)
    weights = np.linalg.lstsq(basis, signal, rcond=None)[0]
    return [complex(*weights[at : at + 2]) for at in range(1, len(weights), 2)], signal - basis @ weights


def decibels(ratio: float) -> float:
    return 20 * math.log10(ratio) if ratio > 0 else _FLOOR_DB


def snr_db(rate: int, hz: float = 1000.0) -> float:
    """Power of a tone at half scale over the power of all that came with it."""
    out = resampled(mono(rate), pcm16(tone(rate, hz)))[_EDGE:-_EDGE]
    (amplitude,), rest = fit(out, hz)
    return decibels(abs(amplitude) / math.sqrt(2) / float(np.sqrt(np.mean(rest**2))))


def phase_error_samples(rate: int, hz: float = 1000.0) -> float:
    """How far the output lies behind or ahead of the input, in output samples."""
    (amplitude,), _ = fit(resampled(mono(rate), pcm16(tone(rate, hz)))[:-_EDGE], hz)
    return cmath.phase(amplitude) / (2 * math.pi) * REALTIME.rate / hz


def ghosts(rate: int) -> Iterator[tuple[float, float]]:
    """Frequencies that could turn up elsewhere, and where: folded when going down, mirrored when going up."""
    low, high = (REALTIME.rate / 2, rate / 2) if rate > REALTIME.rate else (500.0, rate / 2)
    for share in (0.003, 0.05, 0.13, 0.29, 0.41, 0.57, 0.71, 0.83, 0.95, 0.997):
        hz = low + share * (high - low)
        for heard in (rate - hz, rate + hz) if rate < REALTIME.rate else (hz,):
            ghost = abs(heard - REALTIME.rate * round(heard / REALTIME.rate))
            if heard < REALTIME.rate / 2 or rate > REALTIME.rate:
                yield hz, ghost


def alias_db(rate: int) -> float:
    """Loudest ghost of a tone at half scale, relative to it; a tone at 1 kHz dithers the 16-bit result."""
    worst = _FLOOR_DB
    for hz, ghost in ghosts(rate):
        sound = pcm16(tone(rate, hz) + tone(rate, 1000.0, HALF_SCALE / 2))
        expected = [1000.0, ghost] + ([hz] if hz < REALTIME.rate / 2 else [])
        amplitudes, _ = fit(resampled(mono(rate), sound)[_EDGE:-_EDGE], *expected)
        worst = max(worst, decibels(abs(amplitudes[1]) / HALF_SCALE))
    return worst


def passband_db(rate: int) -> float:
    """Greatest deviation from the level that went in, 50 Hz to nine tenths of the narrower band."""
    nyquist = min(rate, REALTIME.rate) / 2
    levels = []
    for share in (0.005, 0.1, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9):
        hz = max(50.0, share * nyquist)
        (amplitude,), _ = fit(resampled(mono(rate), pcm16(tone(rate, hz)))[_EDGE:-_EDGE], hz)
        levels.append(abs(decibels(abs(amplitude) / HALF_SCALE)))
    return max(levels)


def length_error(rate: int) -> int:
    """Greatest distance from the lawful length, in samples, over lengths from nothing to a second."""
    worst = 0
    for frames in [*range(40), 99, 160, 441, 1001, 4095, 4097, rate // 3, rate - 1, rate]:
        pcm = bytes(2 * frames)
        worst = max(worst, abs(len(resampled(mono(rate), pcm)) - lawful_length(mono(rate), len(pcm))))
    return worst


def drift_samples(rate: int, seconds: int = 3600) -> tuple[int, float]:
    """Length error and shift of a tone, in output samples, after `seconds` (an hour) of unbroken stream."""
    second = pcm16(tone(rate, 1000.0))
    resampler = StreamResampler(mono(rate))
    produced, tail = 0, b""
    for _ in range(seconds):
        out = resampler.process(second)
        produced += len(out)
        tail = (tail + out)[-2 * REALTIME.bytes_per_second :]
    rest = resampler.flush()
    produced += len(rest)
    # the output ends on a whole second, and so does the tone
    last = np.frombuffer((tail + rest)[-REALTIME.bytes_per_second :], "<i2").astype(np.float64)
    (amplitude,), _ = fit(last[:-_EDGE], 1000.0)
    shift = cmath.phase(amplitude) / (2 * math.pi) * REALTIME.rate / 1000
    return produced // 2 - lawful_length(mono(rate), len(second) * seconds), shift


def held_ms(rate: int) -> tuple[float, float]:
    """Sound that has gone in and not come out, after each 10 ms chunk of a second: mean and greatest."""
    resampler = StreamResampler(mono(rate))
    chunk = bytes(rate // 100 * 2)
    held, produced = [], 0
    for fed in range(10, 1010, 10):
        produced += len(resampler.process(chunk))
        held.append(fed * (len(chunk) * 100 / 2 / rate) - duration_ms(produced))
    return float(np.mean(held)), max(held)


def chunk_microseconds(fmt: AudioFormat, repeats: int = 3000) -> float:
    """Cost of converting 10 ms of audio, as Home Assistant sends it."""
    chunk = np.random.default_rng(0).bytes(fmt.rate // 100 * fmt.frame_bytes)
    resampler = StreamResampler(fmt)
    return min(timeit.repeat(lambda: resampler.process(chunk), number=repeats, repeat=5)) / repeats * 1e6


def renewal_microseconds(fmt: AudioFormat, repeats: int = 300) -> float:
    """Cost of a fresh resampler that takes 10 ms and is flushed."""
    chunk = bytes(fmt.rate // 100 * fmt.frame_bytes)

    def once() -> None:
        resampler = StreamResampler(fmt)
        resampler.process(chunk)
        resampler.flush()

    return min(timeit.repeat(once, number=repeats, repeat=3)) / repeats * 1e6


def main() -> None:
    say = sys.stdout.write
    say("source   SNR dB at     alias  passband  length    after an hour    held ms     us per  us for a\n")
    say("    Hz  1 kHz 997 Hz      dB     +-dB     off  length    shift  mean  most   10 ms  fresh one\n")
    for rate in RATES:
        length, shift = drift_samples(rate)
        mean, most = held_ms(rate)
        cost, renewal = chunk_microseconds(mono(rate)), renewal_microseconds(mono(rate))
        say(
            f"{rate:6}  {snr_db(rate):5.1f}  {snr_db(rate, 997.0):5.1f}  {alias_db(rate):6.1f}  "
            f"{passband_db(rate):7.4f}  {length_error(rate):6}  {length:6}  {shift:7.4f}  "
            f"{mean:4.0f}  {most:4.0f}  {cost:6.1f}  {renewal:9.0f}\n"
        )
    say("\nother formats, us per 10 ms\n")
    for fmt in (
        REALTIME,
        AudioFormat(24_000, 2, 2),
        AudioFormat(16_000, 1, 1),
        AudioFormat(16_000, 3, 1),
        AudioFormat(16_000, 4, 2),
        AudioFormat(48_000, 2, 2),
        AudioFormat(48_000, 4, 8),
    ):
        say(f"{fmt!s:28}  {chunk_microseconds(fmt):6.1f}\n")


if __name__ == "__main__":
    main()
