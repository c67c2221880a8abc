import pytest

from wyoming_azure_realtime.settings.options import (
    NO,
    YES,
    Unreadable,
    environment_name,
    listeners,
    nearest,
    read_switch,
    use_realtime_api,
    zeroconf,
)


def test_a_key_has_a_variable_named_after_it():
    assert environment_name("recognition.max_seconds") == "WYOMING_AZURE_REALTIME_RECOGNITION_MAX_SECONDS"
    assert environment_name("targets[0].key") == "WYOMING_AZURE_REALTIME_TARGET_KEY"


@pytest.mark.parametrize(("words", "meaning"), [(YES, True), (NO, False)])
def test_a_switch_is_read_however_people_write_it(words, meaning):
    for word in words:
        assert read_switch(word) is read_switch(f" {word.upper()} ") is meaning


@pytest.mark.parametrize("text", ["", "2", "maybe", "truefalse"])
def test_anything_else_is_no_switch(text):
    with pytest.raises(Unreadable, match="true or false"):
        read_switch(text)


def test_uris_come_one_by_one_or_together():
    expected = {"listeners[0].uri": "tcp://a:1", "listeners[1].uri": "unix:///b"}
    for given in (["tcp://a:1", "unix:///b"], "tcp://a:1,unix:///b", " tcp://a:1  unix:///b "):
        assert listeners(given) == expected
    with pytest.raises(Unreadable):
        listeners(" , ")


def test_zeroconf_takes_a_switch_or_a_name():
    assert zeroconf("off") == {"zeroconf.enabled": "false"}
    assert zeroconf("true") == {"zeroconf.enabled": "true"}
    assert zeroconf("Kitchen") == {"zeroconf.enabled": "true", "zeroconf.name": "Kitchen"}


def test_use_realtime_api_chooses_the_backend():
    assert use_realtime_api("True") == {"backend": "azure"}
    assert use_realtime_api("0") == {"backend": "embedded"}


def test_a_misspelt_name_brings_the_one_that_was_meant():
    assert nearest("max_secs", ["language", "max_seconds"]) == "Did you mean max_seconds?"
    assert nearest("zzz", ["language", "max_seconds"]) == ""
