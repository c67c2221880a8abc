"""The model of all settings: a section, which is a frozen struct, for each component.

The one place (with `service`, `speech` and `operation`) where a setting is declared: type, bounds (`Meta`)
and default, and in a `Setting` its help, flag and variables. After a change here, `python -m
tests.settings.reference` writes the samples in config/ and docs/settings.md again. Pure data: importing it
reads no environment and no file. Durations are in seconds.
"""

from functools import cache
from typing import Annotated, Literal

from msgspec import Meta, field

from wyoming_azure_realtime.settings.declaration import (
    PREFIX,
    TOKEN,
    Option,
    OtherForm,
    Secret,
    Setting,
    SettingsModel,
    options,
    read_azure_or_embedded,
    read_switch_or_name,
    read_uris,
)
from wyoming_azure_realtime.settings.operation import Cost, History, Log, ModelPrice
from wyoming_azure_realtime.settings.service import Embedded, ModelFacts, Recognition, Target
from wyoming_azure_realtime.settings.speech import Fallback, HomeConversation, Speech, Talk

# fmt: off
__all__ = [
    "CONFIG", "Budget", "Cost", "Deadlines", "Embedded", "Fallback", "History", "HomeAssistant",
    "HomeConversation", "Http",
    "Limits", "Listener", "Log", "ModelFacts", "ModelPrice", "Pool", "Profile", "Recognition", "Secret",
    "Settings", "SettingsModel", "Speech", "Talk", "Target", "Zeroconf", "all_options",
]
# fmt: on

Seconds = Annotated[float, Meta(gt=0, le=86400)]
Bytes = Annotated[int, Meta(ge=1024, le=16 << 20)]
Count = Annotated[int, Meta(ge=1, le=100_000)]


class Profile(SettingsModel, frozen=True, kw_only=True):
    """What a listener offers. What is empty is as in `recognition` and `speech`."""

    language: Annotated[str, Setting("Language; empty: `recognition.language` and `speech.language`.")] = ""
    voice: Annotated[str, Setting("Voice that speaks when none is asked for; empty: `speech.voice`.")] = ""
    vad: Annotated[
        Literal["", "client", "server"],
        Setting("Who finds the end of a command; empty: as in `recognition.requires_external_vad`."),
    ] = ""


class Listener(SettingsModel, frozen=True, kw_only=True):
    """An address at which Wyoming clients connect."""

    uri: Annotated[str, Setting("Address to listen on.", allowed="tcp://HOST:PORT, unix://PATH or stdio://")]
    profile: Annotated[str, Setting("Which of the `profiles` counts there.")] = "default"


class Deadlines(SettingsModel, frozen=True, kw_only=True):
    """How long each wait may take, in seconds.

    None lasts longer than `request`, which counts from the end of the input.
    """

    request: Annotated[
        Seconds,
        Setting(
            "Seconds from the end of the input to the end of the answer.",
            cost="If it is longer, a request that fails is tried again more often, up to the `budget`.",
        ),
    ] = 30.0
    upgrade: Annotated[Seconds, Setting("Seconds to connect to the service.")] = 10.0
    configuration: Annotated[Seconds, Setting("Seconds until a new session is configured.")] = 5.0
    first_audio: Annotated[
        Seconds,
        Setting(
            "Seconds until the first audio of a spoken text.",
            "After that the text is asked for again, on another session.",
            cost="If it is too short, answers that were only slow are asked for, and billed, once more.",
        ),
    ] = 4.0
    between_audio: Annotated[Seconds, Setting("Seconds between two pieces of the audio.")] = 3.0
    transcript: Annotated[
        Seconds,
        Setting(
            "Seconds from the end of the audio to its transcript.",
            "After that the audio is sent again, on another session.",
            cost="If it is too short, transcripts that were only slow are asked for, and billed, once more.",
        ),
    ] = 4.0


class Budget(SettingsModel, frozen=True, kw_only=True):
    """The most that one command, or one piece of a spoken text, may cost, whatever the service answers.

    Attempts that follow a fault of a connection are counted separately, and are limited too.
    """

    requests: Annotated[
        int,
        Meta(ge=1, le=100),
        Setting(
            "Requests at most that one command, or one piece of a text, may cause.",
            cost="Every transcription and every attempt to speak is billed.",
        ),
    ] = 12
    sessions: Annotated[
        int,
        Meta(ge=1, le=100),
        Setting("Sessions at most that one of them may use up, besides those that break."),
    ] = 4
    audio_factor: Annotated[
        float,
        Meta(ge=1, le=100),
        Setting(
            "Audio to or from the service at most, as a multiple of what was recorded or is to be spoken.",
            cost="Audio is what the service bills.",
        ),
    ] = 3.0


class Pool(SettingsModel, frozen=True, kw_only=True):
    """Open sessions with the service that wait for the next request.

    There are two kinds, one for recognition and one for speech.
    """

    min_size: Annotated[
        int,
        Meta(ge=0, le=100),
        Setting(
            "Sessions of each kind that are kept open.",
            cost="The service bills audio and text, so we expect that sessions which wait cost nothing.",
        ),
    ] = 1
    max_size: Annotated[
        int,
        Meta(ge=1, le=1000),
        Setting(
            "Sessions at most, of both kinds together.",
            "From 4 on, a quarter of them is kept for recognition and another quarter for speech.",
            cost="It limits how many requests run, and are billed, at the same time.",
        ),
    ] = 32
    max_waiting: Annotated[
        int, Meta(ge=1, le=10_000), Setting("Requests at most that wait until a session becomes free.")
    ] = 64
    timeout: Annotated[Seconds, Setting("Seconds that a request waits for a session.")] = 10.0
    max_idle: Annotated[
        Seconds, Setting("Seconds that an unused session stays open, beyond those of `min_size`.")
    ] = 600.0
    max_lifetime: Annotated[
        Seconds,
        Setting("Seconds after which a session is replaced; the service limits it to an hour at most."),
    ] = 3300.0


class Limits(SettingsModel, frozen=True, kw_only=True):
    """What clients may use: bytes, connections and seconds."""

    max_header: Annotated[Bytes, Setting("Longest header line of a Wyoming event, in bytes.")] = 64 << 10
    max_data: Annotated[Bytes, Setting("Longest data of a Wyoming event, in bytes.")] = 256 << 10
    max_payload: Annotated[Bytes, Setting("Longest payload of a Wyoming event, in bytes.")] = 1 << 20
    max_unfinished: Annotated[
        int,
        Meta(ge=1 << 20, le=1 << 30),
        Setting("Bytes that incomplete and waiting events of all connections may hold together."),
    ] = 4 << 20
    memory: Annotated[
        int,
        Meta(ge=16 << 20, le=1 << 40),
        Setting(
            "Bytes that recordings, bodies and waiting speech of all requests may hold together.",
            "Beyond, a request of whoever holds most ends with too-many-requests. The program itself needs "
            "about 100 MB besides, the embedded backend up to 300 more.",
        ),
    ] = 256 << 20
    max_connections: Annotated[
        Count,
        Setting(
            "Connections at a time, Wyoming and HTTP together.",
            "At the limit one that is not in use is closed for a new one: first one that has sent nothing.",
        ),
    ] = 1024
    max_per_address: Annotated[
        Count, Setting("Connections at a time from one address, or from one IPv6 network of 64 bits.")
    ] = 512
    idle: Annotated[Seconds, Setting("Seconds after which a silent client is disconnected.")] = 300.0
    write: Annotated[Seconds, Setting("Seconds that a client may take to accept an answer.")] = 30.0
    drain: Annotated[Seconds, Setting("Seconds that a client may go on sending after an error.")] = 30.0
    stop: Annotated[
        Seconds, Setting("Seconds in which the program stops; running requests get most of them.")
    ] = 5.0


class Http(SettingsModel, frozen=True, kw_only=True):
    """The HTTP API and the status page."""

    listen: Annotated[
        str,
        Setting(
            "Where the HTTP API listens; beyond loopback it needs `http.token` or `http.trusted_proxy`.",
            cost="Whoever may use it uses your key.",
            flag="--http",
            metavar="HOST:PORT|off",
            allowed="HOST:PORT, such as 127.0.0.1:5000, or off",
        ),
    ] = "127.0.0.1:5000"
    token: Annotated[
        Secret, Setting("Bearer token that HTTP clients must send.", example="your-token", allowed=TOKEN)
    ] = Secret("")
    trusted_proxy: Annotated[
        str,
        Setting(
            "Address of a reverse proxy that lets only known users in, and no foreign web page.",
            "It needs no token. Without a token nobody else beyond loopback gets in.",
            example="192.168.1.2",
            allowed="another machine's IP address, such as 192.168.1.2",
        ),
    ] = ""
    max_body: Annotated[
        int, Meta(ge=1024, le=256 << 20), Setting("Longest body of an HTTP request, in bytes.")
    ] = 16 << 20


class Zeroconf(SettingsModel, frozen=True, kw_only=True):
    """Announcement of the Wyoming port on the network, by which Home Assistant finds it."""

    enabled: Annotated[bool, Setting("Announce the Wyoming port on the network.")] = True
    name: Annotated[
        str,
        Setting(
            "Name to announce, with the port added unless that is 10300; empty: one that is stable and "
            "unique for each host.",
            example="Kitchen speech",
            allowed="up to 63 bytes of printable text",
        ),
    ] = ""


class HomeAssistant(SettingsModel, frozen=True, kw_only=True):
    """Where the names in the home come from: areas, floors, and what Assist may control, with aliases."""

    url: Annotated[
        str,
        Setting(
            "Home Assistant's address; empty: no names are fetched.",
            example="http://homeassistant.local:8123",
            allowed="http://HOST:8123 or https://HOST, without user, password, query or fragment",
        ),
    ] = ""
    token: Annotated[
        Secret,
        Setting("Long-lived access token of an administrator.", example="your-token", allowed=TOKEN),
    ] = Secret("")
    refresh: Annotated[
        Seconds, Setting("Seconds between two fetches; what is renamed or added is fetched at once.")
    ] = 600.0


class Settings(SettingsModel, frozen=True, kw_only=True):
    """General: which backend is used, where clients connect and who may; and all sections."""

    backend: Annotated[
        Literal["auto", "azure", "embedded"],
        OtherForm(
            "true: Azure is required; false: the embedded backend.",
            variables=("USE_REALTIME_API",),
            read=read_azure_or_embedded,
            example="true",
        ),
        Setting(
            "auto: Azure if anything of it is configured, else the embedded backend.",
            cost="Azure bills what it does; the embedded backend is free.",
            flag="--backend",
        ),
    ] = "auto"
    listeners: Annotated[
        tuple[Listener, ...],
        Meta(min_length=1, max_length=64),
        Setting(
            "Where to listen, one or several times: tcp://HOST:PORT, unix://PATH or stdio://.",
            flag="--uri",
            metavar="URI",
            example="tcp://0.0.0.0:10300",
            read=read_uris,
        ),
    ] = (Listener(uri="tcp://0.0.0.0:10300"),)
    allowed_networks: Annotated[
        tuple[str, ...],
        Meta(min_length=1, max_length=1000),
        Setting(
            "Who may connect to the tcp listeners: networks, addresses, local (the home's networks) or any.",
            "local is loopback, private and link-local addresses, 100.64.0.0/10 (Tailscale and others), and "
            "the networks that this machine is in. To allow others beside these, name it with them.",
            cost="Wyoming has no password, so whoever may connect uses your key.",
            allowed="networks such as 192.168.1.0/24, single addresses, local or any",
        ),
    ] = ("local",)
    profiles: Annotated[
        dict[str, Profile],
        Setting(
            "What listeners offer, by the profile's name.",
            allowed="names of up to 40 letters, digits, - and _",
        ),
    ] = field(default_factory=lambda: {"default": Profile()})
    targets: Annotated[
        tuple[Target, ...],
        Meta(max_length=16),
        Setting(
            "Where to find the Realtime API. While the first target fails, the others take over in order.",
            first="target",
        ),
    ] = ()
    state: Annotated[
        str,
        Setting(
            "Where costs and the latest turns are kept: a file, redis://HOST:PORT/NUMBER, or off.",
            "auto is state.sqlite in systemd's STATE_DIRECTORY, else in the user's state folder. With redis "
            "(or rediss, encrypted) several servers share what `cost` allows; that needs the extra `redis`. "
            "Nothing that somebody said is kept there, unless `history.texts` asks for it.",
            example="/var/lib/wyoming-azure-realtime/state.sqlite",
            allowed="auto, off, a path, or redis://HOST:PORT/NUMBER without a password",
        ),
    ] = "auto"
    redis_password: Annotated[
        Secret, Setting("Password of the server that `state` names.", example="your-password")
    ] = Secret("")
    cost: Cost = Cost()
    history: History = History()
    recognition: Recognition = Recognition()
    speech: Speech = Speech()
    fallback: Fallback = Fallback()
    conversation: HomeConversation = HomeConversation()
    talk: Talk = Talk()
    deadlines: Deadlines = Deadlines()
    budget: Budget = Budget()
    pool: Pool = Pool()
    limits: Limits = Limits()
    http: Http = Http()
    zeroconf: Annotated[
        Zeroconf,
        Setting(
            "Announce the Wyoming port on the network, under a name if one is given.",
            flag="--zeroconf",
            metavar="NAME",
            read=read_switch_or_name,
            example="true",
        ),
    ] = Zeroconf()
    home_assistant: HomeAssistant = HomeAssistant()
    embedded: Embedded = Embedded()
    log: Log = Log()


CONFIG = Option(
    "",
    Setting(
        "Settings file (YAML).",
        flag="--config",
        metavar="FILE",
        example="/etc/wyoming-azure-realtime/settings.yaml",
    ),
    (f"{PREFIX}CONFIG",),
)
"""The one flag and variable that is no setting."""


@cache
def all_options() -> tuple[Option, ...]:
    """Every setting, in the model's order; a later one wins over an earlier one that sets the same key."""
    return tuple(options(Settings))
