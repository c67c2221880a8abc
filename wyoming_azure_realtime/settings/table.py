"""All options, one row each. The command line, the environment reader and the documentation follow it."""

from wyoming_azure_realtime.settings.options import (
    PREFIX,
    Expand,
    Option,
    environment_name,
    listeners,
    use_realtime_api,
    zeroconf,
)


def _own(
    key: str,
    help: str,  # noqa: A002 - argparse's word
    flag: str = "",
    metavar: str = "",
    *,
    short: str = "",
    known: tuple[str, ...] = (),
    expand: Expand | None = None,
) -> Option:
    shorter = (PREFIX + short,) if short else ()
    return Option(key, help, (*shorter, environment_name(key), *known), flag, metavar, expand)


CONFIG = Option("", "Settings file (YAML).", (PREFIX + "CONFIG",), "--config", "FILE")

# A later row wins over an earlier one that sets the same key.
OPTIONS = (
    _own(
        "listeners",
        "Where to listen: tcp://HOST:PORT, unix://PATH or stdio://. May be repeated.",
        "--uri",
        "URI",
        short="URI",
        expand=listeners,
    ),
    _own(
        "allowed_networks",
        "Who may connect to the Wyoming port: networks, addresses, local (the home's networks) or any.",
    ),
    Option(
        "backend",
        "true: Azure is required; false: the embedded backend.",
        ("USE_REALTIME_API",),
        expand=use_realtime_api,
    ),
    _own(
        "backend",
        "auto: Azure if anything of it is configured, else the embedded backend.",
        "--backend",
        "auto|azure|embedded",
    ),
    _own(
        "targets[0].endpoint",
        "Address of the Azure OpenAI resource, of a gateway in front of it, or of OpenAI's own host.",
        known=("AZURE_OPENAI_ENDPOINT",),
    ),
    _own(
        "targets[0].key",
        "The API key, or the bearer token.",
        known=("AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY"),
    ),
    _own(
        "targets[0].realtime_deployment",
        "Deployment that speaks.",
        known=("AZURE_OPENAI_REALTIME_DEPLOYMENT",),
    ),
    _own(
        "targets[0].transcription_deployment",
        "Deployment that hears.",
        known=("AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",),
    ),
    _own(
        "targets[0].transcription_model",
        "Model behind the deployment that hears; empty: its name is the deployment's name.",
    ),
    _own(
        "targets[0].also_transcribes",
        "Further deployments that hear, and their models; clients choose them by name.",
    ),
    _own(
        "targets[0].api_version",
        "Empty or v1: the GA API; a date from 2024-10-01 on: the deprecated preview API.",
        known=("AZURE_OPENAI_API_VERSION",),
    ),
    _own("targets[0].auth", "key: API key; bearer: a token sent as it is; entra: Microsoft Entra ID."),
    _own("targets[0].token_scope", "Scope of Entra ID tokens; empty: that of the service."),
    _own(
        "targets[0].service",
        "Whose it is: azure_openai (or a gateway to it), openai or embedded; auto: told by the host's name.",
    ),
    _own("targets[0].name", "Name of the target in logs."),
    _own(
        "recognition.language",
        "Language that is spoken, with or without region.",
        "--language",
        "LANGUAGE",
        short="LANGUAGE",
    ),
    _own("recognition.prompt", "Hint for the recogniser: names and words to expect."),
    _own("recognition.names", "Names in the home, the likeliest first."),
    _own("recognition.max_names", "Names at most that the recogniser is told to expect."),
    _own("recognition.noise_reduction", "far_field: speakerphones; near_field: headsets."),
    _own("recognition.max_seconds", "Longest utterance, in seconds."),
    _own(
        "recognition.draft_after",
        "Seconds of quiet after which what was said is recognised already; 0: not before the end.",
    ),
    _own("recognition.requires_external_vad", "false: the server hears when a command has ended."),
    _own("recognition.turn_end", "How it does: local, or the service's server_vad or semantic_vad."),
    _own("recognition.turn_pause", "Seconds of quiet that end a command then."),
    _own("recognition.shortest_turn", "Seconds of speech without which there was no command."),
    _own("recognition.longest_turn", "Seconds after which a command has ended then, whatever is heard."),
    _own("speech.voice", "Voice that speaks when none is asked for.", "--voice", "VOICE", short="VOICE"),
    _own("speech.instructions", "Style of speech: pace, tone, accent."),
    _own("speech.speed", "Speed of speech; 1 is normal."),
    _own("speech.max_characters", "Longest text to be spoken."),
    _own("speech.margin", "Seconds of speech that are held until what follows is sure to be the text."),
    _own("speech.tolerance", "Share of a word's letters by which its spoken form may differ in spelling."),
    _own("speech.substitutes", "Voices that no realtime model has, and what speaks instead."),
    _own("fallback", "embedded: the embedded backend takes over while no target answers."),
    _own("fallback_hears", "Whether it also hears then: a demo recogniser would give orders to the house."),
    _own("deadlines.request", "Seconds from the end of the input to the end of the answer."),
    _own("deadlines.upgrade", "Seconds to connect to the service."),
    _own("deadlines.configuration", "Seconds until a session is configured."),
    _own("deadlines.first_audio", "Seconds until the first audio of a spoken text."),
    _own("deadlines.between_audio", "Seconds between two pieces of audio."),
    _own("deadlines.transcript", "Seconds from the end of the audio to its transcript."),
    _own("pool.min_size", "Sessions kept open, of each kind."),
    _own("pool.max_size", "Sessions at most, of all kinds together."),
    _own("pool.max_waiting", "Requests that may wait for a session."),
    _own("pool.timeout", "Seconds that a request waits for a session."),
    _own("pool.max_idle", "Seconds that an unused session beyond the minimum stays open."),
    _own("pool.max_lifetime", "Seconds after which a session is replaced."),
    _own("limits.max_header", "Longest header line of a Wyoming event, in bytes."),
    _own("limits.max_data", "Longest data of a Wyoming event, in bytes."),
    _own("limits.max_payload", "Longest payload of a Wyoming event, in bytes."),
    _own("limits.max_unfinished", "Bytes that incomplete Wyoming events may hold, of all clients together."),
    _own("limits.max_connections", "Wyoming connections at a time."),
    _own("limits.max_per_address", "Wyoming connections at a time from one address."),
    _own("limits.idle", "Seconds after which a silent client is disconnected."),
    _own("limits.write", "Seconds that a client may take to accept an answer."),
    _own("limits.drain", "Seconds that a client may go on sending after an error."),
    _own("limits.stop", "Seconds in which the program stops; running requests get most of them."),
    _own("http.listen", "Where the HTTP API listens, or off.", "--http", "HOST:PORT|off", short="HTTP"),
    _own("http.token", "Bearer token that HTTP clients must send; required beyond loopback."),
    _own("http.trusted_proxy", "Address of a proxy that lets only known users in; it needs no token."),
    _own("http.max_body", "Longest body of an HTTP request, in bytes."),
    _own(
        "zeroconf",
        "Announce the Wyoming port on the network, under a name if one is given.",
        "--zeroconf",
        "NAME",
        expand=zeroconf,
    ),
    _own("zeroconf.enabled", "Announce the Wyoming port on the network."),
    _own("zeroconf.name", "Name to announce; empty: one that is stable and unique per host."),
    _own("home_assistant.url", "Home Assistant's address, to fetch the names in the home."),
    _own("home_assistant.token", "Long-lived access token of an administrator."),
    _own("home_assistant.refresh", "Seconds between two fetches of the names."),
    _own("embedded.names", "Names in the home that the embedded recogniser should know."),
    _own("embedded.workers", "Processes of the embedded recogniser."),
    _own("embedded.cache_dir", "Where the embedded recogniser keeps its language model."),
    _own("log.debug", "Log more; never what people say.", "--debug", short="DEBUG"),
    _own("log.format", "Format of a log line, as in Python's logging.", "--log-format", "FORMAT"),
)
