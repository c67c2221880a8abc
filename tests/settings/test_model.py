from collections import Counter

import msgspec
import pytest

from wyoming_azure_realtime.providers.registry import service_names
from wyoming_azure_realtime.settings.declaration import PREFIX, allowed, kind_at, values
from wyoming_azure_realtime.settings.model import CONFIG, Settings, Target, all_options

EVERY = (CONFIG, *all_options())
# profiles and models have names, so there is no variable for them; listeners have one for all of them
STRUCTURED = ("profiles.", "listeners[", "recognition.models", "cost.prices")


def keys() -> list[str]:
    return [key for key, _ in values(Settings(targets=(Target(),)))]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().log.debug = True  # type: ignore[misc]


def test_a_target_transcribes_with_its_deployment_unless_its_model_is_given() -> None:
    assert Target(transcription_deployment="mine").transcribes_with == "mine"
    target = Target(transcription_deployment="mine", transcription_model="gpt-4o-transcribe")
    assert target.transcribes_with == "gpt-4o-transcribe"


def test_every_default_is_possible_by_its_own_type() -> None:
    for field in msgspec.structs.fields(Settings()):
        value = getattr(Settings(), field.name)
        if field.name not in ("http", "home_assistant", "redis_password", "conversation"):  # secrets
            assert msgspec.convert(msgspec.to_builtins(value), field.type) == value


def test_every_setting_is_declared_with_what_it_is_for() -> None:
    declared = {option.key for option in EVERY}
    assert {key.replace("profiles.default", "profiles.NAME") for key in keys()} <= declared
    for option in EVERY:
        for sentences in (option.setting.help, option.setting.more, option.setting.cost):
            assert sentences.endswith(".") or not sentences
        assert option.setting.help


def test_every_scalar_setting_has_a_variable_of_its_own() -> None:
    names = {name for option in EVERY for name in option.names}
    for key in keys():
        if not key.startswith(STRUCTURED):
            assert PREFIX + key.replace("targets[0]", "target").replace(".", "_").upper() in names


def test_no_variable_and_no_flag_has_two_meanings() -> None:
    for counted in (
        Counter(name for option in EVERY for name in option.names),
        Counter(option.flag for option in EVERY if option.flag),
    ):
        assert max(counted.values()) == 1


def test_every_flag_can_be_given_in_the_environment_under_its_name() -> None:
    for option in EVERY:
        if option.flag:
            assert f"WYOMING_AZURE_REALTIME_{option.destination.upper()}" in option.names


def test_the_flags_are_these() -> None:
    assert {option.flag for option in EVERY if option.flag} == {
        "--config",
        "--uri",
        "--backend",
        "--language",
        "--voice",
        "--http",
        "--zeroconf",
        "--debug",
        "--log-format",
    }


def test_the_names_that_users_already_have_are_read() -> None:
    names = {name for option in EVERY for name in option.names if not name.startswith(PREFIX)}
    assert names == {
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_KEY",
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_REALTIME_DEPLOYMENT",
        "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",
        "AZURE_OPENAI_API_VERSION",
        "USE_REALTIME_API",
    }


def test_the_services_in_the_declaration_are_those_that_exist() -> None:
    assert allowed(kind_at(Settings, ("targets", 0, "service"))) == service_names()
