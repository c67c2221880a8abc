"""How names sound that a session tells: each as one word, however many it has."""

import itertools
from collections import OrderedDict
from pathlib import Path

from wyoming_azure_realtime.embedded.pronunciation import pronounce
from wyoming_azure_realtime.embedded.sentences import words

WORDS_KEPT = 2000
_WAYS_PER_NAME = 4


class NameSounds:
    """Remembers the last words; new ones are looked up in `dictionary` or sounded out (50 ms)."""

    def __init__(self, dictionary: Path) -> None:
        self._dictionary = dictionary
        self._known: OrderedDict[str, list[str]] = OrderedDict()

    def ways(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """Every name with its phones, once per way of saying it; without those nobody can say."""
        split = {name: words(name) for name in names}
        self._learn({word for parts in split.values() for word in parts})
        return [(name, phones) for name, parts in split.items() for phones in self._said(parts)]

    def _learn(self, vocabulary: set[str]) -> None:
        new = vocabulary - self._known.keys()
        if new:
            sounds = pronounce(new, self._dictionary)
            self._known.update({word: sounds.get(word, []) for word in sorted(new)})
        for word in vocabulary:
            self._known.move_to_end(word)
        while len(self._known) > max(WORDS_KEPT, len(vocabulary)):
            self._known.popitem(last=False)

    def _said(self, parts: list[str]) -> list[str]:
        if not parts:
            return []
        every = itertools.product(*(self._known[word] for word in parts))
        return [" ".join(phones) for phones in itertools.islice(every, _WAYS_PER_NAME)]
