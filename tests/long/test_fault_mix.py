import pytest

from tests.long import fault_mix
from tests.long.soak import IMPATIENT

pytestmark = pytest.mark.long


async def test_a_mix_of_faults_is_not_noticed():
    assert await fault_mix.run(25, 10, calm_requests=5, deadlines=IMPATIENT) == []
