import shutil

import pytest

from tests.long import balanced

pytestmark = pytest.mark.long


@pytest.mark.timeout(600)  # it starts nine programs
@pytest.mark.skipif(not shutil.which("haproxy"), reason="needs haproxy")
async def test_behind_a_balancer_only_requests_of_a_killed_server_fail_and_the_second_try_succeeds() -> None:
    parts = await balanced.run(1.0)
    failed = {part: seen.errors for part, seen in parts.items() if seen.errors}
    assert set(failed) <= {"killed"}, failed
    assert len(parts["killed"].errors) <= balanced.CLIENTS
    assert [seen.lost for seen in parts.values()] == [[], [], [], []]
    assert all(seen.spoken for seen in parts.values())
