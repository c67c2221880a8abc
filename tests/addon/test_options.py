import itertools
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.settings_sources import complaint
from wyoming_azure_realtime.addon.options import (
    FIXED,
    INGRESS,
    KNOWN,
    OPTIONS,
    TARGET,
    load_options,
    read_options,
)
from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.declaration import values
from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Recognition

AZURE = {"endpoint": "https://home.openai.azure.com", "key": "the-key"}
OTHERS = {
    "backend": "azure",
    "language": "de-AT",
    "prompt": "Erker, Dachboden",
    "noise_reduction": "near_field",
    "voice": "marin",
    "speed": 1.25,
    "speech_language": "de-AT",
    "lead_in": 0.5,
    "instructions": "calm: and friendly",
    "names": ["the snug", "Ada"],
    "http_token": "0123456789abcdef",
    "debug": True,
}
TARGET_VALUES = {
    **AZURE,
    "realtime_deployment": "speaks",
    "transcription_deployment": "hears",
    "transcription_model": "gpt-4o-transcribe",
    "api_version": "2025-04-01-preview",
}

Addon = Callable[..., tuple[Loaded, list[str]]]


@pytest.fixture
def addon(tmp_path: Path) -> Addon:
    """Settings and notices of options, in the add-on's own folder."""

    def load(options: dict[str, Any] | str, **flags: str) -> tuple[Loaded, list[str]]:
        (tmp_path / "options.json").write_text(options if isinstance(options, str) else json.dumps(options))
        return load_options(tmp_path, flags)

    return load


def value(loaded: Loaded, key: str) -> Any:
    found = dict(values(loaded.settings))[key]
    return list(found) if isinstance(found, tuple) else getattr(found, "reveal", lambda: found)()


@pytest.mark.parametrize("option", OTHERS)
def test_every_option_becomes_the_setting_that_it_stands_for(addon: Addon, option: str) -> None:
    loaded, notices = addon({**AZURE, "voice": "alloy", option: OTHERS[option]})
    assert value(loaded, OPTIONS[option]) == OTHERS[option]
    assert loaded.sources[OPTIONS[option]] == f"add-on option {option}"
    assert notices == []


def test_all_options_are_tried_here() -> None:
    assert OTHERS.keys() == OPTIONS.keys()
    assert TARGET_VALUES.keys() == set(TARGET)


@pytest.mark.parametrize("option", TARGET)
def test_every_option_of_a_target_does_too_for_the_first_one_and_for_the_others(
    addon: Addon, option: str
) -> None:
    more = [{**AZURE, "name": "second", option: TARGET_VALUES[option]}, {**AZURE, "name": "third"}]
    loaded, notices = addon({**AZURE, option: TARGET_VALUES[option], "more_targets": more})
    assert (
        value(loaded, f"targets[0].{option}")
        == value(loaded, f"targets[1].{option}")
        == TARGET_VALUES[option]
    )
    assert [target.name for target in loaded.settings.targets] == ["default", "second", "third"]
    assert notices == []


def test_who_ends_a_command_and_drafts_are_choices(addon: Addon) -> None:
    for who, external in (("home_assistant", True), ("server", False)):
        loaded, notices = addon({"ends_command": who})
        assert (loaded.settings.recognition.requires_external_vad, notices) == (external, [])
    for drafts, seconds in ((True, Recognition().draft_after), (False, 0)):
        loaded, notices = addon({"drafts": drafts})
        assert (loaded.settings.recognition.draft_after, notices) == (seconds, [])


@pytest.mark.parametrize(
    ("option", "official"),
    [("fallback_asr", "tcp://core-whisper:10300"), ("fallback_tts", "tcp://core-piper:10200")],
)
def test_the_official_add_on_may_stand_among_the_fallbacks(addon: Addon, option: str, official: str) -> None:
    loaded, notices = addon({**AZURE, option: ["unix:///share/other.sock", "auto", "embedded", ""]})
    key = option.replace("_", ".")
    assert value(loaded, key) == ["unix:///share/other.sock", official, "embedded"]
    assert (loaded.sources[key], notices) == (f"add-on option {option}", [])


def test_other_settings_may_be_of_models_and_profiles_of_any_name(addon: Addon) -> None:
    rows = {"profiles.Quick-2.vad": "server", "recognition.models.gpt-next-2.keywords": "true"}
    loaded, _ = addon({"other_settings": [{"name": name, "value": value} for name, value in rows.items()]})
    assert loaded.settings.profiles["Quick-2"].vad == "server"
    assert loaded.settings.recognition.models["gpt-next-2"].keywords


def test_other_settings_go_by_their_names_in_the_settings_file(addon: Addon) -> None:
    other = [{"name": "deadlines.request", "value": "12"}, {"name": "targets[0].auth", "value": "bearer"}]
    loaded, _ = addon({**AZURE, "other_settings": other})
    assert loaded.settings.deadlines.request == 12
    assert loaded.settings.targets[0].auth == "bearer"


def test_home_assistant_is_asked_only_for_what_is_chosen(tmp_path: Path) -> None:
    home = ("http://supervisor/core", "a-token")
    for names, states in itertools.product((True, False), repeat=2):
        (tmp_path / "options.json").write_text(json.dumps({"home_names": names, "home_states": states}))
        loaded, notices = load_options(tmp_path, {}, home)
        settings = loaded.settings
        assert settings.home_assistant.url == (home[0] if names or states else "")
        assert settings.home_assistant.token.reveal() == ("a-token" if names else "")
        assert settings.conversation.token.reveal() == ("a-token" if states else "")
        assert notices == []


def test_the_form_as_it_is_at_first_runs_the_embedded_backend(addon: Addon) -> None:
    form = {"endpoint": "", "key": "", "realtime_deployment": "gpt-realtime", "voice": "alloy", "names": []}
    loaded, notices = addon(form)
    assert (loaded.uses, loaded.settings.targets, notices) == ("embedded", (), [])


def test_no_options_at_all_are_those_of_an_older_version(addon: Addon) -> None:
    loaded, notices = addon({})
    assert (loaded.uses, notices) == ("embedded", [])


def test_options_that_this_version_does_not_have_are_ignored_with_a_notice(addon: Addon) -> None:
    loaded, notices = addon({"region": "westeurope", **AZURE, "more_targets": [{**AZURE, "weight": 3}]})
    assert len(loaded.settings.targets) == 2
    assert notices == [
        "Ignored the option region: this version has none",
        "Ignored the option more_targets: weight: this version has none",
    ]


def test_further_targets_do_without_a_first_one_and_without_names(addon: Addon) -> None:
    loaded, _ = addon({"realtime_deployment": "unused", "more_targets": [AZURE, AZURE]})
    assert [target.name for target in loaded.settings.targets] == ["target-1", "target-2"]
    assert loaded.settings.targets[0].realtime_deployment == "gpt-realtime"


def test_some_settings_are_the_add_on_s_own(addon: Addon, tmp_path: Path) -> None:
    settings = addon({})[0].settings
    assert [listener.uri for listener in settings.listeners] == ["tcp://0.0.0.0:10300"]
    assert (settings.http.listen, settings.http.trusted_proxy) == ("0.0.0.0:8099", INGRESS)
    assert not settings.zeroconf.enabled
    assert settings.embedded.cache_dir == str(tmp_path / "cache")
    assert settings.state == str(tmp_path / "state" / "state.sqlite")


@pytest.mark.parametrize("name", [*FIXED, "listeners", "listeners[1].uri", "http.trusted_proxy[0]"])
def test_no_option_changes_them(addon: Addon, name: str) -> None:
    other = [{"name": name, "value": "tcp://0.0.0.0:1"}]
    assert "which the add-on decides" in complaint(lambda: addon({"other_settings": other}))


@pytest.mark.parametrize(
    "name", ["http", "zeroconf", "embedded", "nothing.like.it", "log", "", "..", "a[x]", "A"]
)
def test_a_setting_that_does_not_exist_is_refused_in_a_sentence(addon: Addon, name: str) -> None:
    other = [{"name": name, "value": "x"}]
    assert complaint(lambda: addon({"other_settings": other}))


def test_flags_win_for_tests_and_trials(addon: Addon) -> None:
    loaded, _ = addon({}, **{"listeners[0].uri": "tcp://127.0.0.1:0", "http.listen": "off"})
    assert [listener.uri for listener in loaded.settings.listeners] == ["tcp://127.0.0.1:0"]
    assert loaded.settings.http.listen == "off"


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000])
def test_what_is_no_options_file_is_refused_in_a_sentence(addon: Addon, text: str) -> None:
    assert complaint(lambda: addon(text)).startswith("The add-on's options are no JSON object")


def test_without_an_options_file_a_sentence_names_it(tmp_path: Path) -> None:
    assert "options.json' that the Supervisor names cannot be read" in complaint(
        lambda: load_options(tmp_path, {})
    )


def test_a_wrong_value_is_reported_with_its_option_and_without_a_secret(addon: Addon) -> None:
    message = complaint(lambda: addon({**AZURE, "key": "täst-secret"}))
    assert "add-on option key" in message
    assert "secret" not in message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*KNOWN, "unknown"]), JSON, max_size=6))
def test_any_options_are_read_or_refused_in_a_sentence(options: dict[str, Any]) -> None:
    with suppress(SettingsError):
        read_options(json.dumps(options))
