"""Figures of a run: distributions, what is wrong, and lines to read."""

import math
import sys
from collections.abc import Collection, Sequence


def say(line: str = "") -> None:
    """A line of the result, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def quantile(values: Collection[float], share: float) -> float:
    """The least value that so large a share of all does not exceed; NaN of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def median(values: Collection[float]) -> float:
    """Half of them are no larger."""
    return quantile(values, 0.5)


def spread(seconds: Collection[float]) -> str:
    """Median, p95, p99 and maximum in milliseconds."""
    shares = [quantile(seconds, share) * 1000 for share in (0.5, 0.95, 0.99, 1.0)]
    return "median {:6.0f}  p95 {:6.0f}  p99 {:6.0f}  max {:6.0f} ms".format(*shares)


def verdict(misses: Sequence[str]) -> int:
    """Say what was missed, at most twenty of it; the exit code."""
    for miss in misses[:20]:
        say(f"MISSED  {miss}")
    say("criterion missed" if misses else "criterion met")
    return 1 if misses else 0
