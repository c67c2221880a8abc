import pytest

from tests.long import failover
from wyoming_azure_realtime.offline.recognizer import Recognizer

pytestmark = pytest.mark.long

HEARS, DEAF_BECAUSE = Recognizer.available()


@pytest.mark.skipif(not HEARS, reason=DEAF_BECAUSE)
async def test_nothing_is_lost_while_one_target_after_the_other_goes_down() -> None:
    assert await failover.run(0.5, 0, 1.0, back=False) == []
