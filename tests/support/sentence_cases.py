"""Texts with a bar where a sentence ends, by language: those of sentences.txt."""

from pathlib import Path

from wyoming_azure_realtime.text.pieces import SHORT_SENTENCE
from wyoming_azure_realtime.text.sentences import weight

FILE = Path(__file__).with_name("sentences.txt")


def cases() -> list[tuple[str, str, list[str]]]:
    """Language, text, and the sentences it has, short ones together with the next."""
    found, language = [], ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((language, line.replace("|", ""), joined(line.split("|"))))
    return found


def joined(sentences: list[str]) -> list[str]:
    """Sentences as they are spoken: a short one together with the next."""
    spoken = [""]
    for sentence in sentences:
        if spoken[-1] and weight(spoken[-1].strip()) >= SHORT_SENTENCE:
            spoken.append("")
        spoken[-1] += sentence
    return [sentence.strip() for sentence in spoken]
