import json
import tracemalloc
from dataclasses import dataclass
from io import BytesIO
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.event import read_event

from tests.support.cpu import cpu_seconds, takes_less
from tests.support.wyoming_events import PCM_16K, event_bytes
from wyoming_azure_realtime.settings.model import Limits
from wyoming_azure_realtime.wyoming_server.events import Bound, MalformedEvent, WyomingReader

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


def read_by_the_library(stream: bytes) -> list[Event]:
    """What the `wyoming` package finds in a stream of whole events."""
    source, found = BytesIO(stream), []
    while (event := read_event(source)) is not None:
        found.append(Event(event.type, event.data, event.payload or b""))
    assert source.tell() == len(stream)
    return found


@given(
    sent=st.lists(st.tuples(events, st.booleans()), max_size=5),
    lengths=st.lists(st.integers(0, 200), max_size=30),
)
def test_any_way_of_cutting_the_bytes_gives_the_same_events(
    sent: list[tuple[Event, bool]], lengths: list[int]
) -> None:
    stream = b"".join(wire(event, inline=inline) for event, inline in sent)
    assert read_by_the_library(stream) == [event for event, _ in sent]
    assert read(cut(stream, lengths)) == ([event for event, _ in sent], "")


def chunk(payload: bytes, **data: int) -> bytes:
    return event_bytes("audio-chunk", {**PCM_16K, **data}, payload)


def before_the_payload(length: int) -> bytes:
    """Everything of a chunk but its payload of this many bytes."""
    return chunk(bytes(length))[:-length]


# Chunks that repeat each other, that differ in the data or the payload's length alone, whose payload looks
# like an event, and events that are shorter than what precedes a payload.
PARTS = [
    chunk(b"ab"),
    chunk(b"\n{"),
    chunk(b"abc"),
    chunk(b"ab", rate=8000),
    chunk(b"ab", timestamp=17),
    chunk(before_the_payload(2)),
    chunk(chunk(b"ab")),
    chunk(chunk(b"ab") + b'{"type":"x"}\n'),
    wire(Event("audio-chunk", dict(PCM_16K), b"ab"), inline=True),
    wire(Event("audio-chunk", dict(PCM_16K), before_the_payload(2)), inline=True),
    wire(Event("audio-chunk", dict(PCM_16K), chunk(b"ab") + b'{"type":"x"}\n'), inline=True),
    b'{"type":"x"}\n',
    b'{"type":"x","payload_length":2}\nab',
    b'{"type":"x","payload_length":2}\n{"',
    b'{"type":"x","data":{"a":1},"data_length":7}\n{"b":2}',
    b'{"type":"x","data":{"a":1},"data_length":7,"payload_length":2}\n{"b":2}ab',
    b'{"type":"x","data":{"a":1},"data_length":7,"payload_length":2}\n{"b":3}ab',
]


@settings(max_examples=300)
@given(
    parts=st.lists(st.sampled_from(PARTS), max_size=12),
    lengths=st.lists(st.sampled_from([0, 1, 2, 13, 31, 33, 78, 120]) | st.integers(0, 300), max_size=40),
)
def test_chunks_that_repeat_each_other_are_read_as_the_library_reads_them(
    parts: list[bytes], lengths: list[int]
) -> None:
    stream = b"".join(parts)
    assert read(cut(stream, lengths)) == (read_by_the_library(stream), "")


@pytest.mark.parametrize("part", PARTS)
def test_wherever_a_repeated_event_is_cut_twice_it_is_read_and_so_is_the_short_one_after_it(
    part: bytes,
) -> None:
    stream = part + part + b'{"type":"x"}\n' + part
    expected = read_by_the_library(stream)
    # each byte of the second part on, and some before
    places = [5, len(part) - 1, *range(len(part), len(part) + min(len(part), 130) + 14)]
    for first, second in combinations(places, 2):
        assert read([stream[:first], stream[first:second], stream[second:]]) == (expected, "")


def test_a_short_event_is_found_after_a_repeated_chunk_whose_header_came_in_two_reads() -> None:
    first, second = chunk(b"ab"), chunk(b"cd")
    pieces = [first, second[:60], second[60:], b'{"type":"x"}\n']
    assert [event.type for event in read(pieces)[0]] == ["audio-chunk", "audio-chunk", "x"]


@pytest.mark.parametrize("inline", [True, False])
def test_a_payload_that_begins_like_the_last_chunk_is_no_event(inline: bool) -> None:
    smuggled = chunk(b"ab") + b'{"type":"detect"}\n'
    outer = wire(Event("audio-chunk", dict(PCM_16K), smuggled), inline=inline)
    for at in range(len(outer) - len(smuggled), len(outer)):  # some of the payload in the second read
        events, error = read([chunk(b"ab") + outer[:at], outer[at:]])
        assert [event.payload for event in events] == [b"ab", smuggled]
        assert error == ""


def test_after_a_stream_was_cleared_in_the_middle_of_an_event_the_next_one_is_read() -> None:
    whole = chunk(b"ab")
    for at in range(1, len(whole)):
        reader = WyomingReader(LIMITS)
        reader.feed(whole + whole[:at])
        assert reader.next_event() is not None
        assert reader.next_event() is None
        reader.clear()
        reader.end()  # nothing is left
        reader.feed(b'{"type":"x"}\n')
        event = reader.next_event()
        assert event is not None
        assert event.type == "x"


def test_the_bytes_of_an_event_whose_end_is_awaited_are_counted_wherever_its_data_are() -> None:
    data = json.dumps({"a": "b" * 700}).encode()
    inline = b'{"type":"x","payload_length":10,"data":' + data + b"}\n"
    block = b'{"type":"x","payload_length":10,"data_length":%d}\n' % len(data) + data
    for before in (inline, block):
        reader = WyomingReader(LIMITS)
        assert reader.buffered == 0
        for byte in range(len(before)):
            reader.feed(before[byte : byte + 1])
            assert reader.next_event() is None
            assert reader.buffered <= byte + 1 + len("{}")
        assert len(data) <= reader.buffered <= len(data) + len("{}")
        reader.feed(b"123456789")
        assert reader.next_event() is None
        assert len(data) + 9 <= reader.buffered <= len(data) + 9 + len("{}")
        reader.feed(b"0")
        assert reader.next_event() is not None
        assert reader.buffered == 0


def test_the_bytes_of_a_repeated_chunk_whose_end_is_awaited_are_counted() -> None:
    reader = WyomingReader(LIMITS)
    reader.feed(chunk(bytes(320)))
    assert reader.next_event() is not None
    reader.feed(chunk(bytes(320))[:-1])
    assert reader.next_event() is None
    assert reader.buffered == len(chunk(bytes(320))) - 1


@pytest.mark.parametrize("inline", [True, False])
def test_a_reader_keeps_nothing_of_a_long_event(inline: bool) -> None:
    limits = Limits(max_header=1 << 20, max_data=1 << 20)
    whole = wire(Event("x", {"a": "b" * 500_000}, b"ab"), inline=inline)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        reader = WyomingReader(limits)
        reader.feed(whole)
        assert reader.next_event() is not None
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000


def test_a_stream_fed_byte_by_byte_gives_the_same_events() -> None:
    stream = event_bytes("audio-chunk", {"rate": 16000}, b"\n{}\n") + event_bytes("describe")
    assert read([stream[i : i + 1] for i in range(len(stream))]) == read([stream])


@given(noise=st.binary(max_size=300), lengths=st.lists(st.integers(0, 50), max_size=10))
def test_any_bytes_give_events_or_the_documented_error_however_they_are_cut(
    noise: bytes, lengths: list[int]
) -> None:
    assert read(cut(noise, lengths)) == read([noise])


damage = st.sampled_from([b"\0", b"\xff", b"\n", b"{", b"}", b'"', b"[", b"-", b"9", b"null", b"1e9", b""])


@settings(max_examples=200)
@given(event=events, inline=st.booleans(), at=st.integers(0, 100), instead=damage, gone=st.integers(0, 4))
def test_a_damaged_event_gives_events_or_the_documented_error(
    event: Event, inline: bool, at: int, instead: bytes, gone: int
) -> None:
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
}
CUT_OFF = {
    "within the header": b'{"type": "desc',
    "after the header": b'{"type": "x", "payload_length": 10}\n',
    "within the data": b'{"type": "x", "data_length": 10}\n{"a"',
    "within the payload": b'{"type": "x", "payload_length": 10}\n12345',
    "within a chunk that repeats the last one": event_bytes("audio-chunk", PCM_16K, b"ab")[:-1],
}


@pytest.mark.parametrize("before", [b"", event_bytes("describe"), event_bytes("audio-chunk", PCM_16K, b"ab")])
@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_event_is_one_documented_error_that_quotes_nothing(data: bytes, before: bytes) -> None:
    reader = WyomingReader(LIMITS)
    reader.feed(before + data)
    if before:
        assert reader.next_event() is not None
    with pytest.raises(MalformedEvent) as caught:
        reader.next_event()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("data", CUT_OFF.values(), ids=CUT_OFF.keys())
def test_an_end_in_the_middle_of_an_event_is_an_error_and_no_event(data: bytes) -> None:
    before = event_bytes("audio-chunk", PCM_16K, b"ab")
    events, error = read([before + data])
    assert [event.type for event in events] == ["audio-chunk"]
    assert error == "The connection ended in the middle of an event."
    assert read([before]) == (events, "")


@pytest.mark.parametrize(
    ("data", "bound"),
    [
        (b" " * 1025, Bound.HEADER),
        (b'{"type": "x", "data_length": 2049}\n', Bound.DATA),
        (b'{"type": "x", "payload_length": 4097}\n', Bound.PAYLOAD),
        (b'{"type": "x", "payload_length": -1}\n', Bound.MALFORMED),
    ],
)
def test_an_error_says_which_bound_was_overstepped(data: bytes, bound: Bound) -> None:
    reader = WyomingReader(LIMITS)
    reader.feed(data)
    with pytest.raises(MalformedEvent) as caught:
        reader.next_event()
    assert caught.value.bound is bound


def test_the_limits_themselves_are_allowed() -> None:
    header = b'{"type": "x", "data_length": 2048, "payload_length": 4096}'
    block = json.dumps({"a": "b" * 2039}).encode()
    stream = header + b" " * (1024 - len(header)) + b"\n" + block + bytes(4096)
    assert len(block) == 2048
    assert read([stream]) == ([Event("x", {"a": "b" * 2039}, bytes(4096))], "")


def test_null_is_as_good_as_absent() -> None:
    stream = b'{"type": "describe", "data": null, "data_length": null, "payload_length": null}\n'
    assert read([stream]) == ([Event("describe", {})], "")


def test_a_data_block_is_merged_over_inline_data() -> None:
    stream = b'{"type": "x", "data": {"a": 1, "b": 1}, "data_length": 7}\n{"b":2}'
    assert read([stream]) == ([Event("x", {"a": 1, "b": 2})], "")


def test_unknown_header_fields_are_ignored() -> None:
    assert read([b'{"version": "9", "type": "x", "future": {"a": [1]}}\n']) == ([Event("x", {})], "")


def take(pieces: list[bytes], limits: Limits = LIMITS) -> None:
    """Look for one event after each piece."""
    reader = WyomingReader(limits)
    for piece in pieces:
        reader.feed(piece)
        reader.next_event()


def test_a_header_that_drips_in_costs_about_what_a_payload_does() -> None:
    size = 1 << 20
    drops = [b" " * 100] * (size // 100 - 1)

    limits = Limits(max_header=size, max_payload=size)
    payload = [b'{"type":"x","payload_length":%d}\n' % size, *drops]
    # twice as much; a hundred times if each drop has everything before it searched again
    ordinary = cpu_seconds(lambda: take(payload, limits), times=3)
    assert takes_less(lambda: take(drops, limits), 15 * ordinary, times=3)


def test_a_header_that_dripped_in_is_read() -> None:
    reader = WyomingReader(Limits(max_header=1 << 20))
    for _ in range(1_000):
        reader.feed(b" " * 100)
        assert reader.next_event() is None
    reader.feed(b'{"type": "x"}\n')
    event = reader.next_event()
    assert event is not None
    assert (event.type, event.data, event.payload) == ("x", b"{}", b"")


def test_a_chunk_that_repeats_the_last_one_costs_less_than_one_that_does_not() -> None:
    alike = [chunk(bytes(320))] * 5_000
    different = [chunk(bytes(320), rate=16_000), chunk(bytes(320), rate=16_001)] * 2_500
    # a third of it, when nobody else uses the machine
    assert cpu_seconds(lambda: take(alike), times=5) < cpu_seconds(lambda: take(different), times=5)
