"""Identifiers with the prefixes of the realtime API."""

import secrets


def fresh(prefix: str) -> str:
    """`prefix` is one of `event`, `sess`, `item`, `resp`, `conv` and `seg`."""
    return f"{prefix}_{secrets.token_hex(10)}"
