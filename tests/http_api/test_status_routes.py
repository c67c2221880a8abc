import msgspec

from tests.support.http_door import INFO, http_door
from wyoming_azure_realtime import __version__
from wyoming_azure_realtime.http_api.status_routes import info
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.speech.catalog import catalog_of


async def test_info_tells_what_is_on_offer_without_a_session():
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
    assert told["targets"] == {"hearing": {"default": "good"}, "speaking": {"default": "good"}}
    assert "asrUnavailableReason" not in told


def test_info_of_a_deaf_backend_says_why():
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


async def test_health_needs_no_token_and_tells_nothing():
    async with http_door(token="secret") as door:
        answer = await door.get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
