"""Speech for the embedded backend: one espeak-ng variant per realtime voice, streamed as 24 kHz PCM."""

import asyncio
import functools
import re
import threading
import unicodedata
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.embedded.espeak import SAMPLE_RATE, VoiceStyle, engine
from wyoming_azure_realtime.errors import InvalidRequest, SpeechServiceError, UnknownVoice

# variants that the embedded recogniser understands, two of a kind apart in pitch and pace
VOICES = {
    "alloy": VoiceStyle("en-us", pitch=50, wpm=175),
    "ash": VoiceStyle("en-us+m6", pitch=80, wpm=165),
    "ballad": VoiceStyle("en-us+m1", pitch=40, wpm=160),
    "coral": VoiceStyle("en-us+f2", pitch=35, wpm=175),
    "echo": VoiceStyle("en-us+adam", pitch=65, wpm=180),
    "sage": VoiceStyle("en-us+f5", pitch=50, wpm=170),
    "shimmer": VoiceStyle("en-us+f5", pitch=80, wpm=165),
    "verse": VoiceStyle("en-us+klatt3", pitch=50, wpm=165),
    "marin": VoiceStyle("en-us+f2", pitch=70, wpm=165),
    "cedar": VoiceStyle("en-us+edward", pitch=40, wpm=165),
}

SLOWEST, FASTEST = 0.25, 1.5

_PIECE_BYTES = 24000 * 60 // 1000 * 2
# bounds what one engine call can produce: a symbol such as % takes half a second to say
_BLOCK_CHARACTERS = 200
# espeak-ng drops the rest of an unbroken run longer than its word buffer
_LONGEST_RUN = re.compile(r"\S{40}(?=\S)")
_CUTS = (re.compile(r"[.!?…][\"')\]]*\s"), re.compile(r"[,;:]\s"), re.compile(r"\s"))


class Voice:
    """Speaks text. Raises SettingsError when espeak-ng cannot be loaded."""

    def __init__(self) -> None:
        self._engine = engine()
        # one thread: utterances take turns block by block, in the order they ask
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="espeak")

    @staticmethod
    def available() -> tuple[bool, str]:
        """Whether speech can be made here, and otherwise one sentence saying why not."""
        try:
            engine()
        except SpeechServiceError as error:
            return False, str(error)
        return True, ""

    async def speak(self, text: str, voice: str = "alloy", speed: float = 1.0) -> AsyncGenerator[bytes, None]:
        """Sound of `text`, 24 kHz 16-bit mono, in pieces of 60 ms; nothing when nothing can be said.

        Closing the generator stops the engine within one piece. `speed`: 0.25 to 1.5 times the usual.
        Raises UnknownVoice, InvalidRequest and ResponseFailed.
        """
        style = _style(voice, speed)
        resampler = StreamResampler(AudioFormat(SAMPLE_RATE, 2, 1))
        stop = threading.Event()

        def say(block: str, *, last: bool) -> bytes:
            audio = self._engine.synthesize(
                block, style, speed=speed, end_pause=not last, stopped=stop.is_set
            )
            # what has no speech in it comes out as a few zeros
            spoken = resampler.process(audio) if any(audio) else b""
            return spoken + resampler.flush() if last else spoken

        loop, rest = asyncio.get_running_loop(), b""
        try:
            for block, last in blocks(text):
                audio = rest + await loop.run_in_executor(
                    self._thread, functools.partial(say, block, last=last)
                )
                whole = len(audio) - len(audio) % _PIECE_BYTES
                for start in range(0, whole, _PIECE_BYTES):
                    yield audio[start : start + _PIECE_BYTES]
                rest = audio[whole:]
            if rest:
                yield rest
        finally:
            stop.set()

    def close(self) -> None:
        """Let the thread go; nothing may be spoken afterwards."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def blocks(text: str) -> Iterator[tuple[str, bool]]:
    """`text` cut where a speaker pauses, into pieces the engine takes whole; true with the last one."""
    start = 0
    while start < len(text):
        end = start + _BLOCK_CHARACTERS
        if end < len(text):
            end = start + _cut(text[start:end])
        yield plain(text[start:end]), end >= len(text)
        start = end


def _cut(window: str) -> int:
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(window)]
        if ends:
            return ends[-1]
    return len(window)


def plain(text: str) -> str:
    """`text` without control characters, which would steer the engine, and half surrogates."""
    readable = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    return _LONGEST_RUN.sub(r"\g<0> ", readable)


def _style(voice: str, speed: float) -> VoiceStyle:
    if voice not in VOICES:
        raise UnknownVoice(f"There is no voice {voice!r}.", advice=f"Voices: {', '.join(VOICES)}.")
    if not SLOWEST <= speed <= FASTEST:
        raise InvalidRequest(f"A speed of {speed} is not possible; {SLOWEST} to {FASTEST} is.")
    return VOICES[voice]
