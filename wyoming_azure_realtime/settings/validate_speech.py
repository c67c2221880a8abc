"""Checks of languages and voices against what the backend offers."""

import re
from collections.abc import Iterator
from typing import Literal

from wyoming_azure_realtime.providers.base import Provider, matches
from wyoming_azure_realtime.providers.embedded import EmbeddedService
from wyoming_azure_realtime.providers.registry import provider_of
from wyoming_azure_realtime.settings.convert import impossible, quote
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_SUBSTITUTED = re.compile(r"[a-z0-9_]{1,40}")


def check_speech(settings: Settings, sources: Sources, uses: Literal["azure", "embedded"]) -> None:
    """Raise `SettingsError` for a voice, a substitute or a language that the first target does not have."""
    provider = provider_of(settings.targets[0]) if uses == "azure" else EmbeddedService(Target())
    _check_substitutes(settings, sources, provider.voices)
    voices = (*provider.voices, *settings.speech.substitutes)
    for key, voice in _chosen(settings, "voice"):
        if provider.understood_voice(voice) not in voices:
            raise impossible(key, quote(voice), sources.get(key, DEFAULT), f"one of {', '.join(voices)}")
    for key, language in _chosen(settings, "language"):
        if not _speaks(provider, language):
            plain = sorted({code for code in provider.languages if "-" not in code})
            allowed = f"{', '.join(plain)}, with or without a region"
            raise impossible(key, quote(language), sources.get(key, DEFAULT), allowed)


def _speaks(provider: Provider, language: str) -> bool:
    known = any(matches(offered, language) for offered in provider.languages)
    return known and bool(_LANGUAGE.fullmatch(language))


def _check_substitutes(settings: Settings, sources: Sources, accepted: tuple[str, ...]) -> None:
    source = sources.get("speech.substitutes", DEFAULT)
    for name, instead in settings.speech.substitutes.items():
        key = f"speech.substitutes.{name[:40]}"
        if name in accepted or not _SUBSTITUTED.fullmatch(name):
            allowed = "lower-case names of voices that the service does not have"
            raise impossible("speech.substitutes", f"given for {quote(name)}", source, allowed)
        if instead not in accepted:
            raise impossible(key, quote(instead), source, f"one of {', '.join(accepted)}")


def _chosen(settings: Settings, field: Literal["voice", "language"]) -> Iterator[tuple[str, str]]:
    section = settings.speech if field == "voice" else settings.recognition
    yield f"{'speech' if field == 'voice' else 'recognition'}.{field}", getattr(section, field)
    for name, profile in settings.profiles.items():
        if getattr(profile, field):
            yield f"profiles.{name}.{field}", getattr(profile, field)
