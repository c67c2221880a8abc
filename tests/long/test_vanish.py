import pytest

from tests.long import vanish

pytestmark = pytest.mark.long


async def test_a_vanished_http_client_is_noticed_upstream_at_once() -> None:
    assert await vanish.run(6, ["http"]) == []
