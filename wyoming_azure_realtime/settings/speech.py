"""Sections of the model about what is answered and spoken, and who does so while no target does. Pure data.

`model` exports them with all others.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from wyoming_azure_realtime.settings.declaration import TOKEN, Secret, Setting, SettingsModel

_WORDS = "empty, or up to 40 letters, digits and signs of + - % . _"


FALLBACKS = "tcp://HOST:PORT, unix://PATH or embedded, each once"


class Fallback(SettingsModel, frozen=True, kw_only=True):
    """Who answers while no target does: the first here that works and knows the language.

    Wyoming services in the home, such as wyoming-faster-whisper and wyoming-piper, or the embedded backend.
    """

    asr: Annotated[
        tuple[str, ...],
        Meta(max_length=8),
        Setting(
            "What recognizes speech while no target answers, in this order.",
            "embedded is the embedded backend: a demo that makes mistakes then controls the house.",
            example="tcp://core-whisper:10300",
            allowed=FALLBACKS,
        ),
    ] = ()
    tts: Annotated[
        tuple[str, ...],
        Meta(max_length=8),
        Setting(
            "What speaks while no target answers, and what no target says as it should, in this order.",
            "After these comes `speech.last_resort`.",
            example="tcp://core-piper:10200,embedded",
            allowed=FALLBACKS,
        ),
    ] = ()


class Speech(SettingsModel, frozen=True, kw_only=True):
    """Text to speech."""

    voice: Annotated[
        str,
        Setting(
            "Voice that speaks when none is asked for.",
            "Voices are alloy, ash, ballad, coral, echo, sage, shimmer and verse; marin and cedar with the "
            "GA API. Names of Azure's voices such as en-US-JennyNeural are understood too: with Voice Live "
            "that voice speaks, elsewhere the likest.",
            flag="--voice",
            metavar="VOICE",
        ),
    ] = "alloy"
    language: Annotated[
        str,
        Setting(
            "Language of texts that do not tell theirs, where neither request nor voice says it, such as de.",
            "The one in which the same client last asked a recognition comes before it.",
            example="de",
            allowed="empty, or a language with or without a region",
        ),
    ] = ""
    instructions: Annotated[
        str,
        Setting(
            "Style of speech: pace, tone, accent.",
            cost="It is sent with every text, and the service bills it as input.",
            example="Speak calmly.",
        ),
    ] = ""
    offered: Annotated[
        Literal["home", "all"],
        Setting(
            "Which of Azure's 600 voices clients are shown: those of the home's languages, or all of them.",
            "The home's are `recognition.language`, `recognition.also_spoken` and `speech.language`. "
            "All voices can be asked for by name.",
        ),
    ] = "home"
    style: Annotated[
        str,
        Setting(
            "Style of Azure's voices, such as cheerful or whispering; each voice has other ones, or none.",
            "`wyoming-azure-realtime voices` lists them.",
            example="cheerful",
            allowed=_WORDS,
        ),
    ] = ""
    pitch: Annotated[str, Setting("Pitch of Azure's voices, as in SSML.", example="+5%", allowed=_WORDS)] = ""
    volume: Annotated[
        str, Setting("Volume of Azure's voices, as in SSML.", example="-6dB", allowed=_WORDS)
    ] = ""
    lexicon: Annotated[
        str,
        Setting(
            "Address of a lexicon by which Azure's voices pronounce words; the service fetches it.",
            example="https://example.org/lexicon.xml",
            allowed="empty, or an https:// address",
        ),
    ] = ""
    accents: Annotated[
        tuple[str, ...],
        Meta(max_length=20),
        Setting(
            "Accents of Azure's multilingual voices, by locale, where a language has several.",
            example="en-GB,es-ES",
            allowed="languages with a region, such as en-GB",
        ),
    ] = ()
    speed: Annotated[float, Meta(ge=0.25, le=1.5), Setting("Speed of speech; 1 is normal.")] = 1.0
    max_characters: Annotated[
        int,
        Meta(ge=100, le=1_000_000),
        Setting(
            "Characters of a text that are spoken; of a longer one, the client gets an error after them.",
            "Over HTTP, where nobody could be told of it later, the error comes at once.",
            cost="Longer texts cost more to speak.",
        ),
    ] = 20_000
    lead_in: Annotated[
        float,
        Meta(ge=0, le=10),
        Setting(
            "Seconds of quiet ahead of every answer, for speakers that swallow its first syllable.",
        ),
    ] = 0.0
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
    last_resort: Annotated[
        Literal["embedded", "none"],
        Setting(
            "What speaks what no target speaks: embedded, a voice on this machine; or none.",
            "It speaks the language of the text, after 8 seconds in which no target did. "
            "It needs the `local` extra or the system's espeak-ng.",
        ),
    ] = "embedded"
    substitutes: Annotated[
        dict[str, str],
        Setting(
            "Voices that no realtime model has, and which one speaks in their place.",
            "Those that are not named here stay as they are.",
            allowed="names in lower case of voices that the service does not have, and voices that it has",
        ),
    ] = field(default_factory=lambda: {"fable": "ballad", "nova": "coral", "onyx": "ash"})


class HomeConversation(SettingsModel, frozen=True, kw_only=True):
    """A conversation agent for Home Assistant: a model answers, Home Assistant acts.

    What nobody asks costs nothing.
    """

    enabled: Annotated[
        bool,
        Setting(
            "Offer a conversation agent beside recognition and speech.",
            cost="Every request to it is billed; the instructions and tools are about 4500 tokens of text.",
        ),
    ] = True
    actions: Annotated[
        bool,
        Setting(
            "Let the model ask Home Assistant to do things, and to tell how things are.",
            "Home Assistant does so itself, with what Assist may see (exposed entities). Before 2026.10, "
            "only what `recognition.names` or `home_assistant` name is asked for.",
        ),
    ] = True
    instructions: Annotated[
        str,
        Meta(max_length=4000),
        Setting(
            "What the model is told beside its task: who it is, how it talks, what it should know.",
            cost="It is sent with every request, and the service bills it as input.",
            example="You are called Ada and are never in a hurry.",
        ),
    ] = ""
    effort: Annotated[
        Literal["auto", "off", "minimal", "low", "medium", "high"],
        Setting(
            "How much a model thinks ahead of its answer; off: nothing is said of it.",
            "auto: low for models that think (gpt-realtime-2 and later, by the deployment's name), else off. "
            "Other models refuse whatever is said of it.",
            cost="More thinking takes longer and costs more.",
        ),
    ] = "auto"
    max_tokens: Annotated[
        int,
        Meta(ge=16, le=4096),
        Setting("Tokens of an answer at most; one that is longer ends with its last whole sentence."),
    ] = 600
    prepare: Annotated[
        Literal["auto", "off"],
        Setting(
            "auto: begin to answer, and to speak the answer, while a command is still being heard.",
            "Only for a Home Assistant that has asked before about what it had recognized here; after three "
            "answers in a row that nobody asked for, not until it asks again.",
            cost="Answers that nobody asks for are billed too: to what Home Assistant understands by itself.",
        ),
    ] = "auto"
    history: Annotated[
        int,
        Meta(ge=0, le=50),
        Setting(
            "Earlier requests of a conversation that the model is told, with their answers; 0: none.",
            "They are kept in memory, by satellite, and nowhere else.",
            cost="They are sent with every request, and the service bills them as input.",
        ),
    ] = 10
    silence: Annotated[
        float, Meta(gt=0, le=86400), Setting("Seconds without a request after which a conversation is over.")
    ] = 300.0
    deadline: Annotated[
        float,
        Meta(ge=1, le=120),
        Setting("Seconds until the answer has to be there; else one sentence says that there is none."),
    ] = 15.0
    confirm: Annotated[
        tuple[str, ...],
        Meta(max_length=50),
        Setting(
            "Kinds of things that are switched only after a spoken yes: domains or device classes.",
            "Where the kind of a thing is not known, words such as door and garage in its name or in the "
            "request tell it.",
        ),
    ] = ("lock", "alarm_control_panel", "door", "garage", "gate")
    rooms: Annotated[
        dict[str, str],
        Meta(max_length=500),
        Setting(
            "Rooms of satellites: the ids of devices or satellites in Home Assistant, each with its area.",
            "A request that names neither a thing nor a room is meant for the satellite's room.",
            example="assist_satellite.kitchen=Kitchen",
        ),
    ] = field(default_factory=dict)
    token: Annotated[
        Secret,
        Setting(
            "Long-lived access token of a user who is no administrator: answers can tell how things are.",
            "It needs `home_assistant.url`, and Home Assistant's integration Model Context Protocol Server.",
            cost="What was looked up is sent to the model with the request, which is then asked twice.",
            example="your-token",
            allowed=TOKEN,
        ),
    ] = Secret("")
    listen_again: Annotated[
        bool,
        Setting(
            "After an answer that is a question, let the satellite listen without its wake word.",
            "It needs `conversation.token`, and a satellite that can be asked to (ESPHome's can).",
        ),
    ] = False
    allow: Annotated[
        tuple[str, ...],
        Meta(max_length=100),
        Setting(
            "Addresses or networks that are answered; empty: whoever may connect.",
            "With `conversation.token`, which lets answers tell how the home is, empty is this machine, and "
            "what `home_assistant.url` leads to.",
            example="192.168.1.10",
            allowed="single addresses, or networks such as 192.168.1.0/24",
        ),
    ] = ()


class Talk(SettingsModel, frozen=True, kw_only=True):
    """Conversations by voice, speech in and speech out, over HTTP and in Python.

    Without one nothing costs anything.
    """

    at_once: Annotated[
        int,
        Meta(ge=0, le=64),
        Setting("Conversations at most at a time; 0: none.", cost="Each of them is a session of its own."),
    ] = 4
    max_seconds: Annotated[
        float,
        Meta(ge=10, le=3300),
        Setting(
            "Longest conversation, in seconds.",
            cost="With every answer the service bills all that was said before, most of it as cached.",
        ),
    ] = 1800.0
    idle: Annotated[
        float,
        Meta(ge=1, le=3300),
        Setting("Seconds after which a conversation is over in which nobody speaks."),
    ] = 120.0
    transcription: Annotated[
        str,
        Setting(
            "Deployment that writes down what is said; empty: the target's, if its model can, else "
            "gpt-transcribe.",
            "What the model hears does not depend on it. In conversations gpt-realtime-whisper and "
            "gpt-live-transcribe cannot.",
            example="gpt-4o-mini-transcribe",
        ),
    ] = ""
