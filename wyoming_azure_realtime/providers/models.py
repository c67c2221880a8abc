"""Models as a service offers them, what settings add, and what an operator should know about them. Pure."""

from dataclasses import dataclass
from datetime import date

from wyoming_azure_realtime.realtime.models import TranscriptionModel
from wyoming_azure_realtime.settings.model import Recognition


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """A family of models at one service; `ends`: from when on its last version is refused there, if known."""

    name: str
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that hears, and its model."""

    name: str
    model: str


def described_models(recognition: Recognition) -> tuple[TranscriptionModel, ...]:
    """What the settings tell about models."""
    return tuple(
        TranscriptionModel(
            name,
            turn_detection=facts.turn_detection,
            partials=facts.partials,
            prompt=facts.prompt,
            plural_languages=facts.plural_languages,
            keywords=facts.keywords,
            ends=date.fromisoformat(facts.retires) if facts.retires else None,
        )
        for name, facts in recognition.models.items()
    )
