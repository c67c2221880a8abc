"""How fair the verifier is to texts in many languages. Run `python -m tests.verification.corpus FOLDER`.

The folder holds one file for each language, `de.tsv`: on each line the kind of text, the text, and
transcripts of it, divided by tabs. A transcript that begins with `~` is debatable, one with `!` is wrong, the
others are fair.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from wyoming_azure_realtime.text.language import plausible_languages
from wyoming_azure_realtime.verification.differences import compare
from wyoming_azure_realtime.verification.verifier import TranscriptVerifier, Verdict

Told = Literal["language", "three", "text", "nothing"]
Worth = Literal["fair", "debatable", "wrong"]
_MARKS: dict[str, Worth] = {"~": "debatable", "!": "wrong"}


class Case(NamedTuple):
    """A text with a transcript of it."""

    language: str
    kind: str
    text: str
    transcript: str
    worth: Worth


@dataclass
class Figures:
    """What was counted for one language; the cases that went wrong by what went wrong."""

    cases: dict[Worth, int] = field(default_factory=lambda: {"fair": 0, "debatable": 0, "wrong": 0})
    refused: list[Case] = field(default_factory=list)
    unsure: list[Case] = field(default_factory=list)
    missed: list[Case] = field(default_factory=list)
    doubtful: list[Case] = field(default_factory=list)
    debatable_refused: list[Case] = field(default_factory=list)


def cases(folder: Path) -> Iterator[Case]:
    """All cases of a folder."""
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, *columns = line.split("\t")
            if line.startswith("#") or len(columns) < 2:
                continue
            text, *transcripts = columns
            for written in filter(None, transcripts):
                worth = _MARKS.get(written[0], "fair")
                yield Case(path.stem, kind, text, written if worth == "fair" else written[1:], worth)


def verdict(text: str, transcript: str, languages: Sequence[str]) -> Verdict:
    """The verdict at the end of a transcript that came word by word."""
    verifier = TranscriptVerifier(text, languages=languages)
    for word in transcript.split(" "):
        verifier.add(f" {word}")
    verifier.finish()
    return verifier.verdict


_OTHERS = ("en", "de", "fr", "es", "nl", "it", "pl", "sv")


def languages_of(case: Case, told: Told) -> tuple[str, ...]:
    """What the verifier is told: the language; three, of which it is the last; what the text tells."""
    if told == "language":
        return (case.language,)
    if told == "text":
        return plausible_languages(case.text)
    others = [one for one in _OTHERS if one != case.language]
    place = len(case.text) % (len(others) - 1)
    return (*others[place : place + 2], case.language) if told == "three" else ()


def measured(folder: Path, told: Told) -> dict[str, Figures]:
    """Count for each language."""
    found: dict[str, Figures] = {}
    for case in cases(folder):
        languages = languages_of(case, told)
        figures = found.setdefault(case.language, Figures())
        figures.cases[case.worth] += 1
        result = verdict(case.text, case.transcript, languages)
        if case.worth == "wrong":
            if result == "complete":
                figures.missed.append(case)
            elif result == "unsure" and compare(case.text, case.transcript, languages).negotiable:
                figures.doubtful.append(case)
        elif result == "mismatch":
            (figures.refused if case.worth == "fair" else figures.debatable_refused).append(case)
        elif result == "unsure" and case.worth == "fair":
            figures.unsure.append(case)
    return found


def _print(found: dict[str, Figures], names: Sequence[str], *, listed: bool) -> None:
    total = Figures()
    for language, figures in found.items():
        _print_line(language, figures)
        for worth, number in figures.cases.items():
            total.cases[worth] += number
        for name in ("refused", "unsure", "missed", "doubtful", "debatable_refused"):
            getattr(total, name).extend(getattr(figures, name))
    _print_line("all", total)
    if listed:
        for name in names:
            for case in getattr(total, name):
                print(f"  {name} {case.language} {case.kind}: {case.text}\n      {case.transcript}")


def _print_line(language: str, figures: Figures) -> None:
    fair, wrong = figures.cases["fair"] or 1, figures.cases["wrong"] or 1
    print(
        f"{language:4} fair {fair:4}: refused {len(figures.refused):3} ({len(figures.refused) / fair:6.2%})"
        f" unsure {len(figures.unsure):3} ({len(figures.unsure) / fair:6.2%})"
        f" | wrong {wrong:4}: complete {len(figures.missed):3} ({len(figures.missed) / wrong:6.2%})"
        f" negotiable {len(figures.doubtful):3} ({len(figures.doubtful) / wrong:6.2%})"
        f" | debatable {figures.cases['debatable']:3}: refused {len(figures.debatable_refused):3}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--told", choices=["language", "three", "text", "nothing"], default="language")
    parser.add_argument("--list", nargs="*", default=["refused", "unsure", "missed", "doubtful"])
    parser.add_argument("--only", default="", help="list the cases of one language only")
    options = parser.parse_args()
    result = measured(options.folder, options.told)
    if options.only:
        result = {options.only: result[options.only]}
    _print(result, options.list, listed=bool(options.list))
