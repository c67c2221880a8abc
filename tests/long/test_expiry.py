import pytest

from tests.long import expiry

pytestmark = pytest.mark.long


async def test_sessions_that_expire_lose_nothing_and_delay_nobody_by_more_than_a_handshake() -> None:
    # two handshakes would be too late, however busy the machine is
    assert await expiry.run(4, life=3.0, lengths=(3, 5), handshake=1.0, busy=0.9) == []
