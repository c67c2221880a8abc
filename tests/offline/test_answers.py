"""What the embedded backend answers without a language model."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.realtime_peer import peer, said
from wyoming_azure_realtime.emulator.engines import Answer, AnswerRequest, ContextItem, Engines
from wyoming_azure_realtime.emulator.models import ServerOptions
from wyoming_azure_realtime.emulator.server import EmulatorServer
from wyoming_azure_realtime.offline.answers import HomeAnswers
from wyoming_azure_realtime.offline.sums import MOST_TERMS, sum_in

pytest.importorskip("hassil", reason="Home Assistant's sentences need hassil")
pytest.importorskip("home_assistant_intents", reason="Home Assistant's sentences need home-assistant-intents")

NOW = datetime.datetime(2026, 11, 30, 9, 5)
NAMES = (
    "Names in this home: Bedroom, Bedroom blind, Evening, Front door, Kitchen, Kitchen light, Küchenlampe, "
    "Luna."
)
WITH_HERE = f"If no room is named, the area is 'here'.\n{NAMES}"


def tool(name: str, *slots: str, description: str = "", prefix: str = "") -> dict[str, Any]:
    properties = {slot: {"type": "array" if slot == "domain" else "string"} for slot in slots}
    parameters = {"type": "object", "properties": {"say": {"type": "string"}, **properties}}
    return {"type": "function", "name": prefix + name, "description": description, "parameters": parameters}


TOOLS = (
    tool("HassTurnOn", "name", "area", "domain"),
    tool("HassTurnOff", "name", "area", "domain", prefix="intent__"),
    tool("HassLightSet", "name", "area", "brightness", "color"),
    tool("HassGetState", "name", "area", description="Write {state} in `say`."),
    tool("HassStartTimer", "hours", "minutes", "seconds", "name"),
    tool("HassShoppingListAddItem", "item"),
    tool("HassNevermind"),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[HomeAnswers]:
    answers = HomeAnswers(("Sol",), clock=lambda: NOW)
    answers.warm()
    yield answers
    answers.close()


async def asked(engine: HomeAnswers, text: str, language: str = "en", **request: Any) -> Answer:
    given = {"instructions": WITH_HERE, "tools": TOOLS} | request
    return await engine.answer(AnswerRequest(items=(ContextItem("user", text),), language=language, **given))


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("turn on the kitchen light", "HassTurnOn", {"say": "Done.", "name": "Kitchen light"}),
        ("Switch Luna off, please.", "intent__HassTurnOff", {"say": "Done.", "name": "Luna"}),
        ("turn on Sol", "HassTurnOn", {"say": "Done.", "name": "Sol"}),
        (
            "turn on the lights",
            "HassTurnOn",
            {"say": "Turned on the lights.", "area": "here", "domain": ["light"]},
        ),
        (
            "turn off the lights in the bedroom",
            "intent__HassTurnOff",
            {"say": "Turned off the lights.", "area": "Bedroom", "domain": ["light"]},
        ),
        (
            "set the kitchen light to 25 percent",
            "HassLightSet",
            {"say": "Brightness set.", "name": "Kitchen light", "brightness": 25},
        ),
        ("is the front door locked", "HassGetState", {"say": "Front door: {state}.", "name": "Front door"}),
        ("set a timer for ten minutes", "HassStartTimer", {"say": "The timer is running.", "minutes": 10}),
        ("add milk to my shopping list", "HassShoppingListAddItem", {"say": "Added milk.", "item": "milk"}),
        ("never mind", "HassNevermind", {"say": ""}),
    ],
)
async def test_home_assistants_sentences_are_calls(
    engine: HomeAnswers, text: str, name: str, arguments: dict[str, Any]
) -> None:
    answer = await asked(engine, text)
    assert [(call.name, call.arguments) for call in answer.calls] == [(name, arguments)]
    assert (answer.text, answer.undeclared) == ("", 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what time is it", "It is 9:05."),
        ("what is the date", "Today is Monday, 30 November 2026."),
        ("what is two plus two", "That is 4."),
        ("tell me a joke", "I cannot answer that. "),
        ("pause the music", "I cannot answer that. "),
        ("turn on " + "the very " * 100 + "light", "I cannot answer that. "),
        ("", "I cannot answer that. "),
    ],
)
async def test_time_date_sums_and_what_it_cannot_do_are_said(
    engine: HomeAnswers, text: str, words: str
) -> None:
    answer = await asked(engine, text)
    assert answer.text.startswith(words)
    assert answer.calls == ()


async def test_a_call_that_no_tool_allows_is_not_made(engine: HomeAnswers) -> None:
    assert (await asked(engine, "turn on Luna", tools=())).text == "I cannot operate anything in this home."
    answer = await asked(engine, "turn on Luna", tool_choice="none")
    assert (answer.calls, answer.undeclared) == ((), 1)


async def test_without_a_word_for_here_it_asks_for_the_room(engine: HomeAnswers) -> None:
    assert await asked(engine, "turn on the lights", instructions=NAMES) == Answer("In which room?")
    answer = await asked(engine, "turn on the lights in the kitchen", instructions=NAMES)
    assert answer.calls[0].arguments["area"] == "Kitchen"


async def test_home_assistants_own_list_of_things_tells_what_they_are(engine: HomeAnswers) -> None:
    blind = "- names: Horizon, Sky\n  domain: cover\n  areas: Attic\n"
    listed = f"Static Context:\n{blind}- names: Ada\n  domain: lock\n"
    answer = await asked(engine, "open Sky", instructions=listed)
    assert answer.calls[0].arguments == {"say": "Opening.", "name": "Sky"}
    answer = await asked(engine, "turn on the lights in the attic", instructions=listed)
    assert answer.calls[0].arguments["area"] == "Attic"


async def test_german_is_answered_in_german(engine: HomeAnswers) -> None:
    spoken = ContextItem("system", "The person speaks German.")
    answers = []
    for text in (
        "schalte die Küchenlampe ein",
        "wie spät ist es",
        "wie viel ist 7 geteilt durch 2",
        "Sing mir was",
    ):
        items = (ContextItem("user", "hello"), spoken, ContextItem("user", text))
        answers.append(await engine.answer(AnswerRequest(WITH_HERE, items, TOOLS)))
    assert answers[0].calls[0].arguments == {"say": "Licht eingeschaltet.", "name": "Küchenlampe"}
    assert [answer.text for answer in answers[1:3]] == ["Es ist 9:05 Uhr.", "Das ist 3,5."]
    assert answers[3].text.startswith("Das kann ich nicht beantworten.")


@pytest.mark.parametrize("language", ["fr", "sv", "pt-PT", "xx"])
async def test_other_languages_have_their_packages_words(engine: HomeAnswers, language: str) -> None:
    unable = (await asked(engine, "zzz zzz", language)).text
    assert unable
    assert unable.startswith("I cannot") == (language == "xx")
    assert (await asked(engine, "3 + 4", language)).text == "7"


@pytest.mark.parametrize(
    ("text", "language", "result"),
    [
        ("What is 12 times 3?", "en", "36"),
        ("what's two plus three times four", "en", "14"),
        ("twenty-one minus 30", "en", "-9"),
        ("what is 15 percent of 80", "en", "12"),
        ("how much is 15% of 80", "en", "12"),
        ("10 divided by 4", "en", "2.5"),
        ("2 / 3", "en", "0.6667"),
        ("7 x 8 =", "en", "56"),
        ("Wie viel ist zwölf mal drei?", "de", "36"),
        ("rechne 1,5 plus 1", "de", "2,5"),
        ("was ist einundzwanzig weniger eins", "de", "20"),
        ("3 \N{MULTIPLICATION SIGN} 4", "fr", "12"),
        ("1 / 0", "en", None),
        ("set the lights to 2 and 3", "en", None),
        ("what is five", "en", None),
        ("plus", "en", None),
        ("two plus", "en", None),
        ("two plus two times", "en", None),
        (" + ".join("1" * (MOST_TERMS + 1)), "en", None),
        ("9" * 15 + " * 1000", "en", None),
        ("", "en", None),
    ],
)
def test_sums(text: str, language: str, result: str | None) -> None:
    assert sum_in(text, language) == result


async def test_a_client_without_a_key_gets_calls_over_the_protocol(engine: HomeAnswers) -> None:
    async with EmulatorServer(ServerOptions(), Engines(answers=engine)) as server, peer(server.url) as client:
        body = {
            "conversation": "none",
            "output_modalities": ["text"],
            "instructions": WITH_HERE,
            "tools": TOOLS,
            "input": [said("turn on the lights")],
        }
        await client.send("response.create", response=body)
        (call,) = (await client.until("response.done"))["response"]["output"]
        assert (call["type"], call["name"]) == ("function_call", "HassTurnOn")
