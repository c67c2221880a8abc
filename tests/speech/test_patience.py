import asyncio

import pytest

from wyoming_azure_realtime.speech.patience import Patience


async def test_silence_is_borne_for_so_long_and_no_longer():
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with Patience(0.05):
            await asyncio.sleep(5)
    assert 0.05 <= asyncio.get_running_loop().time() - began < 1


async def test_whoever_is_heard_may_go_on():
    async with Patience(0.1) as patience:
        for _ in range(6):
            await asyncio.sleep(0.04)
            patience.heard()


async def test_silence_counts_anew_from_what_was_heard_last():
    heard = []

    async def talk() -> None:
        async with Patience(0.1) as patience:
            for _ in range(3):
                await asyncio.sleep(0.03)
                heard.append(patience.heard())
            await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        await talk()
    assert len(heard) == 3


async def test_a_pause_is_not_silence():
    async with Patience(0.03) as patience:
        patience.paused()
        await asyncio.sleep(0.15)
        patience.heard()
        await asyncio.sleep(0)


async def test_patience_may_become_less():
    async def wait() -> None:
        async with Patience(3.0) as patience:
            patience.become(0.05)
            patience.heard()
            await asyncio.sleep(5)

    async with asyncio.timeout(1) as limit:
        with pytest.raises(TimeoutError):
            await wait()
    assert not limit.expired()


async def test_nothing_is_left_behind():
    async with Patience(0.05):
        pass
    await asyncio.sleep(0.1)


async def test_other_errors_pass():
    with pytest.raises(KeyError):
        async with Patience(1):
            raise KeyError
