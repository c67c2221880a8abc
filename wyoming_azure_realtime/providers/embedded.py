"""The embedded backend: this project's own server, which has Azure OpenAI's paths, headers and voices."""

from typing import ClassVar

from wyoming_azure_realtime.providers.azure_openai import AzureOpenAi
from wyoming_azure_realtime.providers.base import ENGLISH, Deployment, ServiceModel

DEMO_MODEL = "embedded-demo"


class EmbeddedService(AzureOpenAi):
    """A demo in English. Its models behave like the vendor's of the same names and never end."""

    service: ClassVar = "embedded"
    backend: ClassVar = "embedded"
    label: ClassVar = "espeak-ng and CMU Sphinx"
    documentation: ClassVar = "https://github.com/espeak-ng/espeak-ng"
    languages: ClassVar = ENGLISH
    reduces_noise: ClassVar = False
    transcription_models: ClassVar = tuple(ServiceModel(it.name) for it in AzureOpenAi.transcription_models)
    speech_models: ClassVar = tuple(ServiceModel(it.name) for it in AzureOpenAi.speech_models)

    def offered_as(self, deployment: Deployment) -> tuple[str, str]:
        """The name of the model that it behaves like would promise more than the demo hears."""
        return DEMO_MODEL, "embedded demo recogniser (English)"
