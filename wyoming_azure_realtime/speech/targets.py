"""Which target a request goes to. Pure: given the targets in order of preference, the first."""

from collections.abc import Sequence

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.model import Target


def choose(targets: Sequence[Target]) -> Target:
    """The target for the next request. Raises `SettingsError` when there is none."""
    if not targets:
        raise SettingsError("No target is configured.")
    return targets[0]
