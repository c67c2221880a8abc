"""The page where it is not at home: from another machine, through ingress, while the cloud fails."""

from urllib.parse import urlsplit

from tests.page.pages import findings, page, turn_to
from tests.support.browser import HOST, PHONE, Browser, Look, tab
from tests.support.house import house
from tests.support.http_door import http_door
from tests.support.ingress import ADDRESS, ingress
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade

TOKEN = "a-token-of-this-house"
READY = "document.documentElement.dataset.ready === 'yes'"


async def test_from_another_machine_it_asks_for_the_token(browser: Browser) -> None:
    async with http_door(token=TOKEN) as door, tab(browser) as new:
        await new.open(f"http://{HOST}:{door.server.port}/")
        await new.until("document.title.startsWith('Sign in')")
        assert await findings(new) == []
        await new.write("#token", "another token")
        await new.press("Enter")
        assert "not the token" in await new.until("document.getElementById('failed')?.innerText")
        await new.write("#token", TOKEN)
        await new.press("Enter")
        await new.until(READY)
        assert "token" not in await new.evaluate("location.href + document.cookie")
        await turn_to(new, "listen")
        assert "https" in await new.text("#tab-listen .notice")
        assert await new.evaluate("document.querySelector('#tab-listen .big').disabled")
        assert new.troubles == []


async def test_it_works_through_ingress(browser: Browser) -> None:
    async with http_door(token=TOKEN, trusted_proxy=ADDRESS) as door:
        async with ingress(f"http://127.0.0.1:{door.server.port}") as address:
            async with page(browser, address, "hear") as new:
                await new.write("#hear-text", "Turn on the kitchen light.")
                await new.click("[data-voice='alloy'] button.round")
                await new.until("window.heardLevel > 0.02")
                assert all(urlsplit(asked).path.startswith("/api/hassio_ingress/") for asked in new.addresses)


async def test_a_cloud_that_fails_is_told_with_its_sentence(browser: Browser) -> None:
    faults = Faults(refused_upgrade=RefusedUpgrade(status=401))
    async with house(faults=faults) as home:
        async with page(browser, await home.program.http(), look=Look(width=PHONE.width, dark=True)) as new:
            text = await new.until("document.querySelector('#tab-status .trouble')?.innerText")
            assert "401" in text
            assert "Failing since" in await new.text("#tab-status .state")
            assert await new.text("#overall") == "Failing"
            assert await findings(new) == []
