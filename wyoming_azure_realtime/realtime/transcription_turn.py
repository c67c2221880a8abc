"""State machine of one transcription on a session, from the first audio to the text. No socket, no clock.

Sent: a `session.update` with hints where the session has others, then `append`s, then one `commit`. The
answer is the transcription of the committed item. Where the service detects the end of speech, it commits by
itself. Events of other items (earlier turns, late arrivals) are ignored.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.failures import HARMLESS, from_error
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig, hints_update
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, JsonObject
from wyoming_azure_realtime.realtime.turn import ToSend

MINIMUM_AUDIO = 4800  # bytes: 100 ms, below which the service refuses a commit
LONGEST_APPEND = 96_000  # bytes: two seconds in one event, far below the service's 15 MiB


@dataclass(frozen=True, slots=True)
class PartialText:
    """More text, in the order heard."""

    text: str


@dataclass(frozen=True, slots=True)
class FinalText:
    """The text that the service declares final."""

    text: str


TranscriptionOutcome = PartialText | FinalText | ToSend


class TranscriptionTurn:
    """Give `receive` every event of the session; it raises the error that ends the turn.

    `foreign_items`: ids of items of earlier turns on the session, whose events are ignored. `sent_hints`: the
    hints that the session has; only others are sent.
    """

    def __init__(
        self,
        turn_id: str,
        config: TranscriptionConfig,
        hints: Hints,
        *,
        kind: SessionKind,
        sent_hints: Hints,
        foreign_items: AbstractSet[str],
    ) -> None:
        self._id = turn_id
        self._config = config
        self._hints = hints
        self._kind = kind
        self._foreign = foreign_items
        self._update_pending = False
        self.commit_sent = False
        self.items: set[str] = set()  # of this turn, as far as they are known
        self.committed = False
        self.settled = False
        self.usages: list[JsonObject] = []
        self.sent_hints = sent_hints
        self.item_id = ""

    def begin(self) -> list[send.ClientEvent]:
        """Events ahead of the first append: the hints, if the session has others. No reply is awaited."""
        if self._hints == self.sent_hints:
            return []
        return [self._update(self._hints)]

    def append(self, pcm: bytes) -> send.ClientEvent:
        """Audio, 24 kHz PCM16 mono, at most `LONGEST_APPEND` bytes."""
        return send.InputAudioBufferAppend(audio=pcm)

    def commit(self) -> send.ClientEvent:
        """The utterance is complete (`MINIMUM_AUDIO` at least)."""
        self.commit_sent = True
        return send.InputAudioBufferCommit(event_id=f"{self._id}-commit")

    def again(self) -> None:
        """What was committed was no turn: the next item is awaited."""
        self.item_id, self.committed, self.settled = "", False, False

    @property
    def detects(self) -> bool:
        """Whether the service was asked to end the turn, so that it may have begun another behind it."""
        return self._hints.detection is not None

    def cancel(self) -> list[send.ClientEvent] | None:
        """A transcription that is under way cannot be stopped, but its end can be awaited.

        What was not committed stays in the session's buffer and would be a part of the next turn.
        """
        return [] if self.commit_sent or self.committed else None

    def receive(self, event: got.ServerEvent | got.UnknownEvent) -> list[TranscriptionOutcome]:
        """What an event means for this turn. Raises the `BackendError` that ends it."""
        match event:
            case got.BufferCommitted() if not self.committed and not self._is_past(event.item_id):
                self.item_id, self.committed = event.item_id, True
                self.items.add(event.item_id)
            case got.TranscriptionDelta() if self._is_ours(event.item_id) and event.delta:
                return [PartialText(event.delta)]
            case got.TranscriptionCompleted() if self._is_ours(event.item_id) and self.committed:
                return self._finished(event)
            case got.TranscriptionFailure() if self._is_ours(event.item_id):
                self.settled = True
                raise self._failure(event.error)
            case got.SessionUpdated():
                self._update_pending = False
            case got.Error():
                return self._refused(event.error)
        return []

    def _is_ours(self, item_id: str) -> bool:
        """Models that hear as they go send deltas before the commit names the item."""
        if not self.item_id and not self._is_past(item_id):
            self.item_id = item_id
            self.items.add(item_id)
        return item_id == self.item_id

    def _is_past(self, item_id: str) -> bool:
        return item_id in self._foreign or (item_id in self.items and item_id != self.item_id)

    def _finished(self, event: got.TranscriptionCompleted) -> list[TranscriptionOutcome]:
        if self.settled:  # it came twice
            return []
        self.settled = True
        self.usages.append(event.usage or {})
        final = FinalText(event.transcript)
        if self._kind == "transcription":
            return [final]
        # In a conversation the item would stay and be billed as context of later responses.
        delete = send.ConversationItemDelete(item_id=self.item_id, event_id=f"{self._id}-delete")
        return [ToSend(delete), final]

    def _update(self, hints: Hints) -> send.ClientEvent:
        session = hints_update(self._config, hints, self._kind, self.sent_hints)
        self.sent_hints = hints
        self._update_pending = True
        return send.SessionUpdate(session=session, event_id=f"{self._id}-hints")

    def _refused(self, error: ErrorDetail) -> list[TranscriptionOutcome]:
        ours = error.event_id is None or error.event_id.startswith(f"{self._id}-")
        if not ours or error.code in HARMLESS:
            return []
        failure = from_error(error)
        nameless = error.event_id is None and self._update_pending
        about_hints = nameless or error.event_id == f"{self._id}-hints"
        if about_hints and isinstance(failure, errors.ProtocolViolation):
            return self._fewer_hints()
        raise failure

    def _fewer_hints(self) -> list[TranscriptionOutcome]:
        """A refused update changes nothing; a recognition without hints is better than none."""
        self._update_pending = False
        fewer = (
            self.sent_hints.without_prompt()
            if self.sent_hints.prompt or self.sent_hints.keywords
            else Hints()
        )
        if fewer == self.sent_hints:
            return []
        return [ToSend(self._update(fewer))]

    def _failure(self, error: ErrorDetail) -> errors.BackendError:
        failure = from_error(error)
        if isinstance(failure, errors.RateLimited):
            return failure
        advice = ""
        if error.code is None:
            advice = (
                f"The service gave no cause. If this happens every time, the transcription deployment "
                f"'{self._config.deployment}' probably does not exist in the resource: "
                "check AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT."
            )
        return errors.TranscriptionFailed(failure.message, advice=advice)
