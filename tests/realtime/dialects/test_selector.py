import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.realtime.dialects import PreviewDialect, for_api_version


@pytest.mark.parametrize("version", ["", "v1", "  ", " v1 "])
def test_no_version_and_v1_mean_ga(version: str) -> None:
    assert for_api_version(version).name == "ga"


@pytest.mark.parametrize(
    "version",
    [
        "2024-10-01",
        "2024-10-01-preview",
        "2024-12-17",
        "2025-04-01-preview",
        "2025-08-28",
        " 2025-04-01-preview ",
    ],
)
def test_dates_from_october_2024_on_mean_preview(version: str) -> None:
    assert isinstance(for_api_version(version), PreviewDialect)


@pytest.mark.parametrize(
    "version",
    [
        "2024-09-30",
        "2023-05-15",
        "2024-08-01-preview",
        "v2",
        "V1",
        "1",
        "preview",
        "-preview",
        "2025-04-01-preview-preview",
        "2025-04-01-PREVIEW",
        "2025-04-01-alpha",
        "2025-4-1",
        "2025-13-01",
        "2025-02-30",
        "20250401",
        "2025-W14-2",
        "2025-04-01T00:00",
        "2025-04-01&intent=x",
        "\N{ARABIC-INDIC DIGIT TWO}025-04-01",
        "2025-04-01\x00",
        "latest",
        "null",
    ],
)
def test_anything_else_is_an_invalid_api_version(version: str) -> None:
    with pytest.raises(SettingsError, match="Invalid API version") as caught:
        for_api_version(version)
    assert caught.value.advice


@given(st.text(max_size=30))
def test_any_text_is_a_dialect_or_a_settings_error(version: str) -> None:
    with contextlib.suppress(SettingsError):
        assert for_api_version(version).name in {"ga", "preview"}
