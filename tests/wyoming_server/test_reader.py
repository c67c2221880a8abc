import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.wyoming_events import event_bytes
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.reader import MalformedEvent, WyomingReader

LIMITS = Limits(max_header=1024, max_data=2048, max_payload=4096)


@dataclass(frozen=True)
class Event:
    """As the reader gives it, with its data as objects."""

    type: str
    data: dict[str, Any]
    payload: bytes = b""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
events = st.builds(
    Event,
    type=st.text(min_size=1, max_size=20),
    data=st.dictionaries(st.text(max_size=8), json_values, max_size=3),
    payload=st.binary(max_size=600),
)


def wire(event: Event, *, inline: bool) -> bytes:
    block = json.dumps(event.data, ensure_ascii=False).encode() if event.data and not inline else b""
    header: dict[str, Any] = {"type": event.type, "payload_length": len(event.payload)}
    if inline:
        header["data"] = event.data
    if block:
        header["data_length"] = len(block)
    return json.dumps(header).encode() + b"\n" + block + event.payload


def cut(data: bytes, lengths: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for length in lengths:
        pieces.append(data[at : at + length])
        at += length
    return [*pieces, data[at:]]


def read(pieces: list[bytes], limits: Limits = LIMITS) -> tuple[list[Event], str]:
    """Every event, and the error that ended the stream, if any."""
    reader, heard = WyomingReader(limits), []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (event := reader.next_event()) is not None:
                heard.append(Event(event.type, json.loads(event.data), event.payload))
        reader.end()
    except MalformedEvent as error:
        return heard, str(error)
    return heard, ""


@given(
    sent=st.lists(st.tuples(events, st.booleans()), max_size=5),
    lengths=st.lists(st.integers(0, 200), max_size=30),
)
def test_any_way_of_cutting_the_bytes_gives_the_same_events(
    sent: list[tuple[Event, bool]], lengths: list[int]
):
    stream = b"".join(wire(event, inline=inline) for event, inline in sent)
    assert read(cut(stream, lengths)) == ([event for event, _ in sent], "")


@given(
    sent=st.lists(st.sampled_from([(b"", 0), (b"one", 1), (b"two", 2), (b"two", 1)]), max_size=12),
    lengths=st.lists(st.integers(0, 90), max_size=30),
)
def test_events_that_repeat_each_other_are_no_exception(sent: list[tuple[bytes, int]], lengths: list[int]):
    stream = b"".join(event_bytes("audio-chunk", {"rate": rate}, payload) for payload, rate in sent)
    expected = [Event("audio-chunk", {"rate": rate}, payload) for payload, rate in sent]
    assert read(cut(stream, lengths)) == (expected, "")


def test_a_stream_fed_byte_by_byte_gives_the_same_events():
    stream = event_bytes("audio-chunk", {"rate": 16000}, b"\n{}\n") + event_bytes("describe")
    assert read([stream[i : i + 1] for i in range(len(stream))]) == read([stream])


@given(noise=st.binary(max_size=300), lengths=st.lists(st.integers(0, 50), max_size=10))
def test_any_bytes_give_events_or_the_documented_error_however_they_are_cut(noise: bytes, lengths: list[int]):
    assert read(cut(noise, lengths)) == read([noise])


damage = st.sampled_from([b"\0", b"\xff", b"\n", b"{", b"}", b'"', b"[", b"-", b"9", b"null", b"1e9", b""])


@settings(max_examples=200)
@given(event=events, inline=st.booleans(), at=st.integers(0, 100), instead=damage, gone=st.integers(0, 4))
def test_a_damaged_event_gives_events_or_the_documented_error(
    event: Event, inline: bool, at: int, instead: bytes, gone: int
):
    whole = wire(event, inline=inline)
    broken = whole[:at] + instead + whole[at + gone :]
    assert read([broken, whole]) == read([broken[:7], broken[7:] + whole])


MALFORMED = {
    "bad JSON": b"hello\n",
    "an empty line": b"\n",
    "a line of blanks": b"   \n",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"\n",
    "invalid UTF-8": b'{"type": "\xff"}\n',
    "half a surrogate": b'{"type": "\\ud800"}\n',
    "JSON that is a list": b"[]\n",
    "JSON that is null": b"null\n",
    "JSON that is a number": b"5\n",
    "something after the JSON": b'{"type": "describe"} {}\n',
    "no type": b"{}\n",
    "an empty type": b'{"type": ""}\n',
    "a type that is null": b'{"type": null}\n',
    "a type that is a number": b'{"type": 5}\n',
    "a type that is a list": b'{"type": ["describe"]}\n',
    "data that is a list": b'{"type": "x", "data": []}\n',
    "data that is text": b'{"type": "x", "data": "y"}\n',
    "deep nesting": b'{"type": "x", "data": ' + b"[" * 500 + b"]" * 500 + b"}\n",
    "very deep nesting": b"[" * 20_000 + b"\n",
    "NaN": b'{"type": "x", "data": {"y": NaN}}\n',
    "a length that is text": b'{"type": "x", "data_length": "5"}\n{"a":1',
    "a length that is a float": b'{"type": "x", "data_length": 5.0}\n{"a":1',
    "a length that is a boolean": b'{"type": "x", "payload_length": true}\nx',
    "a length that is a list": b'{"type": "x", "payload_length": [1]}\nx',
    "a negative data length": b'{"type": "x", "data_length": -1}\n',
    "a negative payload length": b'{"type": "x", "payload_length": -1}\n',
    "more data than allowed": b'{"type": "x", "data_length": 2049}\n',
    "more payload than allowed": b'{"type": "x", "payload_length": 4097}\n',
    "ten gigabytes": b'{"type": "x", "payload_length": 10000000000}\n',
    "ten gigabytes in scientific notation": b'{"type": "x", "payload_length": 1e10}\n',
    "a length of a thousand digits": b'{"type": "x", "payload_length": ' + b"9" * 1000 + b"}\n",
    "a data block that is a list": b'{"type": "x", "data_length": 2}\n[]',
    "a data block that is null": b'{"type": "x", "data_length": 4}\nnull',
    "a data block that is no JSON": b'{"type": "x", "data_length": 2}\n{x',
    "a data block that is no UTF-8": b'{"type": "x", "data_length": 9}\n{"a":"\xff"}',
    "a data block nested deeply": b'{"type": "x", "data_length": 2000}\n' + b'{"a":' * 400,
    "a header line that is too long": b'{"type": "x"' + b" " * 1024 + b"}\n",
    "a header line that never ends": b'{"type": "x"' + b" " * 1100,
    "an end within the header": b'{"type": "desc',
    "an end within the data": b'{"type": "x", "data_length": 10}\n{"a"',
    "an end within the payload": b'{"type": "x", "payload_length": 10}\n12345',
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_event_is_one_documented_error_that_quotes_nothing(data: bytes):
    assert read([data])[0] == []
    before = event_bytes("describe")
    heard, error = read([before + data])
    assert [event.type for event in heard] == ["describe"]
    assert error
    assert "\n" not in error
    assert len(error) < 120


def test_the_limits_themselves_are_allowed():
    header = b'{"type": "x", "data_length": 2048, "payload_length": 4096}'
    block = json.dumps({"a": "b" * 2039}).encode()
    stream = header + b" " * (1024 - len(header)) + b"\n" + block + bytes(4096)
    assert len(block) == 2048
    assert read([stream]) == ([Event("x", {"a": "b" * 2039}, bytes(4096))], "")


def test_null_is_as_good_as_absent():
    stream = b'{"type": "describe", "data": null, "data_length": null, "payload_length": null}\n'
    assert read([stream]) == ([Event("describe", {})], "")


def test_a_data_block_is_merged_over_inline_data():
    stream = b'{"type": "x", "data": {"a": 1, "b": 1}, "data_length": 7}\n{"b":2}'
    assert read([stream]) == ([Event("x", {"a": 1, "b": 2})], "")


def test_unknown_header_fields_are_ignored():
    assert read([b'{"version": "9", "type": "x", "future": {"a": [1]}}\n']) == ([Event("x", {})], "")


def test_a_header_that_drips_in_is_searched_once():
    reader = WyomingReader(Limits(max_header=1 << 20))
    for _ in range(10_000):
        reader.feed(b" " * 100)
        assert reader.next_event() is None
    reader.feed(b'{"type": "x"}\n')
    event = reader.next_event()
    assert event is not None
    assert (event.type, event.data, event.payload) == ("x", b"{}", b"")
