import base64
import hashlib
import html.parser
import re

import msgspec
import pytest

from tests.support.http_door import INFO, http_door
from wyoming_azure_realtime._version import __version__
from wyoming_azure_realtime.http_api.status_routes import PAGE_HEADERS, info, render_page
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.speech.catalog import Catalog, Model, Voice, catalog_of


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


HOSTILE = "<script>alert(1)</script>&\"'"


class Elements(html.parser.HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def rendered(name=HOSTILE):
    class Named(AzureOpenAi):
        backend = name

    catalog = Catalog(
        provider=Named(Target()),
        models=(Model(name, name, (name,)),),
        voices=(Voice(name, name, (name,), name),),
        partials=True,
        default_voice=name,
        default_language=name,
    )
    return render_page(catalog, name, {"hearing": {name: name}, "speaking": {name: name}})


async def test_it_tells_version_backend_voices_and_the_state_of_every_target():
    async with http_door() as door:
        answer = await door.get("/")
        targets = door.running.service.backend_states()["speaking"]
    text = answer.body.decode()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"Version {__version__}" in text
    assert "<option selected>alloy</option>" in text
    for name in targets:
        assert f"<tr><th>{name}</th><td>hearing: good, speaking: good</td></tr>" in text


async def test_it_needs_the_token_like_everything_else():
    async with http_door(token="a-token") as door:
        assert (await door.get("/")).status == 401


def test_every_value_is_escaped():
    assert Elements(rendered()).found == Elements(rendered("plain")).found
    assert "alert(1)</script>" not in rendered()


def test_nothing_comes_from_elsewhere():
    for _, attributes in Elements(rendered("plain")).found:
        assert not {"src", "href", "action", "style", "onclick"} & set(attributes)
    assert not re.search(r"https?://|//\w|@import|url\(", rendered("plain"))


@pytest.mark.parametrize("tag", ["script", "style"])
def test_its_policy_lets_only_its_own_script_and_style_count(tag):
    inside = re.findall(f"<{tag}>(.*?)</{tag}>", rendered("plain"), re.DOTALL)
    assert len(inside) == 1
    digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in PAGE_HEADERS["Content-Security-Policy"]
