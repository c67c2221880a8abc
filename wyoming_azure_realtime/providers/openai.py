"""OpenAI's own service, or a gateway with its paths."""

from datetime import date
from typing import ClassVar

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.providers.base import Provider, ServiceModel
from wyoming_azure_realtime.providers.voices import GA_VOICES
from wyoming_azure_realtime.realtime.dialects import Dialect, for_api_version, for_target

_END = date(2027, 2, 26)
_SPEECH_END = date(2027, 1, 20)


class OpenAi(Provider):
    """GA only; the key is a bearer token.

    Ends of models: OpenAI's list of deprecations, read in November 2026.
    """

    service: ClassVar = "openai"
    backend: ClassVar = "openai"
    label: ClassVar = "OpenAI"
    documentation: ClassVar = "https://platform.openai.com/docs/guides/realtime"
    hosts: ClassVar = ("api.openai.com",)
    copied_paths: ClassVar = ("/v1/realtime", "/v1")
    key_is_bearer: ClassVar = True
    turn_transcriber: ClassVar = "gpt-transcribe"
    transcription_models: ClassVar[tuple[ServiceModel, ...]] = (
        ServiceModel("whisper-1", _END),
        ServiceModel("gpt-4o-transcribe-diarize", _END),
        ServiceModel("gpt-4o-transcribe", _END),
        ServiceModel("gpt-4o-mini-transcribe", _END),
        ServiceModel("gpt-realtime-whisper"),
        ServiceModel("gpt-live-transcribe"),
        ServiceModel("gpt-transcribe"),
    )
    speech_models: ClassVar[tuple[ServiceModel, ...]] = (
        ServiceModel("gpt-realtime", _SPEECH_END),
        ServiceModel("gpt-realtime-mini", _SPEECH_END),
        ServiceModel("gpt-realtime-1.5"),
        ServiceModel("gpt-realtime-2"),
        ServiceModel("gpt-realtime-2.1"),
        ServiceModel("gpt-realtime-2.1-mini"),
    )

    @property
    def dialect(self) -> Dialect:
        """The preview is switched off here."""
        dialect = for_target(self.target.dialect) or for_api_version(self.target.api_version)
        if self.target.dialect == "auto" and dialect.name != "ga":
            raise SettingsError(
                f"Invalid API version '{self.target.api_version}'.",
                advice="OpenAI speaks the GA API only: leave AZURE_OPENAI_API_VERSION empty or set it to v1.",
            )
        return dialect

    @property
    def path(self) -> str:
        """One for both kinds of session."""
        return "/v1/realtime"

    @property
    def voices(self) -> tuple[str, ...]:
        """All of them."""
        return self.target.voices or GA_VOICES
