"""Names of audio on the wire, both ways. Pure."""

from collections.abc import Mapping

from wyoming_azure_realtime.audio.pcm import REALTIME, AudioFormat
from wyoming_azure_realtime.errors import UnsupportedAudio

WAV_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})
PCM_TYPE = "audio/pcm"
WAV = "audio/wav"
# Not audio/L16, which RFC 2586 makes big-endian.
PCM = f"{PCM_TYPE};rate={REALTIME.rate};encoding=signed-int;bits=16;channels=1;endian=little"


def wants_wav(accept: str) -> bool:
    """Whether an Accept header ranks WAV above PCM; whoever names neither gets PCM."""
    ranks = [_rank(item, at) for at, item in enumerate(accept.split(","))]
    named = [
        (quality, -at, kind) for kind, quality, at in ranks if kind in {*WAV_TYPES, PCM_TYPE} and quality > 0
    ]
    return bool(named) and max(named)[2] in WAV_TYPES


def pcm_format(parameters: Mapping[str, str]) -> AudioFormat:
    """The format that an audio/pcm type's parameters name; 24 kHz, 16 bits, mono where they are silent.

    Raises UnsupportedAudio for what is no such number, other encodings, or big-endian samples.
    """
    if (
        parameters.get("encoding", "signed-int") != "signed-int"
        or parameters.get("endian", "little") != "little"
    ):
        raise UnsupportedAudio(
            "Raw audio is read as signed little-endian integers only.", advice="Convert it."
        )
    bits = _number(parameters, "bits", 8 * REALTIME.width)
    if bits not in {16, 24, 32}:
        raise UnsupportedAudio(f"Raw audio of {bits} bits is not read.", advice="Send 16, 24 or 32 bits.")
    return AudioFormat(
        rate=_number(parameters, "rate", REALTIME.rate),
        width=bits // 8,
        channels=_number(parameters, "channels", REALTIME.channels),
    )


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise UnsupportedAudio(
            f"The '{name}' of the audio type is no number.", advice=f"Write {name}={default}."
        )
    return int(text)


def _rank(item: str, at: int) -> tuple[str, float, int]:
    kind, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return kind, float(quality), at
    except ValueError:
        return kind, 0.0, at
