import msgspec
import pytest

from wyoming_azure_realtime.settings.model import Secret, Settings, Target


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format])
def test_a_secret_shows_itself_only_when_asked(show):
    assert "hunter2" not in show(Secret("hunter2"))
    assert "hunter2" not in show(Settings(targets=(Target(key=Secret("hunter2")),)))
    assert Secret("hunter2").reveal() == "hunter2"


def test_a_secret_is_true_when_it_holds_something():
    assert Secret("x")
    assert not Secret("")


def test_secrets_compare_by_what_they_hold():
    assert Secret("x") == Secret("x") != Secret("y")
    assert hash(Secret("x")) == hash(Secret("x"))
    assert Secret("x") != "x"


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings().log.debug = True


def test_a_target_transcribes_with_its_deployment_unless_told_which_model_that_is():
    assert Target(transcription_deployment="mine").transcribes_with == "mine"
    told = Target(transcription_deployment="mine", transcription_model="gpt-4o-transcribe")
    assert told.transcribes_with == "gpt-4o-transcribe"


def test_every_default_is_possible_by_its_own_type():
    for field in msgspec.structs.fields(Settings()):
        value = getattr(Settings(), field.name)
        if isinstance(value, msgspec.Struct) and field.name not in ("http", "home_assistant"):
            assert msgspec.convert(msgspec.to_builtins(value), type(value)) == value
