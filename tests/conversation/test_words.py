"""What is said and understood without a model, what a model is told, and what is remembered."""

import json
from typing import Any

import pytest

from wyoming_azure_realtime.conversation.history import (
    MOST_CHARACTERS,
    ConversationHistory,
    PastRequest,
    conversation_key,
    instructions,
    messages,
)
from wyoming_azure_realtime.conversation.sentences import known_languages, sentences_in
from wyoming_azure_realtime.conversation.tools import SAY, TOOLS, IntentCall, function_tools
from wyoming_azure_realtime.realtime.speech_turn import LANGUAGE_NAMES

# --- sentences


def test_there_are_sentences_in_every_language_that_models_are_told_the_name_of() -> None:
    assert set(known_languages()) == set(LANGUAGE_NAMES)


@pytest.mark.parametrize("language", known_languages())
def test_the_sentences_of_a_language_are_whole_and_its_words_are_told_apart(language: str) -> None:
    sentences = sentences_in(language)
    assert "Lamp" in sentences.no_such("Lamp")
    assert "Lamp" in sentences.ask("Lamp")
    assert sentences.room.endswith(("?", "؟", ";"))
    texts = (sentences.unavailable, sentences.impossible, sentences.single, sentences.left)
    assert len(set(texts)) == len(texts)
    assert all(text.endswith((".", "。", "।")) for text in texts)
    assert all(sentences.is_yes(word) and not sentences.is_no(word) for word in sentences.yes)
    assert all(sentences.is_no(word) and not sentences.is_yes(word) for word in sentences.no)
    assert all(map(sentences.is_never_mind, sentences.never_mind))
    assert {*sentences.states} == {"on", "off", "open", "closed", "locked", "unlocked"}


@pytest.mark.parametrize(("tag", "language"), [("de-AT", "de"), ("no", "nb"), ("tlh", "en"), ("", "en")])
def test_the_language_of_a_tag_is_found_or_it_is_english(tag: str, language: str) -> None:
    assert sentences_in(tag).language == language


@pytest.mark.parametrize(
    ("language", "text", "yes"),
    [
        ("en", "Yes, please.", True),
        ("en", "yes please", True),
        ("en", "Yesterday it was cold", False),
        ("en", "No, yes, no", False),
        ("en", "Yes... no, don't!", False),
        ("de", "Sicher nicht!", False),
        ("es", "Claro que no.", False),
        ("fr", "Bien sûr que non", False),
        ("it", "Certo che no", False),
        ("nl", "Zeker niet.", False),
        ("pt", "Pode acender a luz?", False),
        ("pt", "Pode, sim.", True),
        ("ru", "Да нет", False),
        ("tr", "Tabii ki hay\u0131r", False),
        ("zh", "可以打开灯吗?", False),
        ("zh", "可以", True),
        ("zh", "好的, 打开吧。", True),
        ("zh", "对面的灯打开。", False),
        ("ja", "ええと、電気をつけて", False),
        ("ko", "네온등 켜 줘", False),
        ("ko", "네, 열어 주세요.", True),
        ("ja", "はい、やめて", False),
        ("en", "what is the capital of France", False),
        ("de", "Ja, bitte!", True),
        ("de", "Jalousie runter", False),
        ("ja", "はい、お願いします", True),
        ("ja", "いいえ", False),
    ],
)
def test_an_answer_agrees_only_if_it_begins_with_a_yes_and_says_nothing_else(
    language: str, text: str, yes: bool
) -> None:
    assert sentences_in(language).is_yes(text) is yes


def test_a_long_name_is_not_read_out() -> None:
    assert len(sentences_in("en").no_such("x" * 5000)) < 150


# --- what a model is told


def test_the_instructions_are_the_same_in_every_turn() -> None:
    one = instructions("Be kind.", ["Lamp", "Blind", "Lamp"], acting=True)
    assert one == instructions("Be kind.", {"Blind", " Lamp"}, acting=True)
    assert "Blind, Lamp." in one
    assert one.endswith("Be kind.")


def test_without_tools_nothing_is_said_of_the_home() -> None:
    assert "Lamp" not in instructions("", ["Lamp"], acting=False)


def test_a_large_home_does_not_fill_the_request() -> None:
    assert len(instructions("", [f"Lamp number {number}" for number in range(5000)], acting=True)) < 7000


def test_what_was_said_comes_before_the_request_which_is_last() -> None:
    items = messages([PastRequest("a", "b"), PastRequest("c", "")], "now", "de")
    told = [(item.role, part.type, part.text) for item in items for part in item.content or ()]
    assert told == [
        ("user", "input_text", "a"),
        ("assistant", "output_text", "b"),
        ("user", "input_text", "c"),
        ("system", "input_text", "The person speaks German."),
        ("user", "input_text", "now"),
    ]


def test_tools_are_json_schemas_with_say_first() -> None:
    tools = function_tools()
    assert len({tool["name"] for tool in tools}) == len(tools) == len(TOOLS)
    assert json.dumps(tools) == json.dumps(function_tools())
    assert len(json.dumps(tools)) < 17_000
    for tool in tools:
        parameters: dict[str, Any] = tool["parameters"]
        assert next(iter(parameters["properties"])) == parameters["required"][0] == SAY
        assert set(parameters["required"]) <= set(parameters["properties"])


# --- what is remembered


def test_each_conversation_has_a_history_of_its_own() -> None:
    history = ConversationHistory(10, 300.0)
    history.add("kitchen", PastRequest("my name is Alice", "hello"), 0.0)
    history.add("bedroom", PastRequest("my name is Robert", "hello"), 1.0)
    assert [past.asked for past in history.of("kitchen", 2.0)] == ["my name is Alice"]
    assert [past.asked for past in history.of("bedroom", 2.0)] == ["my name is Robert"]
    assert history.of("hall", 2.0) == history.of(None, 2.0) == ()


def test_a_conversation_ends_with_silence() -> None:
    history = ConversationHistory(10, 300.0)
    history.add("a", PastRequest("one", ""), 0.0)
    history.add("b", PastRequest("one", ""), 100.0)
    history.add("a", PastRequest("two", ""), 299.0)
    assert len(history.of("a", 500.0)) == 2
    assert history.of("b", 500.0) == ()
    assert history.of("a", 599.0) == ()
    assert repr(history) == "<history of 0 conversations>"


def test_the_oldest_requests_and_conversations_are_forgotten_first() -> None:
    history = ConversationHistory(3, 300.0, most=2)
    for number in range(5):
        history.add("a", PastRequest(str(number), ""), float(number))
    assert [past.asked for past in history.of("a", 5.0)] == ["2", "3", "4"]
    history.add("b", PastRequest("x", ""), 6.0)
    history.add("a", PastRequest("5", ""), 7.0)
    history.add("c", PastRequest("x", ""), 8.0)
    assert history.of("b", 8.0) == ()
    assert history.of("a", 8.0)


def test_what_is_kept_of_a_conversation_is_bounded_in_characters() -> None:
    history = ConversationHistory(50, 300.0)
    for number in range(50):
        history.add("a", PastRequest(f"{number} " * 100, "y" * 200), 0.0)
    kept = history.of("a", 0.0)
    assert sum(past.characters for past in kept) <= MOST_CHARACTERS
    assert kept[-1].asked.startswith("49 ")
    history.add("a", PastRequest("x" * MOST_CHARACTERS, "y"), 0.0)
    assert history.of("a", 0.0) == ()


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    history = ConversationHistory(0, 300.0)
    history.add("a", PastRequest("x", "y"), 0.0)
    assert history.of("a", 0.0) == ()


def test_a_conversation_is_known_by_its_satellite_and_by_its_home() -> None:
    assert conversation_key("10.0.0.1", "sat", "d", "c1") == conversation_key("10.0.0.1", "sat", "d", "c2")
    assert conversation_key("10.0.0.1", "sat", "d", "c1") != conversation_key("10.0.0.2", "sat", "d", "c1")
    assert conversation_key("10.0.0.1", "sat", "d", "c1") != conversation_key("10.0.0.1", "sat", "e", "c1")
    assert conversation_key("10.0.0.1", "", "", "c1") != conversation_key("10.0.0.1", "c1", "", "")
    assert conversation_key("10.0.0.1", "", "d", "c1") == conversation_key("10.0.0.1", "", "", "c1")
    assert conversation_key("10.0.0.1", "", "", "") is None


def test_what_people_say_is_in_no_repr() -> None:
    assert "secret" not in repr(PastRequest("secret", "secret"))
    assert "secret" not in repr(IntentCall("HassBroadcast", {"message": "secret"}, "secret"))
