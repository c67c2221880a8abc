"""Conversations in which three of ten commands are not asked about, while the service fails ever so often.

Several satellites of one Home Assistant speak, ask and listen at the same time. Nothing may come of what is
not asked about, nothing may be done twice, no wrong word spoken, and every request answered. Run with
`python -m tests.long.prepared --turns 1000`; with `--latency 10` it measures instead how long people wait.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from tests.support.assist import Assist
from tests.support.figures import median, say, spread, verdict
from tests.support.word_engines import WordVoice
from tests.support.word_sounds import VOCABULARY, words_in, words_of
from tests.support.wyoming_events import PCM_16K, vowel
from tests.support.wyoming_peer import wyoming_door
from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.emulator.engines import (
    Answer,
    AnswerRequest,
    EngineHints,
    Engines,
    FunctionCall,
)
from wyoming_azure_realtime.emulator.faults import (
    Delay,
    Disconnect,
    Failure,
    Fault,
    Faults,
    RefusedUpgrade,
    Shortened,
    Stall,
    WrongWords,
)
from wyoming_azure_realtime.settings.model import Deadlines, History, HomeConversation, Settings

SHARE = 0.05
CHANGE_SECONDS = 0.25
COMMANDS = 20
NEVER_ASKED = frozenset({2, 5, 9, 12, 16, 19})
"""Commands that Home Assistant understands by itself: three in ten."""

DEADLINE = 8.0
LATE = 5.0
"""Seconds that an answer may take, and that a busy machine may be late with it."""

_SHORTEST_MS, _STEP_MS, _QUIET_MS = 600, 60, 800
_FRAME = REALTIME.rate // 100
_TEXTS = tuple(f"{VOCABULARY[number]} {VOCABULARY[number + 100]}" for number in range(COMMANDS))


def sound_of(command: int) -> bytes:
    """It is told by its length."""
    return bytes(32 * 100) + vowel(_SHORTEST_MS + command * _STEP_MS) + bytes(32 * _QUIET_MS)


def acts(command: int) -> bool:
    """Whether it is something to be done."""
    return command % 4 == 0


def answer_to(command: int, words: int = 10) -> str:
    """What the model says to it, or what is said when it was done."""
    chosen = random.Random(command).sample(VOCABULARY, words)
    return f"{' '.join(chosen).capitalize()}."


class _Utterance:
    """Which command it is, by how long somebody speaks."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._ended = asyncio.Event()

    def feed(self, pcm: bytes) -> None:
        """Keep it."""
        self._pcm += pcm

    async def partials(self) -> AsyncGenerator[str, None]:
        """None."""
        await self._ended.wait()
        for partial in list[str]():
            yield partial

    async def finish(self) -> str:
        """The command's text; another one where a part is missing."""
        self._ended.set()
        samples = np.frombuffer(bytes(self._pcm), "<i2").astype(np.float64)
        frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
        spoken = 10 * int((np.sqrt((frames**2).mean(axis=1)) > 500).sum()) if len(frames) else 0
        command = round((spoken - _SHORTEST_MS) / _STEP_MS)
        return _TEXTS[command] if 0 <= command < COMMANDS else ""


class _Hearing:
    @asynccontextmanager
    async def utterance(self, hints: EngineHints) -> AsyncIterator[_Utterance]:
        """One more."""
        yield _Utterance()


@dataclass
class _Model:
    """Answers every command. `leaked`: commands that nobody asked about and that it was told later."""

    words: int = 10
    leaked: list[str] = field(default_factory=list)

    async def answer(self, request: AnswerRequest) -> Answer:
        """By a table."""
        asked = request.question
        never = {_TEXTS[command] for command in NEVER_ASKED}
        self.leaked += [item.text for item in asked.earlier if item.text in never]
        command = _TEXTS.index(asked.text)
        said = answer_to(command, self.words)
        if not acts(command):
            return Answer(said)
        return Answer("", (FunctionCall("HassTurnOn", {"say": said, "name": f"Lamp {command}"}),))

    def reads_aloud(self, instructions: str) -> bool | None:
        """As the emulator thinks."""
        return None


def trouble(chance: random.Random) -> Faults:
    """Every fault at its share."""
    somewhere = chance.randint(50, 1500)
    limited = "Rate limit reached. Please try again in 1s."
    return Faults(
        seed=chance.randrange(2**32),
        transcript_ms=20,
        first_token_ms=chance.choice((0, 50, 300)),
        tokens_per_second=chance.choice((0, 200)),
        refused_upgrade=RefusedUpgrade(status=503, probability=SHARE),
        closed_after_commit=Disconnect(code=1006, probability=SHARE),
        delayed_transcript=Delay(ms=700, probability=SHARE),
        failed_transcript=Failure(message="The recogniser gave up.", probability=SHARE),
        silent_response=Fault(probability=SHARE / 5),
        closed_response=Disconnect(code=1006, after_ms=somewhere, probability=SHARE),
        silent_audio=Stall(after_ms=somewhere, probability=SHARE / 5),
        failed_response=Failure(
            type="tokens", code="rate_limit_exceeded", message=limited, probability=SHARE
        ),
        error_in_response=Failure(probability=SHARE),
        shortened_response=Shortened(after_ms=somewhere, probability=SHARE),
        wrong_words=WrongWords(how="any", probability=SHARE),
    )


@dataclass
class Turns:
    """What came of them."""

    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    misspoken: list[tuple[str, str]] = field(default_factory=list)

    async def one(self, house: Assist, satellite: str) -> None:
        """Somebody speaks, Home Assistant asks or does not, and speaks."""
        command = self.chance.randrange(COMMANDS)
        self.counts["turns"] += 1
        async with house.speaking(sound_of(command)) as peer:
            await asyncio.sleep(self.chance.choice((0.0, 0.2, 0.6)))
            await peer.send("audio-stop")
            while (event := await peer.event()) is not None and event.type not in ("transcript", "error"):
                pass
        if event is None or event.type == "error" or event.data["text"] != _TEXTS[command]:
            self.counts["not recognized"] += 1
            return
        if command in NEVER_ASKED:
            self.counts["not asked about"] += 1
            return
        await self._ask(house, satellite, command)

    async def _ask(self, house: Assist, satellite: str, command: int) -> None:
        began = time.monotonic()
        answers = await house.answers_to(_TEXTS[command], satellite)
        self.waits.append(time.monotonic() - began)
        self.counts["asked"] += 1
        if self.waits[-1] > DEADLINE + LATE:
            self.misses.append(f"an answer took {self.waits[-1]:.1f} s")
        if len(answers) != 1 or answers[0].type == "error":
            self.misses.append(f"{len(answers)} answers, {answers[0].type}")
            return
        kind, data = answers[0].type, answers[0].data
        self.counts[kind] += 1
        if kind == "not-handled":
            return
        said = str(data["text"])
        cut = kind == "handled" and said != answer_to(command) and answer_to(command).startswith(said)
        self.counts["cut short"] += cut  # the service has ended it, and it is told as far as it goes
        if (kind == "intent") != acts(command) or not (cut or said == answer_to(command)):
            self.misses.append(f"command {command} was answered by '{said}' ({kind})")
        if kind == "intent" and {one["name"]: one["value"] for one in data["entities"]} != {
            "name": f"Lamp {command}"
        }:
            self.misses.append(f"command {command} did {data['entities']}")
        await self._listen(house, said)

    async def _listen(self, house: Assist, said: str) -> None:
        """Home Assistant asks for the speech, unless it has it in its cache."""
        if self.chance.random() < 0.2:
            return
        async with house.speech_of(said) as peer:
            events = await peer.until("synthesize-stopped")
        if any(event.type == "error" for event in events):
            self.counts["broken off"] += 1
            return
        self.counts["spoken"] += 1
        heard = words_in(b"".join(event.payload or b"" for event in events))
        if heard != words_of(said):
            self.misspoken.append((said, " ".join(heard)))


def engines(model: _Model) -> Engines:
    """Commands by their length, words that can be read back, and the model."""
    return Engines(recognizer=_Hearing(), synthesizer=WordVoice(random.Random(1)), answers=model)


async def run(turns: int, satellites: int, history: int, seed: int = 1) -> list[str]:
    """What was missed. `history`: requests that are remembered; each satellite has its own."""
    say(f"{satellites} satellites, {history} requests remembered:")
    model, chance = _Model(), random.Random(seed)
    deadlines = Deadlines(request=10, transcript=2, first_audio=2, between_audio=1)
    settings = Settings(
        conversation=HomeConversation(history=history, deadline=DEADLINE),
        deadlines=deadlines,
        history=History(texts=True),
    )
    names = [f"Lamp {command}" for command in range(COMMANDS)]
    async with wyoming_door(engines=engines(model), settings=settings, home_names=lambda: names) as door:
        house, done, told = Assist(door), Turns(chance), [0]

        async def speak(satellite: str) -> None:
            while done.counts["turns"] < turns:
                await done.one(house, satellite)

        async def keep_changing() -> None:
            while True:
                door.behind.server.faults = trouble(chance)
                if done.counts["turns"] >= told[0] + 100:
                    told[0] = done.counts["turns"]
                    say(f"{told[0]:5} turns, {len(done.misses)} misses")
                await asyncio.sleep(CHANGE_SECONDS)

        changing = asyncio.create_task(keep_changing())
        await asyncio.gather(*(speak(f"satellite-{number}") for number in range(satellites)))
        changing.cancel()
        door.behind.server.faults = Faults()
        await asyncio.sleep(3.0)
        return report(house, done, model)


async def both(turns: int, satellites: int) -> list[str]:
    """Half of the turns at several satellites, of which no one is thought to go on, half at one that does."""
    return [*await run(turns - turns // 2, satellites, 0), *await run(turns // 2, 1, 10)]


def report(house: Assist, done: Turns, model: _Model) -> list[str]:
    """Figures, and what was missed."""
    say(", ".join(f"{number} {name}" for name, number in done.counts.items()))
    say(f"from a request to its answer: {spread(done.waits)}")
    for kind in ("answer", "synthesis"):
        ends = Counter(("ahead " if turn.prepared else "") + turn.outcome for turn in house.turns(kind))
        say(f"{kind}: {', '.join(f'{number} {name}' for name, number in sorted(ends.items()))}")
    # the best of several wrong attempts is heard if there is no right one, which the log tells
    resorts = Counter(turn.text for turn in house.turns("synthesis") if turn.last_resorts)
    say(f"{sum(resorts.values())} texts were spoken by last resort")
    for said, heard in done.misspoken:
        resorts[said] -= 1
        if resorts[said] < 0:
            done.misses.append(f"'{said}' was spoken as '{heard}'")
    answers = house.answers
    say(f"the service: {answers.done} answers, {answers.cancelled} cancelled, {answers.lost} lost")
    if answers.open:
        done.misses.append(f"{answers.open} answers are still being made")
    if model.leaked:
        done.misses.append(f"{len(model.leaked)} requests that nobody asked about were told the model")
    return done.misses


# --- how long people wait


async def first_sound(house: Assist, command: int) -> float:
    """Seconds from the end of the sound, 0.7 s after that of the speech, to the first of the answer."""
    speech = sound_of(command)[: -32 * (_QUIET_MS - 700)]
    async with house.door.peer() as peer:
        await peer.send("transcribe", {"language": "en"})
        await peer.send("audio-start", PCM_16K)
        began = time.monotonic()
        for at in range(0, len(speech), 320):
            await peer.send("audio-chunk", PCM_16K, speech[at : at + 320])
            await asyncio.sleep(max(0.0, began + (at + 320) / 32_000 - time.monotonic()))
        stopped = time.monotonic()
        await peer.send("audio-stop")
        text = str((await peer.until("transcript"))[-1].data["text"])
    answer = await house.handle(text, "kitchen")
    async with house.speech_of(str(answer["text"])) as peer:
        await peer.until("audio-chunk")
        waited = time.monotonic() - stopped
        await peer.until("synthesize-stopped")
    return waited


async def latency(times: int, words: int, first_audio_ms: float) -> None:
    """With and without answers that are made ahead."""
    for prepare in ("off", "auto"):
        settings = Settings(conversation=HomeConversation(prepare=prepare, history=0))
        slow = Faults(
            transcript_ms=400, first_token_ms=350, tokens_per_second=50, first_audio_ms=first_audio_ms
        )
        model = _Model(words)
        async with wyoming_door(engines=engines(model), settings=settings, faults=slow) as door:
            door.behind.service.warm()
            house, plain = Assist(door), [command for command in range(COMMANDS) if not acts(command)]
            await first_sound(house, 1)
            waits = [await first_sound(house, plain[number % len(plain)]) for number in range(times)]
        say(f"{words} words, prepare: {prepare:4}  {spread(waits)}  (median {median(waits):.2f} s)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--satellites", type=int, default=6)
    parser.add_argument("--latency", type=int, metavar="TIMES", help="measure so many turns each way instead")
    parser.add_argument("--words", type=int, default=10, help="of an answer whose latency is measured")
    parser.add_argument("--first-audio-ms", type=float, default=0.0)
    args = parser.parse_args()
    if args.latency:
        asyncio.run(latency(args.latency, args.words, args.first_audio_ms))
        return 0
    return verdict(asyncio.run(both(args.turns, args.satellites)))


if __name__ == "__main__":
    sys.exit(main())
