import pytest

from tests.long import siege

pytestmark = pytest.mark.long


async def test_strangers_lock_nobody_out_and_take_no_more_than_there_is() -> None:
    # on a machine that may be slow; `python -m tests.long.siege` judges by the real limit
    assert await siege.run(0.2, 2.0, latest=0.5) == []
