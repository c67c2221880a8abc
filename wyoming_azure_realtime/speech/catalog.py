"""What is on offer: models and voices, answered from memory. Pure and immutable."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wyoming_azure_realtime.errors import UnknownLanguage, UnknownModel, UnknownVoice
from wyoming_azure_realtime.providers.azure_voices import (
    azure_voice,
    azure_voices,
    is_azure_voice_name,
    short_form,
)
from wyoming_azure_realtime.providers.base import Deployment, Provider, described_models
from wyoming_azure_realtime.providers.languages import matches
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.realtime.models import TranscriptionModel, transcription_model
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
    """A voice, under the name that clients ask for; `realtime_name` is what the session is asked for.

    `asked`: the voice of another service that was asked for, for which it speaks; other targets may have it.
    `further`: languages that are spoken under its name, but only where they are asked for.
    """

    name: str
    description: str
    languages: tuple[str, ...]
    realtime_name: str
    asked: str = ""
    further: tuple[str, ...] = ()

    def speaks(self, language: str) -> bool:
        """Whether it may be asked for a language (BCP 47), of any region."""
        return any(matches(offered, language) for offered in (*self.languages, *self.further))

    @property
    def only_language(self) -> tuple[str, ...]:
        """The language that it speaks, without a region, if it is only one; else empty."""
        plain = {code.partition("-")[0] for code in self.languages}
        return tuple(plain) if len(plain) == 1 else ()


@dataclass(slots=True)
class ChosenVoice:
    """The voice that somebody chose for all who ask for none; empty: that of the settings."""

    name: str = ""


@dataclass(frozen=True)
class Catalog:
    """Models and voices with the defaults of a profile. `asr_unavailable_reason`: why there are no models.

    `provider`: the service that they are of. `requires_external_vad`: it is the client who ends an utterance.
    `speech_language`: that of texts which do not tell theirs; empty if unknown. `speech_model`: what people
    are told that speaks. `has_own_voice`: the profile names its voice.
    """

    models: tuple[Model, ...]
    voices: tuple[Voice, ...]
    partials: bool
    provider: Provider
    default_voice: str
    default_language: str
    asr_unavailable_reason: str = ""
    requires_external_vad: bool = True
    speech_language: str = ""
    speech_model: str = ""
    has_own_voice: bool = False

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
            return self._named(asked)
        default = self.voice(self.default_voice)
        for voice in (default, *self.voices):
            if not language or voice.speaks(language):
                return voice
        for further in self.provider.offered_voices((language,)):  # beyond what clients are shown
            voice = self._unlisted(further)
            if voice.speaks(language):
                return voice
        raise UnknownVoice(f"No voice speaks {_shown(language)}.", advice=f"There is {_list(self.voices)}.")

    def _named(self, asked: str) -> Voice:
        """One that clients are shown, or another that the service has or knows of."""
        provider = self.provider
        requested = provider.understood_voice(asked)
        for voice in self.voices:
            if voice.name == requested:
                return replace(voice, asked=_of_azure(asked)) if requested not in azure_voices() else voice
        if not provider.understands(asked):
            raise UnknownVoice(f"Unknown voice {_shown(asked)}.", advice=f"There is {_list(self.voices)}.")
        nearest = self._unlisted(provider.nearest_voice(requested))
        return nearest if nearest.name == requested else replace(nearest, asked=requested)

    def _unlisted(self, name: str) -> Voice:
        provider = self.provider
        return Voice(name, provider.voice_description(name), provider.voice_languages(name), name)

    def styles(self, voice: Voice) -> tuple[str, ...]:
        """The styles in which a voice can speak; none where voices have no styles."""
        known = azure_voice(voice.realtime_name) if self.provider.has_manners else None
        return known.styles if known else ()

    def for_profile(self, profile: Profile) -> "Catalog":
        """The same with the profile's defaults."""
        return replace(
            self,
            default_voice=profile.voice or self.default_voice,
            default_language=profile.language or self.default_language,
            speech_language=profile.language or self.speech_language,
            requires_external_vad=profile.vad == "client" if profile.vad else self.requires_external_vad,
            has_own_voice=bool(profile.voice),
        )

    def preferring(self, voice: str) -> "Catalog":
        """The same with this default voice, unless the profile has its own or nobody here knows it."""
        if self.has_own_voice or not voice:
            return self
        try:
            return replace(self, default_voice=self.voice(voice).name)
        except UnknownVoice:
            return self


def _of_azure(asked: str) -> str:
    """The full name of a voice of Azure Speech; empty if it is none."""
    known, name = azure_voice(asked), short_form(asked)
    return known.name if known else name if is_azure_voice_name(name) else ""


def _shown(asked: str) -> str:
    """What a client asked for, on one line and not at any length."""
    return repr(asked[:60])


def _list(entries: tuple[Model, ...] | tuple[Voice, ...]) -> str:
    """At most 20 of them: Azure has 700 voices."""
    return ", ".join([entry.name for entry in entries][:20]) + (" and others" if len(entries) > 20 else "")


def catalog_of(
    target: Target,
    settings: Settings,
    asr_unavailable_reason: str = "",
    *,
    engines: str = "",
    spoken: tuple[str, ...] = (),
) -> Catalog:
    """What a target offers, and the settings' substitutes for voices that it lacks.

    `asr_unavailable_reason`: why it has no recognition, if it has none. `engines`: what speaks behind its
    deployment, where that is known. `spoken`: languages that its voices speak besides those that its service
    is known for. Raises `SettingsError`.
    """
    provider = provider_of(target)
    known = provider.known_models(described_models(settings.recognition))
    more = settings.recognition.more_languages
    models = [transcription_model(deployment.model, known) for deployment in provider.deployments]
    return Catalog(
        models=() if asr_unavailable_reason else _models(provider, known, more),
        voices=tuple(_with_further(voice, spoken) for voice in _voices(provider, settings, more)),
        partials=any(model.partials != "none" for model in models),
        provider=provider,
        default_voice=settings.speech.voice,
        default_language=settings.recognition.language,
        asr_unavailable_reason=asr_unavailable_reason,
        requires_external_vad=settings.recognition.requires_external_vad,
        speech_language=settings.speech.language,
        speech_model=engines or target.realtime_deployment,
    )


def _voices(provider: Provider, settings: Settings, more: tuple[str, ...]) -> Iterator[Voice]:
    """Those that clients are shown, then the names that others speak for; `more` are further languages."""
    for name in provider.offered_voices(home_languages(settings)):
        further = () if name in azure_voices() else more
        yield Voice(
            name, provider.voice_description(name), _with(provider.voice_languages(name), further), name
        )
    for name, instead in settings.speech.substitutes.items():
        if provider.has_voice(instead):
            description = f"{name.capitalize()} (spoken by {instead.capitalize()})"
            yield Voice(name, description, _with(provider.voice_languages(instead), more), instead)


def _with_further(voice: Voice, spoken: tuple[str, ...]) -> Voice:
    """The voice with those of the languages that are not its own."""
    return replace(voice, further=tuple(tag for tag in spoken if not voice.speaks(tag)))


def home_languages(settings: Settings) -> tuple[str, ...]:
    """The languages that are spoken in this home, as far as the settings say; none where all are wanted."""
    if settings.speech.offered == "all":
        return ()
    profiles = (profile.language for profile in settings.profiles.values())
    named = (
        settings.recognition.language,
        *settings.recognition.also_spoken,
        settings.speech.language,
        *profiles,
    )
    return tuple(dict.fromkeys(filter(None, named)))


def _models(
    provider: Provider, known: tuple[TranscriptionModel, ...], more: tuple[str, ...]
) -> tuple[Model, ...]:
    """Under the names that the service gives them; a second deployment of a model goes by its own name."""
    models: dict[str, Model] = {}
    for deployment in provider.deployments:
        name, description = provider.offered_as(deployment)
        if name in models:
            name, description = deployment.name, f"{description} ({deployment.name})"
        languages = provider.model_languages(transcription_model(deployment.model, known))
        models.setdefault(name, Model(name, description, _with(languages, more), deployment))
    return tuple(models.values())


def _with(languages: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*languages, *more)))
