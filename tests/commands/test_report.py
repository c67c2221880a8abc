"""The report about the targets, over the embedded backend in all of its dialects."""

from typing import Any

import pytest

from wyoming_azure_realtime.commands.report import FACTS, facts_about, report_on
from wyoming_azure_realtime.emulator.engines import sink_engines
from wyoming_azure_realtime.emulator.faults import Failure, Faults, RefusedUpgrade
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.settings.model import Secret, Settings, Target

KEY = "0123456789-secret"
VOICE_LIVE = {
    "service": "voice_live",
    "realtime_deployment": "gpt-4.1-nano",
    "transcription_deployment": "azure-speech",
}
TARGETS: dict[str, dict[str, str]] = {
    "voice_live": VOICE_LIVE,
    "azure_openai": {"service": "azure_openai"},
    "preview": {
        "service": "azure_openai",
        "api_version": "2025-04-01-preview",
        "transcription_deployment": "whisper-1",
    },
    "openai": {"service": "openai", "transcription_deployment": "gpt-transcribe"},
}


async def lines_about(target: dict[str, str], key: str = KEY, **faults: Any) -> list[str]:
    options = ServerOptions(key=KEY, faults=Faults(**faults))
    async with EmulatorServer(options, sink_engines()) as server:
        aim = Target(endpoint=server.url, key=Secret(key), **target)  # type: ignore[arg-type]
        return [line async for line in report_on([aim], Settings())]


@pytest.mark.parametrize("name", TARGETS)
async def test_every_fact_is_tried_and_holds_here(name: str) -> None:
    lines = await lines_about(TARGETS[name])
    tried = [line for line in lines if line.startswith("ok  ")]
    assert len(tried) == len(facts_about(TARGETS[name]["service"]))
    assert not [line for line in lines if line.startswith("FAIL")]


async def test_the_unproved_facts_come_first_and_each_says_what_to_do() -> None:
    first = [fact.services for fact in FACTS[:3]]
    assert first == [("voice_live",)] * 3
    assert all(fact.otherwise for fact in FACTS)


async def test_what_fails_is_told_with_the_services_words_and_what_to_do() -> None:
    failure = Failure(code="invalid_value", message="Turn detection is required.")
    lines = await lines_about(VOICE_LIVE, refused_configuration=failure)
    first = next(index for index, line in enumerate(lines) if line.startswith("FAIL"))
    assert "Turn detection is required." in lines[first]
    assert lines[first + 1].startswith("     What to do: Set recognition.requires_external_vad to false")


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
async def test_there_is_no_secret_in_it(target: dict[str, str]) -> None:
    wrong = "wrong-key-0123456789"
    for key, faults in ((wrong, {}), (KEY, {"refused_upgrade": RefusedUpgrade(status=403)})):
        text = "\n".join(await lines_about(target, key, **faults))
        assert "FAIL" in text
        assert key not in text
        assert "127.0.0.1" not in text
