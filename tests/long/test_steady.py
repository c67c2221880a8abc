import pytest

from tests.long import steady
from tests.support.traffic import KINDS

pytestmark = pytest.mark.long


async def test_nobody_waits_for_a_handshake_nor_a_burst_for_more_than_one_nor_the_first_after_quiet() -> None:
    assert await steady.run(1, warming=1, bursts=[KINDS * 4], cools=True) == []
