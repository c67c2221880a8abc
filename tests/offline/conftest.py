"""What the tests of the engines share."""

from pathlib import Path

import pytest

from wyoming_azure_realtime.offline.choice import RecognizerChoice, RecognizerName, why_not
from wyoming_azure_realtime.settings.model import Embedded


@pytest.fixture(scope="session")
def model_cache(own_cache: Path) -> Path:
    """The cache of the programs that tests start, so that each model of a home is built once in a run."""
    return own_cache / "wyoming-azure-realtime" / "language-models"


@pytest.fixture(scope="module", params=["whisper", "pocketsphinx"])
def choice(request: pytest.FixtureRequest) -> RecognizerChoice:
    """Each recogniser that is installed; the others are skipped by name."""
    name: RecognizerName = request.param
    if missing := why_not(name, Embedded()):
        pytest.skip(f"{name}: {missing}")
    return RecognizerChoice(name)
