"""Conversations by voice: each has a session of its own with a model that hears and speaks.

The service keeps the conversation and finds the ends of turns; `realtime.voice_conversation` says what every
event means. Here are the socket, the clock and the limits. A session that is lost is replaced by one that is
told, as text, what was said before.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wyoming_azure_realtime.audio.pcm import REALTIME, silence
from wyoming_azure_realtime.audio.samples import StreamResampler
from wyoming_azure_realtime.conversation.voice_accounts import VoiceAccounts
from wyoming_azure_realtime.conversation.voice_sessions import Outgoing, Unread, VoiceRequest, VoiceSessions
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ConversationOver,
    InternalError,
    InvalidRequest,
    ProtocolViolation,
    SpeechServiceError,
    TranscriptionFailed,
    first_of,
)
from wyoming_azure_realtime.realtime.client_events import ConversationItemCreate, InputAudioBufferAppend
from wyoming_azure_realtime.realtime.conversation_events import (
    AnswerBegan,
    AnswerEnded,
    AnswerJudged,
    AnswerSound,
    AnswerWords,
    ConversationEvent,
    ConversationReady,
    Heard,
    HeardPartly,
    Outcome,
    PersonStarted,
    PersonStopped,
    SoundStarted,
    SoundStopped,
    ToolRequest,
    TranscriptJudged,
    Trouble,
)
from wyoming_azure_realtime.realtime.turn import ToSend
from wyoming_azure_realtime.realtime.voice_conversation import ConversationState
from wyoming_azure_realtime.turns.engine import PooledChannel

if TYPE_CHECKING:
    from wyoming_azure_realtime.realtime.session_config import ConversationConfig

__all__ = [
    "AnswerEnded", "AnswerSound", "AnswerWords", "ConversationEvent", "ConversationReady", "Heard",
    "HeardPartly", "PersonStarted", "PersonStopped", "SoundStarted", "SoundStopped", "ToolRequest", "Trouble",
    "VoiceConversation", "VoiceRequest", "VoiceSessions",
]  # fmt: skip

TOOL_SECONDS = 30.0
"""For which the client may take for the result of a call."""

ANSWER_SECONDS = 30.0
"""For which the service may say nothing while it owes an answer."""

SEND_SECONDS = 30.0
"""For which it may take no sound."""

MOST_RENEWALS = 3
"""Sessions that one conversation may lose and go on."""

MOST_TROUBLES = 20
"""Things that may go wrong in one conversation."""

LONGEST_OUTPUT = 20_000
"""Characters of a tool's result."""

SHORTEST = REALTIME.bytes_per_second // 10
"""Bytes of the shortest sound that a service takes for something said."""

_LOGGER = logging.getLogger(__name__)


class VoiceConversation:
    """One conversation, as a context manager and an iterator of its events.

    Iterating raises the `SpeechServiceError` that ends it; what does not end it comes as `Trouble`. Raises
    `UnknownVoice`, `InvalidRequest` where there are none, and when it is entered `TooManyRequests`.
    """

    def __init__(self, sessions: VoiceSessions | None, request: VoiceRequest) -> None:
        if sessions is None:
            raise InvalidRequest("There are no conversations by voice here.", advice="See talk.at_once.")
        sessions.check(request)
        self._sessions = sessions
        self._request = request
        self._talk = sessions.settings.talk
        self._state = ConversationState(detects=request.detects)
        self._outgoing, self._unread = Outgoing(), Unread()
        self._accounts = VoiceAccounts(
            sessions.observer,
            sessions.service.spending,
            door=request.door,
            client=request.client,
            language=request.language,
            keeps_text=sessions.settings.history.texts,
        )
        self._resampler = StreamResampler(request.source)
        self._config: ConversationConfig | None = None
        self._task: asyncio.Task[None] | None = None
        self._tools: dict[str, asyncio.Future[str]] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._latest = self._sounded = 0.0  # when something happened, and when sound came
        self._uncommitted = 0  # bytes
        self._troubles = 0
        self._reported: set[str] = set()  # codes of what is told once

    async def __aenter__(self) -> Self:
        self._sessions.began()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(lambda _: self._sessions.ended())  # also if it never ran
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unread.end(None)
        assert self._task is not None  # noqa: S101 - entered
        self._task.cancel()
        await asyncio.wait([self._task])

    # --- what the program does

    async def send(self, sound: bytes) -> None:
        """More of what the microphone hears, cut anywhere; waits while the service takes no more.

        Once the conversation is over it is thrown away.
        """
        await self._send(self._resampler.process(sound))

    async def finish(self) -> None:
        """The person has ended; `send` begins the next turn."""
        await self._send(self._resampler.flush())
        self._resampler = StreamResampler(self._request.source)
        if self._outgoing.over:
            return
        if self._request.detects:
            await self._send(silence(self._sessions.silence_ms()))
        elif self._uncommitted < SHORTEST:
            self._unread.put(Trouble("invalid-request", "There was no sound to be answered."))
        else:
            self._uncommitted = 0
            self._accounts.begin()
            self._accounts.input_ended()
            self._follow(self._state.ask(_now()))

    def interrupt(self) -> None:
        """Leave off answering."""
        self._follow(self._state.cancel(_now()))

    def played(self, ms: int, answer: int = 0) -> None:
        """So much of an answer's sound has been played; 0: of the latest one."""
        self._state.note_played(answer, ms)

    def tool_result(self, call: str, output: str) -> None:
        """What became of a `ToolRequest`; nothing if nobody waits for it."""
        waiting = self._tools.get(call)
        if waiting is not None and not waiting.done():
            waiting.set_result(output)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ConversationEvent:
        return await self._unread.next()

    async def _send(self, pcm: bytes) -> None:
        self._uncommitted += len(pcm)
        if pcm:
            self._sounded = _now()
            await self._outgoing.sound(pcm)

    # --- while it goes on

    async def _run(self) -> None:
        failure: SpeechServiceError | None = None
        try:
            async with asyncio.timeout(self._talk.max_seconds):
                await self._converse()
        except TimeoutError:
            failure = ConversationOver(
                "The conversation is as long as one may be.", advice="See talk.max_seconds."
            )
        except SpeechServiceError as error:
            failure = error
        except Exception as error:
            _LOGGER.exception("A conversation by voice failed unexpectedly")
            failure = InternalError.of(error)
        finally:
            for task in self._working:
                task.cancel()
            over = isinstance(failure, ConversationOver)
            self._accounts.close(None if over else failure)
            self._unread.end(failure)
            self._outgoing.end()

    async def _converse(self) -> None:
        """Over one session after the other."""
        lost = 0
        while True:
            session = await self._open()
            opened, config = _now(), self._config
            assert config is not None  # noqa: S101 - it is open
            try:
                if not lost:
                    self._tell(ConversationReady(config.deployment, config.voice))
                await self._use(session)
            except BackendError as error:
                lost += 1
                if not error.retryable or lost > MOST_RENEWALS:
                    raise
                self._outgoing.clear()
                self._uncommitted = 0
                self._follow(self._state.lost(error, _now()))
            finally:
                self._sessions.close_session(session, config, opened)

    async def _open(self) -> PooledChannel:
        """Raises `SpeechServiceError`."""
        session, self._config = await self._sessions.open(self._request, self._accounts.allowance())
        self._state.transcribes = self._config.hearing is not None
        self._accounts.over(self._config)
        self._latest = _now()
        return session

    async def _use(self, session: PooledChannel) -> None:
        """Until the session or the conversation ends, which raises why."""
        for item in self._state.items():
            await session.send(ConversationItemCreate(item=item))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_all(session))
                tasks.create_task(self._watch())
                while True:
                    self._follow(self._state.receive(await session.receive(), _now()))
        except BaseExceptionGroup as group:
            raise first_of(group)  # noqa: B904 - it has a cause of its own, or is the cause

    async def _send_all(self, session: PooledChannel) -> None:
        while True:
            event = await self._outgoing.next()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await session.send(event)
            except TimeoutError as error:
                raise BackendTimeout("The service takes no sound.") from error
            if isinstance(event, InputAudioBufferAppend):
                self._accounts.sent(len(event.audio))

    async def _watch(self) -> None:
        """Raise `BackendTimeout` or `ConversationOver` when nothing happens for too long."""
        while (left := self._deadline() - _now()) > 0:  # noqa: ASYNC110 - the deadline moves
            await asyncio.sleep(min(left + 0.01, 1.0))
        if self._state.answering:
            raise BackendTimeout("The service does not answer.")
        raise ConversationOver("Nobody has spoken for a while.", advice="See talk.idle.")

    def _deadline(self) -> float:
        if self._state.answering:
            return self._latest + ANSWER_SECONDS
        speaking = self._state.speaking or not self._request.detects
        latest = max(self._latest, self._sounded * speaking, self._state.plays_until())
        return latest + max(self._talk.idle, TOOL_SECONDS * bool(self._tools))

    def _follow(self, outcomes: Iterable[Outcome]) -> None:
        """Do what follows from a step of the conversation. Raises `SpendingLimit`, `TooManyRequests`."""
        for outcome in outcomes:
            self._latest = _now()
            match outcome:
                case ToSend(event):
                    self._outgoing.event(event)
                case AnswerBegan():
                    self._accounts.answer_began()
                case AnswerJudged():
                    self._accounts.answered(outcome)
                case TranscriptJudged():
                    self._accounts.transcribed(outcome)
                case _:
                    self._tell(outcome)

    def _tell(self, event: ConversationEvent) -> None:
        match event:
            case PersonStarted():
                self._accounts.begin()
            case PersonStopped():
                self._accounts.input_ended()
            case AnswerSound():
                self._accounts.came(len(event.pcm))
            case AnswerWords():
                self._accounts.came()
            case ToolRequest():
                self._call(event)
            case Trouble(code):
                if not self._is_news(code):
                    return
        self._unread.put(event)

    def _is_news(self, code: str) -> bool:
        """Count what goes wrong, and raise beyond a limit.

        That nobody writes down what is said ends nothing, however often, and is told once.
        """
        if code != TranscriptionFailed.code:
            self._troubles += 1
            if self._troubles > MOST_TROUBLES:
                raise ProtocolViolation("Too much goes wrong in this conversation.")
            return True
        if self._config is not None:
            self._sessions.cannot_transcribe(self._config)
        known = code in self._reported
        self._reported.add(code)
        return not known

    # --- tools

    def _call(self, request: ToolRequest) -> None:
        self._tools[request.call] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._await_tool(request))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _await_tool(self, request: ToolRequest) -> None:
        """Tell the model what became of a call, whatever it is."""
        try:
            async with asyncio.timeout(TOOL_SECONDS):
                called = self._request.call_tool
                output = await (called(request) if called else self._tools[request.call])
                output = output[:LONGEST_OUTPUT]
        except TimeoutError:
            output = "Error: the tool did not answer in time."
        except Exception:
            _LOGGER.exception("A tool of a conversation failed")
            output = "Error: the tool failed."
        finally:
            self._tools.pop(request.call, None)  # a service may use an id again
        with suppress(SpeechServiceError):
            self._follow(self._state.tool_result(request.call, output))


def _now() -> float:
    return asyncio.get_running_loop().time()
