from pathlib import Path

import pytest

from tests.support.doctor import Doctor
from tests.support.written import Written


@pytest.fixture
def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], written: Written
) -> Doctor:
    """`written` puts logging back."""
    return Doctor(tmp_path, monkeypatch, capsys)
