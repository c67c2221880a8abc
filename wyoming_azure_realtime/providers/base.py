"""What a realtime service is to this program: address, header, models, voices, languages, limits. Pure.

`Provider` is one service at one target; its subclasses are the services. Whatever depends on the service is
asked of the target's provider; no other code knows hosts, paths or headers.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import ClassVar
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from msgspec.structs import replace as replace_fields

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.languages import (
    ALL,
    IN_TRADITIONAL_CHINESE,
    in_traditional_chinese,
    language_of,
    openai_code,
)
from wyoming_azure_realtime.providers.voices import LIKENESS, VENDORS_VOICES, realtime_name
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model
from wyoming_azure_realtime.realtime.session_config import AzureVoiceConfig, Hints
from wyoming_azure_realtime.settings.addresses import is_private
from wyoming_azure_realtime.settings.model import Recognition, Speech, Target


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """A family of models at one service. `ends`: from this date on its last version is refused."""

    name: str
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that transcribes: its name at the service and the model behind it."""

    name: str
    model: str


def described_models(recognition: Recognition) -> tuple[TranscriptionModel, ...]:
    """The models that the settings describe (`recognition.models`)."""
    return tuple(
        TranscriptionModel(
            name,
            turn_detection=facts.turn_detection,
            partials=facts.partials,
            prompt=facts.prompt,
            plural_languages=facts.plural_languages,
            keywords=facts.keywords,
            ends=date.fromisoformat(facts.retires) if facts.retires else None,
        )
        for name, facts in recognition.models.items()
    )


def split(endpoint: str) -> SplitResult:
    """The parts of an endpoint. Raises `SettingsError`, which repeats no part that may be a secret."""
    if "@" in endpoint:
        raise SettingsError("The endpoint must not contain a user name or a password.")
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise SettingsError(f"The endpoint is no valid address ({error}).") from error
    return parts


def websocket_url(endpoint: str, copied: Sequence[str], path: str, query: Mapping[str, str]) -> str:
    """`wss://…` at the endpoint; `ws://` on loopback and at home only. Raises `SettingsError`.

    `copied`: paths of the service that people copy along with its host, the longest first. One of them at the
    endpoint's end is left out; what stands before it, such as a gateway's prefix, stays ahead of `path`.
    """
    parts = split(endpoint)
    shown = endpoint.partition("?")[0]
    scheme = {"https": "wss", "http": "ws", "wss": "wss", "ws": "ws"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise SettingsError(f"Endpoint '{shown}' is no https:// address.")
    if scheme == "ws" and not is_private(parts.hostname):
        raise SettingsError(
            f"Endpoint '{shown}' is {parts.scheme}://, which is allowed on this machine and at home only."
        )
    given = parts.path.rstrip("/")
    end = next((end for end in copied if given.endswith(end)), "")
    prefix = given.removesuffix(end).rstrip("/")
    return urlunsplit((scheme, parts.netloc, prefix + path, urlencode(query), ""))


@dataclass(frozen=True)
class Provider(ABC):
    """One service at one target. Cheap to make and immutable: ask `provider_of(target)` whenever needed."""

    target: Target

    # Its name in `targets[].service`, and the one that clients see as `backend`.
    service: ClassVar[str]
    backend: ClassVar[str]
    # Who is to be named for its models and voices, and where to read about it.
    label: ClassVar[str]
    documentation: ClassVar[str]

    # Hosts that are nobody else's; they have regions.
    hosts: ClassVar[tuple[str, ...]] = ()
    # Paths that people copy along with the host, the longest first.
    copied_paths: ClassVar[tuple[str, ...]]
    # A path that no other service has.
    only_path: ClassVar[str] = ""
    # Scope of Entra ID tokens if the target names none, and the role that their owner needs.
    default_scope: ClassVar[str] = "https://cognitiveservices.azure.com/.default"
    role: ClassVar[str] = "Cognitive Services OpenAI User"
    # Whether the key is a bearer token, whatever the target says; whether there must be one.
    key_is_bearer: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True

    # The families of models that it has. `own_models`: what those accept that no other service has.
    transcription_models: ClassVar[tuple[ServiceModel, ...]]
    speech_models: ClassVar[tuple[ServiceModel, ...]]
    own_models: ClassVar[tuple[TranscriptionModel, ...]] = ()
    languages: ClassVar[tuple[str, ...]] = ALL
    default_voice: ClassVar[str] = "alloy"
    # The models of a target that names none.
    default_speech_model: ClassVar[str] = "gpt-realtime"
    default_transcription_model: ClassVar[str] = "gpt-realtime-whisper"
    slowest: ClassVar[float] = 0.25
    fastest: ClassVar[float] = 1.5

    # The kind of session that hears; another one is tried where this is refused.
    transcribes_over: ClassVar[SessionKind] = "transcription"
    # Writes down what is said in conversations where no model of the target's can; empty: the target's own.
    turn_transcriber: ClassVar[str] = ""
    # What the names of models begin with that hear in transcription sessions alone.
    not_in_conversations: ClassVar[tuple[str, ...]] = ()
    # Whether it reduces noise itself, so that clients should not.
    reduces_noise: ClassVar[bool] = True
    # Rates of audio, in Hz, that it takes. Whether it can leave out what it says itself from what it hears.
    input_rates: ClassVar[tuple[int, ...]] = (24000,)
    cancels_echo: ClassVar[bool] = False
    # Whether it speaks exactly what it is given, so that nothing has to be compared.
    exact: ClassVar[bool] = False
    # Whether a text goes to it as a finished message, which no model gets to answer.
    pre_generated: ClassVar[bool] = False
    # Whether it answers requests in writing beside the session's conversation, with tools.
    answers: ClassVar[bool] = True
    # Whether its voices have styles, pitch and volume.
    has_manners: ClassVar[bool] = False
    # Sessions at a time, and new connections a minute; None: no limit is known.
    max_sessions: ClassVar[int | None] = None
    connections_per_minute: ClassVar[int | None] = None

    @classmethod
    def is_at(cls, host: str, path: str) -> bool:
        """Whether an endpoint can only be this service; `host` in small letters."""
        by_host = any(host == own or host.endswith(f".{own}") for own in cls.hosts)
        return by_host or (cls.only_path != "" and cls.only_path in path)

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """The wire format. Raises `SettingsError` for an API version that the service does not have."""

    @property
    @abstractmethod
    def path(self) -> str:
        """The path of the upgrade request."""

    @property
    @abstractmethod
    def voices(self) -> tuple[str, ...]:
        """The voices that a session of this target accepts."""

    @property
    def default_models(self) -> dict[str, str]:
        """The models of a target that names none, by the fields of the settings."""
        return {
            "realtime_deployment": self.default_speech_model,
            "transcription_deployment": self.default_transcription_model,
        }

    def check(self) -> None:  # noqa: B027 - most have nothing to check
        """Raise `SettingsError` for what the target names and the service cannot combine."""

    @property
    def other_service(self) -> str:
        """Which service may be meant instead, where this one refuses; empty if no other is at the host."""
        return ""

    @property
    def speaks_exactly(self) -> bool:
        """Whether what it speaks need not be compared, by the service or by the settings."""
        return self.exact or self.target.exact

    @property
    def most_connections(self) -> int | None:
        """New connections a minute that the target may get, by the settings or by the service."""
        return self.target.connections_per_minute or self.connections_per_minute

    def input_rate(self, source: int) -> int:
        """The rate, in Hz, in which audio of the rate `source` is sent: its own, if that is taken."""
        return source if source in self.input_rates else 24000

    def noise_reduction(self, wanted: str) -> str:
        """What the service calls the noise reduction that the settings ask for."""
        return wanted

    def query(self, kind: SessionKind) -> dict[str, str]:
        """The parameters of the upgrade request: GA names a transcription session's model in the session."""
        if kind == "transcription":
            return {"intent": "transcription"}
        return {"model": self.target.realtime_deployment}

    def upgrade_url(self, kind: SessionKind) -> str:
        """Where a session of this kind is opened. Raises `SettingsError` for an impossible address."""
        path = self.target.path or self.path
        copied = (path, *self.copied_paths)
        return websocket_url(self.target.endpoint, copied, path, self.query(kind))

    @property
    def most_sessions(self) -> int | None:
        """Sessions at a time, by the settings or as the service is known for; None: no limit is known."""
        return self.target.max_sessions or self.max_sessions

    def speaking_with(self, deployment: str) -> "Provider":
        """The same, where another deployment of the target speaks."""
        if deployment == self.target.realtime_deployment:
            return self
        return replace(self, target=replace_fields(self.target, realtime_deployment=deployment))

    @property
    def token_scope(self) -> str:
        """What Entra ID tokens are asked for."""
        return self.target.token_scope or self.default_scope

    def key_headers(self) -> dict[str, str]:
        """The target's key, as it stands, in the one header that carries it here."""
        key = self.target.key.reveal()
        if not key and not self.needs_key:
            return {}
        if self.key_is_bearer or self.target.auth == "bearer":
            return {"Authorization": f"Bearer {key}"}
        return {"api-key": key}

    # --- models

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """The deployments that transcribe at the target, its default first."""
        target = self.target
        default = Deployment(target.transcription_deployment, target.transcribes_with)
        return (default, *(Deployment(name, model) for name, model in target.also_transcribes.items()))

    def transcribes_turns(
        self, wanted: str, described: tuple[TranscriptionModel, ...], *, detects: bool
    ) -> Deployment:
        """What writes down what is said in a conversation: `wanted`, else one that can (with detection)."""
        if wanted:
            return next((one for one in self.deployments if one.name == wanted), Deployment(wanted, wanted))
        known = self.known_models(described)
        fit = [
            one
            for one in self.deployments
            if not one.model.lower().startswith(self.not_in_conversations)
            and (not detects or transcription_model(one.model, known).turn_detection)
        ]
        fallback = self.turn_transcriber
        return (fit or [Deployment(fallback, fallback) if fallback else self.deployments[0]])[0]

    def deployment_like(self, requested: Deployment) -> Deployment | None:
        """The deployment with the model of `requested` (of any target); None if there is none here."""
        model = requested.model.lower()
        alike = [offered for offered in self.deployments if offered.model.lower() == model]
        namesakes = [offered for offered in alike if offered.name == requested.name]
        return next(iter([*namesakes, *alike]), None)

    def known_models(self, described: tuple[TranscriptionModel, ...]) -> tuple[TranscriptionModel, ...]:
        """Models beyond the protocol's own: those that the settings describe, then those of this service."""
        return (*described, *self.own_models)

    def offered_as(self, deployment: Deployment) -> tuple[str, str]:
        """Name and description under which clients are offered this deployment."""
        return deployment.model, deployment.model

    # --- languages

    @property
    def all_languages(self) -> tuple[str, ...]:
        """Those that it has, with whatever model."""
        return self.languages

    def model_languages(self, model: TranscriptionModel) -> tuple[str, ...]:
        """The languages that are offered of what it has: those that the model takes."""
        return tuple(tag for tag in self.languages if language_of(tag) not in model.lacks)

    def hints(self, asked: Hints, model: TranscriptionModel) -> Hints:
        """What the model takes of what is asked for, with its BCP 47 tag in the words of the service."""
        regional = model.plural_languages
        prompt = asked.prompt
        if not (regional or prompt) and model.prompt_holds_names and in_traditional_chinese(asked.language):
            prompt = IN_TRADITIONAL_CHINESE
        language, *also = (openai_code(tag, regional=regional) for tag in (asked.language, *asked.also))
        return replace(asked, language=language, also=tuple(also), prompt=prompt).taken_by(model)

    # --- voices

    @property
    def own_voices(self) -> tuple[str, ...]:
        """The voices that the target has in place of the vendors', if any."""
        return self.target.voices

    def understood_voice(self, asked: str) -> str:
        """The service's name for a voice as a client wrote it; not necessarily a voice that it has.

        Where the target has voices of its own, the first of them speaks for those of the vendors.
        """
        own = self.own_voices
        for voice in own:
            if voice.lower() == asked.lower():
                return voice
        name = realtime_name(asked)
        return own[0] if own and name in VENDORS_VOICES else name

    def understands(self, asked: str) -> bool:
        """Whether a client may ask for this voice."""
        return self.understood_voice(asked) in self.voices

    def has_voice(self, name: str) -> bool:
        """Whether a session may be asked for it."""
        return name in self.voices

    def offered_voices(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """The voices that clients are shown where these languages are spoken."""
        return self.voices

    def voice_languages(self, voice: str) -> tuple[str, ...]:
        """The languages that a voice speaks."""
        return self.languages

    def voice_description(self, voice: str) -> str:
        """What clients show of a voice."""
        return voice.capitalize()

    def azure_voice(self, voice: str, speech: Speech) -> AzureVoiceConfig | None:
        """What a session must be told of a voice beside its name, if anything."""
        return None

    def nearest_voice(self, name: str) -> str:
        """`name` if the target has that voice, else the likest that it has, else its default voice."""
        requested = self.understood_voice(name)
        likest = (requested, *LIKENESS.get(requested, ()), self.default_voice)
        return next((voice for voice in likest if voice in self.voices), self.voices[0])

    def speed(self, requested: float) -> float:
        """The nearest speed that a session accepts; 1 is normal."""
        return min(self.fastest, max(self.slowest, requested))


SOON = timedelta(days=60)
"""How long before a model's end every start warns of it."""


def model_warnings(
    provider: Provider, described: tuple[TranscriptionModel, ...], today: date
) -> Iterator[str]:
    """One sentence each. `described`: models that the settings describe; their ends count before others."""
    target = provider.target
    for deployment in provider.deployments:
        facts = transcription_model(deployment.model, provider.known_models(described))
        what = f"Target '{target.name}': the transcription model '{deployment.model}'"
        if not facts.name and not provider.own_models:
            yield (
                f"{what} is unknown, so it is asked for little, and names in the home are not sent. "
                "Say which it is (transcription_model, also_transcribes) or describe it "
                "(recognition.models)"
            )
        end = facts.ends or _end(provider.transcription_models, facts.name)
        yield from _ending(what, end, today, "gpt-transcribe, gpt-realtime-whisper or gpt-live-transcribe")
    speaks = target.realtime_deployment.lower()  # a deployment that is called otherwise may be any model
    what = f"Target '{target.name}': the model '{speaks}'"
    end = _end(provider.speech_models, speaks)
    yield from _ending(what, end, today, "gpt-realtime-2.1 or gpt-realtime-2.1-mini")


def _end(models: Iterable[ServiceModel], name: str) -> date | None:
    return next((model.ends for model in models if model.name == name), None)


def _ending(what: str, end: date | None, today: date, instead: str) -> Iterator[str]:
    if end is None or end - today > SOON:
        return
    when = f"{'was' if end <= today else 'is'} to be retired on {end}, as far as known in November 2026"
    yield f"{what} {when}. Deploy another, such as {instead}"
