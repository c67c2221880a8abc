"""What a provider is: everything that the program knows of one service, for one target.

Pure: no sockets, no tokens, no clock. A service that comes next is one more subclass and its line in the
registry; where it speaks another wire format, a dialect as well.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from wyoming_azure_realtime.providers.address import websocket_url
from wyoming_azure_realtime.providers.languages import ALL
from wyoming_azure_realtime.providers.models import Deployment, ServiceModel
from wyoming_azure_realtime.providers.voices import LIKENESS, realtime_name
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.models import TranscriptionModel
from wyoming_azure_realtime.settings.model import Target


@dataclass(frozen=True)
class Provider(ABC):
    """One service at one target. Cheap, immutable, asked whenever something depends on the service."""

    target: Target

    # Its name in `targets[].service`, and the one that clients see as `backend`.
    service: ClassVar[str]
    backend: ClassVar[str]
    # Who is to be named for its models and voices, and where to read about it.
    label: ClassVar[str]
    documentation: ClassVar[str]

    # Paths that people copy along with the host, the longest first.
    copied_paths: ClassVar[tuple[str, ...]]
    # Scope of Entra ID tokens if the target names none, and the role that their owner needs.
    default_scope: ClassVar[str] = "https://cognitiveservices.azure.com/.default"
    role: ClassVar[str] = "Cognitive Services OpenAI User"
    # Whether the key is a bearer token, whatever the target says.
    key_is_bearer: ClassVar[bool] = False

    # The families of models that it has. `own_models`: what those accept that no other service has.
    transcription_models: ClassVar[tuple[ServiceModel, ...]]
    speech_models: ClassVar[tuple[ServiceModel, ...]]
    own_models: ClassVar[tuple[TranscriptionModel, ...]] = ()
    languages: ClassVar[tuple[str, ...]] = ALL
    default_voice: ClassVar[str] = "alloy"
    slowest: ClassVar[float] = 0.25
    fastest: ClassVar[float] = 1.5

    # The kind of session that hears; another one is tried where this is refused.
    transcribes_over: ClassVar[SessionKind] = "transcription"
    # Whether it reduces noise itself, so that clients should not.
    reduces_noise: ClassVar[bool] = True
    # Whether it speaks exactly what it is given, so that nothing has to be compared.
    exact: ClassVar[bool] = False
    # Sessions at a time, and new connections a minute; None: no limit is known.
    max_sessions: ClassVar[int | None] = None
    connections_per_minute: ClassVar[int | None] = None

    @classmethod
    def is_at(cls, host: str, path: str) -> bool:
        """Whether an endpoint can only be this service; `host` in small letters."""
        return False

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

    def query(self, kind: SessionKind) -> dict[str, str]:
        """The parameters of the upgrade request: GA names a transcription session's model in the session."""
        if kind == "transcription":
            return {"intent": "transcription"}
        return {"model": self.target.realtime_deployment}

    def upgrade_url(self, kind: SessionKind) -> str:
        """Where a session of this kind is opened. Raises `SettingsError` for an impossible address."""
        return websocket_url(self.target.endpoint, self.copied_paths, self.path, self.query(kind))

    @property
    def token_scope(self) -> str:
        """What Entra ID tokens are asked for."""
        return self.target.token_scope or self.default_scope

    def key_headers(self) -> dict[str, str]:
        """The target's key, as it stands, in the one header that carries it here."""
        key = self.target.key.reveal()
        if self.key_is_bearer or self.target.auth == "bearer":
            return {"Authorization": f"Bearer {key}"}
        return {"api-key": key}

    # --- models

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """What hears at the target, its default first."""
        target = self.target
        default = Deployment(target.transcription_deployment, target.transcribes_with)
        return (default, *(Deployment(name, model) for name, model in target.also_transcribes.items()))

    def deployment_like(self, wanted: Deployment) -> Deployment | None:
        """The one that hears as `wanted`, of whatever target, does; None if there is no such model here."""
        alike = [offered for offered in self.deployments if offered.model.lower() == wanted.model.lower()]
        namesakes = [offered for offered in alike if offered.name == wanted.name]
        return next(iter([*namesakes, *alike]), None)

    def known_models(self, described: tuple[TranscriptionModel, ...]) -> tuple[TranscriptionModel, ...]:
        """Models beyond the protocol's own: those that the settings describe, then those of this service."""
        return (*described, *self.own_models)

    def offered_as(self, deployment: Deployment) -> tuple[str, str]:
        """The name under which clients are offered what hears, and its description."""
        return deployment.model, deployment.model

    # --- voices

    def understood_voice(self, asked: str) -> str:
        """The service's name for the voice that somebody asks for; not necessarily one that it has."""
        return realtime_name(asked)

    def voice_languages(self, voice: str) -> tuple[str, ...]:
        """What a voice speaks."""
        return self.languages

    def nearest_voice(self, name: str) -> str:
        """`name` if the target has that voice, else the likest that it has, else its default voice."""
        wanted = self.understood_voice(name)
        likest = (wanted, *LIKENESS.get(wanted, ()), self.default_voice)
        return next(voice for voice in likest if voice in self.voices)

    def speed(self, wanted: float) -> float:
        """The nearest speed that a session accepts; 1 is normal."""
        return min(self.fastest, max(self.slowest, wanted))
