import pytest

from tests.long import round_trip
from wyoming_azure_realtime.offline.recognizer import Recognizer

pytestmark = pytest.mark.long

HEARS, DEAF_BECAUSE = Recognizer.available()


@pytest.mark.skipif(not HEARS, reason=DEAF_BECAUSE)
async def test_what_is_spoken_is_heard_again_streamed_or_at_once() -> None:
    assert await round_trip.run(round_trip.TEXTS[:3]) == []
