"""A short form: a command with a pause in it, and what is no command at all."""

import pytest

from tests.long import turn_end

pytestmark = pytest.mark.long


async def test_the_transcript_is_there_when_the_audio_stops() -> None:
    assert await turn_end.run(450, 1, chosen=("pause of 0.4 s", "noise of 2 s")) == []
