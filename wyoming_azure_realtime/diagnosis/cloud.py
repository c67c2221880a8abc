"""A target, from its name in DNS to a sentence that it speaks and hears back.

The way to it is looked at bit by bit. What is wrong is told in the words of the program's own openings, which
are tried meanwhile: there is no second list of causes here, only where each belongs.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Literal

from wyoming_azure_realtime.diagnosis.steps import Finding, Result, Step, examined
from wyoming_azure_realtime.diagnosis.trial import SENTENCE, Trial
from wyoming_azure_realtime.diagnosis.way import PROBE_SECONDS, WayProbe
from wyoming_azure_realtime.errors import (
    AuthenticationFailed,
    BackendError,
    ConnectFailed,
    DeploymentNotFound,
    RateLimited,
    SpeechServiceError,
    TranscriptionFailed,
    UnknownVoice,
)
from wyoming_azure_realtime.observe import RequestJudged, TurnKind
from wyoming_azure_realtime.providers.base import described_models, model_warnings
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.session_config import Hints, SessionConfig
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.transport.credentials import credentials_for
from wyoming_azure_realtime.turns.backends import is_silence
from wyoming_azure_realtime.turns.health import unreachable

TOLERATED, WRONG = 30.0, 300.0
"""Seconds by which a clock may be wrong before that is mentioned, and before it is a failure."""

HEARING = ("transcription deployment", "heard sentence")
"""The steps that look at hearing."""

_WORD = re.compile(r"[\w']+")

OpeningStage = Literal["upgrade", "authentication", "deployment"]
_STAGES: tuple[OpeningStage, ...] = ("upgrade", "authentication", "deployment")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session was opened, in so many seconds."""

    kind: SessionKind
    seconds: float


def stage_of(error: SpeechServiceError) -> OpeningStage:
    """How far an opening came that ended with this error."""
    if isinstance(error, AuthenticationFailed):
        return "authentication"
    far = isinstance(error, DeploymentNotFound | UnknownVoice | RateLimited | TranscriptionFailed)
    return "deployment" if far else "upgrade"


class TargetExamination:
    """One target. `judge` gets every request that costs something; `may_spend` is asked ahead of it.

    `near`: it is a child process of this machine, to which the way need not be looked at.

    Raises `SettingsError` for a target that is impossible.
    """

    def __init__(
        self,
        target: Target,
        settings: Settings,
        judge: Callable[[RequestJudged], None],
        may_spend: Callable[[TurnKind, str], None],
        *,
        near: bool = False,
    ) -> None:
        self._trial = Trial(target, settings, judge)
        self._target = target
        self._settings = settings
        self._may_spend = may_spend
        self._near = near
        self._provider = self._trial.provider
        self._url = self._provider.upgrade_url("realtime")
        self._way = WayProbe(self._url)
        self._opening: asyncio.Task[tuple[Opened | BackendError, Opened | BackendError]] | None = None

    async def findings(self, until: float, *, label: str = "", hears: bool = True) -> AsyncIterator[Finding]:
        """What there is to say. `label`: the target's name, if there are several; `hears`: whether it can."""
        self._opening = asyncio.create_task(self._open_both())
        steps = self._sentences() if self._near else self._steps()
        wanted = [step for step in steps if hears or step.name not in HEARING]
        try:
            async for finding in examined(wanted, until, label):
                yield finding
        finally:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
            await self._trial.close()

    def _steps(self) -> list[Step]:
        longest = self._settings.deadlines.upgrade + self._settings.deadlines.configuration
        opening = 2 * longest + PROBE_SECONDS
        token = [Step("token", self._token)] if self._target.auth == "entra" else []
        return [
            Step("DNS", lambda: self._told(self._way.resolve()), seconds=opening),
            Step("TCP", lambda: self._told(self._way.connect()), ("DNS",), opening),
            Step("TLS", lambda: self._told(self._way.handshake()), ("TCP",), opening),
            Step("clock", self._clock, ("TCP",), 2 * PROBE_SECONDS),
            *token,
            Step("upgrade", self._upgrade, ("TLS", "token"), opening),
            Step("authentication", self._authentication, ("upgrade",), opening),
            Step("dialect", self._dialect, ("authentication",), opening),
            *self._sentences(opening),
        ]

    def _sentences(self, opening: float = 20.0) -> list[Step]:
        return [
            Step("speaking deployment", self._speaking, ("authentication",), opening),
            Step(HEARING[0], self._hearing, ("authentication",), opening),
            Step("spoken sentence", self._spoken, ("speaking deployment",), 20.0),
            Step(HEARING[1], self._heard, HEARING[:1], 30.0),
        ]

    # --- the program's own openings

    async def _open_both(self) -> tuple[Opened | BackendError, Opened | BackendError]:
        """For speaking and for hearing; where nobody answers, nobody is asked twice."""
        speaking = await self._open(self._trial.speech())
        if isinstance(speaking, BackendError) and (unreachable(speaking) or is_silence(speaking)):
            return speaking, speaking
        return speaking, await self._open(self._trial.hearing())

    async def _open(self, config: SessionConfig) -> Opened | BackendError:
        began = time.monotonic()
        try:
            async with self._trial.session(config) as (session, _):
                return Opened(session.kind, time.monotonic() - began)
        except BackendError as error:
            return error
        except (UnknownVoice, TimeoutError) as error:
            failed = BackendError(str(error) or "The session could not be opened in time.")
            failed.__cause__ = error
            return failed

    async def _openings(self) -> tuple[Opened | BackendError, Opened | BackendError]:
        assert self._opening is not None  # noqa: S101 - it began with the examination
        return await asyncio.shield(self._opening)

    async def _told(self, probe: Awaitable[Result]) -> Result:
        """What a probe of the way tells; if it fails, the error that a request would end with."""
        try:
            return await probe
        except (OSError, TimeoutError, ValueError) as error:
            speaking, _ = await self._openings()
            if isinstance(speaking, BackendError):
                raise speaking from error
            return "note", f"not seen from here ({type(error).__name__}), and sessions open all the same"

    async def _upgrade(self) -> Result:
        openings = await self._openings()
        for opened in openings:
            if isinstance(opened, Opened):
                return f"accepted; a session is open after {opened.seconds:.2f} s"
        if all(stage == "upgrade" for stage in self._stages(*openings)):
            self._raise_first(*openings)
        return "the service answers"

    async def _authentication(self) -> Result:
        openings = await self._openings()
        if "deployment" not in self._stages(*openings):
            self._raise_first(*openings)
        if self._target.auth == "entra":
            return "the token is accepted"
        return "the key is accepted" if self._target.key else "none is needed"

    @staticmethod
    def _stages(*openings: Opened | BackendError) -> Iterator[OpeningStage]:
        for opening in openings:
            yield "deployment" if isinstance(opening, Opened) else stage_of(opening)

    @staticmethod
    def _raise_first(*openings: Opened | BackendError) -> None:
        """Raise the error of the opening that came farthest."""
        errors = [opening for opening in openings if isinstance(opening, BackendError)]
        raise max(errors, key=lambda error: _STAGES.index(stage_of(error)))

    async def _token(self) -> Result:
        credentials = credentials_for(self._provider)
        try:
            await credentials.headers()
        finally:
            await credentials.close()
        return "Entra ID gave one"

    async def _dialect(self) -> Result:
        dialect = self._provider.dialect
        _, hearing = await self._openings()
        over = ""
        if isinstance(hearing, Opened):
            over = "; hears in " + (
                "transcription sessions" if hearing.kind == "transcription" else "conversations"
            )
        said = f"{dialect.name} of {self._provider.label}{over}"
        return ("note", f"{said}. {dialect.deprecation}") if dialect.deprecation else said

    # --- the models

    async def _speaking(self) -> Result:
        opening, _ = await self._openings()
        return self._deployment(opening, self._target.realtime_deployment, "the model '")

    async def _hearing(self) -> Result:
        _, opening = await self._openings()
        return self._deployment(opening, self._target.transcription_deployment, "the transcription model '")

    def _deployment(self, opening: Opened | BackendError, name: str, named: str) -> Result:
        if isinstance(opening, BackendError):
            raise opening
        described = described_models(self._settings.recognition)
        warnings = model_warnings(self._provider, described, datetime.now(UTC).date())
        about = [warning for warning in warnings if named in warning]
        said = f"'{name}' opens in {opening.seconds:.2f} s"
        return ("note", f"{said}. {about[0]}") if about else said

    async def _spoken(self) -> Result:
        self._may_spend("synthesis", self._target.name)
        config, deadlines = self._trial.speech(), self._settings.deadlines
        sound, text, first, _ = await self._trial.speak(config)
        if not sound:
            raise ConnectFailed("The service answered without any sound.")
        said = f"{len(sound) / 48000:.1f} s of sound, the first after {first:.2f} s"
        if first > deadlines.first_audio and not self._near:
            return "note", f"{said}; slower than deadlines.first_audio. Choose a nearer region, or raise it."
        if text and _words(text) != _words(SENTENCE):
            return "note", f"{said}; it said {text.strip()!r}, and should have said {SENTENCE!r}"
        return said

    async def _heard(self) -> Result:
        self._may_spend("recognition", self._target.name)
        spoken = bool(self._trial.recorded)
        text, seconds = await self._trial.hear(Hints("en-US"))
        said = f"{text.strip()!r} {seconds:.2f} s after the end of the sound"
        if not (spoken or self._trial.recorded):
            return f"{said}, which was a tone: no sentence could be spoken"
        expected = _words(SENTENCE)
        right = sum(
            block.size for block in SequenceMatcher(None, expected, _words(text)).get_matching_blocks()
        )
        said = f"{said}; {right} of {len(expected)} words right"
        if 2 * right < len(expected):
            raise TranscriptionFailed(
                f"{said}.", advice="Does transcription_deployment name a model that hears? Try another one."
            )
        if seconds > self._settings.deadlines.transcript and not self._near:
            return "note", f"{said}; slower than deadlines.transcript. Choose a nearer region, or raise it."
        return said if right == len(expected) else ("note", said)

    # --- the clock

    async def _clock(self) -> Result:
        said = await self._way.date()
        if said is None:
            return "skipped", "the service does not tell its time"
        ahead = (datetime.now(UTC) - said).total_seconds()
        if abs(ahead) <= TOLERATED:
            return "this machine's is that of the service"
        side = "ahead of" if ahead > 0 else "behind"
        wrong = f"This machine's clock is {_duration(abs(ahead))} {side} the service's."
        cure = "Set it: certificates and tokens depend on it (timedatectl set-ntp true)."
        return ("failed" if abs(ahead) > WRONG else "note"), f"{wrong} {cure}"


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _duration(seconds: float) -> str:
    """In the largest unit of which there are two."""
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"
