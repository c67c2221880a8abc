"""How long to leave a failing key alone before warming it again. Pure."""

from dataclasses import dataclass

FIRST = 1.0
FACTOR = 2.0
LONGEST = 300.0


@dataclass(slots=True)
class Backoff:
    """Doubles with every failure in a row, from one second to five minutes; a quiet while ends the row."""

    until: float = 0.0
    delay: float = 0.0

    def failed(self, now: float) -> None:
        """Another failure."""
        in_a_row = self.delay and now < self.until + LONGEST
        self.delay = min(LONGEST, self.delay * FACTOR) if in_a_row else FIRST
        self.until = now + self.delay
