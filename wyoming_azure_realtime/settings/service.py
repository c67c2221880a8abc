"""Sections of the model about the speech service: where it is, what is recognized, and what is spoken.

`model` says what a declaration consists of, and exports these classes with all others. Pure data.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from wyoming_azure_realtime.settings.declaration import Secret, Setting, SettingsModel

WORD = "1 to 128 printable characters without spaces"


class Target(SettingsModel, frozen=True, kw_only=True):
    """Azure OpenAI: the address of a resource, or of another Realtime API, its key and its deployments."""

    name: Annotated[str, Setting("Name of the target in the log; each has another one.", allowed=WORD)] = (
        "default"
    )
    endpoint: Annotated[
        str,
        Setting(
            "Address of the Azure OpenAI resource, of a gateway in front of it, or https://api.openai.com.",
            cost="With an endpoint and a key, the service bills every command and every answer.",
            variables=("AZURE_OPENAI_ENDPOINT",),
            example="https://example.openai.azure.com",
            allowed="https://HOST, or http:// on loopback; without user, password, query or fragment",
        ),
    ] = ""
    key: Annotated[
        Secret,
        Setting(
            "The API key, or the bearer token.",
            variables=("AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY"),
            example="your-key",
            allowed="printable ASCII",
        ),
    ] = Secret("")
    auth: Annotated[
        Literal["key", "bearer", "entra"],
        Setting(
            "key: API key; bearer: a token that is sent as it is; entra: Microsoft Entra ID, without a key."
        ),
    ] = "key"
    token_scope: Annotated[
        str,
        Setting(
            "Scope of Entra ID tokens; empty: that of the service.",
            example="https://cognitiveservices.azure.com/.default",
            allowed=f"empty, or {WORD}",
        ),
    ] = ""
    api_version: Annotated[
        str,
        Setting(
            "Empty or v1: the GA API; a date from 2024-10-01 on: the deprecated preview API.",
            variables=("AZURE_OPENAI_API_VERSION",),
            example="v1",
            allowed="empty, v1 or a date such as 2025-04-01-preview",
        ),
    ] = ""
    realtime_deployment: Annotated[
        str,
        Setting(
            "Deployment of the model that speaks.",
            cost="The model decides what a spoken minute costs; a mini costs about a third.",
            variables=("AZURE_OPENAI_REALTIME_DEPLOYMENT",),
            allowed=WORD,
        ),
    ] = "gpt-realtime"
    transcription_deployment: Annotated[
        str,
        Setting(
            "Deployment of the model that recognizes speech.",
            "gpt-realtime-whisper takes no names and no prompt; gpt-live-transcribe takes both at the same "
            "price, but we do not know in which regions Azure has it.",
            cost="The model decides what a recognized minute costs.",
            variables=("AZURE_OPENAI_TRANSCRIPTION_DEPLOYMENT",),
            allowed=WORD,
        ),
    ] = "gpt-realtime-whisper"
    transcription_model: Annotated[
        str,
        Setting(
            "Model behind the transcription deployment, if the deployment has another name.",
            "What can be asked of the deployment depends on it.",
            example="gpt-realtime-whisper",
        ),
    ] = ""
    also_transcribes: Annotated[
        dict[str, str],
        Meta(max_length=20),
        Setting(
            "Further deployments that recognize speech, each with its model.",
            "Clients choose one by the name of the model or of the deployment; the others get the usual one.",
            example="my-live=gpt-live-transcribe",
        ),
    ] = field(default_factory=dict)
    service: Annotated[
        str,
        Setting(
            "Whose service it is; auto: found by the host's name. For a gateway to Azure it is azure_openai.",
            "Paths, headers, models and voices depend on it.",
            allowed="auto, azure_openai, openai or embedded",
        ),
    ] = "auto"

    @property
    def transcribes_with(self) -> str:
        """The model behind the transcription deployment, which decides what may be asked of it."""
        return self.transcription_model or self.transcription_deployment


class ModelFacts(SettingsModel, frozen=True, kw_only=True):
    """What a transcription model accepts that this program does not know, or that has changed."""

    turn_detection: Annotated[bool, Setting("The service can find the end of a command with it.")] = False
    partials: Annotated[
        Literal["none", "after_commit", "while_speaking"],
        Setting("When it sends parts of a transcript: never, after the audio's end, or during speech."),
    ] = "none"
    prompt: Annotated[bool, Setting("It takes a prompt.")] = False
    keywords: Annotated[bool, Setting("It takes names as keywords.")] = False
    plural_languages: Annotated[bool, Setting("It takes a list of languages in place of one.")] = False
    retires: Annotated[
        str,
        Setting(
            "Day on which the service ends it; the log says so two months before.",
            allowed="empty, or a date such as 2028-12-31",
        ),
    ] = ""


class Recognition(SettingsModel, frozen=True, kw_only=True):
    """Speech to text."""

    language: Annotated[
        str,
        Setting(
            "Language that is spoken, with or without a region, such as en, en-GB or de.",
            "The embedded backend knows English only.",
            flag="--language",
            metavar="LANGUAGE",
        ),
    ] = "en"
    prompt: Annotated[
        str,
        Setting(
            "Hint for the recognizer: names and words to expect.",
            "It is sent to the service, except with gpt-realtime-whisper, which takes none.",
            example="Lamps are called Luna and Sol.",
        ),
    ] = ""
    names: Annotated[
        tuple[str, ...],
        Meta(max_length=1000),
        Setting(
            "Names in the home that people may say, the likeliest first.",
            "They are sent to the service, except with gpt-realtime-whisper, which takes none.",
            example="Luna,Sol",
            allowed="names of up to 60 characters with letters in them",
        ),
    ] = ()
    max_names: Annotated[
        int,
        Meta(ge=0, le=200),
        Setting(
            "Names at most that the recognizer expects, with those of the request and of Home Assistant.",
            "With too many of them it finds names where there are none.",
        ),
    ] = 50
    models: Annotated[
        dict[str, ModelFacts],
        Meta(max_length=100),
        Setting(
            "Transcription models that came after this program, by what their names begin with.",
            "For example {gpt-next-transcribe: {keywords: true, partials: while_speaking}}.",
            allowed="names without spaces",
        ),
    ] = field(default_factory=dict)
    noise_reduction: Annotated[
        Literal["far_field", "near_field", "off"],
        Setting("far_field: speakerphones and satellites in the room; near_field: headsets; off: none."),
    ] = "far_field"
    max_seconds: Annotated[
        float,
        Meta(ge=1, le=600),
        Setting("Longest command, in seconds.", cost="Audio is what the service bills."),
    ] = 60.0
    draft_after: Annotated[
        float,
        Meta(ge=0, le=10),
        Setting(
            "Seconds of silence after which a draft is recognized, while more may follow; 0: no drafts.",
            "If nothing follows, the draft is the answer, and it comes sooner; else all is recognized again.",
            cost="Every pause within a command costs one more transcription, up to `budget.requests`.",
        ),
    ] = 0.2
    requires_external_vad: Annotated[
        bool,
        Setting(
            "true: the client finds the end of a command; false: this server does, and answers at once.",
            "Home Assistant supports false from 2026.10 on; older versions go on waiting for silence.",
        ),
    ] = True
    turn_end: Annotated[
        Literal["local", "server_vad", "semantic_vad"],
        Setting(
            "How the server finds the end of a command: local, or server_vad or semantic_vad by the service.",
            "Models that cannot do it, such as gpt-realtime-whisper and gpt-live-transcribe, use local.",
        ),
    ] = "local"
    turn_pause: Annotated[
        float,
        Meta(ge=0.1, le=10),
        Setting(
            "Seconds of silence that end a command, if the server finds its end.",
            "A satellite may ask for 0.25 (aggressive) or 1.25 (relaxed).",
        ),
    ] = 0.7
    shortest_turn: Annotated[
        float, Meta(ge=0, le=5), Setting("Seconds of speech without which there was no command.")
    ] = 0.15
    longest_turn: Annotated[
        float,
        Meta(ge=1, le=600),
        Setting(
            "Seconds after which a command has ended in any case, if the server finds its end.",
            cost="In a noisy room all of these seconds are sent and billed.",
        ),
    ] = 15.0


class Speech(SettingsModel, frozen=True, kw_only=True):
    """Text to speech."""

    voice: Annotated[
        str,
        Setting(
            "Voice that speaks when none is asked for.",
            "Voices are alloy, ash, ballad, coral, echo, sage, shimmer and verse; marin and cedar with the "
            "GA API. Names of Azure Speech voices such as en-US-JennyNeural are understood too.",
            flag="--voice",
            metavar="VOICE",
        ),
    ] = "alloy"
    instructions: Annotated[
        str,
        Setting(
            "Style of speech: pace, tone, accent.",
            cost="It is sent with every text, and the service bills it as input.",
            example="Speak calmly.",
        ),
    ] = ""
    speed: Annotated[float, Meta(ge=0.25, le=1.5), Setting("Speed of speech; 1 is normal.")] = 1.0
    max_characters: Annotated[
        int,
        Meta(ge=100, le=1_000_000),
        Setting("Longest text to be spoken, in characters.", cost="Longer texts cost more to speak."),
    ] = 20_000
    margin: Annotated[
        float,
        Meta(ge=0, le=10),
        Setting("Seconds of the newest speech that wait until it is certain that they match the text."),
    ] = 0.1
    tolerance: Annotated[
        float,
        Meta(ge=0, le=0.5),
        Setting(
            "Share of a long word's letters that may differ in the service's transcript of what it speaks.",
            cost="If it is too small, what was spoken correctly is asked for, and billed, again.",
        ),
    ] = 0.2
    substitutes: Annotated[
        dict[str, str],
        Setting(
            "Voices that no realtime model has, and which one speaks in their place.",
            "Those that are not named here stay as they are.",
            allowed="names in lower case of voices that the service does not have, and voices that it has",
        ),
    ] = field(default_factory=lambda: {"fable": "ballad", "nova": "coral", "onyx": "ash"})
