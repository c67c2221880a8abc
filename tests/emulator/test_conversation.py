"""Items in order."""

import pytest

from wyoming_azure_realtime.emulator import conversation
from wyoming_azure_realtime.emulator.conversation import Conversation, Entry
from wyoming_azure_realtime.emulator.wire import Refused


def entry(name: str, audio: bytes = b"", role: str = "user") -> Entry:
    return Entry({"id": name, "type": "message", "role": role, "content": []}, audio)


def order(one: Conversation) -> list[str]:
    return [entry.id for entry in one]


def test_items_go_to_the_end_the_front_or_behind_another() -> None:
    one = Conversation()
    assert one.add(entry("a")) is None
    assert one.add(entry("b")) == "a"
    assert one.add(entry("c"), "root") is None
    assert one.add(entry("d"), "a") == "a"
    assert order(one) == ["c", "a", "d", "b"]


@pytest.mark.parametrize(
    ("name", "previous", "param"), [("a", None, "item.id"), ("b", "z", "previous_item_id")]
)
def test_an_id_is_used_once_and_follows_one_that_exists(name: str, previous: str | None, param: str) -> None:
    one = Conversation()
    one.add(entry("a"))
    with pytest.raises(Refused) as refused:
        one.add(entry(name), previous)
    assert refused.value.param == param
    assert order(one) == ["a"]


def test_the_oldest_items_leave_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MAX_ITEMS", 3)
    one = Conversation()
    for name in "abcde":
        one.add(entry(name))
    assert order(one) == ["c", "d", "e"]


def test_the_oldest_audio_is_forgotten_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MAX_AUDIO_BYTES", 100)
    one = Conversation()
    for name in "abc":
        one.add(entry(name, bytes(48)))
    assert [len(entry.audio) for entry in one] == [0, 48, 48]


@pytest.mark.parametrize(
    ("name", "index", "end"),
    [("user", 0, 1), ("mute", 0, 0), ("spoken", 1, 1), ("spoken", 0, -1), ("spoken", 0, 3)],
)
def test_only_what_the_assistant_said_can_be_cut_and_only_shorter(name: str, index: int, end: int) -> None:
    one = Conversation()
    for item in (
        entry("user", bytes(96)),
        entry("mute", role="assistant"),
        entry("spoken", bytes(96), "assistant"),
    ):
        one.add(item)
    with pytest.raises(Refused) as refused:
        one.truncate(name, index, end)
    assert refused.value.code == "invalid_value"
