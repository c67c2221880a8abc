import pytest

from tests.long import prepared

pytestmark = pytest.mark.long


async def test_nothing_comes_of_what_is_not_asked_about_whatever_fails() -> None:
    assert await prepared.both(24, 4) == []
