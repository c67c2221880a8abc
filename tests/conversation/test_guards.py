"""What a model may bring Home Assistant to do: above all, what it may not."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.conversation.guards import (
    EVERYTHING,
    Act,
    Ask,
    HomeAssistantAbilities,
    Ruling,
    Say,
    Situation,
    abilities_of,
    entities,
    judge,
)
from wyoming_azure_realtime.conversation.sentences import sentences_in
from wyoming_azure_realtime.conversation.tools import TOOLS, IntentCall
from wyoming_azure_realtime.realtime.answer_turn import ToolCall
from wyoming_azure_realtime.settings.model import HomeConversation

NEWEST = HomeAssistantAbilities(respects_exposure=True, several=True)
LOCKS = HomeConversation().confirm


def nothing_known(name: str) -> frozenset[str]:
    return frozenset()


def ruled(
    *calls: tuple[str, dict[str, Any]],
    said: str = "do it",
    language: str = "en",
    abilities: HomeAssistantAbilities = NEWEST,
    room: str = "",
    names: tuple[str, ...] = (),
    kinds_of: Callable[[str], frozenset[str]] = nothing_known,
    confirm: tuple[str, ...] = LOCKS,
    has_device: bool = True,
    can_answer: bool = True,
) -> Ruling:
    situation = Situation(
        said, sentences_in(language), abilities, room, names, kinds_of, confirm, has_device, can_answer
    )
    return judge([ToolCall(name, json.dumps(arguments)) for name, arguments in calls], situation)


def acted(ruling: Ruling) -> list[tuple[str, dict[str, Any], str]]:
    assert isinstance(ruling, Act), ruling
    return [(intent.name, dict(intent.slots), intent.say) for intent in ruling.intents]


def test_a_call_with_a_name_goes_out_as_it_came() -> None:
    ruling = ruled(("HassTurnOn", {"say": "It is on.", "name": "Kitchen light"}))
    assert acted(ruling) == [("HassTurnOn", {"name": "Kitchen light"}, "It is on.")]


@pytest.mark.parametrize("area", [None, "here", "Here", ""])
def test_without_a_room_the_satellites_room_is_meant(area: str | None) -> None:
    ruling = ruled(("HassTurnOn", {"say": "On.", "domain": ["light"], "area": area}), room="Bedroom")
    assert acted(ruling) == [("HassTurnOn", {"domain": ["light"], "area": "Bedroom"}, "On.")]


@pytest.mark.parametrize(("language", "question"), [("en", "In which room?"), ("de-AT", "In welchem Raum?")])
def test_where_no_room_is_known_it_is_asked_for(language: str, question: str) -> None:
    ruling = ruled(("HassTurnOff", {"say": "Off.", "domain": ["light"]}), language=language)
    assert ruling == Say(question)


def test_what_has_a_name_is_not_bound_to_the_room_of_whoever_speaks() -> None:
    ruling = ruled(("HassTurnOff", {"say": "Off.", "name": "Bedroom light", "area": "here"}), room="Kitchen")
    assert acted(ruling) == [("HassTurnOff", {"name": "Bedroom light"}, "Off.")]


def test_a_whole_room_is_its_lights_and_plugs_and_no_doors() -> None:
    [(_, slots, _)] = acted(ruled(("HassTurnOff", {"say": "Off.", "area": "Hall"})))
    assert slots == {"area": "Hall", "domain": list(EVERYTHING)}
    assert not {"lock", "cover", "valve", "alarm_control_panel"} & set(EVERYTHING)


@pytest.mark.parametrize(
    ("arguments", "said", "language"),
    [
        ({"name": "Front door"}, "open up", "en"),
        ({"name": "Haustür"}, "mach auf", "de"),
        ({"name": "Kellertür"}, "mach auf", "de"),
        ({"name": "Front"}, "unlock the front", "en"),
        ({"name": "Garage"}, "open it", "en"),
        ({"name": "Driveway gate"}, "open it", "en"),
        ({"area": "Hall", "domain": ["lock"]}, "open all", "en"),
        ({"area": "Yard", "domain": ["cover"], "device_class": ["gate"]}, "open all", "en"),
        ({"area": "Hall", "device_class": ["door"]}, "open all", "en"),
        ({"area": "Garage", "domain": ["cover"]}, "open all", "en"),
        ({"area": "here", "domain": ["light", "cover"]}, "close all in the garage", "en"),
        ({"name": "玄関のドア"}, "開けて", "ja"),
        ({"name": "Porte d'entrée"}, "ouvre", "fr"),
        ({"name": "Входная дверь"}, "открой", "ru"),
    ],
)
@pytest.mark.parametrize("tool", ["HassTurnOff", "HassTurnOn"])
def test_what_may_be_a_lock_or_a_gate_needs_a_yes(
    arguments: dict[str, Any], said: str, language: str, tool: str
) -> None:
    ruling = ruled((tool, {"say": "Done.", **arguments}), said=said, language=language, room="Cellar")
    assert isinstance(ruling, Ask)
    assert ruling.question.endswith("?")
    assert [intent.say for intent in ruling.intents] == ["Done."]


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        ({"name": "Door light"}, "en"),
        ({"name": "Haustürlicht"}, "de"),
        ({"name": "Front door", "domain": ["light"]}, "en"),
        ({"name": "Kitchen light"}, "en"),
        ({"name": "Monitor"}, "de"),
    ],
)
def test_a_lamp_needs_no_yes(arguments: dict[str, Any], language: str) -> None:
    assert acted(ruled(("HassTurnOn", {"say": "On.", **arguments}), said="go on", language=language))


def test_the_kind_of_a_thing_is_believed_where_it_is_known() -> None:
    def kinds(name: str) -> frozenset[str]:
        return frozenset({"lock"}) if name == "Sesame" else frozenset({"fan"})

    assert isinstance(ruled(("HassTurnOff", {"say": "", "name": "Sesame"}), kinds_of=kinds), Ask)
    assert isinstance(ruled(("HassTurnOn", {"say": "", "name": "Door fan"}), kinds_of=kinds), Act)


@pytest.mark.parametrize(
    "kind",
    [{"switch"}, {"cover"}, {"cover", "light"}, {"button"}, {"group"}, {"script"}, {"switch", "outlet"}],
)
def test_what_a_thing_of_a_kind_that_can_be_anything_does_is_told_by_its_name(kind: set[str]) -> None:
    def of(name: str) -> frozenset[str]:
        return frozenset(kind)

    assert isinstance(ruled(("HassTurnOn", {"say": "", "name": "Garage relay"}), kinds_of=of), Ask)
    assert isinstance(ruled(("HassTurnOn", {"say": "", "name": "Kettle"}), kinds_of=of), Act)
    blind = frozenset({"cover", "blind"})
    assert isinstance(ruled(("HassTurnOn", {"say": "", "name": "Door"}), kinds_of=lambda name: blind), Act)


def test_where_nobody_could_say_yes_nothing_is_asked_and_nothing_is_done() -> None:
    ruling = ruled(("HassTurnOff", {"say": "Open.", "name": "Front door"}), can_answer=False)
    assert ruling == Say("I cannot do that.", understood=False)


def test_the_question_names_all_that_needs_the_yes() -> None:
    calls = [("HassTurnOff", {"say": "", "name": name}) for name in ("Front door", "Lamp", "Garage")]
    ruling = ruled(*calls, said="open up")
    assert isinstance(ruling, Ask)
    assert ruling.question == "Front door, Garage: are you sure?"
    assert len(ruling.intents) == 3


def test_with_no_kinds_in_the_settings_nothing_is_asked() -> None:
    assert isinstance(ruled(("HassTurnOff", {"say": "", "name": "Front door"}), confirm=()), Act)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("HassTurnOn", {"say": "x", "name": "Light", "entity_id": "light.a"}),
        ("homeassistant.turn_on", {"say": "x", "name": "Light"}),
        ("HassTurnOn", {"say": 3, "name": "Light"}),
        ("HassTurnOn", {"say": "x", "name": ["Light"]}),
        ("HassTurnOn", {"say": "x", "name": "L" * 500}),
        ("HassLightSet", {"say": "x", "name": "Light", "brightness": 400}),
        ("HassLightSet", {"say": "x", "name": "Light", "brightness": float("nan")}),
        ("HassSetPosition", {"say": "x", "name": "Blind"}),
        ("HassTurnOn", []),
    ],
)
def test_a_call_that_was_not_offered_so_does_nothing(name: str, arguments: Any) -> None:
    assert ruled((name, arguments)) == Say("I cannot do that.", understood=False)


def test_one_wrong_call_stops_all_of_them() -> None:
    ruling = ruled(("HassTurnOn", {"say": "x", "name": "Light"}), ("HassExplode", {"say": "x"}))
    assert isinstance(ruling, Say)


def test_the_same_call_twice_is_done_once() -> None:
    call = ("HassTurnOn", {"say": "On.", "name": "Light"})
    assert len(acted(ruled(call, call))) == 1


def test_too_many_calls_are_refused() -> None:
    calls = [("HassTurnOn", {"say": "", "name": f"Light {number}"}) for number in range(50)]
    assert isinstance(ruled(*calls), Say)


def test_an_old_home_assistant_gets_one_intent_for_one_known_name() -> None:
    old = HomeAssistantAbilities()
    lamp, blind = ("HassTurnOn", {"say": "On.", "name": "lamp"}), ("HassTurnOn", {"say": "", "name": "Blind"})
    names = ("Lamp", "Blind")
    assert acted(ruled(lamp, abilities=old, names=names))
    assert ruled(lamp, blind, abilities=old, names=names) == Say(
        "One thing at a time, please.", understood=False
    )
    closet = ("HassTurnOn", {"say": "On.", "name": "Closet light"})
    assert ruled(closet, abilities=old, names=names) == Say(
        "I know nothing by the name of Closet light.", understood=False
    )
    wide = ("HassTurnOn", {"say": "On.", "area": "Kitchen", "domain": ["light"]})
    assert isinstance(ruled(wide, abilities=old, names=names), Say)


@pytest.mark.parametrize(
    ("version", "exposure", "several"),
    [
        ("1.10.2", True, True),
        ("1.11.0", True, True),
        ("2.0.0", True, True),
        ("1.10.0", False, True),
        ("1.9.0", False, True),
        ("1.7.2", False, False),
        ("", False, False),
        ("1.x", False, False),
        ("9" * 5000, False, False),
    ],
)
def test_what_home_assistant_can_do_is_told_by_the_package_that_it_writes_with(
    version: str, exposure: bool, several: bool
) -> None:
    assert abilities_of(version) == HomeAssistantAbilities(exposure, several)


def test_timers_are_for_satellites_that_home_assistant_knows() -> None:
    call = ("HassStartTimer", {"say": "Ten minutes.", "minutes": 10})
    assert acted(ruled(call)) == [("HassStartTimer", {"minutes": 10}, "Ten minutes.")]
    assert ruled(call, has_device=False) == Say("I cannot do that.", understood=False)


def test_never_mind_is_silence() -> None:
    assert ruled(("HassNevermind", {"say": "Fine."})) == Say("")


def test_a_state_is_said_by_home_assistant_in_the_persons_words() -> None:
    ruling = ruled(
        ("HassGetState", {"say": "Die Lampe ist {state}.", "name": "Lampe"}), language="de", confirm=()
    )
    [(_, _, say)] = acted(ruling)
    assert say.startswith("Die Lampe ist {{ ")
    assert "'on': 'an'" in say
    assert "state.state_with_unit" in say


TRICKS = [
    "{{ states('lock.back_door') }}",
    "{% for s in states %}{{ s }}{% endfor %}",
    "{# c #}{",
    "{{{state}}}",
    "{{ state.state }} {{ x }}",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_template_of_the_model_reaches_home_assistant(trick: str) -> None:
    [(_, _, say)] = acted(ruled(("HassTurnOn", {"say": f"On. {trick}", "name": "Light"})))
    ours = re.sub(r"\{\{ \{'on': [^{}]*\}\.get\(state\.state, [^{}]* \}\}", "", say)
    assert not set("{}") & set(ours)


@given(st.lists(st.sampled_from(["{", "}", "%", "#", " ", "a", "{state}", "{{", "}}", "{{ state.state }}"])))
def test_whatever_a_model_writes_only_our_template_is_left(parts: list[str]) -> None:
    [(_, _, say)] = acted(ruled(("HassTurnOn", {"say": "".join(parts), "name": "Light"})))
    ours = re.sub(r"\{\{ \{'on': [^{}]*\}\.get\(state\.state, [^{}]* \}\}", "", say)
    assert not set("{}") & set(ours)


WIDE = sorted(name for name, tool in TOOLS.items() if tool.acts_widely)
SLOTS = st.dictionaries(
    st.sampled_from(["name", "area", "floor", "domain", "device_class", "brightness", "position"]),
    st.one_of(st.text(max_size=8), st.lists(st.text(max_size=5), max_size=2), st.none(), st.just("here")),
    max_size=5,
)


@given(st.sampled_from(WIDE), SLOTS, st.sampled_from(["", "Kitchen"]), st.booleans())
def test_nothing_ever_acts_in_the_whole_house(
    tool: str, slots: dict[str, Any], room: str, exposure: bool
) -> None:
    ruling = ruled(
        (tool, {"say": "x", **slots}), room=room, abilities=HomeAssistantAbilities(exposure, several=True)
    )
    for intent in ruling.intents if isinstance(ruling, Act | Ask) else ():
        aims = {name: intent.slots[name] for name in ("name", "area", "floor") if name in intent.slots}
        assert any(str(aim).strip() for aim in aims.values())
        assert aims.get("area") != "here"


def test_one_of_several_possible_values_stands_alone() -> None:
    intent = IntentCall("HassTurnOn", {"domain": ["light"], "device_class": ["a", "b"], "name": "x"})
    assert entities(intent) == [("domain", "light"), ("device_class", ["a", "b"]), ("name", "x")]
