"""What becomes of the calls that a model makes: intents for Home Assistant, a question, or a refusal. Pure.

Home Assistant acts, and only on what it lets Assist see, from 2026.9 on; before, it acts on everything, so
that a call needs a name from a known list there. A call for kinds of things alone would act in the whole
house: none goes out without a name, an area or a floor. Texts are rendered by Home Assistant as templates,
which can read every state: no other template than ours is in them.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wyoming_azure_realtime.conversation.sentences import Sentences, plain
from wyoming_azure_realtime.conversation.tools import (
    HERE,
    MOST_CALLS,
    NEVER_MIND,
    STATE,
    TOOLS,
    IntentCall,
    InvalidCall,
    read_call,
)
from wyoming_azure_realtime.realtime.answer_turn import ToolCall

EVERYTHING = ("light", "switch", "fan", "media_player", "input_boolean")
"""The kinds that are meant where a whole room is to be switched; doors and heatings are not."""

_SWITCHES = frozenset({"HassTurnOn", "HassTurnOff", "HassSetPosition", "HassStopMoving"})
_UNKNOWN_KIND = frozenset({"button", "group", "input_boolean", "input_button", "scene", "script", "switch"})
"""What they do is in their names at most: the relay of a garage's door is a switch."""

_COVERS = frozenset(
    {"awning", "blind", "curtain", "damper", "door", "garage", "gate", "shade", "shutter", "window"}
)
"""The classes of covers; a cover without one may be any of them."""

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{[%#].*?[%#]\}|[{}]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HomeAssistantAbilities:
    """What the Home Assistant that asks can do.

    `respects_exposure`: it acts only on what Assist may see (2026.9). `several`: it carries out several
    intents of one answer (2026.6).
    """

    respects_exposure: bool = False
    several: bool = False


def abilities_of(wyoming_version: str) -> HomeAssistantAbilities:
    """By the version of the `wyoming` package that wrote the request; nothing where there is none.

    Home Assistant has 1.9.0 from 2026.7 on, 1.10.0 from 2026.8 on, and 1.10.2 from 2026.10 on.
    """
    parts = wyoming_version.split(".")[:3]
    version = tuple(int(part) for part in parts) if all(map(_is_number, parts)) else ()
    return HomeAssistantAbilities(respects_exposure=version >= (1, 10, 2), several=version >= (1, 9))


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) < 6


@dataclass(frozen=True, slots=True)
class Situation:
    """Who asks what, where, and what is known of the home.

    `languages`: in which they may speak, and name things; empty: in that of `sentences`. `room`: that of the
    satellite; empty if it is not known. `names`: of things in the home, empty if none are known. `kinds_of`:
    domains and device classes of what has a name; empty if they are not known. `confirm`: kinds that need a
    yes. `has_device`: Home Assistant knows which device asks; `can_answer`: a yes can be told to be the
    answer to a question.
    """

    said: str = field(repr=False)
    sentences: Sentences
    abilities: HomeAssistantAbilities
    room: str = ""
    names: Collection[str] = ()
    kinds_of: Callable[[str], frozenset[str]] = lambda name: frozenset()
    confirm: tuple[str, ...] = ()
    has_device: bool = False
    can_answer: bool = False
    languages: tuple[Sentences, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Home Assistant is to do this, at once."""

    intents: tuple[IntentCall, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """It is to do this after a yes to the question."""

    question: str
    intents: tuple[IntentCall, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """Nothing is done. `understood`: the sentence is an answer, and no failure."""

    text: str
    understood: bool = True


Ruling = Act | Ask | Say


def judge(calls: Sequence[ToolCall], situation: Situation) -> Ruling:
    """What becomes of the calls of one answer: all of them, or none."""
    sentences = situation.sentences
    if not calls or len(calls) > MOST_CALLS:
        return Say(sentences.impossible, understood=False)
    try:
        read = [read_call(call) for call in calls]
    except InvalidCall:
        return Say(sentences.impossible, understood=False)
    intents = _each_once(read)
    if any(intent.name == NEVER_MIND for intent in intents):
        return Say("")
    if len(intents) > 1 and not situation.abilities.several:
        return Say(sentences.single, understood=False)
    aimed = []
    for intent in intents:
        outcome = _aimed(intent, situation)
        if isinstance(outcome, Say):
            return outcome
        aimed.append(_worded(outcome, sentences))
    if doubtful := [intent for intent in aimed if _needs_yes(intent, situation)]:
        if not situation.can_answer:
            return Say(sentences.impossible, understood=False)
        return Ask(sentences.ask(", ".join(dict.fromkeys(map(_called, doubtful)))), tuple(aimed))
    return Act(tuple(aimed))


def _each_once(intents: Sequence[IntentCall]) -> list[IntentCall]:
    """Without those that are there already: what is asked for twice in one answer is done once."""
    found: list[IntentCall] = []
    for intent in intents:
        if not any((intent.name, intent.slots) == (other.name, other.slots) for other in found):
            found.append(intent)
    return found


def _aimed(intent: IntentCall, situation: Situation) -> IntentCall | Say:
    """The intent with its aim made certain, or why it is not sent."""
    tool, sentences = TOOLS[intent.name], situation.sentences
    if tool.needs_device and not situation.has_device:
        return Say(sentences.impossible, understood=False)
    if not tool.aims:
        return intent
    slots = dict(intent.slots)
    here = plain(str(slots.get("area", ""))) == HERE
    if here and ("name" in slots or "floor" in slots):
        del slots["area"]
    elif here or (tool.acts_widely and not slots.keys() & {"name", "area", "floor"}):
        if not situation.room:
            return Say(sentences.room)
        slots["area"] = situation.room
    if not situation.abilities.respects_exposure:
        known = {plain(name) for name in situation.names}
        if "name" not in slots:
            return Say(sentences.impossible, understood=False)
        if plain(slots["name"]) not in known:
            return Say(sentences.no_such(slots["name"]), understood=False)
    wide = intent.name in ("HassTurnOn", "HassTurnOff") and not slots.keys() & {
        "name",
        "domain",
        "device_class",
    }
    if wide:
        slots["domain"] = list(EVERYTHING)
    return replace(intent, slots=slots)


def _needs_yes(intent: IntentCall, situation: Situation) -> bool:
    """Whether it may open what is to stay shut. Where the kind is not known, names, rooms and words tell."""
    if intent.name not in _SWITCHES or not situation.confirm:
        return False
    slots, confirm = intent.slots, frozenset(situation.confirm)
    name = slots.get("name", "")
    kinds = frozenset((*slots.get("domain", ()), *slots.get("device_class", ())))
    if kinds & confirm:
        return True
    known = (situation.kinds_of(name) if name else None) or kinds
    if known & confirm:
        return True
    if known and not known & _UNKNOWN_KIND and ("cover" not in known or known & _COVERS):
        return False
    words = (name, *(str(slots.get(where, "")) for where in ("area", "floor")), situation.said)
    languages = situation.languages or (situation.sentences,)
    return any(
        _sound_like(words, confirm, language)
        for language in languages
        if not language.speaks_of(name, language.lights)
    )


def _sound_like(words: Collection[str], kinds: Collection[str], sentences: Sentences) -> bool:
    stems: Mapping[str, tuple[str, ...]] = {
        "lock": sentences.locks,
        "door": sentences.locks,
        "gate": sentences.gates,
        "garage": sentences.gates,
        "alarm_control_panel": sentences.alarms,
    }
    return any(sentences.speaks_of(text, stems[kind]) for kind in kinds if kind in stems for text in words)


def _called(intent: IntentCall) -> str:
    """What the question names."""
    slots = intent.slots
    return str(slots.get("name") or slots.get("area") or slots.get("floor") or "?")


def _worded(intent: IntentCall, sentences: Sentences) -> IntentCall:
    """With a text that is safe to be rendered."""
    asked, *rest = re.split(re.escape(STATE), _ours(intent.say))
    words = [_TEMPLATE.sub("", part) for part in (asked, *rest)]
    return replace(intent, say=_state(sentences.states).join(words))


def _ours(say: str) -> str:
    """Models know how Home Assistant writes a state, too."""
    return re.sub(r"\{\{\s*state\.state\w*\s*\}\}", STATE, say)


def _state(words: Mapping[str, str]) -> str:
    """The template of the state that Home Assistant finds, in the person's words."""
    table = ", ".join(f"'{state}': '{word}'" for state, word in words.items() if "'" not in word)
    return f"{{{{ {{{table}}}.get(state.state, state.state_with_unit) if state else '' }}}}"


def entities(intent: IntentCall) -> list[tuple[str, Any]]:
    """The slots as Home Assistant's own sentences fill them: one of several possible values stands alone."""
    return [
        (name, value[0] if isinstance(value, list) and len(value) == 1 else value)
        for name, value in intent.slots.items()
    ]
