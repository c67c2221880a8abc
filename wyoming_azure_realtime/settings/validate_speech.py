"""Checks of languages and voices against what the backend offers."""

import re
from collections.abc import Iterator
from typing import Literal

from wyoming_azure_realtime.errors import UnknownLanguage, UnknownVoice
from wyoming_azure_realtime.realtime.dialects import for_api_version
from wyoming_azure_realtime.settings.convert import impossible, quote
from wyoming_azure_realtime.settings.model import Settings
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources
from wyoming_azure_realtime.speech.catalog import COMMON_VOICES, GA_VOICES, Catalog, realtime_catalog
from wyoming_azure_realtime.speech.hearing import Deployment

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_SUBSTITUTED = re.compile(r"[a-z0-9_]{1,40}")


def check_speech(settings: Settings, sources: Sources, uses: Literal["azure", "embedded"]) -> None:
    """Raise `SettingsError` for a voice, a substitute or a language that the backend does not have."""
    accepted = _voices(settings, uses)
    _check_substitutes(settings, sources, accepted)
    catalog = realtime_catalog(
        backend=uses,
        hearing=(Deployment("", ""),),
        voices=accepted,
        substitutes=settings.speech.substitutes,
        default_voice=accepted[0],
        default_language="en",
    )
    for key, voice in _chosen(settings, "voice"):
        if not _offers_voice(catalog, voice):
            known = ", ".join(offered.name for offered in catalog.voices)
            raise impossible(key, quote(voice), sources.get(key, DEFAULT), f"one of {known}")
    for key, language in _chosen(settings, "language"):
        if not _offers_language(catalog, language):
            plain = sorted({code for code in catalog.models[0].languages if "-" not in code})
            allowed = f"{', '.join(plain)}, with or without a region"
            raise impossible(key, quote(language), sources.get(key, DEFAULT), allowed)


def _offers_voice(catalog: Catalog, voice: str) -> bool:
    try:
        return bool(voice and catalog.voice(voice))
    except UnknownVoice:
        return False


def _offers_language(catalog: Catalog, language: str) -> bool:
    try:
        return bool(_LANGUAGE.fullmatch(language) and catalog.model(language=language))
    except UnknownLanguage:
        return False


def _voices(settings: Settings, uses: str) -> tuple[str, ...]:
    version = settings.targets[0].api_version if uses == "azure" else ""
    return GA_VOICES if for_api_version(version).name == "ga" else COMMON_VOICES


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
