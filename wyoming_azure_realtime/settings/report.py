"""The effective settings as aligned text: key, value, source. Secrets are masked."""

import json
from typing import Any

from wyoming_azure_realtime.settings.load import Loaded
from wyoming_azure_realtime.settings.model import Secret
from wyoming_azure_realtime.settings.walk import values

_HEAD = ("SETTING", "VALUE", "SOURCE")
_WIDEST = 44


def report(loaded: Loaded) -> str:
    """Several lines, ready to print."""
    rows = [_HEAD, *((key, _shown(value), loaded.sources[key]) for key, value in values(loaded.settings))]
    widths = [min(max(len(row[column]) for row in rows), _WIDEST) for column in (0, 1)]
    lines = [f"{key:{widths[0]}}  {value:{widths[1]}}  {source}".rstrip() for key, value, source in rows]
    return "\n".join([f"Backend in use: {loaded.uses}", "", *lines])


def _shown(value: Any) -> str:
    if isinstance(value, Secret):
        return "***" if value else '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, str):
        # control characters of a terminal are shown, not obeyed
        return value if value.isprintable() and value.strip() == value and value else json.dumps(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}={item}" for name, item in value.items()) or "(none)"
    return ", ".join(map(str, value)) or "(none)" if isinstance(value, tuple) else str(value)
