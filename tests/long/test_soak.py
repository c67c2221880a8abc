import pytest

from tests.long import soak

pytestmark = pytest.mark.long


async def test_faults_and_vanishing_clients_leave_nothing_behind() -> None:
    assert await soak.run(400, each=100, cool=0.5, unjudged=1) == []
