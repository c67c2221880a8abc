"""Two listeners of one program: on one the client ends the command, on the other the server does."""

import asyncio
import re
from pathlib import Path

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient

from tests.end_to_end.test_program import describe, heard, needs_ears
from tests.support.home_commands import ROUND_TRIP, plain
from tests.support.program import program
from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.offline.espeak import SAMPLE_RATE, VOICES, engine

SETTINGS = """
backend: embedded
listeners:
  - uri: tcp://127.0.0.1:0
  - uri: tcp://127.0.0.1:0
    profile: quick
profiles:
  default: {}
  quick: {vad: server}
http: {listen: "off"}
zeroconf: {enabled: false}
"""
FORM = AudioFormat(24_000, 2, 1)
COMMAND = ROUND_TRIP[0]
LONGEST_WAIT = 20
"""Seconds that hearing a command may take on a busy machine; without an end it would go on for ever."""


def said() -> bytes:
    """The command, half a second after the start."""
    resampler = StreamResampler(AudioFormat(SAMPLE_RATE, 2, 1))
    spoken = engine().synthesize(COMMAND, VOICES["alloy"])
    return bytes(24_000) + resampler.process(spoken) + resampler.flush()


async def transcript(client: AsyncClient) -> str:
    """The next one, whatever partial text comes with it."""
    while event := await client.read_event():
        if Transcript.is_type(event.type):
            return Transcript.from_event(event).text
        assert event.type.startswith("transcript-"), event
    raise AssertionError("the connection ended without a transcript")


async def heard_early(client: AsyncClient, pcm: bytes) -> str:
    """What a stock client hears while it goes on sending, in real time; then it stops."""
    form = {"rate": FORM.rate, "width": FORM.width, "channels": FORM.channels}
    await client.write_event(Transcribe(language="en").event())
    await client.write_event(AudioStart(**form).event())
    answer = asyncio.create_task(transcript(client))
    at, step = 0, FORM.bytes_per_second // 50
    while not answer.done():
        chunk = pcm[at : at + step]
        await client.write_event(AudioChunk(**form, audio=chunk + bytes(step - len(chunk))).event())
        await asyncio.wait([answer], timeout=0.02)
        at += step
    assert at < len(pcm) + LONGEST_WAIT * FORM.bytes_per_second
    await client.write_event(AudioStop().event())
    return answer.result()


@needs_ears
async def test_each_listener_has_the_vad_of_its_profile(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(SETTINGS)
    async with program("--config", str(config)) as running:
        await running.uri()
        patient, quick = re.findall(r"tcp://127\.0\.0\.1:\d+", (await running.said(r"listening on .*"))[0])
        for uri, external in ((patient, True), (quick, False)):
            programs = (await describe(uri)).asr  # its own first, then those of other profiles
            assert [asr.requires_external_vad for asr in programs] == [external, not external]
        async with asyncio.timeout(60):
            async with AsyncClient.from_uri(patient) as client:
                assert plain(await heard(client, FORM, said())) == COMMAND
            async with AsyncClient.from_uri(quick) as client:
                for _ in range(2):
                    assert plain(await heard_early(client, said())) == COMMAND
