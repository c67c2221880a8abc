import pytest

from tests.long import vanish

pytestmark = pytest.mark.long


async def test_a_vanished_http_client_is_noticed_upstream_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # others may use the machine; the work that nobody waits for any more takes half a second and longer
    monkeypatch.setattr(vanish, "LIMIT", 0.25)
    assert await vanish.run(6, ["http"]) == []
