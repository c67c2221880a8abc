"""A target, tried with the program's own sessions and turns: a sentence that it speaks, and hears back.

There is no pool and no second attempt: what is met is what is told. Each try costs a few seconds of speech.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
import soxr

from wyoming_azure_realtime.errors import SpeechServiceError
from wyoming_azure_realtime.observe import RequestJudged, TurnKind
from wyoming_azure_realtime.providers.base import described_models
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime import server_events as got
from wyoming_azure_realtime.realtime.client_events import InputAudioBufferAppend
from wyoming_azure_realtime.realtime.session_config import (
    Hints,
    SessionConfig,
    SpeechConfig,
    TranscriptionConfig,
)
from wyoming_azure_realtime.realtime.speech_turn import SpeechTurn, Spoken, SpokenText
from wyoming_azure_realtime.realtime.transcription_turn import FinalText, TranscriptionTurn
from wyoming_azure_realtime.realtime.turn import ToSend, Turn
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.transport.session import RealtimeSession, TargetOpener

SENTENCE = "Turn on the light in the kitchen."
TRIAL_SECONDS = 20.0
"""For one sentence, the session that it takes included."""

_APPEND = 32_000  # bytes in one event
_QUIET = 3.0  # seconds, more than any end of a command takes


class Trial:
    """One target, as it is tried. `recorded`: 16 kHz PCM16 mono of `SENTENCE`, once it was spoken.

    `judge` gets every request to the service, as it ended.
    """

    def __init__(
        self, target: Target, settings: Settings, judge: Callable[[RequestJudged], None] | None = None
    ) -> None:
        self.target = target
        self.provider = provider_of(target)
        self._settings = settings
        self._judge = judge
        self._opener = TargetOpener(target, settings.deadlines)
        self.recorded = b""

    async def close(self) -> None:
        """Give the credentials back."""
        await self._opener.close()

    def speech(self) -> SpeechConfig:
        """As the program speaks there."""
        voice = self.provider.nearest_voice(self._settings.speech.voice)
        return SpeechConfig(
            self.target.name,
            self.target.realtime_deployment,
            voice,
            azure=self.provider.azure_voice(voice, self._settings.speech),
            exact=self.provider.speaks_exactly,
            pre_generated=self.provider.pre_generated,
        )

    def hearing(self, rate: int = 16000) -> TranscriptionConfig:
        """As the program hears there."""
        deployment, recognition = self.provider.deployments[0], self._settings.recognition
        return TranscriptionConfig(
            self.target.name,
            deployment.name,
            deployment.model,
            noise_reduction=self.provider.noise_reduction(recognition.noise_reduction),
            rate=self.provider.input_rate(rate),
            known=self.provider.known_models(described_models(recognition)),
        )

    async def speak(self, config: SpeechConfig, **turn: Any) -> tuple[bytes, str, float, Any]:
        """24 kHz sound, its transcript, seconds until it began, and the `response.done`."""
        sound, text, first, done = bytearray(), "", 0.0, None
        async with self.session(config) as (session, clock):
            machine = SpeechTurn("trial", SENTENCE, pre_generated=config.pre_generated, **turn)
            began = clock()
            try:
                for event in machine.begin():
                    await session.send(event)
                while not machine.settled:
                    received = await session.receive()
                    done = received if isinstance(received, got.ResponseDone) else done
                    for outcome in machine.receive(received):
                        if isinstance(outcome, Spoken):
                            first = first or clock() - began
                            sound += outcome.pcm
                        elif isinstance(outcome, SpokenText):
                            text += outcome.text
                        elif isinstance(outcome, ToSend):
                            await session.send(outcome.event)
            finally:
                self._judged("synthesis", config, machine, received=len(sound) / 48000)
        self.recorded = self.recorded or _at_16k(bytes(sound))
        return bytes(sound), text, first, done

    async def hear(self, hints: Hints, rate: int = 16000) -> tuple[str, float]:
        """The text of what was spoken before, or of a tone; seconds to it from the commit or the quiet.

        With a detection in the hints, quiet follows in place of the commit.
        """
        if not self.recorded:
            with suppress(SpeechServiceError, TimeoutError):  # whether it speaks is another fact
                await self.speak(self.speech())
        config = self.hearing(rate)
        asked = self.provider.hints(hints, config.accepts)
        sound = _between(self.recorded or _tone(), 16000, config.rate)
        async with self.session(config) as (session, clock):
            machine = TranscriptionTurn(
                "trial",
                config,
                asked,
                kind=session.kind,
                sent_hints=session.hints,
                foreign_items=frozenset(),
            )
            quiet = bytes(round(_QUIET * config.rate) * 2) if asked.detection else b""
            try:
                for event in machine.begin():
                    await session.send(event)
                for pcm in (sound, quiet):
                    began = clock()
                    for at in range(0, len(pcm), _APPEND):
                        await session.send(InputAudioBufferAppend(audio=pcm[at : at + _APPEND]))
                if not quiet:
                    await session.send(machine.commit())
                while True:
                    for outcome in machine.receive(await session.receive()):
                        if isinstance(outcome, FinalText):
                            refused = "" if machine.sent_hints == asked else " (without some of the hints)"
                            return outcome.text + refused, clock() - began
                        if isinstance(outcome, ToSend):
                            await session.send(outcome.event)
            finally:
                self._judged("recognition", config, machine, sent=len(sound + quiet) / 2 / config.rate)

    def _judged(
        self, kind: TurnKind, config: SessionConfig, turn: Turn, sent: float = 0.0, received: float = 0.0
    ) -> None:
        """Tell what was asked for; audio in seconds."""
        for usage in turn.usages or [{}]:
            judged = RequestJudged("", kind, config.target, config.deployment, "", usage, sent, received)
            if self._judge is not None:
                self._judge(judged)

    @asynccontextmanager
    async def session(
        self, config: SessionConfig
    ) -> AsyncIterator[tuple[RealtimeSession, Callable[[], float]]]:
        """An open session and a clock, for `TRIAL_SECONDS` at most. Raises a `BackendError`."""
        async with asyncio.timeout(TRIAL_SECONDS):
            session = await self._opener.open(config)
            try:
                yield session, asyncio.get_running_loop().time
            finally:
                await session.close()


def _tone() -> bytes:
    """A second of sound, where nothing has spoken."""
    time = np.arange(16000) / 16000
    return bytes(np.rint(4000 * np.sin(2 * np.pi * 300 * time)).astype("<i2").tobytes())


def _at_16k(pcm: bytes) -> bytes:
    return _between(pcm, 24000, 16000)


def _between(pcm: bytes, rate: int, wanted: int) -> bytes:
    """PCM16 mono at another rate."""
    if rate == wanted or not pcm:
        return pcm

    return bytes(soxr.resample(np.frombuffer(pcm, "<i2"), rate, wanted).astype("<i2").tobytes())
