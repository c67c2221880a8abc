"""What a conversation by voice runs on: its session, and what waits on the way there and back.

Such sessions are in no pool: each is opened for one conversation and closed with it. What waits is bounded,
and what an interruption has made worthless is thrown away.
"""

import asyncio
import dataclasses
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, REALTIME, AudioFormat
from wyoming_azure_realtime.conversation.answering import effort_of
from wyoming_azure_realtime.errors import (
    BackendError,
    ProtocolViolation,
    SpeechServiceError,
    TooManyRequests,
)
from wyoming_azure_realtime.observe import Observer, SessionClosed, SessionOpened, SessionRefused
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.client_events import (
    ClientEvent,
    InputAudioBufferAppend,
    InputAudioBufferCommit,
)
from wyoming_azure_realtime.realtime.conversation_events import (
    AnswerSound,
    AnswerWords,
    ConversationEvent,
    HeardPartly,
    SoundStopped,
    ToolRequest,
)
from wyoming_azure_realtime.realtime.session_config import ConversationConfig, Hints, SessionConfig
from wyoming_azure_realtime.realtime.shapes import JsonObject
from wyoming_azure_realtime.realtime.speech_turn import LANGUAGE_NAMES
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.text.language import plain_language
from wyoming_azure_realtime.turns.backends import Backends, Retry
from wyoming_azure_realtime.turns.budget import Allowance, Spending
from wyoming_azure_realtime.turns.engine import PooledChannel, note_openings

CLOSE_SECONDS = 3.0
"""For which a session may take to close."""

_SEMANTIC_SILENCE = 3000.0  # ms after which a service has surely ended a turn that it finds by words

CallTool = Callable[[ToolRequest], Awaitable[str]]
Opener = Callable[[SessionConfig], Awaitable[PooledChannel]]


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """Who talks, and how it is to be answered.

    `language`, `voice`: as clients ask for them, or empty. `instructions`: in place of those of the settings.
    `tools`: functions as the realtime API describes them. `detects`: the service finds the ends of turns.
    `source`: the format of the sound. `call_tool`: does what the model asks for; None: results are told.
    """

    door: str
    client: str = ""
    language: str = ""
    voice: str = ""
    instructions: str = field(default="", repr=False)
    tools: tuple[JsonObject, ...] = field(default=(), repr=False)
    detects: bool = True
    source: AudioFormat = REALTIME
    call_tool: CallTool | None = field(default=None, repr=False)


class ConversingService(Protocol):
    """Over whose sessions people talk."""

    spending: Spending

    def converses_over(
        self, target: Target, deployment: str, voice: str, language: str, *, detects: bool
    ) -> ConversationConfig:
        """The session in which a deployment of the target hears and answers. Raises `UnknownVoice`."""


class VoiceSessions:
    """Those of the process. `backends`: the targets that answer; `opener`: opens a session."""

    def __init__(
        self,
        opener: Opener,
        backends: Backends,
        service: ConversingService,
        settings: Settings,
        observer: Observer,
    ) -> None:
        self.backends = backends
        self.settings = settings
        self.observer = observer
        self.service = service
        self._opener = opener
        self._running = 0
        self._closings: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nobody talks."""
        return not self._running

    def check(self, request: VoiceRequest) -> None:
        """Raise `UnknownVoice` for what no session could be opened for."""
        self._configure(self.backends.first, "", request)

    async def open(
        self, request: VoiceRequest, allowed: Allowance
    ) -> tuple[PooledChannel, ConversationConfig]:
        """A session, at the first target that has one. Raises `SpeechServiceError`."""
        retry = Retry(self.backends.limited_to(allowed.targets))
        deadline = _now() + self.settings.pool.timeout
        while True:
            target = retry.choose()
            instead = allowed.deployments.get(target.name)
            config = self._configure(target, instead[0] if instead else "", request)
            try:
                opened = await self._open(config)
            except BackendError as error:
                await asyncio.sleep(retry.failed(error, _now(), deadline))
            else:
                retry.succeeded(_now())
                return opened

    def silence_ms(self) -> float:
        """For which nobody has to speak until a service has surely ended a turn."""
        recognition = self.settings.recognition
        semantic = recognition.turn_end == "semantic_vad"
        return _SEMANTIC_SILENCE if semantic else recognition.turn_pause * 1000 + 500

    def _configure(self, target: Target, instead: str, request: VoiceRequest) -> ConversationConfig:
        """Its session at a target. `instead`: the deployment in place of the usual one, or empty."""
        deployment, settings = instead or target.answers_with, self.settings.conversation
        config = self.service.converses_over(
            target, deployment, request.voice, request.language, detects=request.detects
        )
        persona = request.instructions or settings.instructions
        return dataclasses.replace(
            config,
            instructions=_instructions(persona, request.language, acting=bool(request.tools)),
            tools=request.tools,
            effort=effort_of(settings.effort, deployment),
        )

    def began(self) -> None:
        """One more. Raises `TooManyRequests`."""
        if self._running >= self.settings.talk.at_once:
            raise TooManyRequests(
                f"{self._running} conversations by voice are in progress.", advice="See talk.at_once."
            )
        self._running += 1

    def ended(self) -> None:
        """One fewer."""
        self._running -= 1

    async def _open(self, config: ConversationConfig) -> tuple[PooledChannel, ConversationConfig]:
        """With all that the service takes of it: hints and transcript are left out where it refuses them."""
        began = _now()
        bare = dataclasses.replace(config, hints=Hints(detection=config.hints.detection))
        for tried in (config, bare, dataclasses.replace(bare, hearing=None)):
            try:
                session = await self._opener(tried)
            except SpeechServiceError as error:
                about = isinstance(error, ProtocolViolation) and "transcription" in error.message.lower()
                if tried.hearing is None or not about:
                    self.observer.report(SessionRefused(config.target, "answer", error, _now() - began))
                    raise
            else:
                break
        if tried.hearing is None:
            self.cannot_transcribe(config)
        self.observer.report(SessionOpened(config.target, "answer", _now() - began))
        return session, tried

    def close_session(self, session: PooledChannel, config: ConversationConfig, opened: float) -> None:
        """Nobody needs it any more; returns at once."""
        reason = "lost" if session.closed else "retired"
        self.observer.report(SessionClosed(config.target, "answer", reason, _now() - opened))
        closing = asyncio.create_task(_close(session))
        self._closings.add(closing)
        closing.add_done_callback(self._closings.discard)

    def cannot_transcribe(self, config: ConversationConfig) -> None:
        """Tell the operator once that nobody writes down what is said."""
        self.observer.warn_once(
            f"transcription of conversations at {config.target}",
            f"Target '{config.target}' does not write down what is said in conversations by voice: deploy a "
            "model for it and name it in talk.transcription",
        )

    async def close(self) -> None:
        """Wait for the sessions that are being closed."""
        await asyncio.gather(*self._closings)


def voice_sessions_of(
    settings: Settings,
    targets: Sequence[Target],
    opener: Opener,
    service: ConversingService,
    observer: Observer,
) -> VoiceSessions | None:
    """What the settings describe, see `VoiceSessions`; None if they want none, or no target answers."""
    answering = [target for target in targets if provider_of(target).answers]
    if not (settings.talk.at_once and answering):
        return None
    backends = Backends(answering, "answer", observer)
    note_openings(observer, backends)
    return VoiceSessions(opener, backends, service, settings, observer)


MOST_UNSENT = 10 * BYTES_PER_SECOND
"""Bytes of sound that wait for the service; who sends more waits too."""

MOST_UNREAD = 220 * BYTES_PER_SECOND
"""Bytes of sound that a program has not taken: more than the longest answer of most models."""

MOST_EVENTS = 2000
"""Other events that a program has not taken."""

_PIECE = BYTES_PER_SECOND
"""Bytes of sound at most in one event to the service."""


class Outgoing:
    """For the service. Sound and commits keep their order; whatever else is sent goes ahead of them."""

    def __init__(self) -> None:
        self._urgent: deque[ClientEvent] = deque()
        self._sound: deque[bytes | InputAudioBufferCommit] = deque()
        self._unsent = 0
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self.over = False

    async def sound(self, pcm: bytes) -> None:
        """More sound, 24 kHz PCM16 mono; waits while too much is unsent."""
        await self._room.wait()
        if self.over:
            return
        for at in range(0, len(pcm), _PIECE):
            self._sound.append(pcm[at : at + _PIECE])
        self._unsent += len(pcm)
        if self._unsent >= MOST_UNSENT:
            self._room.clear()
        self._more.set()

    def event(self, event: ClientEvent) -> None:
        """An event."""
        if isinstance(event, InputAudioBufferCommit):
            self._sound.append(event)
        else:
            self._urgent.append(event)
        self._more.set()

    def clear(self) -> None:
        """The session that was to get it is gone."""
        self._urgent.clear()
        self._sound.clear()
        self._unsent = 0
        self._room.set()

    def end(self) -> None:
        """Nothing is sent any more: what still comes is thrown away, and nobody waits."""
        self.over = True
        self.clear()

    async def next(self) -> ClientEvent:
        """What is to be sent next."""
        while not (self._urgent or self._sound):
            self._more.clear()
            await self._more.wait()
        if self._urgent:
            return self._urgent.popleft()
        first = self._sound.popleft()
        if not isinstance(first, bytes):
            return first
        pcm = bytearray(first)
        while self._sound and len(pcm) < _PIECE and isinstance(more := self._sound[0], bytes):
            pcm += more
            self._sound.popleft()
        self._unsent -= len(pcm)
        if self._unsent < MOST_UNSENT:
            self._room.set()
        return InputAudioBufferAppend(audio=bytes(pcm))


class Unread:
    """For the program, until it is `ended` and everything was taken."""

    def __init__(self) -> None:
        self._events: deque[ConversationEvent] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._over = False
        self._failure: SpeechServiceError | None = None

    def put(self, event: ConversationEvent) -> None:
        """One more. Raises `TooManyRequests` where the program does not read."""
        if isinstance(event, SoundStopped) and event.interrupted:
            self._drop_sound(event.answer)
        last = self._events[-1] if self._events else None
        if isinstance(event, AnswerWords | HeardPartly) and type(last) is type(event):
            self._events.pop()  # the new one says all of it
        self._events.append(event)
        self._bytes += len(event.pcm) if isinstance(event, AnswerSound) else 0
        if self._bytes > MOST_UNREAD or len(self._events) > MOST_EVENTS + self._bytes // 1000:
            raise TooManyRequests("The client does not read what it is told.")
        self._more.set()

    def end(self, failure: SpeechServiceError | None) -> None:
        """Nothing more comes, because of a failure perhaps."""
        if not self._over:
            self._over, self._failure = True, failure
        self._more.set()

    async def next(self) -> ConversationEvent:
        """The next event. Raises the failure that ended it, or `StopAsyncIteration`."""
        while not self._events:
            if self._over:
                raise self._failure or StopAsyncIteration
            self._more.clear()
            await self._more.wait()
        event = self._events.popleft()
        self._bytes -= len(event.pcm) if isinstance(event, AnswerSound) else 0
        return event

    def _drop_sound(self, answer: int) -> None:
        """What of an answer was not taken yet, its usual end included."""
        kept: deque[ConversationEvent] = deque()
        for event in self._events:
            if isinstance(event, AnswerSound) and event.answer == answer:
                self._bytes -= len(event.pcm)
            elif not (isinstance(event, SoundStopped) and event.answer == answer):
                kept.append(event)
        self._events = kept


_ROLE = (
    "You are a voice assistant in a conversation. Answer in at most two short sentences unless the person "
    "asks for more, in plain words, as people talk. Answer in the language that the person speaks. If you do "
    "not know something, say so. You have no access to the internet and no knowledge of what happened lately."
)
_ACTING = (
    "Call the tools to do something or to find something out. Never say that something was done, or how it "
    "is, before a tool has told you so."
)
_UNABLE = "You cannot control anything: if asked to, say so."


def _instructions(persona: str, language: str, *, acting: bool) -> str:
    parts = [_ROLE, _ACTING if acting else _UNABLE]
    if name := LANGUAGE_NAMES.get(plain_language(language)) if language else None:
        parts.append(f"The person speaks {name}.")
    if persona:
        parts.append(persona)
    return "\n".join(parts)


async def _close(session: PooledChannel) -> None:
    with suppress(TimeoutError, SpeechServiceError, OSError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await session.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
