"""How well a text goes on in a second rendition, over many texts, voices and cuts.

Run it: python -m tests.audio.continuation_quality [cuts per text]. The truth is espeak-ng's own: it tells
when each phoneme begins. An error is sound that is heard twice (negative) or never (positive); being
elsewhere in the same pause is none. A word is doubled or lost when that happens to more than half of it.
Waiting is what of the rendition had to arrive beyond the place before it was decided.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.support.timed_speech import Rendition, counterpart, rendition
from wyoming_azure_realtime.audio.continuation import Continuation, PlaceFinder
from wyoming_azure_realtime.audio.pcm import REALTIME, duration_ms, silence
from wyoming_azure_realtime.audio.samples import decode

Signal = npt.NDArray[np.float64]

TEXTS = (
    "Okay.",
    "Turned on the kitchen lights.",
    "It is half past seven in the morning.",
    "The washing machine has finished.",
    "No, no, no. I said the bedroom, not the bathroom. The bedroom lights are off.",
    "All the lights are off. All the doors are locked. All the windows are closed. Good night.",
    "Five five five, one two one two, extension five five.",
    "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen.",
    "The front door is locked, the back door is open, and the garage door is closed.",
    "There are three timers running: pasta, four minutes left, laundry, thirty two minutes left, and tea.",
    "I have added milk, bread, eggs, butter, cheese, apples, bananas, and coffee to your shopping list.",
    "Your next appointment is with the dentist on Thursday, the ninth of October, at a quarter to three.",
    "She sells sea shells by the sea shore. The shells she sells are surely sea shells.",
    (
        "Tomorrow will be mostly cloudy with a high of fourteen degrees and a low of six. There is a good "
        "chance of rain in the afternoon, so you may want to take an umbrella."
    ),
    (
        "To make the sauce, melt the butter in a pan over medium heat, add the flour, and stir for two "
        "minutes. Slowly pour in the milk while you keep stirring. When it has thickened, season with salt "
        "and pepper."
    ),
    (
        "Here is a short story. Once upon a time there was a lighthouse keeper who lived alone on a small "
        "rocky island. Every night he climbed the stairs, lit the lamp, and watched the ships go by. One "
        "night the lamp would not light, and he rang the bell until morning, so that no ship was lost."
    ),
)
VOICES = (("en-us", 50), ("en-us+f3", 60), ("en-us+m3", 40), ("en-gb-x-rp", 50))
_AUDIBLE = 10 ** (-42 / 20)
_GRAIN = REALTIME.rate // 200
_PIECE = REALTIME.bytes_per_second // 10


@dataclass(frozen=True)
class Outcome:
    """Milliseconds, but for `wrong` (which word was: lost, doubled or none), `step` and `confidence`."""

    error: float
    wrong: str
    waiting: float
    step: float
    confidence: float
    slowest_feed: float


def signal(pcm: bytes) -> Signal:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def pcm16(samples: Signal) -> bytes:
    return np.rint(samples).clip(-32768, 32767).astype("<i2").tobytes()


def louder(pcm: bytes, decibels: float) -> bytes:
    return pcm16(signal(pcm) * 10 ** (decibels / 20))


def noisy(pcm: bytes, snr_db: float, seed: int = 0) -> bytes:
    """White noise so far below the power of what is speech."""
    speech = signal(pcm)
    power = np.mean(np.square(speech[np.abs(speech) > 200]))
    noise = np.random.default_rng(seed).standard_normal(len(speech))
    return pcm16(speech + noise * np.sqrt(power / 10 ** (snr_db / 10)))


def restless(text: str, seed: int) -> str:
    """Let every word have a tempo, pitch and volume of its own, and pauses their own lengths."""
    chance = random.Random(seed)
    tempo = chance.uniform(0.94, 1.06)
    words = []
    for word in text.split():
        rate, pitch = round(100 * tempo * chance.uniform(0.86, 1.16)), chance.randint(-12, 12)
        volume = chance.randint(-3, 3)
        words.append(f'<prosody rate="{rate}%" pitch="{pitch:+}%" volume="{volume:+}dB">{word}</prosody>')
        if word[-1] in ".,:":
            words.append(f'<break time="{chance.randint(20, 400)}ms"/>')
    return f"<speak>{' '.join(words)}</speak>"


def audible_ms(pcm: bytes, start: float, end: float) -> float:
    """How much of the sound between two times is more than silence."""
    samples = signal(pcm)
    grains = samples[: len(samples) // _GRAIN * _GRAIN].reshape(-1, _GRAIN)
    loud = np.sqrt(np.square(grains).mean(axis=1)) > _AUDIBLE * np.abs(samples).max(initial=1)
    inside = loud[int(start / 5) : int(np.ceil(end / 5))]
    return min(end - start, 5.0 * float(inside.sum()))


def error_ms(fresh: Rendition, truth: tuple[float, float], place: float) -> float:
    """Sound lost by going on at `place` (positive) or doubled (negative)."""
    if place > truth[1]:
        return audible_ms(fresh.pcm, truth[1], place)
    return -audible_ms(fresh.pcm, place, truth[0]) if place < truth[0] else 0.0


def wronged(fresh: Rendition, truth: tuple[float, float], place: float) -> str:
    """Whether more than half of a word is lost or doubled."""
    start, end = (truth[1], place) if place > truth[1] else (place, truth[0])
    for first, last in fresh.words():
        if min(end, last) - max(start, first) > max(20.0, 0.5 * (last - first)):
            return "lost" if place > truth[1] else "doubled"
    return ""


def step_ratio(heard: bytes, rest: bytes) -> float:
    """Return how the step at the seam compares with the largest one within 5 ms of it; over 1 may click."""
    around = np.concatenate((signal(heard[-2 * _GRAIN :]), signal(rest[: 2 * _GRAIN])))
    steps = np.abs(np.diff(around))
    if len(steps) < 2 * _GRAIN - 1:
        return 0.0
    seam = steps[_GRAIN - 1]
    return float(seam / max(np.delete(steps, _GRAIN - 1).max(), 8.0))


def place_ms(fresh: bytes, rest: bytes) -> float:
    """Where in `fresh` it went on with `rest`, in milliseconds."""
    return duration_ms(len(fresh) // 2 * 2 - len(rest))


def confidence(heard: bytes, fresh: bytes) -> float:
    """How sure the place was, 0 to 1."""
    finder, samples = PlaceFinder(decode(heard, REALTIME)), decode(fresh, REALTIME)
    while finder.place is None and len(samples) >= finder.block_size:
        block, samples = np.split(samples, [finder.block_size])
        finder.take(block)
    if finder.place is None:
        finder.finish(samples)
    return finder.confidence


def go_on(heard: bytes, fresh: bytes) -> tuple[bytes, float, float]:
    """Feed by 100 ms; return also how many ms were fed at the decision, and the slowest feed."""
    continuation, rest, decided, slowest = Continuation(heard), b"", duration_ms(len(fresh)), 0.0
    for at in range(0, len(fresh), _PIECE):
        before = time.thread_time()
        out = continuation.feed(fresh[at : at + _PIECE])
        slowest = max(slowest, 1000 * (time.thread_time() - before))
        if out and not rest:
            decided = duration_ms(min(at + _PIECE, len(fresh)))
        rest += out
    rest += continuation.finish()
    return rest, decided, slowest


def outcome(heard: Rendition, cut: float, fresh: Rendition, change: Callable[[bytes], bytes]) -> Outcome:
    truth = counterpart(heard, fresh, cut)
    said = heard.until(cut)
    changed = change(fresh.pcm)
    rest, decided, slowest = go_on(said, changed)
    place = place_ms(changed, rest)
    return Outcome(
        error_ms(fresh, truth, place),
        wronged(fresh, truth, place),
        decided - place,
        step_ratio(said, rest),
        confidence(said, changed),
        slowest,
    )


def unchanged(pcm: bytes) -> bytes:
    return pcm


def after_silence(pcm: bytes) -> bytes:
    return silence(400) + pcm


def situations(
    text: str, voice: str, pitch: int
) -> Iterator[tuple[str, Rendition, Callable[[bytes], bytes]]]:
    same = rendition(text, voice=voice, pitch=pitch)
    yield "the same bytes", same, unchanged
    for seed in (1, 2):
        varied = rendition(restless(text, seed), voice=voice, pitch=pitch)
        yield "same voice and speed", varied, unchanged
    for percent in (-15, -10, 10, 15):
        other = rendition(text, voice=voice, pitch=pitch, speed=1 + percent / 100)
        yield f"tempo {percent:+} %", other, unchanged
    yield "a higher pitch", rendition(text, voice=voice, pitch=pitch + 20), unchanged
    yield "level -6 dB", varied, lambda pcm: louder(pcm, -6)
    yield "level +5 dB", varied, lambda pcm: louder(pcm, 5)
    yield "noise 20 dB below", varied, lambda pcm: noisy(pcm, 20)
    yield "noise 10 dB below", varied, lambda pcm: noisy(pcm, 10)


def cuts(heard: Rendition, count: int, chance: random.Random) -> list[float]:
    """Anywhere, and once in a pause."""
    places = [chance.uniform(50, heard.ms) for _ in range(count)]
    pauses = heard.pauses()
    if pauses:
        pause = chance.choice(pauses)
        places.append(max(50.0, chance.uniform(pause.start, pause.end)))
    return places


def measure(count: int) -> dict[str, list[Outcome]]:
    chance = random.Random(7)
    outcomes: dict[str, list[Outcome]] = {}
    for text in TEXTS:
        for voice, pitch in VOICES:
            heard = rendition(text, voice=voice, pitch=pitch)
            for cut in cuts(heard, count, chance):
                for name, fresh, change in situations(text, voice, pitch):
                    outcomes.setdefault(name, []).append(outcome(heard, cut, fresh, change))
    return outcomes


def unrelated(count: int) -> list[float]:
    """Confidence when the second rendition is of another text."""
    chance = random.Random(8)
    found = []
    for _ in range(count):
        (voice, pitch), (text, other) = chance.choice(VOICES), chance.sample(TEXTS[1:], 2)
        heard = rendition(text, voice=voice, pitch=pitch)
        said = heard.until(chance.uniform(min(600, heard.ms), heard.ms))
        found.append(confidence(said, rendition(other, voice=voice, pitch=pitch).pcm))
    return found


def row(name: str, outcomes: list[Outcome]) -> str:
    errors = np.abs([o.error for o in outcomes])
    share = {wrong: sum(o.wrong == wrong for o in outcomes) / len(outcomes) for wrong in ("lost", "doubled")}
    steps = np.array([o.step for o in outcomes])
    waiting = np.array([o.waiting for o in outcomes])
    return (
        f"{name:21} {len(outcomes):5} {np.median(errors):6.1f} {np.percentile(errors, 95):6.1f} "
        f"{errors.max():6.1f} {share['lost']:8.2%} {share['doubled']:8.2%} {np.median(waiting):6.0f} "
        f"{np.mean(steps > 1):8.2%} {steps.max():5.1f} {min(o.confidence for o in outcomes):6.2f} "
        f"{max(o.slowest_feed for o in outcomes):6.1f}"
    )


def report(count: int) -> Iterator[str]:
    yield (
        f"{'':21} {'cases':>5} {'median':>6} {'p95':>6} {'max ms':>6} {'lost':>8} {'doubled':>8} {'wait':>6} "
        f"{'step > 1':>8} {'max':>5} {'least':>6} {'feed':>6}"
    )
    for name, outcomes in measure(count).items():
        yield row(name, outcomes)
    strange = unrelated(40)
    yield f"another text: confidence median {np.median(strange):.2f}, highest {max(strange):.2f}"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    for line in report(count):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
