"""Settings that are read again: what new requests get, what those in progress keep, what a bad file does."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.service import KEY
from wyoming_azure_realtime import reread
from wyoming_azure_realtime.accounts import open_accounts
from wyoming_azure_realtime.app import log_observer, open_service
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.home_service import HomeService
from wyoming_azure_realtime.reread import SettingsChanges, SettingsInForce
from wyoming_azure_realtime.settings.load import Loaded, load
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.speech.synthesis import Synthesis

TARGETS = "targets: [{{endpoint: '{server.url}', key: {key}, transcription_deployment: whisper-1}}]\n"


@dataclass
class Home:
    """What is in force, and the file that it comes from."""

    in_force: SettingsInForce
    file: Path

    def write(self, server: EmulatorServer, more: str = "", *, key: str = KEY) -> None:
        self.file.write_text(TARGETS.format(server=server, key=key) + more)


@asynccontextmanager
async def cloud(key: str = KEY) -> AsyncIterator[EmulatorServer]:
    async with EmulatorServer(ServerOptions(key=key), sink_engines()) as server:
        yield server


@asynccontextmanager
async def home(folder: Path, server: EmulatorServer, more: str = "") -> AsyncIterator[Home]:
    file = folder / "settings.yaml"
    file.write_text(TARGETS.format(server=server, key=KEY) + more)

    def read() -> Loaded:
        return load({"config": str(file)}, {})

    observer = log_observer()
    loaded = read()
    async with open_accounts(loaded, observer) as accounts:
        in_force = SettingsInForce(loaded, lambda now: open_service(now, observer, accounts), read)
        async with in_force:
            in_force.then(lambda now: accounts.renew(now, in_force.service))
            yield Home(in_force, file)


async def say(service: HomeService) -> bytes:
    async with service.synthesize(SynthesisRequest("test")) as synthesis:
        await synthesis.write("Hello there.")
        synthesis.finish()
        return await rest_of(synthesis)


async def rest_of(synthesis: Synthesis) -> bytes:
    return b"".join([pcm async for pcm in synthesis.audio()])


async def test_new_requests_go_where_the_new_file_says(tmp_path: Path) -> None:
    async with cloud() as before, cloud("another-key") as after, home(tmp_path, before) as there:
        service = there.in_force.service
        assert await say(service)
        there.write(after, "speech: {voice: echo}\n", key="another-key")
        changes = await there.in_force.reload()
        assert changes.changed == ("targets[0].endpoint", "targets[0].key", "speech.voice")
        assert changes.needs_restart == ()
        asked = before.record.upgrades
        assert await say(service)
        assert service.catalog.default_voice == "echo"
        assert after.record.sessions
        assert before.record.upgrades == asked


async def test_a_request_in_progress_ends_where_it_began_and_then_nothing_is_open_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reread, "POLL_SECONDS", 0.01)
    async with cloud() as before, cloud() as after, home(tmp_path, before) as there:
        service = there.in_force.service
        service.warm()
        await eventually(lambda: before.record.open_sessions == 2)
        async with service.synthesize(SynthesisRequest("test")) as synthesis:
            there.write(after)
            await there.in_force.reload()
            await eventually(lambda: before.record.open_sessions == 0)
            await synthesis.write("This was asked for before.")
            synthesis.finish()
            assert await rest_of(synthesis)
            assert before.record.sessions[-1].counts["response.create"] == 1
        del synthesis
        gc.collect()
        await eventually(lambda: there.in_force.former == 0)
        assert before.record.open_sessions == 0
        assert await say(service)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("speech: {voice: nobody}\n", "speech.voice is 'nobody'"),
        ("speach: {voice: echo}\n", "Unknown key 'speach'"),
        ("speech: [", "is no YAML"),
    ],
)
async def test_a_bad_file_changes_nothing_and_the_log_says_why(
    text: str, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with cloud() as server, home(tmp_path, server, "speech: {voice: echo}\n") as there:
        there.write(server, text)
        with pytest.raises(SettingsError, match=".*".join(told.split(" ")[:2])):
            await there.in_force.reload()
        asked = asyncio.Event()
        asked.set()
        reading = asyncio.create_task(there.in_force.reload_whenever(asked))
        await eventually(lambda: any(told in record.getMessage() for record in caplog.records))
        reading.cancel()
        assert "The settings stay as they were" in caplog.text
        assert there.in_force.service.catalog.default_voice == "echo"
        assert await say(there.in_force.service)


async def test_what_needs_a_restart_is_named_and_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wyoming_azure_realtime")
    async with cloud() as server, home(tmp_path, server) as there:
        there.write(server, "http: {listen: 127.0.0.1:1}\nrecognition: {language: de}\n")
        changes = await there.in_force.reload()
        assert changes.needs_restart == ("http.listen",)
        assert changes.changed == ("recognition.language",)
        assert there.in_force.loaded.settings.http.listen == "127.0.0.1:5000"
        assert there.in_force.service.catalog.default_language == "de"
        assert "Changed, but only after a restart: http.listen" in caplog.text
        # it is told again, until somebody restarts the program
        assert (await there.in_force.reload()).needs_restart == ("http.listen",)
        assert (await there.in_force.reload()).changed == ()


async def test_nothing_is_opened_again_where_nothing_has_changed(tmp_path: Path) -> None:
    async with cloud() as server, home(tmp_path, server) as there:
        assert await say(there.in_force.service)
        upgrades = server.record.upgrades
        assert await there.in_force.reload() == SettingsChanges()
        assert server.record.upgrades == upgrades


async def test_limits_of_cost_count_for_the_next_request_and_what_was_spent_stays(tmp_path: Path) -> None:
    async with cloud() as server, home(tmp_path, server, "state: 'off'\n") as there:
        service = there.in_force.service
        assert await say(service)
        there.write(server, "state: 'off'\ncost: {day: 0.00001, action: mute}\nspeech: {last_resort: none}\n")
        await there.in_force.reload()
        with pytest.raises(Exception, match="No more may be spent"):
            await say(service)


async def test_many_ask_at_the_same_time_and_it_is_read_once_after_the_other(tmp_path: Path) -> None:
    async with cloud() as server, home(tmp_path, server) as there:
        there.write(server, "speech: {voice: ash}\n")
        found = await asyncio.gather(*(there.in_force.reload() for _ in range(5)))
        assert [one.changed for one in found] == [("speech.voice",), (), (), (), ()]


async def test_where_nothing_can_be_read_again_it_says_so() -> None:
    loaded = load({"backend": "embedded"}, {})
    with pytest.raises(SettingsError, match="Restart it instead"):
        await SettingsInForce(loaded, lambda now: open_service(now, log_observer())).reload()
