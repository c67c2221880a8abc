"""What the doors talk to: it makes one object per request and holds nothing of it."""

import asyncio
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from msgspec.structs import replace

from wyoming_azure_realtime.errors import SpeechServiceError, UnknownVoice
from wyoming_azure_realtime.observe import Observer, RequestRefused, TurnKind
from wyoming_azure_realtime.providers.base import Deployment, described_models
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.session_config import Hints, SpeechConfig, TranscriptionConfig
from wyoming_azure_realtime.settings.model import Profile, Settings, Target
from wyoming_azure_realtime.speech.bias import expected_names
from wyoming_azure_realtime.speech.catalog import Catalog, Voice
from wyoming_azure_realtime.speech.endpointing import endpointing_rules
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.segment_synthesis import SynthesisContext
from wyoming_azure_realtime.speech.synthesis import Synthesis
from wyoming_azure_realtime.speech.transcription_pass import RecognitionContext
from wyoming_azure_realtime.speech.utterance import Utterance
from wyoming_azure_realtime.text.pieces import Piece, Pieces
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.engine import TurnEngine, keep_probing
from wyoming_azure_realtime.turns.record import TurnRecorder


class SpeechService:
    """Recognition and synthesis over the process's sessions, with one profile's defaults.

    `asr` and `tts` are the backends for each; `engine` is shared by all profiles; `home_names` is asked at
    every recognition.
    """

    def __init__(
        self,
        catalog: Catalog,
        engine: TurnEngine,
        asr: Backends,
        tts: Backends,
        settings: Settings,
        observer: Observer,
        home_names: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.catalog = catalog
        self.home_names = home_names
        self.mismatches: Counter[str] = Counter()
        self._engine = engine
        self._asr = asr
        self._tts = tts
        self._settings = settings
        self._observer = observer
        self._known = described_models(settings.recognition)

    def for_profile(self, profile: Profile) -> "SpeechService":
        """The same sessions and counts with the profile's defaults."""
        service = copy.copy(self)
        service.catalog = self.catalog.for_profile(profile)
        if profile.vad:
            recognition = replace(self._settings.recognition, requires_external_vad=profile.vad == "client")
            service._settings = replace(self._settings, recognition=recognition)  # noqa: SLF001 - our own copy
        return service

    def warm(self) -> None:
        """Have sessions ready for the recogniser and the default voice from now on; returns at once."""
        if self.catalog.models:
            self._engine.sessions.warm(self._transcription(self._asr.first), always=True)
        self._engine.sessions.warm(self._default_speech(self._tts.first), always=True)

    async def keep_probing(self) -> None:
        """Until cancelled: look from time to time whether targets that failed are back."""
        async with asyncio.TaskGroup() as probes:
            probes.create_task(keep_probing(self._asr, self._engine.sessions, self._transcription))
            probes.create_task(keep_probing(self._tts, self._engine.sessions, self._default_speech))

    def backend_states(self) -> dict[str, dict[str, str]]:
        """Every target's state in a word, for hearing and for speaking."""
        return {"hearing": self._asr.states(), "speaking": self._tts.states()}

    def recognize(self, request: RecognitionRequest) -> Utterance:
        """An utterance, to be entered. Raises `UnknownModel`, `UnknownLanguage`."""
        language = request.language or self.catalog.default_language
        with self._refusals(request.door, "recognition"):
            model = self.catalog.model(request.model, language)
        requested = model.deployment if request.model else None
        recognition = self._settings.recognition
        detects = self._transcription(self._asr.first, requested).accepts.turn_detection
        rules = endpointing_rules(recognition, request.vad_sensitivity, model_detects=detects)
        context = RecognitionContext(
            self._engine,
            self._asr,
            lambda target: self._transcription(target, requested),
            Hints(language, recognition.prompt, self._names(request), rules.detection),
            self._settings.deadlines,
            self._settings.budget,
            TurnRecorder(
                self._observer, "recognition", request.door, model.name, request.client, language=language
            ),
        )
        return Utterance(context, rules, max_seconds=recognition.max_seconds)

    def synthesize(self, request: SynthesisRequest) -> Synthesis:
        """A synthesis, to be entered. Raises `UnknownVoice`, `InvalidRequest`."""
        language = request.language or self.catalog.default_language
        with self._refusals(request.door, "synthesis"):
            voice = self.catalog.voice(request.voice, request.language, request.speaker)
            pieces = Pieces(language=language, text_format=request.text_format)
        model = self._tts.first.realtime_deployment
        context = SynthesisContext(
            self._engine,
            self._tts,
            lambda target, piece: self._speech(target, self._voice_of(piece, voice), piece.rate),
            self._settings.speech,
            language,
            self._settings.deadlines,
            self._settings.budget,
            self.mismatches,
            TurnRecorder(
                self._observer,
                "synthesis",
                request.door,
                model,
                request.client,
                voice=voice.name,
                language=request.language,
            ),
        )
        return Synthesis(context, voice, pieces)

    @contextmanager
    def _refusals(self, door: str, kind: TurnKind) -> Iterator[None]:
        """Report what refuses a request before there is a turn."""
        try:
            yield
        except SpeechServiceError as error:
            self._observer.report(RequestRefused(door, kind, error))
            raise

    def _voice_of(self, piece: Piece, voice: Voice) -> str:
        """SSML may name another voice; one that nobody knows is not worth an error in mid-speech."""
        with suppress(UnknownVoice):
            return self.catalog.voice(piece.voice).realtime_name if piece.voice else voice.realtime_name
        return voice.realtime_name

    def _names(self, request: RecognitionRequest) -> tuple[str, ...]:
        requested, configured = (*request.names, *request.terms), self._settings.recognition
        return expected_names(requested, configured.names, self.home_names(), most=configured.max_names)

    def _transcription(self, target: Target, requested: Deployment | None = None) -> TranscriptionConfig:
        """What hears there: a deployment like the one that was asked for, else the target's own."""
        provider = provider_of(target)
        own = provider.deployments[0]
        deployment = provider.deployment_like(requested) if requested else own
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
            noise_reduction=self._settings.recognition.noise_reduction,
            known=provider.known_models(self._known),
        )

    def _default_speech(self, target: Target) -> SpeechConfig:
        return self._speech(target, self.catalog.voice().realtime_name)

    def _speech(self, target: Target, voice: str, rate: float = 1.0) -> SpeechConfig:
        """What speaks there: the voice that was asked for, or the likest that the target has."""
        provider = provider_of(target)
        nearest = provider.nearest_voice(voice)
        if nearest != voice:
            self._observer.warn_once(
                f"voice {voice} of {target.name}",
                f"Target '{target.name}' has no voice '{voice}': '{nearest}' speaks",
            )
        return SpeechConfig(
            target=target.name,
            deployment=target.realtime_deployment,
            voice=nearest,
            speed=provider.speed(self._settings.speech.speed * rate),
        )
