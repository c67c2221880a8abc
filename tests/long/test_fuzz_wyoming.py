import pytest

from tests.long import fuzz_wyoming

pytestmark = pytest.mark.fuzz


async def test_malformed_input_and_hostile_clients_disturb_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    # other tests share the machine with this one
    monkeypatch.setattr(fuzz_wyoming, "MOST_ADDED", {0.5: 0.05})
    assert await fuzz_wyoming.run(inputs=2000, rate=250, seed=2, seconds=3) == []
