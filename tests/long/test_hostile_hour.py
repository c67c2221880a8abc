import pytest

from tests.long import hostile_hour

pytestmark = pytest.mark.long


def test_no_sound_costs_a_fortune() -> None:
    assert hostile_hour.run(4.0) == []
