"""The telephone formats of the realtime API: 8 kHz, one byte per sample, mu-law or A-law (ITU-T G.711)."""

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Law: TypeAlias = Literal["audio/pcmu", "audio/pcma"]
_Integers: TypeAlias = npt.NDArray[Any]


def _mu_law() -> _Integers:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84)


def _a_law() -> _Integers:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    mantissa = (code & 0x0F) << 4
    magnitude = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude)


_LEVELS: dict[str, _Integers] = {"audio/pcmu": _mu_law(), "audio/pcma": _a_law()}
_ORDER = {law: np.argsort(levels, kind="stable") for law, levels in _LEVELS.items()}
_BORDERS = {law: (levels[_ORDER[law]][1:] + levels[_ORDER[law]][:-1]) / 2 for law, levels in _LEVELS.items()}


def expand(coded: bytes, law: Law) -> bytes:
    """PCM16 at the same rate."""
    return _LEVELS[law].astype("<i2")[np.frombuffer(coded, np.uint8)].tobytes()


def compress(pcm: bytes, law: Law) -> bytes:
    """The nearest level of every PCM16 sample."""
    samples = np.frombuffer(pcm, "<i2")
    return _ORDER[law][np.searchsorted(_BORDERS[law], samples)].astype(np.uint8).tobytes()
