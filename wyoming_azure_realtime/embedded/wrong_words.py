"""What a model says that does not read: simulated for those who compare speech with its text."""

from typing import Literal

Way = Literal["answer", "paraphrase", "drop_word"]
WAYS: tuple[Way, ...] = ("answer", "answer", "paraphrase", "drop_word")

_SYNONYMS = {"turn": "switch", "lights": "lamps", "the": "your", "is": "would be", "on": "up", "and": "plus"}


def spoken_instead(text: str, how: Way, right: int = 0) -> str:
    """Other words than those of `text` after the first `right`; a text of one word survives dropping one."""
    words = text.split()
    begun, words = words[:right], words[right:]
    if how == "answer":
        words = ["Sure, I can help you with that. What would you like me to do?"]
    elif how == "paraphrase":
        words = ["Well,", *(_SYNONYMS.get(word.lower(), word) for word in words)]
    elif len(begun) + len(words) > 1:
        del words[len(words) // 2 : len(words) // 2 + 1]
    return " ".join([*begun, *words])
