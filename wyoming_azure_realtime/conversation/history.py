"""What a model is told: who it is, what was said before, what is asked now. Pure: time is given.

A conversation is text, and belongs to this process and to no session, so that sessions, targets and failures
come and go under it. Nothing of it is written anywhere. What is the same in every turn comes first, word for
word, so that a service that keeps what it has read just before bills it at a fraction of its price.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from wyoming_azure_realtime.conversation.tools import HERE
from wyoming_azure_realtime.realtime.shapes import ContentPart, Item
from wyoming_azure_realtime.realtime.speech_turn import LANGUAGE_NAMES
from wyoming_azure_realtime.text.language import plain_language

MOST_CONVERSATIONS = 256
"""At a time; the one that was silent for longest is forgotten first."""

FASTEST_SPEECH = 20.0
"""Characters a second that a voice says at most: an answer takes as long as that to be spoken, or longer."""

MOST_CHARACTERS = 6000
"""Of all that is kept of one conversation; the oldest request goes first."""

Key = Hashable


@dataclass(frozen=True, slots=True)
class PastRequest:
    """What somebody asked, and what was answered. `interrupted`: probably not heard to its end."""

    asked: str = field(repr=False)
    answered: str = field(repr=False)
    interrupted: bool = False

    @property
    def characters(self) -> int:
        """Of both."""
        return len(self.asked) + len(self.answered)


@dataclass(slots=True)
class _Conversation:
    latest: float
    requests: list[PastRequest] = field(default_factory=list)


class ConversationHistory:
    """`requests`: so many are kept of a conversation; 0: none. `seconds`: of silence that end one."""

    def __init__(self, requests: int, seconds: float, most: int = MOST_CONVERSATIONS) -> None:
        self._requests = requests
        self._seconds = seconds
        self._most = most
        self._conversations: OrderedDict[Key, _Conversation] = OrderedDict()

    def __repr__(self) -> str:
        return f"<history of {len(self._conversations)} conversations>"

    def of(self, key: Key | None, now: float) -> tuple[PastRequest, ...]:
        """What was said in a conversation, the oldest first; nothing where None says that it is none."""
        self._forget(now)
        conversation = self._conversations.get(key) if key is not None else None
        return tuple(conversation.requests) if conversation else ()

    def latest(self, client: str, now: float) -> Key | None:
        """The conversation of a client that somebody took part in last; None where all are over."""
        self._forget(now)
        return next((key for key in reversed(self._conversations) if is_of(key, client)), None)

    def add(self, key: Key | None, request: PastRequest, now: float) -> None:
        """Keep a request that has just ended."""
        self._forget(now)
        if key is None or not self._requests:
            return
        conversation = self._conversations.setdefault(key, _Conversation(now))
        conversation.latest = now
        self._conversations.move_to_end(key)
        kept = [*conversation.requests, request][-self._requests :]
        while sum(one.characters for one in kept) > MOST_CHARACTERS:
            kept.pop(0)
        conversation.requests = kept
        if len(self._conversations) > self._most:
            self._conversations.popitem(last=False)

    def interrupt(self, client: str, now: float) -> None:
        """Somebody begins to speak at a client: an answer that is still spoken is not heard to its end.

        Nothing tells at which satellite. So it counts only where a single one took part of late.
        """
        self._forget(now)
        keys = [key for key in self._conversations if is_of(key, client) and is_spoken(key)]
        if len(keys) != 1:
            return
        conversation = self._conversations[keys[0]]
        last = conversation.requests[-1]
        if now - conversation.latest < len(last.answered) / FASTEST_SPEECH:
            conversation.requests = [*conversation.requests[:-1], replace(last, interrupted=True)]

    def go_on_from(self, other: "ConversationHistory") -> None:
        """Take over what another one keeps, within these bounds."""
        for key, conversation in other._conversations.items():  # noqa: SLF001 - one of the same
            for request in conversation.requests:
                self.add(key, request, conversation.latest)

    def _forget(self, now: float) -> None:
        """Those that have been silent for too long: they are in the order of their latest request."""
        while self._conversations:
            key = next(iter(self._conversations))
            if now - self._conversations[key].latest < self._seconds:
                return
            del self._conversations[key]


def conversation_key(client: str, satellite_id: str, device_id: str, conversation_id: str) -> Key | None:
    """By which a conversation is known: the satellite, whose wakings share one, else the id that was given.

    Several homes may have satellites of one name: they are told apart by `client`, the address of whoever
    asks, and behind a balancer, which has one address for all, by the satellite's device, whose id no other
    home has. None: every request stands for itself.
    """
    if satellite_id:
        return client, "satellite", satellite_id, device_id
    return (client, "conversation", conversation_id) if conversation_id else None


def is_spoken(key: Key) -> bool:
    """Whether a conversation is one with a satellite, which speaks its answers."""
    return isinstance(key, tuple) and key[1] == "satellite"


def is_of(key: Key, client: str) -> bool:
    """Whether a conversation is one with whoever asks from this address."""
    return isinstance(key, tuple) and key[0] == client


MOST_NAMES_CHARACTERS = 4000
"""Of the names of the home that a model is told."""

_ROLE = (
    "You are the voice assistant of a home. What you write is spoken aloud: answer in at most two short "
    "sentences unless the person asks for more, in plain words, without lists, Markdown, emoji or symbols. "
    "Answer in the language of the person's latest request. If you do not know something, say so. You have "
    "no access to the internet and no knowledge of what happened lately."
)
_ACTING = (
    "To do something in the home, or to find out how it is, call the tools; several calls in one answer are "
    "possible. Never say that something was done, is on, off, open or closed, without a call: you know "
    "nothing of the home by yourself. In a call, write `say` first: it is spoken when the call has worked, "
    "and if it has not, the person is told so. With a call write no other text. If the person names no "
    f"thing, no room and no floor, the area is '{HERE}': the room where the person is. Names of things and "
    "rooms stay as they are called in the home, whatever the language. If it is not clear what is meant, ask "
    "one short question instead of a call. What is not among the tools you cannot do: say so."
)
_UNABLE = "You cannot control anything in the home and do not know how it is: if asked to, say so."


_READING = (
    "To look something up and change nothing, call: {names}. Do so, without other calls and without words, "
    "where you have to know how things are before you can answer or act: what is on, how many, whether, "
    "which, if it is warmer than. What was found comes with the next request, as the result of the call; "
    "answer from it, and do not look it up again."
)
_READING_ALONE = "You cannot control anything in the home: if asked to, say so."


def instructions(persona: str, names: Iterable[str], *, acting: bool, reading: Sequence[str] = ()) -> str:
    """Who the model is, and what it can do.

    `persona`: the user's own words. `acting`: it has tools. `reading`: names of tools that only look up.
    """
    parts = [_ROLE, _ACTING if acting else _READING_ALONE if reading else _UNABLE]
    if reading:
        parts.append(_READING.format(names=", ".join(reading)))
    if acting and (listed := _listed(names)):
        parts.append(f"Names in this home: {listed}.")
    if persona:
        parts.append(persona)
    return "\n".join(parts)


def _listed(names: Iterable[str]) -> str:
    """In one order, however they came, since the text has to stay the same."""
    kept, left = [], MOST_NAMES_CHARACTERS
    for name in sorted({" ".join(name.split()) for name in names if name.strip()}):
        left -= len(name) + 2
        if left < 0:
            break
        kept.append(name)
    return ", ".join(kept)


def messages(
    history: Sequence[PastRequest], said: str, language: str, results: Sequence[str] = ()
) -> list[Item]:
    """The conversation so far and the request, as the input of a response. `results`: of lookups for it."""
    items = []
    for past in history:
        items.append(_message("user", "input_text", past.asked))
        if past.answered:
            items.append(_message("assistant", "output_text", past.answered))
        if past.interrupted:
            items.append(_message("system", "input_text", "(interrupted)"))
    name = LANGUAGE_NAMES.get(plain_language(language)) if language else None
    if name:
        items.append(_message("system", "input_text", f"The person speaks {name}."))
    items.extend(_message("system", "input_text", text) for text in results)
    items.append(_message("user", "input_text", said))
    return items


def _message(role: str, kind: str, text: str) -> Item:
    return Item(type="message", role=role, content=[ContentPart(type=kind, text=text)])
