"""A trigram language model with Witten-Bell smoothing, written in the ARPA format."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

_START, _END = "<s>", "</s>"
_ORDER = 3
# ARPA's way of saying that a sentence's start is never predicted
_NEVER = -99.0

Gram = tuple[str, ...]


class TrigramModel:
    """Counts sentences, then tells how likely a word is after the two before it.

    Witten and Bell (1991): after a history seen n times with t different followers, the share t / (n + t) of
    the probability goes to the distribution of the shorter history.
    """

    def __init__(self, sentences: Iterable[list[str]]) -> None:
        self._counts: list[Counter[Gram]] = [Counter() for _ in range(_ORDER)]
        for sentence in sentences:
            marked = (_START, *sentence, _END)
            for order, counts in enumerate(self._counts, start=1):
                counts.update(zip(*(marked[offset:] for offset in range(order)), strict=False))
        # a start is never predicted
        del self._counts[0][(_START,)]
        self._seen: defaultdict[Gram, int] = defaultdict(int)
        self._followers: defaultdict[Gram, int] = defaultdict(int)
        for counts in self._counts:
            for gram, count in counts.items():
                self._seen[gram[:-1]] += count
                self._followers[gram[:-1]] += 1

    def probability(self, gram: Gram) -> float:
        """Probability of the last word of `gram` after the words before it."""
        if not gram:
            return 1 / max(1, len(self._counts[0]))
        history = gram[:-1]
        shorter = self.probability(gram[1:])
        if history not in self._seen:
            return shorter
        seen, followers = self._seen[history], self._followers[history]
        return (self._counts[len(gram) - 1][gram] + followers * shorter) / (seen + followers)

    def arpa(self) -> Iterator[str]:
        """Write the model down, a line at a time."""
        tables = [sorted(counts) for counts in self._counts]
        tables[0] = sorted([*tables[0], (_START,)])
        yield "\\data\\"
        for order, grams in enumerate(tables, start=1):
            yield f"ngram {order}={len(grams)}"
        for order, grams in enumerate(tables, start=1):
            yield f"\n\\{order}-grams:"
            for gram in grams:
                yield self._line(gram)
        yield "\n\\end\\"

    def _line(self, gram: Gram) -> str:
        logarithm = _NEVER if gram == (_START,) else math.log10(self.probability(gram))
        line = f"{logarithm:.4f}\t{' '.join(gram)}"
        if gram not in self._seen:
            return line
        followers = self._followers[gram]
        return f"{line}\t{math.log10(followers / (self._seen[gram] + followers)):.4f}"
