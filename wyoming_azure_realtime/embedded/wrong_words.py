"""What a model says that does not read: simulated for those who compare speech with its text."""

from typing import Literal

_SYNONYMS = {"turn": "switch", "lights": "lamps", "the": "your", "is": "would be", "on": "up", "and": "plus"}


def spoken_instead(text: str, how: Literal["answer", "paraphrase", "drop_word"]) -> str:
    """Something other than `text`; only a text of one word or less survives dropping one."""
    if how == "answer":
        return "Sure, I can help you with that. What would you like me to do?"
    words = text.split()
    if how == "drop_word":
        middle = len(words) // 2
        return " ".join(words[:middle] + words[middle + 1 :]) if len(words) > 1 else text
    return "Well, " + " ".join(_SYNONYMS.get(word.lower(), word) for word in words)
