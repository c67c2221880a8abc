import pytest
from hypothesis import given
from hypothesis import strategies as st

from wyoming_azure_realtime.speech.expectations import MOST_ADDRESSES, ClientLanguages, host_of


def test_it_knows_the_language_in_which_an_address_asked_last() -> None:
    languages = ClientLanguages()
    languages.note("10.0.0.5:4711", "de")
    languages.note("10.0.0.6:4711", "fr")
    languages.note("10.0.0.5:4712", "nl")
    languages.note("10.0.0.5:4713", "")
    assert languages.last("10.0.0.5:9") == "nl"
    assert languages.last("10.0.0.6") == "fr"
    assert languages.last("10.0.0.7") == ""


@pytest.mark.parametrize(
    ("client", "host"),
    [
        ("10.0.0.5:80", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.5"),
        ("[::1]:80", "::1"),
        ("::1", "::1"),
        ("fe80::5", "fe80::5"),
        ("host:80", "host"),
        ("", ""),
    ],
)
def test_the_port_does_not_count(client: str, host: str) -> None:
    assert host_of(client) == host


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["de", "fr", ""])), max_size=60))
def test_the_addresses_that_asked_last_are_remembered(asked: list[tuple[int, str]]) -> None:
    languages = ClientLanguages(most=4)
    newest: dict[str, str] = {}
    for number, language in asked:
        languages.note(f"10.0.0.{number}:1", language)
        if language:
            newest.pop(f"10.0.0.{number}", None)
            newest[f"10.0.0.{number}"] = language
    expected = dict(list(newest.items())[-4:])
    for number in range(10):
        address = f"10.0.0.{number}"
        assert languages.last(address) == expected.get(address, "")


def test_no_more_addresses_than_the_limit_are_kept() -> None:
    languages = ClientLanguages()
    for number in range(3 * MOST_ADDRESSES):
        languages.note(f"10.0.{number // 256}.{number % 256}", "de")
    assert len(languages._languages) == MOST_ADDRESSES
