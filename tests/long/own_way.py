"""A service that says things its own way, and every answer is spoken all the same, in the words of its text.

Answers of one to five sentences in 25 languages, whole and streamed, several at a time, with the language
told in a third of them. The service reads most pieces as they are, writes what it said in its own way for
some, and answers, refuses, adds, changes, leaves out or breaks off at others: until the second attempt, until
the third, until it is asked in another form, or always. Near the end its quota is spent. What is heard is
read back word by word. Printed is a table with targets: no silent answer, no later sentence lost, few
requests, no long gap, hardly a wrong word.
Run with `python -m tests.long.own_way --requests 2000 --seed 1`; with `--honest` it measures how much later
than a bare client's the first sound of an honest service is heard, and that nothing is asked for twice.
"""

import argparse
import asyncio
import itertools
import math
import random
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec

from tests.support.callers import NoAnswer, connected
from tests.support.figures import median, say, spread, verdict
from tests.support.own_way_judge import Figures, Outcome, WayCount
from tests.support.own_way_model import Answer, Model
from tests.support.own_way_service import own_way_service
from tests.support.own_ways import Shares
from tests.support.program import Program, started
from tests.support.read_texts import UNSPACED, Row, corpus
from tests.support.read_texts import bare as bare_text
from tests.support.realtime_peer import peer
from tests.support.timetables import timetable

ROOT = Path(__file__).parents[2]
OFTEN = {"de": 4, "en": 4, "fr": 2, "es": 2, "it": 2, "nl": 2}
TOKEN_SECONDS = 0.02
LONGEST_GAP = 8.0
RIGHT_REQUESTS, NEVER_REQUESTS = 1.2, 3.0
WRONG_WORDS = 0.001
_TRIES = 30
QUOTA_LASTS = 0.97  # of all answers, if there is another voice afterwards
ADDED_SECONDS = 0.02


Line = tuple[str, str, str, bool]


def lines_of(figures: Figures, local_voice: bool) -> list[Line]:
    """The table: what, how much, the target if there is one, and whether it was met."""
    right, debatable = figures.of("right"), figures.of("debatable")
    later, never = figures.of("right later"), figures.of("never right")
    wrong = len(figures.wrong) / max(1, figures.words)
    # without a local voice, nothing can be heard of an answer that is never right
    silent = figures.silent if local_voice else figures.silent_although
    gap = max(figures.gaps, default=0.0)
    errors = figures.errors.total() - (0 if local_voice else figures.silent - figures.silent_although)
    return [
        ("silent answers", f"{silent} of {figures.answers}", "0", not silent),
        ("later sentences lost", f"{len(figures.lost)}", "0", not figures.lost),
        ("first sentences lost", f"{len(figures.first_lost)}", "0", not figures.first_lost),
        ("error answers", f"{errors}", "0", errors <= 0),
        (
            "requests per piece, words right",
            _per_piece(right),
            f"<= {RIGHT_REQUESTS}",
            right.mean <= RIGHT_REQUESTS,
        ),
        ("requests per piece, words debatable", _per_piece(debatable), "", True),
        (
            "requests per piece, right later",
            _per_piece(later),
            f"<= {NEVER_REQUESTS}",
            later.mean <= NEVER_REQUESTS,
        ),
        (
            "requests per piece, never right",
            _per_piece(never),
            f"<= {NEVER_REQUESTS}",
            never.mean <= NEVER_REQUESTS,
        ),
        ("longest gap between sounds", f"{gap:.1f} s", f"<= {LONGEST_GAP:g} s", gap <= LONGEST_GAP),
        (
            "wrong words heard",
            f"{len(figures.wrong)} of {figures.words}, {wrong * 1000:.2f} in 1,000",
            f"<= {WRONG_WORDS * 1000:g}",
            wrong <= WRONG_WORDS,
        ),
        ("words said twice", f"{len(figures.twice)}", "", True),
        ("words left out", f"{figures.omitted} of {figures.text_words}", "", True),
        ("sentences left out, never right", f"{figures.left_out}", "", True),
        ("answers with another voice", f"{figures.other_voice}", "", True),
        (
            "another voice, although it was right",
            f"{figures.other_needlessly} of {figures.answers}",
            "",
            True,
        ),
        ("first sound, honest, whole", spread(figures.whole), "", True),
        ("first sound, honest, streamed", spread(figures.streamed), "", True),
    ]


def _per_piece(way: WayCount) -> str:
    return f"{way.mean:.2f} ({way.pieces} pieces, at most {way.most})"


def report(figures: Figures, local_voice: bool) -> list[str]:
    """Print it all; what was missed."""
    say(f"{'way':34}{'pieces':>8}{'requests':>10}{'a piece':>9}{'most':>6}{'not heard':>11}")
    for (kind, name), way in sorted(figures.ways.items()):
        counts = f"{way.pieces:8}{way.requests:10}{way.mean:9.2f}{way.most:6}{way.left_out:11}"
        say(f"{f'{kind}: {name}':34}{counts}")
    for title, counted in (
        ("error", figures.errors),
        ("wrong word", Counter(figures.wrong)),
        ("twice", Counter(figures.twice)),
        ("lost", Counter(figures.first_lost + figures.lost)),
    ):
        for what, count in counted.most_common(8):
            say(f"  {title}, {count} times: {what}")
    say()
    misses = []
    for name, value, target, met in lines_of(figures, local_voice):
        say(f"{name:38}{value:62}{target:9}{'' if not target else 'met' if met else 'MISSED'}")
        if not met:
            misses.append(f"{name}: {value}, not {target}")
    return misses


class Texts:
    """Answers to be spoken: no two at a time hold the same row, and none holds one twice."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._in_use: set[str] = set()
        rows = corpus()
        self._languages = list(rows)
        self._weights = [OFTEN.get(language, 1) for language in rows]

    def answer(self, number: int) -> tuple[Answer, random.Random]:
        """One, and the chance for what else is left to it."""
        chance = random.Random(f"{self._seed} {number}")
        languages = chance.choices(self._languages, self._weights)
        if chance.random() < 0.1:
            languages += chance.choices(("en", "de"))
        count = chance.randint(1, 5)
        rows: list[Row] = []
        for tried in itertools.count():
            row = chance.choice(corpus()[chance.choice(languages)])
            if (key := bare_text(row.text)) not in self._in_use:
                self._in_use.add(key)
                rows.append(row)
            if len(rows) == count or (rows and tried > _TRIES):
                break
            if tried > _TRIES:  # all rows of a small language are being spoken
                languages = self._languages
        return Answer(number, tuple(rows), joined(rows)), chance

    def over(self, answer: Answer) -> None:
        """Its rows may be in others."""
        self._in_use -= {bare_text(row.text) for row in answer.rows}


def joined(rows: Iterable[Row]) -> str:
    """As an assistant writes them: one after the other, on lines of their own where marks are missing."""
    text = ""
    for row in rows:
        ended = unicodedata.category(text[-1:] or "L") == "Po"
        space = "" if not text or (ended and row.language in UNSPACED) else " " if ended else "\n"
        text += f"{space}{row.text}"
    return text


async def ask(port: int, outcome: Outcome, language: str = "") -> None:
    """Have it spoken, over a connection of its own."""
    text = outcome.answer.text
    chosen: dict[str, Any] = {"voice": {"language": language}} if language else {}
    try:
        async with connected(port) as line, asyncio.TaskGroup() as tasks:
            if outcome.streamed:
                tasks.create_task(_write(line, text, chosen))
            else:
                await line.send("synthesize", {"text": text, **chosen})
            last = "synthesize-stopped" if outcome.streamed else "audio-stop"
            while (event := await line.event()).type != last:
                if event.type == "audio-chunk":
                    outcome.take(event.payload or b"")
    except* (NoAnswer, OSError) as errors:
        outcome.error = str(errors.exceptions[0])


async def _write(line: Any, text: str, chosen: dict[str, Any]) -> None:
    """As a language model writes."""
    await line.send("synthesize-start", chosen)
    for at in range(0, len(text), 5):
        await line.send("synthesize-chunk", {"text": text[at : at + 5]})
        await asyncio.sleep(TOKEN_SECONDS)
    await line.send("synthesize", {"text": text, **chosen})
    await line.send("synthesize-stop")


@asynccontextmanager
async def program_at(service: str, **settings: Any) -> AsyncIterator[Program]:
    """The program with that service as its only target."""
    target = {"name": "own", "endpoint": service, "service": "azure_openai", "key": "a-key"}
    config = {
        "backend": "azure",
        "listeners": [{"uri": "tcp://127.0.0.1:0"}],
        "http": {"listen": "127.0.0.1:0"},
        "zeroconf": {"enabled": False},
        "targets": [target],
        **settings,
    }
    with TemporaryDirectory() as folder:
        path = Path(folder, "settings.yaml")
        path.write_bytes(msgspec.json.encode(config))  # noqa: ASYNC240
        command = (sys.executable, "-m", "wyoming_azure_realtime", "--config", str(path))
        async with started(*command, cwd=ROOT) as program:
            await program.uri()
            yield program


async def port_of(program: Program) -> int:
    """Where it listens for Wyoming."""
    return int((await program.uri()).rpartition(":")[2])


async def told(program: Program) -> str:
    """What the program itself says about mismatches and last resorts."""
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{await program.http()}/api/speech-realtime/info") as response:
            info: dict[str, Any] = await response.json()
    kept = {name: value for name, value in info.items() if "mismatch" in name or "resort" in name}
    return ", ".join(f"{name}: {value}" for name, value in kept.items())


async def run(
    requests: int, seed: int, lanes: int = 15, fallback: str = "embedded", never: float = 0.01
) -> list[str]:
    """What was missed."""
    model, texts, figures = Model(seed, Shares(never=never)), Texts(seed), Figures()
    numbers = iter(range(requests))
    began, used = time.monotonic(), time.process_time()
    entries = {"tts": [] if fallback == "none" else [fallback]}
    async with own_way_service(model) as service, program_at(service, fallback=entries) as program:
        port = await port_of(program)

        async def lane() -> None:
            for number in numbers:
                answer, chance = texts.answer(number)
                language = answer.rows[0].language if chance.random() < 1 / 3 else ""
                model.quota_spent = fallback == "embedded" and number >= QUOTA_LASTS * requests
                outcome = Outcome(answer, chance.random() < 0.5, time.monotonic())
                model.expect(answer)
                await ask(port, outcome, language)
                figures.add(outcome, model.sounded, may_be_set_aside=model.quota_spent)
                model.forget(answer)
                texts.over(answer)
                if figures.answers % 100 == 0:
                    say(f"{figures.answers:5} answers after {time.monotonic() - began:.0f} s")

        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(lane())
        seconds = time.monotonic() - began
        share = (time.process_time() - used) / seconds
        say(f"{figures.answers} answers in {seconds:.0f} s; this process used {share:.0%} of a core")
        say(f"the program says: {await told(program)}")
        if model.unknown:
            say(f"{model.unknown} requests whose text was in no answer")
        tracebacks = [line for line in program.log if line.startswith("Traceback")]
        return [*report(figures, fallback == "embedded"), *tracebacks]


async def bare(service: str, text: str) -> float:
    """Seconds to the first sound of a response on a session that is open and configured."""
    async with peer(service) as client:
        await client.configure()
        asked = time.monotonic()
        await client.speak(text)
        await client.until("response.output_audio.delta")
        return time.monotonic() - asked


def honest_texts(chance: random.Random, count: int) -> dict[str, list[tuple[Row, ...]]]:
    """Answers of one to three sentences, by language and kind."""
    texts: dict[str, list[tuple[Row, ...]]] = {}
    for language in ("en", "de"):
        rows = corpus()[language]
        figures = [row for row in rows if re.search(r"\d", row.text)]
        plain = [row for row in rows if row not in figures]
        for kind, some in (("plain", plain), ("figures", figures)):
            answers = [tuple(chance.sample(some, chance.randint(1, 3))) for _ in range(count)]
            texts[f"{language}, {kind}"] = answers
        texts[f"{language}, timetables"] = [(timetable(chance, language),) for _ in range(count)]
    return texts


async def run_honest(pairs: int, seed: int) -> list[str]:
    """What was missed, with a service that says what it is asked to, one request after the other."""
    model, misses = Model(seed, Shares(odd=0, debatable=0, later=0, never=0)), list[str]()
    numbers = itertools.count()
    async with own_way_service(model) as service, program_at(service) as program:
        port = await port_of(program)

        async def heard(rows: tuple[Row, ...]) -> tuple[float, Answer]:
            answer = Answer(next(numbers), rows, joined(rows))
            model.expect(answer)
            outcome = Outcome(answer, streamed=False, asked=time.monotonic())
            await ask(port, outcome)
            model.forget(answer)
            return outcome.first if outcome.chunks else math.inf, answer

        async def usual(rows: tuple[Row, ...]) -> float:
            answer = Answer(next(numbers), rows, joined(rows))
            model.expect(answer)
            seconds = await bare(service, answer.text)
            model.forget(answer)
            return seconds

        await heard(corpus()["en"][:3])  # sessions for two pieces are open from now on
        say(f"{'first sound after that of a bare client':44}{'':54}requests a piece")
        for name, answers in honest_texts(random.Random(seed), pairs).items():
            added, pieces, requests = list[float](), 0, 0
            for rows in answers:
                first = await usual(rows)
                later, answer = await heard(rows)
                added.append(later - first)
                pieces += len(answer.pieces)
                requests += sum(piece.requests for piece in answer.pieces)
            say(f"{name:20}{spread(added):70}{requests} for {pieces}")
            if median(added) >= ADDED_SECONDS:
                misses.append(f"{name}: {median(added) * 1000:.0f} ms added, not < {ADDED_SECONDS * 1000:g}")
            if requests > pieces:
                misses.append(f"{name}: {requests} requests for {pieces} pieces")
    return misses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=15, help="answers at a time (default 15)")
    parser.add_argument("--fallback", choices=("embedded", "none"), default="embedded")
    parser.add_argument("--never", type=float, default=0.01, help="share of pieces that are never right")
    parser.add_argument("--honest", action="store_true", help="measure the first sound of an honest service")
    parser.add_argument("--pairs", type=int, default=20, help="answers of each kind, with --honest")
    args = parser.parse_args()
    if args.honest:
        return verdict(asyncio.run(run_honest(args.pairs, args.seed)))
    return verdict(asyncio.run(run(args.requests, args.seed, args.lanes, args.fallback, args.never)))


if __name__ == "__main__":
    sys.exit(main())
