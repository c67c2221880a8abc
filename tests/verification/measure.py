"""How often the verifier is wrong. Run `python -m tests.verification.measure`."""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.verification.answers import Answer, answers, corruptions
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier

TOLERANCE = 0.2


@dataclass
class Result:
    texts: int = 0
    fair: int = 0
    corrupted: Counter[str] = field(default_factory=Counter)
    alarms: list[tuple[str, str]] = field(default_factory=list)
    misses: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def alarm_rate(self) -> float:
        return len(self.alarms) / self.fair

    @property
    def miss_rate(self) -> float:
        return len(self.misses) / self.corrupted.total()


def agrees(verifier: TranscriptVerifier, spoken: str) -> bool:
    """Whether a transcript, in place of the one before, is the whole text."""
    verifier.replace("")
    for word in spoken.split(" "):
        verifier.add(f" {word}")
    verifier.finish()
    return verifier.verdict == "complete"


def measured(corpus: Iterable[Answer], tolerance: float = TOLERANCE, seed: int = 7) -> Result:
    chance = random.Random(seed)
    result = Result()
    for answer in corpus:
        result.texts += 1
        fair = answer.renderings()
        # a text is read once for all its transcripts
        verifier = TranscriptVerifier(answer.text, tolerance=tolerance)
        for spoken in fair:
            result.fair += 1
            if not agrees(verifier, spoken):
                result.alarms.append((answer.text, spoken))
        for kind, spoken in corruptions(answer, chance):
            if spoken in fair:
                continue
            result.corrupted[kind] += 1
            if agrees(verifier, spoken):
                result.misses.append((kind, answer.text, spoken))
    return result


def failing(languages: Iterable[str], check: Callable[[str], object]) -> dict[str, str]:
    """The languages that a property does not hold in, each with what was found.

    One language after the other, since only the last few stay loaded.
    """
    found = {}
    for language in languages:
        try:
            check(language)
        except AssertionError as error:
            found[language] = "\n".join([str(error), *getattr(error, "__notes__", ())])
    return found


def _print(result: Result, tolerance: float) -> None:
    print(f"tolerance {tolerance}: {result.texts} texts")
    print(f"  false alarms {len(result.alarms)} of {result.fair} fair transcripts ({result.alarm_rate:.4%})")
    print(f"  misses {len(result.misses)} of {result.corrupted.total()} wrong ones ({result.miss_rate:.4%})")
    missed = Counter(kind for kind, _, _ in result.misses)
    for kind, number in sorted(result.corrupted.items()):
        print(f"    {kind}: {missed[kind]} of {number}")
    for text, spoken in result.alarms[:40]:
        print(f"  alarm: {text}\n         {spoken}")
    for kind, text, spoken in result.misses[:40]:
        print(f"  miss ({kind}): {text}\n         {spoken}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tolerance", type=float, nargs="*", default=[TOLERANCE])
    parser.add_argument("--seed", type=int, default=5, help="of the values in the templates")
    parser.add_argument("--copies", type=int, default=24, help="of each template")
    options = parser.parse_args()
    for tolerance in options.tolerance:
        started = time.process_time()
        _print(measured(answers(options.seed, options.copies), tolerance), tolerance)
        print(f"  {time.process_time() - started:.1f} s of processor time")
