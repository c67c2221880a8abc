import pytest

from tests.long import drift

pytestmark = pytest.mark.long


async def test_nobody_hears_anything_but_the_text_whatever_the_service_says() -> None:
    assert await drift.run(30, pairs=3) == []
