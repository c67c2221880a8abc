"""Azure OpenAI: a resource, or a gateway in front of one; and the embedded backend, which has its API."""

from datetime import date
from typing import ClassVar

from wyoming_azure_realtime.providers.base import Deployment, Provider, ServiceModel, split
from wyoming_azure_realtime.providers.languages import ENGLISH
from wyoming_azure_realtime.providers.voices import COMMON_VOICES, GA_VOICES
from wyoming_azure_realtime.realtime.dialects import Dialect, for_api_version, for_target
from wyoming_azure_realtime.realtime.dialects.base import SessionKind

DEMO_MODEL = "embedded-demo"
_WITH_VOICE_LIVE = (".services.ai.azure.com", ".cognitiveservices.azure.com")


class AzureOpenAi(Provider):
    """Two generations of the API, told apart by the target's `api_version`.

    Ends of models: Azure's schedule of retirements of July 2026, read in November 2026.
    """

    service: ClassVar = "azure_openai"
    backend: ClassVar = "azure"
    label: ClassVar = "Azure OpenAI"
    documentation: ClassVar = "https://learn.microsoft.com/azure/ai-foundry/openai/"
    copied_paths: ClassVar = ("/openai/v1/realtime", "/openai/realtime", "/openai/v1", "/openai")
    transcription_models: ClassVar[tuple[ServiceModel, ...]] = (
        ServiceModel("whisper-1", date(2026, 12, 15)),
        ServiceModel("gpt-4o-transcribe-diarize", date(2026, 10, 15)),
        ServiceModel("gpt-4o-transcribe", date(2026, 10, 15)),
        ServiceModel("gpt-4o-mini-transcribe", date(2026, 12, 15)),
        ServiceModel("gpt-realtime-whisper"),
        ServiceModel("gpt-live-transcribe"),
        ServiceModel("gpt-transcribe"),
    )
    speech_models: ClassVar[tuple[ServiceModel, ...]] = (
        ServiceModel("gpt-realtime", date(2027, 2, 28)),
        ServiceModel("gpt-realtime-mini", date(2026, 12, 15)),
        ServiceModel("gpt-realtime-1.5", date(2027, 2, 23)),
        ServiceModel("gpt-realtime-2", date(2027, 5, 6)),
        ServiceModel("gpt-realtime-2.1", date(2027, 6, 25)),
        ServiceModel("gpt-realtime-2.1-mini", date(2027, 6, 25)),
    )

    turn_transcriber: ClassVar = "gpt-transcribe"
    # Says the vendor's staff (May 2026).
    not_in_conversations: ClassVar = ("gpt-realtime-whisper", "gpt-live-transcribe")

    @property
    def dialect(self) -> Dialect:
        """GA without a version or with `v1`; a date selects the preview."""
        return for_target(self.target.dialect) or for_api_version(self.target.api_version)

    @property
    def path(self) -> str:
        """The preview has one of its own."""
        return "/openai/v1/realtime" if self._is_ga else "/openai/realtime"

    def query(self, kind: SessionKind) -> dict[str, str]:
        """The preview's also says the version, and calls the model a deployment."""
        if self._is_ga:
            return super().query(kind)
        version = {"api-version": self.target.api_version.strip()}
        if kind == "transcription":
            return version | {"intent": "transcription"}
        return version | {"deployment": self.target.realtime_deployment}

    @property
    def voices(self) -> tuple[str, ...]:
        """Two of them came with GA."""
        return self.target.voices or (GA_VOICES if self._is_ga else COMMON_VOICES)

    @property
    def other_service(self) -> str:
        """Resources of Azure AI Foundry and of Azure's AI services have Voice Live, too."""
        host = split(self.target.endpoint).hostname or ""
        return "voice_live" if host.endswith(_WITH_VOICE_LIVE) else ""

    @property
    def _is_ga(self) -> bool:
        return self.dialect.name == "ga"


class EmbeddedService(AzureOpenAi):
    """The embedded backend: this project's own server, with Azure OpenAI's paths, headers and voices.

    It hears English unless it is given another model. Its models behave like the vendor's and never end.
    """

    service: ClassVar = "embedded"
    backend: ClassVar = "embedded"
    label: ClassVar = "Whisper and hibari, or CMU Sphinx and espeak-ng"
    documentation: ClassVar = "https://github.com/espeak-ng/espeak-ng"
    languages: ClassVar = ENGLISH
    reduces_noise: ClassVar = False
    transcription_models: ClassVar = tuple(ServiceModel(it.name) for it in AzureOpenAi.transcription_models)
    speech_models: ClassVar = tuple(ServiceModel(it.name) for it in AzureOpenAi.speech_models)

    def offered_as(self, deployment: Deployment) -> tuple[str, str]:
        """The name of the model that it behaves like would promise more than the demo hears."""
        return DEMO_MODEL, "embedded recogniser (English)"
