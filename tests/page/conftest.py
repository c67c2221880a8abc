"""One browser for all tests of a worker, and the page of a house in it."""

from collections.abc import Iterator

import pytest

from tests.page.pages import SPOKEN
from tests.support.browser import Browser, chromium, running_browser
from tests.support.word_sounds import sound_of
from wyoming_azure_realtime.audio.pcm import REALTIME, wav_header


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Its microphone hears somebody say `SPOKEN` every six seconds. Skips where there is no Chromium."""
    if not chromium():
        pytest.skip("chromium is not installed")
    folder = tmp_path_factory.mktemp("browser")
    microphone = folder / "microphone.wav"
    second = bytes(REALTIME.bytes_per_second)
    pcm = second + sound_of(SPOKEN) + 4 * second
    microphone.write_bytes(wav_header(REALTIME, len(pcm)) + pcm)
    with running_browser(folder, microphone) as running:
        yield running
