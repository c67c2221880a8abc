"""Azure OpenAI: a resource, or a gateway in front of one."""

from datetime import date
from typing import ClassVar

from wyoming_azure_realtime.providers.base import Provider, ServiceModel
from wyoming_azure_realtime.providers.voices import COMMON_VOICES, GA_VOICES
from wyoming_azure_realtime.realtime.dialects import Dialect, for_api_version
from wyoming_azure_realtime.realtime.dialects.base import SessionKind


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

    @property
    def dialect(self) -> Dialect:
        """GA without a version or with `v1`; a date selects the preview."""
        return for_api_version(self.target.api_version)

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
        return GA_VOICES if self._is_ga else COMMON_VOICES

    @property
    def _is_ga(self) -> bool:
        return self.dialect.name == "ga"
