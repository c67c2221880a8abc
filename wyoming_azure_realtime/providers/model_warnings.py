"""What an operator should know about the models of a target: unknown ones, and those that end soon."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from wyoming_azure_realtime.providers.base import Provider
from wyoming_azure_realtime.providers.models import ServiceModel
from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model

SOON = timedelta(days=60)
"""So long before a model's end it is told at every start."""


def model_warnings(
    provider: Provider, described: tuple[TranscriptionModel, ...], today: date
) -> Iterator[str]:
    """One sentence each. `described`: models that the settings describe; their ends count before others."""
    target = provider.target
    for deployment in provider.deployments:
        facts = transcription_model(deployment.model, provider.known_models(described))
        what = f"Target '{target.name}': the transcription model '{deployment.model}'"
        if not facts.name:
            yield (
                f"{what} is unknown, so it is asked for little, and names in the home are not sent. "
                "Say which it is (transcription_model, also_transcribes) or describe it "
                "(recognition.models)"
            )
        end = facts.ends or _end(provider.transcription_models, facts.name)
        yield from _ending(what, end, today, "gpt-realtime-whisper or gpt-live-transcribe")
    speaks = target.realtime_deployment.lower()  # a deployment that is called otherwise may be any model
    what = f"Target '{target.name}': the model '{speaks}'"
    end = _end(provider.speech_models, speaks)
    yield from _ending(what, end, today, "gpt-realtime-2.1 or gpt-realtime-2.1-mini")


def _end(models: Iterable[ServiceModel], name: str) -> date | None:
    return next((model.ends for model in models if model.name == name), None)


def _ending(what: str, end: date | None, today: date, instead: str) -> Iterator[str]:
    if end is None or end - today > SOON:
        return
    when = f"{'was' if end <= today else 'is'} to be retired on {end}, as far as known in November 2026"
    yield f"{what} {when}. Deploy another, such as {instead}"
