"""What a realtime service is to this program: address, header, models, voices, languages, limits. Pure.

`Provider` is one service at one target; its subclasses are the services. Whatever depends on the service is
asked of the target's provider; no other code knows hosts, paths or headers.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.voices import LIKENESS, realtime_name
from wyoming_azure_realtime.realtime.dialects import Dialect
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model
from wyoming_azure_realtime.settings.addresses import is_loopback
from wyoming_azure_realtime.settings.model import Recognition, Target


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
    """`wss://…` at the endpoint; `ws://` on loopback only. Raises `SettingsError`.

    `copied`: paths of the service that people copy along with its host, the longest first. One of them at the
    endpoint's end is left out; what stands before it, such as a gateway's prefix, stays ahead of `path`.
    """
    parts = split(endpoint)
    shown = endpoint.partition("?")[0]
    scheme = {"https": "wss", "http": "ws"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise SettingsError(f"Endpoint '{shown}' is no https:// address.")
    if scheme == "ws" and not is_loopback(parts.hostname):
        raise SettingsError(f"Endpoint '{shown}' is http://, which is allowed on loopback only.")
    given = parts.path.rstrip("/")
    end = next((end for end in copied if given.endswith(end)), "")
    prefix = given.removesuffix(end).rstrip("/")
    return urlunsplit((scheme, parts.netloc, prefix + path, urlencode(query), ""))


_PLAIN = (
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi "
    "mk mr ms nb ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh"
)

_REGIONS = {
    "ar": "AE EG JO KW LB QA SA",
    "de": "AT CH DE",
    "en": "AU CA GB IE IN NZ SG US ZA",
    "es": "419 AR CL CO ES MX PE US",
    "fr": "BE CA CH FR",
    "it": "CH IT",
    "nl": "BE NL",
    "pt": "BR PT",
    "zh": "CN HK TW",
    "af": "ZA", "az": "AZ", "be": "BY", "bg": "BG", "bs": "BA", "ca": "ES", "cs": "CZ", "cy": "GB",
    "da": "DK", "el": "GR", "et": "EE", "fa": "IR", "fi": "FI", "gl": "ES", "he": "IL", "hi": "IN",
    "hr": "HR", "hu": "HU", "hy": "AM", "id": "ID", "is": "IS", "ja": "JP", "kk": "KZ", "kn": "IN",
    "ko": "KR", "lt": "LT", "lv": "LV", "mi": "NZ", "mk": "MK", "mr": "IN", "ms": "MY", "nb": "NO",
    "ne": "NP",
    "no": "NO", "pl": "PL", "ro": "RO", "ru": "RU", "sk": "SK", "sl": "SI", "sr": "RS", "sv": "SE",
    "sw": "KE", "ta": "IN", "th": "TH", "tl": "PH", "tr": "TR", "uk": "UA", "ur": "PK", "vi": "VN",
}  # fmt: skip

ALL = tuple(
    code
    for plain in _PLAIN.split()
    for code in (plain, *(f"{plain}-{region}" for region in _REGIONS.get(plain, "").split()))
)

ENGLISH = ("en", "en-US", "en-GB", "en-AU", "en-CA", "en-IE", "en-IN", "en-NZ", "en-ZA")


def matches(offered: str, requested: str) -> bool:
    """Whether a model or voice of language `offered` serves `requested`: the same language, any region."""
    return (
        offered.lower().replace("_", "-").split("-")[0] == requested.lower().replace("_", "-").split("-")[0]
    )


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
        """The deployments that transcribe at the target, its default first."""
        target = self.target
        default = Deployment(target.transcription_deployment, target.transcribes_with)
        return (default, *(Deployment(name, model) for name, model in target.also_transcribes.items()))

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

    # --- voices

    def understood_voice(self, asked: str) -> str:
        """The service's name for a voice as a client wrote it; not necessarily a voice that it has."""
        return realtime_name(asked)

    def voice_languages(self, voice: str) -> tuple[str, ...]:
        """The languages that a voice speaks."""
        return self.languages

    def nearest_voice(self, name: str) -> str:
        """`name` if the target has that voice, else the likest that it has, else its default voice."""
        requested = self.understood_voice(name)
        likest = (requested, *LIKENESS.get(requested, ()), self.default_voice)
        return next(voice for voice in likest if voice in self.voices)

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
        if not facts.name:
            yield (
                f"{what} is unknown, so it is asked for little, and names in the home are not sent. "
                "Say which it is (transcription_model, also_transcribes) or describe it "
                "(recognition.models)"
            )
        end = facts.ends or _end(provider.transcription_models, facts.name)
        yield from _ending(what, end, today, "gpt-realtime-whisper or gpt-live-transcribe")
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
