"""Every error keeps what caused it, down to the root, for whoever looks with --debug."""

import asyncio
import socket
from pathlib import Path

import pytest
import yaml

from tests.support.program import run_to_end
from tests.support.service import running_service
from tests.support.written import Written
from wyoming_azure_realtime import logs
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade
from wyoming_azure_realtime.errors import BackendError, ConnectFailed, InternalError, SettingsError
from wyoming_azure_realtime.observe import ObservedEvent, Observer, SessionRefused, TurnEnded, TurnRecord
from wyoming_azure_realtime.observed_log import ObservedLog
from wyoming_azure_realtime.settings.load import load
from wyoming_azure_realtime.settings.model import Deadlines, Log, Settings
from wyoming_azure_realtime.speech.requests import SynthesisRequest
from wyoming_azure_realtime.transport.failures import Asked
from wyoming_azure_realtime.transport.websocket import open_websocket

ROOT = Path(logs.__file__).parent
KEY = "hunter2-hunter2-hunter2"


def turn(error: BackendError) -> TurnRecord:
    return TurnRecord(
        id="1a2b",
        kind="recognition",
        door="wyoming",
        target="primary",
        model="whisper-1",
        voice="",
        language="en",
        started_at=0.0,
        audio_seconds=1.0,
        characters=0,
        first_result_seconds=None,
        total_seconds=2.0,
        attempts=1,
        outcome=error.code,
        error=error,
    )


def caused(text: str) -> ConnectFailed:
    """A failure with its cause, which has a cause too."""
    error, cause = ConnectFailed("The service cannot be reached."), ValueError(text)
    error.__cause__, cause.__cause__ = cause, EOFError("connection closed")
    return error


def configure(*, debug: bool) -> Observer:
    logs.configure(Log(debug=debug, format="%(levelname)s %(message)s"), [KEY])
    return Observer(ObservedLog().write)


@pytest.mark.parametrize(
    "event",
    [
        TurnEnded(turn(caused("no valid answer"))),
        SessionRefused("primary", "recognition", caused("no valid answer")),
    ],
)
def test_causes_are_shown_with_debug_and_only_then(written: Written, event: ObservedEvent) -> None:
    configure(debug=False).report(event)
    assert "no valid answer" not in written.getvalue()
    configure(debug=True).report(event)
    causes = "ValueError: no valid answer, caused by EOFError: connection closed"
    assert f"DEBUG Caused by {causes}\n" in written.getvalue()


@pytest.mark.parametrize(
    "text", [f"the header api-key: {KEY}", f"{'so long ' * 249}{KEY} {'so long ' * 249}"]
)
def test_a_key_in_a_cause_is_masked_like_everywhere(written: Written, text: str) -> None:
    observer = configure(debug=True)
    observer.report(TurnEnded(turn(caused(text))))
    observer.report(SessionRefused("primary", "synthesis", caused(text)))
    assert "Caused by ValueError" in written.getvalue()
    assert "hunter2" not in written.getvalue()


def test_an_error_without_causes_has_no_line_for_them(written: Written) -> None:
    configure(debug=True).report(TurnEnded(turn(ConnectFailed("No."))))
    assert len(written.getvalue().splitlines()) == 1


def test_a_chain_that_bites_its_tail_has_an_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert logs.causes_of(one) == "ValueError: other"


def test_a_group_is_followed_into_its_first_failure() -> None:
    error = ConnectFailed("No.")
    error.__cause__ = ExceptionGroup("tasks", [OSError("refused"), OSError("echo")])
    assert logs.causes_of(error).endswith("caused by OSError: refused")


def test_a_bug_is_the_cause_of_what_clients_are_told() -> None:
    bug = KeyError("voice")
    assert InternalError.of(bug).__cause__ is bug


async def open_at(port: int) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await open_websocket(f"ws://127.0.0.1:{port}/", {}, within=5, asked=Asked("d"))
    return caught.value


async def test_what_hung_up_in_the_middle_of_the_upgrade_is_told_by_the_causes() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        error = await open_at(server.sockets[0].getsockname()[1])
    assert str(error) == "The service's answer is no WebSocket (InvalidMessage)."
    assert "EOFError" in logs.causes_of(error)


async def test_a_turn_that_fails_is_reported_with_the_causes() -> None:
    settings = Settings(deadlines=Deadlines(request=0.3))
    faults = Faults(refused_upgrade=RefusedUpgrade(status=503))
    async with running_service(settings=settings, faults=faults) as running:
        async with running.service.synthesize(SynthesisRequest("test")) as synthesis:
            await synthesis.write("Hello.")
            synthesis.finish()
            with pytest.raises(ConnectFailed):
                [pcm async for pcm in synthesis.audio()]
        [turn] = running.turns
        assert turn.error is not None
        assert (turn.outcome, turn.error.code) == ("connect-failed", "connect-failed")
        assert logs.causes_of(turn.error).startswith("InvalidStatus: ")


async def test_the_password_of_a_proxy_is_in_no_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"nonsense://user:{KEY}@proxy.example")
    with pytest.raises(BackendError) as caught:
        await open_websocket("wss://service.example/", {}, within=5, asked=Asked("d"))
    assert KEY not in f"{caught.value} {logs.causes_of(caught.value)}"


@pytest.mark.parametrize("text", [f"targets: [{{key: {KEY}: }}]", f'a: "{KEY}\n\tb: @', f"key: {KEY}\0"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_damaged_file_with_a_key_in_it_tells_no_cause_with_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, compiled: bool
) -> None:
    if not compiled:  # where the library has no parser in C, its errors quote the file
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load({"config": str(tmp_path / "settings.yaml")}, {})
    assert KEY not in f"{caught.value} {logs.causes_of(caught.value)}"


async def test_a_failure_at_the_start_shows_its_causes_with_debug() -> None:
    missing = ("--config", "/no/such/file.yaml")
    code, _, err = await run_to_end(*missing)
    assert (code, len(err.splitlines())) == (2, 1)
    code, _, err = await run_to_end(*missing, "--debug")
    assert (code, len(err.splitlines())) == (2, 2)
    assert err.splitlines()[1].startswith("Caused by FileNotFoundError: ")


async def test_a_failure_after_the_settings_were_read_shows_them_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        uri = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        arguments = ("--uri", uri, "--http", "off", "--no-zeroconf", "--debug")
        environ = {"AZURE_OPENAI_ENDPOINT": "https://nowhere.invalid", "AZURE_OPENAI_KEY": KEY}
        code, _, err = await run_to_end(*arguments, environ=environ)
    assert code == 2
    assert "Caused by OSError: [Errno" in err
    assert KEY not in err


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_cause_is_left_out_only_where_a_comment_says_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    silent = [
        number
        for number, line in enumerate(lines, 1)
        if "from None" in line and "#" not in line and "#" not in lines[number - 2]
    ]
    assert silent == []
