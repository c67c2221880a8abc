"""What the tests of the engines share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the language model, so that it is built once for all tests."""
    return tmp_path_factory.mktemp("language-models")
