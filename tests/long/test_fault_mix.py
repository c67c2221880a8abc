import pytest

from tests.long import fault_mix
from tests.long.soak import IMPATIENT

pytestmark = pytest.mark.long


@pytest.mark.parametrize("service", ["azure_openai", "voice_live"])
async def test_a_mix_of_faults_is_not_noticed(service: str) -> None:
    assert await fault_mix.run(25, 10, calm_requests=5, deadlines=IMPATIENT, service=service) == []
