"""What is on offer: models and voices, answered from memory. Pure and immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wyoming_azure_realtime.errors import UnknownLanguage, UnknownModel, UnknownVoice
from wyoming_azure_realtime.realtime.models import transcription_model
from wyoming_azure_realtime.settings.model import Profile
from wyoming_azure_realtime.speech import languages
from wyoming_azure_realtime.speech.hearing import Deployment, Known

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

EMBEDDED_DEMO = "embedded-demo"
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
        named = named or [model for model in self.models if name == model.deployment.name]
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
    hearing: Sequence[Deployment],
    known: Known = (),
    voices: tuple[str, ...],
    substitutes: Mapping[str, str],
    default_voice: str,
    default_language: str,
    deaf_because: str = "",
    requires_external_vad: bool = True,
) -> Catalog:
    """The catalog of a backend. `voices` are those its sessions accept; `substitutes` speak for others.

    `hearing` are the deployments that hear, the default first; `known` are models that settings add.
    """
    spoken = languages.ENGLISH if backend == "embedded" else languages.ALL
    accepted = [Voice(name, name.capitalize(), spoken, name) for name in voices]
    stand_ins = [
        Voice(name, f"{name.capitalize()} (spoken by {instead.capitalize()})", spoken, instead)
        for name, instead in substitutes.items()
    ]
    return Catalog(
        models=() if deaf_because else _models(hearing, spoken, demo=backend == "embedded"),
        voices=(*accepted, *stand_ins),
        partials=any(transcription_model(one.model, known).partials != "none" for one in hearing),
        backend=backend,
        default_voice=default_voice,
        default_language=default_language,
        deaf_because=deaf_because,
        requires_external_vad=requires_external_vad,
    )


def _models(hearing: Sequence[Deployment], spoken: tuple[str, ...], *, demo: bool) -> tuple[Model, ...]:
    """Under the models' names; a second deployment of a model goes by its own name.

    The model that the demo behaves like would mislead, so that has a name of its own.
    """
    models: dict[str, Model] = {}
    for deployment in hearing:
        name, description = deployment.model, deployment.model
        if demo:
            name, description = EMBEDDED_DEMO, "embedded demo recogniser (English)"
        elif name in models:
            name, description = deployment.name, f"{deployment.model} ({deployment.name})"
        models.setdefault(name, Model(name, description, spoken, deployment))
    return tuple(models.values())
