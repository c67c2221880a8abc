"""What is on offer: models and voices, answered from memory. Pure and immutable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from wyoming_azure_realtime.errors import UnknownLanguage, UnknownModel, UnknownVoice
from wyoming_azure_realtime.providers.base import Deployment, Provider, described_models, matches
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.models import transcription_model
from wyoming_azure_realtime.settings.model import Profile, Settings, Target

NOWHERE = Deployment("", "")


@dataclass(frozen=True, slots=True)
class Model:
    """A recognition model, under the name that clients ask for; its deployment's name is understood too."""

    name: str
    description: str
    languages: tuple[str, ...]
    deployment: Deployment = NOWHERE


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice, under the name that clients ask for; `realtime_name` is what the session is asked for."""

    name: str
    description: str
    languages: tuple[str, ...]
    realtime_name: str


@dataclass(frozen=True)
class Catalog:
    """Models and voices with the defaults of a profile. `asr_unavailable_reason`: why there are no models.

    `provider`: the service that they are of. `requires_external_vad`: it is the client who ends an utterance.
    """

    models: tuple[Model, ...]
    voices: tuple[Voice, ...]
    partials: bool
    provider: Provider
    default_voice: str
    default_language: str
    asr_unavailable_reason: str = ""
    requires_external_vad: bool = True

    @property
    def backend(self) -> str:
        """What clients are told runs behind this: `azure`, `openai`, `embedded`."""
        return self.provider.backend

    def model(self, name: str = "", language: str = "") -> Model:
        """By name, else the first that knows the language. Raises `UnknownModel`, `UnknownLanguage`."""
        if not self.models:
            raise UnknownModel(f"Nothing here can recognise speech: {self.asr_unavailable_reason}")
        named = [model for model in self.models if name in ("", model.name)]
        named = named or [model for model in self.models if name == model.deployment.name]
        if not named:
            raise UnknownModel(f"Unknown model {_shown(name)}.", advice=f"There is {_list(self.models)}.")
        requested = language or self.default_language
        for model in named:
            if any(matches(offered, requested) for offered in model.languages):
                return model
        known = sorted({code for model in named for code in model.languages if "-" not in code})
        raise UnknownLanguage(
            f"Unknown language {_shown(requested)}.", advice=f"There is {', '.join(known)}."
        )

    def voice(self, name: str = "", language: str = "", speaker: str = "") -> Voice:
        """By name or speaker, else one that speaks the language. Raises `UnknownVoice`."""
        asked = name or speaker
        if asked:
            requested = self.provider.understood_voice(asked)
            for voice in self.voices:
                if voice.name == requested:
                    return voice
            raise UnknownVoice(f"Unknown voice {_shown(asked)}.", advice=f"There is {_list(self.voices)}.")
        default = self.voice(self.default_voice)
        for voice in (default, *self.voices):
            if not language or any(matches(offered, language) for offered in voice.languages):
                return voice
        raise UnknownVoice(f"No voice speaks {_shown(language)}.", advice=f"There is {_list(self.voices)}.")

    def for_profile(self, profile: Profile) -> "Catalog":
        """The same with the profile's defaults."""
        return replace(
            self,
            default_voice=profile.voice or self.default_voice,
            default_language=profile.language or self.default_language,
            requires_external_vad=profile.vad == "client" if profile.vad else self.requires_external_vad,
        )


def _shown(asked: str) -> str:
    """What a client asked for, on one line and not at any length."""
    return repr(asked[:60])


def _list(entries: tuple[Model, ...] | tuple[Voice, ...]) -> str:
    return ", ".join(entry.name for entry in entries)


def catalog_of(target: Target, settings: Settings, asr_unavailable_reason: str = "") -> Catalog:
    """What a target offers, and the settings' substitutes for voices that it lacks.

    `asr_unavailable_reason`: why it has no recognition, if it has none. Raises `SettingsError`.
    """
    provider = provider_of(target)
    known = provider.known_models(described_models(settings.recognition))
    models = [transcription_model(deployment.model, known) for deployment in provider.deployments]
    return Catalog(
        models=() if asr_unavailable_reason else _models(provider),
        voices=tuple(_voices(provider, settings.speech.substitutes)),
        partials=any(model.partials != "none" for model in models),
        provider=provider,
        default_voice=settings.speech.voice,
        default_language=settings.recognition.language,
        asr_unavailable_reason=asr_unavailable_reason,
        requires_external_vad=settings.recognition.requires_external_vad,
    )


def _voices(provider: Provider, substitutes: Mapping[str, str]) -> Iterator[Voice]:
    """Those that sessions accept, then the names that others speak for."""
    for name in provider.voices:
        yield Voice(name, name.capitalize(), provider.voice_languages(name), name)
    for name, instead in substitutes.items():
        description = f"{name.capitalize()} (spoken by {instead.capitalize()})"
        yield Voice(name, description, provider.voice_languages(instead), instead)


def _models(provider: Provider) -> tuple[Model, ...]:
    """Under the names that the service gives them; a second deployment of a model goes by its own name."""
    models: dict[str, Model] = {}
    for deployment in provider.deployments:
        name, description = provider.offered_as(deployment)
        if name in models:
            name, description = deployment.name, f"{description} ({deployment.name})"
        models.setdefault(name, Model(name, description, provider.languages, deployment))
    return tuple(models.values())
