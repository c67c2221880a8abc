"""The list of Azure's voices, the program's own and the service's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.program import run_to_end
from wyoming_azure_realtime.cli import FAILED, REFUSED, main
from wyoming_azure_realtime.commands.voices import read_list
from wyoming_azure_realtime.errors import ConnectFailed

KEY = "a-key-of-the-region"
ENTRIES = [
    {
        "Name": "Microsoft Server Speech Text to Speech Voice (nb-NO, NewNeural)",
        "ShortName": "nb-NO-BrandNewNeural",
        "Gender": "Female",
        "Locale": "nb-NO",
        "StyleList": ["cheerful"],
        "RolePlayList": ["Girl"],
    },
    {
        "ShortName": "en-US-JennyNeural",
        "Gender": "Female",
        "Locale": "en-US",
        "SecondaryLocaleList": ["de-DE"],
    },
    {"ShortName": 7, "Locale": None},
    "no voice",
]


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async def voices(request: web.Request) -> web.Response:
        if request.headers.get("Ocp-Apim-Subscription-Key") != KEY:
            return web.Response(status=401)
        return web.json_response(ENTRIES)

    app = web.Application()
    app.router.add_get("/cognitiveservices/voices/list", voices)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/cognitiveservices/voices/list"
    finally:
        await runner.cleanup()


@pytest.fixture
def settings_file(tmp_path: Path) -> str:
    file = tmp_path / "settings.yaml"
    file.write_text(f"targets: [{{endpoint: https://r.services.ai.azure.com/voice-live, key: {KEY}}}]\n")
    return str(file)


@pytest.mark.parametrize(
    ("asked", "found"),
    [("jenny", "en-US-JennyNeural"), ("nb-NO", "nb-NO-FinnNeural"), ("Katja", "de-DE-KatjaNeural")],
)
def test_voices_are_found_by_name_language_or_part(
    asked: str, found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["voices", asked]) == 0
    assert any(line.startswith(found) for line in capsys.readouterr().out.splitlines())


def test_all_of_them_are_listed_with_styles(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 500
    assert any("whispering" in line for line in lines)


def test_nobody_is_found_by_nonsense(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["voices", "qqqq"]) == REFUSED
    assert "No voice is found by 'qqqq'." in capsys.readouterr().err


async def test_the_services_own_list_is_had_with_the_targets_key(address: str, settings_file: str) -> None:
    asked = ("voices", "nb", "--refresh", "--address", address, "--config", settings_file)
    code, out, err = await run_to_end(*asked)
    assert (code, err) == (0, "")
    assert "nb-NO-BrandNewNeural  nb-NO     female" in out
    assert "cheerful, as Girl" in out
    assert "en-US-JennyNeural" not in out
    assert "lacks 1 of the service's: nb-NO-BrandNewNeural" in out


async def test_a_key_of_another_region_is_told_and_not_shown(address: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("targets: [{endpoint: https://r.services.ai.azure.com/voice-live, key: wrong-key}]\n")
    code, _, err = await run_to_end("voices", "--refresh", "--address", address, "--config", str(file))
    assert code == FAILED
    assert "The service refuses the key (HTTP 401)." in err
    assert "wrong-key" not in err


async def test_without_a_region_nobody_can_be_asked(settings_file: str) -> None:
    code, _, err = await run_to_end("voices", "--refresh", "--config", settings_file)
    assert code == REFUSED
    assert "--region westeurope" in err


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[[[", b"\xff"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(ConnectFailed):
        read_list(body)


def test_entries_that_are_none_are_left_out() -> None:
    names = [
        voice.name for voice in read_list(b'[{"ShortName": 1}, 2, {"ShortName": "a-B-C", "Locale": "a-B"}]')
    ]
    assert names == ["a-B-C"]
