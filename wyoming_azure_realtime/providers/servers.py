"""Servers that speak this protocol without being the vendors': machines at home, and xAI.

Sources: as in `realtime.dialects.servers`. A server of this family that is not here is a target of the
service `openai` with its own `path`, `dialect` and `voices`.
"""

from typing import ClassVar

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.base import Provider, ServiceModel
from wyoming_azure_realtime.realtime.dialects import Dialect, for_api_version, for_target
from wyoming_azure_realtime.realtime.dialects.base import SessionKind
from wyoming_azure_realtime.realtime.dialects.servers import (
    DEFAULT_VOICE,
    LocalAiDialect,
    SpeachesDialect,
    SpeechToSpeechDialect,
    XaiDialect,
)
from wyoming_azure_realtime.realtime.models import TranscriptionModel


class Server(Provider):
    """What they have in common: one path, models by any name, a bearer token if any, voices of their own."""

    copied_paths: ClassVar = ("/v1/realtime", "/v1")
    key_is_bearer: ClassVar = True
    needs_key: ClassVar = False
    reduces_noise: ClassVar = False
    transcription_models: ClassVar[tuple[ServiceModel, ...]] = ()
    speech_models: ClassVar[tuple[ServiceModel, ...]] = ()
    # Whatever its name is: it takes a language and nothing else.
    own_models: ClassVar[tuple[TranscriptionModel, ...]] = (
        TranscriptionModel("", turn_detection=False, prompt=False, prompt_holds_names=False),
    )
    own_dialect: ClassVar[Dialect]
    usual_voices: ClassVar[tuple[str, ...]] = (DEFAULT_VOICE,)

    @property
    def dialect(self) -> Dialect:
        """Its own, unless the target names another. There are no versions of it."""
        if for_api_version(self.target.api_version).name != "ga":
            raise SettingsError(
                f"Invalid API version '{self.target.api_version}'.",
                advice=f"{self.label} has no versions: leave it empty.",
            )
        return for_target(self.target.dialect) or self.own_dialect

    @property
    def path(self) -> str:
        """One for both kinds of session."""
        return "/v1/realtime"

    def query(self, kind: SessionKind) -> dict[str, str]:
        """The model is named in every case."""
        return {"model": self.target.realtime_deployment}

    @property
    def own_voices(self) -> tuple[str, ...]:
        """Those of the settings, else the server's, which may be one without a name."""
        return self.target.voices or self.usual_voices

    @property
    def voices(self) -> tuple[str, ...]:
        """No others."""
        return self.own_voices


class SpeechToSpeech(Server):
    """Hugging Face's pipeline on one machine: one conversation at a time, which hears as well."""

    service: ClassVar = "speech_to_speech"
    backend: ClassVar = "speech-to-speech"
    label: ClassVar = "Hugging Face speech-to-speech"
    documentation: ClassVar = "https://github.com/huggingface/speech-to-speech"
    transcribes_over: ClassVar[SessionKind] = "realtime"
    max_sessions: ClassVar = 1
    own_dialect: ClassVar[Dialect] = SpeechToSpeechDialect()


class LocalAi(Server):
    """LocalAI: a deployment is the name of a pipeline, for hearing and for speaking."""

    service: ClassVar = "localai"
    backend: ClassVar = "localai"
    label: ClassVar = "LocalAI"
    documentation: ClassVar = "https://localai.io/features/openai-realtime/"
    own_models: ClassVar[tuple[TranscriptionModel, ...]] = (TranscriptionModel("", turn_detection=False),)
    own_dialect: ClassVar[Dialect] = LocalAiDialect()

    def query(self, kind: SessionKind) -> dict[str, str]:
        """Both kinds need a pipeline."""
        hears = self.target.transcription_deployment
        return {"model": hears if kind == "transcription" else self.target.realtime_deployment}


class Speaches(Server):
    """speaches (formerly faster-whisper-server), with the preview's flat events."""

    service: ClassVar = "speaches"
    backend: ClassVar = "speaches"
    answers: ClassVar = False
    label: ClassVar = "speaches"
    documentation: ClassVar = "https://speaches.ai/usage/realtime-api/"
    own_dialect: ClassVar[Dialect] = SpeachesDialect()

    def query(self, kind: SessionKind) -> dict[str, str]:
        """With this intent the model is the one that hears, and nothing is answered."""
        if kind == "transcription":
            return {"intent": "transcription", "model": self.target.transcription_deployment}
        return {
            "model": self.target.realtime_deployment,
            "transcription_model": self.target.transcription_deployment,
        }


class Xai(Server):
    """xAI's voice agents; what they are told to say is said as it stands, without a model between."""

    service: ClassVar = "xai"
    backend: ClassVar = "xai"
    answers: ClassVar = False
    label: ClassVar = "xAI"
    documentation: ClassVar = "https://docs.x.ai/docs/guides/voice/agent"
    hosts: ClassVar = ("api.x.ai",)
    needs_key: ClassVar = True
    reduces_noise: ClassVar = True
    transcribes_over: ClassVar[SessionKind] = "realtime"
    default_speech_model: ClassVar = "grok-voice-latest"
    default_transcription_model: ClassVar = "grok-transcribe"
    exact: ClassVar = True
    pre_generated: ClassVar = True
    own_dialect: ClassVar[Dialect] = XaiDialect()
    usual_voices: ClassVar = ("eve", "ara", "leo", "rex", "sal")
