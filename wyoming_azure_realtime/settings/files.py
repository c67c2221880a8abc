"""Files that settings come from: small, regular, UTF-8, or a `SettingsError`."""

import stat
from pathlib import Path

from wyoming_azure_realtime.errors import SettingsError

MAX_BYTES = 256 * 1024


def read_text(name: str, *, origin: str) -> str:
    """The whole text of a file. `origin` is the option or variable that named it, for the message."""
    try:
        data = _read(Path(name))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(
            f"The file {name!r} that {origin} names cannot be read: {reason}.",
            advice="Name a file that exists and that this user may read.",
        ) from error
    if len(data) > MAX_BYTES:
        raise SettingsError(f"The file {name!r} that {origin} names is larger than {MAX_BYTES} bytes.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"The file {name!r} that {origin} names is not UTF-8 (byte {error.start})."
        ) from error


def _read(path: Path) -> bytes:
    # a pipe could keep us waiting for ever, a device never ends
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("it is no regular file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
