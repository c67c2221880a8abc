"""One command being recognized: audio in, as it comes; partial texts and one final text out.

The client's side writes into a recording and never waits for the service. While somebody speaks, a pass over
it is under way. At every pause that may be the end, what was said so far is committed: a draft. When the
client stops and nothing but quiet came after the draft, its text is the answer, and mostly there already.
When speech resumes, a new pass begins with the first word, on another session: that text counts, whatever the
drafts said. Should it not come in time, the last draft and a pass over what came after it stand in for it.

What all of that may cost is bounded by the settings' budget, whatever is heard. A draft always leaves enough
of it for the last pass; when there is nothing left, the newest text counts.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from types import TracebackType

from wyoming_azure_realtime.admission.memory import MemoryBudget
from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND, AudioFormat
from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.speech.endpointing import Endpointing, EndpointingRules
from wyoming_azure_realtime.speech.inventions import spoken_text
from wyoming_azure_realtime.speech.recording import IncomingAudio
from wyoming_azure_realtime.speech.requests import NO_LISTENER, Partial, RecognitionResult, TextListener
from wyoming_azure_realtime.speech.transcription_pass import (
    RecognitionContext,
    TranscriptionPass,
    is_too_short,
    no_response,
)
from wyoming_azure_realtime.turns.budget import TurnBudget

CERTAIN_SECONDS = 0.5
"""Of speech: so much is a command, where it can no longer be tried whether there are words in it."""


class Utterance:
    """Enter it, `begin`, `write` audio, `finish`, and read `results`. Leaving it early cancels the turn.

    `memory`: that of all requests; `client`: the address that asks, empty if unknown.
    """

    def __init__(
        self,
        context: RecognitionContext,
        rules: EndpointingRules,
        memory: MemoryBudget,
        *,
        max_seconds: float,
        client: str = "",
        listener: TextListener = NO_LISTENER,
    ) -> None:
        self._context = context
        self._listener = listener
        self._recorder = context.recorder
        self._budget = TurnBudget(context.limits)
        claim = memory.claim(client, self._fail)
        self._incoming = IncomingAudio(max_seconds, rules, self._recorded, self._follow, self._fail, claim)
        self._recording = self._incoming.recording
        self._recording.kept_rates = context.kept_rates
        self._passes: list[TranscriptionPass] = []  # the newest one counts, earlier ones are drafts
        self._rest: TranscriptionPass | None = None  # over what came after `_rest_draft`, which has a text
        self._rest_draft: TranscriptionPass | None = None
        self._drafted_text = ""  # of the newest draft with one, letters only
        self._deadline = math.inf  # in the event loop's time, once the audio has ended
        self._alarms: list[asyncio.TimerHandle] = []
        self._ended = False  # by itself; the client may go on
        self._reported = self._unreported = ""
        self._result: RecognitionResult | SpeechServiceError | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Utterance":
        self._context.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._incoming.close()
        self._listener.gone()
        for alarm in self._alarms:
            alarm.cancel()
        passes = [*self._passes, self._rest] if self._rest else self._passes
        for one in passes:
            one.abandon()
        try:
            await asyncio.gather(*(one.ended() for one in passes))
        finally:
            self._recorder.audio_seconds = self._recording.seconds
            # failures and passes know each other, and so much sound must not wait for the garbage collector
            self._recording.discard()
            self._passes, self._rest, self._rest_draft = [], None, None
            self._recorder.end()

    def begin(self, source: AudioFormat) -> None:
        """Set the audio's format. Raises `UnsupportedAudio`, `OutOfOrder`."""
        self._incoming.begin(source)

    def write(self, data: bytes) -> None:
        """Add audio, cut anywhere; never waits. After an end that was found in it, it is ignored.

        Raises the error that ended the turn, `AudioTooLong`, or `TooManyRequests`.
        """
        if isinstance(self._result, SpeechServiceError):
            raise self._result
        if not self._ended:
            self._incoming.write(data)

    def finish(self) -> None:
        """End the audio. Raises `AudioTooLong`."""
        if self._recording.finished:
            return
        self._incoming.finish()
        self._recorder.input_ended(self._incoming.quiet)
        if self._result is None and not self._incoming.behind:
            self._conclude()

    @property
    def opinion(self) -> float:
        """From 0 to 1, how likely the detector finds that somebody speaks now."""
        return self._incoming.opinion

    async def results(self) -> AsyncIterator[Partial | RecognitionResult]:
        """Partial texts as they come, then the recognition. Raises the turn's `SpeechServiceError`."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._unreported:
                text, self._unreported = self._unreported, ""
                yield Partial(text)
            if isinstance(self._result, SpeechServiceError):
                raise self._result
            if self._result is not None:
                yield self._result
                return

    @property
    def _turn(self) -> Endpointing | None:
        return self._incoming.endpointing

    @property
    def _newest(self) -> TranscriptionPass | None:
        return self._passes[-1] if self._passes else None

    def _recorded(self) -> None:
        if self._passes:
            self._passes[-1].grown()

    def _follow(self, turn: Endpointing) -> None:
        """Begin or close a pass, as somebody speaks or pauses."""
        if self._ended or self._result is not None or self._deadline < math.inf:
            return
        if self._recording.finished:
            if not self._incoming.behind:
                self._conclude()
            return
        newest = self._newest
        if newest is not None and turn.unnoticed and not newest.noticed:
            turn.service_ends = False
            newest.unnoticed()
        if self._has_news(newest, turn):
            newest = self._begin_pass()
        paused = newest is not None and newest.end is None and turn.pausing
        if newest is not None and paused and self._context.drafts and self._may_draft():
            self._draft(newest, turn)
        if turn.too_long:
            self._end_turn()
        elif turn.ended:
            self._recorder.input_ended(self._incoming.quiet)
            self._end_unless_empty(turn)

    def _draft(self, newest: TranscriptionPass, turn: Endpointing) -> None:
        """Close a pass, since what was said so far may be all."""
        turn.drafted()
        self._recorder.drafted()
        newest.close(self._recording.held())

    def _has_news(self, newest: TranscriptionPass | None, turn: Endpointing) -> bool:
        """Whether something was recorded that no pass covers and that is worth one."""
        if newest is None:
            worth = turn.may_be_said if self._recording.finished else turn.audible
            return worth and not is_too_short(self._recording)
        return newest.end is not None and turn.goes_on

    def _may_draft(self) -> bool:
        """Whether the budget leaves a pass over the whole for after this draft.

        Drafts whose texts are not there yet may all have been in vain.
        """
        budget, recorded = self._budget, self._recording.seconds
        pending = sum(one.end is not None and not one.done for one in self._passes)
        affordable = budget.requests_left and pending < budget.in_vain_left
        return bool(affordable) and budget.allows_audio(self._sent_seconds() + recorded, recorded)

    def _sent_seconds(self) -> float:
        """Audio that all passes have sent so far, as if none had been tried again."""
        return sum(one.sent for one in self._passes) / BYTES_PER_SECOND

    def _begin_pass(self) -> TranscriptionPass | None:
        """Begin a pass over the whole; if the budget does not allow it now, the newest remains.

        While audio still comes, there will be another occasion; something is in reserve for the last pass.
        """
        recorded, in_use = self._recording.seconds, sum(one.in_use for one in self._passes)
        if (
            self._budget.requests_left
            and self._budget.allows_audio(self._sent_seconds() + recorded, recorded)
            and self._budget.allows_session(in_use, last=self._recording.finished)
        ):
            self._budget.requests += 1
            self._passes.append(self._new_pass(0))
        return self._newest

    def _new_pass(self, start: int) -> TranscriptionPass:
        return TranscriptionPass(
            self._context,
            self._budget,
            self._recording,
            start,
            self._pass_ended,
            self._report_partial,
            self._is_command,
            detects=self._turn is not None and self._turn.service_ends,
        )

    def _end_unless_empty(self, turn: Endpointing) -> None:
        """A cough may sound like a word: the turn ends as soon as there is a text, and goes on without."""
        newest = self._newest
        if newest is None or self._has_news(newest, turn):
            return  # until there is a session for it
        if newest.end is None and self._may_draft():
            self._draft(newest, turn)
        elif newest.end is None:
            self._end_if_certain(turn)
        elif newest.text and self._spoken(newest.text):
            self._end_turn()
        elif newest.done:
            self._dismissed(turn)

    def _dismissed(self, turn: Endpointing) -> None:
        """That was no command: it goes on."""
        turn.dismissed()
        self._recorder.input_goes_on()

    def _end_if_certain(self, turn: Endpointing) -> None:
        """No draft can be afforded to find out what was said, only the last pass."""
        if turn.new_speech >= CERTAIN_SECONDS:
            self._end_turn()
        elif self._budget.in_vain_left == 0:
            self._dismissed(turn)

    def _end_turn(self) -> None:
        self._ended = True
        self._recorder.input_ended(self._incoming.quiet)
        self._incoming.finish()
        self._conclude()

    def _is_command(self, text: str) -> bool:
        """Whether what the service took for a turn is one, and not a cough.

        After too many that are none, the service is no longer asked.
        """
        turn, newest = self._turn, self._newest
        if turn is None or newest is None or (turn.long_enough and self._spoken(text)):
            return turn is not None
        turn.dismissed()
        newest.noticed = False
        self._budget.in_vain += 1
        if not self._budget.in_vain_left and not self._recording.finished:
            turn.service_ends = False
            newest.abandon(superseded=True)
            self._begin_pass()
        return False

    def _spoken(self, text: str) -> str:
        """What somebody said of a transcript, which may be invented."""
        seconds = 0.0 if self._turn is None else self._turn.speech
        return spoken_text(text, self._context.hints, seconds)

    def _conclude(self) -> None:
        """From now on time is short: the newest pass is the last one."""
        newest = self._newest
        if self._turn is not None and not (newest and newest.end is None):
            self._incoming.listen()  # to what may have come after the draft
            if self._has_news(newest, self._turn):
                newest = self._begin_pass()
        if newest is None:  # nothing but quiet, or too short to be anything
            self._succeed("")
            return
        loop, deadlines = asyncio.get_running_loop(), self._context.deadlines
        self._deadline = loop.time() + deadlines.request
        newest.limit(self._deadline)
        self._alarms.append(loop.call_at(self._deadline, self._too_late))
        if newest.end is None:
            newest.close()
        if newest.done:
            self._pass_ended(newest)
        elif len(self._passes) > 1:
            self._cover_the_rest_in(min(deadlines.transcript, deadlines.request / 2))

    def _pass_ended(self, ended: TranscriptionPass) -> None:
        """The newest pass ends the turn, when it has failed or when it was the last."""
        newest = self._passes[-1]
        if newest.error is not None:
            if self._rest is None and self._recording.finished:
                self._begin_rest()
            if self._rest is None or self._rest.done:
                self._fail(newest.error)
            return
        if ended.end is not None and not self._recording.finished:
            self._judge_draft(ended)
        if ended is newest and ended.text is not None:
            if self._recording.finished:
                self._succeed(ended.text)
            elif ended.end is None:  # the service has ended the turn
                self._ended = True
                self._succeed(ended.text)
            elif self._turn is not None and self._turn.ended:
                self._end_unless_empty(self._turn)

    def _judge_draft(self, draft: TranscriptionPass) -> None:
        """A draft was worth its cost if it has words that the one before had not."""
        spoken = self._spoken(draft.text or "")
        if draft is self._newest:
            self._listener.drafted(spoken)
        text = "".join(filter(str.isalnum, spoken.casefold()))
        if draft.text is not None and text in ("", self._drafted_text):
            self._budget.in_vain += 1
        self._drafted_text = text or self._drafted_text

    def _cover_the_rest_in(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().call_later(seconds, self._cover_the_rest, seconds)
        self._alarms.append(alarm)

    def _cover_the_rest(self, seconds: float) -> None:
        """The whole is late: transcribe what came after the last draft, in case it never comes."""
        if self._last_draft() is None:
            self._cover_the_rest_in(seconds)
        elif self._rest is None:
            self._begin_rest()

    def _begin_rest(self) -> None:
        """A pass over what came after the last draft with a text, if there is one and that is long enough."""
        draft = self._last_draft()
        if draft is not None and draft.end is not None and not is_too_short(self._recording, draft.end):
            self._rest_draft, self._rest = draft, self._new_pass(draft.end)
            self._rest.limit(self._deadline)
            self._rest.close()

    def _too_late(self) -> None:
        text = self._joined()
        if text is not None:
            self._succeed(text)
        else:
            self._fail(self._passes[-1].last_error or no_response())

    def _joined(self) -> str | None:
        """A draft and what came after it; None where a part is missing."""
        newest = self._last_draft()
        if newest is not None and newest.end is not None and is_too_short(self._recording, newest.end):
            return newest.text
        texts = [one.text for one in (self._rest_draft, self._rest) if one is not None]
        if len(texts) < 2 or None in texts:
            return None
        return " ".join(text.strip() for text in texts if text and text.strip())

    def _last_draft(self) -> TranscriptionPass | None:
        return next((one for one in reversed(self._passes[:-1]) if one.text is not None), None)

    def _report_partial(self, text: str) -> None:
        """All text of a pass so far: reported where it goes on from what was reported before."""
        if self._result is None and text.startswith(self._reported):
            self._unreported += text[len(self._reported) :]
            self._reported = text
            self._recorder.first_result()
            self._changed.set()

    def _succeed(self, text: str) -> None:
        text = self._spoken(text)
        self._recorder.result()
        self._recorder.said(text)
        self._listener.transcribed(text)
        self._recorder.outcome = "completed" if text else "empty"
        self._end(RecognitionResult(text, self._context.hints.language))

    def _fail(self, error: SpeechServiceError) -> None:
        if self._result is not None:
            return
        text = self._joined() if self._recording.finished else None
        if text is not None:
            self._succeed(text)
            return
        self._recorder.failed(error)
        self._end(error)

    def _end(self, result: RecognitionResult | SpeechServiceError) -> None:
        if self._result is None:
            self._result = result
            self._recorder.first_result()
            self._changed.set()
