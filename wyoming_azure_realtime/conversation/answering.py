"""One question, answered in writing by a realtime service: what is asked, and what the engine needs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from wyoming_azure_realtime.conversation.history import PastRequest, instructions, messages
from wyoming_azure_realtime.conversation.home import Home
from wyoming_azure_realtime.conversation.tools import InvalidCall, function_tools, read_call
from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ContentMismatch,
    InternalError,
    SpeechServiceError,
)
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.realtime.answer_turn import AnswerText, AnswerTurn, ModelAnswer, ModelRequest
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.realtime.shapes import Item
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import Spending, TurnBudget
from wyoming_azure_realtime.turns.engine import Attempt, TurnEngine
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime
from wyoming_azure_realtime.turns.record import TurnRecorder

THINKS = "gpt-realtime-2"
"""What the names of models begin with that may be told how much to think."""

MOST_READINGS = 2
"""For one answer: how often a model may look up how the home is."""

_SENTENCE_ENDS = (". ", "! ", "? ", "\u3002", "\uff01", "\uff1f", "\u0964")

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelQuestion:
    """What somebody said or typed, and what was said before, the oldest first.

    `client`: an address. `device_id`: Home Assistant's, of the satellite; empty if it is not known.
    `results`: of what was looked up for the answer.
    """

    door: str
    client: str
    language: str
    text: str = field(repr=False)
    past: tuple[PastRequest, ...] = field(default=(), repr=False)
    device_id: str = field(default="", compare=False)
    results: tuple[str, ...] = field(default=(), repr=False)

    @property
    def input(self) -> list[Item]:
        """The same as a model is told it."""
        return messages(self.past, self.text, self.language, self.results)


class AnswerSpeech(Protocol):
    """Speech of an answer, made while that is written and before anybody asks for it."""

    def begin(self) -> None:
        """The answer begins, or begins again."""

    async def write(self, text: str) -> None:
        """More of it."""

    async def finish(self, text: str) -> None:
        """All of it, as it will be asked for; empty: nothing will be. Another text than before ends it."""

    def offer(self) -> None:
        """Whoever asked has the text, and will soon ask for the speech, or never."""

    def drop(self) -> None:
        """Nobody will ask for it. A second call does nothing."""


class AnsweringService(Protocol):
    """Over whose sessions answers come, and who speaks them."""

    spending: Spending

    def speech_ahead(self, client: str) -> AnswerSpeech | None:
        """Speech for this client that is to be made before it asks; None if it probably asks for none."""

    def answers_over(self, target: Target, deployment: str) -> SpeechConfig:
        """The session over which a deployment of the target answers."""


class AnsweringModel:
    """Has questions answered at the targets, as the settings say."""

    def __init__(
        self,
        engine: TurnEngine,
        backends: Backends,
        service: AnsweringService,
        settings: Settings,
        observer: Observer,
        home: Home,
    ) -> None:
        self.backends = backends
        self.running = 0
        self._engine = engine
        self._service = service
        self._spending = service.spending
        self._all = settings
        self._settings = settings.conversation
        self._observer = observer
        self._home = home

    def configure(self, target: Target) -> SpeechConfig:
        """The session that answers at a target, when nothing restricts it."""
        return self._service.answers_over(target, target.answers_with)

    def recorder(self, question: ModelQuestion) -> TurnRecorder:
        """Of the turn that answers it; whoever asks ends it."""
        model, tag = self.backends.first.answers_with, question.language
        recorder = TurnRecorder(self._observer, "answer", question.door, model, question.client, language=tag)
        recorder.cost_of = self._spending.cost_of
        recorder.characters = len(question.text)
        return recorder

    async def answer(
        self,
        question: ModelQuestion,
        recorder: TurnRecorder,
        until: float,
        speech: AnswerSpeech | None = None,
    ) -> ModelAnswer:
        """The answer, by `until` in the event loop's time. Raises `SpeechServiceError`."""
        current_turn.set(recorder.id)
        allowed = self._spending.begin(recorder.id, recorder.kind)

        def session(target: Target) -> SpeechConfig:
            instead = allowed.deployments.get(target.name)
            return self._service.answers_over(target, instead[0] if instead else target.answers_with)

        async def ask(asked: ModelQuestion) -> ModelAnswer:
            answering = Answering(
                lambda deployment: self._request(asked, deployment), session, self._all, recorder, speech
            )
            await self._engine.run(answering, self.backends.limited_to(allowed.targets))
            assert answering.answer is not None  # noqa: S101 - the engine returns when it is there
            return answering.answer

        self.running += 1
        try:
            async with asyncio.timeout_at(until):
                answer = await self._look_up_and_answer(question, ask)
        except TimeoutError as error:
            late = BackendTimeout("The answer did not come within conversation.deadline.")
            recorder.failed(late)
            raise late from error
        except SpeechServiceError as error:
            recorder.failed(error)
            raise
        except Exception as error:
            _LOGGER.exception("Answer %s failed unexpectedly", recorder.id)
            internal = InternalError.of(error)
            recorder.failed(internal)
            raise internal from error
        finally:
            self.running -= 1
        recorder.outcome = "completed"
        if answer.cut:
            answer = replace(answer, text=_whole_sentences(answer.text))
        if speech is not None:
            await speech.finish(spoken_text(answer))
        return answer

    async def _look_up_and_answer(
        self, question: ModelQuestion, ask: Callable[[ModelQuestion], Awaitable[ModelAnswer]]
    ) -> ModelAnswer:
        """The answer of a model that may look things up first; what else it calls then is left undone."""
        answer = await ask(question)
        for _ in range(MOST_READINGS):
            lookups = self._home.lookups(answer.calls)
            if not lookups:
                break
            results = await self._home.read(lookups, question.device_id)
            question = replace(question, results=(*question.results, *results))
            answer = await ask(question)
        return answer

    def _request(self, question: ModelQuestion, deployment: str) -> ModelRequest:
        settings, reading = self._settings, self._home.tools
        return ModelRequest(
            instructions(
                settings.instructions,
                self._home.names(),
                acting=settings.actions,
                reading=[str(tool["name"]) for tool in reading],
            ),
            tuple(question.input),
            (*(function_tools() if settings.actions else ()), *reading),
            settings.max_tokens,
            effort_of(settings.effort, deployment),
        )


class Answering:
    """Implements `turns.engine.Feeder` for one request to a model. `answer`: the whole, when it is there."""

    concurrent = False

    def __init__(
        self,
        request: Callable[[str], ModelRequest],
        configure: Callable[[Target], SpeechConfig],
        settings: Settings,
        recorder: TurnRecorder,
        speech: AnswerSpeech | None = None,
    ) -> None:
        self.recorder = recorder
        self._speech = speech
        self.budget = TurnBudget(settings.budget)
        self.answer: ModelAnswer | None = None
        self._request = request
        self._configure = configure
        self._deadlines = settings.deadlines
        self._time = ServiceTime(settings.conversation.deadline)
        self._patience = settings.conversation.deadline / 3

    @property
    def done(self) -> bool:
        """The answer is there."""
        return self.answer is not None

    def deadline(self) -> float:
        """That of the whole request."""
        return self._time.end

    def configure(self, target: Target) -> SpeechConfig:
        """A session that speaks can write as well."""
        return self._configure(target)

    def timeout(self) -> IdleTimeout:
        """Until the first words, for which a model may think; then as between two pieces of sound."""
        return IdleTimeout(max(self._deadlines.first_audio, self._patience), self._time)

    def begin(self, attempt: Attempt) -> AnswerTurn:
        """All of it again."""
        if self._speech is not None:
            self._speech.begin()
        return AnswerTurn(attempt.id, self._request(attempt.config.deployment))

    async def send(self, attempt: Attempt, turn: AnswerTurn) -> None:
        """The request was the first event."""
        self.budget.requests += 1
        attempt.request_sent()

    async def take(self, attempt: Attempt, turn: AnswerTurn, outcome: Any) -> bool:
        """Note that words come; keep the answer."""
        if isinstance(outcome, AnswerText):
            attempt.timeout.become(self._deadlines.between_audio)
            if self._speech is not None and outcome.text:
                await self._speech.write(outcome.text)
        if not isinstance(outcome, ModelAnswer):
            return False
        self.recorder.first_result()
        self.answer = outcome
        return True

    async def again(self, error: ContentMismatch) -> bool:
        """What was refused once will be refused again."""
        return False

    async def finish(self, attempt: Attempt, turn: AnswerTurn, error: BackendError | None) -> bool:
        """Half an answer is none: it may be asked for again."""
        return error is None

    def cancel(self, turn: AnswerTurn) -> list[ClientEvent]:
        """The response's own cancel."""
        return turn.cancel()

    def late(self) -> BackendTimeout:
        """What did not come."""
        return BackendTimeout("The answer did not come in time.")

    def keep(self, attempt: Attempt, turn: AnswerTurn) -> bool:
        """Responses are out of band and leave nothing behind."""
        return True


def spoken_text(answer: ModelAnswer) -> str:
    """What will probably be spoken of it: its text, or what is to be said when its calls have worked."""
    if not answer.calls:
        return answer.text
    try:
        said = [read_call(call).say for call in answer.calls]
    except InvalidCall:
        return ""
    return "" if any(char in "{}" for text in said for char in text) else "\n".join(filter(None, said))


def _whole_sentences(text: str) -> str:
    """Without the sentence that was cut off, unless there is no other."""
    ends = [at + len(end.rstrip()) for end in _SENTENCE_ENDS if (at := f"{text} ".rfind(end)) >= 0]
    return text[: max(ends)] if ends else text


def effort_of(setting: str, deployment: str) -> str:
    """How much a model is told to think, by `conversation.effort`; empty: nothing."""
    if setting == "auto":
        return "low" if deployment.startswith(THINKS) else ""
    return "" if setting == "off" else setting
