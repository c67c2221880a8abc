"""The two generations of the realtime API, and which one a version of Azure's API selects."""

import datetime
import re

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects.base import Dialect, GaDialect
from wyoming_azure_realtime.realtime.dialects.preview import PreviewDialect

FIRST_PREVIEW = datetime.date(2024, 10, 1)
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(-preview)?")


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


def _date(version: str) -> datetime.date:
    """The date in a version, or the first of all dates when there is none."""
    written = _DATE.fullmatch(version)
    try:
        return datetime.date.fromisoformat(written[1]) if written else datetime.date.min
    except ValueError:
        return datetime.date.min


__all__ = ["Dialect", "GaDialect", "PreviewDialect", "for_api_version"]
