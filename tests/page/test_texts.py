"""What the page says: the same in every language, nothing missing, nothing that nobody reads."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.page.pages import FOLDER
from wyoming_azure_realtime import errors

LANGUAGES = sorted(path.stem for path in (FOLDER / "texts").iterdir())
OTHERS = [language for language in LANGUAGES if language != "en"]

SAME = re.compile(r"Status|WAV|Token|Version|\d+ %|(\{\w+\}|[\s·×,]|s|min|dB)+")  # noqa: RUF001
"""Texts that may be the same in two languages: names, units, and places for values."""

CODES = "code."
"""What precedes the codes of errors, which are told in English by the service itself."""


def texts(language: str) -> dict[str, str]:
    return msgspec.json.decode((FOLDER / "texts" / f"{language}.json").read_bytes(), type=dict[str, str])


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def script() -> str:
    pages = [*FOLDER.glob("*.js"), *FOLDER.glob("*.html")]
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(pages))


def own_codes() -> set[str]:
    return {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.BackendError)
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_all_texts_with_the_same_values(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert {name for name in other if not name.startswith(CODES)} == set(english)
    for name, text in english.items():
        assert names_in(other[name]) == names_in(text), name


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    other = texts(language)
    same = {name for name, text in texts("en").items() if text == other[name] and not SAME.fullmatch(text)}
    assert same == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_error_of_the_service_has_a_sentence(language: str) -> None:
    known = {name.removeprefix(CODES) for name in texts(language) if name.startswith(CODES)}
    assert own_codes() <= known


def test_every_text_that_the_page_asks_for_is_there() -> None:
    asked = set(re.findall(r"""\bt\(\s*["']([\w.-]+)["']""", script()))
    asked |= set(re.findall(r"""data-text="([\w.-]+)\"""", script()))
    assert asked - set(texts("en")) == set()
    assert len(asked) > 80


def test_every_text_is_asked_for() -> None:
    page = script()
    prefixes = tuple(re.findall(r"""[`"]([a-z]+\.(?:[a-z]+\.)?)\$\{""", page))
    prefixes += tuple(f"{name}." for name in re.findall(r"\$\{name\}\.(title|tab)", page))
    unread = {
        name
        for name in texts("en")
        if f'"{name}"' not in page
        and not name.startswith(prefixes)
        and name.split(".")[-1] not in {"title", "tab"}
    }
    assert unread == set()


def test_all_of_it_is_small_and_from_here() -> None:
    pages = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in pages) < 150_000
    for path in pages:
        outside = re.findall(r"(?:https?:)?//[\w-]+\.[\w./-]+", without_comments(path))
        assert [address for address in outside if "www.w3.org" not in address] == []


def without_comments(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)
