"""Recognition in progress: one object per utterance.

The client's side writes into a recording and never waits for the service. While somebody speaks, a take of
it is under way. At every pause that may be the end, what was said so far is committed: a draft. When the
client stops and nothing but quiet came after the draft, its text is the answer, and mostly there already.
When speech resumes, a new take begins with the first word, on another session: that text counts, whatever the
drafts said. Should it not come in time, the last draft and a take of what came after it stand in for it.
"""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType

from wyoming_azure_realtime.audio.pcm import AudioFormat
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.speech.bias import echoes
from wyoming_azure_realtime.speech.incoming import Incoming
from wyoming_azure_realtime.speech.requests import Partial, Recognition
from wyoming_azure_realtime.speech.take import Recogniser, Take, is_too_short, no_response
from wyoming_azure_realtime.speech.turn_log import OnTurn
from wyoming_azure_realtime.speech.turn_rules import TurnRules
from wyoming_azure_realtime.speech.turn_taking import TurnTaking

MOST_DRAFTS = 12  # of one utterance: every one is paid for
MOST_PENDING = 2  # drafts that speech went on after, and whose texts are not there yet


class Utterance:
    """Enter it, `begin`, `write`…, `finish`, and read `results`. Leaving it early cancels the turn."""

    def __init__(self, by: Recogniser, rules: TurnRules, *, max_seconds: float, on_turn: OnTurn) -> None:
        self._by = by
        self._log = by.log
        self._on_turn = on_turn
        self._incoming = Incoming(max_seconds, rules, self._recorded, self._follow, self._fail)
        self._recording = self._incoming.recording
        self._takes: list[Take] = []  # from the first word on; the newest counts, earlier ones are drafts
        self._rest: Take | None = None  # of what came after the last draft that has a text
        self._drafts = 0
        self._alarms: list[asyncio.TimerHandle] = []
        self._ended = False  # by itself; the client may go on
        self._told = ""
        self._untold = ""
        self._result: Recognition | SpeechServiceError | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Utterance":
        self._by.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._incoming.close()
        for alarm in self._alarms:
            alarm.cancel()
        takes = [*self._takes, self._rest] if self._rest else self._takes
        for take in takes:
            take.abandon()
        try:
            await asyncio.gather(*(take.ended() for take in takes))
        finally:
            self._log.audio_seconds = self._recording.seconds
            # failures and takes know each other, and so much sound must not wait for the garbage collector
            self._recording.discard()
            self._takes, self._rest = [], None
            self._on_turn(self._log.record())

    def begin(self, source: AudioFormat) -> None:
        """Say what audio is coming. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self._incoming.begin(source)

    def write(self, data: bytes) -> None:
        """More audio, cut anywhere; never waits. Raises what already ended the turn, or `AudioTooLong`.

        What comes after the end of a turn that ended by itself is not heard.
        """
        if isinstance(self._result, SpeechServiceError):
            raise self._result
        if not self._ended:
            self._incoming.write(data)

    def finish(self) -> None:
        """No more audio. Raises `AudioTooLong`."""
        if self._recording.finished:
            return
        self._incoming.finish()
        if self._result is None:
            self._conclude()

    async def results(self) -> AsyncIterator[Partial | Recognition]:
        """Partial texts as they come, then the recognition. Raises the turn's `SpeechServiceError`."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._untold:
                text, self._untold = self._untold, ""
                yield Partial(text)
            if isinstance(self._result, SpeechServiceError):
                raise self._result
            if self._result is not None:
                yield self._result
                return

    @property
    def _turn(self) -> TurnTaking | None:
        return self._incoming.turn

    def _recorded(self) -> None:
        if self._takes:
            self._takes[-1].grown()

    def _follow(self, turn: TurnTaking) -> None:
        """Begin or close the take, as somebody speaks or pauses."""
        if self._recording.finished or self._ended or self._result is not None:
            return
        take = self._takes[-1] if self._takes else None
        if self._wanted(take, turn):
            take = self._begin_take()
        draft = turn.pausing and self._drafts < MOST_DRAFTS and not self._recording.loud_lately
        if take is not None and take.end is None and draft:
            self._drafts += 1
            turn.drafted()
            take.close(self._recording.held())
        if turn.too_long:
            self._end_turn()
        elif turn.ended:
            self._end_unless_empty(turn)

    def _end_unless_empty(self, turn: TurnTaking) -> None:
        """A cough sounds like a word: the turn ends as soon as there is a text, and goes on without."""
        take = self._takes[-1] if self._takes else None
        if take is None:
            return
        if take.end is None:
            take.close()
        elif take.text:
            self._end_turn()
        elif take.done:
            turn.dismissed()

    def _end_turn(self) -> None:
        self._ended = True
        self.finish()

    def _wanted(self, take: Take | None, turn: TurnTaking) -> bool:
        """Whether there is something to be heard that no take is of."""
        if take is None:
            return (turn.audible or self._recording.loud) and not is_too_short(self._recording)
        return take.end is not None and turn.goes_on

    def _begin_take(self) -> Take:
        pending = [take for take in self._takes if not take.done]
        for draft in pending[:-MOST_PENDING]:
            draft.abandon()
        self._takes.append(self._new_take(0))
        return self._takes[-1]

    def _new_take(self, start: int) -> Take:
        return Take(self._by, self._recording, start, self._taken, self._tell, self._is_turn)

    def _conclude(self) -> None:
        """From now on time is short: the newest take is the last one."""
        take = self._takes[-1] if self._takes else None
        if self._turn is not None and not (take and take.end is None):
            self._incoming.listen()  # to what may have come after the draft
            if self._wanted(take, self._turn):
                take = self._begin_take()
        if take is None:  # nothing but quiet, or too short to be anything
            self._succeed("")
            return
        loop, deadlines = asyncio.get_running_loop(), self._by.deadlines
        deadline = loop.time() + deadlines.request
        take.limit(deadline)
        self._alarms.append(loop.call_at(deadline, self._too_late))
        if take.end is None:
            take.close()
        if take.done:
            self._taken(take)
        elif len(self._takes) > 1:
            self._take_the_rest_in(min(deadlines.transcript, deadlines.request / 2), deadline)

    def _taken(self, take: Take) -> None:
        """A take has ended. The newest one ends the turn, when it has failed or when it was the last."""
        newest = self._takes[-1]
        if newest.error is not None:
            if self._rest is None or self._rest.done:
                self._fail(newest.error)
        elif take is newest and take.text is not None:
            if self._recording.finished:
                self._succeed(take.text)
            elif take.end is None:  # the service has ended the turn
                self._ended = True
                self._succeed(take.text)
            elif self._turn is not None and self._turn.ended:
                self._end_unless_empty(self._turn)

    def _take_the_rest_in(self, seconds: float, deadline: float) -> None:
        alarm = asyncio.get_running_loop().call_later(seconds, self._take_the_rest, seconds, deadline)
        self._alarms.append(alarm)

    def _take_the_rest(self, patience: float, deadline: float) -> None:
        """The whole is late: hear what came after the last draft, in case it never comes."""
        draft = self._last_draft()
        if draft is None or draft.end is None:
            self._take_the_rest_in(patience, deadline)
        elif not is_too_short(self._recording, draft.end):
            self._rest = self._new_take(draft.end)
            self._rest.limit(deadline)
            self._rest.close()

    def _too_late(self) -> None:
        text = self._joined()
        if text is not None:
            self._succeed(text)
        else:
            self._fail(self._takes[-1].last_error or no_response())

    def _joined(self) -> str | None:
        """The last draft and what came after it; None where a part is missing."""
        draft = self._last_draft()
        if draft is None or draft.text is None or draft.end is None:
            return None
        if self._rest is None:
            return draft.text if is_too_short(self._recording, draft.end) else None
        if self._rest.text is None or self._rest.start != draft.end:
            return None
        return " ".join(text.strip() for text in (draft.text, self._rest.text) if text.strip())

    def _last_draft(self) -> Take | None:
        return next((take for take in reversed(self._takes[:-1]) if take.text is not None), None)

    def _is_turn(self, text: str) -> bool:
        """Whether what the service took for a turn is one, and not a cough."""
        return bool(text.strip()) and self._turn is not None and self._turn.long_enough

    def _tell(self, text: str) -> None:
        """All that a take has heard so far: told where it goes on from what was told."""
        if self._result is None and text.startswith(self._told):
            self._untold += text[len(self._told) :]
            self._told = text
            self._log.first_result()
            self._changed.set()

    def _succeed(self, text: str) -> None:
        """The text is there. A model that hears nobody may repeat what it was told to expect."""
        if self._turn is not None and not self._turn.spoken and echoes(text, self._by.hints):
            text = ""
        self._log.outcome = "completed" if text else "empty"
        self._end(Recognition(text, self._by.hints.language))

    def _fail(self, error: SpeechServiceError) -> None:
        text = self._joined() if self._recording.finished else None
        if text is not None:
            self._succeed(text)
            return
        self._log.outcome = error.code
        self._end(error)

    def _end(self, result: Recognition | SpeechServiceError) -> None:
        if self._result is None:
            self._result = result
            self._log.first_result()
            self._changed.set()
