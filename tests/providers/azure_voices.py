"""Write `wyoming_azure_realtime/providers/azure_voices.tsv` from Microsoft's documentation of Azure Speech.

In: a checkout of MicrosoftDocs/azure-ai-docs, or any folder with its Markdown files about language support.
The tables of voices, styles, multilingual voices and locales of speech to text are known by their headings.
Out: the file, and on standard error what was left out. Run it from the root of a checkout of this project:

    python -m tests.providers.azure_voices FOLDER
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FILE = Path(__file__).parents[2] / "wyoming_azure_realtime" / "providers" / "azure_voices.tsv"
ABOUT = (
    "# The voices of Azure Speech and the locales of its speech to text: facts selected from Microsoft's",
    "# documentation (CC BY 4.0) and rearranged by tests/providers/azure_voices.py. Fields are between tabs:",
    "#   recognition, locales",
    "#   languages, number, locales: what a multilingual voice speaks",
    "#   locale, of the voices that follow",
    "#   voice, name, gender (f, m, n), number of its languages, styles, roles",
)

_VOICE = re.compile(r"`(?P<name>[^`\s]+)`(?:<sup>[\d,]*</sup>)?\s*(?:\((?P<gender>Female|Male|Neutral)\b)?")
_QUOTED = re.compile(r"`([^`]+)`")
_SECONDARY = re.compile(r"The `([^`]+)` voice also supports the following secondary locales: ([^.]*)\.")
_DATE = re.compile(r"^ms\.date: (\d\d)/(\d\d)/(\d{4})$", re.MULTILINE)


@dataclass
class Documented:
    """What the documentation says. `genders` and `locales` by voice; `left_out`: voices without a gender."""

    genders: dict[str, str] = field(default_factory=dict)
    locales: dict[str, str] = field(default_factory=dict)
    languages: dict[str, list[str]] = field(default_factory=dict)
    styles: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    recognition: set[str] = field(default_factory=set)
    left_out: list[str] = field(default_factory=list)


def locale_of(tag: str) -> str:
    """The tag as BCP 47 recommends it: `iu-CANS-CA` is `iu-Cans-CA`, `zh-CN-GUANGXI` is `zh-CN-guangxi`."""
    language, *others = tag.split("-")
    cases = {2: str.upper, 4: str.title}
    return "-".join((language.lower(), *(cases.get(len(part), str.lower)(part) for part in others)))


def tables(text: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Every table of a Markdown text: its heading, and its rows by the names of the columns."""
    lines: list[list[str]] = []
    for line in (*text.splitlines(), ""):
        if line.startswith("|"):
            lines.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif lines:
            heading, *rows = lines
            bodies = rows[1:]  # without the line of dashes
            yield " | ".join(heading), [dict(zip(heading, row, strict=False)) for row in bodies]
            lines = []


def documented(texts: Iterable[str]) -> Documented:
    """What these Markdown texts say, in any order. Raises `ValueError` without voices or locales."""
    found = Documented()
    for text in texts:
        for heading, rows in tables(text):
            for row in rows:
                _read(found, heading, row)
        for name, locales in _SECONDARY.findall(text):
            found.languages[name] = _QUOTED.findall(locales)
    if not found.genders or not found.recognition:
        raise ValueError("There is no table of voices, or none of the locales of speech to text.")
    return found


def _read(found: Documented, heading: str, row: Mapping[str, str]) -> None:
    if "Text to speech voices" in heading:
        names = _read_voices(found, row)
        styles, _, roles = row.get("Style/Roles", "").partition("**Roles**")
        if len(names) == 1:
            _read_styles(found, names, styles, roles)
    elif "All languages (locale) supported" in heading:
        spoken = next(cell for column, cell in row.items() if column.startswith("All languages (locale)"))
        for match in _VOICE.finditer(row["Voice"]):
            found.languages[match["name"]] = _QUOTED.findall(spoken)
    elif heading.startswith("Voice | Styles"):
        _read_styles(found, _QUOTED.findall(row["Voice"]), row["Styles"], row["Roles"])
    elif "Fast transcription support" in heading and heading.startswith("Locale"):
        found.recognition.update(_QUOTED.findall(row["Locale (BCP-47)"]))


def _read_voices(found: Documented, row: Mapping[str, str]) -> list[str]:
    locale = locale_of(row["Locale (BCP-47)"].strip("`"))
    voices = list(_VOICE.finditer(row["Text to speech voices"]))
    for voice in voices:
        if voice["gender"]:
            found.genders[voice["name"]] = voice["gender"][0].lower()
            found.locales[voice["name"]] = locale
        else:
            found.left_out.append(voice["name"])
    return [voice["name"] for voice in voices]


def _read_styles(found: Documented, names: Iterable[str], styles: str, roles: str) -> None:
    for name in names:
        found.styles[name] = _QUOTED.findall(styles) or found.styles.get(name, [])
        found.roles[name] = _QUOTED.findall(roles) or found.roles.get(name, [])


def written(found: Documented, source: str) -> str:
    """The text of the file. `source`: what the facts are from, one or more lines."""
    lines = [*ABOUT, *(f"# From: {line}" for line in source.splitlines())]
    lines.append(f"recognition\t{' '.join(sorted(map(locale_of, found.recognition)))}")
    sets: dict[str, str] = {}
    for name in found.genders:
        spoken = " ".join(sorted(set(map(locale_of, found.languages.get(name, ())))))
        if spoken and spoken not in sets:
            sets[spoken] = str(len(sets) + 1)
    lines += [f"languages\t{number}\t{spoken}" for spoken, number in sets.items()]
    for locale in sorted(set(found.locales.values())):
        lines.append(f"locale\t{locale}")
        for name in (name for name, its in found.locales.items() if its == locale):
            spoken = " ".join(sorted(set(map(locale_of, found.languages.get(name, ())))))
            styles = " ".join(found.styles.get(name, ()))
            roles = " ".join(found.roles.get(name, ()))
            lines.append("\t".join(("voice", name, found.genders[name], sets.get(spoken, ""), styles, roles)))
    return "\n".join((*lines, ""))


def source_of(folder: Path, texts: Iterable[str]) -> str:
    """The repository's name with the commit, if the folder is in one, and the newest date in the texts."""
    asked = ("git", "-C", str(folder), "rev-parse", "HEAD")
    commit = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    dates = [f"{year}-{month}-{day}" for text in texts for month, day, year in _DATE.findall(text)]
    said = ["MicrosoftDocs/azure-ai-docs", f"commit {commit}" if commit else "", max(dates, default="")]
    return ", ".join(part for part in said if part)


def main(folder: Path) -> None:
    """Write the file from what is below `folder`."""
    paths = [*folder.rglob("language-support.md"), *folder.rglob("language-support/*.md")]
    paths = [path for path in paths if "speech-service" in path.parts] or sorted(folder.glob("*.md"))
    texts = [path.read_text(encoding="utf-8") for path in sorted(paths)]
    found = documented(texts)
    FILE.write_text(written(found, source_of(folder, texts)), encoding="utf-8")
    print(f"{len(found.genders)} voices, {len(found.recognition)} locales", file=sys.stderr)
    for name in found.left_out:
        print(f"left out, since its gender is not said: {name}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
