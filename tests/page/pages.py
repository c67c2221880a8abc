"""The page, opened as people do, and what is asked of it wherever it stands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import DESKTOP, Browser, Look, Tab, tab
from wyoming_azure_realtime import http_api

FOLDER = Path(str(files(http_api) / "page"))
TABS = ("status", "hear", "listen", "talk", "turns", "load", "cost")
SPOKEN = "turn on the kitchen lights"
"""What the browser's microphone hears."""

LISTENED = """
window.heardLevel = 0;
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to instanceof AudioDestinationNode) {
    const meter = this.context.createAnalyser();
    connect.call(this, meter);
    const samples = new Float32Array(meter.fftSize);
    const timer = setInterval(() => {
      meter.getFloatTimeDomainData(samples);
      window.heardLevel = Math.max(window.heardLevel, ...samples.map(Math.abs));
    }, 10);
    this.addEventListener("ended", () => clearInterval(timer));
  }
  return connect.call(this, to, ...more);
};
"""
"""A script that measures what goes to the loudspeaker: `heardLevel`, the highest so far of 1."""

TOLD = """
window.sent = [];
window.got = [];
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (data) {
  if (typeof data === "string") sent.push(JSON.parse(data));
  return send.call(this, data);
};
window.WebSocket = class extends WebSocket {
  constructor(...where) {
    super(...where);
    this.addEventListener("message", ({ data }) => typeof data === "string" && got.push(JSON.parse(data)));
  }
};
"""
"""A script that keeps the messages in JSON of all WebSockets, as `sent` and `got`."""


@asynccontextmanager
async def page(
    browser: Browser, address: str, name: str = "status", look: Look = DESKTOP
) -> AsyncIterator[Tab]:
    """The page's tab of this name, ready. In the end the browser must have had nothing against the page."""
    async with tab(browser, look, before=[LISTENED, TOLD]) as new:
        await new.open(f"{address.rstrip('/')}/#{name}")
        await new.until("document.documentElement.dataset.ready === 'yes'")
        await new.until("document.querySelector('footer .live.on') !== null")
        yield new
        assert new.troubles == [], new.troubles


async def turn_to(tab: Tab, name: str) -> None:
    """Choose a tab of the page."""
    await tab.click(f"nav a[href='#{name}']")
    await tab.until(f"!document.getElementById('tab-{name}').hidden")


def axe_script() -> str:
    """What judges whether everybody can use a page. Skips where it is not installed."""
    spec = find_spec("axe_core_python")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("axe-core-python is not installed")
    return Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")


async def findings(tab: Tab, *rules: str) -> list[Any]:
    """What axe-core finds wrong with what is shown: rule and elements. `rules`: only these."""
    if not await tab.evaluate("'axe' in window"):
        await tab.evaluate(f"{axe_script()}; true")
    options = f"{{ resultTypes: ['violations']{f', runOnly: {list(rules)}' if rules else ''} }}"
    found = await tab.evaluate(
        f"axe.run(document, {options}).then(({{ violations }}) => violations.map("
        "({ id, nodes }) => [id, ...nodes.map((node) => node.html + node.failureSummary)]))"
    )
    return list(found)
