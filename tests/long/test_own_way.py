import pytest

from tests.long import own_way

pytestmark = pytest.mark.long


async def test_a_service_that_says_things_its_own_way_is_spoken_after_all() -> None:
    misses = await own_way.run(40, 1, lanes=4)
    # one in a thousand words is nothing that a thousand words could tell
    assert [miss for miss in misses if not miss.startswith("wrong words heard")] == []
