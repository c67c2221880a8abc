"""Which deployment of a target hears, and what is known of the model behind it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

from wyoming_azure_realtime.realtime.models import (
    SpeechModel,
    TranscriptionModel,
    speech_model,
    transcription_model,
)
from wyoming_azure_realtime.settings.model import Recognition, Target

Known = tuple[TranscriptionModel, ...]
Host: TypeAlias = Literal["azure", "openai"]

SOON = timedelta(days=60)
"""So long before a model's end it is told at every start."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that hears, and its model."""

    name: str
    model: str


def deployments(target: Target) -> tuple[Deployment, ...]:
    """Those of a target, its default first."""
    default = Deployment(target.transcription_deployment, target.transcribes_with)
    return (default, *(Deployment(name, model) for name, model in target.also_transcribes.items()))


def deployment_like(wanted: Deployment, target: Target) -> Deployment | None:
    """The one of a target that hears as `wanted` does; None if it has no such model."""
    alike = [offered for offered in deployments(target) if offered.model.lower() == wanted.model.lower()]
    return next((offered for offered in alike if offered.name == wanted.name), alike[0] if alike else None)


def models_of(recognition: Recognition) -> Known:
    """What the settings tell about models."""
    return tuple(
        TranscriptionModel(
            name,
            turn_detection=facts.turn_detection,
            partials=facts.partials,
            prompt=facts.prompt,
            plural_languages=facts.plural_languages,
            keywords=facts.keywords,
            ends_on_azure=_date(facts.retires),
            ends_at_openai=_date(facts.retires),
        )
        for name, facts in recognition.models.items()
    )


def warnings(targets: Iterable[tuple[Target, Host]], known: Known, today: date) -> Iterator[str]:
    """What an operator should know about the models of his targets, each with the host that it is at."""
    for target, host in targets:
        for deployment in deployments(target):
            facts = transcription_model(deployment.model, known)
            what = f"Target '{target.name}': the transcription model '{deployment.model}'"
            if not facts.name:
                yield (
                    f"{what} is unknown, so it is asked for little, and names in the home are not sent. "
                    "Say which it is (transcription_model, also_transcribes) or describe it "
                    "(recognition.models)"
                )
            yield from _ending(what, _end(facts, host), today, "gpt-realtime-whisper or gpt-live-transcribe")
        speaks = speech_model(target.realtime_deployment)
        if speaks is not None:
            what = f"Target '{target.name}': the model '{speaks.name}'"
            yield from _ending(what, _end(speaks, host), today, "gpt-realtime-2.1 or gpt-realtime-2.1-mini")


def _end(model: TranscriptionModel | SpeechModel, host: Host) -> date | None:
    return model.ends_on_azure if host == "azure" else model.ends_at_openai


def _ending(what: str, end: date | None, today: date, instead: str) -> Iterator[str]:
    if end is None or end - today > SOON:
        return
    when = f"{'was' if end <= today else 'is'} to be retired on {end}, as far as known in November 2026"
    yield f"{what} {when}. Deploy another, such as {instead}"


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
