"""Which session is asked for at a target: what hears there, the voice that speaks, and what they take."""

import dataclasses

from msgspec.structs import replace

from wyoming_azure_realtime.audio.pcm import REALTIME
from wyoming_azure_realtime.observe import Observer
from wyoming_azure_realtime.providers.base import Deployment, Provider, described_models
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.hint_limits import NO_LIMITS, HintLimits
from wyoming_azure_realtime.realtime.session_config import (
    ConversationConfig,
    Hints,
    SpeechConfig,
    TranscriptionConfig,
)
from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.speech.catalog import Voice


class SessionChoice:
    """What is chosen by the settings. `preferred`: the service whose voices clients are shown.

    Where a target lacks what was asked for, the likest is taken, and the observer is told once.
    """

    def __init__(self, settings: Settings, preferred: Provider, observer: Observer) -> None:
        self._settings = settings
        self._preferred = preferred
        self._observer = observer
        self._known = described_models(settings.recognition)
        self._limits: dict[tuple[str, str], HintLimits] = {}  # by target and deployment

    def hearing(
        self, target: Target, requested: Deployment | None, source_rate: int, *, exactly: bool
    ) -> TranscriptionConfig:
        """What hears there: a deployment like the one that was asked for, else the target's own.

        `exactly`: the one that was asked for is one of the target's. `source_rate`: of the sound, in Hz.
        """
        provider, recognition = provider_of(target), self._settings.recognition
        own = provider.deployments[0]
        deployment = requested if exactly else provider.deployment_like(requested) if requested else own
        if deployment is None:  # another model's text is better than none
            deployment = own
            self._observer.warn_once(
                f"model of {target.name}",
                f"Target '{target.name}' has no model like the one asked for: '{own.model}' is used",
            )
        return TranscriptionConfig(
            target=target.name,
            deployment=deployment.name,
            model=deployment.model,
            noise_reduction=provider.noise_reduction(recognition.noise_reduction),
            echo_cancellation=recognition.echo_cancellation and provider.cancels_echo,
            rate=provider.input_rate(source_rate),
            known=provider.known_models(self._known),
        )

    def speaking(self, target: Target, voice: Voice, rate: float, instead: Deployment | None) -> SpeechConfig:
        """What speaks there: the voice that was asked for, or the likest that the target has.

        Where one response may be spoken at another rate, the session has the usual one. `instead`: what
        speaks in place of the target's usual deployment.
        """
        provider, settings = provider_of(target), self._settings.speech
        asked, ours = voice.asked or voice.realtime_name, provider == self._preferred
        nearest = voice.realtime_name if ours else provider.nearest_voice(asked)
        if nearest != asked:
            self._observer.warn_once(
                f"voice {asked} of {target.name}",
                f"Target '{target.name}' has no voice '{asked}': '{nearest}' speaks",
            )
        azure = provider.azure_voice(nearest, settings)
        return SpeechConfig(
            target=target.name,
            deployment=instead.name if instead else target.realtime_deployment,
            voice=nearest,
            speed=provider.speed(settings.speed * (1.0 if azure else rate)),
            azure=azure,
            exact=provider.speaks_exactly,
            pre_generated=provider.pre_generated,
        )

    def conversing(
        self, target: Target, voice: Voice, deployment: str, language: str, *, detects: bool
    ) -> ConversationConfig:
        """What hears and answers by voice there. `detects`: the service finds the ends of turns."""
        provider, settings = provider_of(target), self._settings
        writes = provider.transcribes_turns(settings.talk.transcription, self._known, detects=detects)
        hearing = self.hearing(target, writes, REALTIME.rate, exactly=True)
        kind = settings.recognition.turn_end
        pause = round(settings.recognition.turn_pause * 1000)
        semantic = kind == "semantic_vad"
        asked = TurnDetection(type=kind) if semantic else _by_silence(pause)
        hints = provider.hints(
            Hints(language, settings.recognition.prompt, detection=asked if detects else None),
            hearing.accepts,
        )
        detection = hints.detection or (asked if detects else None)
        if detection is not None:
            detection = replace(detection, create_response=True, interrupt_response=True)
        return ConversationConfig(
            self.speaking(target, voice, 1.0, Deployment(deployment, deployment)),
            hearing,
            dataclasses.replace(hints, detection=detection),
        )

    def limits_of(self, config: TranscriptionConfig) -> HintLimits:
        """What a model is known not to take of the hints."""
        return self._limits.get((config.target, config.deployment), NO_LIMITS)

    def refused(self, config: TranscriptionConfig, limits: HintLimits) -> None:
        """Remember what a model does not take of the hints, and say so once."""
        self._limits[config.target, config.deployment] = self.limits_of(config) | limits
        for kind, what in limits.descriptions().items():
            self._observer.warn_once(
                f"{kind} of {config.target} {config.deployment}",
                f"Target '{config.target}': the model '{config.model}' {what}",
            )

    def unnoticed(self, config: TranscriptionConfig) -> None:
        """Say once of a target that it overlooks speech."""
        self._observer.warn_once(
            f"turn end of {config.target}",
            f"Target '{config.target}' did not notice that somebody spoke: this server ends the turn",
        )


def _by_silence(ms: int) -> TurnDetection:
    return TurnDetection(type="server_vad", threshold=0.5, prefix_padding_ms=300, silence_duration_ms=ms)
