"""The shape of all settings: one frozen struct per concern, so that each component gets its own slice.

Pure data: importing this reads no environment and no file. Durations are seconds unless named otherwise.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Seconds = Annotated[float, Meta(gt=0, le=86400)]
Count = Annotated[int, Meta(ge=1, le=100_000)]


class Secret:
    """A string that shows itself only when asked: its repr and str are masked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for a header and nothing else."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('***')" if self._value else "Secret('')"

    __str__ = __repr__


class SettingsModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all settings."""


class Profile(SettingsModel, frozen=True, kw_only=True):
    """What a listener offers. Empty: as in `speech` and `recognition`."""

    language: str = ""
    voice: str = ""
    vad: Literal["", "client", "server"] = ""  # who ends a command; empty: as in `recognition`


class Listener(SettingsModel, frozen=True, kw_only=True):
    """Where the Wyoming server listens: `tcp://host:port`, `unix://path` or `stdio://`."""

    uri: str
    profile: str = "default"


class Target(SettingsModel, frozen=True, kw_only=True):
    """One realtime endpoint with its credentials.

    `endpoint` is an Azure resource, a gateway in front of one (any path prefix), OpenAI's own host, or
    `http://` on loopback. `service` says whose it is, by a name of the providers; `auto`: told by the host.
    An empty `token_scope` is that of the service.
    """

    name: str = "default"
    endpoint: str = ""
    service: str = "auto"
    auth: Literal["key", "bearer", "entra"] = "key"
    key: Secret = Secret("")
    token_scope: str = ""
    api_version: str = ""
    realtime_deployment: str = "gpt-realtime"
    transcription_deployment: str = "gpt-realtime-whisper"
    transcription_model: str = ""
    # further deployments that hear, and the model of each; clients choose them by name
    also_transcribes: dict[str, str] = field(default_factory=dict)

    @property
    def transcribes_with(self) -> str:
        """The model behind the transcription deployment, which decides what may be asked of it."""
        return self.transcription_model or self.transcription_deployment


class ModelFacts(SettingsModel, frozen=True, kw_only=True):
    """What a transcription model accepts that the program does not know, or that has changed."""

    turn_detection: bool = False
    partials: Literal["none", "after_commit", "while_speaking"] = "none"
    prompt: bool = False
    keywords: bool = False
    plural_languages: bool = False
    retires: str = ""


class Recognition(SettingsModel, frozen=True, kw_only=True):
    """Speech to text. `max_names` limits `names` together with those of the request and the home."""

    language: str = "en"
    prompt: str = ""
    names: tuple[str, ...] = ()
    max_names: Annotated[int, Meta(ge=0, le=200)] = 50
    models: dict[str, ModelFacts] = field(default_factory=dict)
    noise_reduction: Literal["far_field", "near_field", "off"] = "far_field"
    max_seconds: Annotated[float, Meta(ge=1, le=600)] = 60.0
    # seconds of quiet after which what was said is recognised, though it may go on; 0: only at the end
    draft_after: Annotated[float, Meta(ge=0, le=10)] = 0.2
    # whether the client ends the turn; else this server does, `turn_end` says how
    requires_external_vad: bool = True
    turn_end: Literal["local", "server_vad", "semantic_vad"] = "local"
    turn_pause: Annotated[float, Meta(ge=0.1, le=10)] = 0.7
    shortest_turn: Annotated[float, Meta(ge=0, le=5)] = 0.15
    longest_turn: Annotated[float, Meta(ge=1, le=600)] = 15.0


class Speech(SettingsModel, frozen=True, kw_only=True):
    """Text to speech. `instructions` adds style (pace, tone, accent) to the rule to read word for word."""

    voice: str = "alloy"
    instructions: str = ""
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] = 1.0
    max_characters: Annotated[int, Meta(ge=100, le=1_000_000)] = 20_000
    # seconds of the newest audio that are held until it is sure that what follows is the text
    margin: Annotated[float, Meta(ge=0, le=10)] = 0.1
    # share of a long word's letters by which a transcript may differ in spelling
    tolerance: Annotated[float, Meta(ge=0, le=0.5)] = 0.2
    # voices that users have but no realtime model accepts, and what speaks instead
    substitutes: dict[str, str] = field(
        default_factory=lambda: {"fable": "ballad", "nova": "coral", "onyx": "ash"}
    )


class Deadlines(SettingsModel, frozen=True, kw_only=True):
    """How long each wait may take; none outlasts `request`, which counts from the end of the input."""

    request: Seconds = 30.0
    upgrade: Seconds = 10.0
    configuration: Seconds = 5.0
    first_audio: Seconds = 4.0
    between_audio: Seconds = 3.0
    transcript: Seconds = 4.0


class Budget(SettingsModel, frozen=True, kw_only=True):
    """What one command that is heard, or one segment of a text that is spoken, may cost.

    `requests`: transcriptions or responses that its content causes; `sessions`: sessions that it may use up;
    `audio_factor`: audio to or from the service, as a multiple of what was recorded or is to be spoken.
    Attempts that follow a fault of a connection are counted apart, and are limited too.
    """

    requests: Annotated[int, Meta(ge=1, le=100)] = 12
    sessions: Annotated[int, Meta(ge=1, le=100)] = 4
    audio_factor: Annotated[float, Meta(ge=1, le=100)] = 3.0


class Pool(SettingsModel, frozen=True, kw_only=True):
    """Warm sessions, in psycopg_pool's words; `min_size` for each kind, `max_size` for all together.

    `max_waiting` bounds the requests for whose session there is no room.
    """

    min_size: Annotated[int, Meta(ge=0, le=100)] = 1
    max_size: Annotated[int, Meta(ge=1, le=1000)] = 32
    max_waiting: Annotated[int, Meta(ge=1, le=10_000)] = 64
    timeout: Seconds = 10.0
    max_idle: Seconds = 600.0
    max_lifetime: Seconds = 3300.0


class Limits(SettingsModel, frozen=True, kw_only=True):
    """What Wyoming clients may cost. Bytes, connections, seconds."""

    max_header: Annotated[int, Meta(ge=1024, le=16 << 20)] = 64 << 10
    max_data: Annotated[int, Meta(ge=1024, le=16 << 20)] = 256 << 10
    max_payload: Annotated[int, Meta(ge=1024, le=16 << 20)] = 1 << 20
    # of events that are not complete yet or have to wait, of all connections together
    max_unfinished: Annotated[int, Meta(ge=1 << 20, le=1 << 30)] = 4 << 20
    max_connections: Count = 1024
    max_per_address: Count = 512
    idle: Seconds = 300.0
    write: Seconds = 30.0
    drain: Seconds = 30.0
    stop: Seconds = 5.0


class Http(SettingsModel, frozen=True, kw_only=True):
    """The HTTP API. `listen` is `host:port` or `off`; beyond loopback it needs `token` or `trusted_proxy`.

    `trusted_proxy` is the address of a proxy that knows its users: what comes from there needs no token.
    """

    listen: str = "127.0.0.1:5000"
    token: Secret = Secret("")
    trusted_proxy: str = ""
    max_body: Annotated[int, Meta(ge=1024, le=256 << 20)] = 16 << 20


class Zeroconf(SettingsModel, frozen=True, kw_only=True):
    """Announcing the Wyoming port. An empty name becomes one that is stable and unique per host."""

    enabled: bool = True
    name: str = ""


class HomeAssistant(SettingsModel, frozen=True, kw_only=True):
    """Where the names in the home come from: Home Assistant's address and a token of an administrator."""

    url: str = ""
    token: Secret = Secret("")
    refresh: Seconds = 600.0


class Embedded(SettingsModel, frozen=True, kw_only=True):
    """The embedded backend. `names` are words of the home that its recogniser should know."""

    names: tuple[str, ...] = ()
    workers: Annotated[int, Meta(ge=1, le=16)] = 1
    cache_dir: str = ""


class Log(SettingsModel, frozen=True, kw_only=True):
    """Logging. Neither level shows what people say."""

    debug: bool = False
    format: str = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class Settings(SettingsModel, frozen=True, kw_only=True):
    """Everything."""

    backend: Literal["auto", "azure", "embedded"] = "auto"
    # the embedded backend takes over while no target answers; it hears only if that is asked for as well
    fallback: Literal["none", "embedded"] = "none"
    fallback_hears: bool = False
    listeners: tuple[Listener, ...] = (Listener(uri="tcp://0.0.0.0:10300"),)
    profiles: dict[str, Profile] = field(default_factory=lambda: {"default": Profile()})
    # who may connect to the tcp listeners: networks, addresses, `local` (the home's) or `any`
    allowed_networks: tuple[str, ...] = ("local",)
    targets: tuple[Target, ...] = ()
    recognition: Recognition = Recognition()
    speech: Speech = Speech()
    deadlines: Deadlines = Deadlines()
    budget: Budget = Budget()
    pool: Pool = Pool()
    limits: Limits = Limits()
    http: Http = Http()
    zeroconf: Zeroconf = Zeroconf()
    home_assistant: HomeAssistant = HomeAssistant()
    embedded: Embedded = Embedded()
    log: Log = Log()
