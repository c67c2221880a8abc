from wyoming_azure_realtime.settings.model import Embedded, Http, Profile, Secret, Settings, Target
from wyoming_azure_realtime.settings.walk import secrets, values

SETTINGS = Settings(
    profiles={"default": Profile(), "kitchen": Profile(voice="echo")},
    targets=(Target(key=Secret("one")), Target(name="b")),
    http=Http(token=Secret("two")),
    embedded=Embedded(names=("Luna", "Sol")),
)


def test_every_value_stands_under_the_key_that_users_write():
    found = dict(values(SETTINGS))
    assert found["backend"] == "auto"
    assert found["listeners[0].uri"] == "tcp://0.0.0.0:10300"
    assert found["profiles.kitchen.voice"] == "echo"
    assert found["targets[1].name"] == "b"
    assert found["embedded.names"] == ("Luna", "Sol")
    assert found["speech.substitutes"]["fable"] == "ballad"


def test_secrets_are_those_that_hold_something():
    assert secrets(SETTINGS) == ["one", "two"]
