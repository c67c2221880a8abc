"""The real espeak-ng in its own process, in the language of the text."""

import asyncio
import os
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import numpy as np
import pytest

from tests.support.eventually import eventually
from wyoming_azure_realtime.errors import ResponseFailed
from wyoming_azure_realtime.offline import local_voice
from wyoming_azure_realtime.offline.espeak import espeak_language
from wyoming_azure_realtime.offline.local_voice import MOST_AT_A_TIME, LocalVoiceProcess

# fmt: off
LANGUAGES = [
    "en", "de", "fr", "es", "it", "nl", "pl", "pt", "ru", "uk", "cs", "sv", "da", "nb",
    "fi", "hu", "ro", "tr", "el", "ar", "he", "hi", "zh", "ja", "ko", "vi",
]
# fmt: on
TEXT = "Die Temperatur im Wohnzimmer beträgt 20,5 Grad."


async def spoken(text: str, language: str, speed: float = 1.0) -> bytes:
    return b"".join([pcm async for pcm in LocalVoiceProcess().speak(text, language, speed)])


def seconds(pcm: bytes) -> float:
    return len(pcm) / 48_000


async def test_a_text_is_spoken_in_its_language_at_its_speed() -> None:
    german, english, fast = await asyncio.gather(
        spoken(TEXT, "de"), spoken(TEXT, "en"), spoken(TEXT, "de-AT", 1.5)
    )
    samples = np.frombuffer(german, "<i2").astype(float)
    assert 2.0 < seconds(german) < 6.0
    assert np.sqrt(np.mean(samples**2)) > 500
    assert german != english
    assert seconds(fast) < 0.8 * seconds(german)


async def test_an_unknown_language_is_spoken_all_the_same() -> None:
    assert await spoken("Hello", "tlh") == await spoken("Hello", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_of_the_comparison_has_a_voice(language: str) -> None:
    assert espeak_language(language)
    assert espeak_language(f"{language}-XX")


def test_codes_of_other_origin_are_understood() -> None:
    assert espeak_language("zh_TW") == "cmn"
    assert espeak_language("pt-BR") == "pt-br"
    assert espeak_language("no") == "nb"
    assert espeak_language("tlh") == ""


@pytest.mark.parametrize(
    "language", ["en-GB", "en-AU", "fr-FR", "fr-CH", "pt-PT", "es-MX", "zh-HK", "nn-NO", "xx"]
)
async def test_every_region_is_spoken(language: str) -> None:
    assert seconds(await spoken("Hello", language)) > 0.2


async def test_a_speed_that_there_is_not_is_the_nearest_one() -> None:
    assert await spoken(TEXT, "de", 3.0) == await spoken(TEXT, "de", 1.5)


async def test_what_has_no_sounds_is_an_error() -> None:
    with pytest.raises(ResponseFailed, match="no sounds"):
        await spoken("\u200b", "de")


async def test_who_leaves_ends_the_process() -> None:
    speaking = asyncio.create_task(spoken(f"{TEXT} " * 100, "de"))
    await eventually(lambda: len(_children()) == 1)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    assert not _children()


async def test_who_listens_slowly_keeps_nobody_from_being_spoken_to() -> None:
    voice = LocalVoiceProcess()
    async with AsyncExitStack() as listeners:
        for _ in range(MOST_AT_A_TIME + 1):
            stream = await listeners.enter_async_context(aclosing(voice.speak(f"{TEXT} " * 20, "de", 1.0)))
            assert await anext(stream)
    assert not _children()


async def test_what_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_voice, "MOST_BYTES", 48_000)
    assert len(await spoken(f"{TEXT} " * 100, "de")) == 48_000
    assert not _children()


async def test_a_process_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_voice, "_MODULE", "wyoming_azure_realtime.offline.nothing")
    with pytest.raises(ResponseFailed, match="installed"):
        await spoken(TEXT, "de")


async def test_the_process_does_not_get_the_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_KEY", "a-key-for-tests")
    speaking = asyncio.create_task(spoken(f"{TEXT} " * 100, "de"))
    await eventually(lambda: len(_children()) == 1)
    (child,) = _children()
    assert b"a-key-for-tests" not in _environment(child)
    await speaking


def _environment(process: str) -> bytes:
    return Path("/proc", process, "environ").read_bytes()


def _children() -> set[str]:
    """Our children that speak."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"local_voice" in (process / "cmdline").read_bytes():
                found.add(process.name)
        except OSError:
            continue
    return found
