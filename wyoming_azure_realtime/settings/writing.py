"""A settings file for one target, and the file with its key: made as text, checked, and written as a whole.

Nothing of a file that is there is lost unless it may be replaced, and no half of a file is ever seen.
"""

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.load import resolve
from wyoming_azure_realtime.settings.model import Secret, Target
from wyoming_azure_realtime.settings.tree import Branch, Leaf, read_yaml

FIELDS = (
    "endpoint",
    "service",
    "api_version",
    "realtime_deployment",
    "cheaper_deployment",
    "transcription_deployment",
    "transcription_model",
)
"""Of a target, those that are written where they differ from what counts without them."""

_ALWAYS = ("endpoint", "realtime_deployment", "transcription_deployment")
_HEAD = """\
# Written by `wyoming-azure-realtime setup`. All other settings, with what they are by default, are in
# docs/settings.md and config/settings.sample.yaml.
"""


def settings_text(target: Target, language: str, key_file: str) -> str:
    """The YAML of a target whose key is in `key_file`, empty if it has none, and of the home's language."""
    usual = Target()
    lines = [
        f"    {field}: {json.dumps(value)}"
        for field in FIELDS
        if (value := getattr(target, field)) != getattr(usual, field) or field in _ALWAYS
    ]
    if key_file:
        lines.append(f"    key_file: {json.dumps(key_file)}")
    lines[0] = lines[0].replace("    ", "  - ", 1)
    return "\n".join([f"{_HEAD}targets:", *lines, "recognition:", f"  language: {json.dumps(language)}", ""])


def check(text: str, file: Path, key: Secret) -> None:
    """Raise the `SettingsError` with which the server would refuse this text."""
    tree = read_yaml(text, str(file))
    target = tree.children["targets"]
    first = target.children[0] if isinstance(target, Branch) else None
    if isinstance(first, Branch) and "key_file" in first.children:
        del first.children["key_file"]
        first.children["key"] = Leaf(key.reveal(), "the key that was given")
    resolve(tree)


def write(file: Path, text: str, *, mode: int, replace: bool) -> None:
    """Write a whole file, or nothing. `replace`: one that is there may go. Raises `SettingsError`."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_new(part, text, mode)
        try:
            if replace:
                part.replace(file)
            else:
                os.link(part, file)  # unlike a rename, it fails where something is
        finally:
            with suppress(FileNotFoundError):
                part.unlink()
    except FileExistsError as error:
        raise SettingsError(f"{file} is there already.") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror or error}.") from error


def _write_new(file: Path, text: str, mode: int) -> None:
    """On the disk when it returns, and from the first moment for those alone who may read it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            os.fchmod(written.fileno(), mode)
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
    except BaseException:
        file.unlink()
        raise
