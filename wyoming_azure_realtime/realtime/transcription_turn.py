"""State machine of one transcription on a session, from the first audio to the text. No socket, no clock.

Sent: a `session.update` with hints where the session has others, then `append`s, which change nothing here,
then one `commit`. The answer is the transcription of the committed item. Where the service detects the end of
speech, it commits by itself. Events of other items (earlier turns, late arrivals) are ignored; but there are
services that name one item when it is committed and another one when it is transcribed, so an unknown name
means the only item that waits for its text.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from wyoming_azure_realtime import errors
from wyoming_azure_realtime.realtime import client_events as send
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.failures import from_error, is_about, is_harmless
from wyoming_azure_realtime.realtime.hint_limits import (
    MOST_REFUSALS,
    NO_LIMITS,
    HintLimits,
    fewer_hints,
    limits_between,
)
from wyoming_azure_realtime.realtime.session_config import Hints, TranscriptionConfig, hints_update
from wyoming_azure_realtime.realtime.shapes import ErrorDetail, JsonObject
from wyoming_azure_realtime.realtime.turn import ToSend

_ITEM = re.compile(r" for item '[^']{0,100}'")
_NOTHING_LEFT = "input_audio_buffer_commit_empty"
MINIMUM_AUDIO = 4800  # bytes: 100 ms, below which the service refuses a commit


@dataclass(frozen=True, slots=True)
class PartialText:
    """More text, in the order heard."""

    text: str


@dataclass(frozen=True, slots=True)
class FinalText:
    """The text that the service declares final."""

    text: str


@dataclass(frozen=True, slots=True)
class SpeechNoticed:
    """The service, asked to find the end of speech, says that somebody has begun to speak."""


@dataclass(frozen=True, slots=True)
class HintsRefused:
    """The service took fewer hints than it was given: what the model does not take."""

    limits: HintLimits


TranscriptionOutcome = PartialText | FinalText | SpeechNoticed | HintsRefused | ToSend


class TranscriptionTurn:
    """Give `receive` every event of the session; it raises the error that ends the turn.

    `foreign_items`: ids of items of earlier turns on the session, whose events are ignored. `sent_hints`: the
    hints that the session has; only others are sent. None: that is not known.
    """

    def __init__(
        self,
        turn_id: str,
        config: TranscriptionConfig,
        hints: Hints,
        *,
        kind: SessionKind,
        sent_hints: Hints | None,
        foreign_items: AbstractSet[str],
    ) -> None:
        self._id = turn_id
        self._config = config
        self._hints = hints
        self._kind = kind
        self._foreign = foreign_items
        self._update_pending = False
        self._refusals = 0
        self._refused_hints: Hints | None = None  # last, without its being said what is wrong with them
        self.commit_sent = False
        self.items: set[str] = set()  # of this turn, as far as they are known
        self.committed = False
        self._open = 0  # items that were committed and have neither text nor failure yet
        self.settled = False
        self.usages: list[JsonObject] = []
        self._taken = sent_hints  # by the session, before the newest update
        self.sent_hints = sent_hints or Hints()
        self.item_id = ""
        self._names: set[str] = set()  # of the item whose text is awaited

    def begin(self) -> list[send.ClientEvent]:
        """Events ahead of the audio: the hints, if the session has others. No reply is awaited."""
        if self._hints == self._taken:
            return []
        return [self._update(self._hints)]

    def commit(self) -> send.ClientEvent:
        """The utterance is complete (`MINIMUM_AUDIO` at least)."""
        self.commit_sent = True
        return send.InputAudioBufferCommit(event_id=f"{self._id}-commit")

    def again(self) -> None:
        """What was committed was no turn: the next item is awaited."""
        self.item_id, self.committed, self.settled = "", False, False
        self._names = set()

    @property
    def detects(self) -> bool:
        """Whether the service was asked to end the turn, so that it may have begun another behind it."""
        return self._hints.detection is not None

    @property
    def _overtaken(self) -> bool:
        """Whether the service may have committed by itself before our commit arrived."""
        return self.detects and self.committed

    @property
    def known_hints(self) -> Hints | None:
        """Those that the session has. After a refusal, what followed it may be refused too: None."""
        return None if self._refusals and self._update_pending else self.sent_hints

    def cancel(self) -> list[send.ClientEvent] | None:
        """A transcription that is under way cannot be stopped, but its end can be awaited.

        What was not committed stays in the session's buffer and would be a part of the next turn.
        """
        return [] if self.commit_sent or self.committed else None

    def receive(self, event: got.ServerEvent | got.UnknownEvent) -> list[TranscriptionOutcome]:
        """What an event means for this turn. Raises the `BackendError` that ends it."""
        match event:
            case got.BufferCommitted() if not self._is_past(event.item_id):
                self._open += 1
                if not self.committed:
                    self.committed = True
                    self._name(event.item_id)
            case got.SpeechStarted() if self.detects:
                return [SpeechNoticed()]
            case got.TranscriptionDelta() if self._is_ours(event.item_id) and event.delta:
                return [PartialText(event.delta)]
            case got.TranscriptionCompleted() if self._is_ours(event.item_id) and self._ended:
                return self._finished(event)
            case got.TranscriptionFailure() if self._is_ours(event.item_id):
                self.settled = True
                raise self._failure(event.error)
            case got.TranscriptionCompleted() | got.TranscriptionFailure() if not self._is_past(
                event.item_id
            ):
                self._open -= 1  # the one behind ours
                self.items.add(event.item_id)
            case got.SessionUpdated():
                return self._accepted()
            case got.Error():
                return self._refused(event.error)
        return []

    @property
    def _ended(self) -> bool:
        """Whether there is an item whose text this could be, though not every service says so."""
        return self.committed or self.commit_sent

    def _is_ours(self, item_id: str) -> bool:
        """Models that hear as they go send deltas before the commit names the item."""
        lone = not self._names or (self._open == 1 and not self.settled)
        if lone and not self._is_past(item_id):
            self._name(item_id)
        return item_id in self._names

    def _name(self, item_id: str) -> None:
        """The item goes by this name, maybe beside another one."""
        self._names.add(item_id)
        if item_id:
            self.item_id = item_id
            self.items.add(item_id)

    def _is_past(self, item_id: str) -> bool:
        return item_id in self._foreign or (item_id in self.items and item_id not in self._names)

    def _finished(self, event: got.TranscriptionCompleted) -> list[TranscriptionOutcome]:
        if self.settled:  # it came twice
            return []
        self.settled = True
        self._open -= 1
        self.usages.append(event.usage or {})
        final = FinalText(event.transcript)
        if self._kind == "transcription":
            return [final]
        # In a conversation the item would stay and be billed as context of later responses.
        delete = send.ConversationItemDelete(item_id=self.item_id, event_id=f"{self._id}-delete")
        return [ToSend(delete), final]

    def _update(self, hints: Hints) -> send.ClientEvent:
        session = hints_update(self._config, hints, self._kind, self._taken)
        self.sent_hints = hints
        self._update_pending = True
        return send.SessionUpdate(session=session, event_id=f"{self._id}-hints")

    def _refused(self, error: ErrorDetail) -> list[TranscriptionOutcome]:
        overtaken = self._overtaken and error.code == _NOTHING_LEFT
        if not is_about(error, self._id) or is_harmless(error) or overtaken:
            return []
        failure = from_error(error)
        nameless = not (error.event_id or "").startswith(f"{self._id}-") and self._update_pending
        about_hints = nameless or error.event_id == f"{self._id}-hints"
        if about_hints and isinstance(failure, errors.ProtocolViolation):
            return self._fewer_hints(error.param or "")
        raise failure

    def _accepted(self) -> list[TranscriptionOutcome]:
        self._update_pending, self._taken = False, self.sent_hints
        refused, self._refused_hints = self._refused_hints, None
        return [HintsRefused(limits_between(refused, self.sent_hints))] if refused else []

    def _fewer_hints(self, param: str) -> list[TranscriptionOutcome]:
        """A refused update changes nothing; a recognition without hints is better than none."""
        self._update_pending = False
        self._refusals += 1
        refused, in_prompt = self.sent_hints, not self._config.accepts.keywords
        fewer, limits = fewer_hints(refused, param, names_in_prompt=in_prompt)
        if self._refusals >= MOST_REFUSALS:
            fewer, limits = Hints(), NO_LIMITS
        learnt: list[TranscriptionOutcome] = [HintsRefused(limits)] if limits != NO_LIMITS else []
        self._refused_hints = None if learnt else refused
        return [*learnt, ToSend(self._update(fewer))] if fewer != refused else []

    def _failure(self, error: ErrorDetail) -> errors.BackendError:
        failure = from_error(error)
        if isinstance(failure, errors.RateLimited | errors.DeploymentNotFound | errors.AuthenticationFailed):
            return failure
        if error.code is not None:
            return errors.TranscriptionFailed(failure.message)
        said = _ITEM.sub("", failure.message).rstrip(".")
        return errors.TranscriptionFailed(
            f"The transcription deployment '{self._config.deployment}' probably does not exist in the "
            f"resource: the service fails without giving a cause ({said}).",
            advice="Check its name in the resource and in AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT.",
            unexplained=True,
        )
