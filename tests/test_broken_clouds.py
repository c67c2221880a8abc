"""For every broken cloud: the first request that fails tells cause and cure, the same sentence everywhere."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from wyoming.event import Event

from tests.support.admission import registry_of
from tests.support.broken_clouds import BROKEN_CLOUDS, KEY, BrokenCloud, Cloud, emulator
from tests.support.eventually import eventually
from tests.support.http_door import INFO, RECOGNIZE, SYNTHESIZE, Answer, http_door
from tests.support.http_door import Door as HttpDoor
from tests.support.program import run_to_end
from tests.support.wyoming_events import PCM_16K, vowel
from tests.support.wyoming_peer import Peer
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.observe import TurnKind
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.model import Deadlines, Limits, Listener, Profile, Secret, Settings
from wyoming_azure_realtime.turns import health
from wyoming_azure_realtime.wyoming_server.server import WyomingServer

TEXT = "turn on the lamp"
SOUND = vowel(1000)
PATIENT, IMPATIENT = Settings(), Settings(deadlines=Deadlines(upgrade=0.5))
USES = {"recognition": "hearing", "synthesis": "speaking"}
SECRETS = (KEY, "abcdef")
DOCUMENT = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
CASES = [(name, kind) for name, broken in BROKEN_CLOUDS.items() for kind in broken.fails]
HEALTHY = [
    (name, kind) for name, broken in BROKEN_CLOUDS.items() for kind in USES if kind not in broken.fails
]


def documented() -> list[re.Pattern[str]]:
    """The sentences of the document's table."""
    rows = re.findall(r"^\| `(.+?)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.compile(".*".join(re.escape(part) for part in row.split("…"))) for row in rows if "…" in row]


@dataclass(frozen=True)
class Home:
    """The real service at a broken cloud, with both doors."""

    wyoming: WyomingServer
    http: HttpDoor

    async def ask_wyoming(self, kind: TurnKind) -> Event:
        """What ends the request: an error, or its result."""
        address = self.wyoming.tcp_addresses[0]
        async with connected(address.port) as peer:
            if kind == "recognition":
                form = PCM_16K
                await peer.send("transcribe", {"language": "en"})
                await peer.send("audio-start", form)
                await peer.send("audio-chunk", form, SOUND)
                await peer.send("audio-stop")
            else:
                await peer.send("synthesize", {"text": TEXT})
            while (event := await peer.event()) and event.type not in ("error", "transcript", "audio-stop"):
                pass
            assert event is not None
            return event

    async def ask_http(self, kind: TurnKind) -> Answer:
        if kind == "synthesis":
            return await self.http.post(SYNTHESIZE, json={"text": TEXT})
        sort = {"Content-Type": "audio/pcm;rate=16000"}
        return await self.http.post(RECOGNIZE, data=SOUND, headers=sort)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def home_at(cloud: Cloud, settings: Settings = PATIENT) -> AsyncIterator[Home]:
    target = {**cloud.target, "key": Secret(cloud.target["key"])}
    async with http_door(settings=settings, **target) as http:
        running = http.running
        running.observer.subscribe(ObservedLog().write)
        listeners = [Listener(uri="tcp://127.0.0.1:0")]
        registry = registry_of(None, running.observer)
        server = WyomingServer(running.service, listeners, {"default": Profile()}, Limits(), registry)
        await server.start()
        try:
            yield Home(server, http)
        finally:
            await server.stop()


def states_of(service: HomeService) -> set[str]:
    """In which states the target is, at all that it is used for."""
    return {state.state for by_target in service.backend_states().values() for state in by_target.values()}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Without proxies of this machine."""
    for name in (
        "wss_proxy",
        "ws_proxy",
        "socks_proxy",
        "https_proxy",
        "http_proxy",
        "all_proxy",
        "no_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    # whatever fails in the same way for longer than that is known to be down
    monkeypatch.setattr(health, "KNOWN_SECONDS", 0.0)
    return monkeypatch


@asynccontextmanager
async def standing(broken: BrokenCloud, environment: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    async with broken() as cloud:
        for name, value in cloud.environment.items():
            environment.setenv(name, value)
        # on a busy machine a connection takes its time, where one comes about
        silent = broken is BROKEN_CLOUDS["silent upgrade"]
        async with home_at(cloud, IMPATIENT if silent else PATIENT) as home:
            yield home


@pytest.mark.parametrize(("name", "kind"), CASES)
async def test_the_first_failed_request_tells_cause_and_cure_in_two_tries(
    name: str, kind: TurnKind, environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    broken = BROKEN_CLOUDS[name]
    async with standing(broken, environment) as home:
        event = await home.ask_wyoming(kind)
        answer = await home.ask_http(kind)
        told = (await home.http.get(INFO)).json
        turns = home.http.running.turns
        await eventually(lambda: len(turns) == 2)
    sentence = event.data["text"]
    assert (event.type, event.data["code"]) == ("error", broken.code)
    assert broken.lacking(sentence) == []
    assert [row for row in documented() if row.match(sentence)], "docs/troubleshooting.md does not have it"
    assert [turn.attempts <= 2 for turn in turns] == [True, True], turns
    assert sentence.count("\n") == 0
    assert (answer.json["detail"], answer.json["code"]) == (sentence, broken.code)
    state = told["targets"][USES[kind]]["default"]
    assert (state["state"], state["error"], state["code"]) == ("failing", sentence, broken.code)
    assert told["status"][USES[kind]] == "failing"
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if line.startswith(kind.capitalize()) and sentence in line]) == 2
    assert len([line for line in lines if line.startswith("Target 'default' fails:")]) == 1
    assert not [line for line in lines for secret in SECRETS if secret in line]


@pytest.mark.parametrize(("name", "kind"), HEALTHY)
async def test_what_is_not_broken_works(name: str, kind: TurnKind, environment: pytest.MonkeyPatch) -> None:
    async with standing(BROKEN_CLOUDS[name], environment) as home:
        assert (await home.ask_wyoming(kind)).type in ("transcript", "audio-stop")
        told = (await home.http.get(INFO)).json
    assert told["status"][USES[kind]] == "good"


@pytest.mark.parametrize("name", [name for name, broken in BROKEN_CLOUDS.items() if not broken.at_once])
async def test_what_may_pass_is_retried_until_it_is_known(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.setattr(health, "KNOWN_SECONDS", 1.0)
    broken = BROKEN_CLOUDS[name]
    async with standing(broken, environment) as home:
        event = await home.ask_wyoming("synthesis")
        (turn,) = home.http.running.turns
    assert broken.lacking(event.data["text"]) == []
    assert turn.total_seconds > 1.0


@pytest.mark.parametrize("name", ["wrong key", "refused connection"])
async def test_nobody_has_to_ask_for_it_to_be_known(name: str, environment: pytest.MonkeyPatch) -> None:
    broken = BROKEN_CLOUDS[name]
    async with standing(broken, environment) as home:
        home.http.running.service.warm()
        service = home.http.running.service
        await eventually(lambda: states_of(service) == {"failing"})
        told = (await home.http.get(INFO)).json
    assert set(told["status"].values()) == {"failing"}
    for use in told["targets"]:
        state = told["targets"][use]["default"]
        assert broken.lacking(state["error"]) == []
        assert state["since"] <= state["nextTry"] <= state["since"] + health.FINAL_ASIDE


async def test_a_cloud_that_opens_sessions_is_good_before_anybody_asks() -> None:
    async with emulator()() as cloud, home_at(cloud) as home:
        assert set((await home.http.get(INFO)).json["status"].values()) == {"not tried"}
        home.http.running.service.warm()
        service = home.http.running.service
        await eventually(lambda: states_of(service) == {"good"})
        told = (await home.http.get(INFO)).json
    assert set(told["status"].values()) == {"good"}
    assert told["targets"]["hearing"]["default"]["nextTry"] is None


async def test_the_command_line_says_the_same() -> None:
    broken = BROKEN_CLOUDS["wrong key"]
    async with broken() as cloud, home_at(cloud) as home:
        code, _, said = await run_to_end("speak", "--uri", home.wyoming.uris[0], TEXT, "-o", "/dev/null")
        (turn,) = home.http.running.turns
    assert code != 0
    assert str(turn.error) in said
