"""The engine that runs every turn, whatever it is for.

A feeder says what one piece of work needs: which session, what is sent, what is made of the outcomes. The
engine does the rest, the same for all kinds: it chooses a target, leases a session, sends and receives
through the turn's state machine, watches the deadlines, notices sessions that died silently, tries again
after failures, makes the service leave off what nobody needs any more, and counts what all of that cost.
Nothing here knows what was said.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from wyoming_azure_realtime.errors import (
    BackendError,
    BackendTimeout,
    ContentMismatch,
    InternalError,
    PoolTimeout,
    SpeechServiceError,
    first_of,
)
from wyoming_azure_realtime.observe import ObservedEvent, Observer, SessionOpened, SessionRefused, TurnKind
from wyoming_azure_realtime.pool.pool import Lease, Poolable, SessionPool
from wyoming_azure_realtime.realtime.client_events import ClientEvent
from wyoming_azure_realtime.realtime.session_config import SessionConfig, TranscriptionConfig
from wyoming_azure_realtime.realtime.turn import Channel, ToSend, Turn
from wyoming_azure_realtime.settings.model import Pool, Target
from wyoming_azure_realtime.turns.backends import Backends, Retry, SessionSilent, is_silence
from wyoming_azure_realtime.turns.budget import TurnBudget
from wyoming_azure_realtime.turns.idle_timeout import IdleTimeout, SilenceWatch
from wyoming_azure_realtime.turns.record import TurnRecorder

FIRST_ROUND_SECONDS, NEXT_ROUND_SECONDS = 4.0, 1.5
"""For which a session is waited for where somebody else does the work: at first, and after a failure."""

LEAVE_OFF_SECONDS = 0.5
"""For which the service may take to confirm that it has left off; then its session is closed instead."""

_LOGGER = logging.getLogger(__name__)
T = TypeVar("T", bound=Turn)


class PooledChannel(Channel, Poolable, Protocol):
    """A session that can be talked to and kept."""


Sessions = SessionPool[SessionConfig, PooledChannel]


def session_pool(
    opener: Callable[[SessionConfig], Awaitable[PooledChannel]],
    limits: Pool,
    observer: Observer,
    per_minute: Mapping[str, int | None] = MappingProxyType({}),
    most: Mapping[str, int | None] = MappingProxyType({}),
) -> Sessions:
    """A pool of sessions, of which those at one target share their fate.

    By target: `per_minute`, how many sessions may be opened there in a minute; `most`, how many there may be
    at a time; None: any number.
    """
    return Sessions(
        opener,
        limits,
        observer,
        group=lambda config: config.target,
        most=most.get,
        describe=_describe,
        per_minute=lambda config: per_minute.get(config.target),
    )


def _describe(config: SessionConfig) -> tuple[str, TurnKind]:
    return config.target, "recognition" if isinstance(config, TranscriptionConfig) else "synthesis"


class Attempt:
    """One try at a piece of work on one session: what a feeder may use while it lasts."""

    def __init__(
        self, recorder: TurnRecorder, session: PooledChannel, config: SessionConfig, timeout: IdleTimeout
    ) -> None:
        self.recorder = recorder
        self.session = session
        self.config = config
        self.timeout = timeout
        self.id = f"{recorder.id}-{recorder.attempts}"
        self.requests = 0
        self.sent_bytes = self.received_bytes = 0  # of audio: what may be billed

    def request_sent(self) -> None:
        """The service was asked for a transcription or a response, which costs money."""
        self.requests += 1
        self.recorder.request_sent(self.config.deployment)

    def judge(self, turn: Turn, target: str, outcome: str) -> None:
        """Report how the requests ended, once."""
        usages, turn.usages = turn.usages, []
        self.recorder.sent_bytes += self.sent_bytes
        self.recorder.received_bytes += self.received_bytes
        audio = (self.sent_bytes, self.received_bytes)
        self.recorder.judged(target, self.config.deployment, outcome, self.requests, usages, audio)


class Feeder(Protocol[T]):
    """One piece of work: a stretch of sound to be transcribed, a segment of text to be spoken."""

    budget: TurnBudget
    recorder: TurnRecorder

    @property
    def concurrent(self) -> bool:
        """Whether the input goes on while outcomes come, so that `send` needs a task of its own."""

    @property
    def done(self) -> bool:
        """Whether there is a result already, so that a failure after it means nothing."""

    def deadline(self) -> float:
        """The event loop's time from which on no further attempt may begin."""

    def configure(self, target: Target) -> SessionConfig:
        """The session that is needed at this target."""

    def timeout(self) -> IdleTimeout:
        """How long the service may take in the next attempt."""

    def begin(self, attempt: Attempt) -> T:
        """The state machine of the next attempt."""

    async def send(self, attempt: Attempt, turn: T) -> None:
        """Send the input, behind the turn's own first events."""

    async def take(self, attempt: Attempt, turn: T, outcome: Any) -> bool:
        """Use an outcome; true when it was the last. Raises `ContentMismatch` for wrong words."""

    async def again(self, error: ContentMismatch) -> bool:
        """Whether to ask the same target once more after a response that was not what was asked for."""

    async def finish(self, attempt: Attempt, turn: T, error: BackendError | None) -> bool:
        """The attempt ended, with an error perhaps; whether the work is done all the same."""

    def cancel(self, turn: T) -> list[ClientEvent] | None:
        """What makes the service leave off, as `Turn.cancel`; None: the session is closed instead."""

    def late(self) -> BackendTimeout:
        """The error for a service that did not go on in time."""

    def keep(self, attempt: Attempt, turn: T) -> bool:
        """Note on the session what the turn leaves there; whether the session is fit for another turn."""


class TurnEngine:
    """Runs pieces of work for the whole process; holds nothing of them."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    async def run(
        self,
        feeder: Feeder[T],
        backends: Backends,
        excluded: Collection[str] = frozenset(),
        *,
        one_round: bool = False,
    ) -> None:
        """Return when the work is done. Raises the `SpeechServiceError` for which it cannot be.

        Targets that are `excluded` are not asked; there must be another. `one_round`: somebody else does the
        work if no target does at once. Cancel it to leave off: the service is told so first.
        """
        retry, fresh = Retry(backends, excluded, one_round=one_round), False
        before = failure = ""  # where and with which code the latest attempt failed
        while True:
            target = retry.choose()
            feeder.recorder.target = target.name
            if failure:
                feeder.recorder.tried_again(before, failure)
            before = target.name
            left = retry.deadline(feeder.deadline(), _now()) - _now()
            within = left / 2 if retry.others else left
            if one_round:
                within = min(left, FIRST_ROUND_SECONDS if retry.last_error is None else NEXT_ROUND_SECONDS)
            try:
                await self._attempt(feeder, feeder.configure(target), within, retry, fresh=fresh)
            except ContentMismatch as error:
                feeder.recorder.mismatches += 1
                if not (await feeder.again(error) and feeder.budget.sessions_left):
                    raise
                fresh, failure = False, error.code
            except (BackendError, PoolTimeout) as error:
                if feeder.done:
                    return
                feeder.budget.faults += 1
                wait = retry.failed(error, _now(), feeder.deadline())
                if not feeder.budget.faults_left:
                    raise
                _LOGGER.debug(
                    "%s %s tries again in %.1f s after: %s",
                    feeder.recorder.kind.capitalize(),
                    feeder.recorder.id,
                    wait,
                    error.message,
                )
                await asyncio.sleep(wait)
                fresh, failure = is_silence(error), error.code
            else:
                retry.succeeded(_now())
                return

    async def _attempt(
        self, feeder: Feeder[T], config: SessionConfig, within: float, retry: Retry, *, fresh: bool
    ) -> None:
        """One conversation on one session, which is given back clean, or not to be used again.

        `within`: seconds until there has to be a session; other targets need time too. `retry` knows why
        there is none.
        """
        recorder = feeder.recorder
        recorder.attempts += 1
        try:
            async with asyncio.timeout(None if math.isinf(within) else within):
                lease = await self.sessions.lease(config, client=recorder.client, fresh=fresh)
        except TimeoutError as error:
            raise retry.late() from error
        try:
            attempt = Attempt(recorder, lease.session, config, feeder.timeout())
            await self._use(lease, feeder, attempt, feeder.begin(attempt))
        finally:
            lease.retire()

    async def _use(self, lease: Lease[PooledChannel], feeder: Feeder[T], attempt: Attempt, turn: T) -> None:
        """Converse, then decide what becomes of the session, and report what the attempt has cost."""
        target, outcome = attempt.recorder.target, InternalError.code
        try:
            await self._converse(feeder, attempt, turn)
            outcome = "completed"
            self._give_back(lease, feeder, attempt, turn)
        except ContentMismatch as error:
            outcome = error.code
            await self._leave_off(lease, feeder, attempt, turn)
            raise
        except asyncio.CancelledError:
            outcome = "abandoned"
            await self._leave_off(lease, feeder, attempt, turn)
            outcome = "cancelled" if turn.settled else outcome
            raise
        except SpeechServiceError as error:
            outcome = error.code
            lease.retire(silent=is_silence(error))
            if not (isinstance(error, BackendError) and await feeder.finish(attempt, turn, error)):
                raise
        finally:
            attempt.judge(turn, target, outcome)

    async def _converse(self, feeder: Feeder[T], attempt: Attempt, turn: T) -> None:
        """From the first event sent to the last outcome. Raises what ended it early."""
        watch = SilenceWatch(attempt.session, attempt.timeout.expire)
        try:
            async with attempt.timeout:
                watch.start()
                for event in turn.begin():
                    await attempt.session.send(event)
                if feeder.concurrent:
                    async with asyncio.TaskGroup() as tasks:
                        sending = tasks.create_task(feeder.send(attempt, turn))
                        await self._receive(feeder, attempt, turn, watch)
                        sending.cancel()  # the service may have ended the turn
                else:
                    await feeder.send(attempt, turn)
                    await self._receive(feeder, attempt, turn, watch)
        except TimeoutError as error:
            if watch.silent:
                raise SessionSilent("The session does not answer: its connection is dead.") from error
            raise feeder.late() from error
        except BaseExceptionGroup as group:
            raise first_of(group)  # noqa: B904 - it has a cause of its own, or is the cause
        finally:
            watch.stop()
        await feeder.finish(attempt, turn, None)

    async def _receive(self, feeder: Feeder[T], attempt: Attempt, turn: T, watch: "SilenceWatch") -> None:
        """Until the last outcome. The clock does not run while outcomes are used."""
        session, timeout = attempt.session, attempt.timeout
        over = False
        while not over:
            event = await session.receive()
            watch.quiet = False
            outcomes = turn.receive(event)
            if outcomes:
                timeout.paused()
                watch.busy = True
                for outcome in outcomes:
                    if isinstance(outcome, ToSend):
                        await session.send(outcome.event)
                    elif await feeder.take(attempt, turn, outcome):
                        over = True
                watch.busy = False
                timeout.progressed()

    async def _leave_off(
        self, lease: Lease[PooledChannel], feeder: Feeder[T], attempt: Attempt, turn: T
    ) -> None:
        """Make the service leave off, and keep the session if it confirms that in a moment."""
        if not turn.settled and (events := feeder.cancel(turn)) is not None:
            confirming = asyncio.create_task(_confirmed(attempt.session, turn, events))
            try:
                await asyncio.wait({confirming}, timeout=LEAVE_OFF_SECONDS)
            finally:
                confirming.cancel()
                await asyncio.gather(confirming, return_exceptions=True)
        if turn.settled:
            self._give_back(lease, feeder, attempt, turn)
        else:
            feeder.budget.sessions += 1
            feeder.recorder.sessions += 1
            lease.retire()

    def _give_back(self, lease: Lease[PooledChannel], feeder: Feeder[T], attempt: Attempt, turn: T) -> None:
        if feeder.keep(attempt, turn):
            lease.release()


async def _confirmed(session: PooledChannel, turn: Turn, events: list[ClientEvent]) -> None:
    """Tell the service to leave off, and listen until it has."""
    for event in events:
        await session.send(event)
    while not turn.settled:
        for outcome in turn.receive(await session.receive()):
            if isinstance(outcome, ToSend):
                await session.send(outcome.event)


def _now() -> float:
    return asyncio.get_running_loop().time()


def note_openings(observer: Observer, *backends: Backends) -> None:
    """Have what becomes of sessions, whoever wants them, tell how their targets are doing.

    Sessions that speak also answer.
    """

    def note(event: ObservedEvent) -> None:
        if isinstance(event, SessionOpened | SessionRefused):
            for those in backends:
                if (those.kind == "recognition") != (event.kind == "recognition"):
                    continue
                if isinstance(event, SessionOpened):
                    those.opened(event.target, _now())
                else:
                    those.refused(event.target, event.error, _now(), event.seconds)

    observer.subscribe(note)


async def has_session(
    backends: Backends, sessions: Sessions, configure: Callable[[Target], SessionConfig]
) -> bool:
    """Whether a session is open at a target that works, or can be opened at any, however long that takes."""
    working = {target.name for target in backends.targets if backends.is_trusted(target.name)}
    for target, kind, state in sessions.counts():
        if kind == backends.kind and target in working and state in ("idle", "leased"):
            return True
    for one in sorted(backends.targets, key=lambda target: target.name not in working):
        with suppress(SpeechServiceError):
            (await sessions.lease(configure(one))).release()
            return True
    return False


LOOK_SECONDS = 1.0


async def keep_probing(
    backends: Backends, sessions: Sessions, configure: Callable[[Target], SessionConfig]
) -> None:
    """Until cancelled. A target is back when a session there can be opened and configured."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for target in backends.due(loop.time()):
            try:
                lease = await sessions.lease(configure(target))
            except SpeechServiceError as error:
                backends.failed(target.name, error, loop.time())
            else:
                lease.release()
                backends.probed(target.name, loop.time())
