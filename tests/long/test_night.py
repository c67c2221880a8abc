import pytest

from tests.long import night

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


async def test_every_trouble_of_a_night_passes_and_leaves_nothing_behind() -> None:
    assert await night.run(minutes=0, each=1) == []
