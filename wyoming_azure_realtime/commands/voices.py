"""Command `voices`: Azure's voices, from the program's own list or from the service's."""

import argparse
import os
from typing import Any
from urllib.parse import urlsplit

from wyoming_azure_realtime.errors import AuthenticationFailed, ConnectFailed, InvalidRequest, SettingsError
from wyoming_azure_realtime.providers.azure_voices import AzureVoice, Gender, azure_voices, find_voices
from wyoming_azure_realtime.settings.addresses import is_loopback

_LIST = "https://{region}.tts.speech.microsoft.com/cognitiveservices/voices/list"
_SECONDS = 30
_LARGEST = 16 << 20  # bytes; the list has some two million
_HEAD = ("VOICE", "LANGUAGE", "GENDER", "SPEAKS BESIDES", "STYLES AND ROLES")
_WIDEST = 44


def add_voices_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look for, and whether to ask the service."""
    parser.add_argument(
        "text", metavar="TEXT", nargs="?", default="", help="Name, language or part of a name."
    )
    parser.add_argument(
        "--refresh", action="store_true", help="Ask the service, with the key of the first target."
    )
    parser.add_argument(
        "--region", metavar="REGION", default="", help="The key's region, such as westeurope."
    )
    parser.add_argument("--address", metavar="URL", default="", help="Where the list is, if it is elsewhere.")
    parser.add_argument("--config", metavar="FILE", help="Settings file (YAML), for the key.")


def run_voices(args: argparse.Namespace) -> int:
    """Print a line for each voice. Raises SettingsError, InvalidRequest, ConnectFailed."""
    if args.refresh:
        import asyncio  # noqa: PLC0415 - not for a list that is here

        listed = asyncio.run(fetched(_address(args), _key(args)))
        voices = [voice for voice in listed if not args.text or _fits(voice, args.text)]
        new = [voice.name for voice in listed if voice.name not in azure_voices()]
    else:
        voices = list(find_voices(args.text) if args.text else azure_voices().values())
        new = []
    rows = [_row(voice) for voice in voices]
    if not rows:
        raise InvalidRequest(
            f"No voice is found by {args.text[:60]!r}.", advice="Try a language, such as nb-NO."
        )
    widths = [min(_WIDEST, max(len(row[column]) for row in (_HEAD, *rows))) for column in range(len(_HEAD))]
    for row in (_HEAD, *rows):
        line = "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())  # noqa: T201
    if new:
        print(f"\nThis program's own list lacks {len(new)} of the service's: {', '.join(new)}")  # noqa: T201
    return 0


async def fetched(address: str, key: str) -> list[AzureVoice]:
    """The service's list. Raises `ConnectFailed`, `AuthenticationFailed`."""
    import aiohttp  # noqa: PLC0415 - not for a list that is here

    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    headers = {"Ocp-Apim-Subscription-Key": key}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.get(address, headers=headers, allow_redirects=False) as answer,
        ):
            body = await answer.content.read(_LARGEST)
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise ConnectFailed(f"The list of voices cannot be had ({type(error).__name__}).") from error
    if status in (401, 403):
        raise AuthenticationFailed(
            f"The service refuses the key (HTTP {status}).", advice="Is it a key of that region?"
        )
    if status != 200:
        raise ConnectFailed(f"The service refuses its list of voices (HTTP {status}).", status=status)
    return read_list(body)


def read_list(body: bytes) -> list[AzureVoice]:
    """The voices in what the service answers; an entry without a name or a locale is left out."""
    import msgspec  # noqa: PLC0415

    try:
        entries = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ConnectFailed("The service's list of voices is no list.") from error
    if not isinstance(entries, list):
        raise ConnectFailed("The service's list of voices is no list.")
    found = (_voice(entry) for entry in entries if isinstance(entry, dict))
    return [voice for voice in found if voice.name and voice.locale]


def _voice(entry: dict[str, Any]) -> AzureVoice:
    genders: dict[str, Gender] = {"female": "female", "male": "male"}
    return AzureVoice(
        _text(entry.get("ShortName")),
        _text(entry.get("Locale")),
        genders.get(_text(entry.get("Gender")).lower(), "neutral"),
        _texts(entry.get("SecondaryLocaleList")),
        _texts(entry.get("StyleList")),
        _texts(entry.get("RolePlayList")),
    )


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) and value.isprintable() else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _fits(voice: AzureVoice, text: str) -> bool:
    asked = text.strip().lower()
    locales = (voice.locale.lower(), *map(str.lower, voice.languages))
    return asked in voice.name.lower() or any(tag == asked or tag.startswith(f"{asked}-") for tag in locales)


def _row(voice: AzureVoice) -> tuple[str, ...]:
    further = f"{len(voice.languages)} languages" if voice.languages else ""
    manners = ", ".join((*voice.styles, *(f"as {role}" for role in voice.roles)))
    return voice.name, voice.locale, voice.gender, further, manners


def _address(args: argparse.Namespace) -> str:
    if args.address:
        parts = urlsplit(args.address)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise InvalidRequest("The address of the list must begin with https://.")
        return str(args.address)
    if not args.region.isalnum():
        raise SettingsError(
            "--refresh needs the region of the key.",
            advice="Azure's portal shows it beside the key: --region westeurope.",
        )
    return _LIST.format(region=args.region)


def _key(args: argparse.Namespace) -> str:
    from wyoming_azure_realtime.settings.load import load  # noqa: PLC0415 - not for --help

    targets = load({"config": args.config}, os.environ).settings.targets
    key = targets[0].key.reveal() if targets else ""
    if not key:
        raise SettingsError("--refresh needs the key of a target.", advice="Set AZURE_OPENAI_KEY.")
    return key
