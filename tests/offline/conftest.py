"""What the tests of the engines share."""

from pathlib import Path

import pytest

from wyoming_azure_realtime.offline.choice import RecognizerChoice, RecognizerName, why_not
from wyoming_azure_realtime.settings.model import Embedded


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the models of the home, so that they are built once for all tests."""
    return tmp_path_factory.mktemp("language-models")


@pytest.fixture(params=["whisper", "pocketsphinx"])
def choice(request: pytest.FixtureRequest) -> RecognizerChoice:
    """Each recogniser that is installed; the others are skipped by name."""
    name: RecognizerName = request.param
    if missing := why_not(name, Embedded()):
        pytest.skip(f"{name}: {missing}")
    return RecognizerChoice(name)
