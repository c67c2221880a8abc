"""What the engine needs to have one request answered in writing by a realtime service."""

from collections.abc import Callable
from typing import Any

from wyoming_azure_realtime.errors import BackendError, BackendTimeout, ContentMismatch
from wyoming_azure_realtime.realtime.answer_turn import AnswerText, AnswerTurn, ModelAnswer, ModelRequest
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.session_config import SpeechConfig
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.turns.budget import TurnBudget
from wyoming_azure_realtime.turns.engine import Attempt
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, ServiceTime
from wyoming_azure_realtime.turns.record import TurnRecorder


class Answering:
    """Implements `turns.engine.Feeder` for one request to a model. `answer`: the whole, when it is there."""

    concurrent = False

    def __init__(
        self,
        request: Callable[[str], ModelRequest],
        configure: Callable[[Target], SpeechConfig],
        settings: Settings,
        recorder: TurnRecorder,
    ) -> None:
        self.recorder = recorder
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
        return AnswerTurn(attempt.id, self._request(attempt.config.deployment))

    async def send(self, attempt: Attempt, turn: AnswerTurn) -> None:
        """The request was the first event."""
        self.budget.requests += 1
        attempt.request_sent()

    async def take(self, attempt: Attempt, turn: AnswerTurn, outcome: Any) -> bool:
        """Note that words come; keep the answer."""
        if isinstance(outcome, AnswerText):
            attempt.timeout.become(self._deadlines.between_audio)
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
