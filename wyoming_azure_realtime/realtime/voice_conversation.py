"""State machine of a conversation by voice over one realtime session. No socket; time is given, in seconds.

The service keeps the conversation. What is kept here is which turn an item belongs to, how much of an answer
the person has heard (so that what was not heard can be cut from the service's memory), which calls of tools
wait for a result, and the text of it all, with which another session can go on.

What `ConversationState` returns is told to the program, or is for whoever runs it, see `conversation_events`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wyoming_azure_realtime.errors import (
    ProtocolViolation,
    ResponseFailed,
    SpeechServiceError,
    TranscriptionFailed,
)
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.conversation_events import (
    CUT,
    LONGEST_TEXT,
    AnswerBegan,
    Heard,
    HeardPartly,
    Outcome,
    PersonStarted,
    PersonStopped,
    ToolRequest,
    TranscriptJudged,
    Trouble,
    VoiceAnswer,
)
from wyoming_azure_realtime.realtime.failures import from_error, is_harmless
from wyoming_azure_realtime.realtime.shapes import (
    ContentPart,
    ErrorDetail,
    Item,
    Response,
    ResponseParameters,
    StatusDetails,
)
from wyoming_azure_realtime.realtime.turn import ToSend, transcript_of

MOST_EXCHANGES, MOST_CHARACTERS = 20, 6000
"""Of what was said, to be told to another session."""

MOST_ROUNDS = 10
"""Answers that are asked for since somebody spoke, because of what tools told; the last one calls none."""

_OF_CUTS = ("item_id", "content_index", "audio_end_ms")
"""Parameters of events that cut an answer: where the service does not, nothing is lost."""


@dataclass(slots=True)
class _Exchange:
    """What was said in a turn; `answers` by their numbers."""

    asked: str = ""
    answers: dict[int, str] = field(default_factory=dict)

    @property
    def answered(self) -> str:
        return " ".join(text for text in self.answers.values() if text)


class ConversationState:
    """One conversation, over one session after the other. Every method but `receive` says what follows.

    `detects`: the service finds the ends of turns; else `ask` tells them. `transcribes`: what is said is
    written down; else nothing was heard, as far as the program is told.
    """

    def __init__(self, *, detects: bool) -> None:
        self.transcribes = True
        self._detects = detects
        self._turn = self._answers = self._asked = 0
        self._turns: dict[str, int] = {}  # by the items of what is said
        self._partials: dict[str, str] = {}
        self._places: dict[str, tuple[int, int]] = {}  # ms of the session: from where to where
        self._latest: list[VoiceAnswer] = []  # that is made, and those that may still be playing
        self._calls: set[str] = set()  # without a result
        self._unheeded: set[str] = set()  # those of them whose results are not to be answered
        self._exchanges: dict[int, _Exchange] = {}
        self._wanted = False  # an answer, as soon as there may be one
        self._owed = False  # an answer that was asked for and has not begun
        self._unwanted = False  # the one that is owed
        self._commits = 0  # that the service has not confirmed
        self._unwanted_commits = 0  # the first so many of them: they are not to be answered
        self._rounds = 0  # answers that were asked for since somebody spoke
        self.speaking = False

    # --- what is known

    @property
    def answering(self) -> bool:
        """Whether the service owes something: an answer, or the end of one."""
        return self._owed or self._commits > 0 or self._active is not None

    @property
    def waits_for_tools(self) -> bool:
        """Whether the client owes a result."""
        return bool(self._calls)

    def plays_until(self) -> float:
        """When, by the clock, the person will have heard everything."""
        playing = (answer for answer in self._latest if answer.ms and not answer.interrupted)
        return max((answer.begins + answer.ms / 1000 for answer in playing), default=0.0)

    def items(self) -> list[Item]:
        """What was said, as text, for another session."""
        items: list[Item] = []
        left = MOST_CHARACTERS
        for _, exchange in sorted(self._exchanges.items(), reverse=True)[:MOST_EXCHANGES]:
            left -= len(exchange.asked) + len(exchange.answered)
            if left < 0:
                break
            if exchange.answered:
                items.append(_message("assistant", "output_text", exchange.answered))
            if exchange.asked:
                items.append(_message("user", "input_text", exchange.asked))
        return items[::-1]

    @property
    def _active(self) -> VoiceAnswer | None:
        return next((answer for answer in self._latest if answer.active), None)

    # --- what the client does

    def ask(self, now: float) -> Sequence[Outcome]:
        """The person has ended, and is to be answered."""
        before = self.interrupt(now)
        self._commits += 1
        return [*before, ToSend(send.InputAudioBufferCommit(event_id=f"turn-{self._turn + 1}-commit"))]

    def cancel(self, now: float) -> Sequence[Outcome]:
        """Leave off answering, also what tools have not told yet."""
        self._unheeded |= self._calls
        return self.interrupt(now)

    def interrupt(self, now: float) -> Sequence[Outcome]:
        """Leave off answering, and forget what was not heard."""
        self._wanted, self._unwanted = False, self._owed
        self._unwanted_commits = self._commits
        outcomes: list[Outcome] = []
        for answer in self._latest:
            if cut := [*answer.cut(now)]:
                outcomes += cut
                self._remember_answer(answer, now)
        self._latest = [answer for answer in self._latest if answer.active]
        return outcomes

    def note_played(self, number: int, ms: int) -> None:
        """So much of an answer was played; 0: of the latest one that sounds."""
        for answer in reversed(self._latest):
            if answer.ms and number in (0, answer.number):
                answer.played = max(answer.played or 0, min(ms, answer.ms))
                if answer.played >= answer.ms and not answer.active:
                    self._latest.remove(answer)
                return

    def tool_result(self, call: str, output: str) -> Sequence[Outcome]:
        """What became of a call; nothing if nobody waits for it."""
        if call not in self._calls:
            return []
        self._calls.remove(call)
        item = Item(type="function_call_output", call_id=call, output=output)
        result: list[Outcome] = [ToSend(send.ConversationItemCreate(item=item))]
        if call in self._unheeded:
            self._unheeded.remove(call)
        elif self._calls <= self._unheeded and not (self.speaking and self._detects):
            self._wanted = True
        return [*result, *self._go_on()]

    def lost(self, error: SpeechServiceError, now: float) -> Sequence[Outcome]:
        """The session is gone, and what it did with it. Another may be given `items`."""
        outcomes: list[Outcome] = []
        answer = self._active
        if answer is not None:
            answer.active = False
            if answer.sounding and not answer.interrupted:
                outcomes.append(answer.stopped(answer.heard(now), interrupted=True))
            self._remember_answer(answer, now)
            outcomes += answer.ended("failed", {}, error)
        else:
            outcomes.append(Trouble.of(error))
        self._turns.clear()
        self._partials.clear()
        self._places.clear()
        self._latest.clear()
        self._calls.clear()
        self._unheeded.clear()
        self._wanted = self._owed = self._unwanted = self.speaking = False
        self._commits = self._unwanted_commits = 0
        return outcomes

    # --- what the service does

    def receive(self, event: got.ServerEvent | got.UnknownEvent, now: float) -> Sequence[Outcome]:
        """What an event means. Raises the `BackendError` that ends the session."""
        match event:
            case got.SpeechStarted():
                turn = self._turn_of(event.item_id)
                self._places[event.item_id] = (event.audio_start_ms, event.audio_start_ms)
                outcomes = [PersonStarted(turn), *self.interrupt(now)]
                self.speaking, self._owed, self._unwanted = True, False, False
                return outcomes
            case got.SpeechStopped():
                self.speaking = False
                if event.item_id in self._places:
                    self._places[event.item_id] = (self._places[event.item_id][0], event.audio_end_ms)
                return [PersonStopped(self._turn_of(event.item_id))]
            case got.BufferCommitted():
                return self._committed(event)
            case got.TranscriptionDelta():
                text = (self._partials.get(event.item_id, "") + event.delta)[:LONGEST_TEXT]
                self._partials[event.item_id] = text
                return [HeardPartly(self._turn_of(event.item_id), text)]
            case got.TranscriptionCompleted():
                seconds = self._seconds(event.item_id)
                transcript = self._transcript(event.item_id, event.transcript.strip()[:LONGEST_TEXT])
                return [transcript, TranscriptJudged("completed", event.usage or {}, seconds)]
            case got.TranscriptionFailure():
                failure = TranscriptionFailed("What was said could not be written down.")
                judged = TranscriptJudged(failure.code, {}, self._seconds(event.item_id))
                return [self._transcript(event.item_id, ""), Trouble.of(failure), judged]
            case got.Error():
                return self._error(event.error)
        return self._answered(event, now)

    def _answered(self, event: got.ServerEvent | got.UnknownEvent, now: float) -> Sequence[Outcome]:
        """What belongs to an answer."""
        match event:
            case got.ResponseCreated():
                return self._began(event.response, now)
            case got.ResponseDone():
                return self._done(event.response, now)
            case got.AudioDelta() if answer := self._of(event.response_id):
                return answer.sound(event, max(now, self.plays_until()))
            case got.AudioTranscriptDelta() | got.TextDelta() if answer := self._of(event.response_id):
                return [answer.words((event.output_index, event.content_index), event.delta)]
            case got.OutputItemDone() if answer := self._of(event.response_id):
                answer.note_call(event.item)
        return []

    def _turn_of(self, item_id: str) -> int:
        if item_id not in self._turns:
            self._turn += 1
            self._turns[item_id] = self._turn
            while len(self._turns) > MOST_EXCHANGES:
                gone = next(iter(self._turns))
                del self._turns[gone]
                self._partials.pop(gone, None)
                self._places.pop(gone, None)
        return self._turns[item_id]

    def _seconds(self, item_id: str) -> float | None:
        start, end = self._places.get(item_id, (0, 0))
        return (end - start) / 1000 if end > start else None

    def _committed(self, event: got.BufferCommitted) -> Sequence[Outcome]:
        turn = self._turn_of(event.item_id)
        self.speaking, self._rounds = False, 0
        nothing = [] if self.transcribes else [Heard(turn, "")]
        if self._commits:
            self._wanted = self._next_commit() or self._wanted
            return [*nothing, *self._go_on()]
        self._owed = self._detects  # by itself
        return nothing

    def _next_commit(self) -> bool:
        """The service has judged the first commit that it owes; whether that is to be answered."""
        unwanted = self._unwanted_commits > 0
        self._commits, self._unwanted_commits = self._commits - 1, self._unwanted_commits - unwanted
        return not unwanted

    def _transcript(self, item_id: str, text: str) -> Heard:
        turn = self._turn_of(item_id)
        self._partials.pop(item_id, None)
        self._exchange(turn).asked = text
        return Heard(turn, text)

    def _exchange(self, turn: int) -> _Exchange:
        exchange = self._exchanges.setdefault(turn, _Exchange())
        while len(self._exchanges) > MOST_EXCHANGES:
            del self._exchanges[min(self._exchanges)]
        return exchange

    def _remember_answer(self, answer: VoiceAnswer, now: float) -> None:
        self._exchange(answer.turn).answers[answer.number] = answer.heard_text(now)

    def _began(self, response: Response, now: float) -> Sequence[Outcome]:
        """An answer that nobody wants any more ends at once: the person speaks again, or cancelled it."""
        unwanted = self._unwanted or (self.speaking and self._detects)
        self._owed = self._unwanted = False
        self._answers += 1
        answer = VoiceAnswer(max(1, self._turn), self._answers, response.id)
        self._latest.append(answer)
        began = AnswerBegan(answer.turn, answer.number)
        return [began, *answer.cut(now)] if unwanted else [began]

    def _of(self, response_id: str) -> VoiceAnswer | None:
        """The answer that is made, if it is that one and was not interrupted."""
        answer = self._active
        if answer is None or answer.interrupted or answer.response_id != response_id:
            return None
        return answer

    def _done(self, response: Response, now: float) -> Sequence[Outcome]:
        answer = self._active
        if answer is None or answer.response_id != response.id:
            return []
        details = response.status_details or StatusDetails()
        outcomes: list[Outcome] = []
        if response.status == "cancelled" and not answer.interrupted:
            outcomes += answer.cut(now, known=True)
            self._remember_answer(answer, now)
        answer.active = False
        if answer.interrupted:
            self._latest.remove(answer)
        else:
            if not answer.text and (said := transcript_of(response)[:LONGEST_TEXT]):
                outcomes.append(answer.words((0, 0), said))
            if answer.sounding:
                outcomes.append(answer.stopped(answer.ms))
            self._remember_answer(answer, now)
            if not answer.ms:
                self._latest.remove(answer)
            if response.status == "completed":
                outcomes += self._requests(answer, response)
        error = _failure(details) if response.status == "failed" else None
        outcomes += answer.ended(response.status, response.usage or {}, error)
        return [*outcomes, *self._go_on()]

    def _requests(self, answer: VoiceAnswer, response: Response) -> Iterator[ToolRequest]:
        """Only of a complete answer: others may hold arguments that end in the middle.

        After so many rounds there are none, or a model that calls without end would be paid without end.
        """
        if self._rounds >= MOST_ROUNDS:
            return
        for item in response.output:
            answer.note_call(item)
        for request in answer.requests():
            self._calls.add(request.call)
            yield request

    def _go_on(self) -> Sequence[Outcome]:
        """Ask for the answer that is wanted, once there may be one."""
        busy = self._owed or self._active is not None or (self.speaking and self._detects)
        if busy or not self._wanted:
            return []
        self._wanted, self._owed = False, True
        self._asked, self._rounds = self._asked + 1, self._rounds + 1
        last = ResponseParameters(tool_choice="none") if self._rounds >= MOST_ROUNDS else None
        return [ToSend(send.ResponseCreate(event_id=f"answer-{self._asked}-create", response=last))]

    def _error(self, detail: ErrorDetail) -> Sequence[Outcome]:
        """Most leave the session as it was. Raises those that do not."""
        if is_harmless(detail) or (detail.event_id or "").startswith(CUT) or detail.param in _OF_CUTS:
            return []
        if detail.code == "conversation_already_has_active_response":
            self._wanted, self._owed = True, False  # after the one that is made
            return []
        if detail.code == "input_audio_buffer_commit_empty":
            if self._commits:
                self._next_commit()
            return [Trouble("invalid-request", "There was no sound to be answered.")]
        error = from_error(detail)
        if not isinstance(error, ProtocolViolation):
            raise error
        self._wanted, self._owed, self._commits, self._unwanted_commits = False, False, 0, 0
        return [Trouble.of(error)]


def _message(role: str, kind: str, text: str) -> Item:
    return Item(type="message", role=role, content=[ContentPart(type=kind, text=text)])


def _failure(details: StatusDetails) -> SpeechServiceError:
    if details.error:
        return from_error(details.error)
    return ResponseFailed("The service could not answer.")
