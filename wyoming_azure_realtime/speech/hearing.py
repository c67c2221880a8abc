"""Which deployment of a target hears, and what is known of the model behind it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model
from wyoming_azure_realtime.settings.model import Recognition, Target

Known = tuple[TranscriptionModel, ...]


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


def warnings(
    targets: Iterable[tuple[Target, Literal["azure", "openai"]]], known: Known, today: date
) -> Iterator[str]:
    """What an operator should know about the models of his targets, each with the host that it is at."""
    for target, host in targets:
        for deployment in deployments(target):
            facts = transcription_model(deployment.model, known)
            where = f"Target '{target.name}': the transcription model '{deployment.model}'"
            end = facts.ends_on_azure if host == "azure" else facts.ends_at_openai
            if not facts.name:
                yield (
                    f"{where} is unknown, so it is asked for little, and names in the home are not sent. "
                    "Say which it is (transcription_model, also_transcribes) or describe it "
                    "(recognition.models)"
                )
            elif end is not None and end <= today:
                yield (
                    f"{where} was to be retired on {end}, as far as known in November 2026. "
                    "If it fails, deploy another, such as gpt-live-transcribe"
                )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
