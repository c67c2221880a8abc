"""Answers that are made while somebody still speaks: the tasks behind `recognized`.

Nothing is done with an answer before it is asked for. If nobody asks in time, or the person goes on speaking,
the service is told to leave off, and it is as if there had been none.
"""

import asyncio
from collections.abc import Callable

from wyoming_azure_realtime.conversation.answering import AnsweringModel, AnswerSpeech, ModelQuestion
from wyoming_azure_realtime.conversation.recognized import (
    CLAIM_SECONDS,
    NextStep,
    RecognizedRequest,
    RecognizedRequests,
)
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.observe import UNCLAIMED
from wyoming_azure_realtime.realtime.answer_turn import ModelAnswer

LEAST_SECONDS = 1.0
"""That have to be left for an answer to be tried once more when the one that was made ahead has failed."""

_LATER = 0.01
"""Seconds after the moment at which something is late; timers may be a little early."""


class AnswerInProgress:
    """One answer while it is made, from its creation on. `ahead`: nobody has asked for it yet.

    `until`: in the event loop's time. `failed` is called if there will be none.
    """

    def __init__(
        self,
        model: AnsweringModel,
        question: ModelQuestion,
        until: float,
        speech: AnswerSpeech | None,
        *,
        ahead: bool = False,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self.question = question
        self.speech = speech
        self._recorder = model.recorder(question)
        if ahead:
            self._recorder.begun_ahead()
        self._claimed = not ahead
        self._dropped = self._reported = False
        self._failed = failed
        self._task = asyncio.create_task(model.answer(question, self._recorder, until, speech))
        self._task.add_done_callback(self._ended)

    async def result(self) -> ModelAnswer:
        """The answer. Cancelling it makes the service leave off. Raises `SpeechServiceError`."""
        try:
            return await self._task
        except asyncio.CancelledError:  # perhaps just as the answer was there
            if self.speech is not None:
                self.speech.drop()
            raise

    def claim(self) -> None:
        """Somebody asks for it now."""
        self._claimed = True
        self._recorder.claimed()
        if self._task.done():
            self._report()

    def drop(self) -> None:
        """Nobody will ask for it."""
        self._dropped = True
        self._task.cancel()
        if self._task.done():
            self._ended(self._task)

    @property
    def over(self) -> bool:
        """Whether its session is given back."""
        return self._task.done()

    async def ended(self) -> None:
        """Wait until its session is given back."""
        await asyncio.gather(self._task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[ModelAnswer]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if self.speech is not None and (failed or self._dropped):
            self.speech.drop()
        if self._dropped and self._recorder.error is None:
            self._recorder.outcome = UNCLAIMED
        if failed or self._claimed or self._dropped:
            self._report()
        if failed and not self._dropped:
            self._failed()

    def _report(self) -> None:
        if not self._reported:
            self._reported = True
            self._recorder.end()


class AnswersAhead:
    """Of one agent. `predict`: what a client will ask if it asks about a text; None: nothing for a model.

    `deadline`: seconds for an answer.
    """

    def __init__(
        self,
        model: AnsweringModel,
        deadline: float,
        predict: Callable[[RecognizedRequest, str], ModelQuestion | None],
        speech_for: Callable[[str], AnswerSpeech | None],
    ) -> None:
        self._model = model
        self._deadline = deadline
        self._predict = predict
        self._speech_for = speech_for
        self._requests = RecognizedRequests()
        self._answers: dict[RecognizedRequest, AnswerInProgress] = {}
        self._ending: set[AnswerInProgress] = set()

    def hear(self, client: str, language: str) -> "RecognitionAhead":
        """A recognition begins."""
        return RecognitionAhead(self, RecognizedRequest(client, language))

    def go_on_from(self, other: "AnswersAhead") -> None:
        """Know what another one has found out of clients."""
        self._requests.go_on_from(other._requests)  # noqa: SLF001 - one of the same

    def claim(self, client: str, text: str, language: str) -> RecognizedRequest | None:
        """A client asks about a text: what was recognized lately, if it was."""
        return self._requests.claimed(client, text, language, _now())

    def drop(self, recognized: RecognizedRequest | None) -> None:
        """It was asked about, and needs no model."""
        if recognized is not None:
            self._leave_off(recognized)

    async def answer(
        self, recognized: RecognizedRequest | None, question: ModelQuestion, until: float
    ) -> tuple[ModelAnswer, AnswerSpeech | None]:
        """The answer that was made ahead if it is to this question, else another; with its speech, if any.

        Raises `SpeechServiceError`.
        """
        made = self._answers.get(recognized) if recognized is not None else None
        fits = False
        if recognized is not None and (expected := made.question if made else self._expected(recognized)):
            fits = expected.input == question.input
            self._requests.judge(question.client, expected=fits)
        if recognized is not None and made is not None:
            if fits:
                del self._answers[recognized]
                made.claim()
                try:
                    return await made.result(), made.speech
                except SpeechServiceError:
                    if until - _now() < LEAST_SECONDS:
                        raise
            else:
                self._leave_off(recognized)
        speech = None if recognized is None else self._speech_for(question.client)
        return await AnswerInProgress(self._model, question, until, speech).result(), speech

    async def end(self) -> None:
        """Leave off everything that nobody has asked for."""
        for recognized in self._requests.end():
            self._leave_off(recognized)
        await asyncio.gather(*(made.ended() for made in self._ending))

    # --- what is recognized

    def drafted(self, recognized: RecognizedRequest, text: str) -> None:
        """What was said so far may be all."""
        self._do(self._requests.drafted(recognized, text), recognized)

    def transcribed(self, recognized: RecognizedRequest, text: str) -> None:
        """The client is told that this was all."""
        self._do(self._requests.transcribed(recognized, text, _now()), recognized)
        if recognized.ahead:
            asyncio.get_running_loop().call_later(CLAIM_SECONDS + _LATER, self._look)

    def gone(self, recognized: RecognizedRequest) -> None:
        """The client is told nothing any more."""
        self._do(self._requests.gone(recognized), recognized)

    def _do(self, step: NextStep, recognized: RecognizedRequest) -> None:
        if step is not NextStep.GO_ON:
            self._leave_off(recognized)
        if step is not NextStep.BEGIN:
            return
        question = self._expected(recognized)
        if question is None:
            self._requests.failed(recognized)
            return
        until, speech = _now() + self._deadline, self._speech_for(recognized.client)
        self._answers[recognized] = AnswerInProgress(
            self._model, question, until, speech, ahead=True, failed=lambda: self._failed(recognized)
        )

    def _expected(self, recognized: RecognizedRequest) -> ModelQuestion | None:
        return self._predict(recognized, self._requests.language_of(recognized))

    def _failed(self, recognized: RecognizedRequest) -> None:
        if self._answers.pop(recognized, None) is not None:
            self._requests.failed(recognized)

    def _leave_off(self, recognized: RecognizedRequest) -> None:
        made = self._answers.pop(recognized, None)
        if made is not None:
            self._ending = {one for one in self._ending if not one.over} | {made}
            made.drop()

    def _look(self) -> None:
        for recognized in self._requests.unclaimed(_now()):
            self._leave_off(recognized)


class RecognitionAhead:
    """What a recognition tells of its texts while it goes on."""

    def __init__(self, ahead: AnswersAhead, recognized: RecognizedRequest) -> None:
        self._ahead = ahead
        self._recognized = recognized

    def drafted(self, text: str) -> None:
        """What was said so far may be all: `text`."""
        self._ahead.drafted(self._recognized, text)

    def transcribed(self, text: str) -> None:
        """That is all, and the client is told it now."""
        self._ahead.transcribed(self._recognized, text)

    def gone(self) -> None:
        """There is no transcript, and there will be none. After a transcript it means nothing."""
        self._ahead.gone(self._recognized)


def _now() -> float:
    return asyncio.get_running_loop().time()
