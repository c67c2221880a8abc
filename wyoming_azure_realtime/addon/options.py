"""The options of the add-on, as the Supervisor writes them into options.json, to settings.

The form is in config/addon/config.yaml. Tests compare its types, bounds and defaults with the declarations of
the settings that its options stand for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.load import Loaded, read_text, resolve
from wyoming_azure_realtime.settings.tree import Branch, Leaf, overlay, parse, put

WYOMING_PORT, HTTP_PORT = 10300, 8099
STATE = "state"
"""The folder, in the add-on's own, of what was spent."""

INGRESS = "172.30.32.2"
"""Address from which requests of the Supervisor's ingress come; it has checked the user."""

# What the add-on decides, and no option can change.
FIXED = {
    "listeners[0].uri": f"tcp://0.0.0.0:{WYOMING_PORT}",
    "http.listen": f"0.0.0.0:{HTTP_PORT}",
    "http.trusted_proxy": INGRESS,
    # the Supervisor tells Home Assistant, and no announcement leaves its network
    "zeroconf.enabled": "false",
    "embedded.cache_dir": "",
    "state": "",
}
"""The last two are filled in."""

TARGET = (
    "endpoint",
    "key",
    "realtime_deployment",
    "transcription_deployment",
    "transcription_model",
    "api_version",
)
"""Options that are settings of a target of the same name."""

OPTIONS = {
    "backend": "backend",
    "language": "recognition.language",
    "prompt": "recognition.prompt",
    "noise_reduction": "recognition.noise_reduction",
    "voice": "speech.voice",
    "speed": "speech.speed",
    "speech_language": "speech.language",
    "instructions": "speech.instructions",
    "lead_in": "speech.lead_in",
    "names": "recognition.names",
    "http_token": "http.token",
    "debug": "log.debug",
}
"""The other options that are one setting each."""

AUTO = "auto"
FALLBACKS = {
    "fallback_asr": ("fallback.asr", "tcp://core-whisper:10300"),
    "fallback_tts": ("fallback.tts", "tcp://core-piper:10200"),
}
"""Lists of addresses. In them `AUTO` is the official add-on that does the same. On the Supervisor's network,
its host has its name: it is found when it runs, without a right to ask the Supervisor about others."""

CHOICES: dict[str, tuple[str, dict[Any, str]]] = {
    "ends_command": ("recognition.requires_external_vad", {"home_assistant": "true", "server": "false"}),
    "drafts": ("recognition.draft_after", {False: "0"}),
}
"""Options whose values stand for those of a setting; any other value leaves it as it is."""

MORE_TARGETS, OTHER_SETTINGS = "more_targets", "other_settings"
HOME = {"home_names": "home_assistant.token", "home_states": "conversation.token"}
"""What may be asked of Home Assistant, each with the setting that has the token for it."""

KNOWN = (*TARGET, *OPTIONS, *FALLBACKS, *CHOICES, MORE_TARGETS, OTHER_SETTINGS, *HOME)

_KEY = re.compile(r"[a-z_]+(\[\d{1,2}\])?(\.[A-Za-z0-9_-]+(\[\d{1,2}\])?){0,3}")


@dataclass(slots=True)
class Reading:
    """The options that have been read, as a tree of settings, and the names of those that were ignored.

    `home`: those that are on of what may be asked of Home Assistant.
    """

    tree: Branch = field(default_factory=lambda: Branch("add-on"))
    ignored: list[str] = field(default_factory=list)
    home: list[str] = field(default_factory=list)

    def set(self, key: str, value: Any, option: str) -> None:
        """Set one setting; null, an empty text and an empty list set nothing."""
        for path, text in _texts(key, value, option):
            put(self.tree, parse(path), Leaf(text, f"add-on option {option}"))


def load_options(
    folder: Path, flags: Mapping[str, str], home: tuple[str, str] | None = None
) -> tuple[Loaded, list[str]]:
    """Settings of the options in the add-on's folder, `flags` over them by key; and sentences for the log.

    `home`: address of Home Assistant and token for it, which count for what may be asked there.
    Raises `SettingsError`. An option that only another version has is ignored with such a sentence.
    """
    text = read_text(str(folder / "options.json"), origin="the Supervisor")
    reading = read_options(text)
    fixed = _tree(FIXED | _places(folder), "add-on")
    tree = overlay(fixed, reading.tree)
    url, token = home or ("", "")
    for option in reading.home if home else ():
        leads = {"home_assistant.url": url, HOME[option]: token}
        tree = overlay(tree, _tree(leads, f"add-on option {option}"))
    tree = overlay(tree, _tree(flags, "command line"))
    return resolve(tree), [f"Ignored the option {name}: this version has none" for name in reading.ignored]


def _places(folder: Path) -> dict[str, str]:
    """What the program writes itself, the recogniser's cache apart from what is backed up."""
    return {"embedded.cache_dir": str(folder / "cache"), "state": str(folder / STATE / "state.sqlite")}


def read_options(text: str) -> Reading:
    """The settings that the options give. Raises `SettingsError` for what is no options file."""
    try:
        options = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        options = None
    if not isinstance(options, dict):
        raise SettingsError("The add-on's options are no JSON object.", advice="Save them again.")
    chosen = [option for option in HOME if options.get(option) is True]
    reading = Reading(ignored=sorted(set(options) - set(KNOWN)), home=chosen)
    _targets(reading, options)
    for option, key in OPTIONS.items():
        reading.set(key, options.get(option), option)
    for option, (key, official) in FALLBACKS.items():
        entries = options.get(option)
        if isinstance(entries, list):
            entries = [official if entry == AUTO else entry for entry in entries]
        reading.set(key, entries, option)
    for option, (key, values) in CHOICES.items():
        if isinstance(options.get(option), str | bool):
            reading.set(key, values.get(options[option]), option)
    for row in _rows(options, OTHER_SETTINGS):
        _other(reading, row)
    return reading


def _tree(texts: Mapping[str, str], source: str) -> Branch:
    tree = Branch(source)
    for key, text in texts.items():
        put(tree, parse(key), Leaf(text, source))
    return tree


def _targets(reading: Reading, options: Mapping[str, Any]) -> None:
    """The target in the form, if it has an address or a key; then the further ones."""
    number = 0
    if options.get("endpoint") or options.get("key"):
        _target(reading, number, options, "")
        number = 1
    for row in _rows(options, MORE_TARGETS):
        prefix = f"{MORE_TARGETS}: "
        _target(reading, number, row, prefix)
        name = row.get("name") or f"target-{number + 1}"
        reading.set(f"targets[{number}].name", name, f"{prefix}name")
        reading.ignored += sorted(prefix + unknown for unknown in set(row) - {*TARGET, "name"})
        number += 1


def _target(reading: Reading, number: int, options: Mapping[str, Any], prefix: str) -> None:
    for option in TARGET:
        reading.set(f"targets[{number}].{option}", options.get(option), prefix + option)


def _other(reading: Reading, row: Mapping[str, Any]) -> None:
    key = str(row.get("name") or "")
    if not _KEY.fullmatch(key):
        raise SettingsError(
            f"{OTHER_SETTINGS} names {key[:80]!r}, which is no setting.",
            advice="Use the names of the settings file, such as deadlines.request.",
        )
    if key.partition("[")[0] in {fixed.partition("[")[0] for fixed in FIXED}:
        raise SettingsError(f"{OTHER_SETTINGS} names {key}, which the add-on decides.", advice="Remove it.")
    reading.set(key, row.get("value"), OTHER_SETTINGS)


def _rows(options: Mapping[str, Any], option: str) -> list[Mapping[str, Any]]:
    rows = options.get(option) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SettingsError(f"The add-on's option {option} is no list of mappings.")
    return rows


def _texts(key: str, value: Any, option: str) -> Iterator[tuple[str, str]]:
    """Keys and texts, as a settings file would have them."""
    match value:
        case None | "":
            return
        case bool():
            yield key, "true" if value else "false"
        case str() | int() | float():
            yield key, str(value)
        case list() if all(isinstance(item, str) for item in value):
            yield from ((f"{key}[{index}]", item) for index, item in enumerate(value) if item)
        case _:
            raise SettingsError(f"The add-on's option {option} has a value that it cannot have.")
