"""The two generations of the realtime API. The only place that knows them apart."""

import datetime

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects.base import Dialect
from wyoming_azure_realtime.realtime.dialects.ga import GaDialect
from wyoming_azure_realtime.realtime.dialects.preview import PreviewDialect

FIRST_PREVIEW = datetime.date(2024, 10, 1)


def for_api_version(api_version: str) -> Dialect:
    """GA for an empty version or `v1`, preview for a date from 2024-10-01 on; else `SettingsError`."""
    version = api_version.strip()
    if version in ("", "v1"):
        return GaDialect()
    try:
        date = datetime.date.fromisoformat(version.removesuffix("-preview"))
    except ValueError:
        date = datetime.date.min
    if date < FIRST_PREVIEW:
        raise SettingsError(
            f"Invalid API version '{api_version}'.",
            advice="Leave AZURE_OPENAI_API_VERSION empty or set it to v1; "
            "2025-04-01-preview and other dates from 2024-10-01 on select the deprecated preview.",
        )
    return PreviewDialect(version)


__all__ = ["Dialect", "GaDialect", "PreviewDialect", "for_api_version"]
