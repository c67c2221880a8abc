import base64
import hashlib
import html.parser
import re

import pytest

from tests.support.http_door import http_door
from wyoming_azure_realtime import __version__
from wyoming_azure_realtime.http_api import page
from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.settings.model import Target
from wyoming_azure_realtime.speech.catalog import Catalog, Model, Voice

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
    return page.render(catalog, name, {"hearing": {name: name}, "speaking": {name: name}})


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
    assert f"{tag}-src 'sha256-{digest}'" in page.HEADERS["Content-Security-Policy"]
