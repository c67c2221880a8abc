"""Home Assistant's intents as tools of a model, each with what is to be said when it has worked. Pure.

Names and slots: the intents that Home Assistant 2026.11 has by itself. The text of all tools is always the
same, so that a service that keeps what it has read just before reads it once.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wyoming_azure_realtime.realtime.answer_turn import ToolCall
from wyoming_azure_realtime.realtime.shapes import JsonObject

SAY = "say"
HERE = "here"
"""The area of whoever speaks, as the model says it."""

STATE = "{state}"
"""Where a text has the state that Home Assistant finds."""

MOST_CALLS = 8  # of one answer
_LONGEST_SAY = 600  # characters
_LONGEST_VALUE = 200

_ON, _OFF, _GET, _TIMER = "HassTurnOn", "HassTurnOff", "HassGetState", "HassStartTimer"
NEVER_MIND = "HassNevermind"


@dataclass(frozen=True, slots=True)
class IntentCall:
    """What Home Assistant is asked to do: an intent, its slots, and what is said when it has worked."""

    name: str
    slots: Mapping[str, Any] = field(repr=False)
    say: str = field(default="", repr=False)


class InvalidCall(Exception):
    """A call of a tool that was not offered, or with arguments that it does not take."""


@dataclass(frozen=True, slots=True)
class Tool:
    """An intent. `aims`: it acts on what has a name or is in an area or on a floor.

    `acts_widely`: without name and area it would act in the whole house. `needs_device`: Home Assistant must
    know the satellite that asks.
    """

    name: str
    description: str
    slots: Mapping[str, JsonObject]
    required: tuple[str, ...] = ()
    aims: bool = False
    acts_widely: bool = False
    needs_device: bool = False


def _text(description: str) -> JsonObject:
    return {"type": "string", "description": description}


def _number(description: str, least: int, most: int) -> JsonObject:
    bounds = {"minimum": least, "maximum": most}
    return (
        {"type": "number", "description": description, **bounds}
        if description
        else {"type": "number", **bounds}
    )


def _texts(description: str) -> JsonObject:
    return {"type": "array", "items": {"type": "string"}, "description": description}


_AIM = {
    "name": _text("One thing."),
    "area": _text(f"Room, or '{HERE}'."),
    "floor": {"type": "string"},
}
_KINDS = {
    "domain": _texts("Kinds of things: light, switch, cover, media_player, lock..."),
    "device_class": _texts("Closer: blind, garage, temperature..."),
}
_TIME = {
    "hours": _number("", 0, 99),
    "minutes": _number("", 0, 999),
    "seconds": _number("", 0, 999),
}
_WHICH_TIMER = {
    "name": _text("Of the timer."),
    "start_hours": _number("It was set to.", 0, 99),
    "start_minutes": _number("", 0, 999),
    "start_seconds": _number("", 0, 999),
}


def _aimed(name: str, description: str, slots: Mapping[str, JsonObject], *required: str) -> Tool:
    return Tool(name, description, {**_AIM, **slots}, required, aims=True, acts_widely=True)


def _timer(name: str, description: str, slots: Mapping[str, JsonObject]) -> Tool:
    return Tool(name, description, slots, needs_device=True)


_ALL = (
    _aimed(_ON, "Turns on, opens, locks, starts a scene or a script.", _KINDS),
    _aimed(_OFF, "Turns off, closes, unlocks.", _KINDS),
    _aimed(
        "HassLightSet",
        "Sets the brightness or the colour of lights.",
        {
            "domain": _texts("light"),
            "brightness": _number("Per cent.", 0, 100),
            "color": _text("Name of a colour in English, such as red."),
            "temperature": _number("Colour temperature in Kelvin.", 1000, 12000),
        },
    ),
    Tool(
        _GET,
        f"Finds out a state: on, open, a temperature, the weather. Write {STATE} in `say` where the state "
        f"belongs; you will not see it. Example: The window is {STATE}.",
        {**_AIM, **_KINDS},
        aims=True,
    ),
    _aimed("HassSetPosition", "Sets how far a blind, a shutter or a valve is open.", {
        **_KINDS, "position": _number("Per cent; 100 is open.", 0, 100)
    }, "position"),
    _aimed("HassStopMoving", "Stops blinds, shutters and other moving things.", _KINDS),
    _aimed("HassClimateSetTemperature", "Sets the wanted temperature of a heating or air conditioner.", {
        "temperature": _number("Degrees.", -50, 150)
    }, "temperature"),
    Tool(
        "HassClimateGetTemperature",
        f"Finds out how warm it is in a room. Write {STATE} in `say` where the temperature belongs.",
        _AIM,
        aims=True,
    ),
    _aimed("HassFanSetSpeed", "Sets the speed of a fan.", {"percentage": _number("Per cent.", 0, 100)},
           "percentage"),
    _aimed("HassHumidifierSetpoint", "Sets the wanted humidity.", {"humidity": _number("Per cent.", 0, 100)},
           "humidity"),
    _aimed("HassMediaPause", "Pauses music or a film.", {}),
    _aimed("HassMediaUnpause", "Goes on with music or a film.", {}),
    _aimed("HassMediaNext", "Plays the next piece.", {}),
    _aimed("HassMediaPrevious", "Plays the piece before.", {}),
    _aimed("HassSetVolume", "Sets the volume of a player.", {"volume_level": _number("Per cent.", 0, 100)},
           "volume_level"),
    _aimed("HassMediaSearchAndPlay", "Looks for music or another medium and plays it.", {
        "search_query": _text("What to play."),
        "media_class": _text("album, artist, genre, movie, playlist, podcast, track, tv_show."),
    }, "search_query"),
    _aimed("HassVacuumStart", "Starts a vacuum cleaner.", {}),
    _aimed("HassVacuumReturnToBase", "Sends a vacuum cleaner to its base.", {}),
    _timer(_TIMER, "Sets a timer.", {**_TIME, "name": _text("Name for it, if one was given.")}),
    _timer("HassCancelTimer", "Cancels a timer.", _WHICH_TIMER),
    _timer("HassCancelAllTimers", "Cancels all timers.", {}),
    _timer("HassIncreaseTimer", "Adds time to a timer.", {**_WHICH_TIMER, **_TIME}),
    _timer("HassDecreaseTimer", "Takes time from a timer.", {**_WHICH_TIMER, **_TIME}),
    _timer("HassPauseTimer", "Stops a timer for a while.", _WHICH_TIMER),
    _timer("HassUnpauseTimer", "Goes on with a timer.", _WHICH_TIMER),
    _timer("HassTimerStatus", "Says how much time is left.", _WHICH_TIMER),
    Tool("HassListAddItem", "Writes something on a list.", {
        "name": _text("Name of the list."), "item": _text("What to write.")
    }, ("name", "item")),
    Tool("HassListCompleteItem", "Ticks something off on a list.", {
        "name": _text("Name of the list."), "item": _text("What to tick off.")
    }, ("name", "item")),
    Tool("HassShoppingListAddItem", "Writes something on the shopping list.", {
        "item": _text("What to write.")
    }, ("item",)),
    Tool("HassBroadcast", "Says something on all other satellites in the home.", {
        "message": _text("What to say there.")
    }, ("message",), needs_device=True),
    Tool("HassGetCurrentTime", "Says what time it is.", {}),
    Tool("HassGetCurrentDate", "Says which day it is.", {}),
    Tool(NEVER_MIND, "Ends the conversation in silence, if the person wants nothing any more.", {}),
)  # fmt: skip

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in _ALL}


@cache
def function_tools() -> tuple[JsonObject, ...]:
    """All of them as the realtime protocol's function tools."""
    return tuple(_function(tool) for tool in _ALL)


def _function(tool: Tool) -> JsonObject:
    say = _text("Spoken when it has worked.")
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": {
            "type": "object",
            "properties": {SAY: say, **tool.slots},
            "required": [SAY, *tool.required],
        },
    }


def read_call(call: ToolCall) -> IntentCall:
    """A call as an intent, with what was left empty left out. Raises `InvalidCall`."""
    tool = TOOLS.get(call.name)
    if tool is None:
        raise InvalidCall(f"There is no tool '{call.name[:60]}'.")
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidCall(f"The arguments of {call.name} are no JSON.") from error
    if not isinstance(arguments, dict):
        raise InvalidCall(f"The arguments of {call.name} are no object.")
    say = arguments.pop(SAY, "")
    if not isinstance(say, str):
        raise InvalidCall(f"{call.name}.{SAY} is no text.")
    given = {name: value for name, value in arguments.items() if value not in (None, "", [], {})}
    if unknown := given.keys() - tool.slots.keys():
        raise InvalidCall(f"{call.name} has no slot '{min(unknown)[:60]}'.")
    if missing := [name for name in tool.required if name not in given]:
        raise InvalidCall(f"{call.name} needs '{missing[0]}'.")
    slots = {name: _checked(call.name, name, value, tool.slots[name]) for name, value in given.items()}
    return IntentCall(call.name, slots, " ".join(say.split())[:_LONGEST_SAY])


def _checked(tool: str, name: str, value: object, schema: JsonObject) -> Any:
    """The value, if it is what the schema asks for; one text where there may be several is one of them."""
    if schema["type"] == "array":
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and len(texts) <= MOST_CALLS and all(map(_is_text, texts)):
            return texts
    elif schema["type"] == "string" and _is_text(value):
        return str(value).strip()
    elif schema["type"] == "number":
        number = _number_of(value)
        if number is not None and schema["minimum"] <= number <= schema["maximum"]:
            return number
    raise InvalidCall(f"{tool}.{name} is not what the tool takes.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST_VALUE


def _number_of(value: object) -> int | float | None:
    """A number, also one that was written as text; whole where that is the same."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if math.isfinite(value) and int(value) == value else value
