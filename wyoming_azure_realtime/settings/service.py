"""Sections of the model about speech services: where they are, what is recognized, the embedded one.

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
            "With /voice-live at its end it is Azure Voice Live at that resource.",
            cost="With an endpoint and a key, the service bills every command and every answer.",
            variables=("AZURE_OPENAI_ENDPOINT",),
            example="https://example.openai.azure.com",
            allowed="https://HOST, or http:// on loopback and at home, without user, password, query or "
            "fragment",
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
            "With Voice Live: empty, or a date from 2025-10-01 on.",
            variables=("AZURE_OPENAI_API_VERSION",),
            example="v1",
            allowed="empty, v1 or a date such as 2025-04-01-preview",
        ),
    ] = ""
    realtime_deployment: Annotated[
        str,
        Setting(
            "Deployment of the model that speaks.",
            "Voice Live has no deployments: it is the name of a model there, by default gpt-4.1-nano.",
            cost="The model decides what a spoken minute costs; a mini costs about a third.",
            variables=("AZURE_OPENAI_REALTIME_DEPLOYMENT",),
            allowed=WORD,
        ),
    ] = "gpt-realtime"
    cheaper_deployment: Annotated[
        str,
        Setting(
            "Deployment of a cheaper model, which speaks at a limit where `cost.action` is cheaper.",
            "At OpenAI's own host none has to be named.",
            example="gpt-realtime-2.1-mini",
            allowed=f"empty, or {WORD}",
        ),
    ] = ""
    answer_deployment: Annotated[
        str,
        Setting(
            "Deployment of the model that answers (see `conversation`); empty: the one that speaks.",
            "It has to be a realtime model; a mini is enough for most homes.",
            cost="The model decides what an answer costs; a mini costs about a sixth.",
            example="gpt-realtime-mini",
            allowed=f"empty, or {WORD}",
        ),
    ] = ""
    transcription_deployment: Annotated[
        str,
        Setting(
            "Deployment of the model that recognizes speech.",
            "gpt-realtime-whisper takes no names and no prompt; gpt-live-transcribe takes both at the same "
            "price, gpt-transcribe takes both at a quarter of it, but sends no text before a pause. "
            "We do not know in which regions Azure has these two. With Voice Live it is azure-speech.",
            cost="The model decides what a recognized minute costs: 0.017 USD, with gpt-transcribe 0.0045.",
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
            "Paths, headers, models and voices depend on it. Voice Live is told by /voice-live in the "
            "endpoint.",
            allowed="auto, azure_openai, openai, voice_live, speech_to_speech, localai, speaches, xai or "
            "embedded",
        ),
    ] = "auto"
    exact: Annotated[
        bool,
        Setting(
            "What it speaks is exactly the text, so that nothing is compared; Voice Live always does so.",
            "Say so of a service only if no model decides about its words: wrong ones would be heard.",
        ),
    ] = False
    connections_per_minute: Annotated[
        int,
        Meta(ge=0, le=10_000),
        Setting(
            "New connections a minute at most; requests wait for them. 0: as the service is known for.",
            "Voice Live takes 30.",
        ),
    ] = 0
    custom_voices: Annotated[
        dict[str, str],
        Meta(max_length=100),
        Setting(
            "The resource's own voices (Voice Live), each with the id of its endpoint.",
            example="AnnaNeural=01234567-89ab-cdef-0123-456789abcdef",
            allowed="names of voices and ids of endpoints, without spaces",
        ),
    ] = field(default_factory=dict)

    path: Annotated[
        str,
        Setting(
            "Path of the realtime API at the endpoint, if it is not the service's usual one.",
            example="/v1/realtime",
            allowed="empty, or a path such as /v1/realtime",
        ),
    ] = ""
    dialect: Annotated[
        Literal["auto", "ga", "preview"],
        Setting("Shape of the events: ga (nested) or preview (flat); auto: as the service is known for."),
    ] = "auto"
    max_sessions: Annotated[
        int,
        Meta(ge=0, le=1000),
        Setting(
            "Sessions at most that are open there at a time; 0: as the service is known for.",
            "With fewer than two, hearing and speaking take turns.",
        ),
    ] = 0
    voices: Annotated[
        tuple[str, ...],
        Meta(max_length=1000),
        Setting(
            "Voices that the target has, if they are not the service's usual ones; the first is the default.",
            example="af_heart,bm_george",
            allowed="names without spaces",
        ),
    ] = ()

    @property
    def answers_with(self) -> str:
        """The deployment that answers."""
        return self.answer_deployment or self.realtime_deployment

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
    also_spoken: Annotated[
        tuple[str, ...],
        Meta(max_length=9),
        Setting(
            "Further languages in which commands may be spoken, beside the one that the client asks for.",
            "Recognizers of several languages find out which it is: azure-speech, gpt-transcribe and "
            "gpt-live-transcribe. Others hear the one that was asked for.",
            example="nb-NO,de-DE",
            allowed="languages with or without a region, such as nb-NO",
        ),
    ] = ()
    more_languages: Annotated[
        tuple[str, ...],
        Meta(max_length=100),
        Setting(
            "Languages to be offered beyond those that the service is known for.",
            "One that the model refuses is left out of the request, and the model finds out what is spoken.",
            example="am,gsw",
            allowed="languages with or without a region, such as am or gsw-CH",
        ),
    ] = ()
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
    echo_cancellation: Annotated[
        bool, Setting("Voice Live leaves out of what it hears what it says at the same time.")
    ] = False
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
            "With Voice Live, semantic_vad is azure_semantic_vad. "
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


class Embedded(SettingsModel, frozen=True, kw_only=True):
    """The embedded backend, which works without Azure and hears English unless another model is given."""

    recognizer: Annotated[
        Literal["auto", "whisper", "pocketsphinx"],
        Setting(
            "What hears: whisper, or pocketsphinx for small machines; auto: the one that fits.",
            "whisper fits where it is installed, 2 GB of memory are free, and a command takes it 2 seconds.",
        ),
    ] = "auto"
    model: Annotated[
        str,
        Setting(
            "Folder with a Whisper model for CTranslate2; empty: the English one that is installed with it.",
            "With a multilingual one it hears the model's languages; a larger one hears better and slower.",
            example="/var/lib/whisper/faster-whisper-small",
        ),
    ] = ""
    download: Annotated[
        bool,
        Setting(
            "Whether it may download what it lacks.",
            "That is four English voices, 8 MB each, and where it is not installed Whisper's model, 75 MB.",
        ),
    ] = False

    names: Annotated[
        tuple[str, ...],
        Meta(max_length=1000),
        Setting(
            "Names in the home that its recognizer should know.",
            example="Luna,Sol",
            allowed="names of up to 60 characters with letters in them",
        ),
    ] = ()
    workers: Annotated[int, Meta(ge=1, le=16), Setting("Processes of its recognizer.")] = 1
    cache_dir: Annotated[
        str,
        Setting(
            "Where it keeps its language model; empty: the user's cache directory.",
            example="/var/cache/wyoming-azure-realtime",
        ),
    ] = ""
