"""`setup`, as a person uses it on a terminal, and as a script does."""

import asyncio
import re
import stat
import sys
from pathlib import Path

import pytest

from tests.support.program import START_SECONDS, clean_environment, program
from tests.support.terminal import CTRL_C, CTRL_D, Person, on_a_terminal
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Faults, RefusedUpgrade
from wyoming_azure_realtime.emulator.models import Deployments, ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.settings.load import Loaded, load

ROOT = Path(__file__).parents[2]
KEY = "0123456789abcdefABCDEF"
PROGRAM = (sys.executable, "-m", "wyoming_azure_realtime")
DEPLOYED = {"gpt-realtime": "gpt-realtime", "gpt-realtime-mini": "gpt-realtime-mini"}
BOTH = {**DEPLOYED, "gpt-realtime-whisper": "gpt-realtime-whisper", "whisper-1": "whisper-1"}


def cloud(deployments: dict[str, str] | None = None, faults: Faults | None = None) -> EmulatorServer:
    """A resource with these deployments; without any, with every model under its name."""
    options = ServerOptions(key=KEY, deployments=Deployments(deployments or {}), faults=faults or Faults())
    return EmulatorServer(options, sink_engines())


def in_folder(folder: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}


def setup(folder: Path, *arguments: str) -> tuple[str, ...]:
    return (*PROGRAM, "setup", "--output", str(folder / "settings.yaml"), *arguments)


async def script(folder: Path, *arguments: str, stdin: str = "", **environ: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `setup --non-interactive`."""
    process = await asyncio.create_subprocess_exec(
        *setup(folder, "--non-interactive", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=clean_environment({"LANG": "C.UTF-8", **environ}),
    )
    async with asyncio.timeout(2 * START_SECONDS):
        out, err = await process.communicate(stdin.encode())
    return process.returncode or 0, out.decode(), err.decode()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def written(folder: Path) -> Loaded:
    return load({"config": str(folder / "settings.yaml")}, {})


def documented() -> list[str]:
    """What docs/setup.md shows of a dialogue, as far as it does not depend on the service."""
    block = (ROOT / "docs/setup.md").read_text().partition("```text\n")[2].partition("```")[0]
    lines = [re.split(r"[:\[/]|https", line)[0] for line in block.splitlines()]
    return [line for line in lines if not line.startswith("  ")]


async def answers_about_the_service(
    person: Person, endpoint: str, key: str = KEY, service: str = "1"
) -> None:
    await person.answers(r"Endpoint, or the Target URI that the portal shows.*: $", endpoint)
    await person.answers(r"Whose service is that: $", service)
    await person.answers(r"Key, which is not shown.*: $", key)


async def test_a_person_gets_from_what_the_portal_shows_to_a_server_that_runs(tmp_path: Path) -> None:
    async with cloud(BOTH) as server:
        async with on_a_terminal(*setup(tmp_path)) as person:
            target_uri = f' "{server.url}/openai/v1/realtime?model=gpt-realtime-mini"  '
            await person.answers(r"Endpoint, or the Target URI.*: $", target_uri)
            await person.answers(r"Whose service is that: $", "1")
            await person.sees(r"Key, which is not shown: $")
            assert not person.echoes()
            person.types(f"{KEY}  ")
            await person.sees(rf"Trying what there is at {server.url} …")
            await person.sees(r"Speaks:\n")
            await person.sees(r"1  gpt-realtime-mini +[0-9.]+ USD a minute, .* 2026-12-15\n")
            await person.sees(r"2  gpt-realtime +[0-9.]+ USD a minute")
            await person.sees(r"Hears:\n +1  gpt-realtime-whisper +0.017 USD a minute\n")
            await person.answers(r"Which one shall speak \(number or name\) \[gpt-realtime-mini\]: $", "2")
            await person.answers(r"Which one shall hear \(number or name\) \[gpt-realtime-whisper\]: $", "")
            await person.answers(r"Language that is spoken \[en\]: $", "klingon")
            await person.sees(r"recognition.language is 'klingon'")
            await person.answers(r"Language that is spoken \[en\]: $", "de")
            await person.sees(rf"Next: .* --config {tmp_path}/settings.yaml")
            assert await person.exit_code() == 0
            assert person.echoes()
            assert KEY not in person.shown
            assert [line for line in documented() if line not in person.shown] == []
        found = written(tmp_path)
        (target,) = found.settings.targets
        assert (target.endpoint, target.key.reveal()) == (server.url, KEY)
        assert target.realtime_deployment == "gpt-realtime"
        assert target.transcription_deployment == "gpt-realtime-whisper"
        assert found.settings.recognition.language == "de"
        assert found.warnings == ()
        assert KEY not in (tmp_path / "settings.yaml").read_text()
        assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
        assert names(tmp_path) == ["key", "settings.yaml"]
        flags = ("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf")
        async with program("--config", str(tmp_path / "settings.yaml"), *flags) as running:
            await running.said("azure backend")


async def test_what_is_of_no_use_is_told_and_asked_for_again(tmp_path: Path) -> None:
    async with cloud(BOTH) as server, on_a_terminal(*setup(tmp_path)) as person:
        await person.answers(r"Endpoint, .*: $", "https://user:password@home.example")
        await person.sees("must not contain a user name")
        await answers_about_the_service(person, server.url, key="a-wrong-key")
        await person.sees("Access denied")
        await answers_about_the_service(person, "", key=KEY)
        await person.answers(r"Which one shall speak .*: $", "")
        await person.answers(r"Which one shall hear .*: $", "")
        await person.answers(r"Language that is spoken .*: $", "")
        assert await person.exit_code() == 0
    assert written(tmp_path).settings.targets[0].key.reveal() == KEY


async def test_a_resource_that_speaks_and_does_not_hear_is_told_and_looked_at_again(tmp_path: Path) -> None:
    async with cloud(DEPLOYED) as server, on_a_terminal(*setup(tmp_path)) as person:
        await answers_about_the_service(person, server.url)
        await person.sees("Hears: nothing of what was tried")
        await person.answers(r"Which one shall speak .*: $", "")
        await person.sees(r"This resource speaks, but nothing there hears\. Deploy .*gpt-realtime-whisper")
        await person.answers(r"Name of the deployment that hears .*: $", "my-ears")
        await person.answers(r"Which one shall speak .*: $", "")
        await person.sees("nothing there hears")
        server.options.deployments.models["my-ears"] = "gpt-live-transcribe"
        await person.answers(r"Name of the deployment that hears .*: $", "my-ears")
        await person.answers(r"Which one shall speak .*: $", "")
        await person.answers(r"Which one shall hear .*\[my-ears\]: $", "")
        await person.sees("gpt-live-transcribe")
        await person.answers(r"Which model is behind 'my-ears': $", "6")
        await person.answers(r"Language that is spoken .*: $", "")
        assert await person.exit_code() == 0
    assert written(tmp_path).settings.targets[0].transcribes_with == "gpt-live-transcribe"


@pytest.mark.parametrize(("answer", "code"), [("n", 2), ("y", 0)])
async def test_files_that_are_there_stay_unless_somebody_agrees(
    answer: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "settings.yaml").write_text("speech: {voice: echo}\n")
    async with cloud(BOTH) as server, on_a_terminal(*setup(tmp_path)) as person:
        await answers_about_the_service(person, server.url)
        await person.answers(r"Which one shall speak .*: $", "")
        await person.answers(r"Which one shall hear .*: $", "")
        await person.answers(r"Language that is spoken .*: $", "")
        await person.answers(r"There already: .*settings.yaml. Replace \[y/N\]: $", answer)
        assert await person.exit_code() == code
    kept = (tmp_path / "settings.yaml").read_text() == "speech: {voice: echo}\n"
    assert kept == (code != 0)
    assert (tmp_path / "key").exists() == (code == 0)


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (CTRL_D, 2)])
async def test_who_gives_up_leaves_nothing_behind_and_a_terminal_as_it_was(
    key: str, code: int, tmp_path: Path
) -> None:
    async with on_a_terminal(*setup(tmp_path)) as person:
        await person.answers(r"Endpoint, .*: $", "https://home.openai.azure.com")
        await person.sees(r"Key, which is not shown: $")
        person.types(key, end="")
        assert await person.exit_code() == code
        assert person.echoes()
    assert names(tmp_path) == []


@pytest.mark.parametrize("way", ["variable", "file", "stdin"])
async def test_a_script_gives_the_key_in_three_ways(way: str, tmp_path: Path) -> None:
    (tmp_path / "given").write_text(f'"{KEY}"\n')
    ways: dict[str, tuple[tuple[str, ...], str, dict[str, str]]] = {
        "variable": ((), "", {"AZURE_OPENAI_KEY": KEY}),
        "file": (("--key-file", str(tmp_path / "given")), "", {}),
        "stdin": (("--key-file", "-"), f"{KEY}\n", {}),
    }
    flags, stdin, environ = ways[way]
    async with cloud(BOTH) as server:
        code, out, err = await script(
            tmp_path, "--endpoint", server.url, "--language", "nb", *flags, stdin=stdin, **environ
        )
        assert (code, err) == (0, "")
        assert KEY not in out
        (target,) = written(tmp_path).settings.targets
        assert target.key.reveal() == KEY
        assert written(tmp_path).settings.recognition.language == "nb"
        code, _, err = await script(tmp_path, "--endpoint", server.url, *flags, stdin=stdin, **environ)
        assert code == 2
        assert "There already" in err
        again = ("--endpoint", server.url, "--overwrite", *flags)
        assert (await script(tmp_path, *again, stdin=stdin, **environ))[0] == 0


@pytest.mark.parametrize(
    ("flags", "environ", "told"),
    [
        ((), {}, "Missing: Endpoint, or the Target URI that the portal shows. Give it by --endpoint."),
        (("--endpoint", "https://home.openai.azure.com"), {}, "Give it by AZURE_OPENAI_KEY or --key-file."),
        (("--key", KEY), {}, "A key is no argument"),
        ((f"--key={KEY}",), {}, "A key is no argument"),
        (("--endpoint", "http://127.0.0.1:1"), {"AZURE_OPENAI_KEY": KEY}, "Nothing was written."),
    ],
)
async def test_a_script_is_told_in_one_line_what_is_missing(
    flags: tuple[str, ...], environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    code, _, err = await script(tmp_path, *flags, **environ)
    assert code == 2
    assert told in err
    assert err.count("\n") == 1
    assert KEY not in err
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("deployments", "faults", "flags", "told"),
    [
        (DEPLOYED, Faults(), (), "This resource speaks, but nothing there hears."),
        ({"ears": "whisper-1"}, Faults(), (), "This resource has nothing that speaks."),
        (BOTH, Faults(), ("--realtime-deployment", "nowhere"), "deployment 'nowhere' not found"),
        (BOTH, Faults(refused_upgrade=RefusedUpgrade(status=401)), (), "Access denied"),
    ],
)
async def test_a_script_is_told_what_the_resource_lacks(
    deployments: dict[str, str], faults: Faults, flags: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    async with cloud(deployments, faults) as server:
        code, _, err = await script(tmp_path, "--endpoint", server.url, *flags, AZURE_OPENAI_KEY=KEY)
    assert code == 2
    assert told in err
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("service", "path", "speaks", "hears"),
    [
        ("openai", "/v1", "gpt-realtime", "gpt-live-transcribe"),
        ("auto", "/voice-live", "gpt-4.1-nano", "azure-speech"),
        ("auto", "/openai/realtime?api-version=2025-04-01-preview", "gpt-realtime", "gpt-live-transcribe"),
    ],
)
async def test_other_services(service: str, path: str, speaks: str, hears: str, tmp_path: Path) -> None:
    async with cloud() as server:
        arguments = ("--endpoint", server.url + path, "--service", service)
        code, out, err = await script(tmp_path, *arguments, AZURE_OPENAI_KEY=KEY)
    assert (code, err) == (0, "")
    (target,) = written(tmp_path).settings.targets
    assert target.realtime_deployment.startswith(speaks)  # which of them depends on the day
    assert target.transcription_deployment == hears
    assert "USD a minute" in out


async def test_without_a_terminal_it_asks_nothing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *setup(tmp_path), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(START_SECONDS):
        _, err = await process.communicate()
    assert process.returncode == 2
    assert b"--non-interactive" in err
