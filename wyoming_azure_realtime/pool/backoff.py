"""How long to leave a failing key alone before warming it again. Pure."""

from dataclasses import dataclass

FIRST = 1.0
FACTOR = 2.0
LONGEST = 300.0


@dataclass(slots=True)
class Backoff:
    """Doubles with every failure in a row, from one second to five minutes."""

    until: float = 0.0
    delay: float = 0.0

    def failed(self, now: float) -> None:
        """Another failure."""
        self.delay = min(LONGEST, self.delay * FACTOR if self.delay else FIRST)
        self.until = now + self.delay
