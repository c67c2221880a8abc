"""What people mistake when they configure this program: what was seen, and what is wanted, a sentence each.

They are said at the start, and with the error where the settings cannot be used at all. No sentence holds the
value of a secret. Pure.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from wyoming_azure_realtime.providers.openai import OpenAi
from wyoming_azure_realtime.settings.declaration import PREFIX, Secret, values
from wyoming_azure_realtime.settings.model import Settings, Target
from wyoming_azure_realtime.settings.tree import DEFAULT, Sources, quote

MOST = 20
"""Sentences at most."""

AZURE = "AZURE_OPENAI_"
_OTHERS = re.compile(r"AZURE|OPEN_?AI|WYOMING", re.IGNORECASE)
_ALIKE = 0.86  # so much of two names is the same, where one is taken for the other mistyped
_SPEECH = ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "AZURE_SPEECH_KEY", "AZURE_SPEECH_REGION")
_SPEECH_HOST = re.compile(r"[./](speech|api\.cognitive)\.microsoft\.com(?![\w.-])", re.IGNORECASE)
_OPENAI_KEY = "OPENAI_API_KEY"

_WORD = r"[\w .-]*"
_PLACEHOLDER = re.compile(
    rf"<.*>|\[.*\]|\$\{{?\w+\}}?|\{{\{{.*\}}\}}|%\w+%|x{{4,}}|\*{{3,}}|\.{{3,}}|…|todo|tbd"
    rf"|(your|my|the|enter|insert|paste|put)[-_ ]{_WORD}(key|token|password|secret|name|deployment)\b{_WORD}"
    rf"|(change|replace)[-_ ]?(me|this|it)|placeholder",
    re.IGNORECASE,
)
_NOBODYS_HOST = re.compile(
    r"[<>{}$]|//(your|my|the)?[-_]?(resource|resource[-_]name|name|example|endpoint|instance|xxx+)\.|changeme",
    re.IGNORECASE,
)
_QUOTES = "\"'`“”„\u2018\u2019«»"
_FIELDS = ("realtime_deployment", "transcription_deployment")
_WANTED = "https://NAME.openai.azure.com with the name of your Azure OpenAI resource"


def mistakes(
    settings: Settings, sources: Sources, environ: Mapping[str, str], known: Collection[str]
) -> list[str]:
    """The sentences. `known`: the names of all variables that are read."""
    found = [
        *_in_targets(settings, sources),
        *_in_secrets(settings, sources),
        *_in_names(environ, known),
        *_of_other_services(settings, environ),
    ]
    return found[:MOST]


def _in_targets(settings: Settings, sources: Sources) -> Iterator[str]:
    for index, target in enumerate(settings.targets):
        yield from _in_endpoint(target, f"targets[{index}].endpoint", sources)
        for field in _FIELDS:
            if _PLACEHOLDER.fullmatch(value := getattr(target, field)):
                key = f"targets[{index}].{field}"
                yield f"{key} is {quote(value)}{_place(sources, key)}, a placeholder: it wants a real name."


def _in_endpoint(target: Target, key: str, sources: Sources) -> Iterator[str]:
    endpoint, place = target.endpoint, _place(sources, key)
    if endpoint.strip() and endpoint.strip()[0] in _QUOTES:
        yield f"{key} stands in quotes{place}, which count as a part of it: remove them."
    elif _NOBODYS_HOST.search(endpoint):
        yield f"{key} still is a placeholder{place}: it wants {_WANTED}."
    elif _SPEECH_HOST.search(endpoint):
        yield (
            f"{key} is an address of Azure Speech, or of a whole region{place}, where there is no realtime "
            f"API: it wants {_WANTED}, or https://NAME.services.ai.azure.com/voice-live for Azure's voices."
        )


def _in_secrets(settings: Settings, sources: Sources) -> Iterator[str]:
    for key, value in values(settings):
        text = value.reveal() if isinstance(value, Secret) else ""
        if not text:
            continue
        place = _place(sources, key)
        if text != text.strip():
            yield f"{key} has blanks or line breaks around it{place}: remove them."
        elif text[0] in _QUOTES or text[-1] in _QUOTES:
            yield f"{key} stands in quotes{place}, which are sent as a part of it: remove them."
        elif _PLACEHOLDER.fullmatch(text):
            yield f"{key} still is a placeholder{place}: it wants the secret itself."
        elif re.search(r"\s", text):
            yield f"{key} has a blank in it{place}, which keys and tokens do not have: copy it once more."


def _in_names(environ: Mapping[str, str], known: Collection[str]) -> Iterator[str]:
    """Names that nobody reads and that look like ours. Unknown ones with our own prefix are refused."""
    for name in sorted(environ):
        if name in known or name.startswith(PREFIX) or name in _SPEECH or not _OTHERS.search(name):
            continue
        near = difflib.get_close_matches(name.upper()[:200], known, n=1, cutoff=_ALIKE)
        if near or name.startswith(AZURE):
            wanted = (
                f"did you mean {near[0]}?" if near else "'wyoming-azure-realtime settings' has all names."
            )
            yield f"The environment has {name[:120]}, which this program does not read: {wanted}"


def _of_other_services(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """Keys of services that this program is not told to use; none where it has a key."""
    if any(target.key or target.auth == "entra" for target in settings.targets):
        return
    if speech := [name for name in _SPEECH if environ.get(name)]:
        yield (
            f"The environment has {' and '.join(speech)}, of Azure Speech, which this program does not use: "
            f"it wants AZURE_OPENAI_ENDPOINT ({_WANTED}) and AZURE_OPENAI_KEY."
        )
    if environ.get(_OPENAI_KEY):
        yield (
            f"The environment has {_OPENAI_KEY}, which this program does not read by itself: to use OpenAI, "
            f"set AZURE_OPENAI_ENDPOINT to https://{OpenAi.hosts[0]} and AZURE_OPENAI_KEY to that key."
        )


def _place(sources: Sources, key: str) -> str:
    source = sources.get(key, DEFAULT)
    return "" if source == DEFAULT else f" ({source})"
