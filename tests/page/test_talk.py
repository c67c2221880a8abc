"""The tab Talk in a real browser: heard, answered by sound, interrupted."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.page.pages import SPOKEN, page
from tests.support.browser import Browser, Tab
from tests.support.house import house
from tests.support.http_door import http_door
from tests.support.word_engines import word_engines
from tests.support.word_sounds import sound_of
from wyoming_azure_realtime.audio.pcm import REALTIME, wav_header
from wyoming_azure_realtime.emulator.answer_table import TableAnswers
from wyoming_azure_realtime.settings.model import Settings, Talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

BIG, INTERRUPT = "#tab-talk button.big", "#tab-talk button.big + button"
ANSWERS = {
    "answers": [{"heard": "/window/", "text": "Sure."}],
    # 12 seconds of speech, so that it is interrupted by what the microphone hears every six
    "otherwise": "Let me look in the kitchen: the window is open and the light is off. What would you like? "
    * 3,
}
HEARS = f"(text) => {SPOKEN.split()}.every((word) => text.includes(word))"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(browser: Browser) -> AsyncIterator[str]:
    """Of the page of a house whose model has much to say."""
    engines = replace(word_engines(), answers=TableAnswers(ANSWERS))
    async with house(engines=engines, state="off") as home:
        yield await home.program.http()


async def told(tab: Tab, kind: str, more: str = "true") -> dict[str, int]:
    """Wait for the first message of this type of which `more` is true as well."""
    found = await tab.until(f"got.find((message) => message.type === {kind!r} && {more})")
    return dict(found)


async def test_somebody_talks_is_answered_by_sound_and_interrupts(address: str, browser: Browser) -> None:
    async with page(browser, address, "talk") as tab:
        await tab.click(BIG)
        await told(tab, "heard", f"({HEARS})(message.text)")
        await tab.until(
            "[...document.querySelectorAll('#tab-talk .said.you p')]"
            f".some((said) => !said.matches('.partial') && ({HEARS})(said.innerText))"
        )
        await tab.until("window.heardLevel > 0.05")
        played = "sent.some(({ type, answer }) => type === 'played' && answer === message.answer)"
        await told(tab, "audio-stop", f"message.interrupted && {played}")
        await tab.until(
            "[...document.querySelectorAll('#tab-talk .said.house')]"
            ".some(({ innerText }) => innerText.includes('interrupted') && innerText.includes('Let me look'))"
        )
        await tab.click(BIG)
        await tab.until("!document.querySelector('#tab-talk .big').matches('.on')")


async def test_all_of_an_answer_to_a_file_is_heard_and_counted_exactly(
    address: str, browser: Browser, tmp_path: Path
) -> None:
    pcm = sound_of("open the window")
    sound = tmp_path / "spoken.wav"
    sound.write_bytes(wav_header(REALTIME, len(pcm)) + pcm)
    async with page(browser, address, "talk") as tab:
        await tab.choose_file("#talk-file", sound)
        length = (await told(tab, "audio-stop"))["ms"]
        last = "sent.findLast(({ type }) => type === 'played')?.ms"
        await tab.until(f"{last} >= {length - 1}")
        await tab.until(f"document.querySelector({INTERRUPT!r}).disabled")
        assert length - 1 <= await tab.evaluate(last) <= length + 1
        await tab.until("document.querySelector('#tab-talk .said.you').innerText.includes('open the window')")
        await tab.until("document.querySelector('#tab-talk .said.house').innerText.includes('Sure.')")
        assert await tab.evaluate("window.heardLevel > 0.05")


async def test_the_keyboard_speaks_and_interrupts(address: str, browser: Browser) -> None:
    async with page(browser, address, "talk") as tab:
        await tab.click("#tab-talk input[value='press']")
        await tab.evaluate(f"document.querySelector({BIG!r}).focus()")
        await tab.press(" ")
        await tab.until("document.querySelector('#tab-talk meter').value > 0.3")
        await tab.press("Enter")
        await tab.until("window.heardLevel > 0.02")
        await tab.press("Escape")
        await tab.until(f"document.querySelector({INTERRUPT!r}).disabled")
        await told(tab, "audio-stop", "message.interrupted")
        assert await tab.evaluate("sent.filter(({ type }) => type !== 'played').map(({ type }) => type)") == [
            "start",
            "audio-end",
            "cancel",
        ]
        await tab.until("document.querySelector('#tab-talk .said.house').innerText.includes('interrupted')")


async def test_where_nobody_converses_the_tab_says_why(browser: Browser) -> None:
    async with http_door(settings=Settings(talk=Talk(at_once=0))) as door:
        async with page(browser, f"http://127.0.0.1:{door.server.port}", "talk") as tab:
            assert "talk.at_once" in await tab.until("document.querySelector('#tab-talk .notice').innerText")
            assert await tab.evaluate(f"document.querySelector({BIG!r}).disabled")
