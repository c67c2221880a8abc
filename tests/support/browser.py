"""A real headless Chromium, driven by its own DevTools protocol: tabs that look, click, type and complain.

Source of the commands' names: the Chrome DevTools Protocol.
"""

import asyncio
import base64
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 45
"""A deadline for whatever a browser does on a busy machine."""

HOST = "speech.house.test"
"""A name of this machine that is not loopback's: pages from there are as those from another machine."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
    "--mute-audio",
    "--remote-debugging-port=0",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowRight": 39}
_SHIFT = 8


def chromium() -> str:
    """The path of a Chromium; empty if this machine has none."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


@dataclass(frozen=True)
class Browser:
    """A running browser. `endpoint`: where it takes commands."""

    endpoint: str


@contextmanager
def running_browser(folder: Path, microphone: Path) -> Iterator[Browser]:
    """`folder`: for all that it keeps; `microphone`: a WAV file that a page hears again and again."""
    profile = folder / "profile"
    command = [
        chromium(),
        *_FLAGS,
        f"--user-data-dir={profile}",
        f"--use-file-for-fake-audio-capture={microphone}",
        "about:blank",
    ]
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield Browser(_endpoint(process, profile / "DevToolsActivePort", folder / "browser.log"))
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _endpoint(process: subprocess.Popen[bytes], told: Path, log: Path) -> str:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        lines = told.read_text().splitlines() if told.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.02)
    raise AssertionError(f"The browser did not start: {log.read_text(errors='replace')[-2000:]}")


@dataclass(frozen=True)
class Look:
    """How a tab is looked at. `width`, `height` in CSS pixels; `languages` as in Accept-Language."""

    width: int = 1280
    height: int = 860
    dark: bool = False
    languages: str = "en-US,en"
    scale: float = 1.0


DESKTOP, PHONE = Look(), Look(width=360, height=740)


@dataclass
class Tab:
    """One tab in a profile of its own.

    `addresses`: what it asked for. `troubles`: what the console, the network and the content security policy
    had to say against the page.
    """

    socket: aiohttp.ClientWebSocketResponse
    session: str = ""
    context: str = ""
    troubles: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def command(self, method: str, **parameters: Any) -> Any:
        """Send a command of the protocol, and return its result."""
        number = len(self._answers) + 1
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        told = {"id": number, "method": method, "params": parameters}
        if self.session:
            told["sessionId"] = self.session
        async with asyncio.timeout(SECONDS):
            await self.socket.send_str(msgspec.json.encode(told).decode())
            return await answer

    async def read(self) -> None:
        """Take what the browser says, until it closes."""
        async for message in self.socket:
            told = msgspec.json.decode(message.data)
            if (number := told.get("id")) is not None:
                answer = self._answers[number]
                if answer.done():
                    continue
                if "error" in told:
                    answer.set_exception(AssertionError(told["error"]["message"]))
                else:
                    answer.set_result(told["result"])
            else:
                self._notice(told["method"], told["params"])

    def _notice(self, event: str, what: dict[str, Any]) -> None:
        match event:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Runtime.exceptionThrown":
                details = what["exceptionDetails"]
                thrown = details.get("exception", {}).get("description", "")
                self.troubles.append(f"{details['text']} {thrown}")
            case "Runtime.consoleAPICalled" if what["type"] in {"error", "warning", "assert"}:
                self.troubles.append(" ".join(str(one.get("value", one)) for one in what["args"]))
            case "Log.entryAdded" if what["entry"]["level"] in {"error", "warning"}:
                self.troubles.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.addresses.append(what["request"]["url"])

    async def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._loaded.clear()
        await self.command("Page.navigate", url=url)
        async with asyncio.timeout(SECONDS):
            await self._loaded.wait()

    async def evaluate(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        done = await self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    async def until(self, script: str) -> Any:
        """Wait until an expression is true, and return its value. An error, as between two pages, is none."""
        value = None
        try:
            async with asyncio.timeout(SECONDS):
                while (value := await self._value(script)) in (None, False, "", 0):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            text = await self.evaluate("document.body.innerText")
            raise AssertionError(f"never: {script}; the page: {text[:3000]}; {self.troubles}") from error
        return value

    async def _value(self, script: str) -> Any:
        try:
            return await self.evaluate(script)
        except AssertionError:
            return None

    async def text(self, selector: str) -> str:
        """What is to be read in an element; empty if it is not there."""
        return str(await self.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''"))

    async def click(self, selector: str) -> None:
        """Press the mouse in the middle of it, as soon as it is there and enabled."""
        element = f"document.querySelector({selector!r})"
        await self.until(f"{element} && !{element}.disabled && {element}.getClientRects().length > 0")
        place = await self.evaluate(
            f"""new Promise((done) => {{
              const element = {element};
              element.scrollIntoView({{ block: "center", behavior: "instant" }});
              requestAnimationFrame(() => {{
                const box = element.getBoundingClientRect();
                done([box.x + box.width / 2, box.y + box.height / 2]);
              }});
            }})"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.command(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    async def press(self, key: str, *, shift: bool = False) -> None:
        """A key of the keyboard."""
        event = {"key": key, "code": key if len(key) > 1 else "Space", "windowsVirtualKeyCode": _KEYS[key]}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        modifiers = _SHIFT if shift else 0
        kind = "keyDown" if text else "rawKeyDown"
        await self.command("Input.dispatchKeyEvent", type=kind, text=text, modifiers=modifiers, **event)
        await self.command("Input.dispatchKeyEvent", type="keyUp", modifiers=modifiers, **event)

    async def write(self, selector: str, text: str) -> None:
        """Put the text into a field, in the place of what it holds."""
        await self.evaluate(f"document.querySelector({selector!r}).focus()")
        await self.evaluate(f"document.querySelector({selector!r}).select()")
        await self.command("Input.insertText", text=text)

    async def choose_file(self, selector: str, path: Path) -> None:
        """Give a file to a field for files."""
        found = await self.command("Runtime.evaluate", expression=f"document.querySelector({selector!r})")
        await self.command("DOM.setFileInputFiles", files=[str(path)], objectId=found["result"]["objectId"])

    async def save_into(self, folder: Path) -> None:
        """Let the page save files there, without asking."""
        await self.command(
            "Browser.setDownloadBehavior",
            behavior="allow",
            browserContextId=self.context,
            downloadPath=str(folder),
        )

    async def saved(self, path: Path) -> Path:
        """Wait until the page has saved this file."""
        async with asyncio.timeout(SECONDS):
            while not path.exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.02)
        return path

    async def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of what is seen, or of the whole page."""
        clip: dict[str, Any] = {}
        if whole:
            size = (await self.command("Page.getLayoutMetrics"))["cssContentSize"]
            clip = {"clip": {**size, "scale": 1}, "captureBeyondViewport": True}
        shot = await self.command("Page.captureScreenshot", format="png", optimizeForSpeed=False, **clip)
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def tab(browser: Browser, look: Look = DESKTOP, *, before: Sequence[str] = ()) -> AsyncIterator[Tab]:
    """A new tab without a page. `before`: scripts that run before those of each page."""
    async with aiohttp.ClientSession() as client:
        async with client.ws_connect(browser.endpoint, max_msg_size=64 << 20) as socket:
            new = Tab(socket)
            reading = asyncio.create_task(new.read())
            try:
                new.context = (await new.command("Target.createBrowserContext"))["browserContextId"]
                target = await new.command(
                    "Target.createTarget", url="about:blank", browserContextId=new.context
                )
                attached = await new.command(
                    "Target.attachToTarget", targetId=target["targetId"], flatten=True
                )
                new.session = attached["sessionId"]
                await _prepare(new, look, before)
                yield new
                new.session = ""
                await new.command("Target.disposeBrowserContext", browserContextId=new.context)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


async def _prepare(new: Tab, look: Look, before: Sequence[str]) -> None:
    for domain in ("Page", "Runtime", "Log", "Network"):
        await new.command(f"{domain}.enable")
    agent = (await new.command("Browser.getVersion"))["userAgent"]
    await new.command("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=look.languages)
    await new.command(
        "Emulation.setDeviceMetricsOverride",
        width=look.width,
        height=look.height,
        deviceScaleFactor=look.scale,
        mobile=look.width < 600,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if look.dark else "light"}
    still = {"name": "prefers-reduced-motion", "value": "reduce"}
    await new.command("Emulation.setEmulatedMedia", features=[scheme, still])
    for script in before:
        await new.command("Page.addScriptToEvaluateOnNewDocument", source=script)
