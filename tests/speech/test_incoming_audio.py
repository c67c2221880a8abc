import asyncio

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
        )
        self.incoming.begin(SIXTEEN)

    def listened(self, turn: Endpointing) -> None:
        self.told.append("listened")


async def test_ten_small_chunks_are_recorded_at_once_and_listened_to_a_moment_later():
    heard = Heard()
    for _ in range(10):
        assert heard.told == []
        heard.incoming.write(TEN_MS)
    assert heard.told == ["recorded"]
    await asyncio.sleep(0)
    assert heard.told == ["recorded", "listened"]


async def test_who_writes_without_a_pause_is_listened_to_block_by_block():
    heard = Heard()
    for _ in range(30):
        heard.incoming.write(TEN_MS)
    assert heard.told == ["recorded", "listened"] * 2 + ["recorded"]


async def test_the_rest_is_recorded_at_the_end():
    heard = Heard()
    heard.incoming.write(TEN_MS)
    heard.incoming.finish()
    assert heard.incoming.recording.seconds == 0.01
    assert heard.incoming.recording.finished


async def test_who_ends_it_while_more_is_being_written_hears_no_more():
    heard = Heard()
    heard.listened = lambda turn: heard.incoming.finish()  # type: ignore[method-assign]
    heard.incoming = IncomingAudio(
        10.0, EndpointingRules(), lambda: None, heard.listened, heard.errors.append
    )
    heard.incoming.begin(SIXTEEN)
    for _ in range(20):
        heard.incoming.write(TEN_MS)
    assert heard.incoming.recording.seconds == 0.2
    assert heard.errors == []


async def test_what_goes_wrong_while_nobody_waits_is_told():
    heard, failures = Heard(), [AudioTooLong("too long"), ValueError("a bug")]

    def listened(turn: Endpointing) -> None:
        raise failures.pop(0)

    heard.incoming = IncomingAudio(10.0, EndpointingRules(), lambda: None, listened, heard.errors.append)
    heard.incoming.begin(SIXTEEN)
    for _ in range(20):
        heard.incoming.write(TEN_MS)
        await asyncio.sleep(0)
    assert [type(error) for error in heard.errors] == [AudioTooLong, InternalError]


async def test_after_its_close_nobody_is_told_anything():
    heard = Heard()
    heard.incoming.write(TEN_MS * 10)
    heard.incoming.close()
    await asyncio.sleep(0)
    assert heard.told == ["recorded"]
