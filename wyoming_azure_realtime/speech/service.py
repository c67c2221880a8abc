"""What the doors talk to: it makes one object per request and holds nothing of it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress

from msgspec.structs import replace

from wyoming_azure_realtime.errors import UnknownVoice
from wyoming_azure_realtime.providers.models import Deployment, described_models
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.session_config import Hints, SpeechConfig, TranscriptionConfig
from wyoming_azure_realtime.settings.model import Profile, Settings, Target
from wyoming_azure_realtime.speech.bias import expected_names
from wyoming_azure_realtime.speech.catalog import Catalog, Voice
from wyoming_azure_realtime.speech.probe import keep_probing
from wyoming_azure_realtime.speech.rendition import Speaker
from wyoming_azure_realtime.speech.requests import RecognitionRequest, SynthesisRequest
from wyoming_azure_realtime.speech.sessions import Sessions
from wyoming_azure_realtime.speech.synthesis import Synthesis
from wyoming_azure_realtime.speech.take import Recogniser
from wyoming_azure_realtime.speech.targets import Targets
from wyoming_azure_realtime.speech.turn_log import OnTurn, TurnLog
from wyoming_azure_realtime.speech.turn_rules import turn_rules
from wyoming_azure_realtime.speech.utterance import Utterance
from wyoming_azure_realtime.text.pieces import Piece, Pieces

_LOGGER = logging.getLogger(__name__)


class SpeechService:
    """Recognition and synthesis over the process's sessions, with one profile's defaults.

    `hearing` and `speaking` are the targets for each; `sessions` is shared by all profiles; `on_turn` is
    called once per turn, whatever its end; `home_names` is asked at every recognition.
    """

    def __init__(
        self,
        catalog: Catalog,
        sessions: Sessions,
        hearing: Targets,
        speaking: Targets,
        settings: Settings,
        on_turn: OnTurn,
        home_names: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.catalog = catalog
        self._sessions = sessions
        self._hearing = hearing
        self._speaking = speaking
        self._settings = settings
        self._on_turn = on_turn
        self.drifts: Counter[str] = Counter()
        self.home_names = home_names
        self._known = described_models(settings.recognition)
        self._told: set[str] = set()

    def for_profile(self, profile: Profile) -> "SpeechService":
        """The same sessions with the profile's defaults."""
        settings = self._settings
        if profile.vad:
            recognition = replace(settings.recognition, requires_external_vad=profile.vad == "external")
            settings = replace(settings, recognition=recognition)
        catalog = self.catalog.for_profile(profile)
        service = SpeechService(
            catalog,
            self._sessions,
            self._hearing,
            self._speaking,
            settings,
            self._on_turn,
            self.home_names,
        )
        service.drifts = self.drifts
        return service

    def warm(self) -> None:
        """Have sessions ready for the recogniser and the default voice from now on; returns at once."""
        if self.catalog.models:
            self._sessions.warm(self._transcription(self._hearing.first), always=True)
        self._sessions.warm(self._default_speech(self._speaking.first), always=True)

    async def keep_probing(self) -> None:
        """Until cancelled: look from time to time whether targets that failed are back."""
        async with asyncio.TaskGroup() as probes:
            probes.create_task(keep_probing(self._hearing, self._sessions, self._transcription))
            probes.create_task(keep_probing(self._speaking, self._sessions, self._default_speech))

    def standings(self) -> dict[str, dict[str, str]]:
        """Every target's state in a word, for hearing and for speaking."""
        return {"hearing": self._hearing.standings(), "speaking": self._speaking.standings()}

    def recognize(self, request: RecognitionRequest) -> Utterance:
        """An utterance, to be entered. Raises `UnknownModel`, `UnknownLanguage`."""
        language = request.language or self.catalog.default_language
        model = self.catalog.model(request.model, language)
        wanted = model.deployment if request.model else None
        recognition = self._settings.recognition
        detects = self._transcription(self._hearing.first, wanted).accepts.turn_detection
        rules = turn_rules(recognition, request.vad_sensitivity, model_detects=detects)
        recogniser = Recogniser(
            self._sessions,
            self._hearing,
            lambda target: self._transcription(target, wanted),
            Hints(language, recognition.prompt, self._names(request), rules.detection),
            self._settings.deadlines,
            TurnLog("recognition", request.door, model.name, language=language),
        )
        return Utterance(
            recogniser,
            rules,
            max_seconds=recognition.max_seconds,
            on_turn=self._on_turn,
        )

    def synthesize(self, request: SynthesisRequest) -> Synthesis:
        """A synthesis, to be entered. Raises `UnknownVoice`."""
        voice = self.catalog.voice(request.voice, request.language, request.speaker)
        speech = self._settings.speech
        language = request.language or self.catalog.default_language
        log = TurnLog(
            "synthesis",
            request.door,
            self._speaking.first.realtime_deployment,
            voice=voice.name,
            language=request.language,
        )
        speaker = Speaker(
            self._sessions,
            self._speaking,
            lambda target, piece: self._speech(target, self._voice_of(piece, voice), piece.rate),
            speech,
            language,
            self._settings.deadlines,
            self.drifts,
            log,
        )
        pieces = Pieces(language=language, text_format=request.text_format)
        return Synthesis(speaker, voice, pieces, on_turn=self._on_turn)

    def _voice_of(self, piece: Piece, voice: Voice) -> str:
        """SSML may name another voice; one that nobody knows is not worth an error in mid-speech."""
        with suppress(UnknownVoice):
            return self.catalog.voice(piece.voice).realtime_name if piece.voice else voice.realtime_name
        return voice.realtime_name

    def _names(self, request: RecognitionRequest) -> tuple[str, ...]:
        told, ours = (*request.names, *request.terms), self._settings.recognition
        return expected_names(told, ours.names, self.home_names(), most=ours.max_names)

    def _transcription(self, target: Target, wanted: Deployment | None = None) -> TranscriptionConfig:
        """What hears there: a deployment like the one that was asked for, else the target's own."""
        provider = provider_of(target)
        own = provider.deployments[0]
        heard_by = provider.deployment_like(wanted) if wanted else own
        if heard_by is None:  # another model's text is better than none
            heard_by = own
            self._tell_once(
                f"Target '{target.name}' has no model like the one asked for: '{own.model}' hears"
            )
        return TranscriptionConfig(
            target=target.name,
            deployment=heard_by.name,
            model=heard_by.model,
            noise_reduction=self._settings.recognition.noise_reduction,
            known=provider.known_models(self._known),
        )

    def _tell_once(self, told: str) -> None:
        if told not in self._told:
            self._told.add(told)
            _LOGGER.info("%s", told)

    def _default_speech(self, target: Target) -> SpeechConfig:
        return self._speech(target, self.catalog.voice().realtime_name)

    def _speech(self, target: Target, voice: str, rate: float = 1.0) -> SpeechConfig:
        """What speaks there: the voice that was asked for, or the likest that the target has."""
        provider = provider_of(target)
        spoken_by = provider.nearest_voice(voice)
        if spoken_by != voice:
            self._tell_once(f"Target '{target.name}' has no voice '{voice}': '{spoken_by}' speaks")
        return SpeechConfig(
            target=target.name,
            deployment=target.realtime_deployment,
            voice=spoken_by,
            speed=provider.speed(self._settings.speech.speed * rate),
        )
