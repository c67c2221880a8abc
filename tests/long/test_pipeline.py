import pytest

from tests.long import pipeline

pytestmark = pytest.mark.long


async def test_an_answer_begins_as_soon_as_it_can_and_goes_on_without_a_gap() -> None:
    assert await pipeline.run(1) == []
