import pytest

from tests.long import fallback

pytestmark = pytest.mark.long


@pytest.mark.parametrize("how", ["refuse", "mute"])
async def test_nothing_is_lost_and_nobody_waits_while_services_of_the_home_stand_in(how: str) -> None:
    assert await fallback.run(24, 2, how) == []
