"""What commands of any sounds cost, at a service in virtual time that answers whatever it likes."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support import room_sounds as room
from tests.support.scripted_channel import Script, ScriptedChannel, new_id, scripted_service, transcribed
from tests.support.spoken_words import VOCABULARY, speech
from tests.support.virtual_time import run
from tests.support.wyoming_events import vowel
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, AudioFormat
from wyoming_azure_realtime.realtime import client_events as client
from wyoming_azure_realtime.settings.model import Recognition, Settings
from wyoming_azure_realtime.speech.requests import RecognitionRequest, RecognitionResult

MICROPHONE = AudioFormat(16_000, 2, 1)
CHUNK = 320
EXTRA_REQUESTS = 2
SESSIONS = 3
MOST_AUDIO = 3.0
_HELD_BACK = 0.2
"""Seconds that a draft may send again because a resampler still held them."""


@dataclass(frozen=True)
class Sound:
    """One sound of a command; `word`: what is said by it."""

    pcm: bytes
    word: str = ""


Make = Callable[[random.Random], Sound]


def _quiet(chance: random.Random) -> Sound:
    return Sound(room.pcm(room.white(chance.choice((0.1, 0.3, 0.5, 1.0, 2.0)), -65, chance.randrange(99))))


def _word(chance: random.Random) -> Sound:
    word = chance.choice(VOCABULARY)
    return Sound(speech(word), word)


def _tap(chance: random.Random) -> Sound:
    return Sound(room.pcm(room.click(chance.uniform(-45, -10), chance.randrange(99))))


def _bang(chance: random.Random) -> Sound:
    make = chance.choice((room.cough, room.slam))
    return Sound(room.pcm(make(chance.uniform(-40, -10), chance.randrange(99))))


def _tones(chance: random.Random) -> Sound:
    tones = [room.tone(chance.uniform(0.05, 0.4), -25, chance.uniform(200, 3000)) for _ in range(4)]
    return Sound(b"".join(room.pcm(tone) for tone in tones))


def _hum(chance: random.Random) -> Sound:
    """Like somebody who says no word."""
    return Sound(vowel(chance.choice((100, 200, 400))))


def _noise(chance: random.Random) -> Sound:
    noise = room.NOISES[chance.choice(("white", "pink", "fan", "kitchen", "music"))]
    return Sound(room.pcm(noise(chance.uniform(0.3, 2.0), chance.uniform(-50, -20), chance.randrange(99))))


SOUNDS: dict[str, Make] = {
    "quiet": _quiet, "word": _word, "tap": _tap, "bang": _bang, "tones": _tones, "hum": _hum, "noise": _noise,
}  # fmt: skip


class Transcriber:
    """Writes the words that end within what it gets; or what it `invents`, if that is not None."""

    def __init__(
        self, sounds: Sequence[Sound], seconds: float, invents: Callable[[], str] | None = None
    ) -> None:
        self._words: list[tuple[float, str]] = []
        self._seconds = seconds
        self._invents = invents
        self._committed: dict[ScriptedChannel, int] = {}
        end = 0.0
        for sound in sounds:
            end += len(sound.pcm) / 32_000
            if sound.word:
                self._words.append((end, sound.word))

    @property
    def all_words(self) -> str:
        return " ".join(word for _, word in self._words)

    def __call__(self, channel: ScriptedChannel, event: client.ClientEvent) -> None:
        if isinstance(event, client.InputAudioBufferCommit):
            sent = (channel.audio_bytes - self._committed.get(channel, 0)) / BYTES_PER_SECOND
            self._committed[channel] = channel.audio_bytes
            text = " ".join(word for end, word in self._words if end <= sent + 0.01)
            text = text if self._invents is None else self._invents()
            channel.says(*transcribed(text, new_id()), after=self._seconds)


@dataclass(frozen=True)
class Cost:
    """Of one command. `words`: spoken ones, each of which may be followed by a pause."""

    text: str
    words: int
    requests: int
    sessions: int
    sent: float
    recorded: float

    def exceeded(self, *, pauses: int | None = None) -> list[str]:
        """Which bounds are broken; `pauses`: real ones, if not after every word."""
        most = 1 + (self.words if pauses is None else pauses) + EXTRA_REQUESTS
        found = []
        if self.requests > most:
            found.append(f"{self.requests} transcriptions, {most} at most")
        if self.sessions > SESSIONS:
            found.append(f"{self.sessions} sessions")
        if self.sent > MOST_AUDIO * self.recorded + _HELD_BACK:
            found.append(f"{self.sent:.1f} s sent of {self.recorded:.1f} s recorded")
        return found


def cost(
    sounds: Sequence[Sound], script: Script, *, server_ends: bool = False, longest: float = 60.0
) -> Cost:
    """One command in virtual real time."""
    result: Cost = run(_cost(sounds, script, server_ends=server_ends, longest=longest))
    return result


async def _cost(sounds: Sequence[Sound], script: Script, *, server_ends: bool, longest: float) -> Cost:
    settings = Settings(recognition=Recognition(requires_external_vad=not server_ends, longest_turn=longest))
    audio = b"".join(sound.pcm for sound in sounds)
    async with scripted_service(script, settings) as running:
        async with running.service.recognize(RecognitionRequest("test")) as utterance:
            utterance.begin(MICROPHONE)
            for at in range(0, len(audio), CHUNK):
                utterance.write(audio[at : at + CHUNK])
                await asyncio.sleep(0.01)
            utterance.finish()
            last = [result async for result in utterance.results()][-1]
        assert isinstance(last, RecognitionResult)
        (turn,) = running.turns
        used = sum(channel.audio_bytes > 0 for channel in running.channels)
    words = sum(bool(sound.word) for sound in sounds)
    return Cost(last.text, words, turn.requests, used, turn.sent_seconds, turn.audio_seconds)
