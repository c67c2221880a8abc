from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from wyoming_azure_realtime.settings.declaration import (
    NO,
    YES,
    Option,
    Path,
    Secret,
    Setting,
    SettingsModel,
    Unreadable,
    allowed,
    kind_at,
    lengths,
    nearest,
    options,
    read_azure_or_embedded,
    read_switch,
    read_switch_or_name,
    read_uris,
    render,
    secrets,
    values,
)
from wyoming_azure_realtime.settings.model import Embedded, Http, Profile, Settings, Target

Small = Annotated[int, Meta(ge=1, le=16)]


class Lamp(SettingsModel, frozen=True, kw_only=True):
    """A lamp."""

    name: Annotated[str, Setting("Its name.")]
    bright: Annotated[bool, Setting("Whether it is.", flag="--bright")] = True
    code: Annotated[Secret, Setting("Its code.", variables=("LAMP_CODE",))] = Secret("")


class Home(SettingsModel, frozen=True, kw_only=True):
    """A home."""

    colour: Annotated[Literal["red", "blue"], Setting("Its colour.", flag="--paint")] = "red"
    door: Lamp = Lamp(name="door")
    first: Annotated[tuple[Lamp, ...], Meta(max_length=2), Setting("Lamps.", first="LAMP")] = ()
    others: Annotated[tuple[Lamp, ...], Setting("More.")] = ()
    rooms: Annotated[dict[str, Lamp], Setting("Rooms.")]


HOME = {option.key: option for option in options(Home)}
P = "WYOMING_AZURE_REALTIME_"


def test_every_setting_of_every_section_is_an_option_in_the_order_of_the_declarations() -> None:
    lamp = ("name", "bright", "code")
    assert list(HOME) == [
        "colour",
        *(f"door.{name}" for name in lamp),
        "first",
        *(f"first[0].{name}" for name in lamp),
        "others",
        *(f"others[0].{name}" for name in lamp),
        "rooms",
        *(f"rooms.NAME.{name}" for name in lamp),
    ]


def test_a_setting_has_variables_named_after_its_flag_and_its_key_and_then_its_further_ones() -> None:
    assert HOME["colour"].names == (f"{P}PAINT", f"{P}COLOUR")
    assert HOME["door.bright"].names == (f"{P}BRIGHT", f"{P}DOOR_BRIGHT")
    assert HOME["door.code"].names == (f"{P}DOOR_CODE", "LAMP_CODE")


def test_the_first_item_of_a_list_has_variables_if_the_list_has_a_word_for_it() -> None:
    assert HOME["first[0].name"].names == (f"{P}LAMP_NAME",)
    assert HOME["others[0].name"].names == HOME["rooms.NAME.name"].names == HOME["first"].names == ()


def test_a_flag_that_chooses_shows_the_choices_and_a_switch_takes_no_value() -> None:
    assert HOME["colour"].metavar == "red|blue"
    assert HOME["door.bright"].metavar == ""


def test_secrets_are_known_by_their_type() -> None:
    assert [key for key, option in HOME.items() if option.secret] == [
        f"{place}.code" for place in ("door", "first[0]", "others[0]", "rooms.NAME")
    ]


def test_the_last_of_repeated_values_counts() -> None:
    option = Option("speech.voice", Setting("Voice."), ())
    assert option.values(["echo", "ash"]) == option.values("ash") == {"speech.voice": "ash"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Literal["auto", "azure", "embedded"], "auto, azure or embedded"),
        (Literal["none", "embedded"], "none or embedded"),
        (Literal["", "client", "server"], '"", client or server'),
        (bool, "true or false"),
        (Small, "a whole number from 1 to 16"),
        (Annotated[Small, Setting("Whatever it is for.")], "a whole number from 1 to 16"),
        (Annotated[int, Meta(ge=1 << 20, le=16 << 20)], "a whole number from 1048576 to 16777216"),
        (Annotated[float, Meta(ge=0.25, le=1.5)], "a number from 0.25 to 1.5"),
        (Annotated[float, Meta(gt=0, le=86400)], "a number above 0, up to 86400"),
        (Annotated[float, Meta(gt=0)], "a number above 0"),
        (Annotated[float, Meta(ge=2)], "a number from 2"),
        (float, "a number"),
        (str, "a text"),
        (Annotated[str, Setting("Address.", allowed="HOST:PORT or off")], "HOST:PORT or off"),
        (Secret, "a text"),
        (Annotated[Secret, Setting("Token.", allowed="printable ASCII")], "printable ASCII"),
        (tuple[str, ...], "a list of texts"),
        (Annotated[tuple[Lamp, ...], Meta(min_length=1, max_length=64)], "a list of 1 to 64 mappings"),
        (
            Annotated[tuple[str, ...], Meta(max_length=9), Setting("Names.", allowed="names")],
            "a list of at most 9 texts: names",
        ),
        (dict[str, str], "pairs of texts"),
        (Annotated[dict[str, str], Meta(max_length=20)], "at most 20 pairs of texts"),
        (dict[str, Lamp], "mappings with names"),
    ],
)
def test_a_type_is_said_in_words(kind: Any, words: str) -> None:
    assert allowed(kind) == words


def test_a_list_has_the_length_that_is_declared_or_else_one_that_no_home_needs() -> None:
    assert lengths(Annotated[tuple[str, ...], Meta(min_length=1, max_length=3)]) == (1, 3)
    assert lengths(tuple[str, ...]) == (0, 10_000)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (("door", "bright"), HOME["door.bright"].kind),
        (("first", 7, "code"), HOME["first[0].code"].kind),
        (("rooms", "a.b", "name"), HOME["rooms.NAME.name"].kind),
        (("rooms", "attic"), Lamp),
    ],
)
def test_the_type_of_any_value_is_found_by_its_path(path: Path, kind: Any) -> None:
    assert kind_at(Home, path) == kind


def test_every_value_stands_under_the_key_that_users_write() -> None:
    settings = Settings(
        profiles={"default": Profile(), "kitchen": Profile(voice="echo")},
        targets=(Target(), Target(name="b")),
        embedded=Embedded(names=("Luna", "Sol")),
    )
    found = dict(values(settings))
    assert found["backend"] == "auto"
    assert found["listeners[0].uri"] == "tcp://0.0.0.0:10300"
    assert found["profiles.kitchen.voice"] == "echo"
    assert found["targets[1].name"] == "b"
    assert found["embedded.names"] == ("Luna", "Sol")
    assert found["speech.substitutes"]["fable"] == "ballad"


def test_secrets_are_those_that_hold_something() -> None:
    settings = Settings(targets=(Target(key=Secret("one")), Target()), http=Http(token=Secret("two")))
    assert secrets(settings) == ["one", "two"]


def test_a_path_is_written_as_users_write_it() -> None:
    assert render(("backend",)) == "backend"
    assert render(("targets", 0, "key")) == "targets[0].key"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format])
def test_a_secret_shows_itself_only_when_asked(show: Callable[[object], str]) -> None:
    assert "hunter2" not in show(Secret("hunter2"))
    assert "hunter2" not in show(Settings(targets=(Target(key=Secret("hunter2")),)))
    assert Secret("hunter2").reveal() == "hunter2"


def test_a_secret_is_true_when_it_holds_something() -> None:
    assert Secret("x")
    assert not Secret("")


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("x") == Secret("x") != Secret("y")
    assert hash(Secret("x")) == hash(Secret("x"))
    assert Secret("x") != "x"


@pytest.mark.parametrize(("words", "meaning"), [(YES, True), (NO, False)])
def test_a_switch_is_read_however_people_write_it(words: tuple[str, ...], meaning: bool) -> None:
    for word in words:
        assert read_switch(word) is read_switch(f" {word.upper()} ") is meaning


@pytest.mark.parametrize("text", ["", "2", "maybe", "truefalse"])
def test_anything_else_is_no_switch(text: str) -> None:
    with pytest.raises(Unreadable, match="true or false"):
        read_switch(text)


def test_uris_come_one_by_one_or_together() -> None:
    expected = {"[0].uri": "tcp://a:1", "[1].uri": "unix:///b"}
    for given in (["tcp://a:1", "unix:///b"], "tcp://a:1,unix:///b", " tcp://a:1  unix:///b "):
        assert read_uris(given) == expected
    with pytest.raises(Unreadable):
        read_uris(" , ")


def test_zeroconf_takes_a_switch_or_a_name() -> None:
    assert read_switch_or_name("off") == {".enabled": "false"}
    assert read_switch_or_name("true") == {".enabled": "true"}
    assert read_switch_or_name("Kitchen") == {".enabled": "true", ".name": "Kitchen"}


def test_use_realtime_api_chooses_the_backend() -> None:
    assert read_azure_or_embedded("True") == {"": "azure"}
    assert read_azure_or_embedded("0") == {"": "embedded"}


def test_a_misspelt_name_brings_the_one_that_was_meant() -> None:
    assert nearest("max_secs", ["language", "max_seconds"]) == "Did you mean max_seconds?"
    assert nearest("zzz", ["language", "max_seconds"]) == ""
