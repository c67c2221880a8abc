"""What the answers of a conversation by voice cost: each is a turn, reserved, counted and reported as others.

A turn begins when the person speaks, and ends with the answer. So before each of them it is asked whether
more may be spent.
"""

from collections.abc import Mapping

from wyoming_azure_realtime.audio.pcm import BYTES_PER_SECOND
from wyoming_azure_realtime.errors import SpeechServiceError, SpendingLimit
from wyoming_azure_realtime.logs import turn as current_turn
from wyoming_azure_realtime.observe import Observer, RequestJudged
from wyoming_azure_realtime.realtime.conversation_events import AnswerJudged, TranscriptJudged
from wyoming_azure_realtime.realtime.session_config import ConversationConfig
from wyoming_azure_realtime.turns.budget import Allowance, Spending
from wyoming_azure_realtime.turns.record import TurnRecorder


class VoiceAccounts:
    """Those of one conversation. `door`, `client`, `language`: of who talks; `keeps_text`: in the record."""

    def __init__(
        self,
        observer: Observer,
        spending: Spending,
        *,
        door: str,
        client: str,
        language: str,
        keeps_text: bool,
    ) -> None:
        self._observer = observer
        self._spending = spending
        self._door, self._client, self._language = door, client, language
        self._keeps_text = keeps_text
        self._config: ConversationConfig | None = None
        self._recorder: TurnRecorder | None = None
        self._used = False  # the person spoke, or the service answers
        self._answering = False
        self._sent = self._unjudged = 0  # bytes to the service since the latest answer, and transcript
        self._received = 0

    def allowance(self) -> Allowance:
        """What the turn may use that is in progress, or else the next one."""
        self._recorder = self._new(self._recorder.id if self._recorder else "")
        return self._spending.begin(self._recorder.id, "answer")

    def over(self, config: ConversationConfig) -> None:
        """The session that serves from now on."""
        self._config = config
        if self._recorder is not None:
            self._recorder = self._new(self._recorder.id)

    def begin(self) -> None:
        """Somebody speaks, or is answered. Raises `SpendingLimit`."""
        if self._used:
            return
        # the reservation goes on; what went before was no part of the turn
        self._recorder = recorder = self._new(self._recorder.id if self._recorder else "")
        current_turn.set(recorder.id)
        allowed = self._spending.begin(recorder.id, recorder.kind)
        # before there is a session it is asked again when one is opened
        if self._config and allowed.targets is not None and recorder.target not in allowed.targets:
            raise SpendingLimit(
                "No more may be spent on the cloud.",
                advice="A limit of cost.day or cost.month is reached, see cost.action.",
            )
        self._used = True

    def input_ended(self) -> None:
        """The person has ended."""
        if self._recorder is not None and self._used:
            self._recorder.input_ended()

    def sent(self, size: int) -> None:
        """So many bytes of sound went to the service."""
        self._sent += size
        self._unjudged += size

    def answer_began(self) -> None:
        """The service answers. Raises `SpendingLimit`."""
        self.begin()
        assert self._recorder is not None  # noqa: S101 - begun
        self._answering = True
        self._recorder.attempts += 1
        self._recorder.request_sent(self._deployment)

    def came(self, size: int = 0) -> None:
        """Text, or so many bytes of sound, of the answer."""
        self._received += size
        if self._recorder is not None:
            self._recorder.first_result()

    def answered(self, judged: AnswerJudged) -> None:
        """An answer is over, and with it the turn."""
        if judged.error is not None:
            self._end(judged.error.code, judged.usage, judged.error)
        else:
            if self._recorder is not None:
                self._recorder.said(judged.text)
                self._recorder.characters = len(judged.text)
                self._recorder.audio_seconds = judged.ms / 1000
            cut = judged.outcome == "incomplete"  # by a limit of its length: that is an answer
            self._end("completed" if cut else judged.outcome, judged.usage)

    def transcribed(self, judged: TranscriptJudged) -> None:
        """What the transcript cost, which is another model's."""
        config = self._config
        if config is None or config.hearing is None:
            return
        sent, self._unjudged = self._unjudged / BYTES_PER_SECOND, 0
        self._observer.report(
            RequestJudged(
                self._recorder.id if self._recorder else "",
                "recognition",
                config.target,
                config.hearing.deployment,
                judged.outcome,
                judged.usage,
                sent if judged.seconds is None else judged.seconds,
            )
        )

    def close(self, error: SpeechServiceError | None) -> None:
        """The conversation is over; what it was in the middle of ends with it."""
        if self._recorder is None:
            return
        if error is not None:
            self._recorder.failed(error)
        if self._answering:
            self._end("abandoned" if error is None else error.code, {}, error)
        else:
            if error is None:
                self._recorder.outcome = "cancelled" if self._used else "empty"
            self._recorder.end()
            self._recorder = None

    def _end(
        self, outcome: str, usage: Mapping[str, object], error: SpeechServiceError | None = None
    ) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        recorder.sent_bytes, recorder.received_bytes = self._sent, self._received
        usages = [usage] if usage else []
        audio = (self._sent, self._received)
        recorder.judged(recorder.target, self._deployment, outcome, 1, usages, audio)
        if error is not None:
            recorder.failed(error)
        else:
            recorder.outcome = "cancelled" if outcome == "abandoned" else outcome
        recorder.end()
        self._recorder, self._used, self._answering = None, False, False
        self._sent = self._received = 0

    @property
    def _deployment(self) -> str:
        return self._config.deployment if self._config else ""

    def _new(self, same: str = "") -> TurnRecorder:
        config = self._config
        recorder = TurnRecorder(
            self._observer,
            "answer",
            self._door,
            config.deployment if config else "",
            self._client,
            target=config.target if config else "",
            voice=config.voice if config else "",
            language=self._language,
        )
        recorder.id = same or recorder.id
        recorder.cost_of, recorder.keeps_text = self._spending.cost_of, self._keeps_text
        return recorder
