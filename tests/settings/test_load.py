from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.settings_sources import AZURE, complaint, from_yaml, loaded, ours
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.declaration import values
from wyoming_azure_realtime.settings.load import load, variables
from wyoming_azure_realtime.settings.model import Listener, Settings, all_options


class TestPrecedence:
    def test_nothing_given_means_defaults(self) -> None:
        result = loaded()
        assert result.settings == Settings()
        assert set(result.sources.values()) == {"default"}

    def test_the_file_wins_over_defaults(self, tmp_path: Path) -> None:
        result = from_yaml(tmp_path, "speech:\n  voice: echo\n")
        assert result.settings.speech.voice == "echo"
        assert result.sources["speech.voice"] == f"file {tmp_path}/settings.yaml:2"

    def test_the_environment_wins_over_the_file(self, tmp_path: Path) -> None:
        result = from_yaml(tmp_path, "speech: {voice: echo, speed: 1.5}", {"VOICE": "sage"})
        assert (result.settings.speech.voice, result.settings.speech.speed) == ("sage", 1.5)
        assert result.sources["speech.voice"] == "environment WYOMING_AZURE_REALTIME_VOICE"

    def test_the_command_line_wins_over_everything(self, tmp_path: Path) -> None:
        result = from_yaml(tmp_path, "speech: {voice: echo}", {"VOICE": "sage"}, voice="ash")
        assert result.settings.speech.voice == "ash"
        assert result.sources["speech.voice"] == "command line --voice"

    def test_every_setting_has_a_source(self, tmp_path: Path) -> None:
        result = from_yaml(tmp_path, "targets: [{key: x}, {name: b}]", {"BACKEND": "embedded"})
        assert set(result.sources) == {key for key, _ in values(result.settings)}

    def test_a_choice_of_the_default_is_still_a_choice(self) -> None:
        assert not loaded().given("http.listen")
        assert loaded(http="127.0.0.1:5000").given("http.listen")

    def test_uris_of_the_command_line_replace_the_listeners_of_the_file(self, tmp_path: Path) -> None:
        text = "listeners: [{uri: 'tcp://127.0.0.1:1'}, {uri: 'tcp://127.0.0.1:2'}]"
        result = from_yaml(tmp_path, text, uri=["stdio://"])
        assert result.settings.listeners == (Listener(uri="stdio://"),)

    @pytest.mark.parametrize(("environ", "flags"), [({"LANGUAGE": "en-GB"}, {}), ({}, {"language": "en-GB"})])
    def test_a_language_of_a_stronger_place_counts_for_the_default_profile_too(
        self, tmp_path: Path, environ: dict[str, str], flags: dict[str, str]
    ) -> None:
        text = "profiles: {default: {language: en-US, voice: sage}, other: {language: en-AU}}"
        profiles = from_yaml(tmp_path, text, environ, **flags).settings.profiles
        assert (profiles["default"].language, profiles["default"].voice) == ("", "sage")
        assert profiles["other"].language == "en-AU"

    def test_the_settings_file_can_be_named_in_the_environment(self, tmp_path: Path) -> None:
        (tmp_path / "x.yaml").write_text("speech: {voice: echo}")
        assert loaded({"CONFIG": str(tmp_path / "x.yaml")}).settings.speech.voice == "echo"

    def test_zeroconf_is_one_flag_for_two_settings(self, tmp_path: Path) -> None:
        text = "zeroconf: {name: Attic}"
        assert from_yaml(tmp_path, text, zeroconf="false").settings.zeroconf.enabled is False
        zeroconf = from_yaml(tmp_path, text, zeroconf="true").settings.zeroconf
        assert (zeroconf.enabled, zeroconf.name) == (True, "Attic")
        assert from_yaml(tmp_path, text, {"ZEROCONF": "Cellar"}).settings.zeroconf.name == "Cellar"


class TestBackend:
    def test_with_nothing_configured_it_is_embedded(self) -> None:
        assert loaded().uses == "embedded"

    def test_with_endpoint_and_key_it_is_azure(self) -> None:
        result = loaded(AZURE)
        assert result.uses == "azure"
        assert result.sources["targets[0].endpoint"] == "environment AZURE_OPENAI_ENDPOINT"

    @pytest.mark.parametrize(
        "name",
        [
            "AZURE_OPENAI_ENDPOINT",
            "AZURE_OPENAI_KEY",
            "AZURE_OPENAI_API_KEY",
            "AZURE_OPENAI_REALTIME_DEPLOYMENT",
            "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",
            "AZURE_OPENAI_API_VERSION",
        ],
    )
    def test_any_part_of_azure_makes_all_of_it_required(self, name: str) -> None:
        with pytest.raises(SettingsError, match=r"^Azure OpenAI endpoint and API key are required\."):
            loaded({name: "https://home.openai.azure.com" if "ENDPOINT" in name else "v1"})

    def test_use_realtime_api_makes_azure_required(self) -> None:
        with pytest.raises(SettingsError, match=r"required\. Set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY"):
            loaded({"USE_REALTIME_API": "true"})

    def test_use_realtime_api_false_means_embedded_whatever_is_configured(self) -> None:
        assert loaded({**AZURE, "USE_REALTIME_API": "false"}).uses == "embedded"

    def test_the_backend_flag_wins_over_all(self) -> None:
        assert loaded({**AZURE, "USE_REALTIME_API": "true"}, backend="embedded").uses == "embedded"
        assert loaded({**AZURE, "USE_REALTIME_API": "false"}, backend="azure").uses == "azure"
        assert loaded({**AZURE, "USE_REALTIME_API": "false"}, backend="auto").uses == "azure"
        assert loaded({"USE_REALTIME_API": "true"}, backend="auto").uses == "embedded"

    def test_our_own_variable_wins_over_use_realtime_api(self) -> None:
        assert loaded({"USE_REALTIME_API": "true", "BACKEND": "embedded"}).uses == "embedded"

    def test_the_message_says_what_is_missing_and_who_wanted_azure(self) -> None:
        message = complaint(lambda: loaded({"AZURE_OPENAI_KEY": "hunter2"}))
        assert "Set AZURE_OPENAI_ENDPOINT (Azure was chosen by environment AZURE_OPENAI_KEY)" in message
        assert "--backend embedded" in message
        assert "hunter2" not in message

    def test_entra_id_needs_no_key(self) -> None:
        assert loaded({"AZURE_OPENAI_ENDPOINT": "https://x.example", "TARGET_AUTH": "entra"}).uses == "azure"

    def test_targets_of_the_file_count_and_the_environment_fills_the_first(self, tmp_path: Path) -> None:
        second_target = "{name: b, endpoint: 'https://b.example', key: k}"
        text = f"targets: [{{name: a, endpoint: 'https://a.example'}}, {second_target}]"
        first, second = from_yaml(tmp_path, text, {"AZURE_OPENAI_KEY": "secret"}).settings.targets
        assert (first.endpoint, first.key.reveal()) == ("https://a.example", "secret")
        assert (second.endpoint, second.key.reveal()) == ("https://b.example", "k")

    def test_an_empty_list_of_targets_asks_for_nothing(self, tmp_path: Path) -> None:
        assert from_yaml(tmp_path, "targets:\n").uses == "embedded"


class TestMistakes:
    @pytest.mark.parametrize(
        ("name", "text", "key", "allowed"),
        [
            ("RECOGNITION_MAX_SECONDS", "9000", "recognition.max_seconds", "a number from 1 to 600"),
            ("BACKEND", "cloud", "backend", "auto, azure or embedded"),
            ("DEBUG", "maybe", "log.debug", "true or false"),
            ("USE_REALTIME_API", "maybe", "backend", "true or false"),
            ("POOL_MAX_SIZE", "2.5", "pool.max_size", "a whole number from 1 to 1000"),
            ("POOL_MAX_WAITING", "0", "pool.max_waiting", "a whole number from 1 to 10000"),
            ("SPEECH_SUBSTITUTES", "nova", "speech.substitutes", "pairs such as nova=coral,onyx=ash"),
            ("URI", ",", "listeners", "one or several URIs, such as tcp://0.0.0.0:10300"),
        ],
    )
    def test_the_message_names_key_and_source_and_what_is_allowed(
        self, name: str, text: str, key: str, allowed: str
    ) -> None:
        message = f"{key} is '{text}' (environment {ours(name)}). Allowed: {allowed}."
        assert complaint(lambda: loaded({name: text})) == message

    @pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400", "", "0x10", "9" * 10_000, "1_0 0"])
    def test_numbers_that_are_none_are_refused(self, tmp_path: Path, number: str) -> None:
        with pytest.raises(SettingsError, match=r"speech\.speed is "):
            from_yaml(tmp_path, f"speech: {{speed: '{number}'}}")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "recognition: {max_secs: 1}",
                r"Unknown key 'recognition\.max_secs' .*:1\)\. Did you mean max_seconds",
            ),
            ("recogntion: {}", r"Unknown key 'recogntion' .*Did you mean recognition"),
            (
                "targets: [{keys: 1}]",
                r"Unknown key 'targets\[0\]\.keys'.* Keys of targets\[0\]: also_transcribes, answer_",
            ),
            ("profiles: {kitchen: {lang: en}}", r"Unknown key 'profiles\.kitchen\.lang'"),
            ("speech: alloy", "speech is a single text .*Allowed: a mapping"),
            ("speech: [alloy]", "speech is a list .*Allowed: a mapping"),
            ("speech: {voice: {a: b}}", r"speech\.voice is a mapping .*Allowed: a text"),
            ("speech: {speed: [1]}", r"speech\.speed is a list .*Allowed: a number"),
            ("listeners: 'tcp://0.0.0.0:1'", "listeners is a single text .*Allowed: a list"),
            ("listeners: {uri: x}", "listeners is a mapping .*Allowed: a list"),
            ("listeners: [{profile: default}]", r"listeners\[0\]\.uri is missing \(file .*:1\)"),
            ("embedded: {names: {a: b}}", r"embedded\.names is a mapping .*Allowed: a list"),
            ("1: 2", "Unknown key '1'"),
        ],
    )
    def test_wrong_keys_and_shapes_in_the_file_are_reported_with_the_line(
        self, tmp_path: Path, text: str, message: str
    ) -> None:
        with pytest.raises(SettingsError, match=message):
            from_yaml(tmp_path, text)

    def test_a_key_in_the_wrong_place_is_not_repeated(self, tmp_path: Path) -> None:
        for text in ("targets: [hunter2]", "targets: hunter2", "http: hunter2"):
            message = complaint(partial(from_yaml, tmp_path, text))
            assert message
            assert "hunter2" not in message
        message = complaint(
            lambda: loaded({"AZURE_OPENAI_ENDPOINT": "hunter2", "AZURE_OPENAI_KEY": "https://x"})
        )
        assert message
        assert "hunter2" not in message

    def test_a_missing_file_is_an_error_that_names_the_flag(self) -> None:
        with pytest.raises(SettingsError, match=r"nowhere.*command line --config"):
            loaded(config="/nowhere.yaml")

    @pytest.mark.parametrize("text", ["a\0b", "\udcff"])
    def test_what_cannot_be_encoded_is_no_text(self, text: str) -> None:
        with pytest.raises(SettingsError, match=r"recognition\.prompt is not text"):
            loaded({"RECOGNITION_PROMPT": text})


TEXTS = st.one_of(
    st.text(st.characters(), max_size=12),
    st.sampled_from(["true", "1", "-1", "off", "azure", "tcp://[::1]:0"]),
)
KEYS = st.sampled_from(
    sorted({part for key, _ in values(Settings()) for part in key.split(".")} | {"targets"})
)
NODES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda node: st.one_of(st.lists(node, max_size=3), st.dictionaries(KEYS, node, max_size=3)),
    max_leaves=12,
)


FLAGS = ["config", *(option.destination for option in all_options() if option.flag)]


class TestAnything:
    """Whatever the bytes: settings or a `SettingsError` of one line."""

    text = st.one_of(
        st.text(max_size=12), st.sampled_from(["true", "1", "-1", "off", "azure", "tcp://[::1]:0"])
    )

    @given(st.dictionaries(st.sampled_from(sorted(variables())), TEXTS, max_size=6))
    @settings(max_examples=300)
    def test_in_the_environment(self, environ: dict[str, str]) -> None:
        assert "\n" not in complaint(lambda: load({}, environ))

    @given(
        st.dictionaries(
            st.sampled_from(FLAGS),
            TEXTS,
        )
    )
    def test_on_the_command_line(self, flags: dict[str, str]) -> None:
        assert "\n" not in complaint(lambda: load(flags, {}))

    @given(st.binary(max_size=200))
    @settings(max_examples=200)
    def test_in_the_file(self, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
        file = tmp_path_factory.getbasetemp() / "fuzz.yaml"
        file.write_bytes(data)
        assert "\n" not in complaint(lambda: load({"config": str(file)}, {}))

    @given(st.dictionaries(KEYS, NODES, max_size=5))
    @settings(max_examples=300)
    def test_in_a_file_of_known_keys(
        self, tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
    ) -> None:
        file = tmp_path_factory.getbasetemp() / "keys.yaml"
        file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8", errors="replace")
        assert "\n" not in complaint(lambda: load({"config": str(file)}, {}))
