"""Pictures of the page for its documentation: `python -m tests.page.screenshots` writes them anew.

They show the real program. What was heard, said and spent before is made up, and lies in its state.
"""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tests.page.pages import page
from tests.support.browser import Browser, Look, Tab, running_browser
from tests.support.house import house
from tests.support.word_engines import word_engines
from tests.support.word_sounds import sound_of
from wyoming_azure_realtime.accounting.history import RememberedCost, RememberedTurn, Seconds
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile
from wyoming_azure_realtime.accounting.store import Amounts, Changes, KeptTurn, Key
from wyoming_azure_realtime.audio.pcm import REALTIME, wav_header
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade
from wyoming_azure_realtime.observe import TurnKind

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 120_000

DESKTOP = Look(width=1180, height=780)
PHONE = Look(width=390, height=780, scale=1.5)
COST = {"currency": "EUR", "rate": 0.9, "day": 0.5, "month": 6, "action": "cheaper"}
SENTENCE = "Turn on the kitchen light."
SAID = "Turn on the kitchen lights."
ANSWER = "Sure. The kitchen light is on. What would you like me to do with the lamps?"


def turns(chance: random.Random, now: float) -> list[RememberedTurn]:
    """Those of the last hours, the oldest first."""
    found = []
    at = now - 20 * 3600
    while at < now - 40:
        night = time.localtime(at).tm_hour < 6
        at += chance.expovariate(1 / (4000 if night else 75))
        slow = 1 + 0.5 * chance.random() ** 4
        heard = Seconds(
            audio=(length := chance.uniform(1.4, 3.4)),
            total=length + 0.45 * slow,
            end_of_speech=length - 0.35,
            input_end=length,
            draft=length - 0.2,
            first_result=length + 0.2,
            result=length + chance.uniform(0.2, 0.45) * slow,
        )
        found.append(turn("recognition", at, heard, "gpt-4o-transcribe", 0.00036 * length))
        wait = chance.uniform(0.5, 0.9) * slow
        if chance.random() < 0.3:
            answered = Seconds(audio=0.0, total=wait, first_result=wait)
            found.append(turn("answer", at + length + 0.5, answered, "gpt-realtime", 0.0021))
        first = chance.uniform(0.32, 0.5) * slow
        said = chance.uniform(1.5, 5.0)
        spoken = Seconds(audio=said, total=first + said / 3, first_result=first, result=first + said / 3)
        found.append(turn("synthesis", at + length + 1, spoken, "gpt-realtime", 0.0009 * said))
    return [one for one in found if one.started_at < now - 10]


def turn(kind: TurnKind, at: float, seconds: Seconds, model: str, cost: float) -> RememberedTurn:
    rounded = {name: value and round(value, 3) for name, value in msgspec.structs.asdict(seconds).items()}
    return RememberedTurn(
        id=f"{at:.0f}{kind[:1]}",
        kind=kind,
        door="wyoming",
        target="first",
        model=model,
        voice="alloy" if kind == "synthesis" else "",
        language="en",
        started_at=at,
        outcome="completed",
        attempts=1,
        error="",
        cost=RememberedCost(round(cost, 6), "EUR", estimated=False),
        seconds=Seconds(**rounded),
        mismatches=0,
    )


async def remember(path: Path) -> None:
    """Write a month and a day into a state."""
    chance, now = random.Random(7), time.time()
    changes = Changes()
    for ago in range(31):
        day = str(date.fromtimestamp(now) - timedelta(days=ago))
        share = chance.uniform(0.3, 0.5) if ago == 0 else chance.uniform(0.6, 1.5)
        for kind, model, dollars in (
            ("synthesis", "gpt-realtime", 0.11),
            ("answer", "gpt-realtime", 0.03),
            ("recognition", "gpt-4o-transcribe", 0.04),
            ("recognition", "gpt-4o-mini-transcribe", 0.012),
        ):
            amounts = Amounts(nanodollars=round(dollars * share * 1e9), requests=round(40 * share))
            changes.add(Key(day, kind, "azure_openai", model), amounts)
    for one in turns(chance, now)[-180:]:
        changes.turns.append(KeptTurn(one.id, one.started_at, msgspec.json.encode(one).decode()))
    place = SqliteFile(path)
    await place.write(changes, time.strftime("%Y-%m"), now)
    await place.close()


async def hear(tab: Tab) -> None:
    """Let some voices speak."""
    await tab.write("#hear-text", SENTENCE)
    for voice in ("alloy", "ash", "ballad"):
        await tab.click(f"[data-voice='{voice}'] button.round")
        await tab.until(f"document.querySelector(\"[data-voice='{voice}'] button.quiet\").disabled === false")


async def listen(tab: Tab) -> None:
    """Speak into the microphone."""
    await tab.click("#tab-listen button.big")
    await tab.until("document.querySelector('#tab-listen .length').dataset.seconds >= 3")


async def talk(tab: Tab) -> None:
    """Talk until something was said twice."""
    await tab.click("#tab-talk button.big")
    await tab.until("document.querySelectorAll('#tab-talk .said.house p:not(.partial)').length >= 2")


async def keep(tab: Tab, name: str) -> None:
    """Save what is seen."""
    await tab.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    await tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    picture = await tab.picture()
    assert len(picture) < MOST_BYTES, (name, len(picture))
    (IMAGES / f"{name}.png").write_bytes(picture)
    print(f"{name}: {len(picture)} bytes")


async def good(browser: Browser, folder: Path) -> None:
    """A house in which all is well."""
    state = folder / "state.sqlite"
    await remember(state)
    hearing = sink_engines((SAID,)).recognizer
    engines = replace(word_engines(), recognizer=hearing, answers=TableAnswers({"otherwise": ANSWER}))
    async with house(targets=2, cost=COST, state=str(state), engines=engines) as home:
        address = await home.program.http()
        await home.http.speak(SENTENCE)
        await home.http.hear(sound_of("turn on the kitchen lights"), fmt=REALTIME)
        for name in ("status", "turns", "load", "cost"):
            async with page(browser, address, name, DESKTOP) as tab:
                await tab.until(f"document.querySelector('#tab-{name} .card')")
                await keep(tab, f"page-{name}")
        async with page(browser, address, "hear", DESKTOP) as tab:
            await hear(tab)
            await keep(tab, "page-hear")
        async with page(browser, address, "listen", DESKTOP) as tab:
            await listen(tab)
            await keep(tab, "page-listen")
        async with page(browser, address, "load", Look(width=1180, height=780, dark=True)) as tab:
            await tab.until("document.querySelector('#tab-load path.series')")
            await keep(tab, "page-dark")
        async with page(browser, address, "turns", PHONE) as tab:
            await tab.until("document.querySelector('#tab-turns .turn')")
            await keep(tab, "page-phone")
        async with page(browser, address, "talk", DESKTOP) as tab:
            await talk(tab)
            await keep(tab, "page-talk")


async def failing(browser: Browser) -> None:
    """A house whose cloud refuses the key."""
    async with house(faults=Faults(refused_upgrade=RefusedUpgrade(status=401))) as home:
        look = Look(width=1180, height=620)
        async with page(browser, await home.program.http(), look=look) as tab:
            await tab.until("document.querySelector('#tab-status .trouble')")
            await keep(tab, "page-failing")


async def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        pcm = sound_of("turn on the kitchen lights") * 4
        microphone = folder / "microphone.wav"
        pcm += bytes(4 * REALTIME.bytes_per_second)
        microphone.write_bytes(wav_header(REALTIME, len(pcm)) + pcm)
        browser = stack.enter_context(running_browser(folder, microphone))
        await good(browser, folder)
        await failing(browser)


if __name__ == "__main__":
    asyncio.run(main())
