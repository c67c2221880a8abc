"""Every value in the settings, one by one, under the key that users write."""

from collections.abc import Iterator
from typing import Any

import msgspec

from wyoming_azure_realtime.settings.model import Secret, Settings, SettingsModel
from wyoming_azure_realtime.settings.tree import Path, render


def values(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Keys and values in the model's order; lists and mappings of texts count as one value."""
    return ((render(path), value) for path, value in _walk(settings, ()))


def secrets(settings: Settings) -> list[str]:
    """Everything that no log may show."""
    found = (value.reveal() for _, value in values(settings) if isinstance(value, Secret))
    return [secret for secret in found if secret]


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, SettingsModel):
        for field in msgspec.structs.fields(value):
            yield from _walk(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple) and value and isinstance(value[0], SettingsModel):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index))
    elif (
        isinstance(value, dict) and value and all(isinstance(item, SettingsModel) for item in value.values())
    ):
        for name, item in value.items():
            yield from _walk(item, (*path, name))
    else:
        yield path, value
