"""What is on offer: models and voices, answered from memory. Pure and immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from wyoming_azure_realtime.errors import UnknownLanguage, UnknownModel, UnknownVoice
from wyoming_azure_realtime.realtime.models import transcription_model
from wyoming_azure_realtime.settings.model import Profile
from wyoming_azure_realtime.speech import languages

COMMON_VOICES = ("alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse")
GA_VOICES = (*COMMON_VOICES, "marin", "cedar")
# Names of Azure Speech voices that people have in their settings; the last part of `en-US-JennyNeural`.
AZURE_SPEECH_NAMES = {
    "jennyneural": "alloy",
    "guyneural": "echo",
    "arianeural": "nova",
    "davisneural": "onyx",
    "janeneural": "shimmer",
    "jasonneural": "fable",
}


@dataclass(frozen=True, slots=True)
class Model:
    """A recognition model, under the name that clients ask for."""

    name: str
    description: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice, under the name that clients ask for; `realtime_name` is what the session is asked for."""

    name: str
    description: str
    languages: tuple[str, ...]
    realtime_name: str


@dataclass(frozen=True)
class Catalog:
    """Models and voices with the defaults of a profile. `deaf_because`: why there are no models.

    `requires_external_vad`: it is the client who ends an utterance.
    """

    models: tuple[Model, ...]
    voices: tuple[Voice, ...]
    partials: bool
    backend: str
    default_voice: str
    default_language: str
    deaf_because: str = ""
    requires_external_vad: bool = True

    def model(self, name: str = "", language: str = "") -> Model:
        """By name, else the first that knows the language. Raises `UnknownModel`, `UnknownLanguage`."""
        if not self.models:
            raise UnknownModel(f"Nothing here can recognise speech: {self.deaf_because}")
        named = [model for model in self.models if name in ("", model.name)]
        if not named:
            raise UnknownModel(f"Unknown model {_shown(name)}.", advice=f"There is {_list(self.models)}.")
        wanted = language or self.default_language
        for model in named:
            if any(languages.matches(offered, wanted) for offered in model.languages):
                return model
        known = sorted({code for model in named for code in model.languages if "-" not in code})
        raise UnknownLanguage(f"Unknown language {_shown(wanted)}.", advice=f"There is {', '.join(known)}.")

    def voice(self, name: str = "", language: str = "", speaker: str = "") -> Voice:
        """By name or speaker, else one that speaks the language. Raises `UnknownVoice`."""
        asked = name or speaker
        if asked:
            wanted = asked.lower()
            wanted = AZURE_SPEECH_NAMES.get(wanted.rsplit("-", 1)[-1], wanted)
            for voice in self.voices:
                if voice.name == wanted:
                    return voice
            raise UnknownVoice(f"Unknown voice {_shown(asked)}.", advice=f"There is {_list(self.voices)}.")
        default = self.voice(self.default_voice)
        for voice in (default, *self.voices):
            if not language or any(languages.matches(offered, language) for offered in voice.languages):
                return voice
        raise UnknownVoice(f"No voice speaks {_shown(language)}.", advice=f"There is {_list(self.voices)}.")

    def for_profile(self, profile: Profile) -> "Catalog":
        """The same with the profile's defaults."""
        return replace(
            self,
            default_voice=profile.voice or self.default_voice,
            default_language=profile.language or self.default_language,
            requires_external_vad=profile.vad == "external" if profile.vad else self.requires_external_vad,
        )


def _shown(asked: str) -> str:
    """What a client asked for, on one line and not at any length."""
    return repr(asked[:60])


def _list(entries: tuple[Model, ...] | tuple[Voice, ...]) -> str:
    return ", ".join(entry.name for entry in entries)


def realtime_catalog(
    *,
    backend: str,
    model: str,
    model_name: str = "",
    voices: tuple[str, ...],
    substitutes: Mapping[str, str],
    default_voice: str,
    default_language: str,
    deaf_because: str = "",
    requires_external_vad: bool = True,
) -> Catalog:
    """The catalog of a backend. `voices` are those its sessions accept; `substitutes` speak for others.

    `model` tells what can be expected; `model_name` is what clients see where that would mislead them.
    """
    spoken = languages.ENGLISH if backend == "embedded" else languages.ALL
    label = "embedded demo recogniser (English)" if backend == "embedded" else model
    accepted = [Voice(name, name.capitalize(), spoken, name) for name in voices]
    stand_ins = [
        Voice(name, f"{name.capitalize()} (spoken by {instead.capitalize()})", spoken, instead)
        for name, instead in substitutes.items()
    ]
    return Catalog(
        models=() if deaf_because else (Model(model_name or model, label, spoken),),
        voices=(*accepted, *stand_ins),
        partials=transcription_model(model).partials != "none",
        backend=backend,
        default_voice=default_voice,
        default_language=default_language,
        deaf_because=deaf_because,
        requires_external_vad=requires_external_vad,
    )
