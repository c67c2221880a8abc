import re
from typing import Any

import msgspec
import pytest

from tests.support.http_door import INFO, http_door
from tests.support.wyoming_stand_in import piper, stand_in
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.http_api.status_routes import info
from wyoming_azure_realtime.observe import RequestJudged
from wyoming_azure_realtime.settings.model import Cost, Settings, Talk, Target
from wyoming_azure_realtime.speech.catalog import catalog_of
from wyoming_azure_realtime.wyoming_fallback import WyomingVoice


async def test_info_tells_what_is_on_offer_without_a_session() -> None:
    async with http_door() as door:
        answer = await door.get(INFO)
        assert door.running.server.record.upgrades == 0
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    told = answer.json
    assert told["service"] == "wyoming-azure-realtime"
    assert told["version"] == __version__
    assert told["backend"] == "azure"
    assert told["model"] == "gpt-realtime"
    assert told["features"] == {"stt": True, "tts": True, "streaming": True, "realtimeAudio": True}
    assert {"alloy", "marin", "cedar", "fable", "nova", "onyx"} <= set(told["voices"])
    assert told["voiceSubstitutions"] == {"fable": "ballad", "nova": "coral", "onyx": "ash"}
    assert told["defaultVoice"] == "alloy"
    assert told["transcriptionModels"][0]["name"] == "whisper-1"
    assert {"en", "en-US", "de"} <= set(told["transcriptionModels"][0]["languages"])
    assert told["targets"] == {
        use: {"default": {"state": "untried", "since": None, "error": "", "code": "", "nextTry": None}}
        for use in ("hearing", "speaking", "answering")
    }
    assert set(told["status"].values()) == {"not tried"}
    assert "asrUnavailableReason" not in told


def test_info_of_a_deaf_backend_says_why() -> None:
    catalog = catalog_of(
        Target(service="embedded"),
        Settings(),
        asr_unavailable_reason="There is no recogniser for this Python.",
    )
    told = info(catalog, "gpt-realtime")
    assert told["backend"] == "embedded"
    assert told["features"]["stt"] is False
    assert told["asrUnavailableReason"] == "There is no recogniser for this Python."
    assert msgspec.json.encode(told)


MINUTE_SPOKEN = RequestJudged("t", "synthesis", "default", "gpt-realtime", "completed", {}, 0.0, 60.0)


@pytest.mark.parametrize(
    ("reason", "options"),
    [
        ("", {}),
        ("off", {"settings": Settings(talk=Talk(at_once=0))}),
        ("no-voice", {"service": "speaches"}),
        ("spending-limit", {"cost": Cost(day=0.01, action="mute")}),
        ("", {"cost": Cost(day=0.01, action="cheaper")}),
    ],
)
async def test_info_tells_why_nobody_can_converse(reason: str, options: dict[str, Any]) -> None:
    async with http_door(**options) as door:
        door.running.observer.report(MINUTE_SPOKEN)
        assert (await door.get(INFO)).json["converse"] == {"reason": reason}


async def test_health_needs_no_token_and_tells_nothing() -> None:
    async with http_door(token="secret") as door:
        answer = await door.get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_info_tells_what_there_is_to_know_of_each_voice() -> None:
    async with http_door() as door:
        plain = (await door.get(INFO)).json
    async with http_door(service="voice_live") as door:
        told = (await door.get(INFO)).json
    assert [voice["name"] for voice in plain["voiceDetails"]] == plain["voices"]
    assert plain["voiceDetails"][0] == {
        "name": "alloy",
        "description": "Alloy",
        "languages": plain["voiceDetails"][0]["languages"],
    }
    assert "en" in plain["voiceDetails"][0]["languages"]
    assert {"en", "de"} <= set(plain["languages"])
    assert plain["languages"] == sorted(plain["languages"])
    styles = {voice["name"]: voice.get("styles", []) for voice in told["voiceDetails"]}
    assert "cheerful" in styles["en-US-JennyNeural"]


async def test_info_tells_the_page_whether_it_can_log_out() -> None:
    async with http_door() as door:
        assert (await door.get(INFO)).json["access"] == "local"
    async with http_door(token="a-token") as door:
        token = {"Authorization": "Bearer a-token"}
        assert (await door.get(INFO, headers=token)).json["access"] == "token"
        form = await door.post("/login", data={"token": "a-token"}, allow_redirects=False)
        cookie = form.headers["Set-Cookie"].partition(";")[0]
        assert (await door.get(INFO, headers={"Cookie": cookie})).json["access"] == "cookie"


async def test_the_page_is_there() -> None:
    async with http_door() as door:
        answer = await door.get("/")
        files = re.findall(r'(?:src|href)="(page/[^"]+)"', answer.body.decode())
        statuses = {file: (await door.get(f"/{file}")).status for file in files}
        form = await door.get("/login", allow_redirects=False)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert b"$languages" not in answer.body
    assert statuses
    assert set(statuses.values()) == {200}
    assert (form.status, form.headers["Location"]) == (303, "./")


async def test_info_tells_who_stands_in() -> None:
    async with stand_in(piper()) as mouth, http_door(speaking=[WyomingVoice(mouth.uri)]) as door:
        told = (await door.get(INFO)).json
    assert told["fallback"] == {"hearing": {}, "speaking": {mouth.uri: "ready"}}


async def test_with_a_token_it_leads_to_the_login() -> None:
    async with http_door(token="a-token") as door:
        answer = await door.get("/", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "login")
    assert b"a-token" not in answer.body
