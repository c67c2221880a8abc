"""Every profile is a program, and a client may say which one serves it."""

from wyoming.info import Info, SelectProgram

from tests.support.wyoming_peer import Peer, wyoming_door
from wyoming_azure_realtime.settings.model import Profile

PROFILES = {"quick": Profile(vad="server"), "german": Profile(language="de", voice="echo")}


async def voice_of_an_answer(peer: Peer, text: str = "Hello.") -> None:
    await peer.send("synthesize", {"text": text})
    await peer.until("audio-stop")


async def test_info_lists_a_program_each_way_for_every_profile_that_of_the_listener_first() -> None:
    async with wyoming_door(profiles=PROFILES) as door, door.peer() as peer:
        await peer.send("describe")
        event = (await peer.until("info"))[-1]
        info = Info.from_event(event)
    names = ["azure-realtime", "azure-realtime-quick", "azure-realtime-german"]
    assert [program.name for program in info.asr] == names
    assert [program.name for program in info.tts] == names
    assert [program.requires_external_vad for program in info.asr] == [True, False, True]


async def test_what_follows_is_served_by_the_program_that_was_selected() -> None:
    async with wyoming_door(profiles=PROFILES) as door:
        async with door.peer() as peer, door.peer() as other:
            selected = SelectProgram("azure-realtime-german").event()
            await peer.send(selected.type, selected.data)
            await voice_of_an_answer(peer)
            await peer.utter(language="")
            await peer.until("transcript")
            await voice_of_an_answer(other)  # another connection has made no choice
            await peer.send("select-program", {"name": "azure-realtime"})
            await voice_of_an_answer(peer)
        turns = door.behind.turns
    assert [turn.voice for turn in turns if turn.kind == "synthesis"] == ["echo", "alloy", "alloy"]
    assert [turn.language for turn in turns if turn.kind == "recognition"] == ["de"]


async def test_an_unknown_program_is_refused_with_those_that_exist() -> None:
    async with wyoming_door(profiles=PROFILES) as door:
        for data in ({"name": "whisper"}, {}, {"name": 7}):
            async with door.peer() as peer:
                await peer.send("select-program", data)
                error = (await peer.until("error"))[-1]
                assert "program" in error.data["text"] or "name" in error.data["text"]
        async with door.peer() as peer:
            await peer.send("select-program", {"name": "whisper"})
            text = (await peer.until("error"))[-1].data["text"]
            assert "There is azure-realtime, azure-realtime-quick, azure-realtime-german." in text


async def test_no_program_is_selected_in_the_middle_of_a_request() -> None:
    async with wyoming_door(profiles=PROFILES) as door, door.peer() as peer:
        await peer.send("audio-start", {"rate": 16000, "width": 2, "channels": 1})
        await peer.audio(5)
        await peer.send("select-program", {"name": "azure-realtime-quick"})
        assert "select-program" in (await peer.until("error"))[-1].data["text"]
