"""The two generations of the realtime API, and Voice Live's; which one a version of Azure's API selects."""

import datetime
import re

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects.base import Dialect, GaDialect
from wyoming_azure_realtime.realtime.dialects.preview import PreviewDialect
from wyoming_azure_realtime.realtime.dialects.voice_live import VoiceLiveDialect

FIRST_PREVIEW = datetime.date(2024, 10, 1)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(-preview)?")


FIRST_VOICE_LIVE = datetime.date(2025, 10, 1)


def for_voice_live(api_version: str) -> Dialect:
    """Voice Live's; its versions are dates from 2025-10-01 on, and empty for the newest known."""
    version = api_version.strip()
    if version and _date(version) < FIRST_VOICE_LIVE:
        raise SettingsError(
            f"Invalid API version '{api_version}'.",
            advice="Leave it empty for Voice Live, or set a date from 2025-10-01 on, such as 2026-07-15.",
        )
    return VoiceLiveDialect()


def for_api_version(api_version: str) -> Dialect:
    """GA for an empty version or `v1`, preview for a date from 2024-10-01 on; else `SettingsError`."""
    version = api_version.strip()
    if version in ("", "v1"):
        return GaDialect()
    if _date(version) < FIRST_PREVIEW:
        raise SettingsError(
            f"Invalid API version '{api_version}'.",
            advice="Leave AZURE_OPENAI_API_VERSION empty or set it to v1; "
            "2025-04-01-preview and other dates from 2024-10-01 on select the deprecated preview.",
        )
    return PreviewDialect()


def for_target(name: str) -> Dialect | None:
    """The dialect of that name, if a target names one."""
    if name == "ga":
        return GaDialect()
    return PreviewDialect() if name == "preview" else None


def _date(version: str) -> datetime.date:
    """The date in a version, or the first of all dates when there is none."""
    written = _DATE.fullmatch(version)
    try:
        return datetime.date.fromisoformat(written[1]) if written else datetime.date.min
    except ValueError:
        return datetime.date.min


__all__ = [
    "Dialect",
    "GaDialect",
    "PreviewDialect",
    "VoiceLiveDialect",
    "for_api_version",
    "for_target",
    "for_voice_live",
]
