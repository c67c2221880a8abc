"""The shape of PCM audio, and what follows from it by counting bytes."""

from dataclasses import dataclass

from wyoming_azure_realtime.errors import UnsupportedAudio

# What Wyoming can describe and a microphone may deliver.
_RATES = range(8_000, 192_000 + 1)
_WIDTHS = range(1, 4 + 1)
_CHANNELS = range(1, 8 + 1)


def _check(name: str, value: object, allowed: range, unit: str) -> None:
    # bool is an int, and 16000.0 is in range(8000, 192001)
    if type(value) is int and value in allowed:
        return
    # a number of a thousand digits neither prints nor helps
    told = value if type(value) is int and abs(value) < 10**9 else f"of type {type(value).__name__}"
    raise UnsupportedAudio(
        f"Unsupported audio: the {name} is {told}.",
        advice=f"Send a whole number from {allowed.start} to {allowed.stop - 1} {unit}.",
    )


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Interleaved little-endian PCM: `rate` in Hz, `width` in bytes per sample, `channels`.

    Width 1 is unsigned, the others are signed; width 3 is packed. A format outside of 8000 to 192000 Hz,
    1 to 4 bytes and 1 to 8 channels raises UnsupportedAudio.
    """

    rate: int
    width: int
    channels: int

    def __post_init__(self) -> None:
        _check("sample rate", self.rate, _RATES, "Hz")
        _check("sample width", self.width, _WIDTHS, "bytes")
        _check("number of channels", self.channels, _CHANNELS, "channels")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample in every channel."""
        return self.width * self.channels

    @property
    def bytes_per_second(self) -> int:
        """Bytes of one second of sound."""
        return self.rate * self.frame_bytes

    def __str__(self) -> str:
        return f"{self.rate} Hz, {8 * self.width} bit, {self.channels} ch"


REALTIME = AudioFormat(rate=24_000, width=2, channels=1)
"""The PCM16 that the realtime API hears and speaks."""


def silence(ms: float, fmt: AudioFormat = REALTIME) -> bytes:
    """Digital silence of `ms` milliseconds, to the nearest frame."""
    rest = b"\x80" if fmt.width == 1 else b"\0"
    return rest * (round(ms * fmt.rate / 1000) * fmt.frame_bytes)


def duration_ms(byte_count: int, fmt: AudioFormat = REALTIME) -> float:
    """How long `byte_count` bytes of audio last, in milliseconds."""
    return byte_count * 1000 / fmt.bytes_per_second
