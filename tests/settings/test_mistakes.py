"""What people mistake: each is told once, with what is wanted, and never with the value of a key."""

from pathlib import Path

import pytest

from tests.support.settings_sources import AZURE, complaint, from_yaml, loaded
from wyoming_azure_realtime.settings.load import load, report

SECRET = "0123456789abcdef"


def warnings(**environ: str) -> tuple[str, ...]:
    return load({}, {**AZURE, **environ}).warnings


def test_where_nothing_is_wrong_nothing_is_said() -> None:
    assert loaded().warnings == ()
    assert warnings() == ()
    usual = {"AZURE_CLIENT_ID": "x", "AZURE_TENANT_ID": "x", "AZURE_CLIENT_SECRET": "x", "PATH": "/bin"}
    assert warnings(**usual, OPENAI_API_KEY="of another program", SPEECH_KEY="of another program") == ()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://your-resource.openai.azure.com",
        "https://YOUR-RESOURCE.services.ai.azure.com/voice-live",
        "https://example.openai.azure.com",
        "https://NAME.openai.azure.com",
        "https://resource-name.openai.azure.com/",
    ],
)
def test_an_address_out_of_a_sample(endpoint: str) -> None:
    (told,) = warnings(AZURE_OPENAI_ENDPOINT=endpoint)
    assert told == (
        "targets[0].endpoint still is a placeholder (environment AZURE_OPENAI_ENDPOINT): it wants "
        "https://NAME.openai.azure.com with the name of your Azure OpenAI resource."
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://westeurope.tts.speech.microsoft.com",
        "https://westeurope.stt.speech.microsoft.com/speech/recognition",
        "https://westeurope.api.cognitive.microsoft.com/",
    ],
)
def test_an_address_of_azure_speech(endpoint: str) -> None:
    (told,) = warnings(AZURE_OPENAI_ENDPOINT=endpoint)
    assert "is an address of Azure Speech, or of a whole region" in told
    assert "https://NAME.openai.azure.com" in told


@pytest.mark.parametrize(
    "key",
    [
        "your-key",
        "<key>",
        "changeme",
        "CHANGE_ME",
        "<your-api-key>",
        "xxxxxxxx",
        "***",
        "${AZURE_KEY}",
        "...",
    ],
)
def test_a_placeholder_in_the_place_of_a_key(key: str) -> None:
    (told,) = warnings(AZURE_OPENAI_KEY=key)
    assert told.startswith("targets[0].key still is a placeholder (environment AZURE_OPENAI_KEY)")
    assert key not in told


@pytest.mark.parametrize("key", [f'"{SECRET}"', f"'{SECRET}'", f'{SECRET}"'])
def test_a_key_in_quotes(key: str) -> None:
    (told,) = warnings(AZURE_OPENAI_KEY=key)
    assert "targets[0].key stands in quotes (environment AZURE_OPENAI_KEY)" in told
    assert SECRET not in told


def test_a_key_with_a_blank_in_it() -> None:
    (told,) = warnings(AZURE_OPENAI_KEY=f"{SECRET} {SECRET}")
    assert "targets[0].key has a blank in it" in told
    assert SECRET not in told


def test_where_it_cannot_be_used_at_all_the_error_says_it_too() -> None:
    told = complaint(lambda: warnings(AZURE_OPENAI_KEY=f" {SECRET}"))
    assert "targets[0].key has blanks or line breaks around it (environment AZURE_OPENAI_KEY)" in told
    assert SECRET not in told
    told = complaint(lambda: warnings(AZURE_OPENAI_ENDPOINT='"https://home.openai.azure.com"'))
    assert "targets[0].endpoint stands in quotes (environment AZURE_OPENAI_ENDPOINT)" in told


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AZURE_OPENAI_KEYS", "AZURE_OPENAI_KEY"),
        ("AZURE_OPENAI_ENDPOINTS", "AZURE_OPENAI_ENDPOINT"),
        ("AZURE_OPEN_AI_KEY", "AZURE_OPENAI_KEY"),
        ("AZURE_OPENAPI_ENDPOINT", "AZURE_OPENAI_ENDPOINT"),
        ("azure_openai_key", "AZURE_OPENAI_KEY"),
        ("AZURE_OPENAI_REALTIME_DEPLOYMENT_NAME", "AZURE_OPENAI_REALTIME_DEPLOYMENT"),
        ("WYOMING_AZURE_REALTME_VOICE", "WYOMING_AZURE_REALTIME_VOICE"),
    ],
)
def test_a_mistyped_name(name: str, meant: str) -> None:
    environ = {**AZURE, name: SECRET}
    (told,) = load({}, environ).warnings
    assert told == f"The environment has {name}, which this program does not read: did you mean {meant}?"


def test_a_name_of_azure_openai_that_is_nobodys() -> None:
    (told,) = warnings(AZURE_OPENAI_FOO="x")
    assert told.startswith("The environment has AZURE_OPENAI_FOO, which this program does not read")


def test_keys_of_services_that_it_is_not_told_to_use() -> None:
    environ = {"SPEECH_KEY": SECRET, "SPEECH_REGION": "westeurope", "OPENAI_API_KEY": SECRET}
    speech, openai = load({}, environ).warnings
    assert speech.startswith("The environment has SPEECH_KEY and SPEECH_REGION, of Azure Speech")
    assert "AZURE_OPENAI_ENDPOINT to https://api.openai.com" in openai
    assert SECRET not in speech + openai
    told = complaint(lambda: load({}, {**environ, "AZURE_OPENAI_ENDPOINT": "https://a.openai.azure.com"}))
    assert "The environment has OPENAI_API_KEY" in told


def test_secrets_of_other_sections_too(tmp_path: Path) -> None:
    (told,) = from_yaml(tmp_path, "http: {token: your-token}\n").warnings
    assert told.startswith("http.token still is a placeholder (file ")


def test_they_are_shown_with_the_settings() -> None:
    text = report(loaded({**AZURE, "AZURE_OPENAI_KEY": "changeme"}))
    assert text.startswith("Warning: targets[0].key still is a placeholder")
    assert "changeme" not in text


def test_there_are_not_more_than_somebody_reads() -> None:
    assert len(warnings(**{f"AZURE_OPENAI_FOO{number}": "x" for number in range(100)})) == 20
