"""The page in a real browser, over the real program: what each of its tabs is for."""

import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.page.pages import SPOKEN, TABS, findings, page, turn_to
from tests.support.browser import PHONE, Browser, Look, Tab
from tests.support.house import House, house
from tests.support.word_engines import NO_DRAFTS
from tests.support.word_sounds import sound_of
from wyoming_azure_realtime.audio.pcm import REALTIME, wav_header

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "Turn on the kitchen light."
GERMAN = Look(languages="de-DE,de,en")


@dataclass(frozen=True)
class Home:
    """A running house, and where its page is."""

    house: House
    address: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    """Two targets, of which the first answers, and what may be spent in a day."""
    state = tmp_path_factory.mktemp("state") / "state.sqlite"
    cost = {"currency": "EUR", "rate": 0.9, "day": 0.5, "action": "cheaper"}
    async with house(targets=2, cost=cost, state=str(state), recognition=NO_DRAFTS) as running:
        yield Home(running, await running.program.http())


def card(voice: str) -> str:
    return f"[data-voice='{voice}']"


async def heard(tab: Tab, voice: str) -> str:
    """What the card of a voice says when all of its speech is there."""
    saved = f"{card(voice)} button[aria-label^='Save']"
    await tab.until(f"document.querySelector({saved!r})?.disabled === false")
    return await tab.text(f"{card(voice)} .figures")


async def test_the_status_says_what_is_so_as_soon_as_it_changes(home: Home, browser: Browser) -> None:
    async with page(browser, home.address) as tab:
        await home.house.http.speak(TEXT)
        await home.house.http.hear(sound_of(SPOKEN), fmt=REALTIME)
        await tab.until("document.querySelector('#tab-status .target').innerText.includes('Good since')")
        assert await tab.text("#overall") == "All is well"
        assert "gpt-realtime" in await tab.text("#tab-status .facts")


async def test_a_voice_is_heard_from_its_first_sound_on(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "hear") as tab:
        await tab.write("#hear-text", TEXT)
        await tab.click(f"{card('marin')} button.round")
        assert "first sound" in await heard(tab, "marin")
        assert await tab.until("window.heardLevel > 0.05")
        await tab.until(f"!document.querySelector(\"{card('marin')}\").matches('.speaking')")
        assert any(address.endswith("/synthesize/stream") for address in tab.addresses)


async def test_one_click_lets_all_voices_speak_and_another_stops_them(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "hear") as tab:
        await tab.write("#hear-text", "Sure.")
        await tab.click("#tab-hear .card > .row button.primary")
        for voice in ("alloy", "ash"):
            assert "first sound" in await heard(tab, voice)
        await tab.click("#tab-hear .card > .row button:not(.primary)")
        await tab.until("document.querySelectorAll('.speaking').length === 0")
        before = len(tab.addresses)
        await tab.evaluate("new Promise((done) => setTimeout(done, 200))")
        assert len(tab.addresses) <= before + 1  # one may ask what happened


async def test_what_was_heard_is_saved_as_a_wav_file(home: Home, browser: Browser, tmp_path: Path) -> None:
    async with page(browser, home.address, "hear") as tab:
        await tab.save_into(tmp_path)
        await tab.write("#hear-text", TEXT)
        await tab.click(f"{card('cedar')} button.round")
        await heard(tab, "cedar")
        await tab.click(f"{card('cedar')} button[aria-label^='Save']")
        with wave.open(str(await tab.saved(tmp_path / "cedar.wav"))) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
            assert sound.getnframes() > 24_000


async def test_a_voice_made_the_default_is_it_for_everybody(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "hear") as tab:
        await tab.click(f"{card('verse')} button[aria-label^='Make']")
        await tab.until(f"document.querySelector(\"{card('verse')}\").matches('.chosen')")
        async with page(browser, home.address) as other:
            assert "verse" in await other.text("#tab-status .facts")


async def test_speech_faster_than_usual_is_asked_for(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "hear") as tab:
        await tab.write("#hear-text", TEXT)
        await tab.evaluate(
            "(() => { const speed = document.getElementById('hear-speed'); speed.value = '1.5';"
            "speed.dispatchEvent(new Event('input')); })()"
        )
        await tab.click(f"{card('ballad')} button.round")
        assert "first sound" in await heard(tab, "ballad")
        assert "1.5×" in await tab.text("#tab-hear label[for='hear-speed']")  # noqa: RUF001


async def test_what_the_microphone_hears_becomes_text(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "listen") as tab:
        await tab.click("#tab-listen button.big")
        await tab.until("document.querySelector('#tab-listen .length').dataset.seconds >= 4")
        await tab.click("#tab-listen button.big.on")
        text = await tab.until("document.querySelector('.heard.final')?.innerText")
        assert set(SPOKEN.split()) <= set(text.split())
        assert await tab.evaluate("document.querySelector('#tab-listen .texts').children.length") == 1


async def test_a_file_is_heard_as_well(home: Home, browser: Browser, tmp_path: Path) -> None:
    pcm = sound_of("open the window")
    sound = tmp_path / "spoken.wav"
    sound.write_bytes(wav_header(REALTIME, len(pcm)) + pcm)
    async with page(browser, home.address, "listen") as tab:
        await tab.choose_file("#listen-file", sound)
        text = await tab.until("document.querySelector('.heard.final')?.innerText")
        assert text.split()[:3] == ["open", "the", "window"]


async def test_turns_appear_while_they_happen(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "turns") as tab:
        count = "document.querySelectorAll('#tab-turns .turn').length"
        before = await tab.evaluate(count)
        await home.house.http.speak(TEXT)
        await home.house.http.hear(sound_of(SPOKEN), fmt=REALTIME)
        await tab.until(f"{count} >= {before + 2}")
        recognition = "document.querySelector('#tab-turns .turn.recognition')?.innerText"
        newest = await tab.until(f"({recognition} ?? '').includes('transcript at') && {recognition}")
        assert "target first" in newest
        assert "first sound at" in await tab.text("#tab-turns .turn.synthesis")
        await tab.click("#tab-turns input[value='synthesis']")
        assert await tab.evaluate("document.querySelector('#tab-turns .recognition')") is None


async def test_turns_can_be_forgotten(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, "turns") as tab:
        await home.house.http.speak(TEXT)
        await tab.until("document.querySelector('#tab-turns .turn')")
        for _ in range(2):
            await tab.click("#tab-turns button.quiet")
        await tab.until("!document.querySelector('#tab-turns .turn')")
        async with page(browser, home.address, "turns") as other:
            await other.until("!document.querySelector('#tab-turns .empty').hidden")


async def test_latency_is_drawn_and_told_in_a_table(home: Home, browser: Browser) -> None:
    await home.house.http.speak(TEXT)
    async with page(browser, home.address, "load") as tab:
        plot = "#tab-load figure:nth-of-type(2)"
        await tab.until(f"document.querySelector('{plot} path.series')")
        assert " s" in await tab.text(f"{plot} .legend-line")
        await tab.click(f"{plot} summary")
        await tab.until(f"document.querySelectorAll('{plot} tbody tr').length > 0")
        await tab.click("#tab-load input[value='day']")
        await tab.until(
            f"document.querySelector('{plot} svg')?.getAttribute('aria-label').includes('latest')"
        )


async def test_what_was_spent_is_told_with_its_limit(home: Home, browser: Browser) -> None:
    await home.house.http.speak(TEXT)
    async with page(browser, home.address, "cost") as tab:
        tile = "document.querySelector('#tab-cost .tile .amount')"
        assert await tab.until(f"/€0[.]0*[1-9]/.test({tile}?.innerText) && {tile}.innerText")
        assert "of €0.50" in await tab.text("#tab-cost .limit")
        assert "gpt-realtime" in await tab.text("#tab-cost .shares:last-of-type") + await tab.text(
            "#tab-cost"
        )


async def test_everybody_can_use_every_tab(home: Home, browser: Browser) -> None:
    await home.house.http.speak(TEXT)
    async with page(browser, home.address) as tab:
        for name in TABS:
            await turn_to(tab, name)
            assert await findings(tab) == [], name


async def test_everything_can_be_read_in_the_dark(home: Home, browser: Browser) -> None:
    await home.house.http.speak(TEXT)
    async with page(browser, home.address, look=Look(dark=True)) as tab:
        for name in TABS:
            await turn_to(tab, name)
            assert await findings(tab, "color-contrast") == [], name


async def test_nothing_is_wider_than_a_phone(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, look=PHONE) as tab:
        for name in TABS:
            await turn_to(tab, name)
            width = await tab.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE.width, name


REACHABLE = """[...document.querySelectorAll("a, button, input, select, textarea, summary")].filter(
  (element) => element.checkVisibility() && !element.disabled
    && !(element.type === "radio" && !element.checked))"""
MISSED = f"{REACHABLE}.filter((element) => !window.reached.has(element)).map(({{ outerHTML }}) => outerHTML)"


async def test_the_keyboard_reaches_everything(home: Home, browser: Browser) -> None:
    async with page(browser, home.address) as tab:
        await tab.evaluate(
            "window.reached = new Set();"
            "addEventListener('focusin', ({ target }) => window.reached.add(target)); true"
        )
        for name in TABS:
            await turn_to(tab, name)
            await tab.evaluate("window.reached = new Set(); document.activeElement.blur()")
            for _ in range(await tab.evaluate(f"{REACHABLE}.length") + 2):
                await tab.press("Tab")
            assert await tab.evaluate(MISSED) == [], name


async def test_the_keyboard_turns_to_another_tab(home: Home, browser: Browser) -> None:
    async with page(browser, home.address) as tab:
        await tab.evaluate("document.querySelector('nav a[href=\"#cost\"]').focus()")
        await tab.press("Enter")
        await tab.until("!document.getElementById('tab-cost').hidden")
        assert await tab.evaluate("document.activeElement.id") == "cost-heading"


async def test_it_speaks_german_where_the_browser_does(home: Home, browser: Browser) -> None:
    async with page(browser, home.address, look=GERMAN) as tab:
        assert await tab.evaluate("document.documentElement.lang") == "de"
        assert "Läuft alles?" in await tab.text("#tab-status")
        await tab.evaluate(
            "(() => { const choice = document.getElementById('language'); choice.value = 'en';"
            "choice.dispatchEvent(new Event('change')); })()"
        )
        await tab.until("document.documentElement.lang === 'en' && document.querySelector('#tab-status h2')")
        assert "Is it working?" in await tab.text("#tab-status")
