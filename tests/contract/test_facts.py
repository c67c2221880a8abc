"""What only a real service can prove: the facts that `wyoming-azure-realtime report` tries, as tests.

Run: `pytest -m contract`, with the variables of at least one of the services below. Each costs some seconds
of speech. Where a fact does not hold, the message says what to do.
"""

import os

import pytest

from wyoming_azure_realtime.commands.report import Fact, facts_about, tried
from wyoming_azure_realtime.diagnosis.trial import Trial
from wyoming_azure_realtime.providers.registry import PROVIDERS
from wyoming_azure_realtime.settings.model import Secret, Settings, Target

pytestmark = pytest.mark.contract

VARIABLES = {
    "voice_live": ("AZURE_VOICE_LIVE_ENDPOINT", "AZURE_VOICE_LIVE_KEY"),
    "azure_openai": ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY"),
    "openai": ("OPENAI_ENDPOINT", "OPENAI_API_KEY"),
}
ENDPOINTS = {"OPENAI_ENDPOINT": "https://api.openai.com"}
MODELS = {
    "voice_live": ("AZURE_VOICE_LIVE_MODEL", "AZURE_VOICE_LIVE_TRANSCRIPTION_MODEL"),
    "azure_openai": ("AZURE_OPENAI_REALTIME_DEPLOYMENT", "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT"),
    "openai": ("OPENAI_REALTIME_MODEL", "OPENAI_TRANSCRIPTION_MODEL"),
}


def target_of(service: str) -> Target:
    """The service in the environment; skips where there is none."""
    endpoint, key = (os.environ.get(name) or ENDPOINTS.get(name, "") for name in VARIABLES[service])
    if not (endpoint and key):
        pytest.skip(f"needs {' and '.join(VARIABLES[service])}")
    usual = PROVIDERS[service](Target()).default_models
    speaks, hears = (os.environ.get(name) for name in MODELS[service])
    return Target(
        endpoint=endpoint,
        key=Secret(key),
        service=service,
        realtime_deployment=speaks or usual["realtime_deployment"],
        transcription_deployment=hears or usual["transcription_deployment"],
    )


EVERY_FACT = [
    pytest.param(service, fact, id=f"{service}: {fact.name}")
    for service in VARIABLES
    for fact in facts_about(service)
]


@pytest.mark.parametrize(("service", "fact"), EVERY_FACT)
async def test_it_is_so(service: str, fact: Fact) -> None:
    trial = Trial(target_of(service), Settings())
    try:
        finding = await tried(fact, trial)
    finally:
        await trial.close()
    assert finding.ok, f"{finding.detail}\nWhat to do: {fact.otherwise}"
