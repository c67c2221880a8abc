from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.home_assistant import AREAS, ENTRIES, EXPOSED, FLOORS, STATES
from wyoming_azure_realtime.home_assistant.names import (
    MOST_ENTITIES,
    MOST_NAMES,
    entity_names,
    exposed_ids,
    place_names,
    websocket_url,
)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["exposed_entities", "light.a", "name", "aliases", "attributes", "entity_id"]),
            inner,
        )
    ),
    max_leaves=12,
)


def test_only_what_assist_may_see_counts_and_what_people_ask_for_most_comes_first() -> None:
    assert exposed_ids(EXPOSED) == ["light.luna", "light.sofa", "cover.awning", "sensor.porch"]


def test_an_entity_goes_by_its_friendly_name_and_its_aliases() -> None:
    assert entity_names(exposed_ids(EXPOSED), STATES, ENTRIES) == [
        "Luna",
        "Moonlight",
        "Reading corner",
        "Sofa lamp",
        "Awning",
        "Porch temperature",
    ]


def test_areas_and_floors_go_by_their_names_and_aliases() -> None:
    assert place_names(AREAS, FLOORS) == ["Kitchen", "Galley", "Büro", "Ground floor", "Downstairs"]


def test_large_homes_are_cut_to_what_is_likeliest() -> None:
    many = {"exposed_entities": {f"light.l{n}": {"conversation": True} for n in range(5000)}}
    assert len(exposed_ids(many)) == MOST_ENTITIES
    assert len(place_names([{"name": str(n)} for n in range(5000)], [])) == MOST_NAMES
    assert place_names([{"name": "x" * 61}, {"name": ""}], []) == []


@given(ANY_JSON, ANY_JSON, ANY_JSON)
@settings(max_examples=100)
def test_answers_of_any_shape_give_names_or_none(one: Any, two: Any, three: Any) -> None:
    names = entity_names(exposed_ids(one), two, three) + place_names(two, three)
    assert all(isinstance(name, str) and name for name in names)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://homeassistant.local:8123", "ws://homeassistant.local:8123/api/websocket"),
        ("http://homeassistant.local:8123/", "ws://homeassistant.local:8123/api/websocket"),
        ("https://home.example/prefix", "wss://home.example/prefix/api/websocket"),
        ("http://supervisor/core/websocket", "ws://supervisor/core/websocket"),
        ("https://home.example/api/websocket", "wss://home.example/api/websocket"),
    ],
)
def test_the_api_is_found_from_the_address_that_people_know(url: str, expected: str) -> None:
    assert websocket_url(url) == expected
