"""Settings as users give them: short names for the four places."""

from collections.abc import Callable, Mapping
from pathlib import Path

from wyoming_azure_realtime.errors import SettingsError
from wyoming_azure_realtime.settings.declaration import Given
from wyoming_azure_realtime.settings.load import Loaded, load

AZURE = {"AZURE_OPENAI_ENDPOINT": "https://home.openai.azure.com", "AZURE_OPENAI_KEY": "a-key"}


def loaded(environ: Mapping[str, str] | None = None, **flags: Given) -> Loaded:
    """From variables, whose names of our own may lack their prefix, and from flags."""
    names = {ours(name): value for name, value in (environ or {}).items()}
    return load(flags, names)


def from_yaml(path: Path, text: str, environ: Mapping[str, str] | None = None, **flags: Given) -> Loaded:
    """The same with a settings file of this text."""
    file = path / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    return loaded(environ, config=str(file), **flags)


def complaint(call: Callable[[], object]) -> str:
    """What a `SettingsError` says, nothing if there is none. Any other error is the test's failure."""
    try:
        call()
    except SettingsError as error:
        return str(error)
    return ""


def ours(name: str) -> str:
    """A variable's whole name."""
    return name if name.startswith(("AZURE_", "USE_")) else f"WYOMING_AZURE_REALTIME_{name}"
