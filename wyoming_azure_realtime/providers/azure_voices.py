"""The voices of Azure Speech and the languages that it hears, as data of Microsoft's documentation. Pure.

`azure_voices.tsv` has them; `python -m tests.providers.azure_voices FOLDER` renews it from a checkout of that
documentation. It is read when it is first asked for. A resource may have fewer voices, since some are offered
in a few regions only, and newer ones: a name that is not here is not wrong (`is_azure_voice_name`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from wyoming_azure_realtime.providers.languages import matches

Gender = Literal["female", "male", "neutral"]
"""As vendors describe a voice; neutral is also what is said of several speakers."""

LONGEST_NAME = 100
"""Characters. What is longer is no voice's name, and is not searched for."""

_GENDERS: dict[str, Gender] = {"f": "female", "m": "male", "n": "neutral"}
_MULTILINGUAL = ("MultilingualNeural", ":DragonHDLatestNeural", ":DragonHDOmniLatestNeural")

_LOCALE = r"[a-z]{2,3}(?:-[a-z]{4})?-(?:[a-z]{2}|[0-9]{3})(?:-[a-z]{5,8})?"
# With a locale before and "Neural" behind, or with a model behind a colon; then the locale may be a language.
_NAME = re.compile(
    rf"{_LOCALE}-[^\W_][\w.]*Neural(?:HD)?|(?:{_LOCALE}|[a-z]{{2,3}})-[^\W_][\w.-]*:[a-z][\w.-]*",
    re.IGNORECASE,
)
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?(?:-[a-z]{5,8})?")
_LONG_FORM = re.compile(
    r"Microsoft Server Speech Text to Speech Voice \(\s*([\w-]+)\s*,\s*([\w.:-]+)\s*\)", re.IGNORECASE
)
_MODEL = re.compile(r":.*|(?:Turbo)?MultilingualNeural(?:HD)?$|Neural(?:HD)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AzureVoice:
    """A voice. `locale`: of its own language; `languages`: further locales that are documented to be spoken.

    `styles` and `roles` are those of `mstts:express-as`. Locales are written as in BCP 47: "iu-Cans-CA".
    """

    name: str
    locale: str
    gender: Gender
    languages: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """The name without its locale: "JennyNeural", "Ava:DragonHDLatestNeural"."""
        locale = f"{self.locale}-"
        if self.name.lower().startswith(locale.lower()):
            return self.name[len(locale) :]
        return self.name.partition("-")[2]

    @property
    def short_name(self) -> str:
        """What people call it: "Jenny", also for its multilingual and HD relatives."""
        return _MODEL.sub("", self.part)

    @property
    def multilingual(self) -> bool:
        """Whether it goes by the language of the text, even where its languages are not listed one by one."""
        return bool(self.languages) or self.name.endswith(_MULTILINGUAL)


@dataclass(frozen=True, slots=True)
class _Data:
    """What the file holds. `by_name`: by name, or else by part, the first of that part; in small letters."""

    voices: Mapping[str, AzureVoice]
    by_name: Mapping[str, AzureVoice]
    recognition: tuple[str, ...]


def azure_voices() -> Mapping[str, AzureVoice]:
    """All voices by name, in the vendor's order."""
    return _data().voices


def recognition_locales() -> tuple[str, ...]:
    """The locales that speech to text in real time hears, sorted."""
    return _data().recognition


def azure_voice(text: str) -> AzureVoice | None:
    """The voice of this name, in any case, with or without its locale; None if there is none."""
    if len(text) > LONGEST_NAME:
        return None
    return _data().by_name.get(short_form(text).lower())


def short_form(text: str) -> str:
    """A name as it is written today: "de-DE-KatjaNeural".

    It may have blanks around it, "_" within its locale, or be the long form of Azure Speech's lists: the
    vendor's name for the service with locale and voice in brackets behind it.
    """
    text = text.strip()
    if len(text) <= LONGEST_NAME and (parts := _LONG_FORM.fullmatch(text)):
        text = f"{parts[1]}-{parts[2]}"
    locale, hyphen, voice = text.rpartition("-")
    return f"{locale.replace('_', '-')}{hyphen}{voice}"


def is_azure_voice_name(text: str) -> bool:
    """Whether it has the form of such a name, locale and all; the voice may be newer than the data."""
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


@lru_cache(maxsize=256)
def likely_gender(name: str) -> Gender:
    """That of the voice, or of others that are called so where it is newer than the data; else neutral."""
    short = _MODEL.sub("", name).rpartition("-")[2].lower()
    relatives = (voice for voice in _data().voices.values() if voice.short_name.lower() == short)
    known = azure_voice(name) or next(relatives, None)
    return known.gender if known is not None else "neutral"


def find_voices(text: str) -> tuple[AzureVoice, ...]:
    """The voices that a person may mean, best first: by name, short name, language, or part of the name.

    They are tried in this order, and what is found by one is not searched for by the next. A locale finds its
    own voices, then those of its language, then voices of other languages that are documented to speak it. A
    short name of several voices finds the plain one first.
    """
    asked = text.strip().lower().replace("_", "-")
    if not asked or len(asked) > LONGEST_NAME:
        return ()
    named = _data().by_name.get(asked)
    if named is not None and named.name.lower() == asked:
        return (named,)
    voices = _data().voices.values()
    called = [voice for voice in voices if asked in (voice.part.lower(), voice.short_name.lower())]
    if called:
        return tuple(sorted(called, key=lambda voice: (":" in voice.name, voice.multilingual)))
    speaking = _speaking(asked, voices) if _TAG.fullmatch(asked) else ()
    return speaking or tuple(voice for voice in voices if len(asked) > 1 and asked in voice.name.lower())


def _speaking(tag: str, voices: Iterable[AzureVoice]) -> tuple[AzureVoice, ...]:
    ranked = [(rank, voice) for voice in voices if (rank := _distance(tag, voice)) is not None]
    return tuple(voice for _, voice in sorted(ranked, key=lambda entry: entry[0]))


def _distance(tag: str, voice: AzureVoice) -> int | None:
    """How far a voice is from a locale or language in small letters; None if it does not speak it."""
    locale = voice.locale.lower()
    if locale == tag:
        return 0
    if locale.startswith(f"{tag}-"):
        return 1
    if matches(locale, tag):
        return 2
    if tag in map(str.lower, voice.languages):
        return 3
    return 4 if any(matches(further, tag) for further in voice.languages) else None


def nearest(
    language: str, gender: Gender, offered: Iterable[tuple[str, Gender, Sequence[str]]]
) -> str | None:
    """The name of the voice that is likest to one of this language and gender; None if none is offered.

    `offered`: names with genders and languages (BCP 47, empty for any), the preferred ones first. That it
    speaks the language comes first, then its gender, then its region. `language` may be empty: any.
    """
    tag = language.lower().replace("_", "-")

    def distance(voice: tuple[str, Gender, Sequence[str]]) -> tuple[bool, int, bool]:
        _, its_gender, languages = voice
        any_language = not tag or not languages
        foreign = not any_language and not any(matches(spoken, tag) for spoken in languages)
        other = 0 if its_gender == gender else 1 if "neutral" in (its_gender, gender) else 2
        elsewhere = not any_language and tag not in map(str.lower, languages)
        return foreign, other, elsewhere

    found = min(offered, key=distance, default=None)
    return found[0] if found else None


@cache
def _data() -> _Data:
    """The file: lines of fields between tabs, of which the first says what the line is; `#` is a comment."""
    numbered: dict[str, tuple[str, ...]] = {"": ()}
    listed = cache(lambda written: tuple(written.split()))  # many voices have the same styles
    further = cache(lambda number, own: tuple(tag for tag in numbered[number] if tag != own))
    voices: dict[str, AzureVoice] = {}
    recognition: tuple[str, ...] = ()
    locale = ""
    file = files("wyoming_azure_realtime.providers") / "azure_voices.tsv"
    for line in file.read_text(encoding="utf-8").splitlines():
        kind, _, rest = line.partition("\t")
        if kind == "voice":
            name, gender, languages, styles, roles = rest.split("\t")
            spoken = further(languages, locale)
            voices[name] = AzureVoice(name, locale, _GENDERS[gender], spoken, listed(styles), listed(roles))
        elif kind == "locale":
            locale = rest
        elif kind == "languages":
            number, _, locales = rest.partition("\t")
            numbered[number] = tuple(locales.split())
        elif kind == "recognition":
            recognition = tuple(rest.split())
    by_name = {name.lower(): voice for name, voice in voices.items()}
    for voice in voices.values():
        by_name.setdefault(voice.part.lower(), voice)
    return _Data(MappingProxyType(voices), by_name, recognition)
