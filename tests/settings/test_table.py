from collections import Counter

from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.options import environment_name
from wyoming_azure_realtime.settings.table import CONFIG, OPTIONS
from wyoming_azure_realtime.settings.walk import values

# profiles and models have names, so there is no variable for them; listeners have one for all of them
STRUCTURED = ("profiles.", "listeners[", "recognition.models")


def keys() -> list[str]:
    return [key for key, _ in values(Settings(targets=(Target(),)))]


def test_every_scalar_setting_has_a_variable_of_its_own():
    names = {name for option in OPTIONS for name in option.names}
    for key in keys():
        if not key.startswith(STRUCTURED):
            assert environment_name(key) in names


def test_every_row_is_about_a_setting_that_exists():
    known = {*keys(), "listeners", "zeroconf"}
    assert {option.key for option in OPTIONS} <= known


def test_no_variable_and_no_flag_has_two_meanings():
    for counted in (
        Counter(name for option in (CONFIG, *OPTIONS) for name in option.names),
        Counter(option.flag for option in (CONFIG, *OPTIONS) if option.flag),
    ):
        assert max(counted.values()) == 1


def test_every_flag_can_be_given_in_the_environment_under_its_name():
    for option in (CONFIG, *OPTIONS):
        if option.flag:
            assert f"WYOMING_AZURE_REALTIME_{option.destination.upper()}" in option.names


def test_the_names_that_users_already_have_are_read():
    names = {name for option in OPTIONS for name in option.names if not name.startswith("WYOMING_")}
    assert names == {
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_KEY",
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_REALTIME_DEPLOYMENT",
        "AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",
        "AZURE_OPENAI_API_VERSION",
        "USE_REALTIME_API",
    }


def test_every_option_is_explained_in_a_sentence():
    for option in (CONFIG, *OPTIONS):
        assert option.help.endswith(".")
