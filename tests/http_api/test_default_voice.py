"""The voice that somebody chooses on the page, for all who ask for none."""

from pathlib import Path

import pytest

from tests.support.http_door import INFO, SYNTHESIZE, Door, http_door
from wyoming_azure_realtime.accounting.sqlite_file import SqliteFile
from wyoming_azure_realtime.http_api.server import PREFIX
from wyoming_azure_realtime.settings.model import Profile
from wyoming_azure_realtime.speech.requests import SynthesisRequest

VOICE = f"{PREFIX}/default-voice"


async def default_voice(door: Door) -> str:
    return str((await door.get(INFO)).json["defaultVoice"])


async def spoken_by(door: Door, **more: str) -> str:
    assert (await door.post(SYNTHESIZE, json={"text": "hello", **more})).status == 200
    return door.running.turns[-1].voice


async def test_it_speaks_for_all_who_ask_for_none() -> None:
    async with http_door() as door:
        service = door.running.service
        before = service.for_profile(Profile())
        own = service.for_profile(Profile(voice="echo"))
        assert await default_voice(door) == "alloy"
        answer = await door.ask("PUT", VOICE, json={"voice": "Sage"})
        assert (answer.status, answer.json) == (200, {"defaultVoice": "sage", "remembered": False})
        assert await default_voice(door) == "sage"
        assert await spoken_by(door) == "sage"
        assert await spoken_by(door, voiceName="ash") == "ash"
        # profiles have it as well, those that name a voice keep theirs
        assert before.catalog.default_voice == "sage"
        assert service.for_profile(Profile()).catalog.default_voice == "sage"
        assert own.synthesize(SynthesisRequest("x")).voice.name == "echo"
        answer = await door.ask("PUT", VOICE, json={"voice": ""})
        assert answer.json == {"defaultVoice": "alloy", "remembered": False}
        assert await spoken_by(door) == "alloy"


async def test_it_is_remembered_in_the_state(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    async with http_door(state=SqliteFile(path)) as door:
        assert await door.history.chosen_voice() == ""
        answer = await door.ask("PUT", VOICE, json={"voice": "verse"})
        assert answer.json == {"defaultVoice": "verse", "remembered": True}
    async with http_door(state=SqliteFile(path)) as door:
        assert await door.history.chosen_voice() == "verse"
        door.running.service.chosen.name = await door.history.chosen_voice()
        assert await default_voice(door) == "verse"
        await door.ask("PUT", VOICE, json={"voice": ""})
        assert await door.history.chosen_voice() == ""


async def test_a_voice_that_is_not_there_any_more_is_no_obstacle() -> None:
    async with http_door() as door:
        door.running.service.chosen.name = "nobody"
        assert await default_voice(door) == "alloy"
        assert await spoken_by(door) == "alloy"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"voice": 1}', b'{"voice": null}', b'{"voice": "nobody"}', b'{"voice": "a", "b": 1}'],
)
async def test_what_is_no_voice_is_refused(body: bytes) -> None:
    async with http_door() as door:
        answer = await door.ask("PUT", VOICE, data=body, headers={"Content-Type": "application/json"})
        assert answer.status == 400
        assert await default_voice(door) == "alloy"


async def test_no_form_and_no_foreign_page_chooses() -> None:
    async with http_door() as door:
        plain = await door.ask(
            "PUT", VOICE, data=b'{"voice": "sage"}', headers={"Content-Type": "text/plain"}
        )
        foreign = await door.ask(
            "PUT", VOICE, json={"voice": "sage"}, headers={"Origin": "https://evil.example"}
        )
        large = await door.ask("PUT", VOICE, json={"voice": "x" * 5000})
        assert (plain.status, foreign.status, large.status) == (415, 403, 413)
        assert await default_voice(door) == "alloy"
