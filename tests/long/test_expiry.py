from tests.long import expiry


async def test_sessions_that_expire_lose_nothing_and_delay_nobody_by_more_than_a_handshake():
    assert await expiry.run(2.5, life=2.0, lengths=(3, 5)) == []
