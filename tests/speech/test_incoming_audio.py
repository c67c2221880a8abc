import asyncio

import numpy as np
import numpy.typing as npt
import pytest

from tests.support.admission import claim_of
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import AudioTooLong, InternalError, SpeechServiceError
from wyoming_azure_realtime.speech.endpointing import Endpointing, EndpointingRules
from wyoming_azure_realtime.speech.recording import IncomingAudio

SIXTEEN = AudioFormat(16_000, 2, 1)
TEN_MS = b"\x10\x20\x90\xd0" * 80


class Heard:
    """Somebody who is told, and what is done then."""

    def __init__(self, max_seconds: float = 10.0) -> None:
        self.told: list[str] = []
        self.errors: list[SpeechServiceError] = []
        self.incoming = IncomingAudio(
            max_seconds,
            EndpointingRules(),
            lambda: self.told.append("recorded"),
            self.listened,
            self.errors.append,
            claim_of(),
        )
        self.incoming.begin(SIXTEEN)

    def listened(self, turn: Endpointing) -> None:
        self.told.append("listened")


async def test_ten_small_chunks_are_recorded_at_once_and_listened_to_a_moment_later() -> None:
    heard = Heard()
    for _ in range(10):
        assert heard.told == []
        heard.incoming.write(TEN_MS)
    assert heard.told == ["recorded"]
    await asyncio.sleep(0)
    assert heard.told == ["recorded", "listened"]


async def test_who_writes_without_a_pause_is_listened_to_block_by_block() -> None:
    heard = Heard()
    for _ in range(30):
        heard.incoming.write(TEN_MS)
    assert heard.told == ["recorded", "listened"] * 2 + ["recorded"]


async def test_the_rest_is_recorded_at_the_end() -> None:
    heard = Heard()
    heard.incoming.write(TEN_MS)
    heard.incoming.finish()
    assert heard.incoming.recording.seconds == 0.01
    assert heard.incoming.recording.finished


async def test_who_ends_it_while_more_is_being_written_hears_no_more() -> None:
    heard = Heard()
    heard.listened = lambda turn: heard.incoming.finish()  # type: ignore[method-assign]
    heard.incoming = IncomingAudio(
        10.0, EndpointingRules(), lambda: None, heard.listened, heard.errors.append, claim_of()
    )
    heard.incoming.begin(SIXTEEN)
    for _ in range(20):
        heard.incoming.write(TEN_MS)
    assert heard.incoming.recording.seconds == 0.2
    assert heard.errors == []


async def test_what_goes_wrong_while_nobody_waits_is_told() -> None:
    heard, failures = Heard(), [AudioTooLong("too long"), ValueError("a bug")]

    def listened(turn: Endpointing) -> None:
        raise failures.pop(0)

    heard.incoming = IncomingAudio(
        10.0, EndpointingRules(), lambda: None, listened, heard.errors.append, claim_of()
    )
    heard.incoming.begin(SIXTEEN)
    for _ in range(20):
        heard.incoming.write(TEN_MS)
        await asyncio.sleep(0)
    assert [type(error) for error in heard.errors] == [AudioTooLong, InternalError]


def words() -> npt.NDArray[np.float64]:
    """A second of bursts after half a second of quiet, at 16 kHz."""
    sound = np.random.default_rng(5).normal(0, 3000, 24_000)
    times = np.arange(24_000) / 16_000
    return np.where((times > 0.5) & (np.sin(2 * np.pi * 4 * times) > -0.3), sound, sound / 300)


@pytest.mark.parametrize("weights", [[1], [1, 1], [1, -1], [0, 0, 0, 1, 0, 0, 0, 0]], ids=str)
@pytest.mark.parametrize("width", [2, 4])
async def test_what_is_said_into_any_channels_is_recorded_and_listened_to_alike(
    weights: list[int], width: int
) -> None:
    frames = np.outer(words(), weights) * 2.0 ** (8 * width - 16)
    pcm = frames.astype(f"<i{width}").tobytes()
    incoming = IncomingAudio(
        10.0, EndpointingRules(), lambda: None, lambda _: None, lambda _: None, claim_of()
    )
    incoming.begin(AudioFormat(16_000, width, len(weights)))
    size = 160 * width * len(weights)
    for at in range(0, len(pcm), size):
        incoming.write(pcm[at : at + size])
        await asyncio.sleep(0)
    incoming.finish()
    incoming.listen()
    assert incoming.endpointing is not None
    assert incoming.endpointing.audible
    assert incoming.recording.seconds == 1.5
    said = np.frombuffer(incoming.recording.read(24_000, 48_000), "<i2").astype(np.float64)
    assert np.sqrt(np.mean(said**2)) > 1500


async def test_after_its_close_nobody_is_told_anything() -> None:
    heard = Heard()
    heard.incoming.write(TEN_MS * 10)
    heard.incoming.close()
    await asyncio.sleep(0)
    assert heard.told == ["recorded"]
