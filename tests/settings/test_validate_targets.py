from pathlib import Path

import pytest

from tests.support.settings_sources import AZURE, complaint, from_yaml, loaded
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.load import Loaded


def with_endpoint(endpoint: str) -> Loaded:
    return loaded({**AZURE, "AZURE_OPENAI_ENDPOINT": endpoint})


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://home.openai.azure.com",
        "https://home.openai.azure.com/",
        "https://HOME.openai.azure.com:443/openai/v1/realtime",
        "https://gateway.example/team/speech",
        "https://api.openai.com/v1",
        "https://10.0.0.1:8443",
        "https://[2001:db8::1]/x",
        "http://127.0.0.1:8000",
        "http://localhost:8000/prefix",
        "http://[::1]:8000",
        "http://192.168.1.20:8000",
        "ws://[fd12::5]:8765/v1/realtime",
        "http://100.101.102.103",
        "http://gpu.local:8000",
        "http://localai:8080",
        "wss://home.openai.azure.com",
    ],
)
def test_an_endpoint_is_https_anywhere_or_http_at_home(endpoint: str) -> None:
    assert with_endpoint(endpoint).settings.targets[0].endpoint == endpoint


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("http://home.openai.azure.com", "in the clear"),
        ("http://127.evil.example", "in the clear"),
        ("http://localhost.evil.example", "in the clear"),
        ("http://8.8.8.8", "in the clear"),
        ("ws://134744072", "in the clear"),
        ("http://0x08080808", "in the clear"),
        ("http://0.0.0.0:80", "in the clear"),
        ("http://gpu.local.evil.example", "in the clear"),
        ("https://home.openai.azure.com?api-key=hunter2", "a query or a fragment"),
        ("https://home.openai.azure.com#hunter2", "a query or a fragment"),
        ("https://home.openai.azure.com?", "a query or a fragment"),
        ("https://me:hunter2@home.openai.azure.com", "a user or a password"),
        ("https://hunter2@home.openai.azure.com", "a user or a password"),
        ("home.openai.azure.com", "no https:// address"),
        ("hunter2", "no https:// address"),
        ("tcp://home.openai.azure.com", "no https:// address"),
        ("https://", "no https:// address"),
        ("https:///openai", "no https:// address"),
        ("https://<your-resource>.openai.azure.com", "no https:// address"),
        ("https://a b", "no https:// address"),
        ("https://ümlaut.example", "no https:// address"),
        ("https://x:0", "no https:// address"),
        ("https://x:99999", "no address"),
        ("https://x:y", "no address"),
        ("https://[::1", "no address"),
        ("https://x/a b", "path"),
    ],
)
def test_any_other_endpoint_is_refused_and_nothing_secret_in_it_is_shown(endpoint: str, reason: str) -> None:
    message = complaint(lambda: with_endpoint(endpoint))
    assert message.startswith("targets[0].endpoint is ")
    assert reason in message
    assert "(environment AZURE_OPENAI_ENDPOINT)" in message
    assert "hunter2" not in message


@pytest.mark.parametrize("key", ["new\nline", "tab\t", "ümlaut", " leading", "\x7f"])
def test_a_key_fits_into_a_header_and_is_not_shown(key: str) -> None:
    message = complaint(lambda: loaded({**AZURE, "AZURE_OPENAI_KEY": key}))
    assert message.startswith(
        "targets[0].key is a text that no HTTP header can carry (environment AZURE_OPENAI_KEY)"
    )
    assert key not in message


@pytest.mark.parametrize(
    "key", ["x", "any key at all", "0" * 84, "sk-…".encode("ascii", "ignore").decode() * 40]
)
def test_beyond_that_a_key_is_opaque(key: str) -> None:
    assert loaded({**AZURE, "AZURE_OPENAI_KEY": key}).settings.targets[0].key.reveal() == key


@pytest.mark.parametrize("version", ["v1", "2024-10-01", "2025-04-01-preview"])
def test_an_api_version_is_v1_or_a_date(version: str) -> None:
    assert loaded({**AZURE, "AZURE_OPENAI_API_VERSION": version}).uses == "azure"


@pytest.mark.parametrize("service", ["auto", "azure_openai", "openai", "embedded"])
def test_a_target_says_whose_it_is(service: str) -> None:
    assert loaded({**AZURE, "TARGET_SERVICE": service}).settings.targets[0].service == service


@pytest.mark.parametrize("service", ["azure", "OpenAI", "bing"])
def test_an_unknown_service_is_refused_with_its_source_and_those_that_exist(service: str) -> None:
    expected = (
        rf"^targets\[0\]\.service is '{service}' \(environment WYOMING_AZURE_REALTIME_TARGET_SERVICE\)\. "
        r"Allowed: auto, azure_openai, openai, voice_live, speech_to_speech, localai, speaches, xai or "
        r"embedded\.$"
    )
    with pytest.raises(SettingsError, match=expected):
        loaded({**AZURE, "TARGET_SERVICE": service})


@pytest.mark.parametrize(
    "openai", [{"TARGET_SERVICE": "openai"}, {"AZURE_OPENAI_ENDPOINT": "https://api.openai.com"}]
)
def test_openai_has_no_preview(openai: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"API_VERSION\)\. OpenAI speaks the GA API only"):
        loaded({**AZURE, **openai, "AZURE_OPENAI_API_VERSION": "2025-04-01-preview"})


def test_the_scope_of_tokens_may_be_left_to_the_service() -> None:
    assert loaded(AZURE).settings.targets[0].token_scope == ""
    with pytest.raises(SettingsError, match=r"targets\[0\]\.token_scope is 'two words'"):
        loaded({**AZURE, "TARGET_TOKEN_SCOPE": "two words"})


@pytest.mark.parametrize("version", ["v2", "latest", "2024-09-30", "2023-05-15"])
def test_any_other_version_is_refused_with_its_source(version: str) -> None:
    expected = rf"^Invalid API version '{version}' \(.*AZURE_OPENAI_API_VERSION\)\. Leave"
    with pytest.raises(SettingsError, match=expected):
        loaded({**AZURE, "AZURE_OPENAI_API_VERSION": version})


def test_a_date_in_yaml_is_a_version_like_any_other(tmp_path: Path) -> None:
    text = "targets: [{endpoint: 'https://x.example', key: k, api_version: 2025-04-01}]"
    assert from_yaml(tmp_path, text).settings.targets[0].api_version == "2025-04-01"


@pytest.mark.parametrize("name", ["two words", "x" * 129, "ü"])
def test_a_deployment_is_one_word(name: str) -> None:
    with pytest.raises(SettingsError, match=r"targets\[0\]\.realtime_deployment is .*REALTIME_DEPLOYMENT"):
        loaded({**AZURE, "AZURE_OPENAI_REALTIME_DEPLOYMENT": name})


@pytest.mark.parametrize("field", ["name", "realtime_deployment", "transcription_deployment"])
def test_a_name_is_not_empty(field: str, tmp_path: Path) -> None:
    text = f"targets: [{{endpoint: 'https://a.example', key: k, {field}: ''}}]"
    with pytest.raises(SettingsError, match=rf"targets\[0\]\.{field} is ''"):
        from_yaml(tmp_path, text)


def test_further_deployments_that_hear_are_given_with_their_models() -> None:
    found = loaded({**AZURE, "TARGET_ALSO_TRANSCRIBES": "fast=gpt-live-transcribe, spare=whisper-1"})
    assert found.settings.targets[0].also_transcribes == {
        "fast": "gpt-live-transcribe",
        "spare": "whisper-1",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("fast", "pairs such as"),
        ("two words=whisper-1", "'two words' with 'whisper-1'"),
        ("fast=two words", "'fast' with 'two words'"),
        (
            "gpt-realtime-whisper=whisper-1",
            "'gpt-realtime-whisper', which is the transcription_deployment already",
        ),
        (",".join(f"d{number}=whisper-1" for number in range(21)), "is a mapping of 21 .*at most 20"),
    ],
)
def test_further_deployments_that_make_no_sense_are_refused(given: str, message: str) -> None:
    with pytest.raises(SettingsError, match=rf"targets\[0\]\.also_transcribes .*{message}"):
        loaded({**AZURE, "TARGET_ALSO_TRANSCRIBES": given})


def test_every_target_needs_endpoint_and_key_and_says_which_lacks_what(tmp_path: Path) -> None:
    text = "targets: [{name: a, endpoint: 'https://a.example', key: k}, {name: b, endpoint: 'https://b.example'}]"
    with pytest.raises(SettingsError, match=r"endpoint and API key are required.*targets\[1\]\.key"):
        from_yaml(tmp_path, text)


def test_targets_have_names_of_their_own(tmp_path: Path) -> None:
    one = "{endpoint: 'https://a.example', key: k}"
    with pytest.raises(SettingsError, match=r"targets\[1\]\.name is 'default' once more"):
        from_yaml(tmp_path, f"targets: [{one}, {one}]")


def test_there_are_not_endlessly_many_targets(tmp_path: Path) -> None:
    many = ", ".join(f"{{name: t{n}, endpoint: 'https://a.example', key: k}}" for n in range(17))
    with pytest.raises(SettingsError, match="targets is a list of 17"):
        from_yaml(tmp_path, f"targets: [{many}]")


def test_targets_that_are_not_used_are_not_looked_at() -> None:
    assert loaded({"AZURE_OPENAI_ENDPOINT": "nonsense"}, backend="embedded").uses == "embedded"


@pytest.mark.parametrize("path", ["v1/realtime", "/", "/v1/", "/a b", "/v1?x=1", "/v1#x", "//host/x"])
def test_a_path_is_one(path: str) -> None:
    message = complaint(lambda: loaded(AZURE | {"TARGET_PATH": path}))
    assert message.startswith("targets[0].path is ")


def test_a_server_at_home_needs_no_key() -> None:
    home = {
        "AZURE_OPENAI_ENDPOINT": "http://192.168.1.20:8765",
        "TARGET_SERVICE": "speech_to_speech",
    }
    assert not loaded(home).settings.targets[0].key
