"""Which offline engines are used: what is installed, what the settings ask for, what the machine bears.

Whatever is not there is said in one sentence, for the log and for users.
"""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.offline.whisper_model import find_model, languages_of
from wyoming_azure_realtime.settings.model import Embedded

RecognizerName = Literal["whisper", "pocketsphinx"]

SLOWEST_DECODE = 2.0
"""Seconds that Whisper may take for one recording, when the choice is ours."""

LEAST_MEMORY, VOICE_MEMORY = 2 << 30, 1 << 29
"""Bytes that must be free for Whisper, if the choice is ours, and for the neural voice: each takes 0.2 GB."""

_SENTENCES = ("home_assistant_intents", "hassil")
_NEEDED: dict[RecognizerName, tuple[str, ...]] = {
    "whisper": ("ctranslate2", *_SENTENCES),
    "pocketsphinx": ("pocketsphinx", *_SENTENCES),
}
_PRODUCTS: dict[RecognizerName, str] = {"whisper": "Whisper", "pocketsphinx": "CMU Sphinx"}
_EXTRAS: dict[RecognizerName, str] = {"whisper": "local", "pocketsphinx": "local-small"}
_PYTHONS_WITH_WHEELS = "3.11 and 3.13"


@dataclass(frozen=True, slots=True)
class RecognizerChoice:
    """The recogniser to use; None: none. `reason`: one sentence, if it is not the best one.

    `may_change`: another one shall take its place if it turns out to be too slow.
    """

    name: RecognizerName | None
    reason: str = ""
    may_change: bool = False


def choose_recognizer(settings: Embedded) -> RecognizerChoice:
    """Choose a recogniser as the settings ask, from what is installed."""
    if settings.recognizer != "auto":
        missing = why_not(settings.recognizer, settings)
        return RecognizerChoice(None if missing else settings.recognizer, _deaf(missing) if missing else "")
    no_whisper = why_not("whisper", settings) or _too_small()
    no_sphinx = why_not("pocketsphinx", settings)
    if not no_whisper:
        return RecognizerChoice("whisper", may_change=not no_sphinx)
    if not no_sphinx:
        return RecognizerChoice("pocketsphinx", f"CMU Sphinx hears, since {no_whisper}.")
    return RecognizerChoice(None, _deaf(no_whisper))


def heard_languages(settings: Embedded) -> tuple[str, ...]:
    """Codes of the languages that are heard, English first."""
    if not settings.model or choose_recognizer(settings).name != "whisper":
        return ("en",)
    return languages_of(find_model(settings.model))


def why_not(name: RecognizerName, settings: Embedded) -> str:
    """Why a recogniser cannot be used, as part of a sentence; empty if it can."""
    missing = [module for module in _NEEDED[name] if importlib.util.find_spec(module) is None]
    if missing == ["pocketsphinx"] and sys.version_info[:2] not in {(3, 11), (3, 13)}:
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        return (
            f"there is no pocketsphinx for Python {running}"
            f" (ready-made ones exist for {_PYTHONS_WITH_WHEELS})"
        )
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return f"{' and '.join(missing)} {verb} not installed (extra `{_EXTRAS[name]}`)"
    if name == "whisper":
        try:
            find_model(settings.model, Path() if settings.download else None)
        except SettingsError as error:
            return _lower(error.message)
    return ""


def product(name: RecognizerName) -> str:
    """What people call a recogniser."""
    return _PRODUCTS[name]


def enough_memory(least: int) -> bool:
    """Whether so many bytes of memory are free; true where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (available,) = (int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError):
        return True
    return available * 1024 >= least


def _too_small() -> str:
    if enough_memory(LEAST_MEMORY):
        return ""
    return f"less than {LEAST_MEMORY >> 30} GB of memory is free, which Whisper should have"


def _deaf(reason: str) -> str:
    return f"Speech is not recognized: {reason}."


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
