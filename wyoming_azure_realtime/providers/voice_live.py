"""Azure Voice Live: Azure's own voices and recogniser over a realtime session.

Sources, read in November 2026: the models of azure-ai-voicelive 1.3.1, the vendor's reference, limits and
table of models. Nothing here was tried at the service: `tests/contract` says what has to be.
"""

from dataclasses import replace
from typing import ClassVar

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.azure_voices import (
    azure_voice,
    azure_voices,
    find_voices,
    is_azure_voice_name,
    recognition_locales,
    short_form,
)
from wyoming_azure_realtime.providers.base import Provider, ServiceModel
from wyoming_azure_realtime.providers.languages import ALL, matches, openai_code
from wyoming_azure_realtime.providers.voices import GA_VOICES, GENDERS, LIKENESS
from wyoming_azure_realtime.realtime.dialects import Dialect, for_voice_live
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.dialects.voice_live import RATES
from wyoming_azure_realtime.realtime.models import TranscriptionModel
from wyoming_azure_realtime.realtime.session_config import AzureVoiceConfig, Hints, Manner
from wyoming_azure_realtime.realtime.shapes import TurnDetection
from wyoming_azure_realtime.settings.model import Speech

NEWEST_VERSION = "2026-07-15"
_NATIVE = "gpt-realtime"
_AZURE_MODELS = ("azure-speech", "mai-transcribe")

# Whose voices speak every language: what stands in for voices of other services, which do so too.
_LIKE = {"female": "en-US-AvaMultilingualNeural", "male": "en-US-AndrewMultilingualNeural"}

_SILENCE_MS = {"high": 250, "auto": 500, "low": 1250}
"""By the eagerness that `semantic_vad` would have."""


class VoiceLive(Provider):
    """One kind of session for hearing and speaking. What it speaks is the text: no model comes between.

    There are no deployments: `realtime_deployment` and `transcription_deployment` are names of models.
    """

    service: ClassVar = "voice_live"
    backend: ClassVar = "azure"
    label: ClassVar = "Azure Voice Live"
    documentation: ClassVar = "https://learn.microsoft.com/azure/ai-services/speech-service/voice-live"
    copied_paths: ClassVar = ("/voice-live/realtime", "/voice-live")
    only_path: ClassVar = "/voice-live"  # its hosts serve Azure OpenAI's paths as well
    default_scope: ClassVar = "https://ai.azure.com/.default"
    role: ClassVar = "Cognitive Services User' and 'Azure AI User"
    default_speech_model: ClassVar = "gpt-4.1-nano"
    default_transcription_model: ClassVar = "azure-speech"
    transcription_models: ClassVar[tuple[ServiceModel, ...]] = (
        ServiceModel("azure-speech"),
        ServiceModel("mai-transcribe"),
        ServiceModel("whisper-1"),
        ServiceModel("gpt-4o-transcribe"),
        ServiceModel("gpt-4o-mini-transcribe"),
    )
    speech_models: ClassVar[tuple[ServiceModel, ...]] = (
        ServiceModel("gpt-5-nano"),
        ServiceModel("gpt-4.1-nano"),
        ServiceModel("gpt-4.1-mini"),
        ServiceModel("phi4-mm"),
        ServiceModel("gpt-realtime"),
    )
    # Those of OpenAI take a language here and nothing else: there is no prompt and no keywords for them.
    own_models: ClassVar[tuple[TranscriptionModel, ...]] = (
        TranscriptionModel("azure-speech", prompt=False, plural_languages=True, keywords=True),
        TranscriptionModel("mai-transcribe", prompt=False, plural_languages=True),
        TranscriptionModel("whisper-1", prompt=False),
        TranscriptionModel("gpt-4o-transcribe", partials="after_commit", prompt=False),
        TranscriptionModel("gpt-4o-mini-transcribe", partials="after_commit", prompt=False),
    )
    default_voice: ClassVar = _LIKE["female"]
    slowest: ClassVar = 0.5
    transcribes_over: ClassVar[SessionKind] = "realtime"
    input_rates: ClassVar = RATES
    cancels_echo: ClassVar = True
    exact: ClassVar = True
    pre_generated: ClassVar = True
    has_manners: ClassVar = True
    connections_per_minute: ClassVar = 30

    @property
    def dialect(self) -> Dialect:
        """One of its own; the version is a date."""
        return for_voice_live(self.target.api_version)

    @property
    def path(self) -> str:
        """One for everything."""
        return "/voice-live/realtime"

    def query(self, kind: SessionKind) -> dict[str, str]:
        """The version, and the model that a conversation would be led by."""
        version = self.target.api_version.strip() or NEWEST_VERSION
        return {"api-version": version, "model": self.target.realtime_deployment}

    def check(self) -> None:
        """OpenAI's recognisers work behind its own realtime models alone (vendor's table)."""
        for deployment in self.deployments:
            if not deployment.model.startswith(_AZURE_MODELS) and not self._is_native:
                raise SettingsError(
                    f"Target '{self.target.name}': Voice Live hears with '{deployment.model}' only "
                    f"where its realtime_deployment is a {_NATIVE} model, and that is "
                    f"'{self.target.realtime_deployment}'.",
                    advice="Use azure-speech, or a gpt-realtime model.",
                )

    @property
    def _is_native(self) -> bool:
        return self.target.realtime_deployment.startswith(_NATIVE)

    # --- hearing

    def model_languages(self, model: TranscriptionModel) -> tuple[str, ...]:
        """Azure's recognisers know the service's locales; others their own languages."""
        return self.all_languages if model.name in _AZURE_MODELS else super().model_languages(model)

    @property
    def all_languages(self) -> tuple[str, ...]:
        """With and without regions."""
        locales = tuple(recognition_locales())
        return tuple(dict.fromkeys((*(tag.partition("-")[0] for tag in locales), *locales, *ALL)))

    def hints(self, asked: Hints, model: TranscriptionModel) -> Hints:
        """BCP 47 tags as they are, phrases where no realtime model hears, and the service's own detection."""
        regional = model.name in _AZURE_MODELS
        name = _tag if regional else _plain
        taken = replace(
            asked,
            language=name(asked.language),
            also=tuple(name(tag) for tag in asked.also),
            keywords=() if self._is_native else asked.keywords,
            detection=_detection(asked.detection),
        )
        return taken.taken_by(model)

    def noise_reduction(self, wanted: str) -> str:
        """Azure's own; those for a near or a far microphone are the realtime models'."""
        return wanted if wanted == "off" or self._is_native else "azure_deep_noise_suppression"

    # --- voices

    @property
    def voices(self) -> tuple[str, ...]:
        """Azure's, the resource's own, and OpenAI's where one of its models speaks."""
        openai = GA_VOICES if self._is_native else ()
        return (*self.target.custom_voices, *azure_voices(), *openai)

    def has_voice(self, name: str) -> bool:
        """One whose name has the right form may be newer than this program: the service decides."""
        return name in self.voices or is_azure_voice_name(name)

    def understood_voice(self, asked: str) -> str:
        """The full name: in any case, with or without the locale, or as people call it (`Jenny`)."""
        asked = asked.strip()
        known = azure_voice(asked)
        if known is not None:
            return known.name
        # Azure has voices that are called like OpenAI's, but in a few regions only
        for name in (*self.target.custom_voices, *GA_VOICES, *LIKENESS):
            if name.lower() == asked.lower():
                return name
        called = [voice.name for voice in find_voices(asked) if voice.short_name.lower() == asked.lower()]
        newer = short_form(asked)
        return called[0] if called else newer if is_azure_voice_name(newer) else asked

    def understands(self, asked: str) -> bool:
        """Its own voices, and those of the other services, for which others speak."""
        name = self.understood_voice(asked)
        return self.has_voice(name) or name.lower() in (*GA_VOICES, *LIKENESS)

    def nearest_voice(self, name: str) -> str:
        """`name`, or a voice of the same gender that speaks every language."""
        requested = self.understood_voice(name)
        if self.has_voice(requested):
            return requested
        return _LIKE.get(GENDERS.get(requested.lower(), ""), self.default_voice)

    def offered_voices(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Those whose own language is one of these, and the ones that stand for all; none: every voice."""
        known = azure_voices()
        ours = [name for name in self.voices if name not in known]
        spoken = [
            name for language in languages for name, voice in known.items() if matches(voice.locale, language)
        ]
        return tuple(dict.fromkeys((*ours, *(spoken if languages else known), *_LIKE.values())))

    def voice_languages(self, voice: str) -> tuple[str, ...]:
        """Its locale and those that it speaks besides; of the resource's own voices we know nothing."""
        found = azure_voices().get(voice)
        if found is not None:
            return tuple(dict.fromkeys((found.locale, *found.languages)))
        return (voice.rpartition("-")[0],) if is_azure_voice_name(voice) else ALL

    def voice_description(self, voice: str) -> str:
        """Such as `Jenny (en-US, female)`."""
        found = azure_voices().get(voice)
        return f"{found.short_name} ({found.locale}, {found.gender})" if found is not None else voice

    def azure_voice(self, voice: str, speech: Speech) -> AzureVoiceConfig:
        """As the settings want it to speak."""
        endpoint = self.target.custom_voices.get(voice, "")
        if voice in GA_VOICES:
            return AzureVoiceConfig("openai")
        return AzureVoiceConfig(
            "azure-custom" if endpoint else "azure-standard",
            endpoint,
            speech.lexicon,
            speech.accents,
            Manner(speech.style, speech.pitch, speech.volume),
        )


def _tag(language: str) -> str:
    """A BCP 47 tag as it is written: `nb-NO`, `zh-Hans-CN`; those with a script lose nothing."""
    first, *others = language.replace("_", "-").split("-")
    written = [one.upper() if len(one) == 2 else one.capitalize() if len(one) == 4 else one for one in others]
    return "-".join([first.lower(), *written])


def _plain(language: str) -> str:
    return openai_code(language, regional=False) if language else ""


def _detection(asked: TurnDetection | None) -> TurnDetection | None:
    """`semantic_vad` is the realtime models' own; Azure's finds the end of an utterance by its words too."""
    if asked is None or asked.type != "semantic_vad":
        return asked
    silence = _SILENCE_MS.get(asked.eagerness or "auto", _SILENCE_MS["auto"])
    return TurnDetection(type="azure_semantic_vad", silence_duration_ms=silence)
