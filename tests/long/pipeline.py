"""An answer is spoken while it is still being written, without a gap, and begins as soon as it can.

Text of twelve sentences arrives one word every 30 ms over Wyoming; the service needs 300 ms to the first
audio, 0.3 s for a second of it, and 300 ms to accept a connection. The first audio is due when one perfectly
timed request for the first piece would give it: when the last character of the piece was sent (for a clause
not before 40 characters were, since no shorter text may be cut at one), plus what a bare realtime client on a
warm session waits for the same piece. It may be 60 ms late, by the median. The sound is played as it comes
and must never fall silent; pauses must be those of the punctuation by 20 %, neighbouring pieces equally loud
by 1 dB, and no step larger than 1.2 times the largest within the words. The same text in one `synthesize`
must not begin later. Run with `python -m tests.long.pipeline`.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
from dataclasses import dataclass, field

from tests.support.callers import connected
from tests.support.eventually import eventually
from tests.support.figures import median, say, spread, verdict
from tests.support.house import KEY, House, house
from tests.support.joined_sound import largest_step, samples_of, stretches
from tests.support.realtime_peer import peer
from tests.support.text_chunks import complete, streamed
from tests.support.word_sounds import VOCABULARY, sound_of, words_in, words_of
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.faults import Faults
from wyoming_azure_realtime.text.pieces import UNSPLIT, Piece
from wyoming_azure_realtime.text.sentences import CLAUSE_PAUSE, SENTENCE_PAUSE

SENTENCES = 12
WORD_SECONDS = 0.03
FAULTS = Faults(handshake_ms=300, first_audio_ms=300, generation_pace=0.3)
LATE, DECIBELS, STEP, PAUSE_SHARE = 0.06, 1.0, 1.2, 0.2
COOL = 1.0  # seconds after which only one warm session is left; each text is streamed after longer
PLAYED_BEHIND = 0.005  # seconds by which sound may come too late unheard
LOUDEST = 1.2  # of what a voice may say it with


@dataclass
class Answer:
    """What was heard of a text, and when. Times are seconds of the monotonic clock."""

    chunks: list[str]
    sent: list[float] = field(default_factory=list)
    first: float = 0.0
    hush: float = 0.0
    pcm: bytearray = field(default_factory=bytearray)

    def take(self, pcm: bytes) -> None:
        """More sound has come; whoever plays it has waited for it if it is late."""
        now = time.monotonic()
        self.first = self.first or now
        self.hush = max(self.hush, now - self.first - len(self.pcm) / REALTIME.bytes_per_second)
        self.pcm += pcm

    def sent_by(self, characters: int) -> float:
        """When that many characters had been sent."""
        length = 0
        for chunk, at in zip(self.chunks, self.sent, strict=True):
            length += len(chunk)
            if length >= characters:
                return at
        return self.sent[-1]


def written(chance: random.Random, sentences: int = SENTENCES) -> str:
    """Sentences of one or two clauses, begun in several ways."""
    told = [chance.choice(OPENINGS)(chance)]
    for _ in range(sentences - 1):
        clause = f", {_words(chance, chance.randint(3, 5)).lower()}" if chance.random() < 0.4 else ""
        told.append(f"{_words(chance, chance.randint(4, 9))}{clause}{chance.choice('..!?')}")
    return " ".join(told)


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.sample(VOCABULARY, count)).capitalize()


# a clause that is worth speaking alone, one that is not, no clause, and next to nothing
OPENINGS = (
    lambda chance: f"{_words(chance, 7)}, {_words(chance, 6).lower()}.",
    lambda chance: f"{_words(chance, 2)}, {_words(chance, 8).lower()}, {_words(chance, 5).lower()}.",
    lambda chance: f"{_words(chance, 6)}.",
    lambda chance: f"{_words(chance, 1)}!",
)


def as_tokens(text: str, *, leading: bool) -> list[str]:
    """Word by word, the space before the word as language models have it, or behind it."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)] if leading else [f"{word} " for word in text.split(" ")]


async def stream(port: int, chunks: list[str]) -> Answer:
    """Have the text spoken while it is written."""
    answer = Answer(chunks)
    async with connected(port) as line, asyncio.TaskGroup() as tasks:

        async def write() -> None:
            await line.send("synthesize-start", {})
            began = time.monotonic()
            for number, chunk in enumerate(chunks):
                await asyncio.sleep(max(0.0, began + number * WORD_SECONDS - time.monotonic()))
                answer.sent.append(time.monotonic())
                await line.send("synthesize-chunk", {"text": chunk})
            await line.send("synthesize", {"text": "".join(chunks)})
            await line.send("synthesize-stop")

        tasks.create_task(write())
        while (event := await line.event()).type != "synthesize-stopped":
            if event.type == "audio-chunk":
                answer.take(event.payload or b"")
    return answer


async def at_once(port: int, text: str) -> Answer:
    """Have the same text spoken in one request."""
    answer = Answer([text], [time.monotonic()])
    async with connected(port) as line:
        await line.ask(text, {})
        while (event := await line.event()).type != "audio-stop":
            if event.type == "audio-chunk":
                answer.take(event.payload or b"")
    return answer


async def bare(home: House, text: str) -> float:
    """Seconds to the first audio of a response on a session that is open and configured."""
    async with peer(home.server.url, additional_headers={"api-key": KEY}) as client:
        await client.configure()
        asked = time.monotonic()
        await client.speak(text)
        await client.until("response.output_audio.delta")
        return time.monotonic() - asked


def flaws(pieces: list[Piece], answer: Answer) -> list[str]:
    """What a listener would object to."""
    samples, words = samples_of(bytes(answer.pcm)), words_of(" ".join(piece.text for piece in pieces))
    sounds = stretches(samples)
    found = [] if words_in(bytes(answer.pcm)) == words else ["the words are not those of the text"]
    if answer.hush > PLAYED_BEHIND:
        found.append(f"it fell silent for {answer.hush * 1000:.0f} ms")
    levels = [sound.level for sound in sounds]
    apart = max((abs(one - other) for one, other in itertools.pairwise(levels)), default=0.0)
    if apart > DECIBELS:
        found.append(f"neighbours are {apart:.1f} dB apart")
    within = max(largest_step(samples_of(sound_of(word))) for word in set(words)) * LOUDEST
    if largest_step(samples) > STEP * within:
        found.append(f"a step of {largest_step(samples):.0f}, within words {within:.0f}")
    pauses = [sound.pause for sound in sounds[:-1]]
    wanted = [CLAUSE_PAUSE if piece.text.endswith(",") else SENTENCE_PAUSE for piece in pieces[:-1]]
    if len(pauses) != len(wanted) or any(
        abs(pause / right - 1) > PAUSE_SHARE for pause, right in zip(pauses, wanted, strict=False)
    ):
        found.append(f"pauses of {_ms(pauses)} for {_ms(wanted)}")
    return found


def _ms(seconds: list[float]) -> str:
    return f"{' '.join(f'{one * 1000:.0f}' for one in seconds)} ms"


class Run:
    """Texts of one house; `misses` is what contradicts the criterion."""

    def __init__(self, home: House) -> None:
        self._home = home
        self._chance = random.Random(17)
        self.late: list[float] = []
        self.plain: list[float] = []
        self.sooner: list[float] = []
        self.misses: list[str] = []

    async def one(self, number: int) -> None:
        """One text, streamed and at once."""
        text = written(self._chance)
        chunks = as_tokens(text, leading=number % 2 == 0)
        pieces = streamed(chunks)
        piece = pieces[0].text
        usual = median([await bare(self._home, piece) for _ in range(3)])
        answer = await stream(self._home.wyoming.port, chunks)
        due = answer.sent_by(max(len(piece), UNSPLIT if piece.endswith(",") else 0)) + usual
        self.late.append(answer.first - due)
        plain = await at_once(self._home.wyoming.port, text)
        self.plain.append(plain.first - plain.sent[0] - usual)
        self.sooner.append((answer.first - answer.sent[0]) - (plain.first - plain.sent[0]))
        for name, heard, parts in (("streamed", answer, pieces), ("at once", plain, complete(text))):
            self.misses += [f"text {number}, {name}: {flaw}" for flaw in flaws(parts, heard)]
        seconds, silent = len(answer.pcm) / REALTIME.bytes_per_second, max(0.0, answer.hush)
        say(
            f"text {number:2}: first piece {len(piece)} characters, {seconds:.1f} s of sound, silent for "
            f"{silent * 1000:.0f} ms; first audio after due: streamed {self.late[-1] * 1000:.0f} ms, "
            f"at once {self.plain[-1] * 1000:.0f} ms"
        )

    def judge(self) -> None:
        """Times, by the median: single ones are the machine's."""
        say(f"streamed, first audio after due: {spread(self.late)}")
        say(f"at once, first audio after due:  {spread(self.plain)}")
        for name, late in (("streamed", self.late), ("at once", self.plain)):
            if median(late) > LATE:
                self.misses.append(f"{name}: first audio {median(late) * 1000:.0f} ms after due")
        if min(self.sooner) < 0:
            self.misses.append(f"at once begins {-min(self.sooner) * 1000:.0f} ms later than streamed")


async def run(texts: int) -> list[str]:
    """What was missed."""
    async with house(faults=FAULTS, pool={"max_idle": COOL}) as home:
        await eventually(lambda: home.open_sessions >= 2)
        pipeline = Run(home)
        for number in range(texts):
            await pipeline.one(number)
        pipeline.judge()
        return [*pipeline.misses, *home.tracebacks()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=10)
    return verdict(asyncio.run(run(parser.parse_args().texts)))


if __name__ == "__main__":
    sys.exit(main())
