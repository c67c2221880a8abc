"""What is spoken is heard again: twenty texts through the embedded voice and the embedded recogniser.

Each is spoken streamed, one word every 30 ms, and at once, over Wyoming, and both sounds are recognised. The
words must be the same both ways, in the same order, and those of the text. The texts consist of sentences
that the recogniser, which knows commands to a home, hears right from this voice when they are alone.
Run with `python -m tests.long.round_trip`.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from tests.support.callers import WyomingCaller
from tests.support.figures import say, verdict
from tests.support.home_commands import plain as plain_words
from tests.support.program import program
from wyoming_azure_realtime.audio.pcm import REALTIME

TEXTS = (
    "What is the weather tomorrow? What time is it?",
    "Set the volume to thirty percent. Play some music. Open the bedroom blinds.",
    "Turn on the kitchen lights. Lock the front door.",
    "Close the garage door. Is the front door locked?",
    "Set the volume to thirty percent. Open the curtains. Turn on the kitchen lights. Play some music.",
    "Set the thermostat to twenty one degrees. Is the front door locked? What time is it?",
    "Is the front door locked? Set a timer for five minutes.",
    "Open the curtains. Is the front door locked?",
    "Set the thermostat to twenty one degrees. Set the volume to thirty percent. Lock the front door.",
    "Set the thermostat to twenty one degrees. Lock the front door.",
    "Open the bedroom blinds. Close the garage door. Set a timer for five minutes. What time is it?",
    "Set a timer for five minutes. What is the weather tomorrow?",
    "Is the front door locked? Set the volume to thirty percent. Close the garage door.",
    "Open the bedroom blinds. Lock the front door. Is the front door locked?",
    "Open the bedroom blinds. What is the weather tomorrow?",
    "Set the volume to thirty percent. Turn on the kitchen lights. What is the weather tomorrow?",
    "What time is it? Is the front door locked?",
    "Close the garage door. Open the curtains. What is the weather tomorrow?",
    "Play some music. Set the thermostat to twenty one degrees.",
    "The living room lamp is off.",
)


async def run(texts: Sequence[str]) -> list[str]:
    """What was missed."""
    misses = []
    async with program("--uri", "tcp://127.0.0.1:0", "--http", "off", "--no-zeroconf") as running:
        port = int((await running.uri()).rpartition(":")[2])
        streaming, plain = WyomingCaller(port, streams=True, between=0.03), WyomingCaller(port)
        for text in texts:
            heard = []
            for caller in (streaming, plain):
                spoken = await caller.speak(text)
                heard.append(plain_words((await caller.hear(spoken.pcm, fmt=REALTIME)).text))
            if not heard[0] == heard[1] == plain_words(text):
                misses.append(f"'{text}' was heard as {heard}")
    right = len(texts) - len(misses)
    say(f"{len(texts)} texts, streamed and at once: {right} heard the same both ways, as they are written")
    return misses


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    return verdict(asyncio.run(run(TEXTS)))


if __name__ == "__main__":
    sys.exit(main())
